"""Closing a month: the check list, what is settled with a reason, the freeze, and opening it again by two people."""

from datetime import date
from typing import Any

from flask import Blueprint, abort, flash, redirect, render_template, request, url_for
from flask_babel import gettext
from werkzeug.wrappers import Response

from app.accounts.access import allowed, requires, scope, user
from app.accounts.rules import COLLECTORS, Permission
from app.bulletin import checklist, closed, closing, doubts, queries, reopening
from app.bulletin.closing import CloseRefused
from app.bulletin.kept import people_named
from app.bulletin.models import MonthClose
from app.bulletin.rules import CLOSABLE, ItemKind
from app.bulletin.total_text import typed_totals
from app.clock import parse_month
from app.db import db
from app.labels import Text
from app.places.models import Lender, Region
from app.today import business_date
from app.web import LARGEST_ID, PAGE_SIZE, page_of

bp = Blueprint("months", __name__, url_prefix="/months")
Answer = str | Response | tuple[str, int]


def _place() -> Region:
    """The region asked for, else the reader's own. 404 unless the reader sees the whole of it."""
    code = request.args.get("region") or queries.default_region(db.session(), scope()) or ""
    place = db.session.get(Region, code) if code.isascii() and code.isdigit() else None
    if place is None or not scope().covers_region(code):
        abort(404)
    return place


def _month(text: str) -> date:
    try:
        return parse_month(text)
    except (ValueError, OverflowError):
        abort(404)


def _own(place: Region, month: str) -> MonthClose:
    """The region's own close that stands; 404 without one."""
    return closing.own_close(db.session(), place.code, _month(month)) or abort(404)


@bp.get("/")
@requires(Permission.FIGURES)
def index() -> str:
    """The months there are figures of, each with who closed it or what is still to be done."""
    session, place = db.session(), _place()
    below = closed.closed_below(session, place.code)
    rows = [
        (month, queries.close_of(session, place.code, month), below.get(month, (0, 0)))
        for month in queries.months(session)
    ]
    return render_template(
        "bulletin/months.html",
        place=place,
        rows=rows,
        closable=place.level in CLOSABLE,
        waiting=closed.errata_waiting(session, place.code),
        people=people_named(session, {close.closed_by for _, close, _ in rows if close}),
    )


@bp.get("/<month>")
@requires(Permission.FIGURES)
def show(month: str) -> str:
    """The check list of a month that is open; what the freeze holds of one that is closed."""
    return _page(_place(), _month(month))


def _page(place: Region, month: date, **failed: Any) -> str:
    """``failed``: the form that came back, what was typed in it, and the sentence at its field."""
    session = db.session()
    close = closing.own_close(session, place.code, month)
    above = None if close else queries.close_of(session, place.code, month)
    listed = place.level in CLOSABLE and close is None
    checks = checklist.check(session, place.code, month) if listed else None
    given = checklist.totals_given(session, place.code, month) if checks else []
    return render_template(
        "bulletin/month.html",
        place=place,
        month=month,
        close=close,
        above=above,
        checks=checks,
        kinds=list(ItemKind),
        opens=_list_urls(checks, place, month) if checks else {},
        lenders=checks.lenders if checks else (),
        given=given,
        errata=closed.errata_of(session, place.code, month) if close else [],
        figures=queries.figures(session, place.code, month, scope()) if close else None,
        names=dict(queries.spots(session, place.code)) | (close.places if close else {}),
        over=month <= business_date(session),
        may_close=allowed(Permission.CLOSE),
        me=user().username,
        people=people_named(session, _named(close, above, checks) | {one.entered_by for one in given}),
        failed=failed,
    )


def _named(
    close: MonthClose | None, above: MonthClose | None, checks: checklist.CheckList | None
) -> set[str]:
    """Everybody whom the page names."""
    named = {one.closed_by for one in (close, above) if one}
    if close and close.asked:
        named.add(close.asked.asked_by)
    return named | {item.settled.settled_by for item in (checks.items if checks else ()) if item.settled}


def _list_urls(checks: checklist.CheckList, place: Region, month: date) -> dict[tuple[ItemKind, str], str]:
    """Where the list behind an item is, for those who may read it."""
    if not allowed(Permission.LOANS):
        return {}
    found = ((item.kind, item.key, _list_url(item, place, f"{month:%Y-%m}")) for item in checks.items)
    return {(kind, key): url for kind, key, url in found if url}


