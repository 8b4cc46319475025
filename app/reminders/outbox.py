"""Claiming and finishing: the two short transactions around a send. Neither is ever open while something is sent.

A claim raises the fence and commits before anything leaves. A finish changes the row only for who still holds that
fence in the state it was left in; a worker that was stopped past its lease finds no row, and its result is dropped.
"""

from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import CursorResult, exists, func, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from app.clock import SHANGHAI
from app.fairness.models import BorrowerMark
from app.fairness.queries import limits_for
from app.loans.models import Borrower, Loan
from app.policies.queries import Policies
from app.reminders.models import OutboxMessage, PhoneOptOut, Reminder, SendAttempt, SmsChannel, SmsSpend
from app.reminders.plan import UNWANTED, Words, text_of
from app.reminders.rules import MOST_ATTEMPTS, Hours, Timings, backoff, may_leave
from app.reminders.states import MAY_HAVE_ARRIVED, Event, State, sources, target
from app.reminders.wording import Due
from app.sms.protocol import Accepted, ChannelBroken, NotSent, Outcome, Refused
from app.sms.rules import parts

MOST_ROUNDS = 50


@dataclass(frozen=True, slots=True)
class Claim:
    """The right to send one message until ``until`` (the real clock), and to finish it with ``fence``."""

    message_id: int
    fence: int
    attempt: int
    phone: str
    text: str
    token: str
    until: datetime


@dataclass(frozen=True, slots=True)
class Clocks:
    """``business`` judges hours and due dates, ``real`` leases and waits."""

    business: datetime
    real: datetime

    @property
    def today(self) -> date:
        return self.business.astimezone(SHANGHAI).date()


def move(
    session: Session, message_id: int, fence: int, event: Event, moment: datetime, /, **values: Any
) -> bool:
    """Let ``event`` happen to the message that still has ``fence``; False when it no longer can."""
    statement = (
        update(OutboxMessage)
        .where(
            OutboxMessage.id == message_id,
            OutboxMessage.fence == fence,
            OutboxMessage.state.in_(sources(event)),
        )
        .values(state=target(event), changed_at=moment, **values)
        .execution_options(synchronize_session=False)
    )
    changed: CursorResult[Any] = session.execute(statement)  # type: ignore[assignment]
    return changed.rowcount == 1


def channel_of(session: Session, name: str) -> SmsChannel:
    """The channel's row, made at first use."""
    dialect = postgresql if session.connection().dialect.name == "postgresql" else sqlite
    values = {"name": name, "price": 5, "daily_limit": 0, "monthly_limit": 0, "paused_why": ""}
    session.execute(dialect.insert(SmsChannel).values(**values).on_conflict_do_nothing())
    return session.scalars(
        select(SmsChannel).where(SmsChannel.name == name), execution_options={"populate_existing": True}
    ).one()


def claim(
    session: Session,
    provider: str,
    owner: str,
    clocks: Clocks,
    timings: Timings,
    count: int,
    token: Callable[[], str],
) -> list[Claim]:
    """Claim up to ``count`` messages that may leave now; end or put off those that may not. The caller commits.

    ``token()`` makes a new token. A paused channel or a reached spending limit claims nothing.
    """
    channel = channel_of(session, provider)
    if channel.paused_at is not None:
        return []
    for _ in range(MOST_ROUNDS):  # past those that are only ended or put off
        claims, ended = _round(session, channel, owner, clocks, timings, count, token)
        if claims or not ended:
            return claims
    return []


def _round(
    session: Session, channel: SmsChannel, owner: str, clocks: Clocks, timings: Timings, count: int,
    token: Callable[[], str],
) -> tuple[list[Claim], int]:  # fmt: skip
    """Claims among the first waiting messages, and how many of them were ended or put off."""
    query = (
        select(OutboxMessage)
        .where(
            OutboxMessage.state == State.PENDING,
            OutboxMessage.next_at <= clocks.real,
            OutboxMessage.not_before <= clocks.business,
        )
        .order_by(OutboxMessage.next_at, OutboxMessage.id)
        .limit(count)
        .with_for_update(skip_locked=True)
    )
    waiting = session.scalars(query, execution_options={"populate_existing": True}).all()
    if not waiting:
        return [], 0
    judge, claims = _Judge(session, waiting, clocks, channel), []
    for message in waiting:
        if not judge.passes(message):
            continue
        until = clocks.real + timedelta(seconds=timings.lease)
        made = Claim(
            message.id, message.fence + 1, message.attempts + 1, message.phone, message.text, token(), until
        )
        cost = message.parts * channel.price
        if not move(
            session, message.id, message.fence, Event.CLAIMED, clocks.real, fence=made.fence, lease_owner=owner,
            lease_until=until, attempts=made.attempt, provider=channel.name, sent_on=clocks.today, cost=cost,
            first_sent_at=message.first_sent_at or clocks.real, text=message.text, parts=message.parts,
        ):  # fmt: skip
            continue
        session.add(
            SendAttempt(
                message_id=message.id,
                n=made.fence,
                token=made.token,
                provider=channel.name,
                begun_at=clocks.real,
            )
        )
        judge.spend(message, cost)
        claims.append(made)
    judge.keep_spending()
    session.flush()
    return claims, judge.ended


