"""A number in full: only with a reason, within the scope and the day's limit, and never anywhere but on that page."""

from datetime import timedelta

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select, update
from sqlalchemy.orm import Session

from app.accounts.models import User
from app.accounts.rules import Role
from app.audit import AuditEntry
from app.cases.models import Case
from app.cases.queries import place_of
from app.loans.models import Borrower
from app.policies.rules import KEYS, Key
from app.today import now
from app.trail import entries
from app.trail.actions import reveal
from app.trail.entries import Wanted
from app.trail.person import find_borrower
from app.trail.rules import Shown, TrailRefused, Why
from tests.conftest import enter
from tests.loans.portfolio import AGANG, collector
from tests.trail.conftest import PHONE, TODAY, another_county

SQLITE = pytest.mark.parametrize("db_kind", ["sqlite"])
LIMIT = KEYS[Key.REVEALS_PER_DAY].default


def browser(app: Flask, account: User) -> FlaskClient:
    app.config["WTF_CSRF_ENABLED"] = False
    return enter(app.test_client(), account)


def ask(client: FlaskClient, number: int, **given: str):  # type: ignore[no-untyped-def]
    filled = {"what": "phone", "why": "bank", "reason": "办理续贷"} | given
    return client.post(f"/borrowers/{number}/number", data=filled, headers={"Accept-Language": "en"})


@SQLITE
@pytest.mark.parametrize(
    ("given", "sentence"),
    [
        ({"reason": ""}, "Say in a few words"),
        ({"reason": "x"}, "Say in a few words"),
        ({"reason": "核对" + PHONE}, "Leave numbers out"),
        ({"reason": "长" * 201}, "At most"),
        ({"what": ""}, "Choose what is to be shown"),
        ({"what": "address"}, "Not a valid choice"),
        ({"why": "curious"}, "Not a valid choice"),
    ],
)
def test_without_a_reason_nothing_is_shown(
    app: Flask, session: Session, office: User, borrower: Borrower, given: dict[str, str], sentence: str
) -> None:
    answer = ask(browser(app, office), borrower.id, **given)
    assert answer.status_code == 422 and sentence in answer.text
    assert PHONE not in answer.text.replace("核对" + PHONE, "")
    assert not session.scalars(select(AuditEntry).where(AuditEntry.action == "trail.reveal")).all()


@SQLITE
def test_a_number_is_shown_once_it_is_on_the_trail(
    app: Flask, session: Session, office: User, borrower: Borrower
) -> None:
    client, number, id_number = browser(app, office), borrower.id, borrower.id_number
    question = client.get(f"/borrowers/{number}/number?what=phone")
    assert question.status_code == 200 and PHONE not in question.text
    answer = ask(client, number)
    assert answer.status_code == 200 and answer.text.count(PHONE) == 1 and id_number not in answer.text
    assert "no-store" in answer.headers["Cache-Control"] and 'data-forget="60"' in answer.text
    assert PHONE not in str(answer.headers) and "noscript" in answer.text
    assert client.get(f"/borrowers/{number}/number").status_code == 200
    (entry,) = session.scalars(select(AuditEntry).where(AuditEntry.action == "trail.reveal"))
    assert (entry.actor, entry.entity_id, entry.detail) == (
        "office",
        str(number),
        {"field": "phone", "why": "bank", "reason": "办理续贷"},
    )
    assert id_number in ask(client, number, what="id_number").text


@SQLITE
def test_a_form_without_its_token_shows_nothing(app: Flask, office: User, borrower: Borrower) -> None:
    client = browser(app, office)
    app.config["WTF_CSRF_ENABLED"] = True
    answer = ask(client, borrower.id)
    assert answer.status_code == 400 and PHONE not in answer.text
    assert (
        client.get(f"/borrowers/{borrower.id}/number", query_string={"reason": "办理续贷"}).status_code == 200
    )


