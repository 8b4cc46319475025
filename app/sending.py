"""Sending: the only place that commits between a claim and a send, and again after it.

1. claim, commit; 2. send, with no transaction open; 3. finish, commit. A process that dies between any two of these
leaves a message that is waiting, or one whose outcome is looked up: never one that is sent again.
"""

import logging
import random
import secrets
import time
from collections.abc import Callable
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from contextlib import suppress
from datetime import timedelta

from flask import Flask, current_app
from sqlalchemy.exc import IntegrityError, OperationalError

from app.db import db, reading
from app.files import batches
from app.reminders import outbox, reconcile
from app.reminders.batches import make_batches
from app.reminders.campaigns import plan_campaigns
from app.reminders.moves import Clocks
from app.reminders.outbox import Claim
from app.reminders.plan import Planned, plan
from app.reminders.rules import Timings
from app.reminders.trying import play_receipts
from app.sms.handoff import Handoff
from app.sms.protocol import Accepted, LookupFailed, NotSent, Outcome, Provider, Unknown
from app.sms.sandbox import Sandbox
from app.today import business_date, moment, now

AT_ONCE = 8
MOST = 400  # messages of one round: a tick comes to its end
PAUSE = timedelta(seconds=0.5)  # before what could not be written down is tried again
MOST_IN_A_ROW = 3  # look-ups that fail before the others wait for the next round
USUAL = Timings()
Point = Callable[[str], None]

log = logging.getLogger(__name__)


def _nothing(_point: str) -> None: ...


def provider_of(app: Flask) -> Provider:
    """The provider that the environment names."""
    match app.config.get("SMS_PROVIDER"):
        case "twilio":
            from app.sms.twilio import Account, Twilio

            return Twilio(Account(**app.config["TWILIO"]))
        case Handoff.name:
            return Handoff()
        case _:
            return Sandbox()


def plan_due(at: Point = _nothing) -> Planned:
    """Put what is due into the outbox."""
    session = db.session()
    planned = plan(session, moment(session))
    planned.messages += plan_campaigns(session, moment(session))
    at("plan before commit")
    session.commit()
    at("plan after commit")
    return planned


def send_due(
    provider: Provider,
    owner: str,
    timings: Timings = USUAL,
    at: Point = _nothing,
    count: int = AT_ONCE,
    ending: Callable[[], bool] = lambda: False,
) -> int:
    """Send what may leave now, ``count`` at once, until nothing more may, MOST or ``ending``; how many were claimed.

    While some are being sent the next are claimed, so that no sender waits for the database. ``at`` is told each step.
    """
    claimed, running, more = 0, dict[Future[Outcome], Claim](), True
    with ThreadPoolExecutor(max_workers=count) as pool:
        while True:
            more = more and claimed < MOST and not ending()
            if more and len(running) <= count:
                claims = _next(provider, owner, timings, at, count, bool(running))
                for made in claims:
                    running[pool.submit(_send, provider, made, timings, at, ending)] = made
                claimed, more = claimed + len(claims), bool(claims)
            if not running:
                return claimed
            if more and len(running) < count:
                continue
            done, _ = wait(running, return_when=FIRST_COMPLETED)
            _finish([(running.pop(one), one.result()) for one in done], provider, timings, at)


def _claim(provider: Provider, owner: str, timings: Timings, at: Point, count: int) -> list[Claim]:
    session = db.session()
    clocks = Clocks(moment(session), now())
    claims = outbox.claim(
        session, provider.name, owner, clocks, timings, count, lambda: secrets.token_urlsafe(16)
    )
    at("claim before commit")
    session.commit()
    at("claim after commit")
    return claims


def _next(provider: Provider, owner: str, timings: Timings, at: Point, count: int, busy: bool) -> list[Claim]:
    """Claims; none when the database gives none just now, and what is being sent (``busy``) must be written down."""
    try:
        return _claim(provider, owner, timings, at, count)
    except OperationalError:
        if not busy:
            raise
        with suppress(OperationalError):
            db.session.rollback()
        return []


