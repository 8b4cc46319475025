"""The queue in SQL is ``rules.REASONS``: random cases, ordered both ways, come out alike."""

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from app.accounts.rules import EVERYTHING
from app.cases.models import Case, CaseEvent
from app.cases.states import OPEN_STATES
from app.desk import queries, rules
from app.desk.queries import Queue, facts_of
from app.desk.rules import Numbers
from app.forces.rules import Line
from tests.loans.portfolio import AGANG, branch, collector, loan

TODAY = date(2023, 12, 5)
N = Numbers(TODAY, new_days=3, limitation_days=4, contact_days=2, large=500)
# Few days and few amounts around every edge: the day itself, the one before, the one after.
DAYS = st.integers(-4, 5).map(lambda n: TODAY + timedelta(days=n))
MAYBE = st.none() | DAYS
AMOUNTS = st.sampled_from([1, 499, 500, 501])
DRAWN = st.fixed_dictionaries(
    {
        "state": st.sampled_from(OPEN_STATES),
        "due_on": DAYS,
        "opened_on": DAYS,
        "overdue": AMOUNTS,
        "township_contact_on": MAYBE,
        "branch_contact_on": MAYBE,
        "township_action_on": MAYBE,
        "branch_action_on": MAYBE,
        "promise_due_on": MAYBE,
        "promise_broken_on": st.none() | DAYS,
        "replied_on": st.none() | DAYS,
        "limitation_on": MAYBE,
        "closed_on": st.sampled_from([None, None, None, TODAY]),
        "mine": st.sampled_from([True, True, True, False]),
    }
)


@dataclass
class Ground:
    loans: list[int]
    borrower: int
    users: dict[Line, int]
    stranger: int


@pytest.fixture
def ground(session: Session) -> Ground:
    at = branch(session)
    made = [loan(session) for _ in range(6)]
    users = {Line.TOWNSHIP: collector(session, AGANG).id, Line.BRANCH: collector(session, at).id}
    return Ground([one.id for one in made], made[0].borrower_id, users, collector(session, AGANG).id)


def put(session: Session, ground: Ground, drawn: list[dict[str, Any]]) -> list[Case]:
    session.execute(delete(CaseEvent))
    session.execute(delete(Case))
    cases = []
    for loan_id, values in zip(ground.loans, drawn, strict=False):
        mine = {"township_user_id": ground.users[Line.TOWNSHIP], "branch_user_id": ground.users[Line.BRANCH]}
        holders = mine if values["mine"] else dict.fromkeys(mine, ground.stranger)
        kept = {name: value for name, value in values.items() if name != "mine"}
        cases.append(
            Case(
                loan_id=loan_id,
                borrower_id=ground.borrower,
                township_code=AGANG,
                version=0,
                **kept,
                **holders,
            )
        )
    session.add_all(cases)
    session.flush()
    return cases


def ordered(cases: list[Case], ground: Ground, line: Line) -> list[Case]:
    """The slow and obvious queue."""
    placed = []
    for case in cases:
        facts = facts_of(case, line)
        place = rules.place(facts, N)
        held_by = case.township_user_id if line is Line.TOWNSHIP else case.branch_user_id
        if held_by == ground.users[line] and case.closed_on is None and place and not rules.is_done(facts, N):
            placed.append((place.key, case))
    return [case for _, case in sorted(placed, key=lambda pair: pair[0])]


@pytest.mark.parametrize("line", list(Line), ids=str)
@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(drawn=st.lists(DRAWN, max_size=6))
def test_the_sql_is_the_rule(
    session: Session, ground: Ground, line: Line, drawn: list[dict[str, Any]]
) -> None:
    cases = put(session, ground, drawn)
    queue = Queue(line, (ground.users[line],), N, EVERYTHING)
    expected = ordered(cases, ground, line)
    assert [c.id for c in queries.entries(session, queue, None, 50)] == [c.id for c in expected]
    # Each reason by itself, not only the first.
    for reason, condition in queries.conditions(line, N).items():
        held = set(session.scalars(select(Case.id).where(condition)))
        assert held == {c.id for c in cases if reason in rules.reasons(facts_of(c, line), N)}, reason
    # The pages after each case, and the one that follows it.
    for position, case in enumerate(expected):
        place = rules.place(facts_of(case, line), N)
        rest = [c.id for c in expected[position + 1 :]]
        assert [c.id for c in queries.entries(session, queue, place, 50)] == rest
        assert queries.next_case(session, queue, place) == (rest or [expected[0].id])[0]
    counts = queries.to_do(session, queue)
    firsts = [rules.reasons(facts_of(c, line), N)[0] for c in expected]
    assert counts == {reason: firsts.count(reason) for reason in dict.fromkeys(firsts)}