@SQLITE
def test_who_is_elsewhere_is_not_there(app: Flask, session: Session, office: User, case: Case) -> None:
    there = another_county(session).borrower_id
    other = collector(session, "530324102", "banqiao")
    session.commit()
    own = case.borrower_id
    for account, number in ((office, there), (other, own), (office, 10**9), (office, 2**70)):
        client = browser(app, account)
        assert ask(client, number).status_code == (404 if number < 2**63 else 405)
        assert client.get(f"/borrowers/{number}/number").status_code == 404
    auditor = collector(session, "530324", "auditor", role=Role.AUDITOR)
    session.commit()
    assert ask(browser(app, auditor), own).status_code == 403
    assert browser(app, auditor).get(f"/trail/borrower/{there}").status_code == 404


def test_the_days_limit_holds(session: Session, office: User, borrower: Borrower) -> None:
    """The last one is allowed, one more is not; tomorrow there are as many again; others have their own."""
    for _ in range(LIMIT):
        assert reveal(session, office, borrower, Shown.PHONE, Why.BANK, "办理续贷", TODAY) == PHONE
    session.commit()
    with pytest.raises(TrailRefused, match=f"{LIMIT} full numbers today"):
        reveal(session, office, borrower, Shown.PHONE, Why.BANK, "办理续贷", TODAY)
    session.rollback()
    agang = collector(session, AGANG, "agang")
    assert reveal(session, agang, borrower, Shown.ID_NUMBER, Why.IDENTIFY, "核实身份", TODAY)
    assert entries.reveals_since(session, "office", now() - timedelta(days=1)) == LIMIT
    assert entries.reveals_since(session, "office", now() + timedelta(days=1)) == 0
    bulk = entries.bulk_since(session, office.scope, now() - timedelta(days=1), 10)
    assert [(one.actor, one.number) for one in bulk] == [("office", LIMIT)]
    assert entries.bulk_since(session, office.scope, now() - timedelta(days=1), LIMIT + 1) == []


def test_what_is_not_known_is_said(session: Session, office: User, borrower: Borrower) -> None:
    session.execute(update(Borrower).values(phone=None))
    session.commit()
    with pytest.raises(TrailRefused, match="None is known"):
        reveal(session, office, borrower, Shown.PHONE, Why.BANK, "办理续贷", TODAY)


def test_who_saw_a_borrower(session: Session, office: User, case: Case, borrower: Borrower) -> None:
    """Entries about the borrower, the loan and the cases; of nobody else, and of no other county."""
    there = another_county(session)
    reveal(session, office, borrower, Shown.PHONE, Why.BANK, "办理续贷", TODAY)
    session.commit()
    seen = entries.listed(session, office.scope, Wanted(borrower_id=borrower.id), None, 50)
    assert {(e.action, e.entity) for e in seen} >= {("trail.reveal", "borrower")}
    assert entries.listed(session, office.scope, Wanted(borrower_id=there.borrower_id), None, 50) == []
    assert find_borrower(session, there.borrower_id, office.scope) is None
    assert place_of(session, office.scope) == "530324"


@SQLITE
def test_the_page_of_the_trail(app: Flask, session: Session, office: User, borrower: Borrower) -> None:
    client, number = browser(app, office), borrower.id
    for _ in range(10):
        ask(client, number)
    page = client.get("/trail/", headers={"Accept-Language": "en"})
    assert page.status_code == 200 and "Number shown in full" in page.text and "办理续贷" in page.text
    assert "saw 10 full numbers within an hour" in page.text and PHONE not in page.text
    for query, there in (
        ("action=trail.reveal&actor=office&entity=borrower", True),
        ("action=trail.file", False),
        ("actor=nobody", False),
        ("from=2000-01-01&to=2000-01-02", False),
        (f"entity=borrower&entity_id={number}", True),
    ):
        assert ("办理续贷" in client.get(f"/trail/?{query}").text) is there, query
    for bad in ("from=yesterday", "after=x", "after=999999999999999999999", "to=9999-12-31"):
        assert client.get(f"/trail/?{bad}").status_code == 400, bad
    who = client.get(f"/trail/borrower/{number}")
    assert who.status_code == 200 and "办理续贷" in who.text and PHONE not in who.text
