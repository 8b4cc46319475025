"""The figures of a county, against the same aggregate written by hand."""

from collections.abc import Iterator
from typing import Any

from sqlalchemy import text

from app.accounts.rules import EVERYTHING
from app.bulletin import queries
from app.bulletin.actions import refresh_figures
from app.db import db, reading
from benchmarks import invented
from benchmarks.measure import Result, compare

AIM = 1.5
BARE = """
SELECT township_code,
       max(as_of),
       count(DISTINCT CASE WHEN balance > 0 THEN household_id END),
       sum(CASE WHEN balance > 0 THEN balance ELSE 0 END),
       count(DISTINCT CASE WHEN disbursed_on BETWEEN '2023-01-01' AND '2023-10-31' THEN household_id END),
       sum(CASE WHEN disbursed_on BETWEEN '2023-01-01' AND '2023-10-31' THEN principal ELSE 0 END),
       count(DISTINCT CASE WHEN overdue > 0 THEN household_id END),
       sum(CASE WHEN overdue > 0 THEN overdue ELSE 0 END),
       count(CASE WHEN overdue > 0 THEN 1 END)
FROM snapshot
WHERE as_of <= '2023-10-31' AND until > '2023-10-31'
GROUP BY township_code
ORDER BY township_code
"""


def measure_open_app(size: int, runs: int) -> Iterator[Result]:
    """Counting a month's figures, and reading them once counted, on the open app's database."""
    refresh_figures(db.session(), invented.AS_OF)
    db.session.commit()
    with reading():
        floor, counted = compare(_bare, _count, runs)
        yield Result("figures", f"{size:,} loans, counted", counted, "s", floor, AIM)
        _, cached = compare(_bare, _read, runs)
        yield Result("figures", f"{size:,} loans, read as kept", cached, "s", floor, AIM)


Row = tuple[Any, ...]


def _bare() -> list[Row]:
    rows = [tuple(map(int, row[2:])) for row in db.session.execute(text(BARE))]
    db.session.rollback()
    return rows


def _count() -> list[Row]:
    counted = queries.count(db.session(), invented.AS_OF, EVERYTHING, invented.county)
    db.session.rollback()
    return [
        (
            c.stock_households,
            c.stock,
            c.new_households,
            c.new,
            c.overdue_households,
            c.overdue,
            c.overdue_loans,
        )
        for c in sorted(counted, key=lambda c: c.township_code)
    ]


def _read() -> list[Row]:
    figures = queries.figures(db.session(), invented.county, invented.AS_OF, EVERYTHING)
    db.session.rollback()
    return [
        (
            r.stock_households,
            r.stock_fen,
            r.new_households,
            r.new_fen,
            r.overdue_households,
            r.overdue_fen,
            r.overdue_loans,
        )
        for r in sorted(figures.rows, key=lambda r: r.code)
    ]
