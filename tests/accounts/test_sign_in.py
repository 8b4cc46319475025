"""Signing in: wrong passwords count without locking a colleague out; sessions end when they should."""

from datetime import timedelta
from typing import Any

import pyotp
import pytest
from flask import Flask
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import select, update
from sqlalchemy.orm import Session
from werkzeug.test import TestResponse

from app import today
from app.accounts import access, queries, sessions, signing, throttle
from app.accounts import pages as sign_in_pages
from app.accounts.access import permission_of
from app.accounts.actions import add_user, invite, set_active, set_password
from app.accounts.models import SignedIn, Throttle, User
from app.accounts.rules import Role, limits_of
from app.accounts.throttle import FREE_ATTEMPTS, FREE_BY_ACCOUNT, FREE_BY_ADDRESS
from app.audit import AuditEntry
from tests.web.browser import Browser

RIGHT, WRONG = "the right one 1", "a wrong one 12"
pytestmark = pytest.mark.parametrize(
    "db_kind", ["sqlite"]
)  # the same on both; the counting is asked of both below


class Clock:
    """The moment that signing in believes it is."""

    def __init__(self) -> None:
        self.moment = today.now()

    def __call__(self) -> Any:
        return self.moment

    def wait(self, **span: float) -> None:
        self.moment += timedelta(**span)


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    for module in (access, queries, sessions, signing, throttle, sign_in_pages):
        monkeypatch.setattr(module, "now", clock)
    return clock


@pytest.fixture
def account(session: Session) -> User:
    """An auditor, who needs no second factor."""
    made = add_user(
        session, username="office", name="县办", role=Role.AUDITOR, password=RIGHT, region_code="530324"
    )
    session.commit()
    return made


class Visitor(Browser):
    """A browser somewhere; ``at`` is its address."""

    def __init__(self, app: Flask, at: str = "10.0.0.1") -> None:
        self.client = app.test_client()
        super().__init__(self.client)
        self.at = at

    def answer(self, method: str, path: str, **options: Any) -> TestResponse:
        options.setdefault("environ_overrides", {"REMOTE_ADDR": self.at})
        return super().answer(method, path, **options)

    def send(self, password: str = RIGHT, username: str = "office", **options: Any) -> TestResponse:
        return self.answer("POST", "/login", data={"username": username, "password": password}, **options)

    def is_in(self) -> bool:
        response = self.answer("GET", "/cases/")
        assert response.status_code in (200, 302)
        return response.status_code == 200


@pytest.fixture
def open_to_posts(app: Flask) -> Flask:
    app.config["WTF_CSRF_ENABLED"] = False
    return app


@pytest.fixture
def visitor(open_to_posts: Flask, account: User) -> Visitor:
    return Visitor(open_to_posts)


def actions(session: Session) -> list[str]:
    session.rollback()
    entries = session.scalars(select(AuditEntry).order_by(AuditEntry.id))
    return [e.action for e in entries if e.action.startswith("accounts.") and e.action != "accounts.add"]


@pytest.mark.parametrize(
    ("username", "password"),
    [
        ("office", WRONG), ("office", RIGHT + " "), ("nobody", RIGHT), ("Office", RIGHT), ("office' --", RIGHT),
        ("office", "\x00"), ("办公室", RIGHT),
    ],
)  # fmt: skip
def test_wrong(session: Session, visitor: Visitor, username: str, password: str) -> None:
    response = visitor.send(password, username)
    assert response.status_code == 403 and "用户名或密码不正确" in response.text
    assert not visitor.is_in() and actions(session) == []


@pytest.mark.parametrize(
    ("username", "password"), [("", ""), ("office", ""), ("x" * 65, RIGHT), ("office", "x" * 257)]
)
def test_what_is_no_attempt_at_all(visitor: Visitor, username: str, password: str) -> None:
    assert visitor.send(password, username).status_code == 200 and not visitor.is_in()


def test_an_ended_account_and_a_damaged_hash_read_like_a_wrong_password(
    session: Session, visitor: Visitor, account: User
) -> None:
    set_active(session, account, False, "root")
    session.commit()
    assert visitor.send().status_code == 403
    set_active(session, account, True, "root")
    account.password_hash = "x"
    session.commit()
    assert visitor.send().status_code == 403


