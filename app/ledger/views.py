"""Imports: upload, watch, look at what would change, accept."""

from io import BytesIO
from pathlib import Path
from typing import Any

from flask import Blueprint, abort, current_app, flash, redirect, render_template, request, send_file, url_for
from flask_babel import gettext
from werkzeug.wrappers import Response

from app import audit
from app.accounts.access import requires, scope, user
from app.accounts.rules import Permission
from app.db import db
from app.labels import T, Text
from app.ledger import actions, digest, queries
from app.ledger.fields import LedgerField
from app.ledger.forms import AcceptForm, AgainForm, DayField, HeadersForm, UploadForm
from app.ledger.headers import header_key
from app.ledger.models import BatchState, ImportBatch
from app.ledger.report import SHOWN, Report
from app.ledger.store import LedgerStore
from app.ledger.watch import UNDER_WAY, Watch, watch
from app.loans import queries as loans
from app.loans.actions import DecisionRefused, decide_missing, newest_as_of
from app.loans.rules import MissingDecision
from app.places.actions import PlacesRefused, add_alias
from app.places.models import Region
from app.places.queries import lenders
from app.places.rules import CODE_LENGTHS, Level
from app.privacy import keyring
from app.stamp import stamp
from app.today import business_date, now
from app.web import PAGE_SIZE, exported_by, url_with

bp = Blueprint("ledger", __name__, url_prefix="/ledger")
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
RECENT = 30
NAME_LENGTH = 64  # as long as an alias is kept
HTMX_STOP = 286  # htmx stops asking when a poll is answered with this
IGNORED, OPEN = "-", ""  # what a column title may mean besides a field: nothing of use; not said


def _county() -> str:
    return (user().region_code or "")[: CODE_LENGTHS[Level.COUNTY]]


def _store() -> LedgerStore:
    return LedgerStore(Path(current_app.instance_path), keyring())


def _batch(batch_id: int) -> ImportBatch:
    found = queries.find_batch(db.session(), batch_id, _county())
    if found is None:
        abort(404)
    return found


def _lies_ahead(field: DayField) -> bool:
    """Say so when the date is in the future."""
    ahead = field.data is not None and field.data > business_date(db.session())
    if ahead:
        field.errors = [*field.errors, T("This date lies in the future.")]
    return ahead


@bp.route("/", methods=["GET", "POST"])
@requires(Permission.IMPORT)
def index() -> str | Response | tuple[str, int]:
    """Upload a ledger; the imports so far."""
    form = UploadForm()
    if form.validate_on_submit() and not _lies_ahead(form.as_of):
        content = form.file.data.read()
        batch = actions.new_batch(
            db.session(),
            file_hash=_store().keep(content),
            filename=form.file.data.filename or "",
            size=len(content),
            county=_county(),
            lender=form.lender.data,
            as_of=form.as_of.data,
            user_id=user().id,
        )
        audit.record(
            db.session(), user().username, "ledger.upload", "import_batch", batch.id, file=batch.file_hash
        )
        db.session.commit()
        return redirect(url_for("ledger.show", batch_id=batch.id))
    page = render_template(
        "ledger/index.html",
        form=form,
        batches=queries.batches(db.session(), _county(), RECENT),
        lenders=lenders(db.session()),
        missing=loans.count_missing(db.session(), scope()),
    )
    return page, 422 if form.is_submitted() else 200


@bp.get("/<int:batch_id>")
@requires(Permission.IMPORT)
def show(batch_id: int) -> str:
    """One import: its progress, then what it would change, then what it changed."""
    return _page(_batch(batch_id))


def _page(batch: ImportBatch, **forms: Any) -> str:
    """The page of a batch in its state; ``forms`` are those that came back with something to correct."""
    report = Report.from_json(batch.report) if "accepted" in batch.report else None
    context: dict[str, Any] = {}
    if batch.state in UNDER_WAY:
        context["watch"] = _watch(batch)
    elif batch.state is BatchState.PREVIEW and report is not None:
        context = _preview(batch, report)
    elif batch.state is BatchState.REFUSED:
        context["again"] = AgainForm(formdata=None, lender=batch.lender_name, as_of=batch.as_of)
        context["lenders"] = [lender.name for lender in lenders(db.session())]
    return render_template(
        "ledger/batch.html",
        batch=batch,
        report=report,
        refusal=Text.from_json(batch.report["refusal"]) if "refusal" in batch.report else None,
        has_refused=bool(report and report.rejected and _store().refused(batch.id)),
        **{**context, **forms},
    )


