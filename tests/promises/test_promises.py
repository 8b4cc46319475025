"""Promises and reported repayments as they are kept: refused, taken, judged, revised."""

from datetime import date, timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import delete, func, select
from sqlalchemy.orm import Session

from app.accounts.models import User
from app.accounts.rules import EVERYTHING
from app.cases.models import Case, CaseEvent
from app.cases.states import Event, State
from app.contacts.actions import Entry
from app.contacts.models import Contact
from app.loans.models import Repayment
from app.loans.rules import RepaymentSource
from app.promises.actions import (
    PromiseRefused,
    Report,
    Terms,
    cancel_promise,
    report_repayment,
    take_promise,
    withdraw_report,
)
from app.promises.judging import judge_promises
from app.promises.lists import By, kept
from app.promises.models import Instalment, Promise, ReportedRepayment
from app.promises.queries import contradictions, owed, panel
from app.promises.rules import Part, Payment, PromiseState, ReportState, judge
from app.promises.settling import settle_reports
from tests.contacts.conftest import Clock
from tests.loans.portfolio import NOVEMBER, WAN, snapshot

DAY, DUE = date(2023, 11, 8), date(2023, 11, 20)
NOTE = Entry("卖牛后归还")


def promised(session: Session, case: Case, author: User, *parts: Part, key: str | None = None) -> Promise:
    parts = parts or (Part(DUE, WAN),)
    return take_promise(session, case, author, Terms(sum(p.amount for p in parts), parts, key), NOTE, DAY)


def repaid(session: Session, case: Case, on: date, amount: int, as_of: date | None = None) -> Repayment:
    made = Repayment(
        loan_id=case.loan_id, as_of=as_of or on, paid_on=on, amount=amount, source=RepaymentSource.LEDGER
    )
    session.add(made)
    session.flush()
    return made


@pytest.fixture(autouse=True)
def _held(clock: Clock) -> None:
    """The clock stands on DAY."""


def test_a_promise_above_what_is_owed_leaves_nothing_behind(
    session: Session, case: Case, author: User
) -> None:
    with pytest.raises(PromiseRefused) as refused:
        promised(session, case, author, Part(DUE, case.loan.balance + 1))
    assert refused.value.field == "amount"
    assert session.scalar(select(func.count()).select_from(Contact)) == 0


def test_a_promise_writes_its_note_and_moves_the_case(session: Session, case: Case, author: User) -> None:
    made = promised(session, case, author)
    assert (case.state, case.promise_due_on) == (State.PROMISED, DUE)
    assert session.get_one(Contact, made.contact_id).text == NOTE.text
    assert case.limitation_on == date(2026, 11, 8)


def test_sent_twice_it_counts_once(session: Session, case: Case, author: User) -> None:
    assert promised(session, case, author, key="k").id == promised(session, case, author, key="k").id
    assert session.scalar(select(func.count()).select_from(Contact)) == 1


def test_a_new_promise_replaces_the_open_one(
    session: Session, case: Case, author: User, banker: User
) -> None:
    old = promised(session, case, author, Part(DUE, WAN), Part(DUE + timedelta(30), WAN))
    judge_promises(session, DUE + timedelta(1))
    new = promised(session, case, banker)
    assert (old.state, new.state) == (PromiseState.CANCELLED, PromiseState.OPEN)
    assert [part.state for part in old.instalments] == [PromiseState.BROKEN, PromiseState.CANCELLED]


def test_cancelling_needs_a_reason(session: Session, case: Case, author: User) -> None:
    made = promised(session, case, author)
    with pytest.raises(PromiseRefused):
        cancel_promise(session, made, author, " ", DAY)
    cancel_promise(session, made, author, "记错了", DAY)
    assert (made.state, case.state, case.promise_due_on) == (PromiseState.CANCELLED, State.WORKING, None)


def test_broken_on_its_own_day_however_late_it_is_judged(session: Session, case: Case, author: User) -> None:
    made = promised(session, case, author)
    assert judge_promises(session, DUE) == 0
    assert judge_promises(session, DUE + timedelta(10)) == 1
    assert (made.state, made.judged_on) == (PromiseState.BROKEN, DUE + timedelta(1))
    assert (case.state, case.promise_broken_on) == (State.WORKING, DUE + timedelta(1))
    assert judge_promises(session, DUE + timedelta(11)) == 0


def test_a_later_ledger_revises_the_verdict_and_tells_it(session: Session, case: Case, author: User) -> None:
    made = promised(session, case, author)
    judge_promises(session, DUE + timedelta(1))
    repaid(session, case, DUE, WAN, NOVEMBER)
    assert judge_promises(session, NOVEMBER) == 1
    assert (made.state, case.promise_broken_on) == (PromiseState.KEPT, None)
    kinds = select(CaseEvent.kind).where(CaseEvent.case_id == case.id).order_by(CaseEvent.id)
    assert list(session.scalars(kinds))[-2:] == [Event.PROMISE_BROKEN, Event.PROMISE_KEPT]
    rate = kept(session, EVERYTHING, NOVEMBER, By.LINE)[-1]
    assert (rate.kept, rate.judged) == (1, 1)