def test_an_unknown_name_takes_the_same_work_as_a_known_one(
    visitor: Visitor, monkeypatch: pytest.MonkeyPatch
) -> None:
    checked: list[str] = []
    monkeypatch.setattr(signing, "_matches", lambda stored, password: bool(checked.append(stored)))
    visitor.send(WRONG, "nobody")
    visitor.send(WRONG)
    assert len(checked) == 2 and all(stored.startswith("$argon2id$") for stored in checked)


def test_right(session: Session, visitor: Visitor) -> None:
    response = visitor.send()
    assert response.status_code == 302 and visitor.is_in() and actions(session) == ["accounts.sign_in"]
    cookies = response.headers.getlist("Set-Cookie")
    assert len(cookies) == 2 and all(
        "HttpOnly" in c and "SameSite=Lax" in c and "Path=/" in c for c in cookies
    )


# Guessing
def test_too_many_wrong_passwords_have_to_wait_longer_and_longer(
    session: Session, visitor: Visitor, clock: Clock
) -> None:
    assert [visitor.send(WRONG).status_code for _ in range(FREE_ATTEMPTS)] == [403] * FREE_ATTEMPTS
    refused = visitor.send()
    assert refused.status_code == 429 and refused.headers["Retry-After"] == "61"
    clock.wait(seconds=61)
    assert visitor.send(WRONG).status_code == 403  # trying while waiting did not matter
    clock.wait(seconds=61)
    assert visitor.send().status_code == 429  # two minutes this time
    clock.wait(seconds=61)
    assert visitor.send().status_code == 302
    assert actions(session) == ["accounts.slowed", "accounts.sign_in"]


def test_nobody_can_lock_a_colleague_out(open_to_posts: Flask, visitor: Visitor, clock: Clock) -> None:
    visitor.send()  # the colleague's own device, once
    visitor.post("/logout")
    attacker = Visitor(open_to_posts, at="10.0.0.66")
    for _ in range(3 * FREE_BY_ACCOUNT):
        attacker.send(WRONG)
        clock.wait(minutes=16)
        visitor.at = attacker.at  # even behind the same address
    assert visitor.send().status_code == 302, "a known device has a count of its own"


def test_the_whole_world_together_is_slowed_at_one_account(open_to_posts: Flask, visitor: Visitor) -> None:
    for number in range(FREE_BY_ACCOUNT):
        assert Visitor(open_to_posts, at=f"10.1.0.{number}").send(WRONG).status_code == 403
    assert Visitor(open_to_posts, at="10.2.0.1").send().status_code == 429
    assert Visitor(open_to_posts, at="10.2.0.1").send(username="other").status_code == 403


def test_one_address_tries_many_names(open_to_posts: Flask, visitor: Visitor) -> None:
    for number in range(FREE_BY_ADDRESS):
        assert visitor.send(WRONG, f"name{number}").status_code == 403
    assert visitor.send(WRONG, "one-more").status_code == 429
    assert Visitor(open_to_posts, at="10.9.0.1").send().status_code == 302


def test_a_forged_device_is_an_unknown_one(open_to_posts: Flask, visitor: Visitor) -> None:
    for _ in range(FREE_ATTEMPTS):
        visitor.send(WRONG)
    for forged in ("x", "W10.x.y", ""):
        visitor.client.set_cookie("device", forged)
        assert visitor.send().status_code == 429


def test_an_invitation_is_always_a_way_in(session: Session, open_to_posts: Flask, account: User) -> None:
    for number in range(FREE_BY_ACCOUNT):
        Visitor(open_to_posts, at=f"10.1.0.{number}").send(WRONG)
    token = invite(session, account, "root")
    session.commit()
    visitor = Visitor(open_to_posts, at="10.2.0.1")
    new = {"password": RIGHT + " 2", "again": RIGHT + " 2"}
    assert visitor.answer("POST", f"/welcome/{token}", data=new).status_code == 302 and visitor.is_in()


@pytest.mark.parametrize("what", ["password", "code"])
def test_counts_are_forgotten_after_a_day(session: Session, account: User, clock: Clock, what: str) -> None:
    for _ in range(FREE_ATTEMPTS):
        throttle.count(session, what, "office", access.Source())
    assert throttle.count(session, what, "office", access.Source()).wait
    clock.wait(days=2)
    counted = throttle.count(session, what, "office", access.Source())
    assert counted.wait is None
    throttle.forgive(session, counted)
    assert session.scalars(select(Throttle)).all() == []


