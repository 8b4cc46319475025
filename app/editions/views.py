"""Bulletins on their way and published: the list, one of them, and the steps it takes."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from functools import partial
from io import BytesIO
from typing import Any

from flask import Blueprint, abort, current_app, flash, redirect, render_template, request, send_file, url_for
from flask_babel import gettext
from werkzeug.wrappers import Response

from app.accounts.access import allowed, requires, scope, user
from app.accounts.rules import Permission
from app.bulletin import queries as bulletin
from app.clock import parse_month
from app.db import db
from app.editions import actions, publishing, queries, stored
from app.editions.actions import EditionRefused
from app.editions.document import Document
from app.editions.drafting import document_of, letterhead
from app.editions.forms import CommentForm
from app.editions.models import Edition
from app.editions.queries import Examined
from app.editions.reading import Piece, behind, place_of, read
from app.editions.rules import document_number
from app.editions.states import MOVES, OPEN, PUBLIC, TONES, State, Step
from app.editions.verify import check as check_bundle
from app.labels import Text
from app.places.models import Region
from app.places.rules import CODE_LENGTHS, Level
from app.today import business_date
from app.web import PAGE_SIZE, after_day_and_id, page_of

bp = Blueprint("editions", __name__, url_prefix="/editions")
Answer = str | Response | tuple[str, int]
FILES = {
    "bulletin.docx": "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    "annex.xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "bulletin.txt": "text/plain; charset=utf-8",
    "bulletin.html": "text/html; charset=utf-8",
    "manifest.json": "application/json",
}


def edition_or_404(edition_id: int) -> Edition:
    found = queries.find(db.session(), edition_id, user())
    if found is None:
        abort(404)
    return found


def region_or_404() -> Region:
    """The region that is asked for, else the maker's own; 404 for one that is not theirs."""
    code = request.values.get("region") or bulletin.default_region(db.session(), scope()) or ""
    place = db.session.get(Region, code) if code.isascii() and code.isdigit() else None
    if place is None or len(code) > CODE_LENGTHS[Level.TOWNSHIP] or not scope().covers_region(code):
        abort(404)
    return place


@bp.get("/")
@requires(Permission.FIGURES)
def index() -> str:
    """The bulletins that the reader may see, the newest first, and the months that lack one."""
    return _index()


def _index(refused: Text | None = None) -> str:
    session = db.session()
    found = queries.listed(session, user(), after_day_and_id(), PAGE_SIZE + 1)
    makes = allowed(Permission.EDITIONS)
    place = region_or_404() if makes else None
    done = {one.month for one in found if place is not None and one.region_code == place.code}
    return render_template(
        "editions/index.html",
        page=page_of(found, 0, lambda one: f"{one.month},{one.id}"),
        place=place,
        months=[month for month in bulletin.months(session) if month not in done] if place else [],
        tones=TONES,
        refused=refused,
        makes=makes,
        may_import=allowed(Permission.IMPORT),
    )


@bp.post("/")
@requires(Permission.EDITIONS)
def begin() -> Answer:
    """Draft the bulletin of a month."""
    session, place = db.session(), region_or_404()
    try:
        month = parse_month(request.form.get("month", ""))
    except (ValueError, OverflowError):
        abort(404)
    try:
        made = actions.start(session, place.code, month, user(), business_date(session))
    except EditionRefused as refused:
        session.rollback()
        there = queries.newest(session, place.code, month)
        if there is not None:
            flash(refused.message.render(gettext), "info")
            return redirect(url_for("editions.show", edition_id=there.id))
        return _index(refused.message), 422
    session.commit()
    flash(gettext("The bulletin is drafted. Edit it, then hand it to somebody else."), "success")
    return redirect(url_for("editions.show", edition_id=made.id))


@dataclass(frozen=True, slots=True)
class ReadBlock:
    """A paragraph on the page: its kind's name and its pieces."""

    kind: str
    pieces: list[Piece]


def read_blocks(examined: Examined) -> list[ReadBlock]:
    """The document's blocks, with the findings marked by their numbers from 1."""
    numbered = list(enumerate(examined.found, 1))
    return [
        ReadBlock(
            block.kind.value,
            read(block, [(n, f.words) for n, f in numbered if f.block == position]),
        )
        for position, block in enumerate(examined.document.blocks)
    ]


def figure_url(document: Document, figure: str) -> str | None:
    """Where the loans behind a figure are listed; None where the reader sees none of them."""
    found = behind(figure)
    if found is None or not allowed(Permission.LOANS) or not scope().touches_region(found[1]):
        return None
    month = f"{document.figures.month:%Y-%m}"
    return url_for("bulletin.loans", figure=found[0], region=found[1], month=month)


@bp.get("/<int:edition_id>")
@requires(Permission.FIGURES)
def show(edition_id: int) -> str:
    """One bulletin: the paper, what was found, what was remarked, its states and files."""
    return edition_page(edition_or_404(edition_id))


