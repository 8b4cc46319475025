"""The one definition of every figure: an aggregate over the snapshots valid at a month end.

    stock           balance > 0                                   户 = distinct households
    new lending     disbursed in the calendar year up to the day  gross principal, repaid or not
    overdue         overdue > 0

Figures are counted by township and added up from there, so a level's 户 is the sum of its children's. Those of a closed
month are the ones frozen then, and the loans behind them the snapshots of then: see ``closed``.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from itertools import chain
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, Select, case, distinct, func, select
from sqlalchemy.orm import Session

from app.accounts.rules import EVERYTHING, Scope
from app.bulletin import bundles, closed
from app.bulletin.figures import FigureRow, Figures, ReceivedRow
from app.bulletin.models import ClosedFigure, FigureCache, MonthClose, Target
from app.clock import add_months, month_end
from app.loans.models import Snapshot
from app.loans.queries import in_region, in_scope, ledger_revision, valid_on
from app.places.models import Region
from app.places.queries import within
from app.places.rules import CODE_LENGTHS, Level, parent_code

_CHILD_LENGTH = {2: 4, 4: 6, 6: 9, 9: 9}
_COUNTY = CODE_LENGTHS[Level.COUNTY]


class Measure(StrEnum):
    """The three things a bulletin counts."""

    STOCK = "stock"
    NEW = "new"
    OVERDUE = "overdue"


def belongs(measure: Measure, day: date, of: type[Snapshot] = Snapshot) -> ColumnElement[bool]:
    """Does a snapshot count for ``measure`` on ``day``? The loans behind a figure are found by the same condition."""
    match measure:
        case Measure.STOCK:
            return of.balance > 0
        case Measure.NEW:
            return of.disbursed_on.between(day.replace(month=1, day=1), day)
        case Measure.OVERDUE:
            return of.overdue > 0


def amount(measure: Measure, of: type[Snapshot] = Snapshot) -> ColumnElement[int]:
    """What a snapshot adds to ``measure``, 分."""
    return {
        Measure.STOCK: of.balance,
        Measure.NEW: of.principal,
        Measure.OVERDUE: of.overdue,
    }[measure]  # type: ignore[return-value]


def snapshots_in(scope: Scope, of: type[Snapshot] = Snapshot) -> ColumnElement[bool]:
    return in_scope(scope, of.township_code, of.branch_id)  # type: ignore[arg-type]


@dataclass(frozen=True, slots=True)
class Counted:
    """One township's figures at a month end, straight from the aggregate. Amounts in 分."""

    township_code: str
    as_of: date | None
    stock_households: int
    stock: int
    new_households: int
    new: int
    overdue_households: int
    overdue: int
    overdue_loans: int


def _aggregate(day: date, of: type[Snapshot], *where: ColumnElement[bool]) -> Select[*tuple[Any, ...]]:
    def households(measure: Measure) -> ColumnElement[int]:
        return func.count(distinct(case((belongs(measure, day, of), of.household_id))))

    def total(measure: Measure) -> ColumnElement[int]:
        return func.coalesce(func.sum(case((belongs(measure, day, of), amount(measure, of)), else_=0)), 0)

    return (
        select(
            of.township_code,
            func.max(of.as_of),
            households(Measure.STOCK),
            total(Measure.STOCK),
            households(Measure.NEW),
            total(Measure.NEW),
            households(Measure.OVERDUE),
            total(Measure.OVERDUE),
            func.count(case((belongs(Measure.OVERDUE, day, of), of.loan_id))),
        )
        .where(*where)
        .group_by(of.township_code)
    )


def count(
    session: Session, day: date, scope: Scope, region: str, at: closed.AtEnd | None = None
) -> list[Counted]:
    """Count the townships of ``region`` within ``scope`` on ``day``, from the living snapshots or those ``at``."""
    of, valid = (at.of, at.where) if at else (Snapshot, valid_on(day))
    where = valid, snapshots_in(scope, of), in_region(of.township_code, region)
    return [
        Counted(code, as_of, *map(int, rest))
        for code, as_of, *rest in session.execute(_aggregate(day, of, *where))
    ]


def _cached(session: Session, day: date, scope: Scope, region: str) -> list[Counted] | None:
    """The same, computed when the newest ledger was taken; None where that does not answer the question."""
    if scope.branch_id is not None:
        return None
    revision = ledger_revision(session)
    where = [FigureCache.month == day, within(FigureCache.township_code, region)]
    if scope.region:
        where.append(within(FigureCache.township_code, scope.region))
    rows = session.scalars(select(FigureCache).where(*where)).all()
    if not rows or any(row.revision != revision for row in rows):
        return None
    return [_as_counted(row) for row in rows]