# Where signing in leads
def test_nobody_is_sent_to_sign_in_and_back(visitor: Visitor) -> None:
    response = visitor.answer("GET", "/cases/?state=closed")
    assert response.status_code == 302 and response.location == "/login?next=/cases/?state%3Dclosed"
    data = {"username": "office", "password": RIGHT}
    assert visitor.answer("POST", response.location, data=data).location == "/cases/?state=closed"


@pytest.mark.parametrize(
    "target",
    [
        "https://evil.example/", "//evil.example", "/\\evil.example", "javascript:alert(1)", "/\t/evil.example",
        "\\\\evil.example", "/\n/evil.example", "///evil.example", "http:evil.example", "@evil.example",
        " //evil.example", "/\x00/evil.example",
    ],
)  # fmt: skip
def test_signing_in_leads_to_no_other_site(visitor: Visitor, target: str) -> None:
    location = visitor.send(query_string={"next": target}).location
    assert location == "/" and "evil" not in location


@given(st.text(alphabet="/\\\t\n\r :@?#.ehtpsvil\x00\u3002／", max_size=24))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_no_target_leads_a_browser_elsewhere(app: Flask, target: str) -> None:
    with app.test_request_context("/login"):
        taken = access.local_target(target)
    # what a browser makes of it: blanks around and tabs and ends of lines within are dropped, \\ reads as /
    read = "".join(c for c in taken.strip(" \x00\t\n\r") if c not in "\t\n\r").replace("\\", "/")
    assert read.startswith("/") and not read.startswith("//")


def test_a_form_that_was_sent_after_the_session_ended_comes_back(visitor: Visitor) -> None:
    """The note itself waits in the browser (draft.js); the way back leads to its page."""
    came = {"Referer": "http://localhost/cases/7?from=queue"}
    response = visitor.answer("POST", "/cases/7/contacts", data={"text": "x"}, headers=came)
    assert response.status_code == 302 and response.location == "/login?next=/cases/7?from%3Dqueue"
    elsewhere = visitor.answer(
        "POST", "/cases/7/contacts", headers={"Referer": "http://evil.example/cases/7"}
    )
    assert elsewhere.location == "/login"
    part = visitor.answer("GET", "/cases/", headers={"HX-Request": "true"})
    assert part.headers["HX-Redirect"] == "/login"


# Sessions
def test_signing_out_ends_the_session_for_good(visitor: Visitor) -> None:
    visitor.send()
    stolen = visitor.client.get_cookie("session")
    assert stolen is not None and visitor.is_in()
    visitor.answer("GET", "/logout")
    assert visitor.is_in(), "only a form signs out, never a link"
    visitor.post("/logout")
    assert not visitor.is_in()
    visitor.client.set_cookie("session", stolen.value)
    assert not visitor.is_in(), "the old cookie is worth nothing"


def test_signing_in_begins_anew(visitor: Visitor) -> None:
    """What was in the browser before is not carried into the session (fixation)."""
    with visitor.client.session_transaction() as cookies:
        cookies["planted"] = cookies["_user_id"] = "planted"
    visitor.send()
    with visitor.client.session_transaction() as cookies:
        assert "planted" not in cookies and cookies["_user_id"] != "planted"


@pytest.mark.parametrize("role", [Role.AUDITOR, Role.TOWNSHIP])
def test_idle_and_absolute_limits(
    session: Session, open_to_posts: Flask, visitor: Visitor, account: User, clock: Clock, role: Role
) -> None:
    account.role, account.region_code = role, "530324106"
    session.commit()
    limits = limits_of(role)
    visitor.send()
    clock.moment += limits.idle - timedelta(minutes=2)
    assert visitor.is_in()
    clock.moment += limits.idle - timedelta(minutes=2)  # counted from the last page
    assert visitor.is_in()
    clock.moment += limits.idle + timedelta(minutes=2)
    assert not visitor.is_in()
    assert "长时间未操作" in visitor.get("/login")
    visitor.send()
    began = clock.moment
    while clock.moment - began < limits.absolute - limits.idle / 2:
        assert visitor.is_in()
        clock.moment += limits.idle / 2
    clock.moment = began + limits.absolute + timedelta(seconds=1)
    assert not visitor.is_in()


