"""Taking the staged ledger, set by set, in the caller's transaction.

1. Households and borrowers that are new.
2. Loans: new ones, and the present state of those for which this ledger is the newest. They lose the mark of missing.
3. Snapshots: one a row, replacing what the same date said before; the one before ends where this one begins.
4. Repayments: from falling balances between neighbouring snapshots, around this date only.
5. Missing: loans that the file should list and does not are marked. A loan that only an older ledger lists ends
   with the next one instead, for today's state is not touched by history.
6. Names, phones and sizes that changed. 7. The staging tables are dropped.

Ledgers may come in any order: of loans that no ledger leaves out, the tables say the same afterwards. But a phone, a
head's name or a household's size that the newest ledger leaves blank is that of the first older one that filled it in.
"""

from collections.abc import Callable, Iterable
from datetime import date
from typing import Any

from sqlalchemy import (
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
from app.ledger import apply_people, stage
from app.ledger.compare import missing_loans, not_refused
from app.loans.models import Borrower, Household, Loan, Repayment, Snapshot
from app.loans.rules import RepaymentSource

_s = stage.STAGE.c
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


def _upsert(connection: Connection, table: Any) -> Any:
    """INSERT that can be told what to do ON CONFLICT, in the connection's dialect."""
    return postgresql.insert(table) if connection.dialect.name == "postgresql" else sqlite.insert(table)


def take(
    connection: Connection,
    *,
    batch_id: int,
    as_of: date,
    supplement: bool,
    refused_later: Iterable[str],
    progress: Callable[[int, int], None],
) -> None:
    """Take every staged row as of ``as_of``. See the module's text for the steps.

    ``refused_later``: contracts that ledgers of later dates list in rows that were refused.
    """
    steps: tuple[Callable[[], None], ...] = (
        lambda: apply_people.add_new(connection),
        lambda: _loans(connection, as_of),
        lambda: _snapshots(connection, batch_id, as_of),
        lambda: _repayments(connection, batch_id, as_of),
        lambda: _missing(connection, as_of, supplement, refused_later),
        lambda: apply_people.update_known(connection, as_of),
        lambda: stage.empty(connection),
    )
    for done, step in enumerate(steps, start=1):
        step()
        progress(done, len(steps))


def _is_newest(connection: Connection, as_of: date) -> bool:
    """No ledger of a later date has been taken."""
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
    if _is_newest(connection, as_of):  # else _missing_in_history judges
        changes |= {"missing_since": None, "missing_decision": None}
    connection.execute(
        loans.on_conflict_do_update(
            index_elements=["lender_id", "contract_no"],
            set_=changes,
            where=Loan.as_of <= loans.excluded.as_of,
        )
    )


def _snapshots(connection: Connection, batch_id: int, as_of: date) -> None:
    later = aliased(Snapshot)
    next_one = select(func.min(later.as_of)).where(later.loan_id == Loan.id, later.as_of > as_of)
    newest = _is_newest(connection, as_of)
    ends = literal(FOREVER) if newest else func.coalesce(next_one.scalar_subquery(), FOREVER)
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
        .where(
            Snapshot.until > as_of, Snapshot.as_of < as_of, Snapshot.loan_id.in_(_loans_of(batch_id, as_of))
        )
        .values(until=as_of)
    )


def _loans_of(batch_id: int, as_of: date) -> Any:
    return select(Snapshot.loan_id).where(Snapshot.as_of == as_of, Snapshot.batch_id == batch_id)


