"""The measures of a month, and the cases, contacts, promises and loans behind each number."""

from datetime import date

from flask import Blueprint, abort, render_template, request
from sqlalchemy import Select

from app.accounts.access import requires, scope, user
from app.accounts.rules import COLLECTORS, Permission
from app.clock import parse_month
from app.db import db
from app.labels import T, Text
from app.measures import queries
from app.measures.lists import listed
from app.measures.queries import NO_BRANCH, Period
from app.measures.rules import FROM_STAGES, GRADES, MEASURES, Kind, Stage, rate
from app.today import business_date
from app.web import LARGEST_ID, PAGE_SIZE, page_of

bp = Blueprint("measures", __name__, url_prefix="/measures")
MONTHS = 13


def _months() -> list[date]:
    return queries.months(db.session(), business_date(db.session()), MONTHS)


def _month(known: list[date]) -> date:
    """The month asked for, else the newest one that is over, else this one. 404 for one without data."""
    text = request.args.get("month")
    if not text:
        return known[1] if len(known) > 1 else known[0]
    try:
        month = parse_month(text)
    except (ValueError, OverflowError):
        abort(404)
    if month not in known:
        abort(404)
    return month


def _by_branch() -> bool:
    by = request.args.get("by", "township")
    if by not in ("township", "branch"):
        abort(404)
    return by == "branch"


@bp.get("/")
@requires(Permission.FIGURES)
def show() -> str:
    """How well both lines reach, agree and recover, by township or by branch, and how loans roll."""
    session, known = db.session(), _months()
    if not known:
        return render_template("measures/show.html", months=[])
    month, by_branch = _month(known), _by_branch()
    period = Period.of(month, business_date(session))
    counted = queries.count(session, period, scope(), by_branch)
    names = queries.place_names(session, [c.place for c in counted], by_branch)
    rolls = queries.rolls(session, period, scope())
    return render_template(
        "measures/show.html",
        months=known,
        month=month,
        period=period,
        by_branch=by_branch,
        counted=counted,
        names={**names, NO_BRANCH: T("No branch")},
        measures=MEASURES,
        kinds=Kind,
        rate=rate,
        cells={(r.start, r.end): r for r in rolls},
        opening={start: sum(r.loans for r in rolls if r.start is start) for start in FROM_STAGES},
        stages=list(Stage),
        from_stages=FROM_STAGES,
        grades=GRADES,
    )


def _made(period: Period) -> tuple[Select[tuple[object, ...]], Text]:
    """What was asked for, and its title. 404 for what there is not."""
    asked = request.args
    try:
        if "kind" in asked:
            kind = Kind(asked["kind"])
            return queries.behind(kind, period, scope()), kind.label
        start, end = Stage(asked["start"]), Stage(asked["end"])
    except (KeyError, ValueError):
        abort(404)
    title = T("From “%(start)s” to “%(end)s”", start=start.label, end=end.label)
    return queries.rolled(period, scope(), start, end), title


@bp.get("/behind")
@requires(Permission.LOANS)
def behind() -> str:
    """What one number is made of; it adds up to it."""
    session, known = db.session(), _months()
    if not known:
        abort(404)
    month, by_branch = _month(known), _by_branch()
    period = Period.of(month, business_date(session))
    made, title = _made(period)
    place = request.args.get("place", "")
    after = request.args.get("after", 0, type=int)
    if (
        not (place.isascii() and (place.isdigit() or not place))
        or len(place) > 12
        or not 0 <= after < LARGEST_ID
    ):
        abort(404)
    found = listed(session, made, place=place, by_branch=by_branch, after=after, limit=PAGE_SIZE + 1)
    page = page_of(found.entries, found.number, lambda one: one.key)
    return render_template(
        "measures/behind.html",
        title=title,
        month=month,
        place_name=queries.place_names(session, [place], by_branch).get(place) if place else None,
        by="branch" if by_branch else "township",
        found=found,
        page=page,
        names_in_full=user().role in COLLECTORS,
    )
