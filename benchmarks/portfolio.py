"""A portfolio of any size put straight into the database, in the form that two months' ledgers would leave."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import date
from itertools import islice
from typing import Any, TypeAlias

from sqlalchemy import Connection, Table, text

from app.db import FOREVER, db
from app.intake import settle
from app.loans.initials import initials
from app.loans.models import Borrower, Household, Loan
from app.loans.queries import bump_revision
from app.places.models import Branch, Lender
from app.privacy import ID_NUMBER, PHONE, keyring
from benchmarks import invented
from benchmarks.databases import village_code

Placing: TypeAlias = Callable[[invented.Line], invented.Line]
_CHUNK = 20_000
_BEFORE = date(2023, 9, 30)
TOWNSHIPS = tuple(place[0] for place in invented.townships)
_HOUSEHOLD = ("id", "head_id_number", "head_name", "size")
_BORROWER = ("id", "id_number", "name", "phone", "initials")
_LOAN_COLUMNS = """
    id lender_id contract_no borrower_id household_id township_code village_code group_name branch_id category
    principal balance overdue disbursed_on due_on effective_due_on rate grade purpose remark as_of
"""
_LOAN = _LOAN_COLUMNS.split()

# September as it was: nobody overdue now was better off then, and what is repaid now was half owed.
_SNAPSHOTS = """
INSERT INTO snapshot (loan_id, as_of, until, township_code, branch_id, household_id, principal, balance, overdue,
                      disbursed_on, due_on)
SELECT id, :as_of, :until, township_code, branch_id, household_id, principal, {balance}, overdue, disbursed_on, due_on
FROM loan WHERE disbursed_on <= :as_of
"""


def fill(
    count: int,
    overdue_per_mille: int = 40,
    with_cases: bool = False,
    placed: Placing = lambda line: line,
    townships: Sequence[str] = TOWNSHIPS,
) -> None:
    """Put ``count`` loans with two months' snapshots into the app's database, and commit.

    ``with_cases``: also open the cases and count the figures, as the worker would. ``placed`` may put each loan
    elsewhere, in one of ``townships`` (their codes) and at one of the branches, both by their position.
    """
    session = db.session()
    connection = session.connection()
    _rows(connection, map(placed, invented.lines(count, overdue_per_mille)), townships)
    for as_of, until, balance in (
        (_BEFORE, invented.AS_OF, "CASE WHEN balance = 0 THEN principal / 2 ELSE balance END"),
        (invented.AS_OF, FOREVER, "balance"),
    ):
        days = {"as_of": as_of.isoformat(), "until": until.isoformat()}
        if connection.dialect.name == "postgresql":
            days = {"as_of": as_of, "until": until}  # type: ignore[dict-item]
        connection.execute(text(_SNAPSHOTS.format(balance=balance)), days)
    if connection.dialect.name == "postgresql":
        for table in ("household", "borrower", "loan", "snapshot"):
            connection.execute(
                text(f"SELECT setval(pg_get_serial_sequence('{table}', 'id'), (SELECT max(id) FROM {table}))")
            )
    bump_revision(session, _BEFORE)
    session.commit()
    tidy()
    if with_cases:
        settle_now()


def settle_now() -> None:
    """Open the cases and count the figures, as the worker does, and commit."""
    settle(db.session(), invented.SWEEP_DAY, "benchmark")
    db.session.commit()
    tidy()


def tidy() -> None:
    """The housekeeping that databases do by themselves within a minute of a bulk change."""
    db.session.remove()
    connection: Any = db.engine.raw_connection()
    if db.engine.dialect.name == "postgresql":
        connection.driver_connection.autocommit = True
        connection.driver_connection.execute("VACUUM ANALYZE")
        connection.driver_connection.autocommit = False
    else:
        connection.driver_connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    connection.close()


def _rows(connection: Connection, lines: Iterator[invented.Line], townships: Sequence[str]) -> None:
    session, ring = db.session(), keyring()
    lender = session.query(Lender).one().id
    branches = [branch.id for branch in session.query(Branch).order_by(Branch.id)]
    as_text = connection.dialect.name == "sqlite"
    as_of = _day(invented.AS_OF, as_text)
    while chunk := list(islice(lines, _CHUNK)):
        households, borrowers, loans = [], [], []
        for line in chunk:
            number, person = line.number + 1, ring.seal(invented.id_number(line.number), ID_NUMBER)
            name = invented.name(line.number)
            borrowers.append(
                (number, person, name, ring.seal(invented.phone(line.number), PHONE), initials(name))
            )
            if line.head == line.number:
                households.append((number, person, name, 2 + number % 5))
            township = townships[line.township]
            due = _day(line.due_on, as_text)
            loans.append(
                (
                    number,
                    lender,
                    invented.contract_no(line.number),
                    number,
                    line.head + 1,
                    township,
                    village_code(township, line.village),
                    f"{number % 8 + 1}组",
                    branches[line.branch],
                    "lifted",
                    line.principal,
                    line.balance,
                    line.overdue,
                    _day(line.disbursed_on, as_text),
                    due,
                    due,
                    36500,
                    "正常",
                    "养牛",
                    "",
                    as_of,
                )
            )
        _write(connection, Household.__table__, _HOUSEHOLD, households)
        _write(connection, Borrower.__table__, _BORROWER, borrowers)
        _write(connection, Loan.__table__, _LOAN, loans)


def _day(day: date, as_text: bool) -> date | str:
    return day.isoformat() if as_text else day


def _write(
    connection: Connection, table: Any, columns: Iterable[str], rows: Iterable[tuple[Any, ...]]
) -> None:
    assert isinstance(table, Table)
    bulk_insert(connection.connection.cursor(), table.name, list(columns), iter(rows))


def bulk_insert(cursor: Any, table: str, columns: list[str], rows: Iterator[tuple[Any, ...]]) -> None:
    """The fastest way each driver has: COPY on PostgreSQL, executemany on SQLite."""
    names = ", ".join(columns)
    if hasattr(cursor, "copy"):
        with cursor.copy(f"COPY {table} ({names}) FROM STDIN") as copy:
            for row in rows:
                copy.write_row(row)
    else:
        cursor.executemany(f"INSERT INTO {table} ({names}) VALUES ({', '.join('?' * len(columns))})", rows)
