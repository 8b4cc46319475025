"""What a person makes of a message that needs one: settled with a reason, or sent anew where it cannot have left."""

from datetime import date, timedelta

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from app import audit
from app.accounts.models import User
from app.labels import DeclinedAt, Labelled, T
from app.loans.models import Borrower
from app.reminders.judging import ANEW
from app.reminders.models import WHY, MessageTemplate, OutboxMessage, Reminder, SmsChannel
from app.reminders.moves import Clocks, move
from app.reminders.plan import text_of
from app.reminders.rules import at
from app.reminders.states import NEEDS_A_PERSON, Event, State
from app.reminders.wording import Due
from app.sms.rules import mobile, parts


class Decision(Labelled):
    ARRIVED = "arrived", T("It has been sent, or must be taken as sent")
    NOT_SENT = "not_sent", T("It was not sent, and will not be")
    ANEW = "anew", T("It was not sent: send it anew")


class DecisionRefused(DeclinedAt):
    """Why it cannot be decided so; ``field`` is the form's."""


def possible(message: OutboxMessage, clocks: Clocks) -> list[Decision]:
    """What a person may decide: anew only what provably never left and is still true."""
    if message.state not in NEEDS_A_PERSON:
        return []
    if message.campaign_id is not None and not may_have_left(message):
        return [Decision.NOT_SENT]  # a campaign is no promise to anybody
    if may_have_left(message):
        return [Decision.ARRIVED, Decision.NOT_SENT]
    true = message.expires_at > clocks.business
    return [Decision.ANEW, Decision.NOT_SENT] if true else [Decision.NOT_SENT]


def may_have_left(message: OutboxMessage) -> bool:
    """Was it ever with the provider without having been refused?"""
    if message.state is State.UNCONFIRMED:
        return True
    return message.state is State.REVIEW and message.first_sent_at is not None


def decide(
    session: Session, message: OutboxMessage, decision: Decision, actor: User, reason: str, clocks: Clocks
) -> OutboxMessage | None:
    """Settle a message; the new one where it is sent anew. Raises DecisionRefused. The caller commits."""
    if not reason.strip():
        raise DecisionRefused("reason", T("Give the reason."))
    if decision not in possible(message, clocks):
        raise DecisionRefused("decision", T("This can no longer be decided so: the message has moved on."))
    phone = _phone(session, message) if decision is Decision.ANEW else ""
    came = decision is Decision.ARRIVED
    values = {} if came else {"sent_on": None}
    why = f"{decision.value}: {reason.strip()}"[:WHY]
    if not move(session, message.id, message.fence, Event.DECIDED, clocks.real, why=why, **values):
        raise DecisionRefused("decision", T("This can no longer be decided so: the message has moved on."))
    audit.record(
        session,
        actor.username,
        "reminders.decide",
        "message",
        message.id,
        decision=decision.value,
        reason=reason,
    )
    return _anew(session, message, phone, clocks) if decision is Decision.ANEW else None


def _phone(session: Session, message: OutboxMessage) -> str:
    """The number as the ledger has it now. Raises DecisionRefused."""
    typed = session.scalar(select(Borrower.phone).where(Borrower.id == message.borrower_id))
    phone = mobile(typed or "")
    if phone is None:
        raise DecisionRefused(
            "decision", T("The ledger still has no mobile number for this borrower. Correct it there first.")
        )
    return phone


def _anew(session: Session, old: OutboxMessage, phone: str, clocks: Clocks) -> OutboxMessage:
    """A new message that carries the reminders of the old one, on the first day without another."""
    taken = set(
        session.scalars(select(OutboxMessage.day).where(OutboxMessage.borrower_id == old.borrower_id))
    )
    day: date = clocks.today
    while day in taken:
        day += timedelta(days=1)
    if at(day, 0) >= old.expires_at:
        raise DecisionRefused("decision", T("No day is left before the message becomes untrue."))
    text = _text(session, old)
    made = OutboxMessage(
        key=f"{ANEW}{old.id}",
        borrower_id=old.borrower_id,
        template_id=old.template_id,
        lender_id=old.lender_id,
        region_code=old.region_code,
        channel=old.channel,
        day=day,
        phone=phone,
        text=text,
        parts=parts(text),
        state=State.PENDING,
        not_before=max(clocks.business, at(day, 0)),
        expires_at=old.expires_at,
        next_at=clocks.real,
        changed_at=clocks.real,
    )
    session.add(made)
    session.flush()
    session.execute(
        update(Reminder)
        .where(Reminder.message_id == old.id)
        .values(message_id=made.id)
        .execution_options(synchronize_session=False)
    )
    return made


def _text(session: Session, old: OutboxMessage) -> str:
    """The text as the borrower's data give it now. Raises DecisionRefused while a field is still empty."""
    template = session.get(MessageTemplate, old.template_id)
    rows = session.scalars(select(Reminder).where(Reminder.message_id == old.id)).all()
    if template is None or not rows:
        return old.text
    name = old.borrower.name if old.borrower else ""
    text, empty = text_of(template, name, [Due(row.amount, row.due_on) for row in rows])
    if empty:
        raise DecisionRefused(
            "decision", T("The text would still have an empty place. Correct the ledger first.")
        )
    return text


def resume(session: Session, channel: str, actor: User) -> None:
    """Let a paused channel send again: somebody says that its account is mended."""
    found = session.get(SmsChannel, channel)
    if found is not None and found.paused_at is not None:
        found.paused_at, found.paused_why = None, ""
        audit.record(session, actor.username, "reminders.resume", "channel", channel)
