"""The one definition of every figure: an aggregate over the snapshots valid at a month end.

    stock           balance > 0                                   户 = distinct households
    new lending     disbursed in the calendar year up to the day  gross principal, repaid or not
    overdue         overdue > 0

Figures are counted by township and added up from there, so a level's 户 is the sum of its children's.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, case, distinct, func, select
from sqlalchemy.orm import Session, joinedload

from app.accounts.rules import EVERYTHING, Scope
from app.bulletin.figures import FigureRow, Figures
from app.bulletin.models import FigureCache, PublishedText, Target
from app.clock import month_end
from app.loans.models import Loan, Snapshot
from app.loans.queries import in_region, in_scope, ledger_revision, valid_on
from app.places.models import Region
from app.places.queries import within
from app.places.rules import Level

_CHILD_LENGTH = {2: 4, 4: 6, 6: 9, 9: 9}


class Measure(StrEnum):
    """The three things a bulletin counts."""

    STOCK = "stock"
    NEW = "new"
    OVERDUE = "overdue"


def belongs(measure: Measure, day: date) -> ColumnElement[bool]:
    """Does a snapshot count for ``measure`` on ``day``? The loans behind a figure are found by the same condition."""
    match measure:
        case Measure.STOCK:
            return Snapshot.balance > 0
        case Measure.NEW:
            return Snapshot.disbursed_on.between(day.replace(month=1, day=1), day)
        case Measure.OVERDUE:
            return Snapshot.overdue > 0


def amount(measure: Measure) -> ColumnElement[int]:
    """What a snapshot adds to ``measure``, 分."""
    return {
        Measure.STOCK: Snapshot.balance,
        Measure.NEW: Snapshot.principal,
        Measure.OVERDUE: Snapshot.overdue,
    }[measure]  # type: ignore[return-value]


def snapshots_in(scope: Scope) -> ColumnElement[bool]:
    return in_scope(scope, Snapshot.township_code, Snapshot.branch_id)  # type: ignore[arg-type]


def _in_region(region: str) -> ColumnElement[bool]:
    return in_region(Snapshot.township_code, region)


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


def _aggregate(day: date, where: ColumnElement[bool]) -> Select[*tuple[Any, ...]]:
    def households(measure: Measure) -> ColumnElement[int]:
        return func.count(distinct(case((belongs(measure, day), Snapshot.household_id))))

    def total(measure: Measure) -> ColumnElement[int]:
        return func.coalesce(func.sum(case((belongs(measure, day), amount(measure)), else_=0)), 0)

    return (
        select(
            Snapshot.township_code,
            func.max(Snapshot.as_of),
            households(Measure.STOCK),
            total(Measure.STOCK),
            households(Measure.NEW),
            total(Measure.NEW),
            households(Measure.OVERDUE),
            total(Measure.OVERDUE),
            func.count(case((belongs(Measure.OVERDUE, day), Snapshot.loan_id))),
        )
        .where(valid_on(day), where)
        .group_by(Snapshot.township_code)
    )


def count(session: Session, day: date, scope: Scope, region: str) -> list[Counted]:
    """Count the townships of ``region`` within ``scope`` on ``day``, from the snapshots."""
    where = and_(snapshots_in(scope), _in_region(region))
    return [
        Counted(code, as_of, *map(int, rest))
        for code, as_of, *rest in session.execute(_aggregate(day, where))
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
    return [
        Counted(
            r.township_code,
            r.as_of,
            r.stock_households,
            r.stock,
            r.new_households,
            r.new,
            r.overdue_households,
            r.overdue,
            r.overdue_loans,
        )
        for r in rows
    ]


def figures(session: Session, region: str, month: date, scope: Scope = EVERYTHING) -> Figures:
    """The figures of ``region`` by its children at the end of ``month``, as far as ``scope`` sees.

    Raises LookupError for an unknown region or one outside the scope.
    """
    place = session.get(Region, region)
    if place is None or not scope.touches_region(region):
        raise LookupError(region)
    day = month_end(month)
    counted = _cached(session, day, scope, region)
    if counted is None:
        counted = count(session, day, scope, region)
    targets = _targets(session, region, day.year) if scope.branch_id is None else {}
    below = _regions_below(session, region)
    rows = tuple(
        _row(
            child,
            [c for c in counted if c.township_code.startswith(child.code)],
            target_of(child.code, below, targets),
        )
        for child in _children(region, below, scope, counted)
    )
    as_of = max((c.as_of for c in counted if c.as_of), default=day)
    return Figures(
        region_code=region,
        region_name=place.short,
        month=day,
        as_of=as_of,
        rows=rows,
        own_target_fen=targets.get(region) if scope.covers_region(region) else None,
    )


def _regions_below(session: Session, region: str) -> list[Region]:
    """The region and all below it down to its townships, by code."""
    query = (
        select(Region).where(within(Region.code, region), Region.level != Level.VILLAGE).order_by(Region.code)
    )
    return list(session.scalars(query))


def _children(region: str, below: Sequence[Region], scope: Scope, counted: Sequence[Counted]) -> list[Region]:
    """The rows of the table: every child that the scope sees, or for a branch those it has loans in."""
    length = _CHILD_LENGTH[len(region)]
    children = [r for r in below if len(r.code) == length]
    if scope.branch_id is None:
        return [r for r in children if scope.touches_region(r.code)]
    seen = {c.township_code[:length] for c in counted}
    return [r for r in children if r.code in seen]


def target_of(code: str, below: Sequence[Region], targets: dict[str, int]) -> int | None:
    """A region's own target, else the sum of its children's, but only where every one of them has one."""
    if code in targets:
        return targets[code]
    parts = [target_of(r.code, below, targets) for r in below if r.parent_code == code]
    return sum(p for p in parts if p is not None) if parts and None not in parts else None


def _row(child: Region, parts: Sequence[Counted], target: int | None) -> FigureRow:
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


def _targets(session: Session, region: str, year: int) -> dict[str, int]:
    rows = session.execute(
        select(Target.region_code, Target.amount).where(
            within(Target.region_code, region), Target.year == year
        )
    )
    return {row.region_code: row.amount for row in rows}


def default_region(session: Session, scope: Scope) -> str | None:
    """The region whose bulletin somebody reads first: their own, for a branch the one county."""
    if scope.region:
        return scope.region
    counties = session.scalars(
        select(Region.code).where(Region.level == Level.COUNTY).order_by(Region.code)
    ).all()
    return None if scope.is_empty or not counties else counties[0]


def newest_month(session: Session) -> date | None:
    """The month end of the newest ledger date."""
    newest = session.scalar(select(func.max(Snapshot.as_of)))
    return month_end(newest) if newest else None


def months(session: Session) -> list[date]:
    """The month ends for which there are figures, newest first."""
    return list(session.scalars(select(FigureCache.month).distinct().order_by(FigureCache.month.desc())))


_SUMMED = (
    FigureCache.stock_households, FigureCache.stock, FigureCache.new_households, FigureCache.new,
    FigureCache.overdue_households, FigureCache.overdue, FigureCache.overdue_loans,
)  # fmt: skip


def trend(session: Session, place: Region, until: date, scope: Scope, limit: int) -> dict[date, FigureRow]:
    """The region's sums at the last ``limit`` month ends up to ``until``, oldest first, without targets.

    They are what was counted when the ledgers were taken. That is kept by township: for a branch there is none.
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
    return {
        month: _row(place, [Counted(place.code, None, *map(int, sums))], None)
        for month, *sums in reversed(newest_first)
    }


