"""A storm of receipts over HTTP to gunicorn: as many connections as the program has threads, as fast as it answers.

Every message gets "sent" and "delivered", signed as the provider signs. What is counted at the end is in the database:
a receipt that is not there is lost, and then there is no figure but an error.
"""

import http.client
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import NamedTuple
from urllib.parse import urlencode

from sqlalchemy import text
from twilio.request_validator import RequestValidator

from app.db import db
from benchmarks import portfolio, texting
from benchmarks.databases import Databases, opened
from benchmarks.dayserver import served
from benchmarks.measure import Result, percentile

CONNECTIONS = 8
URL, SECRET = "https://county.example", "secret"
ENVIRON = {
    "QINGSHOU_SMS_PROVIDER": "twilio",
    "TWILIO_ACCOUNT_SID": "AC1",
    "TWILIO_AUTH_TOKEN": SECRET,
    "TWILIO_FROM": "+8610000",
    "QINGSHOU_PUBLIC_URL": URL,
    "QINGSHOU_NOW": texting.NOW,
}
_TAKEN = """
UPDATE outbox_message SET state = 'accepted', fence = 1, attempts = 1, provider = 'twilio', provider_id = 'SM' || id
"""
_ATTEMPTS = """
INSERT INTO send_attempt (message_id, n, token, provider, begun_at, outcome)
SELECT id, 1, 'token' || id, 'twilio', changed_at, '' FROM outbox_message
"""


class Call(NamedTuple):
    path: str
    body: str
    signature: str


def measure(made: Databases, receipts: int, connections: int = CONNECTIONS) -> Iterator[Result]:
    settings = made.copy()
    messages = receipts // 2
    with opened(settings) as app:
        portfolio.fill(messages + 10)
        app.config["NOW"] = texting.NOW
        texting.fill(messages)
        for statement in (_TAKEN, _ATTEMPTS):
            db.session.execute(text(statement))
        db.session.commit()
        calls = _calls(list(db.session.scalars(text("SELECT id FROM outbox_message ORDER BY id"))))
        db.session.remove()
        db.engine.dispose()
        environ = ENVIRON | (
            {"DATABASE_URL": made.url(settings.instance.name)} if made.kind == "postgresql" else {}
        )
        with served(settings, environ) as port:
            begun = time.perf_counter()
            spent = _storm(port, calls, connections)
            seconds = time.perf_counter() - begun
        _check(len(calls), messages)
    made.drop(settings)
    what = f"{len(calls):,} receipts over {connections} connections, none lost"
    note = f"{len(calls) / seconds:.0f} a second"
    yield Result("receipts", f"{what}: median", percentile(spent, 50), "ms", note=note)
    yield Result("receipts", f"{what}: p95", percentile(spent, 95), "ms")


def _calls(messages: list[int]) -> list[Call]:
    """All of the "sent", then all of the "delivered"."""
    validator, made = RequestValidator(SECRET), []
    for status in ("sent", "delivered"):
        for number in messages:
            path = f"/sms/receipts/token{number}"
            form = {"MessageSid": f"SM{number}", "MessageStatus": status}
            made.append(Call(path, urlencode(form), validator.compute_signature(URL + path, form)))
    return made


def _storm(port: int, calls: list[Call], connections: int) -> list[float]:
    """Milliseconds of each. Raises where an answer is not 200."""

    def bring(mine: list[Call]) -> list[float]:
        connection, spent = http.client.HTTPConnection("127.0.0.1", port, timeout=60), []
        for call in mine:
            heads = {
                "Content-Type": "application/x-www-form-urlencoded",
                "X-Twilio-Signature": call.signature,
            }
            begun = time.perf_counter()
            connection.request("POST", call.path, call.body, heads)
            answer = connection.getresponse()
            answer.read()
            spent.append((time.perf_counter() - begun) * 1000)
            if answer.status != 200:
                raise RuntimeError(f"{call.path} was answered {answer.status}")
        connection.close()
        return spent

    with ThreadPoolExecutor(connections) as pool:
        return [
            one
            for part in pool.map(bring, (calls[n::connections] for n in range(connections)))
            for one in part
        ]


def _check(receipts: int, messages: int) -> None:
    kept = db.session.scalar(text("SELECT count(*) FROM delivery_receipt"))
    arrived = db.session.scalar(text("SELECT count(*) FROM outbox_message WHERE state = 'delivered'"))
    db.session.rollback()
    if (kept, arrived) != (receipts, messages):
        raise RuntimeError(f"{kept} of {receipts} receipts kept, {arrived} of {messages} messages arrived")