def _list_url(item: checklist.Item, place: Region, month: str) -> str | None:
    if item.kind in doubts.OF_LOANS:
        return (
            url_for("months.loans", kind=item.kind.value, month=month, region=place.code)
            if item.seen
            else None
        )
    if item.number is None:
        return None
    if item.kind is ItemKind.TOTALS:
        county = item.key.partition("-")[2]
        return url_for("bulletin.loans", figure="stock", month=month, region=county)
    if not allowed(Permission.IMPORT):
        return None
    if item.kind is ItemKind.REFUSED:
        return url_for("ledger.show", batch_id=item.number)
    return url_for("ledger.index")


@bp.get("/<month>/loans")
@requires(Permission.LOANS)
def loans(month: str) -> str:
    """The loans behind an item of the check list."""
    place, day = _place(), _month(month)
    try:
        kind, after = ItemKind(request.args.get("kind", "")), int(request.args.get("after") or 0)
    except ValueError:
        abort(404)
    if kind not in doubts.OF_LOANS or not 0 <= after < LARGEST_ID:
        abort(404)
    found, number = doubts.loans_of(db.session(), kind, place.code, day, scope(), after, PAGE_SIZE + 1)
    return render_template(
        "bulletin/month_loans.html",
        place=place,
        month=day,
        kind=kind,
        page=page_of(found, number, lambda one: one.key),
        names_in_full=user().role in COLLECTORS,
    )


# --- what changes something


def _again(place: Region, month: date, form: str, field: str, message: Text) -> tuple[str, int]:
    """The page with everything as it was typed, and the sentence at its field."""
    db.session.rollback()
    typed = {name: request.form.get(name, "") for name in request.form if name != "csrf_token"}
    place = db.session.get_one(Region, place.code)
    return _page(place, month, form=form, typed=typed, errors={field: message}), 422


def _done(place: Region, month: date, said: str) -> Response:
    db.session.commit()
    flash(said, "success")
    return redirect(url_for("months.show", month=month.strftime("%Y-%m"), region=place.code))


@bp.post("/<month>/close")
@requires(Permission.CLOSE)
def close(month: str) -> Answer:
    """Freeze the month."""
    session, place, day = db.session(), _place(), _month(month)
    try:
        closing.close_month(session, place.code, day, user().username, business_date(session))
    except CloseRefused as refused:
        return _again(place, day, "close", "close", refused.message)
    return _done(
        place, day, gettext("%(month)s of %(name)s is closed.", month=f"{day:%Y-%m}", name=place.short)
    )


@bp.post("/<month>/settle")
@requires(Permission.CLOSE)
def settle(month: str) -> Answer:
    """Settle an item of the check list with a reason."""
    session, place, day = db.session(), _place(), _month(month)
    kind, key, reason = (request.form.get(name, "") for name in ("kind", "key", "reason"))
    try:
        closing.settle(session, place.code, day, ItemKind(kind), key, reason, user().username)
    except (ValueError, LookupError) as error:
        if not isinstance(error, CloseRefused):
            abort(404)
        return _again(place, day, f"settle-{kind}-{key}", "reason", error.message)
    return _done(place, day, gettext("Settled with your reason."))


@bp.post("/<month>/totals")
@requires(Permission.CLOSE)
def totals(month: str) -> Answer:
    """Keep what a lender itself says its loans of a county come to."""
    session, place, day = db.session(), _place(), _month(month)
    number, _, county = request.form.get("who", "").partition("-")
    there = {(str(lender), code) for lender, code, *_ in checklist.check(session, place.code, day).lenders}
    if (number, county) not in there:
        abort(404)
    values, errors = typed_totals(request.form)
    if errors:
        field, message = next(iter(errors.items()))
        return _again(place, day, "totals", field, message)
    lender = session.get_one(Lender, int(number))
    closing.keep_total(session, lender, county, day, values, user().username)
    return _done(place, day, gettext("The lender's own sums are saved."))


@bp.post("/<month>/reopen")
@requires(Permission.CLOSE)
def reopen(month: str) -> Answer:
    """Ask that the month be opened again."""
    place = _place()
    found = _own(place, month)
    try:
        reopening.ask_to_reopen(db.session(), found, request.form.get("reason", ""), user().username)
    except CloseRefused as refused:
        return _again(place, _month(month), "reopen", "reason", refused.message)
    return _done(place, _month(month), gettext("Another person can now agree to it on this page."))


@bp.post("/<month>/agree")
@requires(Permission.CLOSE)
def agree(month: str) -> Answer:
    """Open the month again, as somebody else has asked."""
    place = _place()
    found = _own(place, month)
    try:
        reopening.agree_to_reopen(db.session(), found, user().username)
    except CloseRefused as refused:
        return _again(place, _month(month), "agree", "agree", refused.message)
    return _done(place, _month(month), gettext("The month is open again."))
