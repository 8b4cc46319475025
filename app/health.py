"""What a machine asks: is the process alive, can it serve, how is it doing."""

import hmac
from functools import lru_cache

from alembic.script import ScriptDirectory
from flask import Blueprint, Flask, Response, abort, current_app, request
from sqlalchemy import text
from sqlalchemy.exc import OperationalError, ProgrammingError, SQLAlchemyError
from sqlalchemy.orm import Session

from app import metrics
from app.accounts.access import on_loopback, requires
from app.accounts.rules import Permission
from app.db import db, get_setting
from app.logs import seconds
from app.privacy import keyring
from app.startup import KEY_FINGERPRINT

READY, DATABASE, MIGRATIONS, KEY = "ok", "database", "migrations", "key"
UNCOUNTED = {"static", "health.healthz", "health.readyz", "health.show_metrics"}
BEARER = "Bearer "

bp = Blueprint("health", __name__)


def init_app(app: Flask) -> None:
    app.register_blueprint(bp)
    app.after_request(_count)


def _count(response: Response) -> Response:
    endpoint = request.endpoint or "none"
    if endpoint not in UNCOUNTED:
        metrics.count(endpoint, response.status_code, seconds())
    return response


@bp.get("/healthz")
@requires(Permission.PUBLIC)
def healthz() -> Response:
    """Is the process alive? Asks nothing else, so that a database that is away gets no process restarted."""
    return Response(f"{READY}\n", mimetype="text/plain")


@bp.get("/readyz")
@requires(Permission.PUBLIC)
def readyz() -> Response:
    """Can it serve? Else 503 and one word: what is missing."""
    word = readiness(db.session())
    if word != READY:
        current_app.logger.warning("not ready: %s", word)
    return Response(f"{word}\n", 200 if word == READY else 503, mimetype="text/plain")


@bp.get("/metrics")
@requires(Permission.PUBLIC)
def show_metrics() -> Response:
    """For Prometheus, on this machine itself or with the token; for anybody else there is no such page."""
    token = current_app.extensions["qingshou.settings"].metrics_token
    given = request.headers.get("Authorization", "")
    known = token and hmac.compare_digest(given.encode(), f"{BEARER}{token}".encode())
    if not (known or on_loopback()):
        abort(404)
    return Response(metrics.exposition(db.session()), content_type=metrics.CONTENT_TYPE)


def readiness(session: Session) -> str:
    """READY, or the one word for what is not: the database answers, has the newest tables, fits the key."""
    try:
        at = revision(session)
        stored = get_setting(session, KEY_FINGERPRINT)
    except SQLAlchemyError as error:
        session.rollback()
        return MIGRATIONS if is_without_tables(error) else DATABASE
    if at != newest_revision():
        return MIGRATIONS
    return READY if stored is None or stored in keyring().fingerprints else KEY


def revision(session: Session) -> str | None:
    """The migration at which the database stands."""
    found: str | None = session.scalar(text("SELECT version_num FROM alembic_version"))
    return found


def is_without_tables(error: SQLAlchemyError) -> bool:
    """Does the database answer, but has no table that was asked for?"""
    cause = str(getattr(error, "orig", ""))
    return isinstance(error, ProgrammingError) or (
        isinstance(error, OperationalError) and cause.startswith(("no such table", "no such column"))
    )


@lru_cache(maxsize=1)
def newest_revision() -> str | None:
    """The migration that this program was written for."""
    return ScriptDirectory(current_app.extensions["migrate"].directory).get_current_head()
