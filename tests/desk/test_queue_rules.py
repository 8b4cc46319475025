"""Why a case is in the queue today: each reason at its edges, the order, and what makes it wait."""

from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import pytest

from app.accounts.rules import Role
from app.cases.states import RESTING, CloseReason, Event, State
from app.desk.rules import (
    BY_HAND,
    REASONS,
    CaseFacts,
    Move,
    Numbers,
    Reason,
    is_done,
    move_of,
    moves,
    place,
    reasons,
)

TODAY = date(2023, 12, 5)
N = Numbers(TODAY, new_days=7, limitation_days=180, contact_days=14, large=5_000_000)


def day(offset: int) -> date:
    return TODAY + timedelta(days=offset)


# Nothing speaks for this one: contacted last week, small, long overdue.
QUIET = CaseFacts(1, State.WORKING, day(-100), day(-99), 100, contact_on=day(-7))

EDGES: list[tuple[Reason, dict[str, Any], dict[str, Any]]] = [
    (Reason.BROKEN_PROMISE, {"promise_broken_on": day(-30)}, {"promise_broken_on": None}),
    (Reason.REPLY, {"replied_on": day(0)}, {"replied_on": None}),
    (Reason.PROMISE_DUE, {"promise_due_on": day(0)}, {"promise_due_on": day(1)}),
    (Reason.ACTION_DUE, {"action_on": day(0)}, {"action_on": day(1)}),
    (
        Reason.NEWLY_OVERDUE,
        {"due_on": day(-7), "contact_on": None, "opened_on": day(-6)},
        {"due_on": day(-7)},
    ),
    (Reason.LIMITATION, {"limitation_on": day(180)}, {"limitation_on": day(181)}),
    (Reason.NO_CONTACT, {"contact_on": day(-14)}, {"contact_on": day(-13)}),
    (Reason.LARGE_AMOUNT, {"overdue": 5_000_000}, {"overdue": 4_999_999}),
]


def test_a_case_without_a_reason_is_in_no_queue() -> None:
    assert reasons(QUIET, N) == () and place(QUIET, N) is None


@pytest.mark.parametrize(("reason", "holds", "does_not"), EDGES, ids=[str(e[0]) for e in EDGES])
def test_each_reason_at_its_edge(reason: Reason, holds: dict[str, Any], does_not: dict[str, Any]) -> None:
    assert reasons(replace(QUIET, **holds), N) == (reason,)
    assert reasons(replace(QUIET, **does_not), N) == ()


def test_the_table_has_every_reason_once_in_its_order() -> None:
    assert [rule.reason for rule in REASONS] == list(Reason)


def test_a_case_never_contacted_counts_from_its_opening() -> None:
    assert reasons(replace(QUIET, contact_on=None), N) == (Reason.NO_CONTACT,)
    assert reasons(replace(QUIET, contact_on=None, opened_on=day(-13)), N) == ()


def test_all_reasons_are_told_and_the_first_gives_the_place() -> None:
    loud = replace(QUIET, promise_broken_on=day(-2), overdue=6_000_000, limitation_on=day(9))
    assert reasons(loud, N) == (Reason.BROKEN_PROMISE, Reason.LIMITATION, Reason.LARGE_AMOUNT)
    found = place(loud, N)
    assert found is not None and (found.rank, found.since) == (0, day(-2))


def test_the_older_comes_first_then_the_larger_then_the_lower_number() -> None:
    broken = replace(QUIET, promise_broken_on=day(-2))
    cases = [
        replace(broken, id=4, overdue=50),
        replace(broken, id=3, overdue=50),
        replace(broken, id=2, overdue=90),
        replace(broken, id=9, promise_broken_on=day(-3)),
        replace(QUIET, id=1, promise_due_on=TODAY),
    ]
    places = [place(case, N) for case in cases]
    assert [p.id for p in sorted(filter(None, places), key=lambda p: p.key)] == [9, 2, 3, 4, 1]


@pytest.mark.parametrize(
    "waiting", [{"overdue": 9_000_000}, {"limitation_on": day(3)}, {"due_on": day(-2), "contact_on": None}]
)
def test_what_is_planned_for_a_later_day_waits_for_it(waiting: dict[str, Any]) -> None:
    case = replace(QUIET, opened_on=day(-1), **waiting)
    assert reasons(case, N) != () and reasons(replace(case, action_on=day(2)), N) == ()


def test_a_plan_does_not_hide_a_broken_promise_nor_neglect() -> None:
    case = replace(QUIET, promise_broken_on=day(-1), contact_on=day(-20), action_on=day(2))
    assert reasons(case, N) == (Reason.BROKEN_PROMISE, Reason.NO_CONTACT)


@pytest.mark.parametrize("state", RESTING)
def test_who_is_in_hardship_is_not_pressed_for_age_or_amount(state: State) -> None:
    case = replace(QUIET, state=state, overdue=9_000_000, contact_on=None, due_on=day(-3))
    assert reasons(case, N) == ()
    assert reasons(replace(case, action_on=TODAY, limitation_on=day(3)), N) == (
        Reason.ACTION_DUE,
        Reason.LIMITATION,
    )


def test_a_case_is_done_for_the_day_until_the_borrower_answers() -> None:
    assert is_done(replace(QUIET, contact_on=TODAY), N)
    assert not is_done(QUIET, N)
    assert not is_done(replace(QUIET, contact_on=TODAY, replied_on=TODAY), N)


def test_the_moves_are_those_of_the_table_of_states() -> None:
    assert [m.code for m in moves(State.WORKING, Role.TOWNSHIP)] == ["hardship_found"]
    assert "legal_started" in [m.code for m in moves(State.WORKING, Role.LEADER)]
    office = {m.closing for m in moves(State.OPEN, Role.OFFICE)} - {None}
    leader = {m.closing for m in moves(State.OPEN, Role.LEADER)} - {None}
    assert office - leader == {CloseReason.WRITTEN_OFF, CloseReason.IN_ERROR}
    assert CloseReason.REPAID not in office  # the ledger alone says so
    assert moves(State.CLOSED, Role.OFFICE) == [] == moves(State.OPEN, Role.AUDITOR)
    assert {m.event for state in State for m in moves(state, Role.OFFICE)} == set(BY_HAND)


def test_a_move_is_known_by_its_code_and_nothing_else_is_one() -> None:
    for known in (Move(Event.HARDSHIP_FOUND), Move(Event.CLOSED, CloseReason.RENEWED)):
        assert move_of(known.code) == known
    for code in (
        "",
        "closed",
        "closed:",
        "closed:lost",
        "contacted",
        "assigned",
        "hardship_found:repaid",
        "x:y",
    ):
        assert move_of(code) is None, code
