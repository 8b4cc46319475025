"""Imports: upload, watch, look at what would change, accept."""

from io import BytesIO
from pathlib import Path

from flask import Blueprint, abort, current_app, flash, redirect, render_template, request, send_file, url_for
from flask_babel import gettext
from werkzeug.wrappers import Response

from app import audit
from app.accounts.access import requires, scope, user
from app.accounts.rules import Permission
from app.db import db
from app.labels import T, Text
from app.ledger import actions, queries
from app.ledger.fields import LedgerField
from app.ledger.forms import AcceptForm, UploadForm
from app.ledger.models import BatchState, ImportBatch
from app.ledger.report import Report
from app.ledger.store import LedgerStore
from app.loans import queries as loans
from app.loans.actions import DecisionRefused, decide_missing
from app.loans.rules import MissingDecision
from app.places.actions import add_alias
from app.places.queries import lenders
from app.places.rules import CODE_LENGTHS, Level
from app.privacy import keyring
from app.today import business_date
from app.web import PAGE_SIZE, url_with

bp = Blueprint("ledger", __name__, url_prefix="/ledger")
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
RECENT = 30


def _county() -> str:
    return (user().region_code or "")[: CODE_LENGTHS[Level.COUNTY]]


def _store() -> LedgerStore:
    return LedgerStore(Path(current_app.instance_path), keyring())


def _batch(batch_id: int) -> ImportBatch:
    found = queries.find_batch(db.session(), batch_id, _county())
    if found is None:
        abort(404)
    return found


@bp.route("/", methods=["GET", "POST"])
@requires(Permission.IMPORT)
def index() -> str | Response | tuple[str, int]:
    """Upload a ledger; the imports so far."""
    form, status = UploadForm(), 200
    if form.validate_on_submit():
        content = form.file.data.read()
        batch = actions.new_batch(
            db.session(),
            file_hash=_store().keep(content),
            filename=form.file.data.filename or "",
            size=len(content),
            county=_county(),
            lender=(form.lender.data or "").strip(),
            as_of=form.as_of.data,
            user_id=user().id,
        )
        audit.record(
            db.session(), user().username, "ledger.upload", "import_batch", batch.id, file=batch.file_hash
        )
        db.session.commit()
        return redirect(url_for("ledger.show", batch_id=batch.id))
    if form.is_submitted():
        status = 422
    page = render_template(
        "ledger/index.html",
        form=form,
        batches=queries.batches(db.session(), _county(), RECENT),
        lenders=lenders(db.session()),
        missing=loans.count_missing(db.session(), scope()),
    )
    return page, status


@bp.get("/<int:batch_id>")
@requires(Permission.IMPORT)
def show(batch_id: int) -> str:
    """One import: its progress, then what it would change, then what it changed."""
    batch = _batch(batch_id)
    return _page(batch, AcceptForm(as_of=batch.as_of))


def _page(batch: ImportBatch, form: AcceptForm, error: Text | None = None) -> str:
    report = Report.from_json(batch.report) if "accepted" in batch.report else None
    before = (
        actions.already_taken(db.session(), batch.file_hash, batch.as_of)
        if batch.state is BatchState.PREVIEW
        else None
    )
    return render_template(
        "ledger/batch.html",
        batch=batch,
        report=report,
        form=form,
        error=error,
        before=before,
        refusal=Text.from_json(batch.report["refusal"]) if "refusal" in batch.report else None,
        progress=_store().progress(batch.id),
        fields=list(LedgerField),
        lenders=lenders(db.session()),
        has_refused=bool(report and report.rejected and _store().refused(batch.id)),
    )


@bp.get("/<int:batch_id>/progress")
@requires(Permission.IMPORT)
def progress(batch_id: int) -> dict[str, object]:
    """How far, as JSON for the page that watches."""
    batch = _batch(batch_id)
    told = _store().progress(batch_id)
    return {
        "state": batch.state.value,
        "percent": told.percent if told else 0,
        "part": told.part if told else "",
        "working": batch.state in (BatchState.UPLOADED, BatchState.ACCEPTED),
    }


@bp.post("/<int:batch_id>/accept")
@requires(Permission.IMPORT)
def accept(batch_id: int) -> str | Response | tuple[str, int]:
    """Accept what the preview shows. Another date than the previewed one is previewed first."""
    batch, form = _batch(batch_id), AcceptForm()
    if batch.state is not BatchState.PREVIEW:
        flash(gettext("This import has been decided already."), "info")
        return redirect(url_for("ledger.show", batch_id=batch_id))
    if not form.validate_on_submit():
        return _page(batch, form), 422
    if form.as_of.data > business_date(db.session()):
        form.as_of.errors = [*form.as_of.errors, T("This date lies in the future.")]
        return _page(batch, form), 422
    if form.as_of.data != batch.as_of:
        batch.as_of, batch.state, batch.attempts = form.as_of.data, BatchState.UPLOADED, 0
        db.session.commit()
        return redirect(url_for("ledger.show", batch_id=batch_id))
    report = Report.from_json(batch.report)
    if report.rejected and not form.accept_valid.data:
        sentence = T(
            "%(n)s rows are refused. Correct the file and upload it again, or choose to take the valid rows.",
            n=report.rejected,
        )
        return _page(batch, form, sentence), 422
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


@bp.post("/<int:batch_id>/discard")
@requires(Permission.IMPORT)
def discard(batch_id: int) -> Response:
    """Leave this file alone."""
    batch = _batch(batch_id)
    if batch.state is BatchState.PREVIEW:
        batch.state = BatchState.DISCARDED
        audit.record(db.session(), user().username, "ledger.discard", "import_batch", batch.id)
        db.session.commit()
    return redirect(url_for("ledger.index"))


@bp.post("/<int:batch_id>/alias")
@requires(Permission.IMPORT)
def accept_alias(batch_id: int) -> Response:
    """Remember that a name in the file means the suggested township, and read the file again."""
    batch = _batch(batch_id)
    name, code = request.form.get("name", "").strip(), request.form.get("code", "")
    if batch.state is not BatchState.PREVIEW or not name or not scope().covers_region(code):
        abort(400)
    add_alias(db.session(), code, name, user().username)
    return _read_again(batch)


@bp.post("/<int:batch_id>/headers")
@requires(Permission.IMPORT)
def choose_headers(batch_id: int) -> Response:
    """Remember what the lender's own column titles mean, and read the file again."""
    batch = _batch(batch_id)
    known = {column.value for column in LedgerField}
    titles = request.form.getlist("header")
    chosen = dict(zip(titles, request.form.getlist("field"), strict=False))
    lender = request.form.get("lender", "").strip()
    if (
        batch.state is not BatchState.PREVIEW
        or not lender
        or any(v and v not in known for v in chosen.values())
    ):
        abort(400)
    actions.remember_headers(db.session(), lender, chosen, user().username)
    batch.lender_name = lender
    return _read_again(batch)


def _read_again(batch: ImportBatch) -> Response:
    batch.state, batch.attempts = BatchState.UPLOADED, 0
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
