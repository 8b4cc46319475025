"""Figures of regions whose loans are not here, as their published bundles tell them."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app.accounts.rules import Scope
from app.bulletin.figures import FigureRow, Figures, ReceivedRow
from app.bulletin.incoming import chosen, differing, fingerprint
from app.bulletin.models import FigureCache, ReceivedBundle, ReceivedFigure
from app.clock import month_end
from app.places.models import Region
from app.places.queries import within
from app.places.rules import CODE_LENGTHS, Level

_COUNTY = CODE_LENGTHS[Level.COUNTY]


def received(
    session: Session, region: str, first: date, last: date, scope: Scope
) -> dict[date, list[ReceivedRow]]:
    """By month end, the rows of bundles in ``region`` that count there; a branch sees none."""
    if scope.branch_id is not None:
        return {}
    query = (
        select(ReceivedFigure, ReceivedBundle, Region.short)
        .join(ReceivedBundle, ReceivedBundle.id == ReceivedFigure.bundle_id)
        .join(Region, Region.code == ReceivedFigure.region_code)
        .where(
            ReceivedBundle.month.between(first, last),
            within(ReceivedFigure.region_code, region),
            within(ReceivedFigure.region_code, scope.region or ""),
        )
        .order_by(ReceivedFigure.region_code)
    )
    given: dict[date, list[ReceivedRow]] = {}
    for figure, bundle, name in session.execute(query):
        given.setdefault(bundle.month, []).append(_row(figure, bundle, name))
    here = _here(session, region, first, last) if given else {}
    return {month: chosen(rows, here.get(month, set())) for month, rows in given.items()}


def _row(figure: ReceivedFigure, bundle: ReceivedBundle, name: str) -> ReceivedRow:
    row = FigureRow(
        code=figure.region_code,
        name=name,
        target_fen=figure.target,
        stock_households=figure.stock_households,
        stock_fen=figure.stock,
        new_households=figure.new_households,
        new_fen=figure.new,
        overdue_households=figure.overdue_households,
        overdue_fen=figure.overdue,
        overdue_loans=figure.overdue_loans,
    )
    return ReceivedRow(bundle.id, bundle.region_code, bundle.target, figure.as_of, row)


def _here(session: Session, region: str, first: date, last: date) -> dict[date, set[str]]:
    """The counties of which there are loans here, by month."""
    county = func.substr(FigureCache.township_code, 1, _COUNTY)
    query = (
        select(FigureCache.month, county)
        .where(FigureCache.month.between(first, last), within(FigureCache.township_code, region[:_COUNTY]))
        .distinct()
    )
    found: dict[date, set[str]] = {}
    for month, code in session.execute(query):
        found.setdefault(month, set()).add(code)
    return found


def months(session: Session) -> list[date]:
    """The month ends for which some bundle has come."""
    return list(session.scalars(select(ReceivedBundle.month).distinct()))


@dataclass(frozen=True, slots=True)
class Bundle:
    """Whose bundle it is, and under which seal it came."""

    region: str
    name: str
    month: date
    as_of: date
    number: str | None
    fingerprint: str
    received_at: datetime


def bundles(session: Session, ids: Iterable[int]) -> list[Bundle]:
    """The bundles of these numbers, by region."""
    query = (
        select(ReceivedBundle, Region.short)
        .join(Region, Region.code == ReceivedBundle.region_code)
        .where(ReceivedBundle.id.in_(list(ids)))
        .order_by(ReceivedBundle.region_code)
    )
    return [
        Bundle(b.region_code, name, b.month, b.as_of, b.number, fingerprint(b.public_key), b.received_at)
        for b, name in session.execute(query)
    ]


@dataclass(frozen=True, slots=True)
class Difference:
    """A figure that a bundle tells otherwise than the loans here; amounts in 分."""

    code: str
    name: str
    figure: str
    here: int
    received: int


def differences(session: Session, figures: Figures) -> list[Difference]:
    """Where a bundle has come of a region whose loans are here, and does not agree with them: by the page's rows."""
    month, region = month_end(figures.month), figures.region_code
    query = (
        select(ReceivedFigure, ReceivedBundle, Region.short)
        .join(ReceivedBundle, ReceivedBundle.id == ReceivedFigure.bundle_id)
        .join(Region, Region.code == ReceivedFigure.region_code)
        .where(ReceivedBundle.month == month, within(ReceivedFigure.region_code, region))
    )
    rows = [_row(*found) for found in session.execute(query)]
    told = chosen(rows, set())
    found: list[Difference] = []
    for row in figures.rows:
        parts = [one.row for one in told if one.row.code.startswith(row.code)]
        if parts and len(row.code) >= _COUNTY and not figures.is_received(row.code):
            found += [Difference(row.code, row.name, *one) for one in differing(row, summed(row, parts))]
    return found


def summed(like: FigureRow, parts: Iterable[FigureRow]) -> FigureRow:
    """The sums of some rows, under another's name."""
    listed = list(parts)
    names = (
        "stock_households", "stock_fen", "new_households", "new_fen", "overdue_households", "overdue_fen",
        "overdue_loans",
    )  # fmt: skip
    return FigureRow(like.code, like.name, **{n: sum(getattr(p, n) for p in listed) for n in names})
