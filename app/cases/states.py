"""The case as a declared machine: its states, its events, who may, and what follows. Pure.

``TRANSITIONS`` and ``CLOSINGS`` are the whole of it. They drive the code, the buttons on the page, the diagram in
``docs/cases.md`` and the tests; no state is written anywhere else. What is not in the table is refused.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from app.accounts.rules import COLLECTORS, Role
from app.labels import Labelled, T, Text


class State(Labelled):
    OPEN = "open", T("Open")
    WORKING = "working", T("Being worked on")
    PROMISED = "promised", T("Payment promised")
    HARDSHIP = "hardship", T("In hardship")
    RESTRUCTURING = "restructuring", T("Being restructured")
    LEGAL = "legal", T("In legal proceedings")
    CLOSED = "closed", T("Closed")


class Event(Labelled):
    OPENED = "opened", T("Case opened")
    ASSIGNED = "assigned", T("Collector assigned")
    CONTACTED = "contacted", T("Contact noted")
    PROMISE_TAKEN = "promise_taken", T("Promise taken")
    PROMISE_KEPT = "promise_kept", T("Promise kept")
    PROMISE_BROKEN = "promise_broken", T("Promise broken")
    PROMISE_CANCELLED = "promise_cancelled", T("Promise cancelled")
    PAYMENT_REPORTED = "payment_reported", T("Repayment reported")
    DISPOSED = "disposed", T("Cause and route set")
    HARDSHIP_FOUND = "hardship_found", T("Hardship found")
    HARDSHIP_ENDED = "hardship_ended", T("Hardship ended")
    RESTRUCTURING_STARTED = "restructuring_started", T("Restructuring started")
    RESTRUCTURING_ENDED = "restructuring_ended", T("Restructuring ended without success")
    LEGAL_STARTED = "legal_started", T("Legal proceedings started")
    LEGAL_ENDED = "legal_ended", T("Legal proceedings ended")
    CLOSED = "closed", T("Case closed")

    @property
    def is_quiet(self) -> bool:
        """Told in the history by the contact or the promise itself."""
        return self in (Event.CONTACTED, Event.PROMISE_TAKEN, Event.PAYMENT_REPORTED)


class CloseReason(Labelled):
    REPAID = "repaid", T("Repaid in full")
    CAUGHT_UP = "caught_up", T("Arrears paid")
    EXTENDED = "extended", T("Extended")
    RENEWED = "renewed", T("Renewed")
    COMPENSATED = "compensated", T("Compensated by the risk fund")
    WRITTEN_OFF = "written_off", T("Written off")
    IN_ERROR = "in_error", T("Entered in error")


OPEN_STATES = tuple(state for state in State if state is not State.CLOSED)
_WORKABLE = (State.OPEN, State.WORKING, State.PROMISED)
_SPECIAL = (
    State.HARDSHIP,
    State.RESTRUCTURING,
    State.LEGAL,
)  # these stay what they are while the work goes on
RESTING = (
    _SPECIAL  # worked on along another way: neither its age nor its amount is a reason to press the borrower
)

SYSTEM = None  # the programme itself, where a Role is asked for
Actor = Role | None
_PROGRAM: frozenset[Actor] = frozenset({SYSTEM})
_LINES: frozenset[Actor] = frozenset({*COLLECTORS, Role.LEADER, Role.OFFICE})
_LEADING: frozenset[Actor] = frozenset({Role.LEADER, Role.OFFICE})
_BANK: frozenset[Actor] = frozenset({Role.BRANCH, Role.LEADER, Role.OFFICE})


@dataclass(frozen=True, slots=True)
class Transition:
    """In one of ``sources``, ``event`` leads to ``target`` (None: the state stays), when one of ``who`` brings it."""

    event: Event
    sources: tuple[State, ...]
    target: State | None
    who: frozenset[Actor]
    needs_reason: bool = False


TRANSITIONS: tuple[Transition, ...] = (
    Transition(Event.ASSIGNED, OPEN_STATES, None, _LEADING | _PROGRAM),
    Transition(Event.CONTACTED, (State.OPEN,), State.WORKING, _LINES),
    # What has happened is always recorded, on a closed case too.
    Transition(Event.CONTACTED, (State.WORKING, State.PROMISED, *_SPECIAL, State.CLOSED), None, _LINES),
    Transition(Event.PROMISE_TAKEN, _WORKABLE, State.PROMISED, _LINES),
    Transition(Event.PROMISE_TAKEN, _SPECIAL, None, _LINES),
    Transition(Event.PROMISE_KEPT, (State.PROMISED,), State.WORKING, _PROGRAM),
    Transition(Event.PROMISE_KEPT, (State.OPEN, State.WORKING, *_SPECIAL, State.CLOSED), None, _PROGRAM),
    Transition(Event.PROMISE_BROKEN, (State.PROMISED,), State.WORKING, _PROGRAM),
    Transition(Event.PROMISE_BROKEN, (State.OPEN, State.WORKING, *_SPECIAL, State.CLOSED), None, _PROGRAM),
    Transition(Event.PROMISE_CANCELLED, (State.PROMISED,), State.WORKING, _LINES, needs_reason=True),
    Transition(
        Event.PROMISE_CANCELLED, (State.OPEN, State.WORKING, *_SPECIAL), None, _LINES, needs_reason=True
    ),
    Transition(Event.PAYMENT_REPORTED, (State.OPEN,), State.WORKING, _LINES),
    Transition(
        Event.PAYMENT_REPORTED, (State.WORKING, State.PROMISED, *_SPECIAL, State.CLOSED), None, _LINES
    ),
    Transition(Event.DISPOSED, OPEN_STATES, None, _LINES),
    Transition(Event.HARDSHIP_FOUND, _WORKABLE, State.HARDSHIP, _LINES, needs_reason=True),
    Transition(Event.HARDSHIP_ENDED, (State.HARDSHIP,), State.WORKING, _LEADING, needs_reason=True),
    Transition(
        Event.RESTRUCTURING_STARTED,
        (*_WORKABLE, State.HARDSHIP),
        State.RESTRUCTURING,
        _BANK,
        needs_reason=True,
    ),
    Transition(Event.RESTRUCTURING_ENDED, (State.RESTRUCTURING,), State.WORKING, _BANK, needs_reason=True),
    Transition(
        Event.LEGAL_STARTED, (*_WORKABLE, State.RESTRUCTURING), State.LEGAL, _LEADING, needs_reason=True
    ),
    Transition(Event.LEGAL_ENDED, (State.LEGAL,), State.WORKING, _LEADING, needs_reason=True),
    Transition(Event.CLOSED, OPEN_STATES, State.CLOSED, _LEADING | _PROGRAM),
)


@dataclass(frozen=True, slots=True)
class Closing:
    """Who may close a case for a reason. By a person it holds until a ledger dated later says otherwise."""

    reason: CloseReason
    who: frozenset[Actor]

    @property
    def by_person(self) -> bool:
        return self.who != _PROGRAM


CLOSINGS: dict[CloseReason, Closing] = {
    closing.reason: closing
    for closing in (
        Closing(CloseReason.REPAID, _PROGRAM),
        Closing(CloseReason.CAUGHT_UP, _PROGRAM),
        Closing(CloseReason.EXTENDED, _PROGRAM | _LEADING),
        Closing(CloseReason.RENEWED, _LEADING),
        Closing(CloseReason.COMPENSATED, _LEADING),
        Closing(CloseReason.WRITTEN_OFF, frozenset({Role.OFFICE})),
        Closing(CloseReason.IN_ERROR, frozenset({Role.OFFICE})),
    )
}
BY_PERSON = tuple(reason for reason, closing in CLOSINGS.items() if closing.by_person)


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why an event cannot happen."""

    sentence: Text


