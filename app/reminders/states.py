"""A message as a declared machine: its states, what moves it, and nothing else. Pure.

``TRANSITIONS`` is the whole of it. Every change is ``UPDATE … WHERE id AND fence AND state``: what is not in the table,
or comes too late, changes nothing. Nothing leads from UNKNOWN back to PENDING: what may have been sent is never sent
again.
"""

from dataclasses import dataclass

from app.labels import Labelled, T


class State(Labelled):
    PENDING = "pending", T("Waiting")
    SENDING = "sending", T("Being sent")
    ACCEPTED = "accepted", T("Taken by the provider")
    SENT = "sent", T("Sent")
    DELIVERED = "delivered", T("Arrived")
    UNDELIVERED = "undelivered", T("Not delivered")
    FAILED = "failed", T("Refused by the provider")
    UNKNOWN = "unknown", T("Outcome not known yet")
    REVIEW = "review", T("To be decided by a person")
    UNCONFIRMED = "unconfirmed", T("Never confirmed")
    CANCELLED = "cancelled", T("No longer needed")
    SUPPRESSED = "suppressed", T("Not wanted by the borrower")
    EXPIRED = "expired", T("Too late to be true")
    SETTLED = "settled", T("Settled by a person")


class Event(Labelled):
    CLAIMED = "claimed", T("Claimed by a worker")
    TAKEN = "taken", T("The provider took it")
    NOT_SENT = "not_sent", T("It provably did not leave")
    REFUSED = "refused", T("The provider refused it")
    LOST = "lost", T("No clear answer")
    FOUND = "found", T("Found at the provider")
    ABSENT = "absent", T("Not found, and no receipt")
    RECEIPT_SENT = "receipt_sent", T("Receipt: sent")
    RECEIPT_DELIVERED = "receipt_delivered", T("Receipt: delivered")
    RECEIPT_UNDELIVERED = "receipt_undelivered", T("Receipt: not delivered")
    SILENCE = "silence", T("No receipt for days")
    NOT_NEEDED = "not_needed", T("Repaid, or the due date changed")
    NOT_WANTED = "not_wanted", T("The borrower must not be written to")
    TOO_LATE = "too_late", T("Its time has passed")
    DECIDED = "decided", T("A person has decided")


@dataclass(frozen=True, slots=True)
class Transition:
    event: Event
    sources: tuple[State, ...]
    target: State


_OUT = (State.ACCEPTED, State.SENT, State.UNCONFIRMED, State.SETTLED)
NEEDS_A_PERSON = (State.FAILED, State.REVIEW, State.EXPIRED, State.UNCONFIRMED)
TRANSITIONS: tuple[Transition, ...] = (
    Transition(Event.CLAIMED, (State.PENDING,), State.SENDING),
    Transition(Event.NOT_NEEDED, (State.PENDING,), State.CANCELLED),
    Transition(Event.NOT_WANTED, (State.PENDING,), State.SUPPRESSED),
    Transition(Event.TOO_LATE, (State.PENDING,), State.EXPIRED),
    Transition(Event.TAKEN, (State.SENDING,), State.ACCEPTED),
    Transition(Event.NOT_SENT, (State.SENDING,), State.PENDING),
    Transition(Event.REFUSED, (State.SENDING,), State.FAILED),
    Transition(Event.LOST, (State.SENDING,), State.UNKNOWN),
    Transition(Event.FOUND, (State.UNKNOWN, State.REVIEW), State.ACCEPTED),
    Transition(Event.ABSENT, (State.UNKNOWN,), State.REVIEW),
    Transition(Event.RECEIPT_SENT, (State.ACCEPTED, State.UNCONFIRMED), State.SENT),
    Transition(Event.RECEIPT_DELIVERED, _OUT, State.DELIVERED),
    Transition(Event.RECEIPT_UNDELIVERED, _OUT, State.UNDELIVERED),
    Transition(Event.SILENCE, (State.ACCEPTED, State.SENT), State.UNCONFIRMED),
    Transition(Event.DECIDED, NEEDS_A_PERSON, State.SETTLED),
)
# May have reached the borrower: these count against the caps.
MAY_HAVE_ARRIVED = (
    State.SENDING, State.ACCEPTED, State.SENT, State.DELIVERED, State.UNDELIVERED, State.UNKNOWN, State.REVIEW,
    State.UNCONFIRMED, State.SETTLED,
)  # fmt: skip


def follow(state: State, event: Event) -> State | None:
    """The state after ``event``, None when it cannot happen in ``state``."""
    return next((row.target for row in TRANSITIONS if row.event is event and state in row.sources), None)


def sources(event: Event) -> tuple[State, ...]:
    return next(row.sources for row in TRANSITIONS if row.event is event)


def target(event: Event) -> State:
    return next(row.target for row in TRANSITIONS if row.event is event)
