"""Making accounts: what is refused and where, and what ends a session."""

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app.accounts import queries
from app.accounts.actions import AccountRefused, add_user, invite, set_active, set_password, take_invitation
from app.accounts.devices import Source
from app.accounts.models import Invitation, User
from app.accounts.queries import invitation_of, live_sessions, weak_points
from app.accounts.rules import NOTHING, Role, Scope
from app.accounts.sessions import begin
from app.accounts.signing import attempt, matches
from app.audit import AuditEntry
from app.config import Settings
from app.places.actions import lender_named
from app.places.models import Branch
from app.today import now

PASSWORD = "long enough 1"


@pytest.fixture
def branch(session: Session) -> Branch:
    made = Branch(lender_id=lender_named(session, "罗平农商行").id, name="阿岗支行")
    session.add(made)
    session.flush()
    return made


def add(session: Session, **changed: Any) -> User:
    filled = {
        "username": "office",
        "name": "县办",
        "role": Role.OFFICE,
        "password": PASSWORD,
        "region_code": "530324",
    }
    return add_user(session, **(filled | changed))


@pytest.mark.parametrize("db_kind", ["sqlite"])
@pytest.mark.parametrize(
    ("changed", "field"),
    [
        ({"username": ""}, "username"),
        ({"username": "   "}, "username"),
        ({"username": "x" * 65}, "username"),
        ({"name": "名" * 65}, "name"),
        ({"password": ""}, "password"),
        ({"password": "12345678901"}, "password"),
        ({"password": "123456789012"}, "password"),
        ({"password": "office-office"}, "password"),
        ({"password": "x" * 257}, "password"),
        ({"region_code": None}, "region"),
        ({"region_code": ""}, "region"),
        ({"region_code": "999999"}, "region"),
        ({"role": Role.LEADER, "region_code": None}, "region"),
        ({"role": Role.AUDITOR, "region_code": None}, "region"),
        ({"role": Role.TOWNSHIP, "region_code": None}, "region"),
        ({"role": Role.TOWNSHIP, "region_code": "530324"}, "region"),  # a whole county is no township
        ({"role": Role.BRANCH}, "branch"),
        ({"role": Role.BRANCH, "branch_id": 12345}, "branch"),
    ],
)
def test_an_account_that_cannot_be_made(session: Session, changed: dict[str, Any], field: str) -> None:
    with pytest.raises(AccountRefused) as refused:
        add(session, **changed)
    assert refused.value.field == field and str(refused.value.message)
    assert session.scalar(select(func.count()).select_from(User)) == 0


def test_a_user_name_is_there_once_with_spaces_or_without(session: Session) -> None:
    add(session)
    for again in ("office", " office "):
        with pytest.raises(AccountRefused, match="office already"):
            add(session, username=again)


def test_each_role_is_kept_with_its_own_place_and_no_other(session: Session, branch: Branch) -> None:
    both = {"region_code": "530324106", "branch_id": branch.id}
    made = {role: add(session, username=role.value, role=role, **both) for role in Role}
    session.commit()
    assert {role: account.scope for role, account in made.items()} == {
        Role.OFFICE: Scope("530324106"),
        Role.LEADER: Scope("530324106"),
        Role.TOWNSHIP: Scope("530324106"),
        Role.AUDITOR: Scope("530324106"),
        Role.BRANCH: Scope(None, branch.id),
        Role.ADMIN: NOTHING,
    }
    for role, account in made.items():
        assert (account.region_code is None) is (role in (Role.BRANCH, Role.ADMIN))
        assert (account.branch_id is None) is (role is not Role.BRANCH)


def test_a_new_account_is_ready_recorded_and_its_password_nowhere(session: Session) -> None:
    account = add(session, name=" ", actor="root")
    session.commit()
    assert (account.name, account.active, account.totp_since) == ("office", True, None)
    assert account.password_hash.startswith("$argon2id$")
    entry = session.scalars(select(AuditEntry).where(AuditEntry.action == "accounts.add")).one()
    assert (entry.actor, entry.entity_id) == ("root", str(account.id))
    assert entry.detail["after"] == {
        "username": "office",
        "role": "office",
        "region": "530324",
        "branch": None,
    }
    assert PASSWORD not in str(entry.detail) and account.password_hash not in str(entry.detail)


