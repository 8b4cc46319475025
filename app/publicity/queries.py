"""The publicity log: counted by township and means, and its entries. What was withdrawn counts nowhere."""

from dataclasses import dataclass
from datetime import date

from sqlalchemy import ColumnElement, and_, false, func, or_, select, true
from sqlalchemy.orm import Session, joinedload

from app.accounts.rules import EVERYTHING, Scope
from app.clock import month_end
from app.loans.models import Loan
from app.places.models import Region
from app.places.queries import within
from app.places.rules import CODE_LENGTHS, Level
from app.publicity.models import Publicity
from app.publicity.rules import Means

_TOWNSHIP = CODE_LENGTHS[Level.TOWNSHIP]


@dataclass(frozen=True, slots=True)
class Count:
    """How often, and how many people were reached: the sum over the events, so somebody met twice counts twice."""

    events: int = 0
    people: int = 0

    def __add__(self, other: "Count") -> "Count":
        return Count(self.events + other.events, self.people + other.people)


@dataclass(frozen=True, slots=True)
class Counts:
    """A month, by township's code and means."""

    cells: dict[tuple[str, Means], Count]

    def of(self, township: str | None = None, means: Means | None = None) -> Count:
        """The count of a township (None: all) and one means (None: all)."""
        chosen = (
            n for (t, m), n in self.cells.items() if township in (None, t) and (means is None or m is means)
        )
        return sum(chosen, Count())

    @property
    def townships(self) -> list[str]:
        return sorted({code for code, _ in self.cells})

    @property
    def means(self) -> list[Means]:
        """Those there were, in the order in which they are always named."""
        there = {means for _, means in self.cells}
        return [one for one in Means if one in there]


def _of_month(month: date) -> ColumnElement[bool]:
    return Publicity.on.between(month.replace(day=1), month_end(month))


def visible(scope: Scope) -> ColumnElement[bool]:
    """What an account sees: its region's entries, or those of its branch."""
    if scope.is_empty:
        return false()
    mine = true() if scope.branch_id is None else Publicity.branch_id == scope.branch_id
    return and_(mine, within(Publicity.region_code, scope.region or ""))


def counts(session: Session, month: date, scope: Scope = EVERYTHING, region: str = "") -> Counts:
    """Events and people reached in the month of a day, of ``region`` as far as ``scope`` goes. One statement."""
    township = func.substr(Publicity.region_code, 1, _TOWNSHIP)
    query = (
        select(township, Publicity.means, func.count(), func.sum(Publicity.people))
        .where(
            visible(scope),
            within(Publicity.region_code, region),
            _of_month(month),
            Publicity.withdrawn_on.is_(None),
        )
        .group_by(township, Publicity.means)
    )
    return Counts({(code, means): Count(n, int(people)) for code, means, n, people in session.execute(query)})


@dataclass(frozen=True, slots=True)
class Chosen:
    """Which entries: of a month, a township, a means."""

    month: date
    township: str | None = None
    means: Means | None = None


def listed(
    session: Session, scope: Scope, chosen: Chosen, after: tuple[date, int] | None, limit: int
) -> list[Publicity]:
    """The entries, newest first, the withdrawn ones among them; ``after`` is the last day and id of a page before."""
    where = [visible(scope), _of_month(chosen.month)]
    if chosen.township:
        where.append(within(Publicity.region_code, chosen.township))
    if chosen.means:
        where.append(Publicity.means == chosen.means)
    if after:
        on, last = after
        where.append(or_(Publicity.on < on, and_(Publicity.on == on, Publicity.id < last)))
    query = select(Publicity).where(*where).order_by(Publicity.on.desc(), Publicity.id.desc()).limit(limit)
    return list(session.scalars(query.options(joinedload(Publicity.region), joinedload(Publicity.author))))


def find(session: Session, entry_id: int, scope: Scope) -> Publicity | None:
    return session.scalars(select(Publicity).where(Publicity.id == entry_id, visible(scope))).one_or_none()


def townships_of(session: Session, scope: Scope) -> list[Region]:
    """The townships that an account may enter something for: those of its area, or those its branch lends in."""
    if scope.is_empty:
        return []
    query = select(Region).where(Region.level == Level.TOWNSHIP)
    if scope.branch_id is not None:
        served = select(Loan.township_code).where(Loan.branch_id == scope.branch_id).distinct()
        query = query.where(Region.code.in_(served))
    if scope.region:
        query = query.where(within(Region.code, scope.region))
    return list(session.scalars(query.order_by(Region.code)))


def villages_of(session: Session, townships: list[Region]) -> dict[str, list[Region]]:
    """The villages of each township, by its code."""
    found: dict[str, list[Region]] = {one.code: [] for one in townships}
    query = select(Region).where(Region.parent_code.in_(found), Region.level == Level.VILLAGE)
    for village in session.scalars(query.order_by(Region.code)):
        found[village.parent_code or ""].append(village)
    return found


def names(session: Session, codes: list[str]) -> dict[str, str]:
    """The short names of regions by code."""
    query = select(Region.code, Region.short).where(Region.code.in_(codes))
    return {row.code: row.short for row in session.execute(query)}
