"""Papers: printed for a case or for all of a filter, taken as a file or as pages, and delivered."""

from collections.abc import Sequence
from datetime import timedelta
from io import BytesIO
from typing import Any

from flask import Blueprint, abort, current_app, flash, redirect, render_template, request, send_file, url_for
from flask_babel import gettext
from sqlalchemy.exc import IntegrityError
from werkzeug.wrappers import Response

from app import files
from app.accounts.access import requires, scope, user
from app.accounts.rules import COLLECTORS, Permission
from app.cases.models import Case
from app.cases.queries import branch_names, branches, find_case
from app.contacts.actions import attach
from app.contacts.rules import AttachmentKind
from app.db import db
from app.labels import Labelled, T
from app.papers import queries, word
from app.papers.actions import MOST_PAPERS, PapersRefused, Printing, deliver, print_for, take_back_delivery
from app.papers.forms import DeliveryForm, PrintForm, UndoForm
from app.papers.models import Paper, PrintRun
from app.papers.queries import Chosen
from app.papers.rules import PaperKind
from app.papers.wording import COPIES, PaperFacts, receipt_rows, receipt_title, sheet
from app.places.queries import children
from app.places.rules import CODE_LENGTHS, Level
from app.stamp import stamp
from app.today import business_date
from app.web import COUNT_LIMIT, LARGEST_ID, PAGE_SIZE, Page, exported_by, url_with

bp = Blueprint("papers", __name__)
Answer = str | Response | tuple[str, int]
USUAL_SINCE, SINCE = "30", ("0", "15", "30", "60", "90")  # days without such a paper; 0: whatever was printed


class Part(Labelled):
    """What the page of papers shows."""

    PRINT = "print", T("To print")
    WAITING = "waiting", T("Not delivered yet")
    RUNS = "runs", T("Print runs")


def _case(case_id: int) -> Case:
    found = find_case(db.session(), case_id, scope())
    if found is None:
        abort(404)
    return found


def _again(found: Case, **forms: Any) -> tuple[str, int]:
    """The desk's page of the case with forms sent back; it lies above this slice."""
    return current_app.extensions["qingshou.case_page"](found, **forms), 422


def _tell(done: Printing) -> None:
    flash(gettext("%(n)s papers are ready. Take the file, or print the pages.", n=done.run.count), "success")
    if done.closed:
        flash(gettext("%(n)s cases are closed and were left out.", n=done.closed), "warning")
    if done.marked:
        flash(
            gettext("%(n)s cases were left out: illness, disaster or death is known there.", n=done.marked),
            "warning",
        )


@bp.post("/cases/<int:case_id>/papers")
@requires(Permission.PAPERS)
def print_case(case_id: int) -> Answer:
    """Print a paper for one case."""
    session, found = db.session(), _case(case_id)
    day = business_date(session)
    form = PrintForm.for_day(day, sent=True)
    if not form.validate_on_submit():
        return _again(found, print_form=form)
    try:
        done = print_for(session, [found.id], PaperKind(form.kind.data), user(), day, form.pay_by.data)
        session.commit()
    except PapersRefused as refused:
        session.rollback()
        form[refused.field].errors = [refused.message.render(gettext)]
        return _again(_case(case_id), print_form=form)
    _tell(done)
    return redirect(url_for("papers.run", run_id=done.run.id))


@bp.post("/cases/<int:case_id>/papers/delivery")
@requires(Permission.PAPERS)
def delivery(case_id: int) -> Answer:
    """Record how a paper was delivered."""
    session, found = db.session(), _case(case_id)
    day = business_date(session)
    form = DeliveryForm.for_papers(queries.panel(session, found, ()).waiting, day, sent=True)
    if not form.validate_on_submit():
        return _again(found, delivery_form=form)
    paper = queries.find_paper(session, found.id, form.paper_id) if form.paper_id is not None else None
    if paper is None:
        abort(404)
    try:
        contact = deliver(session, paper, found, user(), form.given(), day)
        uploads = [(AttachmentKind.ACKNOWLEDGEMENT, file) for file in form.cleaned]
        attach(session, files.attachments(), found, uploads, user(), contact)
        session.commit()
    except PapersRefused as refused:
        session.rollback()
        form[refused.field].errors = [refused.message.render(gettext)]
        return _again(_case(case_id), delivery_form=form)
    except IntegrityError:  # the same delivery, sent twice at once: the other one is saved
        session.rollback()
    flash(gettext("The delivery is saved."), "success")
    return redirect(url_for("desk.case", case_id=case_id) + "#case-papers")