def test_a_page_that_asks_by_itself_keeps_nobody_signed_in(visitor: Visitor, clock: Clock) -> None:
    visitor.send()
    for _ in range(9):
        clock.wait(minutes=15)
        visitor.answer("POST", "/cases/1/here")
    assert not visitor.is_in()


def test_a_new_password_ends_every_session(visitor: Visitor, session: Session, account: User) -> None:
    visitor.send()
    assert visitor.is_in()
    set_password(session, account, RIGHT + "2", "root")
    session.commit()
    assert not visitor.is_in()


def said(visitor: Visitor) -> str:
    """What the sign-in page says to who is sent there."""
    return visitor.get(visitor.answer("GET", "/cases/").location)


def test_who_was_signed_in_is_told_what_became_of_it(
    visitor: Visitor, session: Session, account: User
) -> None:
    assert "请先登录" in said(visitor)
    visitor.send()
    sessions.end_all(session, account, "root")
    session.commit()
    assert "已被结束" in said(visitor)
    visitor.send()
    set_active(session, account, False, "root")
    session.commit()
    assert "此账户已停用" in (page := said(visitor)) and "请先登录" not in page


@pytest.mark.parametrize("token", ["", "1", "x" * 5000, 7, None, ["a"], {"b": 1}])
def test_a_session_that_is_nobodys(visitor: Visitor, token: object) -> None:
    with visitor.client.session_transaction() as cookies:
        cookies["_user_id"] = token
    if isinstance(token, (str, type(None))):
        assert not visitor.is_in()


def test_signed_in_twice_is_shown(
    session: Session, open_to_posts: Flask, visitor: Visitor, clock: Clock
) -> None:
    visitor.send(headers={"User-Agent": "Mozilla/5.0 (Windows NT 10.0) Firefox/120.0"})
    second = Visitor(open_to_posts, at="10.5.0.1")
    second.send()
    page = second.get("/me")
    assert (
        "Firefox · Windows" in page
        and "10.0.0.*" in page
        and "还在另一设备" in page
        and "同时在多处登录" in page
    )
    first = session.scalars(select(SignedIn).order_by(SignedIn.id)).first()
    assert first is not None
    second.post(f"/me/sessions/{first.id}/end")
    assert not visitor.is_in() and second.is_in()


def test_signing_in_again_in_the_same_browser_is_not_twice(session: Session, visitor: Visitor) -> None:
    for _ in range(3):
        visitor.send()
        visitor.client.delete_cookie("session")  # a telephone closed its browser
    visitor.send()
    page = visitor.get("/me")
    assert "还在另一设备" not in page and "同时在多处登录" not in page
    assert session.scalars(select(SignedIn).where(SignedIn.ended_at.is_(None))).one()


def test_nobody_ends_the_session_of_another(session: Session, open_to_posts: Flask, visitor: Visitor) -> None:
    add_user(session, username="other", name="", role=Role.AUDITOR, password=RIGHT, region_code="530324")
    session.commit()
    visitor.send()
    other = Visitor(open_to_posts)
    other.send(username="other")
    number = session.scalars(select(SignedIn.id).join(SignedIn.user).where(User.username == "office")).one()
    assert other.answer("POST", f"/me/sessions/{number}/end").status_code == 404
    other.post("/me/sessions/end")
    assert visitor.is_in() and other.is_in()


# The second factor
def enrol(visitor: Visitor, session: Session, clock: Clock) -> tuple[str, list[str]]:
    """Set it up as the pages do; the secret and the recovery codes."""
    visitor.post("/me/second-factor")
    session.rollback()
    secret = session.scalars(select(User.totp_secret).where(User.username == "office")).one()
    assert secret and secret in visitor.get("/me/second-factor").replace(" ", "")
    page = visitor.post("/me/second-factor", status=200, code=pyotp.TOTP(secret).at(clock.moment))
    codes = [part.partition("</code>")[0] for part in page.split("<li><code>")[1:]]
    assert len(codes) == 10
    clock.wait(seconds=60)
    return secret, codes


