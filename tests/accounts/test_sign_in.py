"""Signing in: wrong passwords count, a lock holds for some minutes, and a session ends when the account changes."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select
from sqlalchemy.orm import Session
from werkzeug.test import TestResponse

from app.accounts import access
from app.accounts.access import FREE_ATTEMPTS, LOCK_MINUTES, SignIn, permission_of, sign_in
from app.accounts.actions import add_user, set_active, set_password
from app.accounts.models import User
from app.accounts.rules import Role
from app.audit import AuditEntry
from tests.web.browser import Browser

RIGHT, WRONG = "the right one 1", "a wrong one 12"
EITHER_DATABASE = pytest.mark.parametrize("db_kind", ["sqlite"])  # the same on both
NOON = datetime(2023, 12, 5, 4, tzinfo=UTC)


class Clock:
    """The moment that signing in believes it is."""

    def __init__(self) -> None:
        self.moment = NOON

    def __call__(self) -> datetime:
        return self.moment


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr(access, "now", clock)
    return clock


@pytest.fixture
def office(session: Session) -> User:
    made = add_user(
        session, username="office", name="县办", role=Role.OFFICE, password=RIGHT, region_code="530324"
    )
    session.commit()
    return made


def attempt(session: Session, password: str, username: str = "office") -> SignIn:
    """Try, as the page does: the outcome, kept."""
    signed: list[User] = []
    outcome = sign_in(session, username, password, remember=signed.append)
    session.commit()
    assert bool(signed) is (outcome is SignIn.OK), "a session starts exactly when the sign-in succeeded"
    return outcome


def actions(session: Session) -> list[str]:
    return [
        entry.action
        for entry in session.scalars(select(AuditEntry).order_by(AuditEntry.id))
        if entry.action.startswith("accounts.") and entry.action != "accounts.add"
    ]


@EITHER_DATABASE
@pytest.mark.parametrize(
    ("username", "password"),
    [
        ("office", WRONG),
        ("office", ""),
        ("office", RIGHT + " "),
        ("nobody", RIGHT),
        ("", ""),
        ("Office", RIGHT),
        ("office' --", RIGHT),
    ],
)
def test_wrong(session: Session, office: User, username: str, password: str) -> None:
    assert attempt(session, password, username) is SignIn.WRONG
    assert actions(session) == []


def test_an_ended_account_reads_like_a_wrong_password(session: Session, office: User) -> None:
    set_active(session, office, False, "root")
    assert attempt(session, RIGHT) is SignIn.WRONG


def test_a_damaged_hash_lets_nobody_in(session: Session, office: User) -> None:
    office.password_hash = "x"
    assert attempt(session, RIGHT) is SignIn.WRONG


@EITHER_DATABASE
def test_an_unknown_name_takes_the_same_work_as_a_known_one(
    session: Session, office: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    checked: list[str] = []
    monkeypatch.setattr(access, "_matches", lambda stored, password: checked.append(stored))
    attempt(session, WRONG, "nobody")
    attempt(session, WRONG)
    assert len(checked) == 2 and all(stored.startswith("$argon2id$") for stored in checked)


def test_right(session: Session, office: User) -> None:
    assert attempt(session, RIGHT) is SignIn.OK
    assert actions(session) == ["accounts.sign_in"]


def test_too_many_wrong_passwords_hold_the_account(session: Session, office: User, clock: Clock) -> None:
    assert [attempt(session, WRONG) for _ in range(FREE_ATTEMPTS)] == [SignIn.WRONG] * FREE_ATTEMPTS
    assert attempt(session, RIGHT) is SignIn.LOCKED
    assert attempt(session, WRONG) is SignIn.LOCKED
    clock.moment += timedelta(minutes=LOCK_MINUTES, seconds=-1)
    assert attempt(session, RIGHT) is SignIn.LOCKED  # trying while held does not matter, waiting does
    clock.moment += timedelta(seconds=2)
    assert attempt(session, RIGHT) is SignIn.OK
    assert actions(session) == ["accounts.locked", "accounts.sign_in"]


@EITHER_DATABASE
def test_after_a_lock_there_are_as_many_attempts_again(session: Session, office: User, clock: Clock) -> None:
    for _ in range(FREE_ATTEMPTS):
        attempt(session, WRONG)
    clock.moment += timedelta(minutes=LOCK_MINUTES, seconds=1)
    assert [attempt(session, WRONG) for _ in range(FREE_ATTEMPTS)] == [SignIn.WRONG] * FREE_ATTEMPTS
    assert attempt(session, RIGHT) is SignIn.LOCKED


@EITHER_DATABASE
def test_a_success_forgets_the_failures(session: Session, office: User) -> None:
    for _ in range(2):
        for _ in range(FREE_ATTEMPTS - 1):
            assert attempt(session, WRONG) is SignIn.WRONG
        assert attempt(session, RIGHT) is SignIn.OK


@EITHER_DATABASE
def test_failures_of_one_do_not_hold_another(session: Session, office: User) -> None:
    add_user(session, username="other", name="", role=Role.ADMIN, password=RIGHT)
    for _ in range(FREE_ATTEMPTS):
        attempt(session, WRONG)
    assert attempt(session, RIGHT, "other") is SignIn.OK


def test_a_new_password_from_the_administrator_ends_the_lock(session: Session, office: User) -> None:
    for _ in range(FREE_ATTEMPTS):
        attempt(session, WRONG)
    set_password(session, office, RIGHT + "2", "root")
    assert attempt(session, RIGHT + "2") is SignIn.OK


# Sessions, through the pages.
@pytest.fixture
def client(app: Flask, office: User) -> FlaskClient:
    app.config["WTF_CSRF_ENABLED"] = False
    return app.test_client()


def get(client: FlaskClient, path: str) -> TestResponse:
    return Browser(client).answer("GET", path)


def post(client: FlaskClient, path: str, **options: Any) -> TestResponse:
    return Browser(client).answer("POST", path, **options)


def send(client: FlaskClient, username: str = "office", password: str = RIGHT) -> int:
    return post(client, "/login", data={"username": username, "password": password}).status_code


def is_in(client: FlaskClient) -> bool:
    response = get(client, "/cases/")
    assert response.status_code in (200, 302)
    return response.status_code == 200


@EITHER_DATABASE
def test_nobody_is_sent_to_sign_in_and_back(client: FlaskClient) -> None:
    response = get(client, "/cases/?state=closed")
    assert response.status_code == 302
    assert response.location == "/login?next=/cases/?state%3Dclosed"
    response = post(client, response.location, data={"username": "office", "password": RIGHT})
    assert response.location == "/cases/?state=closed"


@EITHER_DATABASE
@pytest.mark.parametrize(
    "target",
    ["https://evil.example/", "//evil.example", "/\\evil.example", "javascript:alert(1)", "/\t/evil.example"],
)
def test_signing_in_leads_to_no_other_site(client: FlaskClient, target: str) -> None:
    data = {"username": "office", "password": RIGHT}
    location = post(client, "/login", query_string={"next": target}, data=data).location
    assert "evil" not in location and "alert" not in location


@EITHER_DATABASE
def test_a_wrong_password_shows_the_page_again(client: FlaskClient) -> None:
    assert send(client, password=WRONG) == 403
    assert send(client, password="") == 200
    assert not is_in(client)


@EITHER_DATABASE
def test_signing_out(client: FlaskClient) -> None:
    assert send(client) == 302 and is_in(client)
    get(client, "/logout")
    assert is_in(client), "only a form signs out, never a link"
    post(client, "/logout")
    assert not is_in(client)


def test_a_new_password_ends_every_session(client: FlaskClient, session: Session, office: User) -> None:
    send(client)
    assert is_in(client)
    set_password(session, office, RIGHT + "2", "root")
    session.commit()
    assert not is_in(client)


def test_ending_the_account_ends_every_session_for_good(
    client: FlaskClient, session: Session, office: User
) -> None:
    send(client)
    set_active(session, office, False, "root")
    session.commit()
    assert not is_in(client)
    set_active(session, office, True, "root")
    session.commit()
    assert not is_in(client)


def said(client: FlaskClient) -> str:
    """What the sign-in page says to who is sent there."""
    return get(client, get(client, "/cases/").location).get_data(as_text=True)


def test_an_account_that_ended_while_signed_in_is_told_so(
    client: FlaskClient, session: Session, office: User
) -> None:
    assert "请先登录" in said(client)
    send(client)
    set_password(session, office, RIGHT + "2", "root")
    session.commit()
    assert "请先登录" in said(client), "a session that ended, of an account that has not"
    send(client, password=RIGHT + "2")
    set_active(session, office, False, "root")
    session.commit()
    assert "此账号已停用" in (page := said(client)) and "请先登录" not in page


@EITHER_DATABASE
@pytest.mark.parametrize("name", ["", "1", "0.0", "1.", "x.0", "1.0.0", "999999.0", "1.9", "²"])
def test_a_session_that_names_no_account_is_nobodys(client: FlaskClient, name: str) -> None:
    with client.session_transaction() as cookies:
        cookies["_user_id"] = name
    assert not is_in(client)


@EITHER_DATABASE
def test_the_cookie_is_not_for_scripts(client: FlaskClient) -> None:
    response = post(client, "/login", data={"username": "office", "password": RIGHT})
    cookies = response.headers.getlist("Set-Cookie")
    assert any(c.startswith("session=") and "HttpOnly" in c and "SameSite=Lax" in c for c in cookies)


@EITHER_DATABASE
def test_every_page_declares_what_it_needs(app: Flask) -> None:
    undeclared = [rule.rule for rule in app.url_map.iter_rules() if permission_of(app, rule.endpoint) is None]
    assert undeclared == []