def _as_counted(kept: FigureCache | ClosedFigure) -> Counted:
    return Counted(*(getattr(kept, name) for name in Counted.__slots__))


def close_of(session: Session, region: str, month: date) -> MonthClose | None:
    """The close that froze all figures of ``region`` in ``month``, its own or of a region above; None: not closed."""
    return next(
        (c for c in closed.governing(session, region, month) if region.startswith(c.region_code)), None
    )


def counted(
    session: Session, day: date, scope: Scope, region: str, closes: Sequence[MonthClose]
) -> list[Counted]:
    """The townships' figures as they are told: frozen where one of ``closes`` governs, living elsewhere.

    What a branch has of them was not frozen, and is counted from the snapshots that were.
    """
    if closes and scope.branch_id is not None:
        return count(session, day, scope, region, closed.snapshots_at(session, region, day))
    kept = [_as_counted(row) for row in closed.frozen(session, closes, region, scope.region)]
    codes = tuple(close.region_code for close in closes)
    if any(region.startswith(code) for code in codes):
        return kept
    living = _cached(session, day, scope, region)
    if living is None:
        living = count(session, day, scope, region)
    told = kept + [c for c in living if not c.township_code.startswith(codes)]
    here = {c.township_code[:_COUNTY] for c in told}
    given = bundles.received(session, region, day, day, scope).get(day, ())
    return told + [_from_bundle(one) for one in given if one.row.code[:_COUNTY] not in here]


def _from_bundle(one: ReceivedRow) -> Counted:
    row = one.row
    return Counted(
        row.code, one.as_of, row.stock_households, row.stock_fen, row.new_households, row.new_fen,
        row.overdue_households, row.overdue_fen, row.overdue_loans,
    )  # fmt: skip


def figures(session: Session, region: str, month: date, scope: Scope = EVERYTHING) -> Figures:
    """The figures of ``region`` by its children at the end of ``month``, as far as ``scope`` sees.

    Raises LookupError for an unknown region or one outside the scope.
    """
    place = session.get(Region, region)
    if place is None or not scope.touches_region(region):
        raise LookupError(region)
    day = month_end(month)
    closes = closed.governing(session, region, day)
    found = counted(session, day, scope, region, closes)
    targets = targets_of(session, region, day.year, closes) if scope.branch_id is None else {}
    codes = {c.township_code for c in found}
    received = bundles.received(session, region, day, day, scope).get(day, [])
    received = [one for one in received if one.row.code in codes]
    targets = _received_targets(received, region) | targets
    below = spots(session, region, closes)
    rows = tuple(
        _row(
            child,
            [c for c in found if c.township_code.startswith(child.code)],
            target_of(child.code, below, targets),
        )
        for child in _children(region, below, scope, found)
    )
    if len(region) == _COUNTY and region in codes:  # a county of which only its sums have come
        rows = (_row(place, found, target_of(region, below, targets)),)
    as_of = max((c.as_of for c in found if c.as_of), default=day)
    return Figures(
        region_code=region,
        region_name=next((spot.short for spot in below if spot.code == region), place.short),
        month=day,
        as_of=as_of,
        rows=rows,
        own_target_fen=targets.get(region) if scope.covers_region(region) else None,
        received=tuple(received),
    )


def _received_targets(received: Sequence[ReceivedRow], region: str) -> dict[str, int]:
    """The targets (分) that bundles tell, of the regions within ``region``."""
    pairs = chain.from_iterable(
        ((one.row.code, one.row.target_fen), (one.sender, one.sender_target_fen)) for one in received
    )
    return {code: fen for code, fen in pairs if fen is not None and code.startswith(region)}


class Spot(NamedTuple):
    """A region as it is or was called."""

    code: str
    short: str


def spots(session: Session, region: str, closes: Sequence[MonthClose] = ()) -> list[Spot]:
    """The region and all below it down to its townships, by code, as they were called when their month was closed."""
    codes = tuple(close.region_code for close in closes)
    then = chain.from_iterable(close.places.items() for close in closes)
    found = [Spot(code, short) for code, short in then if code.startswith(region)]
    if not any(region.startswith(code) for code in codes):
        query = select(Region.code, Region.short).where(
            within(Region.code, region), Region.level != Level.VILLAGE
        )
        found += [Spot(*row) for row in session.execute(query) if not row.code.startswith(codes)]
    return sorted(found)


