"""The sweep: one open case for each overdue loan, closed with its reason, with a collector on each line."""

import time
from concurrent.futures import ThreadPoolExecutor
from datetime import date, timedelta
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import func, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from app.audit import AuditEntry
from app.cases.actions import Swept, sweep
from app.cases.models import Case, CaseEvent
from app.cases.rules import limitation_end
from app.cases.states import CloseReason, Event, State
from app.db import db
from app.intake import settle
from app.loans.models import Loan
from tests.cases.sweeping import cases_of, events, kinds, swept, the_case
from tests.loans.portfolio import (
    AGANG,
    LAOCHANG,
    NOVEMBER,
    OCTOBER,
    WAN,
    branch,
    collector,
    loan,
    overdue_loan,
)

DAY = timedelta(days=1)


def test_new_cases_have_the_end_of_their_period(session: Session) -> None:
    """As the rule tells it, also where the month of the end is shorter."""
    dues = [date(2020, 1, 1) + DAY * n for n in range(0, 366, 5)] + [date(2020, 2, 28), date(2020, 2, 29)]
    for due in dues:
        overdue_loan(session, due_on=due)
    assert swept(session).opened == len(dues)
    kept = session.execute(select(Case.due_on, Case.limitation_on)).all()
    assert [ends for _, ends in kept] == [limitation_end(due, []) for due, _ in kept]
    assert date(2023, 3, 1) not in [ends for due, ends in kept if due.month == 2]


def test_nothing_overdue_nothing_done_and_nothing_recorded(session: Session) -> None:
    loan(session)
    loan(session, balance=0)
    assert swept(session) == Swept(0, 0, 0, 0, 0)
    assert session.scalar(select(func.count()).where(AuditEntry.action == "cases.sweep")) == 0


@pytest.mark.parametrize(
    ("state", "day", "overdue"),
    [
        ({"overdue": 2 * WAN, "due_on": date(2023, 8, 31)}, OCTOBER, 2 * WAN),  # as the ledger says
        ({"due_on": OCTOBER}, OCTOBER, 0),  # the due date itself is in time
        ({"due_on": OCTOBER}, OCTOBER + DAY, 5 * WAN),
        ({"due_on": OCTOBER, "effective_due_on": OCTOBER + DAY}, OCTOBER + DAY, 0),  # a day off in between
        ({"due_on": date(2023, 8, 31)}, NOVEMBER, 0),  # the ledger knew, and did not call it overdue
        ({"balance": 0, "due_on": OCTOBER}, NOVEMBER, 0),
    ],
)
def test_a_case_opens_for_what_is_overdue_on_the_day(
    session: Session, state: dict[str, Any], day: date, overdue: int
) -> None:
    made = loan(session, **state)
    assert swept(session, day).opened == (1 if overdue else 0)
    for opened in cases_of(session, made):
        assert (opened.overdue, opened.opened_on, opened.closed_on) == (overdue, day, None)
        assert (opened.due_on, opened.township_code) == (made.effective_due_on, made.township_code)
        (event,) = events(session, opened)
        assert (event.kind, event.on, event.amount) == (Event.OPENED, day, overdue)


def test_sweeping_again_changes_nothing(session: Session) -> None:
    collector(session, AGANG)
    overdue_loan(session)
    assert swept(session) == Swept(opened=1, closed=0, assigned=0, open=1, unassigned=1)
    for day in (OCTOBER, OCTOBER + DAY):
        assert swept(session, day) == Swept(opened=0, closed=0, assigned=0, open=1, unassigned=1)
    assert session.scalar(select(func.count()).select_from(CaseEvent)) == 1
    assert session.scalar(select(func.count()).where(AuditEntry.action == "cases.sweep")) == 1


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"balance": 0, "overdue": 0}, CloseReason.REPAID),
        ({"overdue": 0, "effective_due_on": date(2024, 8, 31)}, CloseReason.EXTENDED),
        ({"overdue": 0}, CloseReason.CAUGHT_UP),
        ({"balance": 0, "overdue": 0, "effective_due_on": date(2024, 8, 31)}, CloseReason.REPAID),
    ],
)
def test_a_case_closes_with_its_reason_and_a_new_one_opens_when_it_comes_back(
    session: Session, change: dict[str, Any], reason: CloseReason
) -> None:
    made, other = overdue_loan(session), overdue_loan(session)
    swept(session)
    for name, value in (change | {"as_of": NOVEMBER}).items():
        setattr(made, name, value)  # not flushed: the sweep sees it all the same
    assert swept(session, NOVEMBER) == Swept(opened=0, closed=1, assigned=0, open=1, unassigned=1)
    closed = the_case(session, made)
    assert (closed.closed_on, closed.close_reason, closed.overdue) == (NOVEMBER, reason, 0)
    assert kinds(session, closed) == [Event.OPENED, Event.CLOSED]
    assert events(session, closed)[-1].reason is reason
    assert the_case(session, other).closed_on is None

    made.overdue = made.balance = 1 * WAN
    swept(session, date(2023, 12, 31))
    first, second = cases_of(session, made)
    assert first.closed_on == NOVEMBER and kinds(session, first) == [Event.OPENED, Event.CLOSED]
    assert (second.closed_on, second.opened_on) == (None, date(2023, 12, 31))
    assert kinds(session, second) == [Event.OPENED]


