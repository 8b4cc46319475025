"""What the office sees of the outbox, within its region: counts, days, lists, one message's history."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from sqlalchemy import ColumnElement, Select, and_, false, func, or_, select
from sqlalchemy.orm import Session, joinedload

from app.accounts.models import User
from app.accounts.rules import Scope
from app.places.models import Region
from app.places.queries import CodeColumn, within
from app.reminders.models import (
    Campaign,
    DeliveryReceipt,
    HandoffBatch,
    HandoffResult,
    InboundMessage,
    MessageTemplate,
    OutboxMessage,
    Reminder,
    ReminderPolicy,
    SendAttempt,
)
from app.reminders.states import NEEDS_A_PERSON, State

GONE = (State.ACCEPTED, State.SENT, State.DELIVERED, State.UNDELIVERED, State.UNCONFIRMED)
NOT_PLANNED = (State.CANCELLED, State.SUPPRESSED)


def seen(scope: Scope) -> ColumnElement[bool]:
    """Messages of the region; a branch alone sees none here."""
    if scope.region is None:
        return OutboxMessage.id < 0
    return within(OutboxMessage.region_code, scope.region)


def state_counts(session: Session, scope: Scope) -> dict[State, int]:
    query = select(OutboxMessage.state, func.count()).where(seen(scope)).group_by(OutboxMessage.state)
    return dict(session.execute(query).all())


def needing_a_person(session: Session, scope: Scope) -> int:
    """How many messages wait for a person's decision."""
    query = select(func.count()).where(OutboxMessage.state.in_(NEEDS_A_PERSON), seen(scope))
    return session.scalar(query) or 0


@dataclass(frozen=True, slots=True)
class Funnel:
    """How far the messages of all time came: each step is contained in the one before."""

    planned: int
    sent: int
    delivered: int

    @classmethod
    def of(cls, counts: dict[State, int]) -> "Funnel":
        def total(states: Sequence[State]) -> int:
            return sum(counts.get(state, 0) for state in states)

        planned = sum(counts.values()) - total(NOT_PLANNED)
        return cls(planned, total(GONE), counts.get(State.DELIVERED, 0))


def waiting_by_day(session: Session, scope: Scope, today: date) -> dict[date, tuple[int, int]]:
    """Messages and parts that wait, by the day they go out; what is late counts for today."""
    query = (
        select(OutboxMessage.day, func.count(), func.sum(OutboxMessage.parts))
        .where(OutboxMessage.state == State.PENDING, seen(scope))
        .group_by(OutboxMessage.day)
    )
    found: dict[date, tuple[int, int]] = {}
    for day, messages, count in session.execute(query):
        before = found.get(max(day, today), (0, 0))
        found[max(day, today)] = (before[0] + messages, before[1] + int(count))
    return found


@dataclass(frozen=True, slots=True)
class Chosen:
    """What a list of messages is asked for; ``states`` empty: all."""

    states: tuple[State, ...] = ()
    day: date | None = None
    campaign: int | None = None


def _listed(scope: Scope, chosen: Chosen) -> Select[OutboxMessage]:
    query = select(OutboxMessage).where(seen(scope))
    if chosen.states:
        query = query.where(OutboxMessage.state.in_(chosen.states))
    if chosen.day:
        query = query.where(OutboxMessage.day == chosen.day)
    if chosen.campaign:
        query = query.where(OutboxMessage.campaign_id == chosen.campaign)
    return query


def listed(
    session: Session, scope: Scope, chosen: Chosen, after: tuple[date, int] | None, limit: int
) -> list[OutboxMessage]:
    """The newest day first."""
    query = _listed(scope, chosen).options(joinedload(OutboxMessage.borrower))
    if after:
        day, number = after
        query = query.where(
            or_(OutboxMessage.day < day, and_(OutboxMessage.day == day, OutboxMessage.id < number))
        )
    return list(
        session.scalars(query.order_by(OutboxMessage.day.desc(), OutboxMessage.id.desc()).limit(limit))
    )


def count_listed(session: Session, scope: Scope, chosen: Chosen, most: int) -> int:
    """How many, up to ``most``."""
    query = _listed(scope, chosen).with_only_columns(OutboxMessage.id).limit(most)
    return session.scalar(select(func.count()).select_from(query.subquery())) or 0


def find_message(session: Session, message_id: int, scope: Scope) -> OutboxMessage | None:
    query = select(OutboxMessage).where(OutboxMessage.id == message_id, seen(scope))
    return session.scalar(query.options(joinedload(OutboxMessage.borrower)))


@dataclass(frozen=True, slots=True)
class History:
    reminders: list[Reminder]
    attempts: list[SendAttempt]
    receipts: list[DeliveryReceipt]