def test_the_same_password_is_kept_differently_for_each(session: Session) -> None:
    one, two = add(session), add(session, username="other")
    assert one.password_hash != two.password_hash


def sessions_of(session: Session, account: User) -> int:
    return len(live_sessions(session, account.id))


def test_ending_an_account_ends_its_sessions_and_is_recorded_once(session: Session) -> None:
    account = add(session)
    begin(session, account, Source())
    assert sessions_of(session, account) == 1
    set_active(session, account, False, "root")
    set_active(session, account, False, "root")
    assert not account.is_active
    set_active(session, account, True, "root")
    assert account.is_active and sessions_of(session, account) == 0  # the old session stays ended
    entries = session.scalars(select(AuditEntry).where(AuditEntry.action == "accounts.active")).all()
    assert [entry.detail for entry in entries] == [
        {"before": True, "after": False},
        {"before": False, "after": True},
    ]


def test_a_new_password(session: Session) -> None:
    account = add(session)
    begin(session, account, Source())
    old_hash = account.password_hash
    with pytest.raises(AccountRefused, match="at least 12"):
        set_password(session, account, "short", "root")
    assert (sessions_of(session, account), account.password_hash) == (1, old_hash)
    set_password(session, account, PASSWORD + "2", "root")
    assert sessions_of(session, account) == 0 and account.password_hash != old_hash
    entry = session.scalars(select(AuditEntry).where(AuditEntry.action == "accounts.password")).one()
    assert entry.actor == "root" and PASSWORD not in str(entry.detail)


def test_an_account_without_a_password_lets_nobody_in_but_by_its_invitation(session: Session) -> None:
    account = add(session, password=None)
    for guess in ("", "!", PASSWORD):
        assert not matches(attempt(session, "office", Source()), guess)
    token = invite(session, account, "root")
    session.commit()
    kept = session.scalars(select(Invitation)).one()
    assert token not in (kept.digest, str(kept.id)) and invitation_of(session, token) is kept
    assert take_invitation(session, kept, PASSWORD) is account
    assert matches(attempt(session, "office", Source()), PASSWORD)
    assert invitation_of(session, token) is None
    with pytest.raises(AccountRefused, match="used already"):
        take_invitation(session, kept, PASSWORD + "2")


def test_a_later_invitation_voids_the_earlier_and_an_ended_account_gets_none(session: Session) -> None:
    account = add(session, password=None)
    first, second = invite(session, account, "root"), invite(session, account, "root")
    assert invitation_of(session, first) is None and invitation_of(session, second) is not None
    set_active(session, account, False, "root")
    assert invitation_of(session, second) is None
    with pytest.raises(AccountRefused, match="has ended"):
        invite(session, account, "root")


@pytest.mark.parametrize(
    ("after", "usable"), [(timedelta(days=3, seconds=-1), True), (timedelta(days=3, seconds=1), False)]
)
def test_an_invitation_holds_three_days(
    session: Session, monkeypatch: pytest.MonkeyPatch, after: timedelta, usable: bool
) -> None:
    token = invite(session, add(session, password=None), "root")
    monkeypatch.setattr(queries, "now", lambda: now() + after)
    assert (invitation_of(session, token) is not None) is usable


def reached(url: str) -> Settings:
    return Settings(Path(), "sqlite://", None, "", public_url=url)


def test_what_is_weak_about_the_accounts(session: Session) -> None:
    alone, outside, tls = (reached(url) for url in ("", "http://10.1.2.3", "https://qingshou.example"))
    assert weak_points(session, alone) == []
    add(session)
    add(session, username="admin", role=Role.ADMIN)
    add(session, username="demo", password="qingshou-2023", printed=True)
    here = [str(point) for point in weak_points(session, alone)]
    assert [text[:2] for text in here] == ["1 ", "2 ", "Th"] and "on this machine" in here[0]
    seen = [str(point) for point in weak_points(session, outside)]
    assert "End them" in seen[0] and "without TLS" in seen[-1]
    assert not any("TLS" in str(point) for point in weak_points(session, tls))
