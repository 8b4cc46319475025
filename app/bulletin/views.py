"""The bulletin of a month, the loans behind each figure, the annex, the targets, the proof-reader."""

from datetime import date
from io import BytesIO
from typing import Any

from flask import Blueprint, abort, flash, redirect, render_template, request, send_file, url_for
from flask_babel import gettext
from werkzeug.wrappers import Response

from app.accounts.access import allowed, requires, scope, user
from app.accounts.rules import Permission
from app.bulletin import queries
from app.bulletin.actions import set_target
from app.bulletin.annex import write_annex
from app.bulletin.compare import printed_errors
from app.bulletin.figures import Figures
from app.bulletin.forms import ProofreadForm
from app.bulletin.narrative import basic_situation
from app.bulletin.proofread import NotABulletin, Proof, proofread, read_text
from app.bulletin.queries import Measure
from app.clock import parse_month
from app.db import db
from app.labels import T, Text
from app.money import FEN_PER_WAN, to_fen
from app.places.models import Region
from app.places.queries import place_index
from app.places.rules import PlaceIndex, shipped
from app.today import business_date
from app.web import PAGE_SIZE, url_with

bp = Blueprint("bulletin", __name__, url_prefix="/bulletin")
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


def _month() -> date | None:
    text = request.args.get("month")
    if not text:
        return queries.newest_month(db.session())
    try:
        return parse_month(text)
    except ValueError:
        abort(404)


def _region() -> str:
    code = request.args.get("region") or queries.default_region(db.session(), scope())
    if not code:
        abort(404)
    return code


def _figures(region: str, month: date) -> Figures:
    try:
        return queries.figures(db.session(), region, month, scope())
    except LookupError:
        abort(404)


@bp.get("/")
@requires(Permission.FIGURES)
def show() -> str:
    """The three sections of a month as tables, bars and text."""
    region, month = _region(), _month()
    if month is None:
        return render_template(
            "bulletin/show.html",
            figures=None,
            months=[],
            region=region,
            may_import=allowed(Permission.IMPORT),
        )
    figures = _figures(region, month)
    published = queries.published_text(db.session(), region, month) if scope().covers_region(region) else None
    return render_template(
        "bulletin/show.html",
        figures=figures,
        month=month,
        region=region,
        months=queries.months(db.session()),
        trail=_trail(region),
        paragraphs=basic_situation(figures),
        published=published,
        printed_errors=printed_errors(published.text, place_index(db.session(), region)) if published else [],
        may_set_targets=allowed(Permission.TARGETS),
        may_import=allowed(Permission.IMPORT),
    )


def _trail(region: str) -> list[Region]:
    """The regions above and this one, as far as the reader may open them."""
    found = [db.session.get(Region, region[:length]) for length in (2, 4, 6, 9) if length <= len(region)]
    return [r for r in found if r is not None and scope().touches_region(r.code)]


@bp.get("/loans")
@requires(Permission.LOANS)
def loans() -> str:
    """The loans behind one figure; they add up to it."""
    try:
        measure = Measure(request.args.get("figure", ""))
    except ValueError:
        abort(404)
    region, month = _region(), _month()
    place = db.session.get(Region, region)
    if place is None or month is None or not scope().touches_region(region):
        abort(404)
    after = request.args.get("after", 0, type=int)
    behind = queries.loans_behind(db.session(), measure, region, month, scope(), after, PAGE_SIZE + 1)
    page = behind.snapshots[:PAGE_SIZE]
    return render_template(
        "bulletin/loans.html",
        measure=measure,
        place=place,
        month=month,
        behind=behind,
        snapshots=page,
        next_url=url_with(after=page[-1].id) if len(behind.snapshots) > PAGE_SIZE else None,
        first_url=url_with(after=None) if after else None,
    )