def _repayments(connection: Connection, batch_id: int, as_of: date) -> None:
    """Infer again what this ledger and the one after it show as paid, for the loans it lists."""
    current, before, mine = aliased(Snapshot), aliased(Snapshot), aliased(Snapshot)
    shown = select(literal(1)).where(
        mine.loan_id == Repayment.loan_id,
        mine.as_of == as_of,
        mine.batch_id == batch_id,
        or_(Repayment.as_of == as_of, Repayment.as_of == mine.until),
    )
    connection.execute(delete(Repayment).where(shown.exists()))
    dated = and_(current.repaid_on > before.as_of, current.repaid_on <= current.as_of)
    fallen = (
        select(
            current.loan_id,
            current.as_of,
            case((dated, current.repaid_on), else_=current.as_of),
            before.balance - current.balance,
            case((dated, RepaymentSource.LEDGER.value), else_=RepaymentSource.INFERRED.value),
        )
        .join(before, and_(before.loan_id == current.loan_id, before.until == current.as_of))
        .where(current.balance < before.balance)
    )
    columns = ["loan_id", "as_of", "paid_on", "amount", "source"]
    for pair in (current, before):  # one by one, so that an index finds them among all that history holds
        rows = fallen.where(pair.as_of == as_of, pair.batch_id == batch_id)
        connection.execute(insert(Repayment).from_select(columns, rows))
    earlier = select(literal(1)).where(before.loan_id == current.loan_id, before.until == current.as_of)
    first_seen = select(
        current.loan_id,
        current.as_of,
        current.repaid_on,
        current.repaid,
        literal(RepaymentSource.LEDGER.value),
    ).where(
        current.as_of == as_of,
        current.batch_id == batch_id,
        current.repaid > 0,
        current.repaid_on <= current.as_of,
        ~earlier.exists(),
    )
    connection.execute(insert(Repayment).from_select(columns, first_seen))


def _missing(connection: Connection, as_of: date, supplement: bool, refused_later: Iterable[str]) -> None:
    """Missing is since the first ledger that should list a loan and does not, whichever was taken first."""
    if not supplement:
        connection.execute(
            update(Loan)
            .where(missing_loans(as_of), or_(Loan.missing_since.is_(None), Loan.missing_since > as_of))
            .values(missing_since=as_of)
        )
    if not _is_newest(connection, as_of):
        stage.refuse(connection, refused_later)
        _missing_in_history(connection, as_of)
        _end_in_history(connection, as_of)


def _missing_in_history(connection: Connection, as_of: date) -> None:
    """A loan known to be missing that this older ledger lists is missing from the next one; a person's word stays."""
    listed, other = aliased(Snapshot), aliased(Loan)
    first = (
        select(func.min(listed.as_of))
        .join(other, other.id == listed.loan_id)
        .where(
            other.lender_id == Loan.lender_id,
            listed.township_code == Loan.township_code,
            listed.as_of > as_of,
            Loan.balance > 0,
            not_refused(),
        )
        .scalar_subquery()
    )
    connection.execute(
        update(Loan)
        .where(Loan.as_of == as_of, Loan.missing_since.is_not(None))
        .values(missing_since=first, missing_decision=case((first.is_not(None), Loan.missing_decision)))
    )


def _end_in_history(connection: Connection, as_of: date) -> None:
    """A loan that only this older ledger lists ends with the next one that covers its lender and township.

    That one was taken without it, and what has been taken since is not touched: the loan is in the figures of
    the days between, and in no present one.
    """
    listed, other = aliased(Snapshot), aliased(Loan)
    later = (
        select(other.lender_id, listed.township_code, func.min(listed.as_of).label("first"))
        .join(other, other.id == listed.loan_id)
        .where(listed.as_of > as_of)
        .group_by(other.lender_id, listed.township_code)
        .subquery()
    )
    only_here = and_(
        Loan.as_of == as_of,
        Loan.balance > 0,
        Loan.missing_since.is_(None),
        Loan.lender_id == later.c.lender_id,
        Loan.township_code == later.c.township_code,
        not_refused(),
    )
    connection.execute(
        update(Snapshot)
        .where(
            Snapshot.loan_id == Loan.id, Snapshot.as_of == as_of, Snapshot.until > later.c.first, only_here
        )
        .values(until=later.c.first)
    )
    connection.execute(update(Loan).where(only_here).values(balance=0, overdue=0))
