"""Claiming and finishing: the two short transactions around a send. Neither is ever open while something is sent.

A claim raises the fence and commits before anything leaves. A finish changes the row only for who still holds that
fence in the state it was left in; a worker that was stopped past its lease finds no row, and its result is dropped.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Table, exists, func, insert, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from app.reminders.judging import Judge
from app.reminders.models import OutboxMessage, PhoneOptOut, SendAttempt, SmsChannel, SmsSpend
from app.reminders.moves import Clocks, move
from app.reminders.rules import MOST_ATTEMPTS, Timings, backoff
from app.reminders.states import Event, State
from app.sms.protocol import Accepted, ChannelBroken, NotSent, Outcome, Refused

MOST_ROUNDS = 50
_ATTEMPTS: Table = SendAttempt.__table__  # type: ignore[assignment]


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
    if channel.daily_limit or channel.monthly_limit:  # one after the other, or two would spend the same rest
        session.execute(select(SmsChannel.name).where(SmsChannel.name == provider).with_for_update())
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
    judge, claims, tries = Judge(session, waiting, clocks, channel), list[Claim](), list[dict[str, Any]]()
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
        tries.append({"message_id": made.message_id, "n": made.fence, "token": made.token})
        judge.spend(message, cost)
        claims.append(made)
    judge.keep_spending()
    session.flush()
    if tries:
        every = {"provider": channel.name, "begun_at": clocks.real}
        session.connection().execute(insert(_ATTEMPTS).values(**every), tries)
    return claims, judge.ended


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
    told = f"{type(outcome).__name__}: {_told(outcome)}"[:240]
    attempt = update(_ATTEMPTS).where(_ATTEMPTS.c.token == made.token)
    session.connection().execute(attempt.values(outcome=told))
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
