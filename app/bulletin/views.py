"""The bulletin of a month, the loans behind each figure, the annex, the targets, the proof-reader."""

from dataclasses import replace
from datetime import date
from functools import partial
from io import BytesIO

from flask import Blueprint, abort, flash, redirect, render_template, request, send_file, url_for
from flask_babel import gettext
from werkzeug.wrappers import Response

from app.accounts.access import allowed, requires, scope, user
from app.accounts.rules import COLLECTORS, Permission
from app.bulletin import queries
from app.bulletin.actions import set_target
from app.bulletin.annex import write_annex
from app.bulletin.bundles import bundles
from app.bulletin.compare import printed_errors
from app.bulletin.drill import FIGURES, RATES, loans_behind, loans_here, sums_of
from app.bulletin.figures import Figures
from app.bulletin.forms import FIRST_YEAR, LAST_YEAR, ProofreadForm, read_typed, typed_wan
from app.bulletin.kept import published_text, target_rows
from app.bulletin.marks import pieces
from app.bulletin.narrative import basic_situation_text
from app.bulletin.proofread import NotABulletin, proofread, read_text
from app.bulletin.target_text import read_targets
from app.clock import parse_month
from app.db import db
from app.lines.queries import line_book
from app.places.models import Region
from app.places.queries import place_index
from app.places.rules import Level, PlaceIndex, shipped
from app.today import business_date
from app.web import PAGE_SIZE, after_id, page_of

bp = Blueprint("bulletin", __name__, url_prefix="/bulletin")
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
MONTHS_OF_TREND = 13  # a month, and the same month of the year before


def _month() -> date | None:
    """The month asked for, else that of the newest ledger; None before the first one."""
    text = request.args.get("month")
    if not text:
        return queries.newest_month(db.session())
    try:
        return parse_month(text)
    except (ValueError, OverflowError):
        abort(404)


def _counted_month() -> date:
    """The same, where it has figures; else 404."""
    month = _month()
    if month is None or month not in queries.months(db.session()):
        abort(404)
    return month


def _place() -> Region:
    """The region asked for, else the reader's own. 404 unless some of it lies in the reader's scope."""
    code = request.args.get("region") or queries.default_region(db.session(), scope()) or ""
    place = db.session.get(Region, code) if code.isascii() and code.isdigit() else None
    if place is None or place.level is Level.VILLAGE or not scope().touches_region(code):
        abort(404)
    return place


def _figures(place: Region, month: date) -> Figures:
    """The figures as far as the reader sees; where that is not the whole region, its name says so."""
    found = queries.figures(db.session(), place.code, month, scope())
    if scope().covers_region(place.code):
        return found
    mine = user().branch or user().region
    return replace(found, region_name=f"{place.short}（{mine.name if mine else ''}）")


@bp.get("/")
@requires(Permission.FIGURES)
def show() -> str:
    """The three sections of a month as tables, bars and text."""
    session, place, month = db.session(), _place(), _month()
    months = queries.months(session)
    shared = {
        "place": place, "month": month, "months": months, "trail": _trail(place.code),
        "may_import": allowed(Permission.IMPORT), "may_set_targets": allowed(Permission.TARGETS),
    }  # fmt: skip
    if month is None or month not in months:
        return render_template("bulletin/show.html", figures=None, **shared)
    figures, whole = _figures(place, month), scope().covers_region(place.code)
    published = published_text(session, place.code, month) if whole else None
    return render_template(
        "bulletin/show.html",
        figures=figures,
        trend=queries.trend(session, place, month, scope(), MONTHS_OF_TREND),
        book=line_book(session, place.code, month),
        document=basic_situation_text(figures) if whole else None,
        published=published,
        printed=printed_errors(published.text if published else "", place_index(session, place.code)),
        **shared,
    )


def _trail(code: str) -> list[Region]:
    """The regions above, as far as the reader sees the whole of them."""
    above = [db.session.get(Region, code[:length]) for length in (2, 4, 6) if length < len(code)]
    return [r for r in above if r is not None and scope().covers_region(r.code)]