class _Judge:
    """The last look before a message leaves: still owed, still wanted, within hours, caps and limits."""

    def __init__(
        self, session: Session, waiting: Sequence[OutboxMessage], clocks: Clocks, channel: SmsChannel
    ) -> None:
        self.session, self.clocks, self.channel = session, clocks, channel
        self.words, self.numbers = Words.load(session), Policies(session, clocks.today)
        borrowers = sorted({message.borrower_id for message in waiting})
        # Locked, so that of two messages to one borrower the second sees the first; who is busy comes later.
        lock = select(Borrower.id, Borrower.name).where(Borrower.id.in_(borrowers)).order_by(Borrower.id)
        self.names = dict(session.execute(lock.with_for_update(skip_locked=True, key_share=True)).all())
        self.unwanted = set(
            session.scalars(
                select(BorrowerMark.borrower_id).where(
                    BorrowerMark.borrower_id.in_(borrowers),
                    BorrowerMark.kind.in_(UNWANTED),
                    BorrowerMark.lifted_on.is_(None),
                )
            )
        )
        self.stopped = set(
            session.scalars(
                select(PhoneOptOut.phone).where(
                    PhoneOptOut.phone.in_({m.phone for m in waiting}), PhoneOptOut.lifted_at.is_(None)
                )
            )
        )
        self.sent = _sent(session, borrowers, clocks.today)
        self.dues = _dues(session, [message.id for message in waiting])
        self.spent = [0, 0, 0]
        self.ended = 0
        self.day, self.month = _spent(session, clocks.today)

    def passes(self, message: OutboxMessage) -> bool:
        """May it leave? If not, it is ended or put off here."""
        if message.borrower_id not in self.names or self._over_limit(message):
            return False
        if message.borrower_id in self.unwanted or message.phone in self.stopped:
            return self._end(message, Event.NOT_WANTED, "opted out, or in hardship")
        if message.expires_at <= self.clocks.business:
            return self._end(message, Event.TOO_LATE, "")
        if message.key.startswith("reminder:") and not self._still_true(message):
            return self._end(message, Event.NOT_NEEDED, "repaid, or the due date changed")
        limits = limits_for(self.numbers, message.region_code, message.lender_id)
        hours = Hours(limits.sms_from, limits.sms_until, limits.sms_per_day, limits.sms_per_week)
        later = may_leave(self.clocks.business, hours, self.sent[message.borrower_id])
        if later is not None:
            if later >= message.expires_at:
                return self._end(message, Event.TOO_LATE, "")
            message.not_before = later
            self.ended += 1
            return False
        return True

    def _end(self, message: OutboxMessage, event: Event, why: str) -> bool:
        self.ended += move(self.session, message.id, message.fence, event, self.clocks.real, why=why)
        return False

    def _over_limit(self, message: OutboxMessage) -> bool:
        cost = message.parts * self.channel.price + self.spent[2]
        limits = ((self.channel.daily_limit, self.day), (self.channel.monthly_limit, self.month))
        return any(limit and spent + cost > limit for limit, spent in limits)

    def _still_true(self, message: OutboxMessage) -> bool:
        """Does one of its loans still fall due then? The text is written anew when a balance has changed."""
        rows = self.dues[message.id]
        true = [
            row
            for row in rows
            if row.balance > 0 and not row.missing_since and row.effective_due_on == row.due_on
        ]
        template = self.words.of(message.lender_id)
        if template and true and (len(true) < len(rows) or any(row.balance != row.amount for row in true)):
            dues = [Due(row.balance, row.due_on) for row in true]
            message.text, _ = text_of(template, self.names[message.borrower_id], dues)
            message.parts = parts(message.text)
        return bool(true)

    def spend(self, message: OutboxMessage, cost: int) -> None:
        self.sent[message.borrower_id].append(self.clocks.today)
        self.spent = [self.spent[0] + 1, self.spent[1] + message.parts, self.spent[2] + cost]

    def keep_spending(self) -> None:
        if self.spent[0]:
            messages, count, cost = self.spent
            dialect = postgresql if self.session.connection().dialect.name == "postgresql" else sqlite
            row = dialect.insert(SmsSpend).values(
                day=self.clocks.today, messages=messages, parts=count, cost=cost
            )
            more = {
                name: getattr(SmsSpend, name) + row.excluded[name] for name in ("messages", "parts", "cost")
            }
            self.session.execute(row.on_conflict_do_update(index_elements=["day"], set_=more))


