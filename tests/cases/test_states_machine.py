"""Cases as a machine: whatever people, ledgers and sweeps do, and in which order, against a simple model of it.

The model knows each loan's cases and, of each case, what must stand in its history. After every step the database has
the same: no loan with two open cases, no event lost, changed or made up, and a trail that leads to the same states.
"""

from dataclasses import dataclass, field
from datetime import date, timedelta

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app.accounts.models import User
from app.accounts.rules import Role
from app.audit import AuditEntry
from app.cases.actions import EventRefused, Overtaken, fire, sweep
from app.cases.handover import Order, hand_over, undo
from app.cases.models import Case, CaseEvent
from app.cases.rules import Close, Open, decide
from app.cases.states import SYSTEM, CloseReason, Event, Refusal, State, follow, replay
from app.contacts.actions import Entry, add_contact
from app.contacts.models import Contact
from app.contacts.rules import Channel, Disposition
from app.loans.models import Loan
from app.loans.rules import overdue_at
from app.promises.actions import PromiseRefused, Terms, take_promise
from app.promises.judging import judge_promises
from app.promises.rules import Part
from app.trail.verify import first_broken
from tests.contacts.conftest import Clock
from tests.loans.portfolio import AGANG, OCTOBER, WAN, branch, collector, overdue_loan

LOANS = 3
NUMBERS = st.integers(0, LOANS - 1)
DAYS = st.integers(1, 12)
EVENTS = st.sampled_from([event for event in Event if event is not Event.OPENED])
ROLES = st.sampled_from([SYSTEM, Role.OFFICE, Role.LEADER, Role.TOWNSHIP])
REASONS = st.sampled_from([None, *CloseReason])
WHY = "因为"


@dataclass
class Known:
    """A case as the model knows it: its history, and what decides what a sweep does."""

    due: date
    opened_on: date
    history: list[tuple[Event, State]] = field(default_factory=lambda: [(Event.OPENED, State.OPEN)])
    closed_on: date | None = None
    reason: CloseReason | None = None
    by_person: bool = False
    promised: date | None = None
    trail: list[tuple[str, str]] = field(
        default_factory=list
    )  # what is told one by one, and the state after it

    @property
    def state(self) -> State:
        return self.history[-1][1]

    def happens(
        self, event: Event, day: date, actor: Role | None, closing: CloseReason | None = None
    ) -> Refusal | None:
        """What the table of states makes of it."""
        after = follow(self.state, event, actor, reason=WHY, closing=closing)
        if isinstance(after, Refusal):
            return after
        self.history.append((event, after))
        if event is Event.CLOSED:
            self.closed_on, self.reason = max(day, self.opened_on), closing
            self.by_person = actor is not SYSTEM
        return None

    def told(self, event: Event) -> None:
        self.trail.append((event.value, self.state.value))


