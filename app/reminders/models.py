"""Messages on their way out, what they remind of, and the rules a county sets for them. Costs are 分."""

from datetime import date, datetime
from typing import Any

from sqlalchemy import JSON, ForeignKey, Index, String, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from app.accounts.models import User
from app.db import FOREVER, Base, Choice
from app.loans.models import Borrower, Loan
from app.places.models import CODE, Lender
from app.privacy import PHONE, Sealed
from app.reminders.rules import CampaignKind, CampaignState
from app.reminders.states import State

TEXT = 1000
WHY = 240
_STRANGER = text("borrower_id IS NULL")
MOST_LEFT = 500


class ReminderPolicy(Base):
    """When borrowers are told: ``leads`` as days before the due date, "30,7,1", for a region and perhaps a lender."""

    __tablename__ = "reminder_policy"

    id: Mapped[int] = mapped_column(primary_key=True)
    region_code: Mapped[str] = mapped_column(CODE, default="")
    lender_id: Mapped[int | None] = mapped_column(ForeignKey("lender.id"))
    starts_on: Mapped[date]
    until: Mapped[date] = mapped_column(default=FOREVER)
    leads: Mapped[str] = mapped_column(String(120))
    reason: Mapped[str] = mapped_column(String(WHY), default="")
    set_by_id: Mapped[int | None] = mapped_column(ForeignKey("user_account.id"))

    __table_args__ = (UniqueConstraint("region_code", "lender_id", "starts_on"),)


class MessageTemplate(Base):
    """One version of a text; in use once a second person has approved it, until a later version is."""

    __tablename__ = "message_template"

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(64))
    version: Mapped[int]
    lender_id: Mapped[int | None] = mapped_column(ForeignKey("lender.id"))
    body: Mapped[str] = mapped_column(String(TEXT))
    signature: Mapped[str] = mapped_column(String(64), default="")
    phone: Mapped[str] = mapped_column(String(32), default="")  # the office's, to ask at: no personal number
    written_by_id: Mapped[int | None] = mapped_column(ForeignKey("user_account.id"))
    approved_by_id: Mapped[int | None] = mapped_column(ForeignKey("user_account.id"))
    approved_at: Mapped[datetime | None]

    __table_args__ = (UniqueConstraint("name", "version"),)


class Campaign(Base):
    """One message to many, once: to whose loans fall due from ``send_on`` until ``until``, or to make policy known.

    ``categories`` and ``townships`` narrow it (joined by commas, "" for all); ``listed``: to the people typed in.
    """

    __tablename__ = "campaign"

    id: Mapped[int] = mapped_column(primary_key=True)
    kind: Mapped[CampaignKind] = mapped_column(Choice(CampaignKind))
    name: Mapped[str] = mapped_column(String(64))
    region_code: Mapped[str] = mapped_column(CODE, index=True)
    template_id: Mapped[int] = mapped_column(ForeignKey("message_template.id"))
    categories: Mapped[str] = mapped_column(String(80), default="")
    townships: Mapped[str] = mapped_column(String(400), default="")
    listed: Mapped[bool] = mapped_column(default=False)
    send_on: Mapped[date]
    until: Mapped[date]
    state: Mapped[CampaignState] = mapped_column(Choice(CampaignState))
    planned_at: Mapped[datetime | None]
    capped: Mapped[int] = mapped_column(default=0)  # left out by the cap when it was planned
    stopped_by_id: Mapped[int | None] = mapped_column(ForeignKey("user_account.id"))
    stopped_at: Mapped[datetime | None]
    stop_reason: Mapped[str] = mapped_column(String(WHY), default="")

    template: Mapped[MessageTemplate] = relationship()
    stopped_by: Mapped[User | None] = relationship()


class CampaignPerson(Base):
    """Somebody on a campaign's own list; ``borrower_id`` where the number is a borrower's."""

    __tablename__ = "campaign_person"

    id: Mapped[int] = mapped_column(primary_key=True)
    campaign_id: Mapped[int] = mapped_column(ForeignKey("campaign.id"))
    name: Mapped[str] = mapped_column(String(64))
    phone: Mapped[str] = mapped_column(Sealed(PHONE))
    borrower_id: Mapped[int | None] = mapped_column(ForeignKey("borrower.id"))

    __table_args__ = (UniqueConstraint("campaign_id", "phone"),)


