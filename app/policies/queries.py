"""The value of a number on a day."""

from datetime import date

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.accounts.models import User
from app.db import is_read_only
from app.places.models import Region
from app.places.rules import Level
from app.policies.models import PolicyValue
from app.policies.rules import Entered, Key, value_at

_KEPT = "policies"


def entered_values(session: Session) -> list[Entered]:
    """All that has ever been set: a few dozen rows. A page, which only reads, asks once in its transaction."""
    kept, transaction = session.info.get(_KEPT), session.get_transaction()
    if is_read_only() and kept is not None and kept[0] is transaction:
        return list(kept[1])
    query = select(
        PolicyValue.key,
        PolicyValue.region_code,
        PolicyValue.lender_id,
        PolicyValue.starts_on,
        PolicyValue.until,
        PolicyValue.value,
    )
    found = [Entered(*row) for row in session.execute(query)]
    if is_read_only():
        session.info[_KEPT] = session.get_transaction(), found
    return found


class Policies:
    """The numbers as they hold on one day; one statement however many are asked for."""

    def __init__(self, session: Session, on: date) -> None:
        self.on = on
        self._entered = entered_values(session)

    def __call__(self, key: Key, region: str = "", lender_id: int | None = None) -> int:
        """The value of ``key`` in its unit, for a region's code and a lender."""
        return value_at(key, self._entered, region=region, lender_id=lender_id, on=self.on)


def rows_of(session: Session, key: Key, region: str = "", lender_id: int | None = None) -> list[PolicyValue]:
    """What was set of ``key`` for exactly this place and lender, oldest start first; ended ones included."""
    same = PolicyValue.lender_id.is_(None) if lender_id is None else PolicyValue.lender_id == lender_id
    query = select(PolicyValue).where(PolicyValue.key == key, PolicyValue.region_code == region, same)
    return list(session.scalars(query.order_by(PolicyValue.starts_on, PolicyValue.id)))


def history(session: Session, region: str = "") -> list[PolicyValue]:
    """What was ever set for a place, those around it and those within it, by key and start."""
    query = select(PolicyValue).order_by(PolicyValue.key, PolicyValue.starts_on, PolicyValue.id)
    return [
        row
        for row in session.scalars(query)
        if row.region_code.startswith(region) or region.startswith(row.region_code)
    ]


def holding(rows: list[PolicyValue], key: Key, region: str, on: date) -> PolicyValue | None:
    """Of ``history``'s rows the one whose value holds at a place for every lender; None where it is the default."""
    fitting = [
        row
        for row in rows
        if row.key is key
        and region.startswith(row.region_code)
        and row.lender_id is None
        and row.starts_on <= on < row.until
    ]
    return max(fitting, key=lambda row: (len(row.region_code), row.starts_on), default=None)


def ends(rows: list[PolicyValue]) -> dict[int, date]:
    """Until when each row really holds, by id: a newer one of the same place and lender ends it where it begins."""
    found = {}
    for row in rows:
        later = [
            other.starts_on
            for other in rows
            if (other.key, other.region_code, other.lender_id) == (row.key, row.region_code, row.lender_id)
            and row.starts_on < other.starts_on < other.until
        ]
        found[row.id] = min([row.until, *later])
    return found


def find(session: Session, policy_id: int, region: str) -> PolicyValue | None:
    """What was set, if it was set within ``region``."""
    row = session.get(PolicyValue, policy_id)
    return row if row is not None and row.region_code.startswith(region) else None


def named(session: Session, rows: list[PolicyValue]) -> tuple[dict[str, str], dict[int | None, str]]:
    """The names of the places and of the people of rows, by code and by id."""
    regions = select(Region.code, Region.name).where(Region.code.in_({row.region_code for row in rows}))
    people = select(User.id, User.name).where(User.id.in_({row.set_by_id for row in rows}))
    places = {row.code: row.name for row in session.execute(regions)}
    return places, {row.id: row.name for row in session.execute(people)}


def places_within(session: Session, region: str) -> list[tuple[str, str]]:
    """The counties and townships of a place, as codes and names, by code."""
    query = select(Region.code, Region.name).where(
        Region.code.startswith(region, autoescape=True), Region.level.in_((Level.COUNTY, Level.TOWNSHIP))
    )
    return [(code, name) for code, name in session.execute(query.order_by(Region.code))]
