"""Taking the staged ledger, set by set, in the caller's transaction.

1. People: households and borrowers that are new; names and phones that changed.
2. Loans: new ones, and the present state of those for which this ledger is the newest.
3. Snapshots: one a row, replacing what the same date said before; the one before ends where this one begins.
4. Repayments: from falling balances between neighbouring snapshots, around this date only.
5. Missing: loans that the file should list and does not are marked; listed ones lose the mark.
"""

from collections.abc import Callable
from datetime import date
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    and_,
    case,
    delete,
    func,
    insert,
    literal,
    or_,
    select,
    update,
)
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import aliased

from app.db import FOREVER
from app.ledger.compare import missing_loans
from app.ledger.stage import STAGE
from app.loans.models import Borrower, Household, Loan, Repayment, Snapshot
from app.loans.rules import RepaymentSource

_s = STAGE.c
_LOAN_COLUMNS = (
    "township_code",
    "village_code",
    "group_name",
    "branch_id",
    "category",
    "principal",
    "balance",
    "overdue",
    "interest_owed",
    "disbursed_on",
    "due_on",
    "effective_due_on",
    "rate",
    "grade",
    "purpose",
    "remark",
)
_SNAPSHOT_COLUMNS = (
    "township_code",
    "branch_id",
    "principal",
    "balance",
    "overdue",
    "disbursed_on",
    "due_on",
    "repaid",
    "repaid_on",
)
STEPS = 5


def _upsert(connection: Connection, table: Any) -> Any:
    """INSERT that can be told what to do ON CONFLICT, in the connection's dialect."""
    return postgresql.insert(table) if connection.dialect.name == "postgresql" else sqlite.insert(table)


def take(
    connection: Connection,
    *,
    batch_id: int,
    as_of: date,
    refused_contracts: list[str],
    supplement: bool,
    progress: Callable[[int, int], None],
) -> None:
    """Take every staged row as of ``as_of``. See the module's text for the steps."""
    _people(connection, as_of)
    progress(1, STEPS)
    _loans(connection, as_of)
    progress(2, STEPS)
    _snapshots(connection, batch_id, as_of)
    progress(3, STEPS)
    _repayments(connection, batch_id, as_of)
    progress(4, STEPS)
    _missing(connection, as_of, refused_contracts, supplement)
    progress(5, STEPS)


def _people(connection: Connection, as_of: date) -> None:
    households = _upsert(connection, Household).from_select(
        ["head_id_number", "head_name", "size"],
        select(_s.head_id, _s.head_name, _s.size).where(_s.row_id.in_(_speaking_rows(_s.head_id))),
    )
    connection.execute(households.on_conflict_do_nothing(index_elements=["head_id_number"]))
    borrowers = _upsert(connection, Borrower).from_select(
        ["id_number", "name", "phone"],
        select(_s.id_number, _s.name, _s.phone).where(_s.row_id.in_(_speaking_rows(_s.id_number))),
    )
    newest = _is_newest(connection, as_of)
    connection.execute(
        borrowers.on_conflict_do_update(
            index_elements=["id_number"],
            set_={
                "name": borrowers.excluded.name,
                "phone": func.coalesce(borrowers.excluded.phone, Borrower.phone),
            },
            where=or_(
                Borrower.name.is_distinct_from(borrowers.excluded.name),
                and_(
                    borrowers.excluded.phone.is_not(None),
                    Borrower.phone.is_distinct_from(borrowers.excluded.phone),
                ),
            ),
        )
        if newest
        else borrowers.on_conflict_do_nothing(index_elements=["id_number"])
    )


def _speaking_rows(person: ColumnElement[Any]) -> Any:
    """One row for each person: the last that gives a phone, else the last."""
    with_phone = func.max(case((_s.phone.is_not(None), _s.row_id)))
    return select(func.coalesce(with_phone, func.max(_s.row_id))).group_by(person)


def _is_newest(connection: Connection, as_of: date) -> bool:
    """No ledger of a later date has been taken: names and phones may follow this one."""
    later = connection.scalar(select(literal(1)).where(Snapshot.as_of > as_of).limit(1))
    return later is None


def _loans(connection: Connection, as_of: date) -> None:
    rows = (
        select(
            _s.lender_id,
            _s.contract_no,
            Borrower.id,
            Household.id,
            *(_s[name] for name in _LOAN_COLUMNS),
            literal(as_of),
        )
        .join(Borrower, Borrower.id_number == _s.id_number)
        .join(Household, Household.head_id_number == _s.head_id)
        .where(_s.row_id > 0)
    )
    columns = ["lender_id", "contract_no", "borrower_id", "household_id", *_LOAN_COLUMNS, "as_of"]
    loans = _upsert(connection, Loan).from_select(columns, rows)
    kept = ("lender_id", "contract_no")
    changes = {name: loans.excluded[name] for name in columns if name not in kept}
    connection.execute(
        loans.on_conflict_do_update(
            index_elements=["lender_id", "contract_no"],
            set_={**changes, "missing_since": None, "missing_decision": None},
            where=Loan.as_of <= loans.excluded.as_of,
        )
    )


