"""The bridge from one month's overdue amount to the next: the rule, and the SQL against a slow and obvious count."""

from collections import defaultdict
from datetime import date
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.accounts.rules import EVERYTHING, Scope
from app.bulletin.bridge import BY_REASON, Bridge, LoanMonth, Term, moves
from app.bulletin.bridging import bridge, month_before, moves_behind
from app.bulletin.queries import figures
from app.cases.models import Case
from app.cases.states import CloseReason, State
from app.ledger.rows import LedgerRow
from app.loans.models import Loan
from app.places.models import Branch
from tests.bulletin.test_figures_db import (
    EXAMPLES,
    MONTHS,
    OTHER_COUNTY,
    PREFECTURE,
    UNSHRUNK,
    History,
    histories,
    two_counties,
)
from tests.intake.world import NOVEMBER, OCTOBER, SEPTEMBER, take
from tests.ledger.factory import AGANG, COUNTY, JIULONG, ledger_row

__all__ = ["two_counties"]  # a fixture
REASONS = st.sampled_from([*CloseReason])


# --- the rule


@pytest.mark.parametrize(
    ("loan", "expected"),
    [
        (LoanMonth(0, 500), {Term.NEW: 500}),
        (LoanMonth(500, 700), {Term.GROWN: 200}),
        (LoanMonth(500, 500), {}),
        (LoanMonth(500, 200, paid=300), {Term.REPAID: 300}),
        (LoanMonth(500, 200, paid=900), {Term.REPAID: 300}),  # the rest was not overdue
        (LoanMonth(500, 0, paid=100, extended=True), {Term.REPAID: 100, Term.RENEWED: 400}),
        (LoanMonth(500, 0, paid=100), {Term.REPAID: 100, Term.CORRECTION: -400}),
        (LoanMonth(500, 0, gone=True, extended=True), {Term.LEFT: 500}),
        (LoanMonth(500, 0, paid=500, reason=CloseReason.COMPENSATED), {Term.COMPENSATED: 500}),
        (LoanMonth(500, 0, paid=500, reason=CloseReason.RENEWED), {Term.RENEWED: 500}),
        (LoanMonth(500, 0, paid=500, reason=CloseReason.WRITTEN_OFF), {Term.LEFT: 500}),
        (LoanMonth(500, 0, reason=CloseReason.IN_ERROR), {Term.CORRECTION: -500}),
        (LoanMonth(500, 0, paid=500, reason=CloseReason.REPAID), {Term.REPAID: 500}),
        (LoanMonth(500, 700, reason=CloseReason.COMPENSATED), {Term.GROWN: 200}),
    ],
)
def test_what_a_loans_month_adds_to(loan: LoanMonth, expected: dict[Term, int]) -> None:
    assert moves(loan) == expected


@given(
    st.builds(
        LoanMonth,
        opening=st.integers(0, 10**9),
        closing=st.integers(0, 10**9),
        paid=st.integers(0, 10**9),
        reason=st.none() | REASONS,
        extended=st.booleans(),
        gone=st.booleans(),
    )
)
def test_every_loans_month_adds_up(loan: LoanMonth) -> None:
    assert loan.opening + sum(term.sign * fen for term, fen in moves(loan).items()) == loan.closing


# --- the slow and obvious count


Said = tuple[date, LedgerRow]


def last_said(history: History, day: date) -> dict[tuple[str | None, str], Said]:
    said: dict[tuple[str | None, str], Said] = {}
    for as_of, rows in history:
        if as_of <= day:
            said.update({(row.lender, row.contract_no): (as_of, row) for row in rows})
    return said


def overdue(said: Said | None) -> int:
    if said is None:
        return 0
    as_of, row = said
    return row.overdue if row.overdue is not None else row.balance if row.due_on < as_of else 0


def paid(history: History, key: tuple[str | None, str], before: date, month: date) -> int:
    balances = [
        (day, row.balance) for day, rows in history for row in rows if (row.lender, row.contract_no) == key
    ]
    pairs = pairwise(balances)
    return sum(max(old - new, 0) for (_, old), (day, new) in pairs if before < day <= month)


Reasons = dict[tuple[str | None, str], tuple[date, CloseReason]]


def expected(history: History, month: date, reasons: Reasons, branch: str | None) -> dict[Any, int]:
    """分 by township and term."""
    before = month_before(month)
    then, now = last_said(history, before), last_said(history, month)
    found: dict[Any, int] = defaultdict(int)

    def mine(row: LedgerRow) -> bool:
        return branch in (None, row.branch)

    for key, (as_of, row) in now.items():
        was = then.get(key)
        closed, reason = reasons.get(key, (date.min, None))
        loan = LoanMonth(
            overdue(was),
            overdue((as_of, row)),
            paid(history, key, before, month),
            reason if before < closed <= month else None,
            was is not None and row.due_on > was[1].due_on,
        )
        old = was[1] if was else row
        told_of = row if loan.closing else old  # one that is overdue no more is told where it was
        if mine(told_of):
            for term, fen in moves(loan).items():
                found[told_of.township_code, term] += fen
        if (old.township_code, mine(old)) != (told_of.township_code, mine(told_of)):
            if mine(told_of):
                found[told_of.township_code, Term.CORRECTION] += loan.opening
            if mine(old):
                found[old.township_code, Term.CORRECTION] -= loan.opening
    return {key: fen for key, fen in found.items() if fen}


