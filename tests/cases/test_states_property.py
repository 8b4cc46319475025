"""The declared table itself: every event in every state by everybody, its document, and what does not follow it."""

from pathlib import Path

import pytest

from app.accounts.rules import Role
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

ROLES = (SYSTEM, *Role)


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
