"""The lines of a region and a month: what holds, where it is from, and entering it."""

from datetime import date
from typing import Any

from flask import Blueprint, abort, flash, redirect, render_template, request, url_for
from flask_babel import gettext
from werkzeug.wrappers import Response

from app.accounts.access import allowed, requires, scope, user
from app.accounts.rules import Permission
from app.clock import add_months, month_end, parse_month
from app.db import db
from app.labels import T, Text
from app.lines.actions import save_lines, take_lines
from app.lines.models import LineValue
from app.lines.queries import entered, home_region, lines_for, own_values
from app.lines.rules import LineKind
from app.lines.text import LinesRefused, RefusedLine, read_form, read_lines
from app.places.models import Region
from app.places.queries import place_index
from app.places.rules import Level
from app.today import business_date

bp = Blueprint("lines", __name__, url_prefix="/lines")
SHOWN = 60  # values in the list of all that was entered
MOST_PASTED = 200_000
_NOTHING = RefusedLine(0, "", T("There is no line with a number in it."))


def _place() -> Region:
    """The region asked for, else the reader's own. 404 unless it lies in the reader's scope."""
    code = request.args.get("region") or home_region(db.session(), scope()) or ""
    place = db.session.get(Region, code) if code.isascii() and code.isdigit() else None
    if place is None or place.level is Level.VILLAGE or not scope().touches_region(code):
        abort(404)
    return place


def _month() -> date:
    """The month asked for, else the one that ended last."""
    text = request.args.get("month")
    if not text:
        return month_end(add_months(business_date(db.session()), -1))
    try:
        return parse_month(text)
    except (ValueError, OverflowError):
        abort(404)


def _may_set(place: Region) -> bool:
    return allowed(Permission.TARGETS) and scope().covers_region(place.code)


def _typed(rows: list[LineValue]) -> dict[str, str]:
    """The values as the fields of the form have them."""
    typed: dict[str, str] = {}
    for row in sorted(
        rows, key=lambda one: one.ongoing, reverse=True
    ):  # the month's own stands before the lasting one
        kind = row.kind.value
        value = f"{row.rank}/{row.of}" if row.rank is not None else f"{row.rate:.2f}"
        typed |= {kind: value, f"{kind}-source": row.source, f"{kind}-on": row.dated_on.isoformat()}
        typed[f"{kind}-ongoing"] = "1" if row.ongoing else ""
    return typed


def _page(
    place: Region,
    month: date,
    typed: dict[str, str] | None = None,
    errors: dict[str, Text] | None = None,
    refused: list[RefusedLine] | None = None,
) -> str:
    session, today = db.session(), business_date(db.session())
    months = [month_end(add_months(today, -back)) for back in range(-1, 13)]
    shown: dict[str, Any] = {
        "lines": lines_for(session, place.code, month),
        "typed": _typed(own_values(session, place.code, month)) if typed is None else typed,
        "entered": entered(session, place.code, SHOWN),
    }
    return render_template(
        "lines/show.html", place=place, month=month, months=months, kinds=list(LineKind), errors=errors or {},
        refused=refused or [], may_set=_may_set(place), pasted=request.form.get("pasted", ""), **shown,
    )  # fmt: skip


@bp.get("/")
@requires(Permission.FIGURES)
def show() -> str:
    """What holds for a region and a month, with its source."""
    return _page(_place(), _month())


@bp.post("/")
@requires(Permission.TARGETS)
def save() -> Response | tuple[str, int]:
    """Let exactly what was typed hold for the region and the month."""
    session, place, month = db.session(), _place(), _month()
    if not _may_set(place):
        abort(404)
    typed = {key: value for key, value in request.form.items() if key != "csrf_token"}
    values, errors = read_form(typed, place.code, month)
    if not errors:
        try:
            save_lines(session, place.code, month, values, user().username, business_date(session))
            session.commit()
        except LinesRefused as refused:
            session.rollback()
            errors = {"all": refused.message}
    if errors:
        return _page(place, month, typed, errors), 422
    flash(gettext("The lines of %(month)s are saved.", month=f"{month:%Y-%m}"), "success")
    return redirect(url_for("lines.show", region=place.code, month=f"{month:%Y-%m}"))


@bp.post("/import")
@requires(Permission.TARGETS)
def take() -> Response | tuple[str, int]:
    """Take a pasted table: all of its lines, or none."""
    session, place, month = db.session(), _place(), _month()
    if not _may_set(place):
        abort(404)
    text = request.form.get("pasted", "")[:MOST_PASTED]
    values, refused = read_lines(text, place_index(session), place.code)
    errors: dict[str, Text] = {}
    if values and not refused:
        try:
            changed = take_lines(session, values, user().username, business_date(session))
            session.commit()
            flash(
                gettext("%(n)s lines are taken, %(changed)s of them new.", n=len(values), changed=changed),
                "success",
            )
            return redirect(url_for("lines.show", region=place.code, month=f"{values[0].month:%Y-%m}"))
        except LinesRefused as reason:
            session.rollback()
            errors = {"all": reason.message}
    return _page(place, month, errors=errors, refused=refused or [_NOTHING] * (not errors)), 422
