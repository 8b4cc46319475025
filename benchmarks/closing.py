"""Closing a county's month, against the bare aggregates of its figures; the loans behind a figure of a closed month."""

import time
from collections.abc import Iterator
from pathlib import Path

from sqlalchemy import text

from app.accounts.rules import EVERYTHING
from app.bulletin import checklist, closed, digests, drill, queries
from app.bulletin.closing import close_month, preserve, settle
from app.bulletin.models import MonthClose
from app.bulletin.queries import Measure
from app.bulletin.reopening import agree_to_reopen, ask_to_reopen
from app.db import db, reading
from benchmarks import invented
from benchmarks.counting import BARE
from benchmarks.measure import Result, percentile, timed

PAGE = 51
AIM, DRILL_AIM = 2.0, 300.0


def measure_open_app(size: int, runs: int) -> Iterator[Result]:
    """The check list, the close with its digest, the drill-down before and after a late ledger copied its loans."""
    loans = f"{size:,} loans"
    with reading():
        floor = min(timed(_bare)[0] for _ in range(runs))
        seconds, found = timed(_check)
    yield Result("close", f"{loans}, check list", seconds, "s", floor, None)
    for item in found.open:
        settle(db.session(), invented.county, invented.AS_OF, item.kind, item.key, "measured", "office")
    db.session.commit()
    seconds, _ = timed(_close)
    yield Result("close", f"{loans}, closed", seconds, "s", floor, AIM)
    yield Result("close", "memory of this process", _memory(), "MB", None, None)
    yield from _drill(f"{loans}, behind a figure of a closed month", runs)
    seconds, _ = timed(_preserve)
    yield Result("close", f"{loans}, copied before a late ledger", seconds, "s", floor, None)
    yield from _drill(f"{loans}, behind a figure from the copy", runs)
    _open_again()


def _bare() -> None:
    db.session.execute(text(BARE)).all()
    db.session.rollback()


def _check() -> checklist.CheckList:
    found = checklist.check(db.session(), invented.county, invented.AS_OF)
    db.session.rollback()
    return found


def _close() -> None:
    close_month(db.session(), invented.county, invented.AS_OF, "office", invented.NEXT_MONTH)
    db.session.commit()


def _preserve() -> None:
    preserve(db.session(), invented.AS_OF, lambda: {invented.county + "101"})
    db.session.commit()


def _open_again() -> None:
    (close,) = db.session.query(MonthClose).all()
    ask_to_reopen(db.session(), close, "measured", "office")
    agree_to_reopen(db.session(), close, "leader")
    db.session.commit()


def _drill(what: str, runs: int) -> Iterator[Result]:
    """First pages and later ones, of the county and of its townships, of every measure."""
    spent = []
    with reading():
        for region in (invented.county, *(code for code, _ in invented.townships)):
            for measure in Measure:
                after = 0
                for _ in range(runs):
                    begun = time.perf_counter()
                    figures = queries.figures(db.session(), region, invented.AS_OF)
                    page = drill.loans_behind(
                        db.session(), measure, region, invented.AS_OF, EVERYTHING, after, PAGE
                    )
                    drill.loans_here(db.session(), figures, measure, EVERYTHING)
                    spent.append((time.perf_counter() - begun) * 1000)
                    after = page[-1].id if page else 0
                    db.session.rollback()
    yield Result("close", what, percentile(spent, 95), "ms p95", None, DRILL_AIM)


def _memory() -> float:
    line = next(
        line for line in Path("/proc/self/status").read_text().splitlines() if line.startswith("VmHWM")
    )
    return int(line.split()[1]) / 1024


def is_untouched() -> bool:
    """Does the closed month still give its digest?"""
    (close,) = closed.governing(db.session(), invented.county, invented.AS_OF)
    return digests.is_untouched(db.session(), close)