def _preview(batch: ImportBatch, report: Report) -> dict[str, Any]:
    """What a person needs to decide about an examined file."""
    session = db.session()
    newest = newest_as_of(session)
    known = list(dict.fromkeys([*(lender.name for lender in lenders(session)), *report.new_lenders]))
    lender = batch.lender_name or (known[0] if len(known) == 1 else "")
    remembered = {
        choice.header: choice.field or IGNORED for choice in queries.remembered_headers(session, lender)
    }
    return {
        "form": AcceptForm(formdata=None, as_of=batch.as_of),
        "headers": HeadersForm(formdata=None, lender=lender),
        "meanings": dict.fromkeys(report.unrecognised, OPEN) | remembered,
        "fields": list(LedgerField),
        "lenders": known,
        "before": _taken_before(batch),
        "original": _original(batch),
        "same_date": queries.taken_as_of(session, batch),
        "newer": newest if newest and batch.as_of and newest > batch.as_of else None,
        "refused": digest.refused(report),
        "findings": digest.findings(report),
        "label_of": digest.label_of,
        "cut_short": len(report.remarks) >= SHOWN,
        "cut_names": [
            (cut, region)
            for cut in digest.cut_names(report)
            if len(cut.name) <= NAME_LENGTH and (region := session.get(Region, cut.code)) is not None
        ],
    }


def _watch(batch: ImportBatch) -> Watch:
    return watch(db.session(), _store(), batch, now())


@bp.get("/<int:batch_id>/progress")
@requires(Permission.IMPORT)
def progress(batch_id: int) -> Response:
    """How far, for the page that watches. It is loaded anew when there is something else to see than a bar.

    ``?silent=1``: the page says already that the worker is silent.
    """
    batch = _batch(batch_id)
    seen = _watch(batch) if batch.state in UNDER_WAY else None
    if seen is None or seen.silent is not bool(request.args.get("silent")):
        return Response(status=HTMX_STOP, headers={"HX-Refresh": "true"})
    return Response(render_template("ledger/_progress.html", watch=seen))


def _decided() -> Response:
    flash(gettext("This import has been decided already."), "info")
    return redirect(url_for("ledger.show", **(request.view_args or {})))


@bp.post("/<int:batch_id>/accept")
@requires(Permission.IMPORT)
def accept(batch_id: int) -> str | Response | tuple[str, int]:
    """Accept what the preview shows. Another date than the previewed one is previewed first."""
    batch, form = _batch(batch_id), AcceptForm()
    if batch.state is not BatchState.PREVIEW:
        return _decided()
    if not form.validate_on_submit() or _lies_ahead(form.as_of):
        return _page(batch, form=form), 422
    if form.as_of.data != batch.as_of:
        batch.as_of = form.as_of.data
        return _read_again(batch)
    if not _may_be_taken(batch, form):
        return _page(batch, form=form), 422
    batch.state, batch.accept_valid, batch.attempts = BatchState.ACCEPTED, bool(form.accept_valid.data), 0
    audit.record(
        db.session(),
        user().username,
        "ledger.accept",
        "import_batch",
        batch.id,
        accept_valid=batch.accept_valid,
    )
    db.session.commit()
    return redirect(url_for("ledger.show", batch_id=batch_id))


def _original(batch: ImportBatch) -> ImportBatch | None:
    """The batch whose refused rows this one brings corrected."""
    return db.session.get(ImportBatch, batch.supplements_id) if batch.supplements_id else None


def _taken_before(batch: ImportBatch) -> ImportBatch | None:
    lender = actions.lender_said(batch.lender_name, _original(batch))
    return actions.already_taken(db.session(), batch.file_hash, batch.as_of, lender)


def _may_be_taken(batch: ImportBatch, form: AcceptForm) -> bool:
    """Else the form says why not."""
    report = Report.from_json(batch.report)
    if _taken_before(batch):
        form.form_errors.append(T("This file has been taken already, as of the same date."))
    elif not report.accepted:
        form.form_errors.append(T("No row can be taken."))
    elif report.rejected and not form.accept_valid.data:
        sentence = T(
            "%(n)s rows are refused. Say that the valid rows are to be taken, or correct the file.",
            n=report.rejected,
        )
        form.accept_valid.errors = [*form.accept_valid.errors, sentence]
    return not form.errors


@bp.post("/<int:batch_id>/discard")
@requires(Permission.IMPORT)
def discard(batch_id: int) -> Response:
    """Leave this file alone."""
    batch = _batch(batch_id)
    if batch.state is not BatchState.PREVIEW:
        return _decided()
    batch.state = BatchState.DISCARDED
    audit.record(db.session(), user().username, "ledger.discard", "import_batch", batch.id)
    db.session.commit()
    flash(gettext("The file was discarded. Nothing has changed."), "info")
    return redirect(url_for("ledger.index"))


