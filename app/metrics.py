"""Numbers for Prometheus: what the web processes did, and how the instance stands. None of them is about a person.

What the processes count, they share through files in PROMETHEUS_MULTIPROC_DIR, which deploy/gunicorn_config.py makes
before they are forked; so whichever is asked answers for all. How the instance stands is read when it is asked for.
``prometheus_client`` looks at that setting when it is imported, and so it is imported at the first count.
"""

import os
from collections.abc import Iterator
from datetime import date, datetime
from functools import lru_cache
from typing import TYPE_CHECKING, Any, NamedTuple

from flask import current_app
from sqlalchemy import func, select
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from app.backup import newest_backup
from app.cases.models import Case
from app.heartbeat import last_beat
from app.ledger.models import BatchState, ImportBatch
from app.reminders import outbox
from app.today import now

if TYPE_CHECKING:
    from prometheus_client import CollectorRegistry, Counter, Histogram
    from prometheus_client.core import GaugeMetricFamily

SHARED = "PROMETHEUS_MULTIPROC_DIR"
CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
BUCKETS = (0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10)  # seconds


class Meters(NamedTuple):
    registry: "CollectorRegistry"
    requests: "Counter"
    seconds: "Histogram"


@lru_cache(maxsize=1)
def meters() -> Meters:
    """The counters of this process."""
    from prometheus_client import CollectorRegistry, Counter, Histogram, disable_created_metrics

    disable_created_metrics()  # type: ignore[no-untyped-call]
    registry = CollectorRegistry()
    return Meters(
        registry,
        Counter(
            "qingshou_requests", "Requests by endpoint and status.", ["endpoint", "status"], registry=registry
        ),
        Histogram(
            "qingshou_request_seconds",
            "How long they took.",
            ["endpoint"],
            registry=registry,
            buckets=BUCKETS,
        ),
    )


def count(endpoint: str, status: int, seconds: float) -> None:
    """One request has been answered."""
    found = meters()
    found.requests.labels(endpoint, str(status)).inc()
    found.seconds.labels(endpoint).observe(seconds)


def exposition(session: Session) -> bytes:
    """All of it, as text. With the database away it says so, and what the processes counted."""
    from prometheus_client import CollectorRegistry, generate_latest
    from prometheus_client.multiprocess import MultiProcessCollector

    counted = meters().registry
    if os.environ.get(SHARED):
        counted = CollectorRegistry()
        MultiProcessCollector(counted)  # type: ignore[no-untyped-call]
    standing = CollectorRegistry()
    standing.register(_Standing(session))
    return generate_latest(counted) + generate_latest(standing)


class _Standing:
    """How the instance stands, asked at this moment."""

    def __init__(self, session: Session) -> None:
        self.found = list(_gauges(session))

    def collect(self) -> Iterator["GaugeMetricFamily"]:
        yield from self.found


def _gauges(session: Session) -> Iterator["GaugeMetricFamily"]:
    try:
        read = list(_read(session))
    except SQLAlchemyError:
        session.rollback()
        read = []
    yield _gauge("qingshou_database_up", "1 when the database answers.", int(bool(read)))
    yield from read
    made = newest_backup(current_app.extensions["qingshou.settings"])
    if made is not None:
        yield _gauge("qingshou_backup_age_seconds", "Since the newest backup was begun.", _age(made))


def _read(session: Session) -> Iterator["GaugeMetricFamily"]:
    """Gauges that have no value yet, such as the age of a worker that never ran, are left out."""
    waiting = _gauge("qingshou_outbox_messages", "Text messages by state.", labels=["state"])
    for state, number in outbox.counts(session).items():
        waiting.add_metric([state], number)
    yield waiting
    cases = session.scalar(select(func.count()).select_from(Case).where(Case.closed_on.is_(None))) or 0
    yield _gauge("qingshou_open_cases", "Cases that are open.", cases)
    newest: date | None = session.scalar(
        select(func.max(ImportBatch.as_of)).where(ImportBatch.state == BatchState.TAKEN)
    )
    if newest is not None:
        moment = datetime.combine(newest, datetime.min.time(), now().tzinfo).timestamp()
        yield _gauge(
            "qingshou_last_ledger_timestamp_seconds", "The newest ledger's date, at 0:00 UTC.", moment
        )
    beat = last_beat(session)
    if beat is not None:
        yield _gauge(
            "qingshou_worker_heartbeat_age_seconds", "Since the worker's last sign of life.", _age(beat)
        )


def _age(moment: datetime) -> float:
    return max(0.0, (now() - moment).total_seconds())


def _gauge(name: str, told: str, value: float | None = None, labels: Any = None) -> "GaugeMetricFamily":
    from prometheus_client.core import GaugeMetricFamily

    return GaugeMetricFamily(name, told, value=value, labels=labels)
