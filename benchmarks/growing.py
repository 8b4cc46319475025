"""What one message costs as the outbox grows: claimed, sent by the sandbox and written down, over ever more old ones.

The old messages have all arrived, each with its attempt and its receipt, of many borrowers on many days. The floor is
the same at the smallest size: the cost is to stay flat.
"""

import statistics
from collections.abc import Iterator, Sequence
from datetime import date, timedelta

from sqlalchemy import text

from app import sending
from app.db import db
from app.reminders.plan import plan
from app.reminders.reconcile import release
from app.sms.protocol import Accepted, Outcome
from app.sms.sandbox import Sandbox
from app.today import now
from benchmarks import planning, portfolio, texting
from benchmarks.databases import Databases, opened
from benchmarks.measure import Result, timed

AIM = 1.5  # times the cost at the smallest size: flat, on a machine that others use too
FRESH = 200  # messages that are sent at every size, at most one in ten of the old ones
BORROWERS = 10_000  # at most: as many as there are old messages at first
_DAYS = {
    "sqlite": "WITH RECURSIVE old(n) AS (SELECT {first} UNION ALL SELECT n + 1 FROM old WHERE n < {last})",
    "postgresql": "WITH old AS (SELECT generate_series({first}, {last}) AS n)",
}
_DAY = {"sqlite": "date('{day}', '-' || n || ' days')", "postgresql": "date '{day}' - n::int"}
_OLD = """
INSERT INTO outbox_message (key, borrower_id, lender_id, region_code, channel, day, phone, text, parts, state, why,
  not_before, expires_at, next_at, changed_at, fence, attempts, looks, cost, sent_on, provider, provider_id)
{days} SELECT 'old:' || b.id || ':' || n, b.id, 1, '530324', 'sms', {day}, b.phone, '您的小额信贷到期,请存足本息', 1,
  'delivered', '', '{at}', '{at}', '{at}', '{at}', 1, 1, 0, 5, {day}, 'sandbox', 'OLD' || b.id || '-' || n
FROM old CROSS JOIN (SELECT id, phone FROM borrower WHERE id <= {borrowers}) AS b
"""
_ATTEMPTS = """
INSERT INTO send_attempt (message_id, n, token, provider, begun_at, outcome)
SELECT id, 1, key, 'sandbox', changed_at, '' FROM outbox_message WHERE id > {after}
"""
_RECEIPTS = """
INSERT INTO delivery_receipt (provider, provider_id, status, token, code, received_at)
SELECT provider, provider_id, 'delivered', key, '', changed_at FROM outbox_message WHERE id > {after}
"""


def measure(made: Databases, sizes: Sequence[int], runs: int) -> Iterator[Result]:
    settings = made.copy()
    with opened(settings) as app:
        app.config["NOW"] = texting.NOW
        borrowers = min(BORROWERS, sizes[0])
        portfolio.fill(borrowers)
        texting.fill(min(FRESH, borrowers // 10))
        yield from measure_open_app(borrowers, sizes, runs)
    made.drop(settings)


def measure_open_app(borrowers: int, sizes: Sequence[int], runs: int) -> Iterator[Result]:
    """At each size in turn (old messages, smallest first)."""
    fresh = db.session.scalar(text("SELECT count(*) FROM outbox_message")) or 0
    db.session.execute(text("DELETE FROM reminder"))
    db.session.execute(text("DELETE FROM outbox_message"))
    db.session.commit()
    floor: tuple[float, float] | None = None
    days = 0
    for size in sizes:
        days = _grow(borrowers, days, -(-size // borrowers))
        sent, tick = _cost(fresh, runs)
        floor = floor or (sent, tick)
        what = f"{days * borrowers:,} old messages"
        yield Result("outbox", f"{what}: a message sent", sent * 1000, "ms", floor[0] * 1000, AIM)
        yield Result("outbox", f"{what}: an idle tick", tick * 1000, "ms", floor[1] * 1000, AIM)


def _grow(borrowers: int, days: int, wanted: int) -> int:
    """Old messages of ``wanted`` days, of which ``days`` are there; how many days there are."""
    kind, session = db.engine.dialect.name, db.session
    while days < wanted:  # a hundred days at a time: a million rows
        last = min(days + 100, wanted)
        after = session.scalar(text("SELECT coalesce(max(id), 0) FROM outbox_message"))
        parts = {
            "days": _DAYS[kind].format(first=days + 1, last=last), "borrowers": borrowers, "after": after,
            "day": _DAY[kind].format(day=_first_day()), "at": "2023-11-01 01:00:00.000000",
        }  # fmt: skip
        for statement in (_OLD, _ATTEMPTS, _RECEIPTS):
            session.connection().exec_driver_sql(statement.format(**parts))
        session.commit()
        days = last
    portfolio.tidy()
    return days


def _first_day() -> date:
    """Old messages end before the week that caps look at."""
    return planning.TODAY - timedelta(days=10)


def _cost(fresh: int, runs: int) -> tuple[float, float]:
    """Median seconds for a fresh message, from claim to receipt, and for a tick that finds nothing to do."""
    sent, ticks = [], []
    for _ in range(runs):
        plan(db.session(), planning.NINE, horizon=0)
        db.session.commit()
        seconds, count = timed(_send_all)
        if count != fresh:
            raise RuntimeError(f"{count} of {fresh} messages were sent")
        sent.append(seconds / fresh)
        ticks.append(timed(_tick)[0])
        _forget()
    return statistics.median(sent), statistics.median(ticks)


class Taker(Sandbox):
    """A sandbox that plays no refusals."""

    def send(self, phone: str, text: str, token: str) -> Outcome:
        return Accepted(f"SB{token}")


def _send_all() -> int:
    count = 0
    while done := sending.send_due(Taker(), "bench"):
        count += done
    sending.reconcile_due(Taker())  # brings the receipts
    return count


def _tick() -> None:
    plan(db.session(), planning.NINE, horizon=0)
    release(db.session(), now())
    db.session.commit()
    sending.send_due(Taker(), "bench")
    sending.reconcile_due(Taker())


def _forget() -> None:
    """The fresh messages were never there."""
    session = db.session
    fresh = "SELECT id FROM outbox_message WHERE template_id IS NOT NULL"
    session.execute(
        text(
            "DELETE FROM delivery_receipt WHERE provider_id IN "
            "(SELECT provider_id FROM outbox_message WHERE template_id IS NOT NULL)"
        )
    )
    for table, column in (("send_attempt", "message_id"), ("reminder", "message_id")):
        session.execute(text(f"DELETE FROM {table} WHERE {column} IN ({fresh})"))
    session.execute(text("DELETE FROM outbox_message WHERE template_id IS NOT NULL"))
    session.execute(text("DELETE FROM sms_spend"))
    session.commit()