def history_of(session: Session, message: OutboxMessage) -> History:
    """What the message reminds of, its tries, and the receipts that bear a token or the id of one of them."""
    reminders = select(Reminder).where(Reminder.message_id == message.id).options(joinedload(Reminder.loan))
    attempts = session.scalars(
        select(SendAttempt).where(SendAttempt.message_id == message.id).order_by(SendAttempt.n)
    ).all()
    mine: ColumnElement[bool] = DeliveryReceipt.token.in_([one.token for one in attempts])
    if message.provider_id:
        known = and_(
            DeliveryReceipt.provider == message.provider, DeliveryReceipt.provider_id == message.provider_id
        )
        mine = or_(mine, known)
    receipts = select(DeliveryReceipt).where(mine).order_by(DeliveryReceipt.id)
    return History(
        list(session.scalars(reminders.order_by(Reminder.id))),
        list(attempts),
        list(session.scalars(receipts)),
    )


@dataclass(frozen=True, slots=True)
class Panel:
    """A borrower's messages and replies, newest first."""

    messages: list[OutboxMessage]
    replies: list[InboundMessage]


def panel(session: Session, borrower_id: int, most: int = 20) -> Panel:
    messages = (
        select(OutboxMessage)
        .where(OutboxMessage.borrower_id == borrower_id)
        .order_by(OutboxMessage.day.desc())
    )
    replies = (
        select(InboundMessage)
        .where(InboundMessage.borrower_id == borrower_id)
        .order_by(InboundMessage.id.desc())
    )
    return Panel(list(session.scalars(messages.limit(most))), list(session.scalars(replies.limit(most))))


def texts(session: Session) -> list[tuple[MessageTemplate, str, str]]:
    """Every version, the newest first, with the names of its author and its approver ("" for none)."""
    names = dict(session.execute(select(User.id, User.name)).all())
    query = select(MessageTemplate).where(MessageTemplate.name == "reminder")
    return [
        (one, names.get(one.written_by_id or 0, ""), names.get(one.approved_by_id or 0, ""))
        for one in session.scalars(query.order_by(MessageTemplate.version.desc()))
    ]


def campaigns(session: Session, scope: Scope, most: int = 200) -> list[Campaign]:
    """The newest first."""
    query = select(Campaign).where(_in_county(Campaign.region_code, scope))
    query = query.options(joinedload(Campaign.template), joinedload(Campaign.stopped_by))
    return list(session.scalars(query.order_by(Campaign.id.desc()).limit(most)))


def find_campaign(session: Session, campaign_id: int, scope: Scope) -> Campaign | None:
    query = select(Campaign).where(Campaign.id == campaign_id, _in_county(Campaign.region_code, scope))
    return session.scalar(query.options(joinedload(Campaign.template), joinedload(Campaign.stopped_by)))


def short_names(session: Session, codes: str) -> list[str]:
    """The printed names of regions, their codes joined by commas."""
    query = select(Region.short).where(Region.code.in_(codes.split(","))).order_by(Region.code)
    return list(session.scalars(query)) if codes else []


def campaign_counts(session: Session, campaign_id: int) -> dict[State, int]:
    """A campaign's messages by state."""
    query = select(OutboxMessage.state, func.count()).where(OutboxMessage.campaign_id == campaign_id)
    return dict(session.execute(query.group_by(OutboxMessage.state)).all())


def names_of(session: Session, *people: int | None) -> list[str]:
    """The names of accounts, "" for none."""
    names = dict(session.execute(select(User.id, User.name).where(User.id.in_(people))).all())
    return [names.get(one or 0, "") for one in people]


def batches(session: Session, scope: Scope, before: int | None, limit: int) -> list[HandoffBatch]:
    """Files for lenders' own platforms, the newest first, from before the batch ``before``."""
    query = select(HandoffBatch).where(_in_county(HandoffBatch.region_code, scope))
    if before:
        query = query.where(HandoffBatch.id < before)
    query = query.options(joinedload(HandoffBatch.lender), joinedload(HandoffBatch.downloaded_by))
    return list(session.scalars(query.order_by(HandoffBatch.id.desc()).limit(limit)))


def find_batch(session: Session, batch_id: int, scope: Scope) -> HandoffBatch | None:
    query = select(HandoffBatch).where(
        HandoffBatch.id == batch_id, _in_county(HandoffBatch.region_code, scope)
    )
    return session.scalar(query.options(joinedload(HandoffBatch.lender)))


def waiting_batches(session: Session, scope: Scope) -> int:
    """Batches whose file nobody has fetched."""
    query = select(func.count()).select_from(HandoffBatch)
    where = (HandoffBatch.downloaded_at.is_(None), _in_county(HandoffBatch.region_code, scope))
    return session.scalar(query.where(*where)) or 0


def results(session: Session, scope: Scope, most: int = 20) -> list[HandoffResult]:
    """Result files that were taken, the newest first."""
    query = select(HandoffResult).where(_in_county(HandoffResult.region_code, scope))
    return list(session.scalars(query.order_by(HandoffResult.id.desc()).limit(most)))


def _in_county(column: CodeColumn, scope: Scope) -> ColumnElement[bool]:
    """Whole counties of the scope; who sees less than one sees none of its batches."""
    return false() if scope.region is None else within(column, scope.region)


def policies_for(session: Session, region: str) -> list[ReminderPolicy]:
    """The lead times set for a region or one above it, the newest first."""
    query = select(ReminderPolicy).order_by(ReminderPolicy.starts_on.desc(), ReminderPolicy.id.desc())
    return [one for one in session.scalars(query) if region.startswith(one.region_code)]
