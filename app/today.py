"""Where "today" comes from: the environment, else the date a demonstration instance carries, else the clock."""

from datetime import UTC, date, datetime

from flask import current_app
from sqlalchemy.orm import Session

from app.clock import SHANGHAI
from app.db import get_setting

BUSINESS_DATE = "business_date"


def fixed_date(session: Session) -> date | None:
    """The date this instance is held at, None when it follows the real clock."""
    if moment := fixed_moment():
        return moment.date()
    if today := current_app.config["TODAY"]:
        return date.fromisoformat(str(today))
    stored = get_setting(session, BUSINESS_DATE)
    return date.fromisoformat(stored) if stored else None


def fixed_moment() -> datetime | None:
    """The moment that ``QINGSHOU_NOW`` holds this instance at, on the county's clock."""
    held = current_app.config["NOW"]
    return datetime.fromisoformat(str(held)).astimezone(SHANGHAI) if held else None


def business_date(session: Session) -> date:
    """The date that rules are asked about, in Asia/Shanghai."""
    return fixed_date(session) or datetime.now(SHANGHAI).date()


def moment(session: Session) -> datetime:
    """The moment that rules about hours are asked about, on the county's clock.

    ``QINGSHOU_NOW`` where it is set; else the business date at the real time of day, the real moment for an instance
    that is not held at a date.
    """
    if held := fixed_moment():
        return held
    return datetime.combine(business_date(session), datetime.now(SHANGHAI).timetz())


def now() -> datetime:
    """The real moment, for trails and leases; never for a rule about due dates."""
    return datetime.now(UTC)


def local_time(moment: datetime | None) -> str:
    """A moment on the county's clock, ``2023-11-08 09:30``."""
    return "—" if moment is None else moment.astimezone(SHANGHAI).strftime("%Y-%m-%d %H:%M")
