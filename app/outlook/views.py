"""What falls due, what the overdue rate will be, and the fewest cases that bring a region under a line."""

from datetime import date
from decimal import Decimal
from typing import Any

from flask import Blueprint, abort, render_template, request
from sqlalchemy import ColumnElement

from app.accounts.access import allowed, requires, scope, user
from app.accounts.rules import COLLECTORS, Permission
from app.bulletin.queries import default_region
from app.clock import month_end, parse_month
from app.db import db
from app.labels import T
from app.lines.queries import lines_for
from app.lines.rules import RATES, LineKind, Lines, printed_rate
from app.lines.text import LinesRefused, read_value
from app.loans.models import Snapshot
from app.loans.rules import Category
from app.measures.queries import NO_BRANCH, place_names
from app.measures.rules import LATE, Stage
from app.outlook import candidates, queries
from app.outlook.fewest import Plan, fewest
from app.outlook.history import forecast, newest_day
from app.outlook.queries import NO_CATEGORY, By
from app.outlook.rules import WAVE, coming, narrowed
from app.places.models import Region
from app.places.queries import children
from app.places.rules import Level
from app.today import business_date
from app.web import LARGEST_ID, PAGE_SIZE, page_of

bp = Blueprint("outlook", __name__, url_prefix="/outlook")
MOST_ASSIGNED = 500  # cases that one work list hands over


def place_asked(name: str = "region") -> Region:
    """The region asked for, else the reader's own. 404 unless some of it lies in the reader's scope."""
    code = request.args.get(name) or default_region(db.session(), scope()) or ""
    place = db.session.get(Region, code) if code.isascii() and code.isdigit() else None
    if place is None or place.level is Level.VILLAGE or not scope().touches_region(code):
        abort(404)
    return place


def _by() -> By:
    try:
        return By(request.args.get("by") or By.TOWNSHIP)
    except ValueError:
        abort(404)


@bp.get("/")
@requires(Permission.FIGURES)
def show() -> str:
    """What falls due in the next twelve months, by township, branch or category."""
    session, by = db.session(), _by()
    start = newest_day(session)
    if start is None:
        return render_template("outlook/show.html", place=None, wave=None)
    place = place_asked()
    inside = narrowed(scope(), place.code)
    wave = queries.wave(session, inside, start, coming(start, WAVE), by)
    return render_template(
        "outlook/show.html", place=place, wave=wave, by=by, bys=list(By), start=start,
        names=_names(wave.places, by), whole=scope().covers_region(place.code),
    )  # fmt: skip


def _names(places: tuple[str, ...], by: By) -> dict[str, Any]:
    if by is By.CATEGORY:
        return {**{c.value: c.label for c in Category}, NO_CATEGORY: T("No category given")}
    names: dict[str, Any] = dict(place_names(db.session(), places, by is By.BRANCH))
    return {**names, NO_BRANCH: T("No branch")} if by is By.BRANCH else names


@bp.get("/forecast")
@requires(Permission.FIGURES)
def ahead() -> str:
    """The overdue rate at the coming month ends, in three ways, and how well each has told before."""
    session = db.session()
    if newest_day(session) is None:
        return render_template("outlook/forecast.html", told=None, place=None)
    place = place_asked()
    told = forecast(session, place, scope(), business_date(session))
    lines = lines_for(session, place.code, told.start) if told else Lines({})
    return render_template("outlook/forecast.html", told=told, place=place, lines=lines)


def _loans_meant(start: date) -> tuple[ColumnElement[bool], Any, Any, str | None]:
    """The condition, what the list is called, the column that adds up, and the place; 404 for what there is not."""
    asked = request.args
    try:
        if "late" in asked:
            stage, day = Stage(asked["late"]), parse_month(asked["month"])
            if stage not in LATE or day > month_end(start):
                abort(404)
            return (
                queries.at_stage(stage, day),
                T("Overdue: %(stage)s", stage=stage.label),
                Snapshot.overdue,
                None,
            )
        until, by, place = asked.get("due", ""), _by(), asked.get("place", "")
        months = coming(start, WAVE)
        number = months.index(parse_month(until)) if until else None
        where = queries.falling_due(start, months, number)
        title = T("Due in %(month)s", month=until) if until else T("Due in the next twelve months")
        if place:
            where = where & queries.at_place(by, place)
    except (KeyError, ValueError, OverflowError):
        abort(404)
    return where, title, Snapshot.balance, _names((place,), by).get(place) if place else None