def test_a_sweep_of_an_earlier_day_closes_no_case_before_it_opened(session: Session) -> None:
    made = overdue_loan(session)
    swept(session, NOVEMBER)
    made.overdue = 0
    assert swept(session, OCTOBER).closed == 1
    closed = the_case(session, made)
    assert closed.opened_on == closed.closed_on == NOVEMBER
    assert [event.on for event in events(session, closed)] == [NOVEMBER, NOVEMBER]


def test_closing_and_coming_back_on_one_day(session: Session) -> None:
    made = overdue_loan(session)
    for overdue in (5 * WAN, 0, 5 * WAN, 0):
        made.overdue = overdue
        swept(session)
    assert [kinds(session, case) for case in cases_of(session, made)] == [
        [Event.OPENED, Event.CLOSED],
        [Event.OPENED, Event.CLOSED],
    ]


def test_an_open_case_follows_its_loan(session: Session) -> None:
    made = overdue_loan(session, branch_id=branch(session).id)
    swept(session)
    made.overdue, made.effective_due_on = 3 * WAN, date(2023, 9, 30)
    made.township_code, made.branch_id = LAOCHANG, branch(session, "老厂支行").id
    assert swept(session, NOVEMBER).open == 1
    kept = the_case(session, made)
    assert (kept.overdue, kept.due_on, kept.opened_on) == (3 * WAN, date(2023, 9, 30), OCTOBER)
    assert (kept.township_code, kept.branch_id) == (made.township_code, made.branch_id)


# What the database itself holds to.
def case(of: Loan, closed_on: date | None = None) -> Case:
    return Case(
        loan_id=of.id,
        borrower_id=of.borrower_id,
        township_code=AGANG,
        state=State.CLOSED if closed_on else State.OPEN,
        version=0,
        due_on=OCTOBER,
        overdue=1,
        opened_on=OCTOBER,
        closed_on=closed_on,
    )


def test_the_database_refuses_a_second_open_case(session: Session) -> None:
    made = overdue_loan(session)
    session.add_all([case(made), case(made, NOVEMBER), case(made, NOVEMBER)])
    session.flush()
    session.add(case(made))
    with pytest.raises(IntegrityError):
        session.flush()


def test_the_trail_tells_what_a_sweep_did(session: Session) -> None:
    overdue_loan(session)
    sweep(session, OCTOBER, actor="office")
    entry = session.scalars(select(AuditEntry).where(AuditEntry.action == "cases.sweep")).one()
    assert entry.actor == "office"
    counts = {"opened": 1, "closed": 0, "assigned": 0, "open": 1, "unassigned": 1}
    assert entry.detail == {"day": "2023-10-31"} | counts


def test_two_sweeps_at_once_open_one_case(app: Flask, session: Session) -> None:
    """The worker's and one by hand: the second waits for the first, and finds nothing left to do."""
    made = overdue_loan(session)
    session.commit()

    def second() -> int:
        with app.app_context():
            opened = settle(db.session(), OCTOBER, "office").opened
            db.session.commit()
            return opened

    with ThreadPoolExecutor(1) as pool:
        first = settle(session, OCTOBER, "system").opened
        later = pool.submit(second)
        time.sleep(0.2)
        assert not later.done()
        session.commit()
        assert (first, later.result(timeout=30)) == (1, 0)
    assert len(cases_of(session, made)) == 1