class OutboxMessage(Base):
    """One message; ``key`` is deterministic, so that planning it again changes nothing.

    ``not_before`` and ``expires_at`` are on the business clock, ``next_at`` and ``lease_until`` on the real one.
    Whoever claims it raises ``fence``; only who holds that fence may finish it.
    """

    __tablename__ = "outbox_message"

    id: Mapped[int] = mapped_column(primary_key=True)
    key: Mapped[str] = mapped_column(String(80), unique=True)
    borrower_id: Mapped[int | None] = mapped_column(
        ForeignKey("borrower.id")
    )  # None: of a campaign's own list
    campaign_id: Mapped[int | None] = mapped_column(ForeignKey("campaign.id"), index=True)
    template_id: Mapped[int | None] = mapped_column(ForeignKey("message_template.id"))
    lender_id: Mapped[int | None] = mapped_column(ForeignKey("lender.id"))
    region_code: Mapped[str] = mapped_column(CODE)
    channel: Mapped[str] = mapped_column(String(16))
    day: Mapped[date]
    phone: Mapped[str] = mapped_column(Sealed(PHONE))
    text: Mapped[str] = mapped_column(String(TEXT))
    parts: Mapped[int]
    state: Mapped[State] = mapped_column(Choice(State))
    why: Mapped[str] = mapped_column(String(WHY), default="")
    not_before: Mapped[datetime]
    expires_at: Mapped[datetime]
    next_at: Mapped[datetime]
    fence: Mapped[int] = mapped_column(default=0)
    lease_owner: Mapped[str | None] = mapped_column(String(64))
    lease_until: Mapped[datetime | None]
    attempts: Mapped[int] = mapped_column(default=0)
    looks: Mapped[int] = mapped_column(default=0)
    first_sent_at: Mapped[datetime | None]
    sent_on: Mapped[date | None]
    cost: Mapped[int] = mapped_column(default=0)
    provider: Mapped[str | None] = mapped_column(String(16))
    provider_id: Mapped[str | None] = mapped_column(String(80))
    batch_id: Mapped[int | None] = mapped_column(ForeignKey("handoff_batch.id"), index=True)
    changed_at: Mapped[datetime]

    borrower: Mapped[Borrower | None] = relationship()

    __table_args__ = (
        UniqueConstraint("borrower_id", "day", "channel"),
        Index(
            "uq_outbox_message_stranger",
            "phone",
            "day",
            unique=True,
            sqlite_where=_STRANGER,
            postgresql_where=_STRANGER,
        ),
        UniqueConstraint("provider", "provider_id"),
        # What work is left, however long the outbox has grown.
        *(
            Index(
                f"ix_outbox_message_{state.value}",
                *columns,
                sqlite_where=text(f"state = '{state.value}'"),
                postgresql_where=text(f"state = '{state.value}'"),
            )
            for state, columns in (
                (State.PENDING, ("next_at", "id")),
                (State.SENDING, ("lease_until",)),
                (State.UNKNOWN, ("next_at", "id")),
                (State.ACCEPTED, ("changed_at",)),
                (State.SENT, ("changed_at",)),
            )
        ),
        Index("ix_outbox_message_borrower_id_sent_on", "borrower_id", "sent_on"),
        Index("ix_outbox_message_state", "state"),
    )


class Reminder(Base):
    """That a loan falls due: ``lead`` days before ``due_on``, with the ``amount`` (分) its message tells."""

    __tablename__ = "reminder"

    id: Mapped[int] = mapped_column(primary_key=True)
    loan_id: Mapped[int] = mapped_column(ForeignKey("loan.id"))
    due_on: Mapped[date]
    lead: Mapped[int]
    channel: Mapped[str] = mapped_column(String(16))
    amount: Mapped[int]
    message_id: Mapped[int] = mapped_column(ForeignKey("outbox_message.id"), index=True)

    loan: Mapped[Loan] = relationship()

    __table_args__ = (UniqueConstraint("loan_id", "due_on", "lead", "channel"),)


class HeldOut(Base):
    """A loan that chance has left without reminders of a due date, so that it can be seen whether reminding helps."""

    __tablename__ = "held_out"

    id: Mapped[int] = mapped_column(primary_key=True)
    loan_id: Mapped[int] = mapped_column(ForeignKey("loan.id"))
    due_on: Mapped[date]
    share: Mapped[int]  # percent, as it was then
    decided_on: Mapped[date]

    __table_args__ = (UniqueConstraint("loan_id", "due_on"),)


class SendAttempt(Base):
    """One try; ``token`` travels in the address that receipts come to."""

    __tablename__ = "send_attempt"

    id: Mapped[int] = mapped_column(primary_key=True)
    message_id: Mapped[int] = mapped_column(ForeignKey("outbox_message.id"))
    n: Mapped[int]
    token: Mapped[str] = mapped_column(String(64), unique=True)
    provider: Mapped[str] = mapped_column(String(16))
    begun_at: Mapped[datetime]
    outcome: Mapped[str] = mapped_column(String(WHY), default="")

    __table_args__ = (UniqueConstraint("message_id", "n"),)


