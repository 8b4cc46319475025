"""Where a month's figures are read from: its living snapshots, or what was frozen when it was closed.

A region's month is governed by its own close or by that of the nearest region above it, else by the topmost closes
below it; townships under none of them are living. Closing copies no snapshot, for an ordinary ledger never touches
one that is valid at an earlier month's end. Only what would touch one copies them first: see ``closing.preserve``.
"""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from sqlalchemy import ColumnElement, and_, false, func, not_, or_, select, true, union_all
from sqlalchemy.orm import Session, aliased

from app.bulletin.models import ClosedFigure, ClosedSnapshot, Erratum, FigureCache, MonthClose
from app.bulletin.rules import CloseState
from app.clock import month_end
from app.loans.models import Snapshot
from app.loans.queries import in_region, valid_on
from app.places.models import Region
from app.places.queries import CodeColumn, within
from app.places.rules import CODE_LENGTHS, Level

_COUNTY = CODE_LENGTHS[Level.COUNTY]


def governing(session: Session, region: str, month: date) -> list[MonthClose]:
    """The closes that say what the figures of ``region`` are in ``month``; no two have a township in common."""
    above = [region[:length] for length in CODE_LENGTHS.values() if length <= len(region)]
    query = select(MonthClose).where(
        MonthClose.month == month_end(month),
        MonthClose.state == CloseState.CLOSED,
        or_(MonthClose.region_code.in_(above), within(MonthClose.region_code, region)),
    )
    found = list(session.scalars(query.order_by(MonthClose.region_code)))
    upwards = [close for close in found if region.startswith(close.region_code)]
    if upwards:
        return upwards[-1:]
    topmost: list[MonthClose] = []
    for close in found:
        if not topmost or not close.region_code.startswith(topmost[-1].region_code):
            topmost.append(close)
    return topmost


def hold(session: Session, close: MonthClose) -> bool:
    """Keep a close from being opened again until the transaction ends; False where that has just happened."""
    session.refresh(close, with_for_update={"of": MonthClose})
    return close.state is CloseState.CLOSED


@dataclass(frozen=True, slots=True)
class Parts:
    """What of a region is not closed: the region itself, else those counties of it; and how many counties are."""

    codes: tuple[str, ...]
    closed: int = 0

    def have(self, township: CodeColumn) -> ColumnElement[bool]:
        """A township lies in one of them."""
        return or_(false(), *(in_region(township, code) for code in self.codes))


def not_closed(session: Session, region: str, month: date) -> Parts:
    """The parts of a region that are still to be checked, when counties of it may be closed already."""
    closes = governing(session, region, month) if len(region) < _COUNTY else []
    codes = tuple(close.region_code for close in closes)
    if not codes or region.startswith(codes):
        return Parts((region,))
    query = select(Region.code).where(Region.level == Level.COUNTY, within(Region.code, region))
    counties = session.scalars(query.order_by(Region.code)).all()
    left = tuple(code for code in counties if not code.startswith(codes))
    return Parts(left, len(counties) - len(left))


def governed_months(session: Session, region: str, first: date, last: date) -> list[date]:
    """The month ends from ``first`` to ``last`` in which some close governs some of ``region``."""
    above = [region[:length] for length in CODE_LENGTHS.values() if length <= len(region)]
    query = select(MonthClose.month).where(
        MonthClose.month.between(first, last),
        MonthClose.state == CloseState.CLOSED,
        or_(MonthClose.region_code.in_(above), within(MonthClose.region_code, region)),
    )
    return list(session.scalars(query.distinct()))


def frozen(
    session: Session, closes: Sequence[MonthClose], region: str, narrowed: str | None
) -> list[ClosedFigure]:
    """The frozen figures of the townships of ``region`` that lie in ``narrowed`` too ("" or None: all of them)."""
    query = select(ClosedFigure).where(
        ClosedFigure.close_id.in_([close.id for close in closes]),
        within(ClosedFigure.township_code, region),
        within(ClosedFigure.township_code, narrowed or ""),
    )
    return list(session.scalars(query.order_by(ClosedFigure.township_code)))


@dataclass(frozen=True, slots=True)
class AtEnd:
    """Where the snapshots of a month end are: ``of`` has the columns of ``Snapshot``, ``where`` picks the valid ones.

    Select columns of it, never the entity: a copy is not a row of ``snapshot``.
    """

    of: type[Snapshot]
    where: ColumnElement[bool]


def snapshots_at(session: Session, region: str, day: date) -> AtEnd:
    """The snapshots that figures of ``region`` at the month end ``day`` are made of. ``region`` narrows nothing."""
    kept = [close for close in governing(session, region, day) if close.preserved]
    if not kept:
        return AtEnd(Snapshot, valid_on(day))
    names = [column.key for column in Snapshot.__table__.columns]
    copies = select(*(getattr(ClosedSnapshot, name) for name in names)).where(
        ClosedSnapshot.close_id.in_([close.id for close in kept])
    )
    if region.startswith(kept[0].region_code):
        return AtEnd(aliased(Snapshot, copies.subquery(), adapt_on_names=True), true())
    elsewhere = not_(or_(*(within(Snapshot.township_code, close.region_code) for close in kept)))
    living = select(*(getattr(Snapshot, name) for name in names)).where(and_(valid_on(day), elsewhere))
    return AtEnd(aliased(Snapshot, union_all(copies, living).subquery(), adapt_on_names=True), true())


def errata_of(session: Session, region: str, month: date | None = None) -> list[Erratum]:
    """What has turned out otherwise in the closed months of ``region``, oldest month first."""
    query = select(Erratum).where(Erratum.region_code == region)
    if month is not None:
        query = query.where(Erratum.month == month_end(month))
    return list(session.scalars(query.order_by(Erratum.month, Erratum.place_code, Erratum.id)))


def errata_to_tell(session: Session, region: str) -> list[Erratum]:
    """Errata of published months that no bulletin has told yet: they belong into the next one's list.

    Whoever publishes that bulletin sets their ``edition``.
    """
    query = (
        select(Erratum)
        .join(MonthClose, MonthClose.id == Erratum.close_id)
        .where(Erratum.region_code == region, Erratum.edition.is_(None), MonthClose.published_at.is_not(None))
    )
    return list(session.scalars(query.order_by(Erratum.month, Erratum.place_code, Erratum.id)))


def errata_waiting(session: Session, region: str) -> dict[date, int]:
    """How many figures of each closed month have turned out otherwise, and no bulletin has told them."""
    query = (
        select(Erratum.month, func.count())
        .where(Erratum.region_code == region, Erratum.edition.is_(None))
        .group_by(Erratum.month)
    )
    return {row[0]: int(row[1]) for row in session.execute(query)}


def closed_below(session: Session, region: str) -> dict[date, tuple[int, int]]:
    """By month: how many counties of a region are closed, of those with loans in it. Nothing for a county."""
    if len(region) >= _COUNTY:
        return {}
    county = func.substr(FigureCache.township_code, 1, _COUNTY)
    query = select(FigureCache.month, county).where(within(FigureCache.township_code, region)).distinct()
    counties: dict[date, set[str]] = defaultdict(set)
    for month, code in session.execute(query):
        counties[month].add(code)
    return {
        month: (_closed_of(codes, governing(session, region, month)), len(codes))
        for month, codes in counties.items()
    }


def _closed_of(counties: set[str], closes: Sequence[MonthClose]) -> int:
    codes = tuple(close.region_code for close in closes)
    return sum(1 for code in counties if code.startswith(codes))
