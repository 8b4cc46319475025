"""A simulated clock and provider explore the state table: nothing planned is lost, nothing is sent twice.

The model knows only what the provider took. The machine under test is the declared table with the rules of waiting.
"""

from collections import Counter

from hypothesis import settings
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from app.reminders.states import MAY_HAVE_ARRIVED, TRANSITIONS, Event, State, follow


class Life(RuleBasedStateMachine):
    """One message, a worker that may die at any step, a provider that may or may not have taken it."""

    def __init__(self) -> None:
        super().__init__()
        self.state = State.PENDING
        self.fence = 0
        self.working: int | None = None  # the fence that a living worker holds
        self.taken = 0
        self.asleep: list[int] = []

    def fire(self, event: Event, fence: int) -> bool:
        after = follow(self.state, event)
        if after is None or fence != self.fence:
            return False
        self.state = after
        return True

    @rule()
    def claim(self) -> None:
        if self.working is None and self.fire(Event.CLAIMED, self.fence):
            self.fence += 1
            self.working = self.fence

    @rule()
    def sent_and_acknowledged(self) -> None:
        if self.working is not None:
            self.taken += 1
            self.fire(Event.TAKEN, self.working)
            self.working = None

    @rule()
    def taken_without_an_answer(self) -> None:
        if self.working is not None:
            self.taken += 1
            self.fire(Event.LOST, self.working)
            self.working = None

    @rule()
    def not_sent(self) -> None:
        if self.working is not None:
            self.fire(Event.NOT_SENT, self.working)
            self.working = None

    @rule()
    def killed_before_sending(self) -> None:
        self.working = None

    @rule()
    def killed_after_sending(self) -> None:
        if self.working is not None:
            self.taken += 1
            self.working = None

    @rule()
    def stopped(self) -> None:
        if self.working is not None:
            self.asleep.append(self.working)
            self.taken += 1  # its request was already on the way
            self.working = None

    @rule()
    def resumed(self) -> None:
        for fence in self.asleep:
            self.fire(Event.TAKEN, fence)
            self.fire(Event.NOT_SENT, fence + 1)
        self.asleep.clear()

    @rule()
    def lease_ran_out(self) -> None:
        if self.working is None:
            self.fire(Event.LOST, self.fence)

    @rule()
    def looked_up(self) -> None:
        self.fire(Event.FOUND if self.taken else Event.ABSENT, self.fence)

    @rule()
    def receipts(self) -> None:
        if self.taken:
            self.fire(Event.RECEIPT_DELIVERED, self.fence)
            self.fire(Event.RECEIPT_SENT, self.fence)

    @rule()
    def too_late(self) -> None:
        self.fire(Event.TOO_LATE, self.fence)

    @invariant()
    def never_twice(self) -> None:
        assert self.taken <= 1

    @invariant()
    def never_lost(self) -> None:
        """What arrived is counted as such, and what claims to have arrived did."""
        if self.taken:
            assert self.state in MAY_HAVE_ARRIVED
        if self.state in (State.ACCEPTED, State.SENT, State.DELIVERED):
            assert self.taken == 1


Life.TestCase.settings = settings(max_examples=150, stateful_step_count=25)
TestLife = Life.TestCase


def test_nothing_leads_back_from_unknown_to_sending() -> None:
    reached, edge = {State.UNKNOWN}, {State.UNKNOWN}
    while edge:
        edge = {row.target for row in TRANSITIONS for state in edge if state in row.sources} - reached
        reached |= edge
    assert not reached & {State.PENDING, State.SENDING}


def test_the_table_is_a_function_and_reaches_every_state() -> None:
    assert max(Counter((s, row.event) for row in TRANSITIONS for s in row.sources).values()) == 1
    assert {row.target for row in TRANSITIONS} | {State.PENDING} == set(State)
