"""The statements that judge, held to the rules that they are made of, and to a number that does not grow."""

from datetime import date, timedelta
from itertools import combinations_with_replacement

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Integer, column, literal, select, union_all, values
from sqlalchemy.orm import Session

from app.accounts.models import User
from app.cases.models import Case, CaseEvent
from app.cases.states import SYSTEM, Event, State, follow
from app.contacts.actions import Entry
from app.db import Choice
from app.labels import Text
from app.loans.models import Repayment
from app.loans.rules import RepaymentSource
from app.promises.actions import Terms, take_promise
from app.promises.judging import after, judge_promises, verdict_of, whole_of
from app.promises.models import Promise
from app.promises.rules import Part, PromiseState, verdict, whole
from tests.contacts.conftest import Clock, new_case
from tests.desk.counting import statements
from tests.loans.portfolio import NOVEMBER, WAN, branch

DAY, DUE = date(2023, 11, 8), date(2023, 11, 20)
TRIPLES = st.tuples(st.integers(1, 1000), st.integers(0, 1200), st.integers(0, 20))


@pytest.fixture(autouse=True)
def _held(clock: Clock) -> None:
    clock("2023-11-08T10:30")


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(TRIPLES, min_size=1, max_size=60, unique=True))
def test_a_verdict_in_the_database_is_the_rules(
    session: Session, triples: list[tuple[int, int, int]]
) -> None:
    names = [column(name, Integer) for name in ("amount", "paid", "tolerance")]
    given_ = values(*names, name="given").data(triples).cte().c
    asked = (given_.amount, given_.paid, given_.tolerance)
    found = {
        (a, p, t): PromiseState(state)
        for a, p, t, state in session.execute(select(*asked, verdict_of(*asked)))
    }
    assert found == {one: verdict(*one) for one in triples}


def test_a_promise_in_the_database_is_the_rules(session: Session) -> None:
    """Every mixture of up to three instalments."""
    states = [state for state in PromiseState if state is not PromiseState.CANCELLED]
    mixed = [mix for size in (1, 2, 3) for mix in combinations_with_replacement(states, size)]
    rows = [
        select(literal(n).label("mix"), literal(state, Choice(PromiseState)).label("state"))
        for n, mix in enumerate(mixed)
        for state in mix
    ]
    part = union_all(*rows).subquery().c
    found = session.execute(select(part.mix, whole_of(part.state)).group_by(part.mix))
    assert {mixed[n]: PromiseState(state) for n, state in found} == {mix: whole(mix) for mix in mixed}


def test_a_state_in_the_database_is_the_tables(session: Session) -> None:
    for event in (Event.PROMISE_KEPT, Event.PROMISE_BROKEN):
        asked = select(*(after(literal(state.value), event) for state in State))
        found = [State(one) for one in session.execute(asked).one()]
        assert found == [follow(state, event, SYSTEM) for state in State]
    with pytest.raises(RuntimeError, match="not possible"):
        after(literal("open"), Event.HARDSHIP_ENDED)


def promised(session: Session, case: Case, author: User, *days: date) -> Promise:
    parts = [Part(on, WAN // 10) for on in days]
    return take_promise(session, case, author, Terms(len(parts) * WAN // 10, parts), Entry(""), DAY)


def test_two_verdicts_of_one_case_are_told_one_after_the_other(
    session: Session, case: Case, author: User
) -> None:
    old = promised(session, case, author, DUE)
    judge_promises(session, DUE + timedelta(1))
    new = promised(session, case, author, DUE + timedelta(5))
    version = case.version
    # A ledger shows both paid: the first is judged anew, the second for the first time.
    for promise in (old, new):
        session.add(
            Repayment(
                loan_id=case.loan_id, as_of=promise.last_due_on, paid_on=promise.last_due_on, amount=WAN // 10,
                source=RepaymentSource.LEDGER,
            )
        )  # fmt: skip
    assert judge_promises(session, NOVEMBER) == 2
    told = session.scalars(
        select(CaseEvent).where(CaseEvent.case_id == case.id).order_by(CaseEvent.id.desc()).limit(2)
    )
    second, first = told
    assert [(one.kind, one.state) for one in (first, second)] == [
        (Event.PROMISE_KEPT, State.WORKING), (Event.PROMISE_KEPT, State.WORKING),
    ]  # fmt: skip
    assert (first.on, second.on) == (NOVEMBER, DUE + timedelta(6))
    assert first.why and "judged anew" in str(Text.from_json(first.why)) and second.why is None
    assert (case.state, case.version, case.promise_broken_on) == (State.WORKING, version + 2, None)


def test_a_contact_after_the_day_takes_a_broken_promise_off_the_list(
    session: Session, case: Case, twin: Case, author: User
) -> None:
    for one in (case, twin):
        promised(session, one, author, DUE)
    twin.branch_contact_on = DUE + timedelta(1)
    judge_promises(session, DUE + timedelta(3))
    assert (case.promise_broken_on, twin.promise_broken_on) == (DUE + timedelta(1), None)


def test_many_promises_take_no_more_statements_than_one(session: Session, author: User, banker: User) -> None:
    counts = []
    for number in (1, 6):
        for _ in range(number):
            promised(
                session, new_case(session, branch_id=branch(session).id), author, DUE, DUE + timedelta(9)
            )
        with statements() as said:
            judge_promises(session, DUE + timedelta(number), revise=False)
        counts.append(len(said))
    assert counts[0] == counts[1]
    with statements() as said:  # the control: on a day without anything due it is asked once, and that is all
        assert judge_promises(session, DUE + timedelta(7), revise=False) == 0
    assert len(said) == 1
