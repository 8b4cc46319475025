"""The figures of the months that a month is compared with."""

from datetime import date

from sqlalchemy.orm import Session

from app.accounts.rules import Scope
from app.bulletin.comparisons import Against, Change, change, month_of
from app.bulletin.figures import FigureRow, Figures
from app.bulletin.queries import figures, months

Compared = dict[Against, dict[str, Change]]  # the changes of each row and of the whole region, by code


def earlier(session: Session, found: Figures, scope: Scope) -> dict[Against, Figures | None]:
    """The figures that ``found`` is compared with; None where none were counted. For a branch none are kept."""
    counted: set[date] = set() if scope.branch_id is not None else set(months(session))
    bases = {against: month_of(against, found.month) for against in Against}
    kept = {
        month: figures(session, found.region_code, month, scope)
        for month in sorted(set(bases.values()) & counted)
    }
    return {against: kept.get(month) for against, month in bases.items()}


def compared(session: Session, found: Figures, scope: Scope) -> Compared:
    """By how much every figure of ``found`` has changed since each of these months."""
    return {
        against: {
            row.code: _change(row, then, found.month, month_of(against, found.month)) for row in _rows(found)
        }
        for against, then in earlier(session, found, scope).items()
    }


def _rows(found: Figures) -> list[FigureRow]:
    """The whole region first; its code is also that of the one row of a township's own table."""
    return [*(row for row in found.rows if row.code != found.region_code), found.total]


def _change(row: FigureRow, then: Figures | None, month: date, before: date) -> Change:
    """A region that was not counted then had no loans: it is compared with nought only where others were counted."""
    if then is None:
        return Change()
    rows = {one.code: one for one in _rows(then)}
    return change(row, rows.get(row.code, FigureRow(row.code, row.name)), month, before)