@bp.get("/loans")
@requires(Permission.LOANS)
def loans() -> str:
    """The loans behind one figure; they add up to it. Of a rate both parts are told, and the upper one listed."""
    name = request.args.get("figure", "")
    measure = RATES[name] if name in RATES else FIGURES.get(name)
    place, month, session = _place(), _counted_month(), db.session()
    if measure is None:
        abort(404)
    figures = _figures(place, month)
    lines = loans_behind(session, measure, place.code, month, scope(), after_id(), PAGE_SIZE + 1)
    number, more = loans_here(session, figures, measure, scope())
    return render_template(
        "bulletin/loans.html",
        measure=measure,
        rate=name.removesuffix("_pct") if name in RATES else None,
        place=place,
        month=month,
        figures=figures,
        sums=sums_of(figures, measure),
        received=sums_of(figures, measure, received=True),
        bundles=bundles(session, {one.bundle_id for one in figures.received}),
        page=page_of(lines, number, lambda one: one.id, more),
        names_in_full=user().role in COLLECTORS,
    )


@bp.get("/annex.xlsx")
@requires(Permission.FIGURES)
def annex() -> Response:
    """The tables as a workbook whose totals and rates are formulas."""
    place, month = _place(), _counted_month()
    figures = _figures(place, month)
    stream = BytesIO()
    write_annex(figures, stream)
    stream.seek(0)
    name = f"{figures.region_name}{month:%Y-%m}脱贫人口小额信贷情况.xlsx"
    return send_file(stream, mimetype=XLSX, as_attachment=True, download_name=name)


@bp.route("/targets", methods=["GET", "POST"])
@requires(Permission.TARGETS)
def targets() -> str | Response | tuple[str, int]:
    """Yearly targets of new lending for a region and its children, typed or pasted, in 万元."""
    place, year = _place(), _year()
    if not scope().covers_region(place.code):
        abort(404)
    rows = target_rows(db.session(), place.code, year)
    page = partial(render_template, "bulletin/targets.html", rows=rows, year=year, place=place)
    if request.method == "GET":
        return page(typed={row.region.code: typed_wan(row.amount) for row in rows}, errors={}, refused=[])
    typed = {row.region.code: request.form.get(row.region.code, "").strip() for row in rows}
    if "fill" in request.form:
        pasted, refused = read_targets(request.form.get("pasted", ""), place_index(db.session()), place.code)
        typed |= {code: typed_wan(fen) for code, fen in pasted.items() if code in typed}
        return page(typed=typed, errors={}, refused=refused, filled=len(pasted)), 422 if refused else 200
    amounts, errors = read_typed(typed)
    if errors:
        return page(typed=typed, errors=errors, refused=[]), 422
    for code, amount in amounts.items():
        set_target(db.session(), code, year, amount, user().username)
    db.session.commit()
    flash(gettext("The targets of %(year)s are saved.", year=year), "success")
    return redirect(url_for("bulletin.show", region=place.code, month=request.args.get("month")))


def _year() -> int:
    """The year asked for, else the shown month's."""
    text = request.args.get("year")
    if not text:
        return (_month() or business_date(db.session())).year
    if not (text.isascii() and text.isdigit() and FIRST_YEAR <= int(text[:5]) <= LAST_YEAR):
        abort(404)
    return int(text)


@bp.route("/proofread", methods=["GET", "POST"])
@requires(Permission.FIGURES)
def proofreader() -> str | tuple[str, int]:
    """Paste or upload a published text; see where it contradicts itself."""
    form, proof = ProofreadForm(), None
    if request.method == "GET":
        form.text.data = _kept_text()
    if form.validate_on_submit() or (form.text.data and request.method == "GET"):
        source = form.file if form.file.data else form.text
        try:
            if form.file.data:
                form.text.data = read_text(form.file.data.filename, form.file.data.read())
            proof = proofread(form.text.data, _known_places())
        except NotABulletin as refused:
            source.errors = [*source.errors, refused.message]
    text = form.text.data or ""
    marked = pieces(text, [(f.start, f.end) for f in proof.findings]) if proof else []
    page = render_template("bulletin/proofread.html", form=form, proof=proof, text=text, pieces=marked)
    return page, 422 if form.errors else 200


def _known_places() -> PlaceIndex:
    """The shipped places with what this database knows besides."""
    return PlaceIndex([*shipped(), *place_index(db.session())])


def _kept_text() -> str | None:
    region = request.args.get("region", "")
    if not request.args.get("month") or not scope().covers_region(region):
        return None
    month = _month()
    kept = published_text(db.session(), region, month) if month else None
    return kept.text if kept else None