def _snapshots(connection: Connection, batch_id: int, as_of: date) -> None:
    later = aliased(Snapshot)
    ends = func.coalesce(
        select(func.min(later.as_of)).where(later.loan_id == Loan.id, later.as_of > as_of).scalar_subquery(),
        FOREVER,
    )
    rows = (
        select(
            Loan.id,
            literal(as_of),
            ends,
            literal(batch_id),
            Household.id,
            *(_s[name] for name in _SNAPSHOT_COLUMNS),
        )
        .join(Loan, and_(Loan.lender_id == _s.lender_id, Loan.contract_no == _s.contract_no))
        .join(Household, Household.head_id_number == _s.head_id)
        .where(_s.row_id > 0)
    )
    columns = ["loan_id", "as_of", "until", "batch_id", "household_id", *_SNAPSHOT_COLUMNS]
    snapshots = _upsert(connection, Snapshot).from_select(columns, rows)
    connection.execute(
        snapshots.on_conflict_do_update(
            index_elements=["loan_id", "as_of"],
            set_={
                name: snapshots.excluded[name]
                for name in columns
                if name not in ("loan_id", "as_of", "until")
            },
        )
    )
    connection.execute(
        update(Snapshot)
        .where(Snapshot.until > as_of, Snapshot.as_of < as_of, Snapshot.loan_id.in_(_loans_of(batch_id)))
        .values(until=as_of)
    )


def _loans_of(batch_id: int) -> Any:
    return select(Snapshot.loan_id).where(Snapshot.batch_id == batch_id)


def _repayments(connection: Connection, batch_id: int, as_of: date) -> None:
    """Infer again what this ledger and the one after it show as paid, for the loans it lists."""
    current, before = aliased(Snapshot), aliased(Snapshot)
    mine = aliased(Snapshot)
    after = (
        select(mine.until)
        .where(mine.batch_id == batch_id, mine.loan_id == Repayment.loan_id)
        .scalar_subquery()
    )
    connection.execute(
        delete(Repayment).where(
            Repayment.loan_id.in_(_loans_of(batch_id)),
            or_(Repayment.as_of == as_of, Repayment.as_of == after),
        )
    )
    dated = and_(current.repaid_on > before.as_of, current.repaid_on <= current.as_of)
    touched = or_(current.batch_id == batch_id, before.batch_id == batch_id)
    fallen = (
        select(
            current.loan_id,
            current.as_of,
            case((dated, current.repaid_on), else_=current.as_of),
            before.balance - current.balance,
            case((dated, RepaymentSource.LEDGER.value), else_=RepaymentSource.INFERRED.value),
        )
        .join(before, and_(before.loan_id == current.loan_id, before.until == current.as_of))
        .where(touched, current.balance < before.balance)
    )
    columns = ["loan_id", "as_of", "paid_on", "amount", "source"]
    connection.execute(insert(Repayment).from_select(columns, fallen))
    earlier = select(literal(1)).where(before.loan_id == current.loan_id, before.until == current.as_of)
    first_seen = select(
        current.loan_id,
        current.as_of,
        current.repaid_on,
        current.repaid,
        literal(RepaymentSource.LEDGER.value),
    ).where(
        current.batch_id == batch_id,
        current.repaid > 0,
        current.repaid_on <= current.as_of,
        ~earlier.exists(),
    )
    connection.execute(insert(Repayment).from_select(columns, first_seen))


def _missing(connection: Connection, as_of: date, refused_contracts: list[str], supplement: bool) -> None:
    if not supplement:
        connection.execute(
            update(Loan)
            .where(missing_loans(as_of, refused_contracts), Loan.missing_since.is_(None))
            .values(missing_since=as_of)
        )
    if not _is_newest(connection, as_of):
        _missing_from_later(connection, as_of)


def _missing_from_later(connection: Connection, as_of: date) -> None:
    """A loan that only this older ledger lists is missing from the next one that covers its lender and township.

    The same mark it would carry had the ledgers been taken in the order of their dates.
    """
    listed, other = aliased(Snapshot), aliased(Loan)
    next_ledger = (
        select(func.min(listed.as_of))
        .join(other, other.id == listed.loan_id)
        .where(
            other.lender_id == Loan.lender_id,
            listed.township_code == Loan.township_code,
            listed.as_of > as_of,
        )
        .scalar_subquery()
    )
    connection.execute(
        update(Loan)
        .where(Loan.as_of == as_of, Loan.balance > 0, Loan.missing_since.is_(None))
        .values(missing_since=next_ledger)
    )
