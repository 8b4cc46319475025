"""What taking the staged ledger would change: counts for the preview, from the same table that apply reads."""

from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import ColumnElement, Connection, Select, and_, case, func, literal, or_, select, tuple_
from sqlalchemy.orm import aliased

from app.ledger.stage import REFUSED, STAGE
from app.loans.models import Borrower, Household, Loan, Snapshot
from app.loans.queries import valid_on

SAMPLE = 200
_s = STAGE.c


@dataclass(frozen=True, slots=True)
class Comparison:
    """Counts of staged rows by what they would do, and the loans they leave out. Amounts in 分."""

    new: int
    changed: int
    unchanged: int
    missing: int
    missing_overdue: int
    stock: int
    overdue: int


def _differs(column: Any, other: Any) -> ColumnElement[bool]:
    differs: ColumnElement[bool] = column.is_distinct_from(other)
    return differs


def _loan_join() -> Any:
    return and_(Loan.lender_id == _s.lender_id, Loan.contract_no == _s.contract_no)


def _changes(as_of: date) -> ColumnElement[bool]:
    """Does the row say something else than the snapshot valid at its date, or (if newest) than the loan itself?"""
    figures = or_(
        *(
            _differs(getattr(Snapshot, name), _s[name])
            for name in (
                "principal",
                "balance",
                "overdue",
                "disbursed_on",
                "due_on",
                "township_code",
                "branch_id",
            )
        ),
        _differs(Household.head_id_number, _s.head_id),
    )
    particulars = or_(
        *(
            _differs(getattr(Loan, name), _s[name])
            for name in (
                "village_code",
                "group_name",
                "interest_owed",
                "grade",
                "purpose",
                "remark",
                "rate",
                "category",
            )
        ),
        _differs(Borrower.id_number, _s.id_number),
        _differs(Borrower.name, _s.name),
        and_(_s.phone.is_not(None), _differs(Borrower.phone, _s.phone)),
    )
    return or_(figures, and_(Loan.as_of <= as_of, particulars))


def _known_rows(as_of: date) -> Select[Any]:
    """Staged rows beside their loan and the snapshot valid at the ledger's date, if there is one so early."""
    return (
        select(_s.row_id)
        .join(Loan, _loan_join())
        .outerjoin(Snapshot, and_(Snapshot.loan_id == Loan.id, valid_on(as_of)))
        .outerjoin(Household, Household.id == Snapshot.household_id)
        .join(Borrower, Borrower.id == Loan.borrower_id)
    )


def missing_loans(as_of: date) -> ColumnElement[bool]:
    """Loans with a balance that the file should list and does not.

    Judged only within the lenders and townships the file covers, and never for a loan whose row was refused.
    """
    covered = tuple_(Loan.lender_id, Loan.township_code).in_(
        select(_s.lender_id, _s.township_code).distinct()
    )
    listed = select(literal(1)).where(_s.lender_id == Loan.lender_id, _s.contract_no == Loan.contract_no)
    return and_(Loan.balance > 0, Loan.as_of < as_of, covered, ~listed.exists(), not_refused())


def not_refused() -> ColumnElement[bool]:
    """No row of the loan's contract was refused."""
    return ~select(literal(1)).where(REFUSED.c.contract_no == Loan.contract_no).exists()


def touched_townships(connection: Connection, as_of: date) -> set[str]:
    """The townships in which taking the staged rows as of ``as_of`` changes how things stood on a day from then on."""
    moved = (
        select(Snapshot.township_code)
        .join(Loan, Loan.id == Snapshot.loan_id)
        .join(STAGE, _loan_join())
        .where(Snapshot.until > as_of)
    )
    return {*connection.scalars(select(_s.township_code).distinct()), *connection.scalars(moved.distinct())}


def compare(connection: Connection, as_of: date, supplement: bool) -> Comparison:
    """Count what taking the staged rows as of ``as_of`` would do."""
    known, changed = connection.execute(
        _known_rows(as_of).with_only_columns(
            func.count(), func.coalesce(func.sum(case((_changes(as_of), 1), else_=0)), 0)
        )
    ).one()
    total, stock, overdue = connection.execute(
        select(func.count(), func.coalesce(func.sum(_s.balance), 0), func.coalesce(func.sum(_s.overdue), 0))
    ).one()
    missing, missing_overdue = (0, 0)
    if not supplement:
        missing, missing_overdue = connection.execute(
            select(func.count(), func.coalesce(func.sum(Loan.overdue), 0)).where(missing_loans(as_of))
        ).one()
    return Comparison(
        int(total - known),
        int(changed),
        int(known - changed),
        int(missing),
        int(missing_overdue),
        int(stock),
        int(overdue),
    )


@dataclass(frozen=True, slots=True)
class RisenBalance:
    sheet: str
    row_no: int
    contract_no: str
    before: int
    after: int


def risen_balances(connection: Connection, as_of: date) -> list[RisenBalance]:
    """Rows whose balance is above the one known before: possible, and worth a look. At most SAMPLE."""
    query = (
        select(_s.sheet, _s.row_no, _s.contract_no, Snapshot.balance, _s.balance)
        .join(Loan, _loan_join())
        .join(Snapshot, and_(Snapshot.loan_id == Loan.id, valid_on(as_of)))
        .where(_s.balance > Snapshot.balance, Snapshot.as_of < as_of)
        .order_by(_s.row_id)
        .limit(SAMPLE)
    )
    return [RisenBalance(*row) for row in connection.execute(query)]


def split_households(connection: Connection) -> list[tuple[str, int]]:
    """Households with loans in more than one township, in this ledger or beside it: their first row's sheet and number.

    At most SAMPLE.
    """
    here = select(_s.head_id).group_by(_s.head_id).having(func.count(func.distinct(_s.township_code)) > 1)
    other = aliased(STAGE)
    listed = select(literal(1)).where(
        other.c.lender_id == Loan.lender_id, other.c.contract_no == Loan.contract_no
    )
    elsewhere = (
        select(_s.head_id)
        .join(Household, Household.head_id_number == _s.head_id)
        .join(Loan, Loan.household_id == Household.id)
        .where(Loan.township_code != _s.township_code, Loan.balance > 0, ~listed.exists())
    )
    first = (
        select(func.min(_s.row_id))
        .where(or_(_s.head_id.in_(here), _s.head_id.in_(elsewhere)))
        .group_by(_s.head_id)
    )
    query = select(_s.sheet, _s.row_no).where(_s.row_id.in_(first)).order_by(_s.row_id).limit(SAMPLE)
    return [(sheet, row_no) for sheet, row_no in connection.execute(query)]