def _children(region: str, below: Sequence[Spot], scope: Scope, found: Sequence[Counted]) -> list[Spot]:
    """The rows of the table: every child that the scope sees, or for a branch those it has loans in."""
    length = _CHILD_LENGTH[len(region)]
    children = [r for r in below if len(r.code) == length]
    if scope.branch_id is None:
        return [r for r in children if scope.touches_region(r.code)]
    seen = {c.township_code[:length] for c in found}
    return [r for r in children if r.code in seen]


def target_of(code: str, below: Sequence[Spot], targets: dict[str, int]) -> int | None:
    """A region's own target, else the sum of its children's, but only where every one of them has one."""
    if code in targets:
        return targets[code]
    parts = [target_of(r.code, below, targets) for r in below if parent_code(r.code) == code]
    return sum(p for p in parts if p is not None) if parts and None not in parts else None


def _row(child: Region | Spot, parts: Sequence[Counted], target: int | None) -> FigureRow:
    return FigureRow(
        code=child.code,
        name=child.short,
        target_fen=target,
        stock_households=sum(c.stock_households for c in parts),
        stock_fen=sum(c.stock for c in parts),
        new_households=sum(c.new_households for c in parts),
        new_fen=sum(c.new for c in parts),
        overdue_households=sum(c.overdue_households for c in parts),
        overdue_fen=sum(c.overdue for c in parts),
        overdue_loans=sum(c.overdue_loans for c in parts),
    )


def targets_of(session: Session, region: str, year: int, closes: Sequence[MonthClose] = ()) -> dict[str, int]:
    """Targets (分) by code, those of closed regions as they were then."""
    rows = session.execute(
        select(Target.region_code, Target.amount).where(
            within(Target.region_code, region), Target.year == year
        )
    )
    codes = tuple(close.region_code for close in closes)
    living = {row.region_code: row.amount for row in rows if not row.region_code.startswith(codes)}
    then = chain.from_iterable(close.targets.items() for close in closes)
    return living | {code: fen for code, fen in then if code.startswith(region)}


def default_region(session: Session, scope: Scope) -> str | None:
    """The region whose bulletin somebody reads first: their own, for a branch the one county."""
    if scope.region:
        return scope.region
    counties = session.scalars(
        select(Region.code).where(Region.level == Level.COUNTY).order_by(Region.code)
    ).all()
    return None if scope.is_empty or not counties else counties[0]


def newest_month(session: Session) -> date | None:
    """The month end of the newest ledger date; where no ledger was taken, of the newest bundle received."""
    newest = session.scalar(select(func.max(Snapshot.as_of)))
    return month_end(newest) if newest else max(bundles.months(session), default=None)


def months(session: Session) -> list[date]:
    """The month ends for which there are figures, newest first."""
    counted_for = session.scalars(select(FigureCache.month).distinct())
    return sorted({*counted_for, *bundles.months(session)}, reverse=True)


_SUMMED = (
    FigureCache.stock_households, FigureCache.stock, FigureCache.new_households, FigureCache.new,
    FigureCache.overdue_households, FigureCache.overdue, FigureCache.overdue_loans,
)  # fmt: skip


def trend(session: Session, place: Region, until: date, scope: Scope, limit: int) -> dict[date, FigureRow]:
    """The region's sums at the last ``limit`` month ends up to ``until``, oldest first, without targets.

    They are what was counted when the ledgers were taken, or frozen. That is kept by township: for a branch there is
    none.
    """
    if scope.branch_id is not None or not scope.touches_region(place.code):
        return {}
    query = (
        select(FigureCache.month, *map(func.sum, _SUMMED))
        .where(
            FigureCache.month <= until,
            FigureCache.revision == ledger_revision(session),
            within(FigureCache.township_code, place.code),
            within(FigureCache.township_code, scope.region or ""),
        )
        .group_by(FigureCache.month)
        .order_by(FigureCache.month.desc())
        .limit(limit)
    )
    newest_first = session.execute(query).all()
    rows = {month: [Counted(place.code, None, *map(int, sums))] for month, *sums in reversed(newest_first)}
    for month, given in bundles.received(session, place.code, date.min, until, scope).items():
        rows.setdefault(month, []).extend(map(_from_bundle, given))
    rows = {month: rows[month] for month in sorted(rows)[-limit:]}
    first = min(rows, default=add_months(until, 1 - limit))
    for month in closed.governed_months(session, place.code, first, until):
        closes = closed.governing(session, place.code, month)
        rows[month] = counted(session, month, scope, place.code, closes)
    return {month: _row(place, parts, None) for month, parts in sorted(rows.items())}
