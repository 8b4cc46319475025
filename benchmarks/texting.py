"""Sending through the real client to a server that answers after 50 ms, against the bare client, as many at once.

The floor has the same eight senders, each with Twilio's library as it comes (its connections kept alive), and no
database at all. Ours claims, looks once more, sends on a connection of its own, and writes down what came of it. Two
workers are processes of their own on the same outbox; what they send is timed by the server.
"""

import os
import traceback
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from functools import partial
from typing import Any
from urllib.parse import urlsplit, urlunsplit

from flask import Flask, current_app
from sqlalchemy import text
from twilio.http.http_client import TwilioHttpClient
from twilio.rest import Client

from app import sending
from app.db import db
from app.reminders.plan import plan
from app.reminders.rules import Timings
from app.sms.twilio import Account, Twilio
from benchmarks import planning, portfolio
from benchmarks.databases import Databases, opened
from benchmarks.measure import Result, compare
from benchmarks.slowserver import Slow, slow_server

AIM = 1.25  # times as long: 0.8 times as fast
TWO_AIM = 1 / 1.7  # of the time that one worker takes
DELAY_MS = 50
SENDERS = sending.AT_ONCE
DUE_IN = 7  # days: one message for each today
NOW = "2023-12-05T09:30+08:00"
_WAIT = """
UPDATE outbox_message SET state = 'pending', attempts = 0, sent_on = NULL, provider_id = NULL, cost = 0,
  lease_until = NULL, first_sent_at = NULL
"""
_WAITING = "SELECT phone, text FROM outbox_message ORDER BY id LIMIT {count}"


class _There(TwilioHttpClient):  # type: ignore[misc]
    """The library's own transport, to another host."""

    def __init__(self, base: str) -> None:
        super().__init__()
        self.base = urlsplit(base)

    def request(self, method: str, url: str, *given: Any, **named: Any) -> Any:
        where = urlsplit(url)._replace(scheme=self.base.scheme, netloc=self.base.netloc)
        return super().request(method, urlunsplit(where), *given, **named)


def measure(made: Databases, messages: int, runs: int) -> Iterator[Result]:
    settings = made.copy()
    with opened(settings) as app, slow_server(made.folder, DELAY_MS) as slow:
        portfolio.fill(messages + 10)
        app.config["NOW"] = NOW
        fill(messages)
        yield from measure_open_app(slow, messages, runs)
    made.drop(settings)


def fill(messages: int) -> None:
    """``messages`` that may leave today, one a borrower."""
    planning.prepare()
    day = planning.TODAY + timedelta(days=DUE_IN)
    session = db.session
    session.execute(text("UPDATE loan SET balance = 0"))
    due = f"balance = principal, effective_due_on = '{day}', due_on = '{day}'"
    session.execute(text(f"UPDATE loan SET {due} WHERE id <= {messages}"))
    session.commit()
    plan(session(), planning.NINE, horizon=0)
    session.commit()
    portfolio.tidy()


def measure_open_app(slow: Slow, messages: int, runs: int) -> Iterator[Result]:
    rows = db.session.execute(text(_WAITING.format(count=messages))).all()
    db.session.rollback()
    provider = Twilio(Account("AC1", "secret", "+8610000", "https://county.example", slow.url))
    floor, ours = compare(
        lambda: _bare(slow, rows), lambda: _ours(slow, provider), runs, after_each=_put_back
    )
    what = f"{messages:,} messages of {DELAY_MS} ms, {SENDERS} at once; floor: the bare client in a loop"
    yield Result("sending", what, ours, "s", floor, AIM, note=f"{messages / ours:.0f} messages a second")
    both: list[float] = []
    for _ in range(runs):
        both.append(_workers(slow, provider, 1, messages))
        _put_back()
    one = sorted(both)[len(both) // 2]
    both = []
    for _ in range(runs):
        both.append(_workers(slow, provider, 2, messages))
        _put_back()
    two = sorted(both)[len(both) // 2]
    yield Result(
        "sending", f"{messages:,} messages, two workers; floor: one", two, "s", one, TWO_AIM,
        note=f"{one / two:.2f} times as fast",
    )  # fmt: skip


def _bare(slow: Slow, rows: Sequence[Any]) -> int:
    client = Client("AC1", "secret", http_client=_There(slow.url))

    def send(row: Any) -> None:
        client.messages.create(
            to=f"+86{row.phone!r}",
            body=row.text,
            from_="+8610000",
            status_callback="https://county.example/x",
        )

    with ThreadPoolExecutor(SENDERS) as pool:
        list(pool.map(send, rows))
    return slow.taken()[0]


def _ours(slow: Slow, provider: Twilio) -> int:
    while sending.send_due(provider, "bench"):
        pass
    return slow.taken()[0]


def _workers(slow: Slow, provider: Twilio, workers: int, messages: int) -> float:
    """Seconds between the first and the last message that the server took. Raises where some are missing."""
    app: Flask = current_app._get_current_object()  # type: ignore[attr-defined]
    db.session.remove()
    db.engine.dispose()
    slow.taken()
    children = [_fork(partial(_work, app, provider, number)) for number in range(workers)]
    for child in children:
        if os.waitpid(child, 0)[1]:
            raise RuntimeError("a worker failed")
    taken, seconds = slow.taken()
    if taken != messages:
        raise RuntimeError(f"{taken} of {messages} messages arrived")
    return seconds


def _work(app: Flask, provider: Twilio, number: int) -> None:
    with app.app_context():
        while sending.send_due(provider, f"worker-{number}", Timings()):
            pass


def _fork(work: Callable[[], None]) -> int:
    if child := os.fork():
        return child
    try:
        work()
        os._exit(0)
    except BaseException:
        traceback.print_exc()
        os._exit(1)


def _put_back() -> None:
    """Everything waits again."""
    for statement in (
        "DELETE FROM send_attempt",
        "DELETE FROM sms_spend",
        _WAIT,
    ):
        db.session.execute(text(statement))
    db.session.commit()
    portfolio.tidy()
