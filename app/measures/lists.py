"""What is behind a measure, as a page's list."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import ColumnElement, Select, func, select
from sqlalchemy.orm import Session, joinedload

from app.cases.models import Case
from app.loans.models import Loan
from app.loans.queries import in_region
from app.measures.queries import NO_BRANCH


@dataclass(frozen=True, slots=True)
class Entry:
    """One line behind a figure: the loan, its newest case if it has one, the day, the amount (分)."""

    key: int
    loan: Loan
    case_id: int | None
    on: date
    fen: int


@dataclass(frozen=True, slots=True)
class Listed:
    """A page of what is behind a figure, and what all of it adds up to (分)."""

    entries: list[Entry]
    number: int
    fen: int


def listed(
    session: Session, made: Select[Any], *, place: str, by_branch: bool, after: int, limit: int
) -> Listed:
    """A page of ``made`` (from ``behind`` or ``rolled``), narrowed to a place, and the sum of all of it."""
    table = made.subquery()
    where = [_at(table, place, by_branch)] if place else []
    number, fen = session.execute(
        select(func.count(), func.coalesce(func.sum(table.c.fen), 0)).where(*where)
    ).one()
    newest = select(func.max(Case.id)).where(Case.loan_id == table.c.loan_id).scalar_subquery()
    query = (
        select(table.c.key, table.c.loan_id, func.coalesce(table.c.case_id, newest), table.c.on, table.c.fen)
        .where(table.c.key > after, *where)
        .order_by(table.c.key)
        .limit(limit)
    )
    rows = session.execute(query).all()
    loans = _loans(session, {row.loan_id for row in rows})
    entries = [Entry(key, loans[loan_id], case_id, on, fen) for key, loan_id, case_id, on, fen in rows]
    return Listed(entries, int(number), int(fen))


def _at(table: Any, place: str, by_branch: bool) -> ColumnElement[bool]:
    column: ColumnElement[Any] = table.c.branch_id if by_branch else table.c.township_code
    if not by_branch:
        return in_region(column, place)
    return column.is_(None) if place == NO_BRANCH else column == int(place)


def _loans(session: Session, ids: Iterable[int]) -> dict[int, Loan]:
    query = (
        select(Loan)
        .where(Loan.id.in_(ids))
        .options(joinedload(Loan.borrower), joinedload(Loan.township), joinedload(Loan.branch))
    )
    return {loan.id: loan for loan in session.scalars(query)}