def edition_page(
    edition: Edition,
    form: CommentForm | None = None,
    refused: EditionRefused | None = None,
) -> str:
    session = db.session()
    examined = queries.examine(session, edition)
    document = examined.document
    form = form or CommentForm(formdata=None)
    form.block.choices = [("", "—"), *((str(n), _first_words(b.text)) for n, b in enumerate(document.blocks))]
    if (asked := request.args.get("comment")) and not form.block.data:
        form.block.data = asked
    makes = allowed(Permission.EDITIONS) and scope().covers_region(edition.region_code)
    return render_template(
        "editions/show.html",
        edition=edition,
        document=document,
        blocks=read_blocks(examined),
        figure_url=partial(figure_url, document),
        found=examined.found,
        comments=[
            (one, place_of(one.block, one.quote, document.blocks))
            for one in (queries.comments(session, edition) if queries.may_see_drafts(user()) else [])
        ],
        comment_form=form,
        makes=makes,
        steps=_steps(edition) if makes else {},
        tones=TONES,
        is_open=edition.state in OPEN,
        is_public=edition.state in PUBLIC,
        successor=queries.successor_of(session, edition),
        refused=refused,
        next_number=_next_number(edition),
        sees_drafts=queries.may_see_drafts(user()),
        asked_comment=bool(asked),
        **_published(edition, document),
    )


def _first_words(text: str, most: int = 24) -> str:
    return text if len(text) <= most else text[:most] + "…"


def _steps(edition: Edition) -> dict[str, Text | None]:
    """Each step that the state allows, with why this person may not take it."""
    return {
        step.value: actions.why_refused(db.session(), edition, step, user())
        for step in Step
        if (edition.state, step) in MOVES
    }


def _next_number(edition: Edition) -> str | None:
    """The number that publishing today would give."""
    if edition.state is not State.APPROVED:
        return None
    year = business_date(db.session()).year
    last = queries.last_number(db.session(), edition.region_code, year)
    return document_number(letterhead(db.session(), edition.region_code).prefix, year, last + 1)


def _published(edition: Edition, document: Document) -> dict[str, Any]:
    """What a reader sees a year later: the files, whether all is as it was, and what has turned out otherwise."""
    if edition.state not in PUBLIC:
        return {"files": [], "errata": [], "moved": [], "verdict": None}
    session = db.session()
    now = stored.figures_to_json(document.figures)
    return {
        "files": queries.files_of(session, edition),
        "verdict": check_bundle(queries.bundle_of(session, edition), reread=False),
        "errata": queries.errata_about(session, edition),
        "moved": stored.figures_changed(edition.approved_figures, now) if edition.approved_figures else [],
    }


def step(edition_id: int, take: Callable[[Edition], str]) -> Answer:
    """Take a step and say what was done; a refusal comes with the page."""
    session, edition = db.session(), edition_or_404(edition_id)
    try:
        said = take(edition)
    except EditionRefused as refused:
        session.rollback()
        return edition_page(edition_or_404(edition_id), refused=refused), 422
    session.commit()
    flash(said, "success")
    return redirect(url_for("editions.show", edition_id=edition_id))


@bp.post("/<int:edition_id>/check")
@requires(Permission.EDITIONS)
def check(edition_id: int) -> Answer:
    """The text was read by somebody else."""

    def take(edition: Edition) -> str:
        actions.check_text(db.session(), edition, user())
        return str(gettext("The bulletin is checked."))

    return step(edition_id, take)


@bp.post("/<int:edition_id>/approve")
@requires(Permission.EDITIONS)
def approve(edition_id: int) -> Answer:
    """Freeze the text."""

    def take(edition: Edition) -> str:
        actions.approve(db.session(), edition, user())
        return str(gettext("The bulletin is approved. Somebody else can publish it."))

    return step(edition_id, take)


@bp.post("/<int:edition_id>/return")
@requires(Permission.EDITIONS)
def back(edition_id: int) -> Answer:
    """A draft again."""

    def take(edition: Edition) -> str:
        actions.go_back(db.session(), edition, user())
        return str(gettext("The bulletin is a draft again."))

    return step(edition_id, take)


@bp.post("/<int:edition_id>/publish")
@requires(Permission.EDITIONS)
def publish(edition_id: int) -> Answer:
    """Give it its number, keep its files."""

    def take(edition: Edition) -> str:
        session, make = db.session(), current_app.extensions["qingshou.bulletin_files"]
        publishing.publish(session, edition, user(), business_date(session), make)
        return str(gettext("Published as %(number)s.", number=edition.number))

    return step(edition_id, take)


@bp.post("/<int:edition_id>/replace")
@requires(Permission.EDITIONS)
def replace(edition_id: int) -> Answer:
    """Draft the successor."""
    session, edition = db.session(), edition_or_404(edition_id)
    try:
        made = actions.replace(session, edition, user(), request.form.get("why", ""))
    except EditionRefused as refused:
        session.rollback()
        return edition_page(edition_or_404(edition_id), refused=refused), 422
    session.commit()
    flash(gettext("The successor is drafted. This one is withdrawn when that is published."), "success")
    return redirect(url_for("editions.show", edition_id=made.id))


@bp.get("/<int:edition_id>/files/<filename>")
@requires(Permission.FIGURES)
def file(edition_id: int, filename: str) -> Response:
    """A published file byte for byte; of a draft, the file as it would be now."""
    edition = edition_or_404(edition_id)
    if filename not in FILES:
        abort(404)
    content = queries.file_content(db.session(), edition, filename)
    if content is None and edition.state in OPEN:
        document = document_of(db.session(), edition)
        content = current_app.extensions["qingshou.bulletin_files"](document, sign=False).get(filename)
    if content is None:
        abort(404)
    return send_file(
        BytesIO(content),
        mimetype=FILES[filename],
        as_attachment=True,
        download_name=_download_name(edition, filename),
    )


def _download_name(edition: Edition, filename: str) -> str:
    """As a person finds it again; those of a bundle keep their own names in the archive."""
    if filename == "manifest.json":
        return filename
    month: date = edition.month
    name = f"{edition.region.short}{month:%Y-%m}通报"
    return f"{name}{'' if edition.state in PUBLIC else '（草稿）'}-{filename}"
