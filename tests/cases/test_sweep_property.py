"""The bulk sweep is ``overdue_at`` and ``decide``, loan by loan: random portfolios, swept both ways, agree."""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import date, timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import insert, select, update
from sqlalchemy.orm import Session

from app.cases.actions import Swept, sweep
from app.cases.models import Case, CaseEvent
from app.cases.rules import Close, Open, decide
from app.cases.states import CloseReason, Event
from app.loans.models import Loan
from app.loans.queries import overdue_on
from app.loans.rules import overdue_at
from tests.loans.portfolio import AGANG, LAOCHANG, branch, collector, person

pytestmark = pytest.mark.slow

FIRST = date(2023, 10, 1)
# Few days and few amounts, so that the edges meet: due on the ledger's day, on the sweep's, the day before.
DAYS = st.integers(0, 8).map(lambda n: FIRST + timedelta(days=n))
AMOUNTS = st.sampled_from([0, 0, 1, 500])


@dataclass(frozen=True)
class Standing:
    """How one loan stands."""

    balance: int
    overdue: int
    as_of: date
    due: date
    township: str
    at_branch: bool


@dataclass
class Kept:
    """A case as the slow and obvious sweep keeps it."""

    opened_on: date
    due: date
    overdue: int
    closed_on: date | None = None
    reason: CloseReason | None = None
    events: list[Event] = field(default_factory=lambda: [Event.OPENED])


STANDINGS = st.builds(
    Standing, AMOUNTS, AMOUNTS, DAYS, DAYS, st.sampled_from([AGANG, LAOCHANG]), st.booleans()
)


@dataclass(frozen=True)
class Step:
    """What the next ledger changes, and the day of the sweep after it."""

    day: date
    changes: dict[int, Standing]


STEPS = st.lists(st.builds(Step, DAYS, st.dictionaries(st.integers(0, 5), STANDINGS, max_size=4)), max_size=4)


def swept_one_by_one(loans: list[Standing], cases: list[list[Kept]], day: date) -> tuple[int, int]:
    """The rules, applied to each loan in turn. Returns (opened, closed)."""
    opened = closed = 0
    for standing, history in zip(loans, cases, strict=True):
        now = history[-1] if history and history[-1].closed_on is None else None
        overdue = overdue_at(
            balance=standing.balance,
            ledger_overdue=standing.overdue,
            as_of=standing.as_of,
            effective_due=standing.due,
            day=day,
        )
        decision = decide(
            overdue=overdue,
            balance=standing.balance,
            has_open_case=now is not None,
            case_due=now.due if now else None,
            effective_due=standing.due,
        )
        if isinstance(decision, Open):
            history.append(Kept(day, standing.due, overdue))
            opened += 1
        elif isinstance(decision, Close):
            assert now is not None
            now.closed_on, now.reason, now.overdue = max(day, now.opened_on), decision.reason, 0
            now.events.append(Event.CLOSED)
            closed += 1
        elif now is not None:
            now.due, now.overdue = standing.due, overdue
    return opened, closed


