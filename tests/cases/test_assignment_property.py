"""Assignment in bulk is ``choose`` and ``share_out``, case by case: random rules and cases, both ways, agree."""

from collections.abc import Iterator
from datetime import date, timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.cases.models import Case
from app.forces.models import Absence, AssignmentRule
from app.forces.queries import slots_of
from app.forces.rules import Facts, Line, Method, choose, share_out
from app.places.models import Region
from app.places.rules import Level
from app.today import now
from tests.cases.sweeping import swept
from tests.loans.portfolio import AGANG, LAOCHANG, OCTOBER, WAN, branch, collector, overdue_loan

VILLAGE = AGANG + "201"
LOANS = st.tuples(
    st.sampled_from([AGANG, LAOCHANG]),
    st.booleans(),
    st.booleans(),
    st.integers(1, 4).map(lambda n: OCTOBER - timedelta(days=40 * n)),
    st.integers(1, 3).map(lambda n: n * WAN),
)
BOUND = st.sampled_from([None, None, 80, 120])
RULES = st.fixed_dictionaries(
    {
        "line": st.sampled_from(list(Line)),
        "area_code": st.sampled_from([None, "530324", AGANG, VILLAGE]),
        "min_days": BOUND,
        "max_days": BOUND,
        "min_amount": st.sampled_from([None, 2 * WAN]),
        "method": st.sampled_from(list(Method)),
        "turn": st.integers(0, 3),
        "active": st.sampled_from([True, True, True, False]),
        "users": st.sets(st.integers(0, 2), min_size=1),
    }
)


class World:
    def __init__(self, session: Session) -> None:
        self.session, self.branch = session, branch(session)
        session.add(Region(code=VILLAGE, parent_code=AGANG, level=Level.VILLAGE, name="某村", short="某村"))
        session.flush()
        self.users = {
            Line.TOWNSHIP: [
                collector(session, AGANG),
                collector(session, AGANG),
                collector(session, LAOCHANG),
            ],
            Line.BRANCH: [collector(session, self.branch) for _ in range(3)],
        }
        session.commit()


@pytest.fixture
def world(session: Session) -> Iterator[World]:
    yield World(session)
    session.rollback()


def first_there(world: World, line: Line, case: Facts, gone: set[int]) -> int | None:
    place = case.township if line is Line.TOWNSHIP else case.branch_id
    there = [one.id for one in world.users[line] if (one.region_code or one.branch_id) == place]
    present = [number for number in there if number not in gone]
    return (present or there or [None])[0]


def one_by_one(world: World, line: Line, cases: list[Facts], day: date, gone: set[int]) -> list[int | None]:
    slots = slots_of(world.session, day, line)
    chosen = [choose(slots, case, day) for case in cases]
    holders = [first_there(world, line, case, gone) for case in cases]
    loads: dict[int, int] = {}
    for slot in slots:
        mine = [n for n, one in enumerate(chosen) if one is slot]
        shares = share_out(slot, len(mine), loads)
        named = [u for u, share in zip(slot.users, shares, strict=True) for _ in range(share)]
        for n, user_id in zip(mine, named, strict=True):
            holders[n] = user_id
            loads[user_id] = loads.get(user_id, 0) + 1
    return holders


@settings(max_examples=20, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    loans=st.lists(LOANS, min_size=1, max_size=8),
    rules=st.lists(RULES, max_size=4),
    away=st.sets(st.tuples(st.sampled_from(list(Line)), st.integers(0, 2)), max_size=2),
)
def test_all_at_once_is_one_by_one(
    world: World, loans: list[Any], rules: list[dict[str, Any]], away: set[tuple[Line, int]]
) -> None:
    session = world.session
    try:
        for position, rule in enumerate(rules, 1):
            users = [world.users[rule["line"]][n] for n in sorted(rule["users"])]
            session.add(AssignmentRule(county_code="530324", position=position, **{**rule, "users": users}))
        gone = {world.users[line][n].id for line, n in away}
        for number in gone:
            session.add(Absence(user_id=number, starts_on=OCTOBER, ends_on=OCTOBER, entered_at=now()))
        made = [
            overdue_loan(
                session,
                township_code=township,
                village_code=VILLAGE if village and township == AGANG else None,
                branch_id=world.branch.id if at_branch else None,
                due_on=due_on,
                overdue=overdue,
            )
            for township, village, at_branch, due_on, overdue in loans
        ]
        session.flush()
        facts = [Facts(m.township_code, m.village_code, m.branch_id, m.due_on, m.overdue) for m in made]
        expected = [one_by_one(world, line, facts, OCTOBER, gone) for line in Line]
        swept(session)
        rows = session.scalars(select(Case).order_by(Case.loan_id)).all()
        assert [row.township_user_id for row in rows] == expected[0]
        assert [row.branch_user_id for row in rows] == expected[1]
    finally:
        session.rollback()
