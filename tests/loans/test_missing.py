"""A loan that its lender's newest ledger left out: it stays in the stock until a person decides."""

from datetime import date

import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app.accounts.rules import EVERYTHING, NOTHING, Scope
from app.audit import AuditEntry
from app.db import FOREVER
from app.loans.actions import DecisionRefused, decide_missing, newest_as_of
from app.loans.models import Loan, Repayment, Snapshot
from app.loans.queries import Missing, count_missing, find_loan, missing_loans, unsettled_since, valid_on
from app.loans.rules import MissingDecision, RepaymentSource
from tests.loans.portfolio import AGANG, LAOCHANG, NOVEMBER, OCTOBER, WAN, branch, loan, snapshot

SEPTEMBER, DECEMBER = date(2023, 9, 30), date(2023, 12, 31)


@pytest.fixture
def missing(session: Session) -> Loan:
    """In September's and October's ledger, in no later one."""
    made = loan(session, balance=3 * WAN, overdue=1 * WAN, missing_since=NOVEMBER)
    snapshot(session, made, SEPTEMBER, until=OCTOBER, balance=5 * WAN, overdue=0)
    snapshot(session, made, OCTOBER)
    session.commit()
    return made


def balances(session: Session, of: Loan) -> list[tuple[date, date, int, int]]:
    query = select(Snapshot.as_of, Snapshot.until, Snapshot.balance, Snapshot.overdue)
    return [
        (row.as_of, row.until, row.balance, row.overdue)
        for row in session.execute(query.where(Snapshot.loan_id == of.id).order_by(Snapshot.as_of))
    ]


def test_a_loan_that_is_not_missing_is_refused(session: Session) -> None:
    listed = loan(session)
    for decision in MissingDecision:
        with pytest.raises(DecisionRefused, match="nothing to decide"):
            decide_missing(session, listed, decision, "office")
    assert session.scalar(select(func.count()).where(AuditEntry.action == "loans.missing")) == 0


def test_repaid_ends_it_as_of_the_ledger_that_left_it_out(session: Session, missing: Loan) -> None:
    decide_missing(session, missing, MissingDecision.REPAID, "office")
    session.commit()
    assert (missing.balance, missing.overdue, missing.as_of) == (0, 0, NOVEMBER)
    assert (missing.missing_since, missing.missing_decision) == (None, MissingDecision.REPAID)
    assert balances(session, missing) == [
        (SEPTEMBER, OCTOBER, 5 * WAN, 0),
        (OCTOBER, NOVEMBER, 3 * WAN, 1 * WAN),
        (NOVEMBER, FOREVER, 0, 0),
    ]
    repaid = session.scalars(select(Repayment).where(Repayment.loan_id == missing.id)).one()
    assert (repaid.amount, repaid.paid_on, repaid.source) == (3 * WAN, NOVEMBER, RepaymentSource.INFERRED)
    assert unsettled_since(session) == NOVEMBER  # October's figures stay as they were
    with pytest.raises(DecisionRefused):
        decide_missing(session, missing, MissingDecision.REPAID, "office")


def test_repaid_changes_no_day_before(session: Session, missing: Loan) -> None:
    def stock(day: date) -> int:
        found = session.scalars(select(Snapshot.balance).where(valid_on(day), Snapshot.loan_id == missing.id))
        return sum(found)

    days = [date(2023, 9, 29), SEPTEMBER, OCTOBER, date(2023, 11, 29), NOVEMBER, DECEMBER]
    assert [stock(day) for day in days] == [0, 5 * WAN, 3 * WAN, 3 * WAN, 3 * WAN, 3 * WAN]
    decide_missing(session, missing, MissingDecision.REPAID, "office")
    assert [stock(day) for day in days] == [0, 5 * WAN, 3 * WAN, 3 * WAN, 0, 0]


def test_still_owed_keeps_it_at_its_last_balance(session: Session, missing: Loan) -> None:
    before = balances(session, missing)
    decide_missing(session, missing, MissingDecision.STILL_OWED, "office")
    assert (missing.balance, missing.overdue) == (3 * WAN, 1 * WAN)
    assert (missing.missing_since, missing.missing_decision) == (NOVEMBER, MissingDecision.STILL_OWED)
    assert balances(session, missing) == before and unsettled_since(session) is None
    assert session.scalar(select(func.count()).select_from(Repayment)) == 0


def test_a_person_may_learn_better(session: Session, missing: Loan) -> None:
    decide_missing(session, missing, MissingDecision.STILL_OWED, "office")
    decide_missing(session, missing, MissingDecision.REPAID, "office")
    assert missing.balance == 0
    entries = session.scalars(select(AuditEntry).where(AuditEntry.action == "loans.missing")).all()
    assert [(entry.detail["before"], entry.detail["after"]) for entry in entries] == [
        ({"balance": 3 * WAN, "decision": None}, {"balance": 3 * WAN, "decision": "still_owed"}),
        ({"balance": 3 * WAN, "decision": "still_owed"}, {"balance": 0, "decision": "repaid"}),
    ]
    assert {entry.actor for entry in entries} == {"office"}


def test_a_loan_without_a_balance_needs_no_repayment(session: Session) -> None:
    repaid = loan(session, balance=0, missing_since=NOVEMBER)
    snapshot(session, repaid, OCTOBER)
    decide_missing(session, repaid, MissingDecision.REPAID, "office")
    assert session.scalar(select(func.count()).select_from(Repayment)) == 0
    assert len(balances(session, repaid)) == 1


# The list of those to decide about.
def test_who_sees_which_missing_loans(session: Session, missing: Loan) -> None:
    at_branch = branch(session)
    other = loan(session, township_code=LAOCHANG, branch_id=at_branch.id, missing_since=NOVEMBER)
    decided = loan(session, missing_since=NOVEMBER, missing_decision=MissingDecision.STILL_OWED)
    listed = loan(session)
    expected = {
        EVERYTHING: [missing, other],
        Scope("530324"): [missing, other],
        Scope(AGANG): [missing],
        Scope(LAOCHANG): [other],
        Scope(None, at_branch.id): [other],
        Scope(AGANG, at_branch.id): [],
        Scope("530325"): [],
        NOTHING: [],
    }
    for scope, seen in expected.items():
        assert missing_loans(session, scope, limit=10) == seen
        assert count_missing(session, scope) == Missing(
            len(seen), sum(one.balance for one in seen), sum(one.overdue for one in seen)
        )
    assert decided not in expected[EVERYTHING] and find_loan(session, listed.id, Scope(AGANG)) is listed
    assert find_loan(session, listed.id, Scope(LAOCHANG)) is None


def test_the_list_in_pages(session: Session) -> None:
    made = [loan(session, missing_since=NOVEMBER) for _ in range(5)]
    first = missing_loans(session, EVERYTHING, limit=3)
    assert first + missing_loans(session, EVERYTHING, limit=3, after=first[-1].id) == made


def test_the_newest_ledger(session: Session, missing: Loan) -> None:
    assert newest_as_of(session) == OCTOBER
    snapshot(session, loan(session), DECEMBER)
    assert newest_as_of(session) == DECEMBER