@bp.get("/annex.xlsx")
@requires(Permission.FIGURES)
def annex() -> Response:
    """The tables as a workbook whose totals and rates are formulas."""
    region, month = _region(), _month()
    if month is None:
        abort(404)
    figures = _figures(region, month)
    stream = BytesIO()
    write_annex(figures, stream)
    stream.seek(0)
    name = f"{figures.region_name}{month:%Y-%m}脱贫人口小额信贷情况.xlsx"
    return send_file(stream, mimetype=XLSX, as_attachment=True, download_name=name)


@bp.route("/targets", methods=["GET", "POST"])
@requires(Permission.TARGETS)
def targets() -> str | Response | tuple[str, int]:
    """Yearly targets of new lending for a region and its children, in 万元."""
    region = _region()
    if not scope().covers_region(region) or db.session.get(Region, region) is None:
        abort(404)
    year = request.values.get("year", type=int) or (_month() or business_date(db.session())).year
    rows = queries.target_rows(db.session(), region, year)
    if request.method == "GET":
        return render_template(
            "bulletin/targets.html", rows=rows, year=year, region=region, typed={}, errors={}
        )
    typed = {row.region.code: request.form.get(row.region.code, "").strip() for row in rows}
    amounts, errors = _read_targets(typed)
    if errors:
        page = render_template(
            "bulletin/targets.html", rows=rows, year=year, region=region, typed=typed, errors=errors
        )
        return page, 422
    for code, amount in amounts.items():
        set_target(db.session(), code, year, amount, user().username)
    db.session.commit()
    flash(gettext("The targets of %(year)s are saved.", year=year), "success")
    return redirect(url_for("bulletin.show", region=region))


def _read_targets(typed: dict[str, str]) -> tuple[dict[str, int | None], dict[str, Text]]:
    """Amounts in 分 (None: no target), and what is wrong, by region."""
    amounts: dict[str, int | None] = {}
    errors: dict[str, Text] = {}
    for code, text in typed.items():
        try:
            amounts[code] = to_fen(text.replace(",", ""), FEN_PER_WAN) if text else None
        except ValueError:
            errors[code] = T("Give an amount in 万元, such as 550 or 127.5.")
            continue
        if (amounts[code] or 0) < 0:
            errors[code] = T("A target is not negative.")
    return amounts, errors


@bp.route("/proofread", methods=["GET", "POST"])
@requires(Permission.FIGURES)
def proofreader() -> str | tuple[str, int]:
    """Paste or upload a published text; see where it contradicts itself."""
    form = ProofreadForm()
    proof: Proof | None = None
    text = ""
    if form.validate_on_submit():
        try:
            text = (
                read_text(form.file.data.filename, form.file.data.read())
                if form.file.data
                else form.text.data
            )
            proof = proofread(text, _known_places())
        except NotABulletin as refused:
            form.text.errors = [*form.text.errors, refused.message]
    elif request.method == "GET" and (kept := _kept_text()):
        text, form.text.data = kept, kept
        proof = proofread(kept, _known_places())
    status = 422 if form.errors else 200
    return render_template(
        "bulletin/proofread.html", form=form, proof=proof, text=text, pieces=_pieces(text, proof)
    ), status


def _known_places() -> PlaceIndex:
    """The shipped places with what this database knows besides."""
    return PlaceIndex([*shipped(), *place_index(db.session())])


def _kept_text() -> str | None:
    region = request.args.get("region", "")
    if not request.args.get("month") or not scope().covers_region(region):
        return None
    month = _month()
    kept = queries.published_text(db.session(), region, month) if month else None
    return kept.text if kept else None


def _pieces(text: str, proof: Proof | None) -> list[tuple[str, Any]]:
    """The text cut at its findings: (piece, number of the finding or None)."""
    pieces: list[tuple[str, Any]] = []
    position = 0
    for number, finding in sorted(
        enumerate(proof.findings if proof else [], 1), key=lambda item: item[1].start
    ):
        if finding.start < position or finding.end <= finding.start:
            continue
        pieces += [(text[position : finding.start], None), (text[finding.start : finding.end], number)]
        position = finding.end
    return [*pieces, (text[position:], None)] if text else []