def test_a_code_is_asked_for_and_counts_once(session: Session, visitor: Visitor, clock: Clock) -> None:
    visitor.send()
    secret, codes = enrol(visitor, session, clock)
    visitor.post("/logout")
    response = visitor.send(query_string={"next": "/cases/"})
    assert response.location == "/login/code?next=/cases/" and not visitor.is_in()
    for wrong in ("000000", "", "x" * 33, codes[0][:-1]):
        assert visitor.answer("POST", "/login/code", data={"code": wrong}).status_code in (403, 422)
    code = pyotp.TOTP(secret).at(clock.moment)
    response = visitor.answer("POST", response.location, data={"code": code})
    assert response.location == "/cases/" and visitor.is_in()
    visitor.post("/logout")
    visitor.send()
    assert visitor.answer("POST", "/login/code", data={"code": code}).status_code == 403, "replayed"
    assert (
        visitor.answer("POST", "/login/code", data={"code": codes[3].upper()}).status_code == 302
        and visitor.is_in()
    )
    visitor.post("/logout")
    visitor.send()
    assert visitor.answer("POST", "/login/code", data={"code": codes[3]}).status_code == 403, "used once"


def test_the_code_has_to_come_soon_and_for_the_same_password(
    session: Session, visitor: Visitor, account: User, clock: Clock
) -> None:
    visitor.send()
    secret, _codes = enrol(visitor, session, clock)
    visitor.post("/logout")
    visitor.send()
    clock.wait(minutes=6)
    assert visitor.answer("GET", "/login/code").location == "/login"
    visitor.send()
    set_password(session, session.get_one(User, account.id), RIGHT + "2", "root")
    session.commit()
    code = pyotp.TOTP(secret).at(clock.moment)
    assert (
        visitor.answer("POST", "/login/code", data={"code": code}).location == "/login"
        and not visitor.is_in()
    )


def test_codes_are_not_guessed(session: Session, visitor: Visitor, clock: Clock) -> None:
    visitor.send()
    secret, _codes = enrol(visitor, session, clock)
    visitor.post("/logout")
    visitor.send()
    for _ in range(FREE_ATTEMPTS):
        assert visitor.answer("POST", "/login/code", data={"code": "000000"}).status_code == 403
    right = {"code": pyotp.TOTP(secret).at(clock.moment)}
    assert visitor.answer("POST", "/login/code", data=right).status_code == 429 and not visitor.is_in()


def test_the_secret_is_sealed_and_shown_only_while_it_is_set_up(
    session: Session, visitor: Visitor, clock: Clock
) -> None:
    visitor.send()
    secret, codes = enrol(visitor, session, clock)
    raw = session.connection().exec_driver_sql("SELECT totp_secret FROM user_account").scalar()
    assert secret.encode() not in raw
    kept = session.connection().exec_driver_sql("SELECT digest FROM recovery_code").scalars().all()
    assert not set(codes) & set(kept)
    assert visitor.answer("GET", "/me/second-factor").status_code == 302


@pytest.mark.parametrize("role", [Role.OFFICE, Role.ADMIN])
def test_who_reaches_all_households_sets_it_up_before_going_on(
    session: Session, visitor: Visitor, account: User, clock: Clock, role: Role
) -> None:
    account.role = role
    session.commit()
    visitor.send()
    own = "/accounts/" if role is Role.ADMIN else "/cases/"
    for path in ("/", "/me", own, "/permissions"):
        assert visitor.answer("GET", path).location == "/me/second-factor"
    assert visitor.answer("POST", "/me/password", data={"password": "x"}).location == "/me/second-factor"
    enrol(visitor, session, clock)
    assert visitor.answer("GET", "/me").status_code == 200
    visitor.post("/logout")


@pytest.mark.parametrize(
    ("at", "headers", "exempt"),
    [
        ("127.0.0.1", {}, True), ("::1", {}, True), ("127.0.0.1", {"Host": "127.0.0.1:8000"}, True),
        ("10.0.0.1", {}, False), ("127.0.0.1", {"X-Forwarded-For": "10.0.0.1"}, False),
        ("127.0.0.1", {"Forwarded": "for=1"}, False),
        ("", {}, False),
    ],
)  # fmt: skip
def test_the_printed_accounts_are_exempt_on_this_machine_alone(
    session: Session, open_to_posts: Flask, at: str, headers: dict[str, str], exempt: bool
) -> None:
    add_user(
        session,
        username="demo",
        name="",
        role=Role.OFFICE,
        password="qingshou-2023",
        region_code="530324",
        printed=True,
    )
    session.commit()
    visitor = Visitor(open_to_posts, at)
    visitor.send("qingshou-2023", "demo", headers=headers)
    assert (visitor.answer("GET", "/cases/", headers=headers).status_code == 200) is exempt


