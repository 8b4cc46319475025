"""The staging table: a ledger's rows inside the database, where one statement can compare or take them all.

It is a temporary table of the connection: other users never see it, it takes no lock, and it is gone with the
transaction's connection. ID numbers and phones enter it sealed.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import date
from decimal import ROUND_HALF_UP
from typing import Any

from sqlalchemy import (
    BigInteger,
    Column,
    Connection,
    Date,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    insert,
)

from app.clock import effective_due_date
from app.ledger.names import Names
from app.ledger.rows import LedgerRow
from app.loans.initials import initials
from app.loans.models import Borrower, Household
from app.privacy import ID_NUMBER, PHONE, Keyring, lift

_CHUNK = 2000
# PostgreSQL: the columns it plans joins by, and the memory for them, in which a large ledger fits.
_JOINED = "lender_id, contract_no, township_code, head_id, id_number"
_WORK_MEMORY = "64MB"

STAGE = Table(
    "ledger_stage",
    MetaData(),
    Column("row_id", Integer, primary_key=True),
    Column("sheet", String, nullable=False),
    Column("row_no", Integer, nullable=False),
    Column("lender_id", BigInteger),
    Column("contract_no", String, nullable=False),
    Column("township_code", String(12), nullable=False),
    Column("village_code", String(12)),
    Column("branch_id", BigInteger),
    Column("group_name", String, nullable=False),
    Column("head_id", LargeBinary, nullable=False),
    Column("head_name", String, nullable=False),
    Column("size", Integer),
    Column("id_number", LargeBinary, nullable=False),
    Column("name", String, nullable=False),
    Column("initials", String, nullable=False),
    Column("phone", LargeBinary),
    Column("category", String),
    Column("principal", BigInteger, nullable=False),
    Column("balance", BigInteger, nullable=False),
    Column("overdue", BigInteger, nullable=False),
    Column("interest_owed", BigInteger),
    Column("disbursed_on", Date, nullable=False),
    Column("due_on", Date, nullable=False),
    Column("effective_due_on", Date, nullable=False),
    Column("rate", Integer),
    Column("grade", String, nullable=False),
    Column("purpose", String, nullable=False),
    Column("remark", String, nullable=False),
    Column("repaid", BigInteger),
    Column("repaid_on", Date),
    prefixes=["TEMPORARY"],
)
_COLUMNS = [column.name for column in STAGE.columns]
BY_CONTRACT = Index("ix_ledger_stage_contract", STAGE.c.lender_id, STAGE.c.contract_no)
STAGE.indexes.discard(BY_CONTRACT)  # made after the rows are in

# Contracts that a file lists in rows that were refused: whatever else is wrong, they are not missing from it.
REFUSED = Table(
    "ledger_refused",
    STAGE.metadata,
    Column("contract_no", String, nullable=False, index=True),
    prefixes=["TEMPORARY"],
)


def fill(
    connection: Connection,
    rows: Sequence[LedgerRow],
    as_of: date,
    names: Names,
    ring: Keyring,
    progress: Callable[[int, int], None],
) -> None:
    """Create the staging tables of this connection and put the rows into the first."""
    empty(connection)
    ring.refresh()
    if ring.is_changing:
        _lift(connection, rows, ring)
    STAGE.create(connection)
    REFUSED.create(connection)
    write = _copy if connection.dialect.name == "postgresql" else _execute_many
    values = _values(rows, as_of, names, ring, text_dates=connection.dialect.name == "sqlite")
    for start in range(0, len(rows), _CHUNK):
        write(connection, [next(values) for _ in range(min(_CHUNK, len(rows) - start))])
        progress(min(start + _CHUNK, len(rows)), len(rows))
    BY_CONTRACT.create(connection)
    if connection.dialect.name == "postgresql":
        connection.exec_driver_sql(f"ANALYZE ledger_stage ({_JOINED})")
        connection.exec_driver_sql(f"SET LOCAL work_mem = '{_WORK_MEMORY}'")


def _lift(connection: Connection, rows: Sequence[LedgerRow], ring: Keyring) -> None:
    """The people of these rows that stand under an older key: what follows knows them by their ciphertext."""
    lift(connection, ring, Borrower.id_number, {row.id_number for row in rows})
    lift(connection, ring, Household.head_id_number, {row.head_id or row.id_number for row in rows})
    lift(connection, ring, Borrower.phone, {row.phone for row in rows if row.phone})


def refuse(connection: Connection, contracts: Iterable[str]) -> None:
    """Put contracts of refused rows into the second staging table."""
    if rows := [{"contract_no": contract_no} for contract_no in contracts]:
        connection.execute(insert(REFUSED), rows)


def empty(connection: Connection) -> None:
    """Leave nothing of a ledger behind on this connection, which others will use."""
    for table in (STAGE, REFUSED):
        connection.exec_driver_sql(f"DROP TABLE IF EXISTS {table.name}")


def _execute_many(connection: Connection, values: list[tuple[Any, ...]]) -> None:
    marks = ", ".join("?" * len(_COLUMNS))
    connection.connection.cursor().executemany(f"INSERT INTO ledger_stage VALUES ({marks})", values)


def _copy(connection: Connection, values: list[tuple[Any, ...]]) -> None:
    cursor: Any = connection.connection.cursor()
    with cursor.copy(f"COPY ledger_stage ({', '.join(_COLUMNS)}) FROM STDIN") as copy:
        for row in values:
            copy.write_row(row)


def _values(
    rows: Sequence[LedgerRow], as_of: date, names: Names, ring: Keyring, text_dates: bool
) -> Iterator[tuple[Any, ...]]:
    """The rows as tuples in the order of the staging table's columns."""
    sealed: dict[str, bytes] = {}

    def seal_id(number: str) -> bytes:
        if (found := sealed.get(number)) is None:
            found = sealed[number] = ring.seal(number, ID_NUMBER)
        return found

    def written(day: date | None) -> date | str | None:
        return day.isoformat() if text_dates and day is not None else day

    for row_id, row in enumerate(rows, 1):
        lender_id, rule = names.lenders[row.lender or ""]
        due = effective_due_date(row.due_on, rule)
        overdue = row.overdue if row.overdue is not None else (row.balance if due < as_of else 0)
        own = seal_id(row.id_number)
        yield (
            row_id,
            row.sheet,
            row.row_no,
            lender_id,
            row.contract_no,
            row.township_code,
            names.villages.get((row.township_code, row.village)) if row.village else None,
            names.branches.get((lender_id, row.branch)) if row.branch else None,
            row.group,
            seal_id(row.head_id) if row.head_id else own,
            row.head_name or (row.name if row.head_id in (None, row.id_number) else ""),
            row.household_size,
            own,
            row.name,
            initials(row.name),
            ring.seal(row.phone, PHONE) if row.phone else None,
            row.category.value if row.category else None,
            row.principal,
            row.balance,
            overdue,
            row.interest_owed,
            written(row.disbursed_on),
            written(row.due_on),
            written(due),
            None if row.rate is None else int(row.rate.scaleb(4).to_integral_value(ROUND_HALF_UP)),
            row.grade,
            row.purpose,
            row.remark,
            row.repaid,
            written(row.repaid_on),
        )
