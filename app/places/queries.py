"""Reads of the region tree."""

from typing import TypeAlias

from sqlalchemy import ColumnElement, and_, select, true
from sqlalchemy.orm import InstrumentedAttribute, Session

from app.places.models import Lender, Region, RegionAlias
from app.places.rules import Level, Place, PlaceIndex

CodeColumn: TypeAlias = InstrumentedAttribute[str] | InstrumentedAttribute[str | None] | ColumnElement[str]


def within(column: CodeColumn, code: str) -> ColumnElement[bool]:
    """``column`` is ``code`` or a place below it ("" is above all). A range, so that an ordinary index serves it.

    Codes are digits only, which every collation orders alike: the next code of the same length ends the range.
    """
    if not code:
        return true()
    return and_(column >= code, column < str(int(code) + 1))


def place_index(session: Session, code: str = "", villages: bool = False) -> PlaceIndex:
    """All known places (below ``code``, with the places above it too) with the names they go by."""
    query = select(Region)
    if not villages:
        query = query.where(Region.level != Level.VILLAGE)
    regions = [r for r in session.scalars(query) if r.code.startswith(code) or code.startswith(r.code)]
    names: dict[str, list[str]] = {}
    for alias in session.scalars(select(RegionAlias)):
        names.setdefault(alias.region_code, []).append(alias.name)
    return PlaceIndex(Place(r.code, r.level, r.name, r.short, tuple(names.get(r.code, ()))) for r in regions)


def counties(session: Session) -> list[Region]:
    return list(session.scalars(select(Region).where(Region.level == Level.COUNTY).order_by(Region.code)))


def children(session: Session, code: str) -> list[Region]:
    """The regions one level below ``code``, by code."""
    return list(session.scalars(select(Region).where(Region.parent_code == code).order_by(Region.code)))


def lenders(session: Session) -> list[Lender]:
    return list(session.scalars(select(Lender).order_by(Lender.id)))


def townships(session: Session, county: str) -> list[tuple[Region, list[str]]]:
    """A county's townships with the other names they go by."""
    return [(region, names_of(session, region.code)) for region in children(session, county)]


def names_of(session: Session, code: str) -> list[str]:
    """The other names of a region."""
    query = select(RegionAlias.name).where(RegionAlias.region_code == code).order_by(RegionAlias.name)
    return list(session.scalars(query))