@bp.get("/loans")
@requires(Permission.LOANS)
def loans() -> str:
    """The loans behind a cell of the wave, or a bucket of days past due; they add up to it."""
    session, start = db.session(), newest_day(db.session())
    after = request.args.get("after", 0, type=int)
    if start is None or not 0 <= after < LARGEST_ID:
        abort(404)
    place, (where, title, amount, name) = place_asked(), _loans_meant(start)
    branch = request.args.get("branch", type=int)
    inside = narrowed(scope(), place.code, branch)
    found = queries.behind(session, inside, where, amount, after, PAGE_SIZE + 1)
    page = page_of(found.snapshots, found.number, lambda one: one.id)
    return render_template(
        "outlook/loans.html", place=place, title=title, name=name, found=found, page=page, start=start,
        late=amount is Snapshot.overdue, names_in_full=user().role in COLLECTORS,
    )  # fmt: skip


def _line(lines: Lines) -> tuple[str, Decimal | None, Any]:
    """The line asked for: one that is known, or a rate typed. What was typed, the rate, and what is wrong."""
    text = request.args.get("line", "").strip()
    known = {kind.value: lines.held[kind].rate for kind in RATES if kind in lines.held}
    if not text:
        text = next((kind for kind in known if kind == LineKind.PROVINCIAL), next(iter(known), ""))
    if text in known:
        return text, known[text], None
    if not text:
        return "", None, None
    try:
        return text, read_value(LineKind.YELLOW, text).rate, None
    except LinesRefused as refused:
        return text, None, refused.message


@bp.get("/fewest")
@requires(Permission.LOANS)
def fewest_cases() -> str | tuple[str, int]:
    """How many cases bring each region below under a line; of one township, which."""
    session, start = db.session(), newest_day(db.session())
    if start is None:
        return render_template("outlook/fewest.html", place=None, start=None)
    place = place_asked("township" if request.args.get("township") else "region")
    lines = lines_for(session, place.code, start)
    typed, line, wrong = _line(lines)
    shown: dict[str, Any] = {
        "place": place, "start": start, "lines": lines, "kinds": RATES, "typed": typed, "line": line, "wrong": wrong,
        "whole": scope().covers_region(place.code),
    }  # fmt: skip
    if line is None:
        page = render_template("outlook/fewest.html", **shown)
        return (page, 422) if wrong else page
    if place.level is Level.TOWNSHIP:
        return render_template("outlook/worklist.html", **shown, **_worklist(place, line, start))
    return render_template("outlook/fewest.html", **shown, rows=_rows(place, line, start))


def _worklist(place: Region, line: Decimal, start: date) -> dict[str, Any]:
    session, inside = db.session(), narrowed(scope(), place.code)
    sums = candidates.sums(session, inside, start, len(place.code)).get(place.code, candidates.Sums(0, 0))
    plan = fewest(sums.stock, sums.overdue, candidates.candidates(session, inside, start), line)
    shown = plan.cases[:MOST_ASSIGNED]
    return {
        "sums": sums,
        "plan": plan,
        "shown": shown,
        "after": [printed_rate(sums.overdue - paid, sums.stock - paid) for paid in _running(plan)],
        "cases": candidates.cases_of(session, [one.case_id for one in shown]),
        "aside": candidates.set_aside(session, inside, start),
        "may_assign": allowed(Permission.NOTES),
        "names_in_full": user().role in COLLECTORS,
    }


def _running(plan: Plan) -> list[int]:
    """What has been paid once each case of the list has been, 分."""
    totals, paid = [], 0
    for case in plan.cases:
        paid += case.overdue
        totals.append(paid)
    return totals


def _rows(place: Region, line: Decimal, start: date) -> list[tuple[Region, candidates.Sums, Plan]]:
    """The regions below that have loans, with what it takes; those furthest above the line first."""
    session, inside = db.session(), narrowed(scope(), place.code)
    below = children(session, place.code)
    length = len(below[0].code) if below else len(place.code)
    sums = candidates.sums(session, inside, start, length)
    found = candidates.by_place(session, inside, start, length)
    rows = [
        (
            child,
            sums[child.code],
            fewest(sums[child.code].stock, sums[child.code].overdue, found.get(child.code, []), line),
        )
        for child in below
        if child.code in sums
    ]
    return sorted(rows, key=lambda row: (-(row[2].before or Decimal(0)), row[0].code))
