"""Promises and limitation periods as days pass, ledgers come, and two people act at once."""

from datetime import date, timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import select, update
from sqlalchemy.orm import Session

from app.accounts.models import User
from app.cases.actions import sweep
from app.cases.limitation import restart_by_ledger, restart_limitation, start_limitation
from app.cases.models import Case
from app.cases.rules import limitation_end
from app.contacts.actions import Entry
from app.loans.models import Loan, Repayment
from app.loans.rules import RepaymentSource
from app.promises.actions import Report, Terms, report_repayment, take_promise, withdraw_report
from app.promises.judging import judge_promises
from app.promises.models import Promise
from app.promises.queries import last_restart
from app.promises.rules import Part, PromiseState, Restart
from app.promises.settling import must_revise, settle_reports
from tests.contacts.conftest import Clock
from tests.loans.portfolio import NOVEMBER, WAN, snapshot

DAY, DUE = date(2023, 11, 8), date(2023, 11, 20)


@pytest.fixture(autouse=True)
def _held(clock: Clock) -> None:
    """The clock stands on DAY."""


def promised(session: Session, case: Case, author: User, *days: date) -> Promise:
    parts = [Part(on, WAN // 10) for on in days]
    return take_promise(
        session, case, author, Terms(sum(p.amount for p in parts), parts), Entry("卖牛后归还"), DAY
    )


def test_a_jump_over_ten_days_judges_each_part_as_of_its_own_day(
    session: Session, case: Case, author: User
) -> None:
    days = [DUE + timedelta(n) for n in (0, 3, 12)]
    made = promised(session, case, author, *days)
    session.add(
        Repayment(
            loan_id=case.loan_id, as_of=DUE, paid_on=DUE, amount=WAN // 10, source=RepaymentSource.LEDGER
        )
    )
    judge_promises(session, DUE + timedelta(10))
    states = [part.state for part in made.instalments]
    assert states == [PromiseState.KEPT, PromiseState.BROKEN, PromiseState.OPEN]
    assert case.promise_broken_on == days[1] + timedelta(1)
    assert (case.promise_due_on, made.state) == (days[2], PromiseState.OPEN)


def test_without_a_ledger_only_what_is_due_is_looked_at(session: Session, case: Case, author: User) -> None:
    made = promised(session, case, author, DUE)
    judge_promises(session, DUE + timedelta(1), revise=must_revise(session))
    assert made.state is PromiseState.BROKEN
    session.add(
        Repayment(
            loan_id=case.loan_id, as_of=NOVEMBER, paid_on=DUE, amount=WAN, source=RepaymentSource.LEDGER
        )
    )
    assert judge_promises(session, NOVEMBER, revise=must_revise(session)) == 0
    settle_reports(session, NOVEMBER)  # what every ledger does
    assert judge_promises(session, NOVEMBER, revise=must_revise(session)) == 1
    assert made.state is PromiseState.KEPT
    assert not must_revise(session)


@pytest.mark.parametrize("withdrawn", [True, False])
def test_a_repayment_that_was_none_does_not_begin_the_period_anew(
    session: Session, case: Case, author: User, withdrawn: bool
) -> None:
    before = case.limitation_on
    report = report_repayment(session, case, author, Report(WAN, DAY, "收据"), DAY)
    assert (case.limitation_on, last_restart(session, case)) == (
        limitation_end(DAY, []),
        (Restart.PAYMENT, DAY),
    )
    if withdrawn:
        withdraw_report(session, report, author, "看错了", DAY)
    else:
        snapshot(session, case.loan, NOVEMBER)
        settle_reports(session, NOVEMBER)
    assert (case.limitation_on, last_restart(session, case)) == (before, None)


def test_the_cause_of_the_last_restart(session: Session, case: Case, author: User) -> None:
    assert last_restart(session, case) is None
    promised(session, case, author, DUE)
    assert last_restart(session, case) == (Restart.PROMISE, DAY)


def test_a_later_due_date_does_not_shorten_a_period_begun_anew(session: Session, case: Case) -> None:
    restart_limitation(session, case, DAY, "promise")
    session.execute(
        update(Loan).where(Loan.id == case.loan_id).values(effective_due_on=case.due_on + timedelta(20))
    )
    sweep(session, DAY)
    session.expire_all()
    assert case.limitation_on == limitation_end(case.due_on, [DAY])


def test_a_due_date_later_than_all_begins_the_period_itself(session: Session, case: Case) -> None:
    restart_limitation(session, case, case.due_on + timedelta(1), "promise")
    due = case.due_on + timedelta(30)
    session.execute(update(Loan).where(Loan.id == case.loan_id).values(effective_due_on=due))
    sweep(session, due + timedelta(1))
    session.expire_all()
    assert (case.closed_on, case.limitation_on) == (None, limitation_end(due, []))


_on = st.dates(date(2020, 1, 1), date(2030, 12, 31))


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.dates(date(2019, 1, 31), date(2023, 12, 31)), st.lists(_on, max_size=5, unique=True))
def test_the_kept_period_is_the_rules(session: Session, case: Case, due: date, days: list[date]) -> None:
    """Set once for many cases, then begun anew by people and by ledgers in the order of time."""
    with session.begin_nested() as undo:
        session.execute(update(Case).values(due_on=due, limitation_on=None))
        start_limitation(session)
        session.expire_all()
        for number, on in enumerate(sorted(days)):
            if number % 2:
                restart_limitation(session, case, on, "promise")
            else:
                session.add(
                    Repayment(
                        loan_id=case.loan_id, as_of=on, paid_on=on, amount=1, source=RepaymentSource.LEDGER
                    )
                )
                session.flush()
                restart_by_ledger(session, on)
                session.expire_all()
        kept = session.scalar(select(Case.limitation_on).where(Case.id == case.id))
        assert kept == limitation_end(due, days)
        undo.rollback()
    session.expire_all()
