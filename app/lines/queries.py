"""Which lines hold for a region and a month."""

from datetime import date
from decimal import Decimal

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from app.accounts.rules import Scope
from app.clock import month_end
from app.lines.models import LineValue
from app.lines.rules import Book, Held, Lines, resolve
from app.places.models import Region
from app.places.queries import within
from app.places.rules import CODE_LENGTHS, Level

_HUNDREDTH = Decimal("0.01")


def held(row: LineValue) -> Held:
    rate = None if row.rate is None else row.rate.quantize(_HUNDREDTH)
    return Held(
        row.kind, row.region_code, row.month, row.ongoing, row.source, row.dated_on, rate, row.rank, row.of
    )


def line_book(session: Session, region: str, month: date) -> Book:
    """What is known for ``region``, the regions above it and those below, at a month: one statement."""
    day = month_end(month)
    above = [region[:length] for length in CODE_LENGTHS.values() if length < len(region)]
    query = select(LineValue).where(
        or_(LineValue.region_code.in_(above), within(LineValue.region_code, region)),
        LineValue.month <= day,
        or_(LineValue.ongoing, LineValue.month == day),
    )
    return Book(day, tuple(held(row) for row in session.scalars(query)))


def lines_for(session: Session, region: str, month: date) -> Lines:
    """What holds for one region at a month: its own values, else those of the regions above."""
    return line_book(session, region, month).at(region)


def lines_by_month(session: Session, region: str, months: list[date]) -> dict[date, Lines]:
    """The same for several months, by month end: one statement."""
    if not months:
        return {}
    parts = [region[:length] for length in CODE_LENGTHS.values() if length <= len(region)]
    query = select(LineValue).where(LineValue.region_code.in_(parts), LineValue.month <= max(months))
    values = [held(row) for row in session.scalars(query)]
    return {month: resolve(values, region, month_end(month)) for month in months}


def own_values(session: Session, region: str, month: date) -> list[LineValue]:
    """What was entered for this very region and month."""
    query = select(LineValue).where(LineValue.region_code == region, LineValue.month == month_end(month))
    return list(session.scalars(query))


def entered(session: Session, region: str, limit: int) -> list[tuple[LineValue, str]]:
    """What was entered for the region and those above it, newest month first, with the region's short name."""
    parts = [region[:length] for length in CODE_LENGTHS.values() if length <= len(region)]
    query = (
        select(LineValue, Region.short)
        .join(Region, Region.code == LineValue.region_code)
        .where(LineValue.region_code.in_(parts))
        .order_by(LineValue.month.desc(), LineValue.region_code.desc(), LineValue.id)
        .limit(limit)
    )
    return [(row, name) for row, name in session.execute(query)]


def home_region(session: Session, scope: Scope) -> str | None:
    """The region whose lines somebody reads first: their own, for a branch the first county."""
    if scope.region or scope.is_empty:
        return scope.region or None
    return session.scalar(
        select(Region.code).where(Region.level == Level.COUNTY).order_by(Region.code).limit(1)
    )