class World:
    """The same loans in the database."""

    def __init__(self, session: Session) -> None:
        self.session = session
        self.branch = branch(session)
        self.borrower, self.household = person(session)
        self.holders = {AGANG: collector(session, AGANG).id, LAOCHANG: collector(session, LAOCHANG).id}
        self.banker = collector(session, self.branch).id
        self.ids: list[int] = []

    def _values(self, standing: Standing) -> dict[str, object]:
        return {
            "balance": standing.balance,
            "overdue": standing.overdue,
            "as_of": standing.as_of,
            "due_on": standing.due,
            "effective_due_on": standing.due,
            "township_code": standing.township,
            "branch_id": self.branch.id if standing.at_branch else None,
        }

    def lend(self, standings: list[Standing]) -> None:
        same = {
            "lender_id": self.branch.lender_id,
            "borrower_id": self.borrower.id,
            "household_id": self.household.id,
            "principal": 500,
            "disbursed_on": date(2022, 1, 1),
        }
        rows = [same | self._values(s) | {"contract_no": f"P-{n}"} for n, s in enumerate(standings)]
        if rows:
            self.session.execute(insert(Loan), rows)
        self.ids = list(
            self.session.scalars(select(Loan.id).where(Loan.contract_no.like("P-%")).order_by(Loan.id))
        )

    def change(self, number: int, standing: Standing) -> None:
        self.session.execute(update(Loan).where(Loan.id == self.ids[number]).values(self._values(standing)))

    def overdue(self, day: date) -> list[int]:
        query = select(overdue_on(day)).where(Loan.id.in_(self.ids)).order_by(Loan.id)
        return list(self.session.scalars(query))

    def cases(self) -> list[list[Kept]]:
        told: dict[int, list[Event]] = {}
        for event in self.session.execute(select(CaseEvent.case_id, CaseEvent.kind).order_by(CaseEvent.id)):
            if event.kind is not Event.ASSIGNED:
                told.setdefault(event.case_id, []).append(event.kind)
        columns = (Case.id, Case.loan_id, Case.opened_on, Case.due_on, Case.overdue, Case.closed_on)
        found: dict[int, list[Kept]] = {number: [] for number in self.ids}
        for row in self.session.execute(select(*columns, Case.close_reason).order_by(Case.id)):
            found[row.loan_id].append(
                Kept(row.opened_on, row.due_on, row.overdue, row.closed_on, row.close_reason, told[row.id])
            )
        return list(found.values())

    def lines_of_open_cases(self) -> dict[int, tuple[int | None, int | None]]:
        columns = (Case.loan_id, Case.township_user_id, Case.branch_user_id)
        open_cases = self.session.execute(select(*columns).where(Case.closed_on.is_(None)))
        return {row.loan_id: (row.township_user_id, row.branch_user_id) for row in open_cases}


@pytest.fixture
def world(session: Session) -> Iterator[World]:
    made = World(session)
    session.commit()
    yield made
    session.rollback()


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(first=st.lists(STANDINGS, min_size=1, max_size=6), day=DAYS, steps=STEPS)
def test_all_at_once_is_one_by_one(world: World, first: list[Standing], day: date, steps: list[Step]) -> None:
    loans = list(first)
    expected: list[list[Kept]] = [[] for _ in loans]
    try:
        world.lend(loans)
        for step in [Step(day, {}), *steps]:
            for number, standing in step.changes.items():
                if number < len(loans):
                    loans[number] = standing
                    world.change(number, standing)
            opened, closed = swept_one_by_one(loans, expected, step.day)
            done = sweep(world.session, step.day)

            assert (done.opened, done.closed) == (opened, closed)
            assert world.cases() == expected
            assert world.overdue(step.day) == [
                overdue_at(
                    balance=s.balance,
                    ledger_overdue=s.overdue,
                    as_of=s.as_of,
                    effective_due=s.due,
                    day=step.day,
                )
                for s in loans
            ]
            lines = world.lines_of_open_cases()
            assert lines == {
                world.ids[n]: (world.holders[s.township], world.banker if s.at_branch else None)
                for n, s in enumerate(loans)
                if world.ids[n] in lines
            }
            assert (done.open, done.unassigned) == (len(lines), sum(None in pair for pair in lines.values()))
            assert sweep(world.session, step.day) == replace(done, opened=0, closed=0, assigned=0)
            assert world.cases() == expected
    finally:
        world.session.rollback()


def test_the_obvious_sweep_can_disagree(world: World) -> None:
    """The comparison above is not empty: a loan changed in the database alone is noticed."""
    standing = Standing(500, 500, FIRST, FIRST, AGANG, True)
    expected: list[list[Kept]] = [[]]
    world.lend([standing])
    assert swept_one_by_one([replace(standing, overdue=499)], expected, FIRST) == (1, 0)
    assert sweep(world.session, FIRST) == Swept(opened=1, closed=0, assigned=0, open=1, unassigned=0)
    assert world.cases() != expected
