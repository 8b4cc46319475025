"""Closing a county's month, against the bare reads that it stands for; the loans behind a figure of a closed month."""

import hashlib
import time
from collections.abc import Iterator
from pathlib import Path

from sqlalchemy import text

from app.accounts.rules import EVERYTHING
from app.bulletin import checklist, drill, queries
from app.bulletin.actions import refresh_figures
from app.bulletin.closing import close_month, preserve, settle
from app.bulletin.digests import digest_over
from app.bulletin.queries import Measure
from app.db import db, reading
from benchmarks import invented
from benchmarks.counting import BARE
from benchmarks.measure import Result, compare, percentile, timed

PAGE = 51
AIM, DRILL_AIM = 2.0, 300.0
_LINES = """
SELECT format('%s|%s|%s|%s|%s|%s|%s|%s|%s|%s|%s|%s', loan_id, as_of, township_code, branch_id, household_id, principal,
              balance, overdue, disbursed_on, due_on, repaid, repaid_on)
FROM snapshot WHERE as_of <= '2023-10-31' AND until > '2023-10-31' AND township_code = '{township}' ORDER BY loan_id
"""


def measure_open_app(size: int, runs: int) -> Iterator[Result]:
    """The check list, the close with its digest, the drill-down before and after a late ledger copied its loans."""
    loans = f"{size:,} loans"
    refresh_figures(db.session(), invented.AS_OF)
    db.session.commit()
    with reading():
        aggregates = min(timed(_aggregates)[0] for _ in range(runs))
        seconds, found = timed(_check)
    yield Result("close", f"{loans}, check list", seconds, "s", aggregates)
    for item in found.open:
        settle(db.session(), invented.county, invented.AS_OF, item.kind, item.key, "measured", "office")
    db.session.commit()
    floor, seconds = compare(_aggregates_and_digest, _close, runs, db.session.rollback)
    yield Result(
        "close", f"{loans}, closed, against aggregates and a digest by hand", seconds, "s", floor, AIM
    )
    yield Result("close", f"{loans}, closed, against the aggregates alone", seconds, "s", aggregates)
    yield Result("close", f"{loans}, memory of this process", _memory(), "MB")
    _close()
    yield from _drill(f"{loans}, behind a figure of a closed month", runs)
    seconds, _ = timed(_preserve)
    yield Result("close", f"{loans}, copied before a late ledger", seconds, "s", aggregates)
    yield from _drill(f"{loans}, behind a figure from the copy", runs)
    db.session.rollback()


def _aggregates() -> None:
    db.session.execute(text(BARE)).all()
    db.session.rollback()


def _check() -> checklist.CheckList:
    found = checklist.check(db.session(), invented.county, invented.AS_OF)
    db.session.rollback()
    return found


def _aggregates_and_digest() -> str:
    """What a close reads, by hand: the driver's own cursor, nothing checked and nothing written."""
    connection = db.session.connection()
    connection.execute(text(BARE)).all()
    cursor, digests = connection.connection.cursor(), {}
    for code, _ in invented.townships:
        digest = hashlib.sha256()
        cursor.execute(_LINES.format(township=code))
        while rows := cursor.fetchmany(5_000):
            digest.update("".join([f"{row[0]}\n" for row in rows]).encode())
        digests[code] = digest.hexdigest()
    return digest_over(digests)


def _close() -> str:
    return close_month(db.session(), invented.county, invented.AS_OF, "office", invented.NEXT_MONTH).digest


def _preserve() -> None:
    preserve(db.session(), invented.AS_OF, lambda: {invented.county + "101"})


def _drill(what: str, runs: int) -> Iterator[Result]:
    """First pages and later ones, of the county and of its townships, of every measure."""
    spent = []
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
    yield Result("close", what, percentile(spent, 95), "ms p95", None, DRILL_AIM)


def _memory() -> float:
    status = Path("/proc/self/status").read_text("ascii", "replace").splitlines()
    line = next(line for line in status if line.startswith("VmHWM"))
    return int(line.split()[1]) / 1024
