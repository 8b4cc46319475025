"""What a page of the bulletin was asked for: month and region, and the figures as far as the reader sees them."""

from dataclasses import replace
from datetime import date

from flask import abort, request

from app.accounts.access import scope, user
from app.bulletin import queries
from app.bulletin.figures import Figures
from app.clock import parse_month
from app.db import db
from app.places.models import Region
from app.places.rules import Level


def asked_month() -> date | None:
    """The month asked for, else that of the newest ledger; None before the first one."""
    text = request.args.get("month")
    if not text:
        return queries.newest_month(db.session())
    try:
        return parse_month(text)
    except (ValueError, OverflowError):
        abort(404)


def counted_month() -> date:
    """The same, where it has figures; else 404."""
    month = asked_month()
    if month is None or month not in queries.months(db.session()):
        abort(404)
    return month


def asked_place() -> Region:
    """The region asked for, else the reader's own. 404 unless some of it lies in the reader's scope."""
    code = request.args.get("region") or queries.default_region(db.session(), scope()) or ""
    place = db.session.get(Region, code) if code.isascii() and code.isdigit() else None
    if place is None or place.level is Level.VILLAGE or not scope().touches_region(code):
        abort(404)
    return place


def seen_figures(place: Region, month: date) -> Figures:
    """The figures as far as the reader sees; where that is not the whole region, its name says so."""
    found = queries.figures(db.session(), place.code, month, scope())
    if scope().covers_region(place.code):
        return found
    mine = user().branch or user().region
    return replace(found, region_name=f"{place.short}（{mine.name if mine else ''}）")


def regions_above(code: str) -> list[Region]:
    """The regions above, as far as the reader sees the whole of them."""
    above = [db.session.get(Region, code[:length]) for length in (2, 4, 6) if length < len(code)]
    return [r for r in above if r is not None and scope().covers_region(r.code)]