@bp.post("/cases/<int:case_id>/papers/<int:paper_id>/undo")
@requires(Permission.PAPERS)
def undo_delivery(case_id: int, paper_id: int) -> Answer:
    """Take back a delivery that was entered in error."""
    session, found = db.session(), _case(case_id)
    paper = queries.find_paper(session, found.id, paper_id) if paper_id < LARGEST_ID else None
    if paper is None:
        abort(404)
    form = UndoForm()
    if not form.validate_on_submit():
        return _again(found, undo_form=form, undone=paper_id)
    try:
        take_back_delivery(session, paper, found, user(), form.reason.data, business_date(session))
        session.commit()
    except PapersRefused as refused:
        session.rollback()
        form.reason.errors = [refused.message.render(gettext)]
        return _again(_case(case_id), undo_form=form, undone=paper_id)
    flash(gettext("The delivery is taken back: the paper waits for delivery again."), "success")
    return redirect(url_for("desk.case", case_id=case_id) + "#case-papers")


def _chosen() -> tuple[Chosen, str]:
    """The filter of the address, and how many days it asks for; 404 for what there is not."""
    args = request.args
    kind, since = args.get("kind", PaperKind.DEMAND.value), args.get("since", USUAL_SINCE)
    township, branch = args.get("township") or None, args.get("branch") or None
    for text in filter(None, (township, branch)):
        if not (text.isascii() and text.isdigit() and len(text) <= max(CODE_LENGTHS.values())):
            abort(404)
    if kind not in set(PaperKind) or since not in SINCE:
        abort(404)
    until = business_date(db.session()) - timedelta(days=int(since)) if since != "0" else None
    return Chosen(PaperKind(kind), township, int(branch) if branch else None, until), since


def _number(name: str) -> int | None:
    text = request.args.get(name)
    if not text:
        return None
    if not (text.isascii() and text.isdigit() and len(text) < 19):
        abort(400)
    return int(text)


def _tabs(part: Part, left: int) -> list[tuple[Any, ...]]:
    counts = {Part.WAITING: f"{left:,}"}
    return [
        (one.label, url_for("papers.index", part=one.value), one is part, counts.get(one)) for one in Part
    ]


@bp.get("/papers/")
@requires(Permission.PAPERS)
def index() -> str:
    """What is to be printed, what is not delivered yet, and what was printed."""
    part = request.args.get("part", Part.PRINT.value)
    if part not in set(Part):
        abort(404)
    if part == Part.PRINT:
        return _to_print(PrintForm.for_day(business_date(db.session())))
    session, after = db.session(), _number("after")
    found: Sequence[Any] = (
        queries.waiting(session, scope(), after, PAGE_SIZE + 1)
        if part == Part.WAITING
        else queries.runs(session, scope(), after, PAGE_SIZE + 1)
    )
    rows, left = found[:PAGE_SIZE], queries.count_waiting(session, scope())
    last = (rows[-1].id if part == Part.WAITING else rows[-1].run.id) if len(found) > PAGE_SIZE else None
    page = Page(
        rows,
        left if part == Part.WAITING else len(rows),
        count_is_floor=part == Part.RUNS and (last is not None or after is not None),
        next_url=url_with(after=last) if last is not None else None,
        first_url=url_with(after=None) if after is not None else None,
    )
    return render_template(
        f"papers/{part}.html",
        page=page,
        today=business_date(session),
        tab_items=_tabs(Part(part), left),
        names_in_full=user().role in COLLECTORS,
    )


