"""Pages for what went wrong, in the reader's language, with what to do. None of them needs the database."""

import errno
from typing import Any

from flask import Flask, current_app, g, render_template, request
from flask_babel import gettext
from flask_wtf.csrf import CSRFError
from sqlalchemy.exc import DataError, DBAPIError, InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as NoConnectionLeft
from werkzeug.exceptions import HTTPException, SecurityError
from werkzeug.wrappers import Response

from app.db import db
from app.labels import T, Text
from app.logs import request_id

RETRY_AFTER = 30  # seconds; a browser or a program that asks again by itself waits as long
FULL = 507
_NO_SPACE = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
_FULL_CODES = ("SQLITE_FULL", "SQLITE_IOERR_WRITE", "53100")  # the last is PostgreSQL's

_SENTENCES = {
    400: T("The request could not be understood. Go back and try again."),
    403: T("Your account may not do this."),
    404: T("There is no such page, or it is not within your area."),
    405: T("This address cannot be used that way."),
    413: T("The file is too large."),
    429: T("Too many tries. Wait a few minutes."),
    500: T("Something went wrong on our side. Nothing was changed."),
    503: T("The database cannot be reached just now. Nothing was changed; try again in a minute."),
    FULL: T(
        "The server has no room left on its disk. Nothing was changed; tell whoever runs it. Reading goes on working."
    ),
}
_UNKNOWN_HOST = T(
    "This server does not answer to that name. Whoever runs it can add it: QINGSHOU_PUBLIC_URL or QINGSHOU_HOSTS."
)


def init_app(app: Flask) -> None:
    app.register_error_handler(HTTPException, _http_error)
    for kind in (OperationalError, InterfaceError, NoConnectionLeft):
        app.register_error_handler(kind, _database_away)
    app.register_error_handler(OSError, _no_room)
    app.register_error_handler(DataError, _no_such_value)


def is_full(error: BaseException) -> bool:
    """Is there no room left where this was to be written?"""
    if isinstance(error, OSError):
        return error.errno in _NO_SPACE
    origin = error.orig if isinstance(error, DBAPIError) else error
    code = getattr(origin, "sqlstate", None) or getattr(origin, "sqlite_errorname", None)
    return code in _FULL_CODES


def _page(code: int, sentence: Text) -> Response:
    again = (
        "?" + request.query_string.decode("ascii", "replace")
        if code == 503 and request.method == "GET"
        else ""
    )
    body = render_template(
        "errors/error.html", code=code, sentence=sentence, request_id=request_id(), again=again
    )
    response = current_app.make_response((body, code))
    if code == 503:
        response.headers["Retry-After"] = str(RETRY_AFTER)
    return response


def _http_error(error: HTTPException) -> Response | HTTPException:
    code = error.code or 500
    if code < 400:
        return error
    sentence = _SENTENCES.get(code, _SENTENCES[400 if code < 500 else 500])
    if isinstance(error, CSRFError):
        sentence = T("This form was open too long. Go back, reload the page and send it again.")
    if isinstance(error, SecurityError):  # a Host header nobody knows: no page, whose links would lead there
        return Response(gettext(str(_UNKNOWN_HOST)) + "\n", 400, content_type="text/plain; charset=utf-8")
    if code >= 500:
        g.failed = True
    return _page(code, sentence)


def _database_away(error: Any) -> Response:
    """What was begun is rolled back; the next request takes a new connection, so nothing needs a restart."""
    full = is_full(error)
    current_app.logger.error(
        "the disk is full" if full else "the database is away", extra={"fields": _code(error)}
    )
    db.session.rollback()
    g.failed = True
    code = FULL if full else 503
    return _page(code, _SENTENCES[code])


def _no_such_value(_error: DataError) -> Response:
    """What was sent holds what no column can, a NUL in a text for one: no browser sends it of itself."""
    db.session.rollback()
    return _page(400, _SENTENCES[400])


def _no_room(error: OSError) -> Response:
    if not is_full(error):
        raise error
    return _database_away(error)


def _code(error: Any) -> dict[str, str]:
    origin = getattr(error, "orig", None) or error
    code = getattr(origin, "sqlstate", None) or getattr(origin, "sqlite_errorname", None)
    return {"kind": type(origin).__name__, "code": str(code or "")}
