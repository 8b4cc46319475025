"""Loading places and learning new names for them."""

from collections.abc import Iterable

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app import audit
from app.labels import Declined, T
from app.places.models import Lender, Region, RegionAlias
from app.places.queries import place_index
from app.places.rules import CODE_LENGTHS, Level, Place, parent_code

# Last three digits of a code given here to a place without a statistical one; real ones end below.
FIRST_PROVISIONAL, LAST_PROVISIONAL = 500, 999


class PlacesRefused(Declined):
    """The places do not form a tree; ``message`` says which one."""


def load_places(session: Session, places: Iterable[Place], actor: str = audit.SYSTEM) -> tuple[int, int]:
    """Insert or update places, parents first. Returns (new, changed).

    Raises PlacesRefused for a place without the one above it, or with a name that another beside it has.
    """
    new = changed = 0
    for place in sorted(places, key=lambda p: (len(p.code), p.code)):
        above = parent_code(place.code)
        if above is not None and session.get(Region, above) is None:
            raise PlacesRefused(
                T("%(name)s (%(code)s): the place above it is missing", name=place.name, code=place.code)
            )
        region = session.get(Region, place.code)
        named = select(Region.code).where(Region.parent_code == above, Region.name == place.name)
        if (other := session.scalar(named)) not in (None, place.code):
            raise PlacesRefused(
                T(
                    "%(name)s (%(code)s): %(other)s has this name",
                    name=place.name,
                    code=place.code,
                    other=other,
                )
            )
        if region is None:
            session.add(
                Region(
                    code=place.code, parent_code=above, level=place.level, name=place.name, short=place.short
                )
            )
            session.flush()
            new += 1
        elif (region.name, region.short) != (place.name, place.short):
            region.name, region.short = place.name, place.short
            changed += 1
        for alias in place.aliases:
            add_alias(session, place.code, alias)
    if new or changed:
        audit.record(session, actor, "places.load", "region", "", new=new, changed=changed)
    return new, changed


def add_alias(session: Session, code: str, name: str, actor: str | None = None) -> None:
    """Remember that ``name`` means the region ``code``; recorded on the trail when a person said so.

    Raises PlacesRefused when a person gives the name of another township: the name would mean neither from then on.
    """
    if actor and (other := _named(session, code[: CODE_LENGTHS[Level.COUNTY]], name)) and other.code != code:
        raise PlacesRefused(T("%(alias)s is a name of %(name)s already.", alias=name, name=other.short))
    known = select(RegionAlias).where(RegionAlias.region_code == code, RegionAlias.name == name)
    if session.scalar(known) is None:
        session.add(RegionAlias(region_code=code, name=name))
        session.flush()
        if actor:
            audit.record(session, actor, "places.alias", "region", code, alias=name)


def add_township(session: Session, county: str, name: str, code: str, actor: str) -> Region:
    """A township the shipped places lack; without a code it gets a provisional one. Raises PlacesRefused."""
    name, code = name.strip(), code.strip()
    if not name:
        raise PlacesRefused(T("Give the name of the township."))
    if (other := _named(session, county, name)) is not None:
        raise PlacesRefused(T("There is a township named %(name)s already.", name=other.short))
    if code and not _is_township_of(code, county):
        raise PlacesRefused(T("A township's code has nine digits and begins with %(county)s.", county=county))
    if code and session.get(Region, code) is not None:
        raise PlacesRefused(T("The code %(code)s is taken.", code=code))
    region = Region(
        code=code or _provisional_code(session, county),
        parent_code=county,
        level=Level.TOWNSHIP,
        name=name,
        short=name,
        provisional=not code,
    )
    session.add(region)
    session.flush()
    audit.record(session, actor, "places.add", "region", region.code, name=name)
    return region


def _named(session: Session, county: str, name: str) -> Place | None:
    """The township of the county that goes by this name already."""
    return place_index(session, county).find(name, county)


def _is_township_of(code: str, county: str) -> bool:
    return (
        code.isascii()
        and code.isdigit()
        and len(code) == CODE_LENGTHS[Level.TOWNSHIP]
        and code.startswith(county)
    )


def _provisional_code(session: Session, county: str) -> str:
    last = session.scalar(
        select(func.max(Region.code)).where(Region.parent_code == county, Region.provisional)
    )
    number = int(last[-3:]) + 1 if last else FIRST_PROVISIONAL
    if number > LAST_PROVISIONAL:
        raise PlacesRefused(
            T("There are too many places without a code. Load the county's places from a file.")
        )
    return f"{county}{number}"


def lender_named(session: Session, name: str) -> Lender:
    """The lender of this name, made when it is new."""
    lender = session.scalar(select(Lender).where(Lender.name == name))
    if lender is None:
        lender = Lender(name=name)
        session.add(lender)
        session.flush()
    return lender