Ended = tuple[Claim, Outcome]


def _finish(ended: list[Ended], provider: Provider, timings: Timings, at: Point) -> None:
    """Write down how sends ended: again while the database is busy, full or away, as long as a lease lasts."""
    at("finish before")
    last = max(made.until for made, _ in ended)
    while True:
        try:
            return _write(ended, provider, timings, at)
        except IntegrityError:  # an id that another message has: which one is a person's to say
            db.session.rollback()
            return _one_by_one(ended, provider, timings, at)
        except OperationalError:
            with suppress(OperationalError):
                db.session.rollback()
            if now() + PAUSE > last:
                raise
            time.sleep(PAUSE.total_seconds())


def _write(ended: list[Ended], provider: Provider, timings: Timings, at: Point) -> None:
    session = db.session()
    for made, outcome in ended:
        outbox.finish(session, made, provider.name, outcome, now(), timings, random.random())
    taken = {outcome.id: made.message_id for made, outcome in ended if isinstance(outcome, Accepted)}
    reconcile.apply_early_receipts(session, provider.name, taken, now())
    at("finish before commit")
    session.commit()
    at("finish after commit")


def _one_by_one(ended: list[Ended], provider: Provider, timings: Timings, at: Point) -> None:
    for made, outcome in ended:
        try:
            _write([(made, outcome)], provider, timings, at)
        except IntegrityError:
            db.session.rollback()
            _write([(made, Unknown("the id is another message's"))], provider, timings, at)


def hand_over(actor: str, timings: Timings = USUAL) -> int:
    """Put what may leave now into files for the lenders' own platforms; how many messages."""
    session = db.session()
    made = make_batches(session, batches(), actor, Clocks(moment(session), now()), timings)
    count = sum(batch.messages for batch in made)
    session.commit()
    return count


def send_round(
    provider: Provider, owner: str, ending: Callable[[], bool] = lambda: False, at: Point = _nothing
) -> int:
    """What a worker's tick does with what may leave now, whoever carries it; how many messages."""
    if provider.name == Handoff.name:
        return hand_over(owner)
    return send_due(provider, owner, ending=ending, at=at)


def _send(
    provider: Provider, made: Claim, timings: Timings, at: Point, ending: Callable[[], bool]
) -> Outcome:
    if ending():
        return NotSent("the worker was stopped before sending")
    at("send before")
    if now() > made.until - timedelta(seconds=timings.deadline):
        return NotSent("stopped for too long before sending")
    outcome = provider.send(made.phone, made.text, made.token)
    at("send after")
    return outcome


def reconcile_due(provider: Provider, timings: Timings = USUAL, at: Point = _nothing) -> int:
    """Release dead claims, look up what is unknown; how many messages were looked up."""
    session = db.session()
    reconcile.release(session, now())
    reconcile.give_up_waiting(session, now(), timings)
    session.commit()
    if provider.name == Sandbox.name:
        play_receipts(session, business_date(session), now())
        session.commit()
    with reading():
        asked = reconcile.questions(session, provider.name, now())
        session.rollback()
    failed, in_a_row, last = 0, 0, ""
    for question in asked:
        found = None
        if in_a_row < MOST_IN_A_ROW:  # a provider that is away is not asked for each of many messages
            try:
                found = provider.lookup(question.phone, question.text, question.since)
            except LookupFailed as error:
                failed, in_a_row, last = failed + 1, in_a_row + 1, str(error)
        if found is None:
            reconcile.put_off(session, question, now(), timings)
        else:
            in_a_row = 0
            at("look-up before write")
            reconcile.answer(session, question, found, now(), timings)
        session.commit()
    if failed:
        log.warning("%d of %d look-ups failed, the last one: %s", failed, len(asked), last)
    return len(asked)


def current_provider() -> Provider:
    return provider_of(current_app)
