"""Sending: the only place that commits between a claim and a send, and again after it.

1. claim, commit; 2. send, with no transaction open; 3. finish, commit. A process that dies between any two of these
leaves a message that is waiting, or one whose outcome is looked up: never one that is sent again.
"""

import logging
import random
import secrets
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

from flask import Flask, current_app

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
from app.sms.protocol import LookupFailed, NotSent, Outcome, Provider
from app.sms.sandbox import Sandbox
from app.today import business_date, moment, now

AT_ONCE = 8
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
    provider: Provider, owner: str, timings: Timings = USUAL, at: Point = _nothing, count: int = AT_ONCE
) -> int:
    """Send one round of what may leave now; how many messages were claimed. ``at`` is told each step."""
    session = db.session()
    clocks = Clocks(moment(session), now())
    claims = outbox.claim(
        session, provider.name, owner, clocks, timings, count, lambda: secrets.token_urlsafe(16)
    )
    at("claim before commit")
    session.commit()
    at("claim after commit")
    if not claims:
        return 0
    with ThreadPoolExecutor(max_workers=len(claims)) as pool:
        running = [(made, pool.submit(_send, provider, made, timings, at)) for made in claims]
        for made, result in running:
            outcome = result.result()
            at("finish before")
            outbox.finish(session, made, provider.name, outcome, now(), timings, random.random())
            reconcile.apply_receipts(session, made.message_id, now())
            at("finish before commit")
            session.commit()
            at("finish after commit")
    return len(claims)


def hand_over(actor: str, timings: Timings = USUAL) -> int:
    """Put what may leave now into files for the lenders' own platforms; how many messages."""
    session = db.session()
    made = make_batches(session, batches(), actor, Clocks(moment(session), now()), timings)
    count = sum(batch.messages for batch in made)
    session.commit()
    return count


def send_round(provider: Provider, owner: str) -> int:
    """What a worker's tick does with what may leave now, whoever carries it; how many messages."""
    return hand_over(owner) if provider.name == Handoff.name else send_due(provider, owner)


def _send(provider: Provider, made: Claim, timings: Timings, at: Point) -> Outcome:
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
    for question in asked:
        try:
            found = provider.lookup(question.phone, question.text, question.since)
        except LookupFailed as failed:
            log.warning("a look-up failed: %s", failed)
            reconcile.put_off(session, question, now(), timings)
        else:
            at("look-up before write")
            reconcile.answer(session, question, found, now(), timings)
        session.commit()
    return len(asked)


def current_provider() -> Provider:
    return provider_of(current_app)
