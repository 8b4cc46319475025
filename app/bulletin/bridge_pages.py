"""How a month's figures have changed: against three earlier months, and the bridge of the overdue amount."""

from datetime import date

from flask import abort, render_template, request

from app.accounts.access import requires, scope, user
from app.accounts.rules import COLLECTORS, Permission
from app.bulletin.asked import asked_place, counted_month, regions_above, seen_figures
from app.bulletin.bridge import Bridge, Term
from app.bulletin.bridging import bridge, moves_behind
from app.bulletin.comparisons import Against, month_of
from app.bulletin.earlier import compared, earlier
from app.bulletin.queries import months
from app.bulletin.views import bp
from app.db import db
from app.places.models import Region
from app.web import PAGE_SIZE, after_id, page_of

__all__ = ["bp"]  # the bulletin's pages, these among them


@bp.get("/changes")
@requires(Permission.FIGURES)
def changes() -> str:
    """Every row's figures against one earlier month."""
    place, month, session = asked_place(), counted_month(), db.session()
    try:
        against = Against(request.args.get("against", Against.LAST_MONTH))
    except ValueError:
        abort(404)
    figures = seen_figures(place, month)
    return render_template(
        "bulletin/changes.html",
        place=place,
        month=month,
        months=months(session),
        figures=figures,
        against=against,
        choices=list(Against),
        before=month_of(against, month),
        then=earlier(session, figures, scope())[against],
        changes=compared(session, figures, scope())[against],
        trail=regions_above(place.code),
    )


@bp.get("/bridge")
@requires(Permission.FIGURES)
def bridge_page() -> str:
    """From last month's overdue amount to this month's, by the rows of the bulletin."""
    place, month = asked_place(), counted_month()
    found, known = _bridge(place, month)
    return render_template(
        "bulletin/bridge.html", place=place, month=month, months=known, bridge=found, terms=list(Term),
        from_nothing=found.before not in known,
    )  # fmt: skip


def _bridge(place: Region, month: date) -> tuple[Bridge, list[date]]:
    session = db.session()
    return bridge(session, place.code, month, scope()), months(session)


@bp.get("/bridge/loans")
@requires(Permission.LOANS)
def bridge_loans() -> str:
    """The loans behind one term of the bridge; they add up to it."""
    place, month = asked_place(), counted_month()
    try:
        term = Term(request.args.get("term", ""))
    except ValueError:
        abort(404)
    found, _known = _bridge(place, month)
    part = found.total.part(term)
    moves = moves_behind(db.session(), term, place.code, month, scope(), after_id(), PAGE_SIZE + 1)
    return render_template(
        "bulletin/bridge_loans.html", place=place, month=month, bridge=found, term=term, part=part,
        page=page_of(moves, part.loans, lambda one: one.position), names_in_full=user().role in COLLECTORS,
    )  # fmt: skip
