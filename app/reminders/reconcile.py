"""What became of messages whose outcome is not known, and of those taken but never heard of again."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from app.reminders.models import DeliveryReceipt, OutboxMessage, SendAttempt
from app.reminders.moves import keep_once, move
from app.reminders.rules import Timings
from app.reminders.states import Event, State, sources
from app.sms.protocol import Found, Receipt
from app.sms.rules import Status

CLEAN_LOOKS = 2
_EVENTS = {
    Status.SENT: Event.RECEIPT_SENT,
    Status.DELIVERED: Event.RECEIPT_DELIVERED,
    Status.UNDELIVERED: Event.RECEIPT_UNDELIVERED,
}


@dataclass(frozen=True, slots=True)
class Question:
    """An unknown message to be looked up at its provider."""

    message_id: int
    fence: int
    phone: str
    text: str
    since: datetime


def release(session: Session, real: datetime, limit: int = 500) -> int:
    """Claims whose lease ran out become unknown: the worker may have sent before it died."""
    query = (
        select(OutboxMessage.id, OutboxMessage.fence)
        .where(OutboxMessage.state == State.SENDING, OutboxMessage.lease_until < real)
        .limit(limit)
        .with_for_update(skip_locked=True)
    )
    rows = session.execute(query).all()
    return sum(
        move(
            session, row.id, row.fence, Event.LOST, real, why="the worker fell silent", next_at=real, looks=0
        )
        for row in rows
    )


def questions(session: Session, provider: str, real: datetime, limit: int = 50) -> list[Question]:
    """Unknown messages whose next look-up is due."""
    query = (
        select(OutboxMessage)
        .where(
            OutboxMessage.state == State.UNKNOWN,
            OutboxMessage.next_at <= real,
            OutboxMessage.provider == provider,
        )
        .order_by(OutboxMessage.next_at, OutboxMessage.id)
        .limit(limit)
    )
    return [
        Question(m.id, m.fence, m.phone, m.text, m.first_sent_at or m.changed_at)
        for m in session.scalars(query)
    ]


def answer(session: Session, asked: Question, found: list[Found], real: datetime, timings: Timings) -> bool:
    """Take a clean look-up: one match is the message; two are an incident; none says nothing until it is repeated."""
    message = session.get(OutboxMessage, asked.message_id, with_for_update=True, populate_existing=True)
    if message is None or message.fence != asked.fence or message.state is not State.UNKNOWN:
        return False
    if heard := _heard(session, message):
        found = [heard]
    if len(found) == 1:
        try:
            with session.begin_nested():
                done = move(
                    session, message.id, asked.fence, Event.FOUND, real, provider_id=found[0].id, why=""
                )
            apply_receipts(session, message.id, real)
            return done
        except (
            IntegrityError
        ):  # another message of ours has this id: two were sent alike, which one is a person's to say
            return move(session, message.id, asked.fence, Event.ABSENT, real, why="its id belongs to another")
    if found:
        return move(session, message.id, asked.fence, Event.ABSENT, real, why=f"found {len(found)} times")
    looks = message.looks + 1
    since = message.lease_until or message.changed_at
    if looks >= CLEAN_LOOKS and real - since >= timedelta(seconds=timings.review_after):
        return move(session, message.id, asked.fence, Event.ABSENT, real, looks=looks, why="not found")
    message.looks, message.next_at = looks, real + timedelta(seconds=timings.look_again)
    return True


def put_off(session: Session, asked: Question, real: datetime, timings: Timings) -> None:
    """A look-up that failed tells nothing; it is asked again."""
    message = session.get(OutboxMessage, asked.message_id, populate_existing=True)
    if message is not None and message.state is State.UNKNOWN:
        message.next_at = real + timedelta(seconds=timings.look_again)


def take_receipt(session: Session, provider: str, receipt: Receipt, real: datetime) -> bool:
    """Keep a genuine receipt, once; True when it was new. It may come before the answer to the send."""
    row = DeliveryReceipt(
        provider=provider,
        provider_id=receipt.id,
        status=receipt.status.value,
        token=receipt.token,
        code=receipt.code[:16],
        received_at=real,
    )
    if not keep_once(session, row):
        return False
    # Locked after the receipt is written: whoever finishes this message at the same moment either sees the receipt,
    # or is waited for here. Without it each would miss what the other writes, and the receipt would do nothing.
    query = (
        select(OutboxMessage)
        .join(SendAttempt, SendAttempt.message_id == OutboxMessage.id)
        .where(SendAttempt.token == receipt.token)
        .with_for_update(of=OutboxMessage)
    )
    message = session.scalar(query, execution_options={"populate_existing": True})
    if message is not None and message.state in sources(Event.FOUND):
        move(session, message.id, message.fence, Event.FOUND, real, provider_id=receipt.id, why="")
    known = select(OutboxMessage.id).where(
        OutboxMessage.provider == provider, OutboxMessage.provider_id == receipt.id
    )
    if (number := session.scalar(known)) is not None:
        apply_receipts(session, number, real)
    return True


def _heard(session: Session, message: OutboxMessage) -> Found | None:
    """The id in a receipt that bears one of the message's tokens."""
    query = (
        select(DeliveryReceipt.provider_id)
        .join(SendAttempt, SendAttempt.token == DeliveryReceipt.token)
        .where(SendAttempt.message_id == message.id)
    )
    number = session.scalar(query.limit(1))
    return Found(number, Status.ACCEPTED) if number else None


def apply_early_receipts(session: Session, provider: str, taken: Mapping[str, int], real: datetime) -> None:
    """Let receipts speak that came before the answer to the send; ``taken``: messages by the id that they now have."""
    query = select(DeliveryReceipt.provider_id).where(
        DeliveryReceipt.provider == provider, DeliveryReceipt.provider_id.in_(taken)
    )
    for number in session.scalars(query.distinct()).all() if taken else ():
        apply_receipts(session, taken[number], real)


def apply_receipts(session: Session, message_id: int, real: datetime) -> None:
    """Move a message as far as the receipts for its id say; in any order they lead to the same end."""
    message = session.get(OutboxMessage, message_id, populate_existing=True)
    if message is None or message.provider_id is None:
        return
    heard = set(
        session.scalars(
            select(DeliveryReceipt.status).where(
                DeliveryReceipt.provider == message.provider,
                DeliveryReceipt.provider_id == message.provider_id,
            )
        )
    )
    for status in (Status.SENT, Status.DELIVERED, Status.UNDELIVERED):
        if status.value in heard:
            move(session, message.id, message.fence, _EVENTS[status], real)


def give_up_waiting(session: Session, real: datetime, timings: Timings, limit: int = 500) -> int:
    """Messages taken long ago without a last receipt are shown to a person; they are never sent again."""
    query = (
        select(OutboxMessage.id, OutboxMessage.fence)
        .where(
            OutboxMessage.state.in_((State.ACCEPTED, State.SENT)),
            OutboxMessage.changed_at < real - timedelta(seconds=timings.unconfirmed_after),
        )
        .limit(limit)
    )
    return sum(move(session, r.id, r.fence, Event.SILENCE, real) for r in session.execute(query).all())
