"""What comes back from a borrower's phone: replies, and the wish for no more messages, honoured at once."""

import re
from datetime import date, datetime

from sqlalchemy import exists, or_, select, update
from sqlalchemy.orm import Session

from app import audit
from app.cases.models import Case
from app.fairness.actions import borrower_opted_out
from app.fairness.models import BorrowerPhone
from app.fairness.words import Reaches, Whose
from app.loans.models import Borrower
from app.reminders.models import TEXT, InboundMessage, OutboxMessage, PhoneOptOut, SendAttempt
from app.reminders.moves import keep_once, move
from app.reminders.reconcile import take_receipt
from app.reminders.states import Event, State
from app.sms.protocol import Inbound, Receipt
from app.sms.rules import CODES, Verdict, is_stop

_WRONG = re.compile("打错|发错|号码错|错号|不是本人|不认识|wrong number", re.IGNORECASE)


def is_wrong_number(text: str) -> bool:
    """Does a reply say that somebody else has this number?"""
    return _WRONG.search(text) is not None


def take_inbound(session: Session, provider: str, reply: Inbound, today: date, real: datetime) -> bool:
    """Keep a reply once, and let what it says happen; True when it was new. The caller commits.

    The borrower's open cases come into their collectors' queues. STOP marks every borrower with this number.
    """
    people = borrowers_at(session, reply.phone)
    row = InboundMessage(
        provider=provider,
        provider_id=reply.id,
        phone=reply.phone,
        text=reply.text[:TEXT],
        borrower_id=people[0] if people else None,
        received_at=real,
    )
    if not keep_once(session, row):
        return False
    stop, wrong = is_stop(reply.text), is_wrong_number(reply.text)
    if stop or wrong:
        stop_phone(session, reply.phone, "asked by reply" if stop else "wrong number, said a reply", real)
    for borrower in people:
        if stop:
            borrower_opted_out(session, borrower, today, reply.text)
        audit.record(
            session,
            audit.SYSTEM,
            "reminders.reply",
            "borrower",
            borrower,
            reply=row.id,
            stop=stop,
            wrong=wrong,
        )
    if wrong:
        session.execute(
            update(BorrowerPhone)
            .where(BorrowerPhone.number == reply.phone)
            .values(reaches=Reaches.WRONG)
            .execution_options(synchronize_session=False)
        )
    if stop or wrong:
        _suppress(session, people, reply.phone, real)
    session.execute(
        update(Case)
        .where(Case.borrower_id.in_(people), Case.closed_on.is_(None))
        .values(replied_on=today)
        .execution_options(synchronize_session=False)
    )
    return True


def borrowers_at(session: Session, phone: str) -> list[int]:
    """The borrowers whose own number this is, those in the ledger first."""
    noted = select(BorrowerPhone.borrower_id).where(
        BorrowerPhone.number == phone, BorrowerPhone.whose == Whose.SELF
    )
    query = select(Borrower.id).where(or_(Borrower.phone == phone, Borrower.id.in_(noted)))
    return list(session.scalars(query.order_by(Borrower.phone != phone, Borrower.id)))


def stop_phone(session: Session, phone: str, why: str, real: datetime) -> None:
    """No more messages to this number, whoever has it; once."""
    standing = exists().where(PhoneOptOut.phone == phone, PhoneOptOut.lifted_at.is_(None))
    if not session.scalar(select(standing)):
        session.add(PhoneOptOut(phone=phone, why=why, since=real, lift_reason=""))
        session.flush()


def _suppress(session: Session, borrowers: list[int], phone: str, real: datetime) -> None:
    query = select(OutboxMessage.id, OutboxMessage.fence).where(
        OutboxMessage.state == State.PENDING,
        or_(OutboxMessage.borrower_id.in_(borrowers), OutboxMessage.phone == phone),
    )
    for row in session.execute(query).all():
        move(session, row.id, row.fence, Event.NOT_WANTED, real, why="opted out by reply")


def hear(session: Session, provider: str, receipt: Receipt, today: date, real: datetime) -> bool:
    """Take a receipt; the carrier's own code for an opt-out counts as one. True when it was new."""
    new = take_receipt(session, provider, receipt, real)
    code = int(receipt.code) if receipt.code.isascii() and receipt.code.isdigit() else 0
    if new and CODES.get(code) is Verdict.OPT_OUT:
        told = select(OutboxMessage).join(SendAttempt, SendAttempt.message_id == OutboxMessage.id)
        message = session.scalar(told.where(SendAttempt.token == receipt.token))
        if message is not None:
            stop_phone(session, message.phone, "the carrier's own opt-out", real)
            people = [] if message.borrower_id is None else [message.borrower_id]
            for borrower in people:
                borrower_opted_out(session, borrower, today, str(code))
            _suppress(session, people, message.phone, real)
    return new