def _sent(session: Session, borrowers: list[int], today: date) -> dict[int, list[date]]:
    found: dict[int, list[date]] = defaultdict(list)
    query = select(OutboxMessage.borrower_id, OutboxMessage.sent_on).where(
        OutboxMessage.borrower_id.in_(borrowers),
        OutboxMessage.sent_on > today - timedelta(days=7),
        OutboxMessage.state.in_(MAY_HAVE_ARRIVED),
    )
    for borrower, day in session.execute(query):
        if day is not None:
            found[borrower].append(day)
    return found


def _dues(session: Session, messages: list[int]) -> dict[int, list[Any]]:
    found: dict[int, list[Any]] = defaultdict(list)
    columns = (Reminder.message_id, Reminder.due_on, Reminder.amount, Loan.balance, Loan.missing_since,
               Loan.effective_due_on)  # fmt: skip
    query = select(*columns).join(Loan, Loan.id == Reminder.loan_id).where(Reminder.message_id.in_(messages))
    for row in session.execute(query.order_by(Reminder.id)):
        found[row.message_id].append(row)
    return found


def _spent(session: Session, today: date) -> tuple[int, int]:
    """分 claimed today, and this month."""
    query = select(SmsSpend.day, SmsSpend.cost).where(
        SmsSpend.day >= today.replace(day=1), SmsSpend.day <= today
    )
    rows = dict(session.execute(query).all())
    return rows.get(today, 0), sum(rows.values())


def finish(
    session: Session,
    made: Claim,
    provider: str,
    outcome: Outcome,
    real: datetime,
    timings: Timings,
    chance: float,
) -> bool:
    """Write down what a send came to; False when the claim was no longer ours, and nothing was changed."""
    session.execute(
        update(SendAttempt)
        .where(SendAttempt.token == made.token)
        .values(outcome=f"{type(outcome).__name__}: {_told(outcome)}"[:240])
        .execution_options(synchronize_session=False)
    )
    if isinstance(outcome, Accepted):
        return move(session, made.message_id, made.fence, Event.TAKEN, real, provider_id=outcome.id, why="")
    if isinstance(outcome, Refused):
        if outcome.opt_out:
            _stop(session, made.phone, real)
        return move(session, made.message_id, made.fence, Event.REFUSED, real, why=outcome.code)
    if isinstance(outcome, ChannelBroken):
        _pause(session, provider, outcome.why, real)
        return _back(session, made, real, outcome.why, attempts=made.attempt - 1)
    if isinstance(outcome, NotSent):
        if made.attempt >= MOST_ATTEMPTS:
            why = f"tried {made.attempt} times: {outcome.why}"[:240]
            return move(session, made.message_id, made.fence, Event.REFUSED, real, why=why)
        return _back(session, made, real + backoff(made.attempt, chance, timings), outcome.why)
    return move(
        session, made.message_id, made.fence, Event.LOST, real, why=outcome.why[:240], next_at=real, looks=0
    )


def _told(outcome: Outcome) -> str:
    if isinstance(outcome, Accepted):
        return outcome.id
    return outcome.code if isinstance(outcome, Refused) else outcome.why


def _back(session: Session, made: Claim, when: datetime, why: str, **values: int) -> bool:
    """Waiting again, and its cost given back to the day it was claimed on."""
    spent = session.execute(
        select(OutboxMessage.sent_on, OutboxMessage.parts, OutboxMessage.cost).where(
            OutboxMessage.id == made.message_id
        )
    ).one()
    if not move(
        session, made.message_id, made.fence, Event.NOT_SENT, when, next_at=when, why=why[:240], sent_on=None,
        cost=0, **values,
    ):  # fmt: skip
        return False
    session.execute(
        update(SmsSpend)
        .where(SmsSpend.day == spent.sent_on)
        .values(
            messages=SmsSpend.messages - 1,
            parts=SmsSpend.parts - spent.parts,
            cost=SmsSpend.cost - spent.cost,
        )
        .execution_options(synchronize_session=False)
    )
    return True


def _pause(session: Session, provider: str, why: str, real: datetime) -> None:
    session.execute(
        update(SmsChannel)
        .where(SmsChannel.name == provider, SmsChannel.paused_at.is_(None))
        .values(paused_at=real, paused_why=why[:240])
        .execution_options(synchronize_session=False)
    )


def _stop(session: Session, phone: str, real: datetime) -> None:
    known = session.scalar(
        select(exists().where(PhoneOptOut.phone == phone, PhoneOptOut.lifted_at.is_(None)))
    )
    if not known:
        session.add(PhoneOptOut(phone=phone, why="the carrier's own opt-out", since=real, lift_reason=""))


def counts(session: Session) -> dict[str, int]:
    """How many messages are in each state."""
    query = select(OutboxMessage.state, func.count()).group_by(OutboxMessage.state)
    found = dict(session.execute(query).all())
    return {state.value: found.get(state, 0) for state in State}