def told(found: Bridge) -> dict[Any, int]:
    return {(row.code, term): row.part(term).fen for row in found.rows for term in Term if row.part(term).fen}


def close_by_hand(session: Session, contract: tuple[str | None, str], on: date, reason: CloseReason) -> None:
    lender, number = contract
    query = select(Loan).where(Loan.contract_no == number, Loan.lender.has(name=lender))
    loan = session.scalars(query).one()
    session.add(
        Case(
            loan_id=loan.id, township_code=loan.township_code, borrower_id=loan.borrower_id, state=State.CLOSED,
            due_on=loan.due_on, overdue=1, opened_on=on, closed_on=on, close_reason=reason,
        )
    )  # fmt: skip
    session.flush()


@pytest.mark.slow
def test_random_portfolios_agree_with_the_obvious_count(two_counties: Session, db_kind: str) -> None:
    session = two_counties

    @settings(max_examples=EXAMPLES[db_kind], deadline=None, phases=UNSHRUNK)
    @given(
        history=histories(),
        chosen=st.lists(st.tuples(st.integers(0, 30), st.sampled_from(MONTHS), REASONS), max_size=8),
    )
    def check(history: History, chosen: list[tuple[int, date, CloseReason]]) -> None:
        for as_of, rows in history:
            take(session, rows, as_of)
        try:
            loans = sorted(last_said(history, NOVEMBER), key=str)
            reasons: Reasons = {}
            for number, month, reason in chosen:
                key = loans[number % len(loans)]
                if key not in reasons:
                    reasons[key] = month.replace(day=15), reason
                    close_by_hand(session, key, *reasons[key])
            for month in MONTHS[1:]:
                _agree(session, history, month, reasons)
        finally:
            session.rollback()

    check()


def _agree(session: Session, history: History, month: date, reasons: Reasons) -> None:
    slow = expected(history, month, reasons, None)
    for county in (COUNTY, OTHER_COUNTY):
        found = bridge(session, county, month, EVERYTHING)
        assert told(found) == {key: fen for key, fen in slow.items() if key[0].startswith(county)}
        assert [row.difference for row in found.rows] == [0] * len(found.rows)
        for term in Term:
            opened = moves_behind(session, term, county, month, EVERYTHING, 0, 1000)
            assert sum(one.amount for one in opened) == found.total.part(term).fen
            assert len(opened) == found.total.part(term).loans
    whole = bridge(session, PREFECTURE, month, EVERYTHING)
    assert whole.total.difference == 0
    assert (whole.total.opening, whole.total.closing) == (
        figures(session, PREFECTURE, month_before(month)).total.overdue_fen,
        figures(session, PREFECTURE, month).total.overdue_fen,
    )
    branch = session.scalars(select(Branch).order_by(Branch.id).limit(1)).one()
    rows = [(day, [r for r in ledger if r.lender == branch.lender.name]) for day, ledger in history]
    narrow = bridge(session, COUNTY, month, Scope(region=None, branch_id=branch.id))
    mine = {k: f for k, f in expected(rows, month, reasons, branch.name).items() if k[0].startswith(COUNTY)}
    assert {k: f for k, f in told(narrow).items() if f} == mine
    assert narrow.total.difference == 0


# --- what a person reads


def test_each_way_out_of_the_overdue_amount(session: Session) -> None:
    old = [
        ledger_row(contract_no=name, balance=100, overdue=100, due_on=date(2023, 8, 1)) for name in "ABCDE"
    ]
    take(session, old, SEPTEMBER)
    close_by_hand(session, ("罗平农商行", "B"), date(2023, 10, 20), CloseReason.COMPENSATED)
    a, b, c, d, e = old
    now = [
        a._replace(balance=0, overdue=0),
        b._replace(balance=0, overdue=0),
        c._replace(overdue=0, due_on=date(2024, 8, 1)),
        d._replace(balance=130, overdue=130),
        e._replace(township_code=JIULONG),
        ledger_row(contract_no="F", balance=70, overdue=70),
    ]
    take(session, now, OCTOBER)
    total = bridge(session, COUNTY, OCTOBER, EVERYTHING).total
    assert {term: total.part(term).fen for term in Term} == {
        Term.NEW: 70, Term.GROWN: 30, Term.REPAID: 100, Term.RENEWED: 100, Term.COMPENSATED: 100,
        Term.LEFT: 0, Term.CORRECTION: 0,
    }  # fmt: skip
    assert (total.opening, total.closing, total.difference) == (500, 300, 0)
    rows = {row.code: row for row in bridge(session, COUNTY, OCTOBER, EVERYTHING).rows}
    assert rows[AGANG].part(Term.CORRECTION).fen == -100  # E has moved from one township to another
    assert rows[JIULONG].part(Term.CORRECTION).fen == 100


def test_the_control_a_wrong_term_leaves_a_difference(session: Session) -> None:
    take(session, [ledger_row(contract_no="A", balance=100, overdue=100)], SEPTEMBER)
    take(session, [ledger_row(contract_no="A", balance=0, overdue=0)], OCTOBER)
    row = bridge(session, AGANG, OCTOBER, EVERYTHING).total
    assert row.difference == 0
    row.parts[Term.REPAID] = row.parts[Term.NEW]
    assert row.difference != 0


def test_the_policy_names_no_reason_of_the_programme_itself() -> None:
    assert not BY_REASON.keys() & {CloseReason.REPAID, CloseReason.CAUGHT_UP, CloseReason.EXTENDED}
