"""Random days of a county against a simple model of its cases, and the declared table itself."""

from datetime import date, timedelta
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app.accounts.models import User
from app.accounts.rules import Role
from app.audit import AuditEntry
from app.cases.actions import EventRefused, fire, sweep
from app.cases.models import Case, CaseEvent
from app.cases.states import (
    CLOSINGS,
    SYSTEM,
    TRANSITIONS,
    CloseReason,
    Event,
    Refusal,
    State,
    document,
    follow,
    mermaid,
    replay,
)
from app.trail.verify import first_broken
from tests.loans.portfolio import AGANG, OCTOBER, branch, collector, overdue_loan

ROLES = (SYSTEM, *Role)
OPENABLE = [event for event in Event if event is not Event.OPENED]


@pytest.mark.parametrize("state", State, ids=str)
@pytest.mark.parametrize("event", Event, ids=str)
def test_every_event_in_every_state_by_everybody(state: State, event: Event) -> None:
    """Allowed as the table says, or refused with a sentence; never anything else."""
    rows = [row for row in TRANSITIONS if row.event is event and state in row.sources]
    assert len(rows) <= 1, "two rows for the same thing"
    for role in ROLES:
        for closing in (None, *CloseReason):
            after = follow(state, event, role, reason="因为", closing=closing)
            who = rows[0].who if rows else frozenset()
            if event is Event.CLOSED and closing is not None and rows:
                who = CLOSINGS[closing].who
            allowed = bool(rows) and role in who and not (event is Event.CLOSED and closing is None)
            if allowed:
                assert after is (rows[0].target or state)
            else:
                assert isinstance(after, Refusal) and str(after.sentence)


@pytest.mark.parametrize("row", [row for row in TRANSITIONS if row.needs_reason], ids=lambda row: row.event)
def test_what_needs_a_reason_is_refused_without_one(row: object) -> None:
    for state in row.sources:  # type: ignore[attr-defined]
        for role in row.who:  # type: ignore[attr-defined]
            assert isinstance(follow(state, row.event, role, reason="  "), Refusal)  # type: ignore[attr-defined]


def test_the_document_is_the_table() -> None:
    path = Path(__file__).parents[2] / "docs" / "cases.md"
    assert path.read_text("utf-8") == document(), "run: flask cases states > docs/cases.md"
    assert mermaid() in document()


def test_what_does_not_follow_the_table_does_not_replay() -> None:
    assert replay([(Event.OPENED, State.OPEN), (Event.CONTACTED, State.WORKING)])
    assert not replay([(Event.CONTACTED, State.WORKING)])
    assert not replay([(Event.OPENED, State.OPEN), (Event.CONTACTED, State.PROMISED)])
    assert not replay([(Event.OPENED, State.OPEN), (Event.HARDSHIP_ENDED, State.WORKING)])


ACTS = st.tuples(
    st.just("act"),
    st.integers(0, 2),
    st.sampled_from(OPENABLE),
    st.sampled_from([None, Role.OFFICE, Role.LEADER, Role.TOWNSHIP]),
    st.sampled_from([None, *CloseReason]),
)
LEDGERS = st.tuples(st.just("ledger"), st.integers(0, 2), st.booleans())
STEPS = st.lists(st.one_of(ACTS, LEDGERS, st.tuples(st.just("sweep"))), min_size=4, max_size=16)


@settings(max_examples=10, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps=STEPS)
def test_no_twins_nothing_lost_and_everything_replays(
    session: Session, steps: list[tuple[object, ...]]
) -> None:
    session.rollback()
    people: dict[Role | None, User | None] = {None: None, Role.TOWNSHIP: collector(session, AGANG)}
    for role in (Role.OFFICE, Role.LEADER):
        people[role] = collector(session, "530324", role=role)
    collector(session, branch(session))
    loans = [overdue_loan(session, branch_id=branch(session).id) for _ in range(3)]
    last = session.scalar(select(func.coalesce(func.max(AuditEntry.id), 0)))
    told: dict[int, list[tuple[Event, State]]] = {}
    day: date = OCTOBER
    sweep(session, day)
    for step in steps:
        session.expire_all()
        if step[0] == "ledger":
            loan = loans[step[1]]  # type: ignore[index]
            day += timedelta(days=1)
            loan.overdue, loan.as_of = (100 if step[2] else 0), day
            loan.due_on = loan.effective_due_on = date(2023, 8, 31)
        elif step[0] == "sweep":
            sweep(session, day)
        else:
            _, number, event, role, closing = step
            newest = select(Case).where(Case.loan_id == loans[number].id).order_by(Case.id.desc()).limit(1)  # type: ignore[index]
            case = session.scalars(newest).one()
            before = case.state
            expected = follow(before, event, role, reason="因为", closing=closing)  # type: ignore[arg-type]
            try:
                happened = fire(
                    session,
                    case,
                    event,
                    people[role],
                    day,
                    reason="因为",
                    closing=closing,  # type: ignore[arg-type, index]
                )
            except EventRefused:
                assert isinstance(expected, Refusal)
                assert case.state is before
            else:
                assert case.state is happened.state is expected
                told.setdefault(case.id, []).append((event, case.state))  # type: ignore[arg-type]
    session.expire_all()
    open_twins = (
        select(Case.loan_id).where(Case.closed_on.is_(None)).group_by(Case.loan_id).having(func.count() > 1)
    )
    assert session.scalars(open_twins).all() == []
    for case in session.scalars(select(Case)):
        rows = session.scalars(
            select(CaseEvent).where(CaseEvent.case_id == case.id).order_by(CaseEvent.id)
        ).all()
        assert replay([(row.kind, row.state) for row in rows])
        assert rows[-1].state is case.state
        acted = [(row.kind, row.state) for row in rows]
        for one in told.get(case.id, []):  # in their order, none lost
            assert one in acted
            del acted[: acted.index(one) + 1]
        trail = session.scalars(
            select(AuditEntry)
            .where(AuditEntry.entity == "case", AuditEntry.entity_id == str(case.id), AuditEntry.id > last)
            .order_by(AuditEntry.id)
        ).all()
        mine = [(entry.action.removeprefix("cases."), entry.detail["after"]) for entry in trail]
        assert mine == [(event.value, state.value) for event, state in told.get(case.id, [])]
    assert first_broken(session) is None
    session.rollback()
