"""The value of a number on a day."""

from datetime import date

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.places.models import Region
from app.places.rules import Level
from app.policies.models import PolicyValue
from app.policies.rules import Entered, Key, value_at


def entered_values(session: Session) -> list[Entered]:
    """All that has ever been set: a few dozen rows."""
    query = select(
        PolicyValue.key,
        PolicyValue.region_code,
        PolicyValue.lender_id,
        PolicyValue.starts_on,
        PolicyValue.until,
        PolicyValue.value,
    )
    return [Entered(*row) for row in session.execute(query)]


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


def places_within(session: Session, region: str) -> list[tuple[str, str]]:
    """The counties and townships of a place, as codes and names, by code."""
    query = select(Region.code, Region.name).where(
        Region.code.startswith(region, autoescape=True), Region.level.in_((Level.COUNTY, Level.TOWNSHIP))
    )
    return [(code, name) for code, name in session.execute(query.order_by(Region.code))]