@pytest.mark.parametrize(
    ("report", "field"),
    [
        (Report(0, DAY, "收据"), "amount"),
        (Report(6 * WAN, DAY, "收据"), "amount"),
        (Report(WAN, DAY + timedelta(1), "收据"), "paid_on"),
        (Report(WAN, date(2020, 1, 1), "收据"), "paid_on"),
        (Report(WAN, DAY, " "), "evidence"),
    ],
)
def test_a_report_that_cannot_be_is_refused(
    session: Session, case: Case, author: User, report: Report, field: str
) -> None:
    with pytest.raises(PromiseRefused) as refused:
        report_repayment(session, case, author, report, DAY)
    assert refused.value.field == field


def test_the_same_report_again_is_asked_about(session: Session, case: Case, author: User) -> None:
    report_repayment(session, case, author, Report(WAN, DAY, "收据"), DAY)
    with pytest.raises(PromiseRefused) as refused:
        report_repayment(session, case, author, Report(WAN, DAY, "收据"), DAY)
    assert refused.value.field == "again"
    report_repayment(session, case, author, Report(WAN, DAY, "收据", again=True), DAY)
    assert owed(session, case) == 3 * WAN


def test_a_report_counts_once_when_the_ledger_confirms_it(session: Session, case: Case, author: User) -> None:
    made = promised(session, case, author, Part(DUE, 2 * WAN))
    report = report_repayment(session, case, author, Report(WAN, DAY, "收据"), DAY)
    snapshot(session, case.loan, NOVEMBER)
    repaid(session, case, NOVEMBER, WAN)
    assert settle_reports(session, NOVEMBER) == (1, 0)
    judge_promises(session, NOVEMBER)
    assert report.state is ReportState.CONFIRMED
    assert (made.state, made.paid) == (PromiseState.PARTIAL, WAN)  # on the reported day, and not twice


def test_a_report_that_the_ledger_does_not_show_breaks_the_promise(
    session: Session, case: Case, author: User
) -> None:
    made = promised(session, case, author)
    report = report_repayment(session, case, author, Report(WAN, DAY, "收据"), DAY)
    judge_promises(session, DUE + timedelta(1))
    assert made.state is PromiseState.KEPT
    assert settle_reports(session, NOVEMBER) == (0, 0)  # a ledger that does not list the loan says nothing
    snapshot(session, case.loan, NOVEMBER)
    assert settle_reports(session, NOVEMBER) == (0, 1)
    judge_promises(session, NOVEMBER)
    assert made.state is PromiseState.BROKEN
    assert contradictions(session, EVERYTHING) == [report]
    withdraw_report(session, report, author, "看错了", NOVEMBER)
    assert contradictions(session, EVERYTHING) == []


def test_the_panel_warns_of_the_end_of_the_period(session: Session, case: Case) -> None:
    assert not panel(session, case, DAY).limitation_near
    assert panel(session, case, date(2026, 8, 31)).limitation_near
    assert panel(session, case, date(2026, 9, 1)).limitation_over


_days = st.integers(-3, 20).map(lambda n: DAY + timedelta(n))


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.dictionaries(
        st.integers(0, 15).map(lambda n: DAY + timedelta(n)), st.integers(1, 300), min_size=1, max_size=4
    ),
    st.dictionaries(_days, st.integers(1, 400), max_size=4),
    st.lists(st.integers(0, 25).map(lambda n: DAY + timedelta(n)), min_size=1, max_size=3),
    st.integers(0, 3),
    st.integers(0, 30),
)
def test_the_statement_agrees_with_the_rule(
    session: Session,
    case: Case,
    author: User,
    due: dict[date, int],
    paid: dict[date, int],
    days: list[date],
    grace: int,
    tolerance: int,
) -> None:
    with session.begin_nested() as undo:
        session.execute(delete(ReportedRepayment))
        parts = [Part(*one) for one in due.items()]
        made = promised(session, case, author, *parts)
        made.tolerance = tolerance
        for part in made.instalments:
            part.until = part.due_on + timedelta(grace)
        for on, amount in paid.items():
            repaid(session, case, on, amount)
        for day in sorted(days):
            judge_promises(session, day)
        expected, judged = judge(
            parts, [Payment(*one) for one in paid.items()], grace, tolerance, DAY, max(days)
        )
        session.refresh(made)
        kept = session.execute(
            select(Instalment.paid, Instalment.state)
            .where(Instalment.promise_id == made.id)
            .order_by(Instalment.due_on)
        ).all()
        assert (made.state, [tuple(row) for row in kept]) == (expected, [(j.paid, j.state) for j in judged])
        undo.rollback()
    session.expire_all()
