"""What every page shares: language, filters, navigation, errors, security headers, paging."""

import json
import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from functools import lru_cache
from pathlib import Path
from typing import Any, Generic, TypeVar

from flask import Flask, abort, current_app, g, has_request_context, request, url_for
from flask_babel import Babel, get_locale, gettext
from flask_compress import Compress
from flask_login import current_user
from flask_wtf.csrf import CSRFProtect
from markupsafe import Markup
from werkzeug.routing import IntegerConverter, Map
from werkzeug.wrappers import Response
from whitenoise import WhiteNoise

from app import errors, money
from app.clock import SHANGHAI
from app.db import db, set_read_only
from app.labels import Text
from app.privacy import mask_id, mask_name, mask_phone
from app.today import fixed_date, local_time, now

LANGUAGES = {"zh_Hans": "中文", "en": "English"}
DEFAULT_LANGUAGE = "zh_Hans"
LANGUAGE_COOKIE = "lang"
PAGE_SIZE = 50
COUNT_LIMIT = 10_000
LARGEST_ID = 2**63
_SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})
_YEAR = 365 * 24 * 3600
_HASHED = re.compile(r"-[A-Z0-9]{8}\.")
_CSP = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; "
    "connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)

_SECURITY_HEADERS = {
    "Content-Security-Policy": _CSP,
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",  # for browsers that do not know frame-ancestors
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), microphone=(), geolocation=(), payment=(), usb=()",
}

Row = TypeVar("Row")

babel = Babel()
csrf = CSRFProtect()
compress = Compress()


class _Number(IntegerConverter):
    """``<int:…>`` in an address: what no column could hold is no address of ours."""

    def __init__(self, addresses: Map, *args: Any, **options: Any) -> None:
        super().__init__(addresses, *args, **{"max": LARGEST_ID - 1} | options)


def init_app(app: Flask) -> None:
    """Attach the shared parts; slices bring their own translations beside their code."""
    folders = sorted({p.parent.parent.parent for p in Path(app.root_path).glob("**/LC_MESSAGES/messages.po")})
    app.config["BABEL_DEFAULT_LOCALE"] = DEFAULT_LANGUAGE
    app.config["BABEL_DEFAULT_TIMEZONE"] = str(SHANGHAI)
    app.config["BABEL_TRANSLATION_DIRECTORIES"] = ";".join(str(folder) for folder in folders)
    babel.init_app(app, locale_selector=language)
    app.config["COMPRESS_MIMETYPES"] = ["text/html", "application/json", "text/plain"]
    compress.init_app(app)
    app.wsgi_app = WhiteNoise(  # type: ignore[method-assign]
        app.wsgi_app,
        root=str(Path(app.root_path) / "static" / "build"),
        prefix="static/build/",
        immutable_file_test=lambda _path, url: bool(_HASHED.search(url)),
        max_age=0,
        autorefresh=app.debug,
        add_headers_function=_static_headers,
    )
    app.url_map.converters["int"] = _Number
    app.extensions["qingshou.only_reads"] = set()  # endpoints that are asked by POST and change nothing
    app.before_request(_limit_size)
    app.before_request(_begin_reading)
    app.teardown_request(lambda _error: set_read_only(False))
    app.after_request(_headers)
    app.context_processor(_shared)
    app.jinja_env.filters.update(
        wan=money.wan, yuan=money.yuan, pct=percent, num=number, day=day, month=month, moment=local_time,
        mask_id=mask_id, mask_name=mask_name, mask_phone=mask_phone, translated=translated,
        stored=Text.from_json,
    )  # fmt: skip
    app.jinja_env.globals["asset"] = asset  # a global, because imported macros see no context
    app.jinja_env.finalize = _finalize
    app.jinja_env.trim_blocks = app.jinja_env.lstrip_blocks = True
    errors.init_app(app)


def _static_headers(headers: Any, _path: str, _url: str) -> None:
    headers["X-Content-Type-Options"] = "nosniff"
    headers["Cross-Origin-Resource-Policy"] = "same-origin"


def _limit_size() -> None:
    """Only a form with a file may be as large as a file; what stands in one without is held in memory."""
    if request.mimetype != "multipart/form-data":
        request.max_content_length = current_app.config["MAX_FORM_MEMORY_SIZE"]


def _begin_reading() -> None:
    set_read_only(
        request.method in _SAFE_METHODS or request.endpoint in current_app.extensions["qingshou.only_reads"]
    )


def translated(text: Text | str) -> str:
    """In the reader's language."""
    return text.render(gettext) if isinstance(text, Text) else text


def _finalize(value: Any) -> Any:
    return value.render(gettext) if isinstance(value, Text) else value


def language() -> str:
    """The reader's choice: ``?lang=``, the cookie, the browser, else Chinese (as in a job, where nobody asks)."""
    if not has_request_context():
        return DEFAULT_LANGUAGE
    for choice in (request.args.get("lang"), request.cookies.get(LANGUAGE_COOKIE)):
        if choice in LANGUAGES:
            return str(choice)
    best = request.accept_languages.best_match(["zh", "zh-Hans", "zh-CN", "en"])
    return "en" if best == "en" else DEFAULT_LANGUAGE


# Filters: the same for page, text and workbook, so that every medium agrees.
def percent(value: Decimal | None) -> str:
    return "—" if value is None else f"{value}%"


def number(value: int | None) -> str:
    return (
        "—" if value is None else f"{value:,}" if value >= 10_000 or str(get_locale()) == "en" else str(value)
    )


def day(value: date | None) -> str:
    """``2023年10月31日`` in Chinese, ``2023-10-31`` in English."""
    if value is None:
        return "—"
    if str(get_locale()) == "en":
        return value.isoformat()
    return f"{value.year}年{value.month}月{value.day}日"


