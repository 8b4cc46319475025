"""The first page after signing in, by role. It only composes what the slices' queries say."""

from flask import Blueprint, Response, current_app, redirect, render_template, url_for
from sqlalchemy import text
from werkzeug.wrappers import Response as Redirect

from app.accounts.access import allowed, requires, scope, user
from app.accounts.rules import Permission
from app.bulletin.queries import default_region, figures, newest_month
from app.cases import queries as cases
from app.db import db
from app.ledger import queries as ledger
from app.loans import queries as loans
from app.today import business_date

bp = Blueprint("dashboard", __name__)


@bp.get("/")
@requires(Permission.SIGNED_IN)
def home() -> str | Redirect:
    """Overview: the newest month's figures, the open cases, what waits for a decision."""
    if allowed(Permission.ACCOUNTS):
        return redirect(url_for("accounts.index"))
    mine, today = scope(), business_date(db.session())
    month = newest_month(db.session())
    region = default_region(db.session(), mine)
    return render_template(
        "dashboard/home.html",
        figures=figures(db.session(), region, month, mine) if month and region else None,
        month=month,
        region=region,
        today=today,
        counts=cases.counts(db.session(), mine),
        oldest=cases.list_cases(db.session(), mine, cases.Filter(), today, None, 8),
        missing=loans.count_missing(db.session(), mine),
        waiting=ledger.waiting(db.session(), user().region_code) if allowed(Permission.IMPORT) else [],
        may_import=allowed(Permission.IMPORT),
    )


@bp.get("/healthz")
@requires(Permission.PUBLIC)
def healthz() -> Response:
    """Is the process alive?"""
    return Response("ok\n", mimetype="text/plain")


@bp.get("/readyz")
@requires(Permission.PUBLIC)
def readyz() -> Response | tuple[Response, int]:
    """Can it serve: does the database answer?"""
    try:
        db.session.execute(text("SELECT 1 FROM setting LIMIT 1"))
    except Exception as error:
        current_app.logger.error("not ready: %s", type(error).__name__)
        return Response("database\n", mimetype="text/plain"), 503
    return Response("ok\n", mimetype="text/plain")