def transition(state: State, event: Event) -> Transition | None:
    """The row of the table for ``event`` in ``state``; there is at most one."""
    return next((row for row in TRANSITIONS if row.event is event and state in row.sources), None)


def follow(
    state: State, event: Event, actor: Actor, *, reason: str = "", closing: CloseReason | None = None
) -> State | Refusal:
    """The state after ``event`` brought by ``actor`` (SYSTEM: the programme), or why it cannot happen."""
    row = transition(state, event)
    if row is None:
        return Refusal(
            T(
                "“%(event)s” is not possible while the case is: %(state)s.",
                event=event.label,
                state=state.label,
            )
        )
    who = row.who
    if event is Event.CLOSED:
        if closing is None:
            return Refusal(T("Say why the case is closed."))
        who = CLOSINGS[closing].who
    if actor not in who:
        return Refusal(T("Your role may not do this: %(event)s.", event=event.label))
    if row.needs_reason and not reason.strip():
        return Refusal(T("Give the reason: %(event)s.", event=event.label))
    return state if row.target is None else row.target


def possible(state: State, actor: Actor) -> Iterator[Transition]:
    """What ``actor`` can bring about in ``state``: the buttons of a case's page."""
    return (row for row in TRANSITIONS if state in row.sources and actor in row.who)


def closings_for(actor: Actor) -> list[CloseReason]:
    return [reason for reason, closing in CLOSINGS.items() if actor in closing.who]


def replay(events: list[tuple[Event, State]]) -> bool:
    """Do recorded (event, state after it) pairs, oldest first, follow the table from the opening on?"""
    state: State | None = None
    for event, after in events:
        if state is None:
            if event is not Event.OPENED or after is not State.OPEN:
                return False
        else:
            row = transition(state, event)
            if row is None or after is not (state if row.target is None else row.target):
                return False
        state = after
    return True


def mermaid() -> str:
    """The table as a ``stateDiagram-v2``."""
    lines = ["stateDiagram-v2", f"    [*] --> {State.OPEN.value}: {Event.OPENED.value}"]
    for row in TRANSITIONS:
        for source in row.sources:
            target = source if row.target is None else row.target
            if target is not source:
                lines.append(f"    {source.value} --> {target.value}: {row.event.value}")
    return "\n".join([*lines, f"    {State.CLOSED.value} --> [*]"]) + "\n"


def document() -> str:
    """docs/cases.md: the diagram, the table of events, the reasons of closing."""
    everybody = (SYSTEM, Role.OFFICE, Role.LEADER, *sorted(COLLECTORS))

    def named(who: frozenset[Actor]) -> str:
        return ", ".join("the programme" if one is SYSTEM else one.value for one in everybody if one in who)

    lines = [
        "# The states of a case",
        "",
        "<!-- Generated from app/cases/states.py: flask cases states > docs/cases.md -->",
        "",
        "An event that is not in the table is refused with a sentence. Events that leave the state as it is are in the",
        "table, not in the diagram. A case that opens again is a new case, linked to the one before.",
        "",
        "```mermaid",
        *mermaid().splitlines(),
        "```",
        "",
        "| Event | In | Leads to | By | Reason asked for |",
        "|---|---|---|---|---|",
    ]
    for row in TRANSITIONS:
        sources = ", ".join(state.value for state in row.sources)
        target = row.target.value if row.target else "—"
        asked = "yes" if row.needs_reason else ""
        lines.append(f"| {row.event.value} | {sources} | {target} | {named(row.who)} | {asked} |")
    lines += ["", "| Closed because | By |", "|---|---|"]
    lines += [f"| {reason.value} | {named(closing.who)} |" for reason, closing in CLOSINGS.items()]
    return "\n".join(lines) + "\n"