def _to_print(form: PrintForm, error: str | None = None) -> str:
    session, mine = db.session(), scope()
    chosen, since = _chosen()
    number, overdue = queries.count(session, queries.meant(mine, chosen), COUNT_LIMIT)
    county = (mine.region or "")[: CODE_LENGTHS[Level.COUNTY]]
    kept: dict[str, Any] = request.args.to_dict()
    return render_template(
        "papers/print.html",
        chosen=chosen,
        since=since,
        sinces=SINCE,
        kinds=list(PaperKind),
        number=number,
        at_least=number > COUNT_LIMIT,
        overdue=overdue,
        most=MOST_PAPERS,
        form=form,
        error=error,
        action=url_for("papers.print_all", **kept),
        townships=[r for r in children(session, county) if mine.touches_region(r.code)] if county else [],
        branches=branch_names(branches(session, mine)),
        tab_items=_tabs(Part.PRINT, queries.count_waiting(session, mine)),
    )


@bp.post("/papers/print")
@requires(Permission.PAPERS)
def print_all() -> Answer:
    """Print a paper for each case of the filter in the address."""
    session = db.session()
    day, (chosen, since) = business_date(session), _chosen()
    form = PrintForm.for_day(day, sent=True)
    form.kind.data = chosen.kind.value
    form.kind.validators = []
    if not form.validate_on_submit():
        return _to_print(form), 422
    said = {"township": chosen.township, "branch": chosen.branch_id, "since": since}
    selected = queries.meant(scope(), chosen)
    seen, number = request.form.get("seen", ""), queries.count(session, selected, COUNT_LIMIT)[0]
    if seen and seen != str(number):
        changed = gettext(
            "There were %(before)s cases; now there are %(now)s. Look again.", before=seen, now=number
        )
        return _to_print(form, changed), 409
    try:
        done = print_for(session, selected, chosen.kind, user(), day, form.pay_by.data, said)
        session.commit()
    except PapersRefused as refused:
        session.rollback()
        sentence = refused.message.render(gettext)
        form[refused.field].errors = [sentence]
        return _to_print(form, sentence), 422
    _tell(done)
    return redirect(url_for("papers.run", run_id=done.run.id))


def _run(run_id: int) -> tuple[PrintRun, list[Paper]]:
    """The run with its papers in the reader's scope; 404 where there are none."""
    found = queries.find_run(db.session(), run_id, scope())
    if found is None:
        abort(404)
    return found, queries.papers_of(db.session(), found, scope())


@bp.get("/papers/<int:run_id>")
@requires(Permission.PAPERS)
def run(run_id: int) -> str:
    """A print run: the file to take, and each paper with its delivery."""
    found, papers = _run(run_id)
    return render_template(
        "papers/run.html", run=found, papers=papers, names_in_full=user().role in COLLECTORS
    )


@bp.get("/papers/<int:run_id>/papers.docx")
@requires(Permission.PAPERS)
def word_file(run_id: int) -> Response:
    """The run's papers as they were printed, as a Word file."""
    found, papers = _run(run_id)
    content = word.write(word.Printed(one.id, one.kind, PaperFacts.from_json(one.facts)) for one in papers)
    name = f"{found.kind.value}-{found.printed_on}-{found.id}.docx"
    content = stamp(content, exported_by(user().name, user().username))
    answer = send_file(BytesIO(content), mimetype=word.MIME, as_attachment=True, download_name=name)
    answer.headers["Cache-Control"] = "no-store"
    return answer


@bp.get("/papers/<int:run_id>/pages")
@requires(Permission.PAPERS)
def pages(run_id: int) -> str:
    """The run's papers as pages for the browser's printer."""
    found, papers = _run(run_id)
    sheets = [(one, sheet(one.kind, PaperFacts.from_json(one.facts))) for one in papers]
    return render_template(
        "papers/pages.html",
        run=found,
        sheets=sheets,
        copies=COPIES,
        rows=receipt_rows(found.kind),
        receipt=receipt_title(found.kind),
    )
