"""Old contact records: what there is, and its deletion."""

from datetime import date

from flask import Blueprint, abort, flash, redirect, render_template, url_for
from flask_babel import gettext
from werkzeug.wrappers import Response

from app import files
from app.accounts.access import requires, scope, user
from app.accounts.rules import Permission
from app.db import db
from app.today import business_date
from app.trail import entries, retention
from app.trail.entries import Wanted
from app.trail.forms import RetentionForm
from app.trail.rules import TrailRefused

bp = Blueprint("retention", __name__, url_prefix="/retention")
RUNS_SHOWN = 20


@bp.get("/")
@requires(Permission.PRIVACY)
def index() -> str:
    """What is old enough to go, and what has gone."""
    session, mine = db.session(), scope()
    runs = list(entries.listed(session, mine, Wanted(action="trail.retention"), None, RUNS_SHOWN))
    return render_template(
        "trail/retention.html",
        old=retention.preview(session, mine, business_date(session)),
        runs=runs,
        names=entries.names_of(session, {one.actor for one in runs}),
    )


@bp.post("/")
@requires(Permission.PRIVACY)
def run() -> Response:
    """Delete what the preview counted."""
    session, form = db.session(), RetentionForm()
    if not form.validate_on_submit():
        abort(400)
    try:
        until = date.fromisoformat(form.until.data)
    except ValueError:
        abort(400)
    try:
        found, unused = retention.run(session, scope(), user().username, until, business_date(session))
        session.commit()
    except TrailRefused as refused:
        session.rollback()
        flash(refused.message.render(gettext), "danger")
        return redirect(url_for("retention.index"))
    retention.remove_files(files.attachments(), unused)
    flash(
        gettext(
            "Deleted: %(n)s contact records and %(files)s files.", n=found.contacts, files=found.attachments
        ),
        "success",
    )
    return redirect(url_for("retention.index"))
