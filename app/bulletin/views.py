"""The bulletin of a month, the loans behind each figure, the annex, the targets, the proof-reader."""

from base64 import b64decode, b64encode
from datetime import date
from functools import partial
from io import BytesIO

from flask import Blueprint, abort, current_app, flash, redirect, render_template, request, send_file, url_for
from flask_babel import gettext
from werkzeug.wrappers import Response

from app.accounts.access import allowed, requires, scope, user
from app.accounts.rules import COLLECTORS, Permission
from app.bulletin import queries
from app.bulletin.actions import set_target
from app.bulletin.annex import Link, write_annex
from app.bulletin.asked import asked_month, asked_place, counted_month, regions_above, seen_figures
from app.bulletin.bridging import bridge
from app.bulletin.bundles import bundles, differences
from app.bulletin.closed import closed_below
from app.bulletin.compare import printed_errors
from app.bulletin.drill import FIGURES, RATES, loans_behind, loans_here, sums_of
from app.bulletin.earlier import compared
from app.bulletin.forms import FIRST_YEAR, LAST_YEAR, ProofreadForm, read_typed, typed_wan
from app.bulletin.kept import published_text, target_rows
from app.bulletin.marks import pieces
from app.bulletin.narrative import basic_situation_text
from app.bulletin.proofread import NotABulletin, Source, commented, is_word, proofread, read_source
from app.bulletin.rules import CLOSABLE
from app.bulletin.target_text import read_targets
from app.db import db
from app.lines.queries import line_book
from app.places.queries import place_index
from app.places.rules import PlaceIndex, shipped
from app.today import business_date
from app.web import PAGE_SIZE, after_id, page_of

bp = Blueprint("bulletin", __name__, url_prefix="/bulletin")
DOCX = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
LARGEST_KEPT = 1024 * 1024  # bytes of a Word file that the page keeps for its comments
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
MONTHS_OF_TREND = 13  # a month, and the same month of the year before


@bp.get("/")
@requires(Permission.FIGURES)
def show() -> str:
    """The three sections of a month as tables, bars and text."""
    session, place, month = db.session(), asked_place(), asked_month()
    months = queries.months(session)
    shared = {
        "place": place, "month": month, "months": months, "trail": regions_above(place.code),
        "may_import": allowed(Permission.IMPORT), "may_set_targets": allowed(Permission.TARGETS),
        "close": queries.close_of(session, place.code, month) if month else None,
        "below": closed_below(session, place.code).get(month, (0, 0)) if month else (0, 0),
        "closable": place.level in CLOSABLE and scope().covers_region(place.code),
    }  # fmt: skip
    if month is None or month not in months:
        return render_template("bulletin/show.html", figures=None, **shared)
    figures, whole = seen_figures(place, month), scope().covers_region(place.code)
    published = published_text(session, place.code, month) if whole else None
    return render_template(
        "bulletin/show.html",
        figures=figures,
        trend=queries.trend(session, place, month, scope(), MONTHS_OF_TREND),
        changes=compared(session, figures, scope()) if scope().branch_id is None else None,
        bundles=bundles(session, {one.bundle_id for one in figures.received}),
        differing=differences(session, figures) if whole else [],
        book=line_book(session, place.code, month),
        document=basic_situation_text(figures) if whole else None,
        published=published,
        printed=printed_errors(published.text if published else "", place_index(session, place.code)),
        **shared,
    )


@bp.get("/loans")
@requires(Permission.LOANS)
def loans() -> str:
    """The loans behind one figure; they add up to it. Of a rate both parts are told, and the upper one listed."""
    name = request.args.get("figure", "")
    rate, measure = RATES.get(name, (None, FIGURES.get(name)))
    place, month, session = asked_place(), counted_month(), db.session()
    if measure is None:
        abort(404)
    figures = seen_figures(place, month)
    lines = loans_behind(session, measure, place.code, month, scope(), after_id(), PAGE_SIZE + 1)
    number, more = loans_here(session, figures, measure, scope())
    return render_template(
        "bulletin/loans.html",
        measure=measure,
        rate=rate,
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
    place, month = asked_place(), counted_month()
    figures = seen_figures(place, month)
    stream = BytesIO()
    write_annex(figures, stream, _link_to(month), bridge(db.session(), place.code, month, scope()))
    stream.seek(0)
    name = f"{figures.region_name}{month:%Y-%m}脱贫人口小额信贷情况.xlsx"
    return send_file(stream, mimetype=XLSX, as_attachment=True, download_name=name)


def _link_to(month: date) -> Link | None:
    """Where the loans behind a figure are; None where nobody has said by which address people reach this instance."""
    public: str = current_app.config.get("PUBLIC_URL") or ""
    if not public:
        return None

    def link(measure: str, code: str) -> str:
        return public + url_for("bulletin.loans", figure=measure, region=code, month=f"{month:%Y-%m}")

    return link


@bp.route("/targets", methods=["GET", "POST"])
@requires(Permission.TARGETS)
def targets() -> str | Response | tuple[str, int]:
    """Yearly targets of new lending for a region and its children, typed or pasted, in 万元."""
    place, year = asked_place(), _year()
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
        return (asked_month() or business_date(db.session())).year
    if not (text.isascii() and text.isdigit() and FIRST_YEAR <= int(text[:5]) <= LAST_YEAR):
        abort(404)
    return int(text)


@bp.route("/proofread", methods=["GET", "POST"])
@requires(Permission.FIGURES)
def proofreader() -> str | Response | tuple[str, int]:
    """Paste or upload a published text; see where it contradicts itself."""
    if request.form.get("word"):
        return _commented(request.form["word"])
    form, proof, word = ProofreadForm(), None, None
    if request.method == "GET":
        form.text.data = _kept_text()
    if form.validate_on_submit() or (form.text.data and request.method == "GET"):
        source = form.file if form.file.data else form.text
        try:
            read = Source(form.text.data)
            if form.file.data:
                data = form.file.data.read()
                read = read_source(form.file.data.filename, data)
                word = b64encode(data).decode() if is_word(data) and len(data) <= LARGEST_KEPT else None
            form.text.data = read.text
            proof = proofread(read.text, _known_places(), hints=read.hints)
        except NotABulletin as refused:
            source.errors = [*source.errors, refused.message]
    text = form.text.data or ""
    marked = pieces(text, proof.places) if proof else []
    page = render_template(
        "bulletin/proofread.html", form=form, proof=proof, text=text, pieces=marked, word=word
    )
    return page, 422 if form.errors else 200


def _commented(kept: str) -> Response | tuple[str, int]:
    """The Word file that the page was made of, with a comment at each finding; the page itself keeps it."""
    try:
        data = b64decode(kept, validate=True)
        read = read_source("", data)
        written = commented(data, proofread(read.text, _known_places(), hints=read.hints), gettext)
    except (ValueError, NotABulletin) as error:
        form = ProofreadForm()
        form.file.errors = [
            error.message if isinstance(error, NotABulletin) else gettext("Choose the file again.")
        ]
        return render_template("bulletin/proofread.html", form=form, proof=None), 422
    name = gettext("Proof-reading") + ".docx"
    return send_file(BytesIO(written), mimetype=DOCX, as_attachment=True, download_name=name)


def _known_places() -> PlaceIndex:
    """The shipped places with what this database knows besides."""
    return PlaceIndex([*shipped(), *place_index(db.session())])


def _kept_text() -> str | None:
    region = request.args.get("region", "")
    if not request.args.get("month") or not scope().covers_region(region):
        return None
    month = asked_month()
    kept = published_text(db.session(), region, month) if month else None
    return kept.text if kept else None
