"""What the program tells about itself while it runs, and the number by which a request is found in it.

Nothing here may hold a person's data, whatever went wrong. So an error is told by its kind and by where in the code it
happened, never by its message, which quotes what was typed or what a row holds; a request by its endpoint, never by
its address; and a number as long as a telephone's is struck out of every line. ``QINGSHOU_LOG=json`` writes one JSON
object a line, and a line for each request; ``text`` is for a person at a terminal.
"""

import json
import logging
import re
import sys
import time
import traceback
import uuid
from collections.abc import Iterator
from datetime import UTC, datetime
from types import TracebackType
from typing import Any, TextIO

from flask import Flask, g, has_request_context, request
from sqlalchemy.exc import DBAPIError
from werkzeug.wrappers import Response

HEADER = "X-Request-ID"
TEXT, JSON = "text", "json"
MOST_FRAMES, MOST_CAUSES = 40, 5
_GIVEN = re.compile(r"[0-9a-f]{32}|[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_LONG_NUMBER = re.compile(r"\d{11,}[Xx]?")
_OWN = "app/"
_QUIET = {"static", "health.healthz", "health.readyz", "health.show_metrics"}  # asked by machines, all day

requests = logging.getLogger("app.request")


def init_app(app: Flask, kind: str) -> None:
    """Write the log in ``kind``; number and time every request. Before all else that looks at requests."""
    configure(kind)
    app.before_request(_begin)
    app.after_request(_end)
    app.log_exception = _log_exception  # type: ignore[method-assign]


def configure(kind: str) -> None:
    """Everything that is logged goes to stderr in this form; once a process, however many applications it makes."""
    root = logging.getLogger()
    for handler in root.handlers[:]:
        if isinstance(handler, ToStderr):
            root.removeHandler(handler)
    root.addHandler(to_stderr(kind))
    sys.excepthook = _ended if kind == JSON else sys.__excepthook__
    logging.getLogger("app").setLevel(logging.INFO)
    requests.setLevel(logging.INFO if kind == JSON else logging.WARNING)


def to_stderr(kind: str) -> logging.Handler:
    """What writes to stderr in this form; gunicorn's configuration asks for it by name."""
    return ToStderr(AsJson() if kind == JSON else AsText())


def _ended(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
    """What ended a command or the worker, in the same form: Python's own would quote the message."""
    if issubclass(kind, KeyboardInterrupt):
        sys.__excepthook__(kind, error, trace)
    else:
        logging.getLogger("app").critical("ended by an error", exc_info=(kind, error, trace))


class ToStderr(logging.StreamHandler[TextIO]):
    """Wherever stderr leads just now."""

    def __init__(self, form: logging.Formatter) -> None:
        logging.Handler.__init__(self)
        self.setFormatter(form)

    @property
    def stream(self) -> TextIO:  # type: ignore[override]
        return sys.stderr


def request_id() -> str:
    """This request's number: the proxy's, if it gave one, else our own; "" outside of a request."""
    if not has_request_context():
        return ""
    if "request_id" not in g:
        given = request.headers.get(HEADER, "")
        g.request_id = given if _GIVEN.fullmatch(given) else uuid.uuid4().hex
    return str(g.request_id)


def seconds() -> float:
    """How long this request has taken so far."""
    return float(time.perf_counter() - g.get("began", time.perf_counter()))


def _begin() -> None:
    g.began = time.perf_counter()


def _end(response: Response) -> Response:
    response.headers[HEADER] = request_id()
    if request.endpoint in _QUIET:
        return response
    requests.info(
        "request",
        extra={
            "fields": {
                "method": request.method,
                "endpoint": request.endpoint or "none",
                "status": response.status_code,
                "ms": round(seconds() * 1000, 1),
            }
        },
    )
    return response


def _log_exception(exc_info: Any) -> None:
    logging.getLogger("app").error(
        "a request failed",
        exc_info=exc_info,
        extra={"fields": {"endpoint": request.endpoint or "none", "method": request.method}},
    )


def told(error: BaseException) -> list[dict[str, Any]]:
    """An error and what caused it: kind, code, and where; no message, and no value from a statement."""
    chain: list[dict[str, Any]] = []
    now: BaseException | None = error
    while now is not None and len(chain) < MOST_CAUSES:
        kind = type(now)
        one: dict[str, Any] = {"type": f"{kind.__module__}.{kind.__qualname__}"}
        if code := getattr(now, "sqlstate", None) or getattr(now, "sqlite_errorname", None):
            one["code"] = str(code)
        if isinstance(now, DBAPIError) and now.statement:
            one["sql"] = " ".join(now.statement.split())[:400]
        frames = traceback.extract_tb(now.__traceback__)[-MOST_FRAMES:]
        one["where"] = [f"{_short(frame.filename)}:{frame.lineno} {frame.name}" for frame in frames]
        chain.append(one)
        now = now.__cause__ or (None if now.__suppress_context__ else now.__context__)
    return chain


def _short(path: str) -> str:
    """Without the folders above the program or the package."""
    for part in ("site-packages/", f"/{_OWN}"):
        _before, found, after = path.rpartition(part)
        if found:
            return (_OWN if part.endswith(_OWN) else "") + after
    return path.rpartition("/")[2]


def without_numbers(text: str) -> str:
    """Strike out what may be an ID number, a phone or an account."""
    return _LONG_NUMBER.sub("***", text)


def said(record: logging.LogRecord) -> str:
    """The message; without its parts where other people's code tells of an error, for they are a page's address."""
    if record.exc_info and not record.name.startswith("app"):
        return str(record.msg)
    return record.getMessage()


class AsJson(logging.Formatter):
    """One object a line: at, level, logger, message, request_id; then what the record says besides."""

    def format(self, record: logging.LogRecord) -> str:
        line: dict[str, Any] = {
            "at": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": said(record),
        }
        if number := request_id():
            line["request_id"] = number
        line |= getattr(record, "fields", {})
        if record.exc_info and record.exc_info[1] is not None:
            line["error"] = told(record.exc_info[1])
        written = json.dumps(_clean(line), ensure_ascii=False, default=str)
        return written.replace("\u2028", " ").replace("\u2029", " ")


def _clean(value: Any) -> Any:
    if isinstance(value, str):
        return value if _GIVEN.fullmatch(value) else without_numbers(value)
    if isinstance(value, dict):
        return {key: _clean(inner) for key, inner in value.items()}
    return [_clean(inner) for inner in value] if isinstance(value, list) else value


class AsText(logging.Formatter):
    """For a person: a line, and below it where an error happened."""

    def format(self, record: logging.LogRecord) -> str:
        return "\n".join(self._lines(record))

    def _lines(self, record: logging.LogRecord) -> Iterator[str]:
        when = datetime.fromtimestamp(record.created).astimezone().strftime("%Y-%m-%d %H:%M:%S")
        fields = "".join(f" {name}={value}" for name, value in getattr(record, "fields", {}).items())
        message = without_numbers(said(record) + fields)
        number = f" [{request_id()}]" if request_id() else ""
        yield f"{when} {record.levelname} {record.name}: {message}{number}"
        if record.exc_info and record.exc_info[1] is not None:
            for one in told(record.exc_info[1]):
                yield f"  {one['type']}" + (f" {one['code']}" if "code" in one else "")
                yield from (f"    {place}" for place in one["where"])