# The passphrase again
def test_dangerous_acts_ask_for_the_passphrase_again_and_keep_what_was_filled_in(
    session: Session, open_to_posts: Flask, clock: Clock
) -> None:
    add_user(session, username="root", name="", role=Role.ADMIN, password="qingshou-2023", printed=True)
    session.commit()
    admin = Visitor(open_to_posts, "127.0.0.1")
    admin.send("qingshou-2023", "root")
    clock.wait(minutes=11)
    filled = {"username": "new<b>", "name": "新", "role": "auditor", "region": "530324", "branch": ""}
    asked = admin.post("/accounts/", status=403, **filled)
    assert 'name="username" value="new&lt;b&gt;"' in asked and "请确认是本人操作" in asked
    wrong = admin.post("/accounts/", status=403, **filled, confirm_passphrase=WRONG)
    assert "密码不正确" in wrong and 'value="new&lt;b&gt;"' in wrong and WRONG not in wrong
    assert session.scalar(select(User.id).where(User.username == "new<b>")) is None
    done = admin.post("/accounts/", status=200, **filled, confirm_passphrase="qingshou-2023")
    assert "/welcome/" in done
    admin.post("/accounts/", status=200, **(filled | {"username": "more"}))  # ten minutes long


def test_before_a_page_too(open_to_posts: Flask, visitor: Visitor, clock: Clock) -> None:
    visitor.send()
    assert "请确认是本人操作" in visitor.get("/me/confirm?next=/cases/")
    visitor.post("/me/confirm?next=/cases/", status=403, password=WRONG)
    response = visitor.answer("POST", "/me/confirm?next=//evil.example", data={"password": RIGHT})
    assert response.location == "/"


# Invitations
def test_an_invitation_through_the_page(session: Session, open_to_posts: Flask, account: User) -> None:
    visitor, token = Visitor(open_to_posts), invite(session, account, "root")
    session.commit()
    assert "office" in visitor.get(f"/welcome/{token}")
    for bad in ({"password": "short", "again": "short"}, {"password": "123456789012", "again": "123456789012"},
                {"password": RIGHT + "2", "again": RIGHT}, {}):  # fmt: skip
        page = visitor.post(f"/welcome/{token}", status=422, **bad)
        assert not (bad and bad["password"] in page)
    assert not visitor.is_in()
    visitor.post(f"/welcome/{token}", password=RIGHT + "2", again=RIGHT + "2")
    assert visitor.is_in()
    for path in (f"/welcome/{token}", "/welcome/forged", "/welcome/" + "x" * 3000):
        assert "此链接无法使用" in Visitor(open_to_posts).get(path, status=404)


def test_an_invitation_does_not_go_around_the_second_factor(
    session: Session, open_to_posts: Flask, visitor: Visitor, account: User, clock: Clock
) -> None:
    visitor.send()
    enrol(visitor, session, clock)
    token = invite(session, session.get_one(User, account.id), "root")
    session.commit()
    other = Visitor(open_to_posts)
    response = other.answer("POST", f"/welcome/{token}", data={"password": RIGHT + "2", "again": RIGHT + "2"})
    assert response.location == "/login/code" and not other.is_in()


def test_a_changed_password_of_my_own_ends_my_other_sessions(open_to_posts: Flask, visitor: Visitor) -> None:
    other = Visitor(open_to_posts)
    other.send()
    visitor.send()
    visitor.post("/me/password", status=422, password="short", again="short")
    assert other.is_in()
    visitor.post("/me/password", password=RIGHT + "2", again=RIGHT + "2")
    assert visitor.is_in() and not other.is_in()


def test_every_page_declares_what_it_needs(app: Flask) -> None:
    assert [r.rule for r in app.url_map.iter_rules() if permission_of(app, r.endpoint) is None] == []


def test_a_printed_account_that_gets_its_own_password_is_one_like_others(
    session: Session, account: User
) -> None:
    session.execute(update(User).values(printed_since=today.now()))
    session.refresh(account)
    set_password(session, account, RIGHT + "2", "root")
    assert account.printed_since is None
