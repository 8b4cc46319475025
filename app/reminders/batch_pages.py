"""Files for lenders' own platforms: what waits in them, the files, and the platforms' result files."""

from io import BytesIO

from flask import abort, current_app, flash, redirect, render_template, request, send_file, url_for
from flask_babel import gettext
from werkzeug.wrappers import Response

from app.accounts.access import requires, scope, user
from app.accounts.rules import Permission
from app.db import db
from app.files import batches
from app.labels import Text
from app.reminders import lists
from app.reminders.batches import ResultRefused, fetch, make_batches, take_results
from app.reminders.forms import ResultForm
from app.reminders.moves import Clocks
from app.reminders.pages import bp
from app.reminders.rules import Timings
from app.sms.handoff import WHY_LEFT, Handoff
from app.today import moment, now
from app.web import LARGEST_ID, PAGE_SIZE

_MIMES = {
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "csv": "text/csv; charset=gb18030",
}


def _clocks() -> Clocks:
    return Clocks(moment(db.session()), now())


@bp.get("/batches")
@requires(Permission.REMINDERS)
def batch_list() -> str:
    """The files, the newest first, and the result files that came back."""
    return _page(ResultForm(formdata=None))


def _page(form: ResultForm) -> str:
    session, mine = db.session(), scope()
    before = request.args.get("before", type=int)
    found = lists.batches(session, mine, before if before and before < LARGEST_ID else None, PAGE_SIZE + 1)
    return render_template(
        "reminders/batches.html",
        form=form,
        batches=found[:PAGE_SIZE],
        more=found[PAGE_SIZE - 1].id if len(found) > PAGE_SIZE else None,
        results=lists.results(session, mine),
        chosen=current_app.extensions["qingshou.sms_provider"]().name == Handoff.name,
        why_left=WHY_LEFT,
    )


@bp.post("/batches")
@requires(Permission.REMINDERS)
def make_batch() -> Response:
    """Put what may leave now into files, without waiting for the worker."""
    if current_app.extensions["qingshou.sms_provider"]().name != Handoff.name:
        abort(404)
    session = db.session()
    made = make_batches(session, batches(), user().username, _clocks(), Timings())
    count = sum(one.messages for one in made)
    session.commit()
    if made:
        flash(gettext("%(n)s messages are in %(files)s new files.", n=count, files=len(made)), "success")
    else:
        flash(gettext("Nothing may leave now: no message waits, or it is not the hour."), "info")
    return redirect(url_for("reminders.batch_list"))


@bp.post("/batches/<int:batch_id>/<any(xlsx, csv):kind>")
@requires(Permission.REMINDERS)
def fetch_batch(batch_id: int, kind: str) -> Response:
    """A batch's file, the same bytes each time; that it was fetched is kept."""
    session = db.session()
    batch = lists.find_batch(session, batch_id, scope()) if batch_id < LARGEST_ID else None
    if batch is None:
        abort(404)
    try:
        content = fetch(session, batches(), batch, kind, user(), now())
    except LookupError:
        session.rollback()
        flash(gettext("The file is no longer where it was kept: restore it from a backup."), "danger")
        return redirect(url_for("reminders.batch_list"))
    name = f"{batch.day:%Y%m%d}-{batch.id}-{batch.lender.name if batch.lender else ''}.{kind}"
    session.commit()
    return send_file(BytesIO(content), mimetype=_MIMES[kind], as_attachment=True, download_name=name)


@bp.post("/batches/results")
@requires(Permission.REMINDERS)
def take_result() -> Response | tuple[str, int]:
    """Read a platform's result file as receipts."""
    form, session = ResultForm(), db.session()
    if not form.validate_on_submit():
        return _page(form), 422
    content = form.file.data.read()
    rows = current_app.extensions["qingshou.first_sheet"](content)
    try:
        if isinstance(rows, Text):
            raise ResultRefused(rows)
        region = scope().region or ""
        taken = take_results(
            session, region, form.file.data.filename or "", content, rows, user().username, _clocks()
        )
    except ResultRefused as refused:
        session.rollback()
        form.file.errors = [refused.message.render(gettext)]
        return _page(form), 422
    said = gettext("%(new)s receipts are new, %(known)s were known.", new=taken.new, known=taken.known)
    left = taken.left_count
    session.commit()
    flash(said, "success")
    if left:
        flash(gettext("%(n)s rows say nothing of a message of ours: see below.", n=left), "warning")
    return redirect(url_for("reminders.batch_list") + "#results")