def published_text(session: Session, region: str, month: date) -> PublishedText | None:
    query = select(PublishedText).where(
        PublishedText.region_code == region, PublishedText.month == month_end(month)
    )
    return session.scalar(query)


@dataclass(frozen=True, slots=True)
class Behind:
    """The loans behind a figure: one page of them, and what all of them add up to (分)."""

    snapshots: list[Snapshot]
    total: int
    households: int
    loans: int


def loans_behind(
    session: Session, measure: Measure, region: str, month: date, scope: Scope, after: int, limit: int
) -> Behind:
    """The loans that a figure of ``region`` is made of, by the very conditions that counted it.

    ``households`` is counted by township, as the figure is.
    """
    day = month_end(month)
    where = and_(valid_on(day), belongs(measure, day), snapshots_in(scope), _in_region(region))
    per_township = session.execute(
        select(
            func.count(distinct(Snapshot.household_id)),
            func.count(),
            func.coalesce(func.sum(amount(measure)), 0),
        )
        .where(where)
        .group_by(Snapshot.township_code)
    ).all()
    households, loans, total = (sum(int(row[i]) for row in per_township) for i in range(3))
    ids = select(Snapshot.id).where(where, Snapshot.id > after).order_by(Snapshot.id).limit(limit)
    page = session.scalars(
        select(Snapshot)
        .where(Snapshot.id.in_(ids))  # the rest of what is shown is read for these alone
        .order_by(Snapshot.id)
        .options(
            joinedload(Snapshot.loan).options(
                joinedload(Loan.borrower),
                joinedload(Loan.township),
                joinedload(Loan.branch),
                joinedload(Loan.village),
            )
        )
    )
    return Behind(list(page), total, households, loans)


@dataclass(frozen=True, slots=True)
class TargetRow:
    region: Region
    amount: int | None


def target_rows(session: Session, region: str, year: int) -> list[TargetRow]:
    """The region and its children with their own targets (分) of a year."""
    chosen = _targets(session, region, year)
    length = _CHILD_LENGTH[len(region)]
    regions = [r for r in _regions_below(session, region) if r.code == region or len(r.code) == length]
    return [TargetRow(r, chosen.get(r.code)) for r in regions]