def exported_by(name: str, username: str) -> str:
    """What stands in a file with borrowers' data that somebody takes out: who it was, and when."""
    return str(gettext("Exported by %(name)s, %(when)s", name=f"{name} ({username})", when=local_time(now())))


def month(value: date) -> str:
    """``2023年10月`` in Chinese, ``2023-10`` in English."""
    return f"{value:%Y-%m}" if str(get_locale()) == "en" else f"{value.year}年{value.month}月"


@dataclass(frozen=True, slots=True)
class NavItem:
    label: Text
    url: str
    icon: str
    active: bool


@dataclass(frozen=True, slots=True)
class NavEntry:
    """A place in the navigation; ``permission`` decides who has it. Slices give theirs to ``create_app``."""

    label: Text
    endpoint: str
    icon: str
    permission: Any


def _shared() -> dict[str, Any]:
    fixed = fixed_date(db.session()) if not g.get("failed") else None
    entries: Iterable[NavEntry] = current_app.extensions["qingshou.nav"]
    may = current_app.extensions["qingshou.allowed"]
    blueprint = request.blueprint
    return {
        "current_user": None if g.get("failed") else current_user,
        "nav": []
        if g.get("failed")
        else [
            NavItem(e.label, url_for(e.endpoint), e.icon, e.endpoint.partition(".")[0] == blueprint)
            for e in entries
            if may(e.permission)
        ],
        "business_date_banner": day(fixed) if fixed else None,
        "languages": [(code, label, _with_language(code)) for code, label in LANGUAGES.items()],
        "asset": asset,
        "get_locale": get_locale,
    }


def _with_language(code: str) -> str:
    return url_with(lang=code)


def url_with(**changes: Any) -> str:
    """This page's address with some query arguments changed; None removes one."""
    arguments: dict[str, Any] = {**request.args.to_dict(), **changes}
    kept = {k: v for k, v in arguments.items() if v not in (None, "")}
    if request.endpoint is None:
        return "?" + "&".join(f"{k}={v}" for k, v in kept.items() if k == "lang")
    return url_for(request.endpoint, **{**(request.view_args or {}), **kept})


@lru_cache(maxsize=1)
def _manifest(path: Path, _modified: float) -> dict[str, str]:
    content: dict[str, str] = json.loads(path.read_text("utf-8"))
    return content


def asset(name: str) -> str:
    """The address of a built asset, with its content hash."""
    path = Path(current_app.root_path) / "static" / "build" / "manifest.json"
    try:
        built = _manifest(path, path.stat().st_mtime)
    except FileNotFoundError:
        built = {}
    return f"/static/build/{built.get(name, name)}"


def _headers(response: Response) -> Response:
    for name, value in _SECURITY_HEADERS.items():
        response.headers.setdefault(name, value)
    if current_app.config["SESSION_COOKIE_SECURE"]:
        response.headers.setdefault("Strict-Transport-Security", f"max-age={_YEAR}; includeSubDomains")
    if (
        request.endpoint != "static"
    ):  # downloads too: what the framework says of a file lets the browser keep it
        response.headers["Cache-Control"] = "no-store"
    if (choice := request.args.get("lang")) in LANGUAGES:
        response.set_cookie(LANGUAGE_COOKIE, choice, max_age=_YEAR, samesite="Lax", httponly=True,
                            secure=current_app.config["SESSION_COOKIE_SECURE"])  # fmt: skip
    return response


@dataclass(frozen=True, slots=True)
class Page(Generic[Row]):
    """One page of a keyset-paged list: pages after a million rows cost what the first one does."""

    rows: Sequence[Row]
    count: int
    count_is_floor: bool
    next_url: str | None
    first_url: str | None

    @property
    def count_text(self) -> str:
        return f"{self.count:,}+" if self.count_is_floor else f"{self.count:,}"


def page_of(
    found: Sequence[Row], count: int, key: Callable[[Row], object], count_is_floor: bool = False
) -> Page[Row]:
    """The page of a list that was read one row further than a page; ``key`` is what the next page starts after."""
    rows = found[:PAGE_SIZE]
    return Page(
        rows,
        count,
        count_is_floor,
        next_url=url_with(after=key(rows[-1])) if len(found) > PAGE_SIZE else None,
        first_url=url_with(after=None) if request.args.get("after") else None,
    )


def after_day_and_id() -> tuple[date, int] | None:
    """Where a page ordered by day and number starts, from ``?after=2023-10-31,7``; 400 when it was tampered with."""
    parts = keyset_argument()
    if parts is None:
        return None
    try:
        day, number = date.fromisoformat(parts[0]), int(parts[1])
    except ValueError:
        abort(400)
    if not 0 <= number < LARGEST_ID:
        abort(400)
    return day, number


def after_id() -> int:
    """Where a page ordered by number starts, from ``?after=7``; 404 when it was tampered with."""
    text = request.args.get("after") or "0"
    if not (text.isascii() and text.isdigit() and int(text[:20]) < LARGEST_ID):
        abort(404)
    return int(text)


def keyset_argument(name: str = "after", parts: int = 2) -> list[str] | None:
    """Where the page starts, from ``?after=a,b``; 400 when it was tampered with."""
    text = request.args.get(name)
    if not text:
        return None
    values = text.split(",")
    if len(values) != parts:
        abort(400)
    return values


def icon_text(name: str) -> Markup:
    """An icon of the sprite, hidden from readers."""
    return Markup('<svg class="icon" aria-hidden="true"><use href="{}#{}"></use></svg>').format(
        asset("icons.svg"), name
    )