class DeliveryReceipt(Base):
    """A genuine receipt as it came; only ever added to."""

    __tablename__ = "delivery_receipt"

    id: Mapped[int] = mapped_column(primary_key=True)
    provider: Mapped[str] = mapped_column(String(16))
    provider_id: Mapped[str] = mapped_column(String(80))
    status: Mapped[str] = mapped_column(String(16))
    token: Mapped[str] = mapped_column(String(64), default="", index=True)
    code: Mapped[str] = mapped_column(String(16), default="")
    received_at: Mapped[datetime]

    __table_args__ = (UniqueConstraint("provider", "provider_id", "status"),)


class PhoneOptOut(Base):
    """A number that wants no messages, whoever's it is; lifted only by a recorded request."""

    __tablename__ = "phone_opt_out"

    id: Mapped[int] = mapped_column(primary_key=True)
    phone: Mapped[str] = mapped_column(Sealed(PHONE), index=True)
    why: Mapped[str] = mapped_column(String(WHY))
    since: Mapped[datetime]
    lifted_at: Mapped[datetime | None]
    lift_reason: Mapped[str] = mapped_column(String(WHY), default="")
    lifted_by_id: Mapped[int | None] = mapped_column(ForeignKey("user_account.id"))


class InboundMessage(Base):
    """A reply, and the borrower it was matched to."""

    __tablename__ = "inbound_message"

    id: Mapped[int] = mapped_column(primary_key=True)
    provider: Mapped[str] = mapped_column(String(16))
    provider_id: Mapped[str] = mapped_column(String(80))
    phone: Mapped[str] = mapped_column(Sealed(PHONE))
    text: Mapped[str] = mapped_column(String(TEXT))
    borrower_id: Mapped[int | None] = mapped_column(ForeignKey("borrower.id"), index=True)
    received_at: Mapped[datetime]

    __table_args__ = (UniqueConstraint("provider", "provider_id"),)


class HandoffBatch(Base):
    """Messages of one lender in a file for its own platform. ``xlsx`` and ``csv`` are the hashes of the files kept."""

    __tablename__ = "handoff_batch"

    id: Mapped[int] = mapped_column(primary_key=True)
    region_code: Mapped[str] = mapped_column(CODE)  # the county's
    lender_id: Mapped[int | None] = mapped_column(ForeignKey("lender.id"))
    day: Mapped[date]
    messages: Mapped[int]
    parts: Mapped[int]
    xlsx: Mapped[str] = mapped_column(String(64))
    csv: Mapped[str] = mapped_column(String(64))
    made_at: Mapped[datetime]
    made_by: Mapped[str] = mapped_column(String(64))
    downloaded_at: Mapped[datetime | None]
    downloaded_by_id: Mapped[int | None] = mapped_column(ForeignKey("user_account.id"))

    lender: Mapped[Lender | None] = relationship()
    downloaded_by: Mapped[User | None] = relationship()

    __table_args__ = (Index("ix_handoff_batch_region_code_day", "region_code", "day"),)


class HandoffResult(Base):
    """A platform's result file as it was read: how many receipts were new or known, and which rows say nothing.

    ``left`` is at most ``MOST_LEFT`` pairs of a row's number and why it was left; ``left_count`` counts all.
    """

    __tablename__ = "handoff_result"

    id: Mapped[int] = mapped_column(primary_key=True)
    region_code: Mapped[str] = mapped_column(CODE)
    filename: Mapped[str] = mapped_column(String(120))
    digest: Mapped[str] = mapped_column(String(64))
    new: Mapped[int]
    known: Mapped[int]
    left_count: Mapped[int]
    left: Mapped[list[list[Any]]] = mapped_column(JSON)
    taken_at: Mapped[datetime]
    taken_by: Mapped[str] = mapped_column(String(64))

    __table_args__ = (UniqueConstraint("region_code", "digest"),)


class SmsChannel(Base):
    """A provider's channel: paused while its account is broken; its price for a part (分) and limits (分, 0: none)."""

    __tablename__ = "sms_channel"

    name: Mapped[str] = mapped_column(String(16), primary_key=True)
    price: Mapped[int] = mapped_column(default=5)
    daily_limit: Mapped[int] = mapped_column(default=0)
    monthly_limit: Mapped[int] = mapped_column(default=0)
    paused_at: Mapped[datetime | None]
    paused_why: Mapped[str] = mapped_column(String(WHY), default="")


class SmsSpend(Base):
    """What was claimed for sending on a day: counted as it is spent, so that a limit costs one row to ask."""

    __tablename__ = "sms_spend"

    day: Mapped[date] = mapped_column(primary_key=True)
    messages: Mapped[int]
    parts: Mapped[int]
    cost: Mapped[int]
