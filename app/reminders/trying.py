"""What the sandbox plays instead of a network: receipts of what it took, and replies typed for a borrower."""

from datetime import date, datetime

from sqlalchemy import exists, func, select
from sqlalchemy.orm import Session, joinedload

from app.accounts.rules import Scope
from app.reminders.inbound import hear, take_inbound
from app.reminders.lists import seen
from app.reminders.models import DeliveryReceipt, InboundMessage, OutboxMessage
from app.reminders.states import State
from app.sms.sandbox import Sandbox, receipts_of, reply_of

AT_ONCE = 200
GONE = (State.ACCEPTED, State.SENT, State.DELIVERED, State.UNDELIVERED, State.UNCONFIRMED, State.SETTLED)


def play_receipts(session: Session, today: date, real: datetime) -> int:
    """Bring the receipts of messages that the sandbox took and none was heard of; of how many. The caller commits."""
    known = exists().where(
        DeliveryReceipt.provider == Sandbox.name, DeliveryReceipt.provider_id == OutboxMessage.provider_id
    )
    query = select(OutboxMessage.phone, OutboxMessage.provider_id).where(
        OutboxMessage.state == State.ACCEPTED, OutboxMessage.provider == Sandbox.name, ~known
    )
    rows = session.execute(query.order_by(OutboxMessage.changed_at).limit(AT_ONCE)).all()
    for row in rows:
        for receipt in receipts_of(row.phone, row.provider_id or ""):
            hear(session, Sandbox.name, receipt, today, real)
    return len(rows)


def newest_told(session: Session, scope: Scope, most: int = 30) -> list[OutboxMessage]:
    """The newest messages that went out here, one a borrower's phone could show each."""
    query = select(OutboxMessage).where(OutboxMessage.state.in_(GONE), seen(scope))
    query = query.options(joinedload(OutboxMessage.borrower)).order_by(OutboxMessage.id.desc()).limit(most)
    return list(session.scalars(query))


Line = tuple[datetime, str, bool]


def conversation(session: Session, message: OutboxMessage) -> list[Line]:
    """What one phone has received and written, oldest first: when, the text, whether the borrower wrote it."""
    told = select(OutboxMessage).where(
        OutboxMessage.phone == message.phone,
        OutboxMessage.state.in_(GONE),
        OutboxMessage.first_sent_at.is_not(None),
    )
    wrote = select(InboundMessage).where(InboundMessage.phone == message.phone)
    lines: list[Line] = [
        (one.first_sent_at or one.changed_at, one.text, False) for one in session.scalars(told)
    ]
    lines += [(one.received_at, one.text, True) for one in session.scalars(wrote)]
    return sorted(lines)


def reply(session: Session, message: OutboxMessage, text: str, today: date, real: datetime) -> bool:
    """Let the phone of a message answer; True when it was taken. The caller commits."""
    number = session.scalar(select(func.count()).where(InboundMessage.phone == message.phone)) or 0
    return take_inbound(session, Sandbox.name, reply_of(message.phone, text, number + 1), today, real)