class Cases(RuleBasedStateMachine):
    """``session`` is emptied before each run, and so is what the model knows."""

    def __init__(self, session: Session, clock: Clock) -> None:
        super().__init__()
        self.session, self.clock = session, clock

    @initialize()
    def _begin(self) -> None:
        self.session.rollback()
        self.turn_to(OCTOBER)
        place = branch(self.session)
        self.people: dict[Role | None, User | None] = {None: None}
        for role in (Role.OFFICE, Role.LEADER):
            self.people[role] = collector(self.session, "530324", role=role)
        self.giver, self.taker = (collector(self.session, AGANG) for _ in range(2))
        self.people[Role.TOWNSHIP] = self.giver
        collector(self.session, place)
        self.loans = [overdue_loan(self.session, branch_id=place.id) for _ in range(LOANS)]
        self.last_entry = self.session.scalar(select(func.coalesce(func.max(AuditEntry.id), 0)))
        self.cases: list[list[Known]] = [[] for _ in self.loans]
        self.notes = self.written = 0
        self.sweeps()

    def turn_to(self, day: date) -> None:
        self.day = day
        self.clock(f"{day.isoformat()}T10:30")

    def newest(self, number: int) -> tuple[Known, Case]:
        query = select(Case).where(Case.loan_id == self.loans[number].id).order_by(Case.id.desc())
        return self.cases[number][-1], self.session.scalars(query.limit(1)).one()

    # What ledgers bring, and what follows

    @rule(number=NUMBERS, days=DAYS, overdue=st.booleans(), left=st.booleans(), later=st.booleans())
    def ledger(self, number: int, days: int, overdue: bool, left: bool, later: bool) -> None:
        """As the import leaves it: overdue or not, paid off or not, extended or not."""
        self.turn_to(self.day + timedelta(days))
        loan = self.loans[number]
        loan.as_of, loan.overdue = self.day, WAN if overdue else 0
        loan.balance = 5 * WAN if overdue or left else 0
        due = self.day + timedelta(5) if later and not overdue else date(2023, 8, 31)
        loan.due_on = loan.effective_due_on = due
        self.session.flush()
        self.sweeps()

    @rule(days=DAYS)
    def days_pass(self, days: int) -> None:
        self.turn_to(self.day + timedelta(days))
        self.sweeps()

    def sweeps(self) -> None:
        swept = sweep(self.session, self.day)
        opened = closed = 0
        for loan, cases in zip(self.loans, self.cases, strict=True):
            done = self._decided(loan, cases)
            opened, closed = opened + isinstance(done, Open), closed + isinstance(done, Close)
        assert (swept.opened, swept.closed) == (opened, closed)
        broken = 0
        for known in (one for cases in self.cases for one in cases):
            if known.promised is not None and known.promised < self.day:
                assert known.happens(Event.PROMISE_BROKEN, self.day, SYSTEM) is None
                known.promised, broken = None, broken + 1
        assert judge_promises(self.session, self.day, revise=False) == broken
        self.session.expire_all()

    def _decided(self, loan: Loan, cases: list[Known]) -> Open | Close | None:
        now = cases[-1] if cases and cases[-1].closed_on is None else None
        due = loan.effective_due_on
        overdue = overdue_at(
            balance=loan.balance,
            ledger_overdue=loan.overdue,
            as_of=loan.as_of,
            effective_due=due,
            day=self.day,
        )
        done = decide(
            overdue=overdue, balance=loan.balance, has_open_case=now is not None,
            case_due=now.due if now else None, effective_due=due,
        )  # fmt: skip
        if isinstance(done, Close) and now is not None:
            now.happens(Event.CLOSED, self.day, SYSTEM, done.reason)
            return done
        held = any(one.by_person and one.closed_on and one.closed_on >= loan.as_of for one in cases)
        if isinstance(done, Open) and not held:
            cases.append(Known(due, self.day))
            return done
        if now is not None and overdue > 0:
            now.due = due
        return None

    # What people bring about

    @rule(number=NUMBERS, event=EVENTS, role=ROLES, closing=REASONS)
    def act(self, number: int, event: Event, role: Role | None, closing: CloseReason | None) -> None:
        """Any event, brought by anybody: it happens as the table says, or nothing does."""
        known, found = self.newest(number)
        refused = known.happens(event, self.day, role, closing)
        if refused is None:
            known.told(event)
        try:
            happened = fire(
                self.session, found, event, self.people[role], self.day, reason=WHY, closing=closing
            )
        except EventRefused:
            assert refused is not None
        else:
            assert refused is None and happened.state is known.state

    @rule(number=NUMBERS)
    def act_on_an_old_page(self, number: int) -> None:
        _, found = self.newest(number)
        with pytest.raises(Overtaken):
            fire(self.session, found, Event.CONTACTED, self.giver, self.day, version=found.version - 1)

    @rule(number=NUMBERS, times=st.integers(1, 3))
    def note(self, number: int, times: int) -> None:
        """Sent again over a shaky connection it counts once; on a closed case it is kept too."""
        known, found = self.newest(number)
        self.notes += 1
        self.written += 1
        entry = Entry("在家", Channel.VISIT, disposition=Disposition.REFUSES, key=f"note-{self.notes}")
        for _ in range(times):
            add_contact(self.session, found, self.giver, entry, self.day)
        assert known.happens(Event.CONTACTED, self.day, Role.TOWNSHIP) is None
        known.told(Event.CONTACTED)

    @rule(number=NUMBERS, days=st.integers(0, 9))
    def promise(self, number: int, days: int) -> None:
        known, found = self.newest(number)
        due = self.day + timedelta(days)
        try:
            take_promise(self.session, found, self.giver, Terms(100, [Part(due, 100)]), Entry(""), self.day)
        except PromiseRefused:
            assert known.closed_on is not None
            return
        self.written += 1
        known.promised = due
        for event in (Event.CONTACTED, Event.PROMISE_TAKEN):
            assert known.happens(event, self.day, Role.TOWNSHIP) is None
            known.told(event)

    @rule(back=st.booleans())
    def hand_cases_over(self, back: bool) -> None:
        """All that one collector holds to another, perhaps taken back at once."""
        session, office = self.session, self.people[Role.OFFICE]
        mine = select(Case.loan_id).where(Case.township_user_id == self.giver.id, Case.closed_on.is_(None))
        meant = {loan.id: cases for loan, cases in zip(self.loans, self.cases, strict=True)}
        moved = [meant[loan_id][-1] for loan_id in session.scalars(mine)]
        made = hand_over(session, Order(self.giver, [self.taker], self.day, WHY), office, self.day)
        if back:
            assert undo(session, made, office, self.day).back == len(moved)
        for known in moved * (1 + back):
            assert known.happens(Event.ASSIGNED, self.day, Role.OFFICE) is None
        session.expire_all()

    # What always holds

    @invariant()
    def the_database_has_what_the_model_has(self) -> None:
        session = self.session
        session.flush()
        cases = session.scalars(
            select(Case).order_by(Case.id).execution_options(populate_existing=True)
        ).all()
        histories: dict[int, list[tuple[Event, State]]] = {}
        query = select(CaseEvent.case_id, CaseEvent.kind, CaseEvent.state).order_by(CaseEvent.id)
        for case_id, kind, state in session.execute(query):
            histories.setdefault(case_id, []).append((kind, state))
        for loan, known in zip(self.loans, self.cases, strict=True):
            mine = [case for case in cases if case.loan_id == loan.id]
            assert sum(case.closed_on is None for case in mine) <= 1
            assert [histories[case.id] for case in mine] == [one.history for one in known]
            stands = [(case.state, case.closed_on, case.close_reason) for case in mine]
            assert stands == [(one.state, one.closed_on, one.reason) for one in known]
            assert all(replay(one.history) for one in known)
            assert [case.previous_id for case in mine] == [None, *(case.id for case in mine)][: len(mine)]

    def teardown(self) -> None:
        """The trail leads to the same states, and is whole."""
        session = self.session
        entry = AuditEntry
        ours = select(entry).where(entry.entity == "case", entry.id > self.last_entry).order_by(entry.id)
        trails: dict[str, list[tuple[str, str]]] = {}
        for one in session.scalars(ours):
            if "after" in one.detail:
                trails.setdefault(one.entity_id, []).append(
                    (one.action.removeprefix("cases."), one.detail["after"])
                )
        for loan, known in zip(self.loans, self.cases, strict=True):
            ids = session.scalars(select(Case.id).where(Case.loan_id == loan.id).order_by(Case.id))
            assert [trails.pop(str(number), []) for number in ids] == [one.trail for one in known]
        assert not trails and first_broken(session) is None
        assert session.scalar(select(func.count()).select_from(Contact)) == self.written
        session.rollback()


RUNS = {"sqlite": 12, "postgresql": 5}


def test_whatever_happens_to_cases(session: Session, clock: Clock, db_kind: str) -> None:
    run_state_machine_as_test(
        lambda: Cases(session, clock),
        settings=settings(
            max_examples=RUNS[db_kind], stateful_step_count=15, deadline=None,
            suppress_health_check=list(HealthCheck),
        ),
    )  # fmt: skip


def test_a_lost_event_is_noticed(session: Session, clock: Clock) -> None:
    """The control: a case whose history lacks what the model has seen."""
    machine = Cases(session, clock)
    machine._begin()
    machine.note(0, 2)
    machine.the_database_has_what_the_model_has()
    machine.cases[0][-1].history.append((Event.ASSIGNED, State.WORKING))
    with pytest.raises(AssertionError):
        machine.the_database_has_what_the_model_has()
    machine.cases[0][-1].trail.pop()
    with pytest.raises(AssertionError):
        machine.teardown()
    session.rollback()