@bp.post("/<int:batch_id>/alias")
@requires(Permission.IMPORT)
def accept_alias(batch_id: int) -> Response:
    """Remember that a name in the file means the suggested township, and read the file again."""
    batch = _batch(batch_id)
    name, code = "".join(request.form.get("name", "").split()), request.form.get("code", "")
    if batch.state is not BatchState.PREVIEW:
        return _decided()
    region = db.session.get(Region, code) if scope().covers_region(code) else None
    if region is None or not name or len(name) > NAME_LENGTH:
        abort(400)
    try:
        add_alias(db.session(), code, name, user().username)
    except PlacesRefused as refused:
        flash(refused.message.render(gettext), "danger")
        return _read_again(batch)
    flash(gettext("“%(name)s” means %(place)s from now on.", name=name, place=region.name), "success")
    return _read_again(batch)


@bp.post("/<int:batch_id>/headers")
@requires(Permission.IMPORT)
def choose_headers(batch_id: int) -> str | Response | tuple[str, int]:
    """Remember what the lender's own column titles mean, and read the file again."""
    batch, form = _batch(batch_id), HeadersForm()
    if batch.state is not BatchState.PREVIEW:
        return _decided()
    meanings = dict(zip(request.form.getlist("header"), request.form.getlist("field"), strict=False))
    if not all(meaning in (OPEN, IGNORED, *LedgerField) for meaning in meanings.values()):
        abort(400)
    if not form.validate_on_submit():
        return _page(batch, headers=form, meanings=meanings), 422
    stored = {OPEN: None, IGNORED: ""}
    actions.remember_headers(
        db.session(),
        form.lender.data,
        {header_key(title): stored.get(meaning, meaning) for title, meaning in meanings.items()},
        user().username,
    )
    batch.lender_name = form.lender.data
    return _read_again(batch)


@bp.post("/<int:batch_id>/again")
@requires(Permission.IMPORT)
def again(batch_id: int) -> str | Response | tuple[str, int]:
    """Read a refused file once more, with what it did not say itself."""
    batch, form = _batch(batch_id), AgainForm()
    if batch.state is not BatchState.REFUSED:
        return _decided()
    if not form.validate_on_submit() or _lies_ahead(form.as_of):
        return _page(batch, again=form), 422
    batch.lender_name, batch.as_of = form.lender.data, form.as_of.data
    return _read_again(batch)


def _read_again(batch: ImportBatch) -> Response:
    batch.state, batch.attempts, batch.report = BatchState.UPLOADED, 0, {}
    db.session.commit()
    return redirect(url_for("ledger.show", batch_id=batch.id))


@bp.get("/<int:batch_id>/refused.xlsx")
@requires(Permission.IMPORT)
def refused(batch_id: int) -> Response:
    """The refused rows with their reasons, to be corrected and uploaded again."""
    batch = _batch(batch_id)
    content = _store().refused(batch.id)
    if content is None:
        abort(404)
    name = f"{Path(batch.filename).stem}-退回.xlsx"
    content = stamp(content, exported_by(user().name, user().username))
    return send_file(BytesIO(content), mimetype=XLSX, as_attachment=True, download_name=name)


@bp.get("/missing")
@requires(Permission.IMPORT)
def missing() -> str:
    """Loans that their lender's newest ledger does not list, for a person to decide."""
    after = request.args.get("after", 0, type=int)
    found = loans.missing_loans(db.session(), scope(), PAGE_SIZE + 1, after)
    rows = found[:PAGE_SIZE]
    return render_template(
        "ledger/missing.html",
        loans=rows,
        counted=loans.count_missing(db.session(), scope()),
        next_url=url_with(after=rows[-1].id) if len(found) > PAGE_SIZE else None,
        first_url=url_with(after=None) if after else None,
        decisions=list(MissingDecision),
    )


@bp.post("/missing/<int:loan_id>")
@requires(Permission.IMPORT)
def decide(loan_id: int) -> Response:
    """Repaid, or still owed."""
    loan = loans.find_loan(db.session(), loan_id, scope())
    if loan is None:
        abort(404)
    try:
        decision = MissingDecision(request.form.get("decision", ""))
        decide_missing(db.session(), loan, decision, user().username)
    except DecisionRefused as refusal:
        flash(refusal.message.render(gettext), "danger")
    except ValueError:
        abort(400)
    else:
        db.session.commit()
        flash(gettext("Noted for %(contract)s.", contract=loan.contract_no), "success")
    return redirect(url_for("ledger.missing"))
