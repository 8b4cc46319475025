"""The sweep of cases, against one bare statement that finds the same loans and inserts as many rows."""

from collections.abc import Iterator

from sqlalchemy import text

from app.cases.actions import sweep
from app.db import db
from benchmarks import invented, portfolio
from benchmarks.databases import Databases, opened
from benchmarks.measure import Result, compare, timed

AIM = 3.0
_BARE = """
INSERT INTO bare_case (loan_id, township_code, branch_id, due_on, overdue)
SELECT id, township_code, branch_id, effective_due_on, CASE WHEN overdue > 0 THEN overdue ELSE balance END
FROM loan
WHERE overdue > 0 OR (as_of <= effective_due_on AND effective_due_on < :day AND balance > 0)
"""
_TABLE = """
CREATE TABLE bare_case (loan_id bigint, township_code varchar(12), branch_id bigint, due_on date, overdue bigint)
"""


def measure(made: Databases, sizes: tuple[int, ...], runs: int) -> Iterator[Result]:
    """For each size: a sweep that opens all the cases, and one that finds nothing to do."""
    for size in sizes:
        settings = made.copy()
        with opened(settings):
            portfolio.fill(size)
            yield from measure_open_app(size, runs)
        made.drop(settings)


def measure_open_app(size: int, runs: int) -> Iterator[Result]:
    """The same on the open app's database, which is left as it was."""
    _run(_TABLE)
    floor, ours = compare(_bare, _sweep, runs, after_each=_put_back)
    yield Result("sweep", f"{size:,} loans, all cases new", ours, "s", floor, AIM)
    _sweep()
    portfolio.tidy()
    idle = sorted(timed(_sweep)[0] for _ in range(runs))[runs // 2]
    yield Result("sweep", f"{size:,} loans, nothing to do", idle, "s", floor, AIM)
    _put_back()
    _run("DROP TABLE bare_case")


def _run(statement: str, **values: object) -> int:
    done = int(db.session.connection().execute(text(statement), values).rowcount)
    db.session.commit()
    return done


def _bare() -> int:
    day = invented.SWEEP_DAY
    return _run(_BARE, day=day if db.engine.dialect.name == "postgresql" else day.isoformat())


def _sweep() -> int:
    swept = sweep(db.session(), invented.SWEEP_DAY, "benchmark")
    db.session.commit()
    return swept.open


def _put_back() -> None:
    """No cases again, nor bare ones."""
    if db.engine.dialect.name == "postgresql":
        _run("TRUNCATE collection_case, case_event, case_note, bare_case")
    else:
        for table in ("case_event", "collection_case", "bare_case"):
            _run(f"DELETE FROM {table}")
        _run("PRAGMA wal_checkpoint(TRUNCATE)")
