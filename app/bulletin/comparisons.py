"""A month's figures against those of the month before, of last year's same month, and of the year's start. Pure.

Households, loans and amounts (分) are compared exactly; a rate is compared as it was printed, in 个百分点, so that a
reader who holds both bulletins comes to the same difference.
"""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from app.bulletin.figures import FigureRow
from app.clock import add_months, month_end
from app.labels import Labelled, T


class Against(Labelled):
    """What a month is compared with."""

    LAST_MONTH = "last_month", T("Against last month")
    LAST_YEAR = "last_year", T("Against last year's same month")
    YEAR_START = "year_start", T("Against the year's start")


def month_of(against: Against, month: date) -> date:
    """The month end that ``month`` is compared with; the year starts from the end of the December before."""
    match against:
        case Against.LAST_MONTH:
            return month_end(add_months(month.replace(day=1), -1))
        case Against.LAST_YEAR:
            return month_end(add_months(month.replace(day=1), -12))
        case _:
            return date(month.year - 1, 12, 31)


def counts_on(month: date, before: date) -> bool:
    """Can new lending of the two months be compared? It begins at nought each January.

    Within one year it can, and for the same month of two years; not with the December before.
    """
    return month.year == before.year or month.month == before.month


@dataclass(frozen=True, slots=True)
class Change:
    """By how much one region's figures have changed; None where there is nothing to compare. Amounts in 分."""

    stock_households: int | None = None
    stock_fen: int | None = None
    new_households: int | None = None
    new_fen: int | None = None
    completion_points: Decimal | None = None
    overdue_households: int | None = None
    overdue_loans: int | None = None
    overdue_fen: int | None = None
    rate_points: Decimal | None = None


def change(now: FigureRow, before: FigureRow | None, month: date, earlier: date) -> Change:
    """``now`` at ``month`` against ``before`` at ``earlier``; all None where there are no figures of before."""
    if before is None:
        return Change()
    going_on = counts_on(month, earlier)
    return Change(
        stock_households=now.stock_households - before.stock_households,
        stock_fen=now.stock_fen - before.stock_fen,
        new_households=now.new_households - before.new_households if going_on else None,
        new_fen=now.new_fen - before.new_fen if going_on else None,
        completion_points=points(now.completion_pct, before.completion_pct) if going_on else None,
        overdue_households=now.overdue_households - before.overdue_households,
        overdue_loans=now.overdue_loans - before.overdue_loans,
        overdue_fen=now.overdue_fen - before.overdue_fen,
        rate_points=points(now.overdue_rate_pct, before.overdue_rate_pct),
    )


def points(now: Decimal | None, before: Decimal | None) -> Decimal | None:
    """个百分点 between two percentages as printed; None where one of them is not there."""
    return None if now is None or before is None else now - before
