"""One measured import, or its floor, in a process of its own, so that its memory is its own.

``python -m benchmarks.child app|floor FILE AS_OF`` prints ``{"seconds": …, "answer": …}``. The instance comes from
the environment, like everywhere; ``floor`` takes the database's address as the variable ``FLOOR_DATABASE``.
"""

import json
import os
import sqlite3
import sys
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import psycopg
import python_calamine

from benchmarks.measure import timed
from benchmarks.portfolio import bulk_insert

TITLE_ROWS, FOOTER_ROWS = 4, 1
_TYPES = {str: "text", float: "double precision", date: "date"}


def main() -> None:
    side, file, as_of = sys.argv[1:]
    seconds, answer = {"app": _app, "floor": _floor}[side](Path(file), date.fromisoformat(as_of))
    print(json.dumps({"seconds": seconds, "answer": answer}))


def _app(path: Path, as_of: date) -> tuple[float, int]:
    """Import as ``flask ledger import`` does, once the program is up."""
    from app.config import Settings
    from app.intake import Request, import_file
    from benchmarks.databases import opened

    with opened(Settings.load()):
        order = Request(path, as_of)
        seconds, outcome = timed(lambda: import_file(order, today=date(2023, 12, 5), actor="benchmark"))
        return seconds, outcome.counts["accepted"] if outcome.ok else -1


def _floor(path: Path, _as_of: date) -> tuple[float, int]:
    """Read the cells in this process; put them as they are into one plain table; commit."""
    address = os.environ["FLOOR_DATABASE"]
    connection: Any = psycopg.connect(address) if "://" in address else _sqlite(address)
    connection.execute("DROP TABLE IF EXISTS bare_row")
    connection.commit()
    try:
        return timed(lambda: _read_and_insert(connection, path))
    finally:
        connection.close()


def _sqlite(path: str) -> sqlite3.Connection:
    connection = sqlite3.connect(path)
    sqlite3.register_adapter(date, date.isoformat)
    connection.execute("PRAGMA journal_mode=WAL")
    connection.execute("PRAGMA synchronous=FULL")
    return connection


def _read_and_insert(connection: Any, path: Path) -> int:
    rows = python_calamine.CalamineWorkbook.from_path(str(path)).get_sheet_by_index(0).to_python()
    body = rows[TITLE_ROWS:-FOOTER_ROWS]
    columns = [f"c{at}" for at in range(len(body[0]))]
    types = [_type_of(body, at) for at in range(len(columns))]
    declared = ", ".join(map(" ".join, zip(columns, types, strict=True)))
    connection.execute(f"CREATE TABLE bare_row ({declared})")
    bulk_insert(connection.cursor(), "bare_row", columns, _without_blanks(body))
    connection.commit()
    return len(body)


def _type_of(rows: list[list[Any]], at: int) -> str:
    filled = next((row[at] for row in rows if row[at] != ""), "")
    return _TYPES[type(filled)]


def _without_blanks(rows: list[list[Any]]) -> Iterator[tuple[Any, ...]]:
    for row in rows:
        yield tuple([None if cell == "" else cell for cell in row])


if __name__ == "__main__":
    main()
