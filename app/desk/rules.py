"""Why a case is in a collector's queue today, and where: the one definition of the order. Pure.

``REASONS`` is read from above: the first reason that holds gives a case its place, all that hold are told.
``queries`` says the same as SQL for thousands of cases at once; a property test holds the two together.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, timedelta
from typing import TypeAlias

from app.accounts.rules import Role
from app.cases.states import RESTING, CloseReason, Event, State, closings_for, possible
from app.labels import Labelled, T, Text


class Reason(Labelled):
    """The order of the members is the order of the queue."""

    BROKEN_PROMISE = "broken_promise", T("Promise broken")
    REPLY = "reply", T("The borrower has answered")
    PROMISE_DUE = "promise_due", T("Promised for today")
    ACTION_DUE = "action_due", T("Next action due")
    NEWLY_OVERDUE = "newly_overdue", T("Newly overdue")
    LIMITATION = "limitation", T("Limitation running out")
    NO_CONTACT = "no_contact", T("Not contacted for long")
    LARGE_AMOUNT = "large_amount", T("Large amount")


@dataclass(frozen=True, slots=True)
class Numbers:
    """What the county has set, for one day: days, and ``large`` in 分."""

    today: date
    new_days: int
    limitation_days: int
    contact_days: int
    large: int

    @property
    def new_from(self) -> date:
        """A case is new when its loan was due on this day or later."""
        return self.today - timedelta(days=self.new_days)

    @property
    def limitation_until(self) -> date:
        return self.today + timedelta(days=self.limitation_days)

    @property
    def untouched_until(self) -> date:
        """A line has neglected a case that it last touched on this day or before."""
        return self.today - timedelta(days=self.contact_days)


@dataclass(frozen=True, slots=True)
class CaseFacts:
    """A case as one of the two lines sees it; ``overdue`` in 分. ``contact_on`` and ``action_on`` are that line's."""

    id: int
    state: State
    due_on: date
    opened_on: date
    overdue: int
    contact_on: date | None = None
    action_on: date | None = None
    promise_due_on: date | None = None
    promise_broken_on: date | None = None
    replied_on: date | None = None
    limitation_on: date | None = None

    @property
    def touched_on(self) -> date:
        """The line's last contact; before there was one, the day the case opened."""
        return self.contact_on or self.opened_on


def _by(day: date | None, limit: date) -> bool:
    return day is not None and day <= limit


def _free(facts: CaseFacts, numbers: Numbers) -> bool:
    """Nothing is planned for a later day, so that there is no reason to let the case wait."""
    return facts.action_on is None or facts.action_on <= numbers.today


Holds: TypeAlias = Callable[[CaseFacts, Numbers], bool]
Since: TypeAlias = Callable[[CaseFacts], date | None]


@dataclass(frozen=True, slots=True)
class Rule:
    """When a reason holds, and the date by which cases with it are ordered, the earliest first (None: by amount)."""

    reason: Reason
    holds: Holds
    since: Since


REASONS: tuple[Rule, ...] = (
    Rule(
        Reason.BROKEN_PROMISE,
        lambda case, _: case.promise_broken_on is not None,
        lambda case: case.promise_broken_on,
    ),
    Rule(Reason.REPLY, lambda case, _: case.replied_on is not None, lambda case: case.replied_on),
    Rule(Reason.PROMISE_DUE, lambda case, n: _by(case.promise_due_on, n.today), lambda _: None),
    Rule(Reason.ACTION_DUE, lambda case, n: _by(case.action_on, n.today), lambda case: case.action_on),
    Rule(
        Reason.NEWLY_OVERDUE,
        lambda case, n: (
            case.due_on >= n.new_from
            and case.contact_on is None
            and _free(case, n)
            and case.state not in RESTING
        ),
        lambda case: case.due_on,
    ),
    Rule(
        Reason.LIMITATION,
        lambda case, n: _by(case.limitation_on, n.limitation_until) and _free(case, n),
        lambda case: case.limitation_on,
    ),
    Rule(
        Reason.NO_CONTACT,
        lambda case, n: _by(case.touched_on, n.untouched_until) and case.state not in RESTING,
        lambda case: case.touched_on,
    ),
    Rule(
        Reason.LARGE_AMOUNT,
        lambda case, n: case.overdue >= n.large and _free(case, n) and case.state not in RESTING,
        lambda _: None,
    ),
)


def reasons(facts: CaseFacts, numbers: Numbers) -> tuple[Reason, ...]:
    """All reasons why the case is in its line's queue, the one that gives it its place first; none: it is not."""
    return tuple(rule.reason for rule in REASONS if rule.holds(facts, numbers))


def is_done(facts: CaseFacts, numbers: Numbers) -> bool:
    """The line has seen to the case today, and the borrower has not answered since."""
    return facts.contact_on == numbers.today and facts.replied_on is None


@dataclass(frozen=True, slots=True)
class Place:
    """Where a case stands in the queue: by ``rank``, then ``since``, then the larger amount (分), then the id."""

    rank: int
    since: date | None
    overdue: int
    id: int

    @property
    def key(self) -> tuple[int, date, int, int]:
        return self.rank, self.since or date.min, -self.overdue, self.id


def place(facts: CaseFacts, numbers: Numbers) -> Place | None:
    """Its place in the queue, None for a case that is in none."""
    for rank, rule in enumerate(REASONS):
        if rule.holds(facts, numbers):
            return Place(rank, rule.since(facts), facts.overdue, facts.id)
    return None


# What a person brings about on the case's page; the other events come with their own forms.
BY_HAND = (
    Event.HARDSHIP_FOUND,
    Event.HARDSHIP_ENDED,
    Event.RESTRUCTURING_STARTED,
    Event.RESTRUCTURING_ENDED,
    Event.LEGAL_STARTED,
    Event.LEGAL_ENDED,
    Event.CLOSED,
)


@dataclass(frozen=True, slots=True)
class Move:
    """One thing that a person may let happen to a case: an event, and for a closing its reason."""

    event: Event
    closing: CloseReason | None = None

    @property
    def code(self) -> str:
        return f"{self.event.value}:{self.closing.value}" if self.closing else self.event.value

    @property
    def label(self) -> Text:
        return T("Close: %(reason)s", reason=self.closing.label) if self.closing else self.event.label


def moves(state: State, role: Role) -> list[Move]:
    """What ``role`` may bring about by hand in ``state``, as the table of states says."""
    found = []
    for row in possible(state, role):
        if row.event is Event.CLOSED:
            found += [Move(row.event, reason) for reason in closings_for(role)]
        elif row.event in BY_HAND:
            found.append(Move(row.event))
    return found


def move_of(code: str) -> Move | None:
    """The move that ``Move.code`` named; None for what is no event, or not one that is brought about by hand."""
    name, _, reason = code.partition(":")
    if name not in [event.value for event in BY_HAND] or (name == Event.CLOSED) is not bool(reason):
        return None
    if reason and reason not in [each.value for each in CloseReason]:
        return None
    return Move(Event(name), CloseReason(reason) if reason else None)


# Presence
SEEN_SECONDS = 90  # a colleague counts as at the case for this long after the page's last sign of life
PING_SECONDS = 30
RECENT = 8  # cases that a user's list of recently opened ones holds
