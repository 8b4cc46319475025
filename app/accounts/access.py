"""The one gate every request passes: a live session, its page's permission, the second factor; then the scope."""

import functools
import secrets
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from typing import Any, ParamSpec, TypeVar
from urllib.parse import urlsplit

from flask import Flask, abort, current_app, flash, g, redirect, render_template, request, url_for
from flask import session as cookie
from flask_babel import gettext
from flask_login import LoginManager, current_user
from itsdangerous import BadData, URLSafeTimedSerializer
from werkzeug.wrappers import Response

from app import audit
from app.accounts import sessions, signing
from app.accounts.devices import Source
from app.accounts.factors import digest
from app.accounts.models import SignedIn, User
from app.accounts.queries import other_devices
from app.accounts.rules import COLLECTORS, NOTHING, Permission, Role, Scope, may
from app.accounts.signing import SignIn
from app.db import db
from app.today import local_time, now

TOKEN, SEEN = "_user_id", "seen"  # in the cookie; the first is where Flask-Login looks
DEVICE_COOKIE = "device"
DEVICE_KEPT = timedelta(days=180)
SEEN_EVERY = 60  # seconds between marks in the cookie
CONFIRM_FIELD = "confirm_passphrase"
PUBLIC_BYTES = 64 * 1024  # of a form that anybody may send
BACKGROUND = {"desk.here", "ledger.progress"}  # a page asks by itself, so nobody need be sitting there
WITHOUT_SECOND_FACTOR = {"accounts.second_factor", "accounts.sign_out"}
_ATTRIBUTE = "qingshou_permission"
_LOOPBACK_NAMES = ("localhost", "127.0.0.1", "[::1]")

P = ParamSpec("P")
R = TypeVar("R")

login_manager = LoginManager()
login_manager.session_protection = None  # sessions are ours; see app/accounts/sessions.py


def requires(permission: Permission) -> Callable[[Callable[P, R]], Callable[P, R]]:
    """Declare what a view needs. A view without a declaration is refused to everybody."""

    def mark(view: Callable[P, R]) -> Callable[P, R]:
        setattr(view, _ATTRIBUTE, permission)
        return view

    return mark


def fresh(view: Callable[P, Any]) -> Callable[P, Any]:
    """For dangerous acts: the passphrase again, unless it was given within ten minutes. Stands below ``requires``.

    What was filled into a form is kept: the question carries it along, and the act goes on when it is answered.
    """

    @functools.wraps(view)
    def guarded(*args: P.args, **kwargs: P.kwargs) -> Any:
        if sessions.is_fresh(signed_in()):
            return view(*args, **kwargs)
        if request.method in ("GET", "HEAD"):
            return _send_to(url_for("accounts.confirm", next=_here()))
        given, said = request.form.get(CONFIRM_FIELD), ""
        if given is not None:
            outcome = confirm(given)
            if outcome is SignIn.OK:
                return view(*args, **kwargs)
            said = (
                outcome.label.render(gettext)
                if outcome is SignIn.LOCKED
                else gettext("This is not your password.")
            )
        kept = [(n, v) for n, v in request.form.items(multi=True) if n not in (CONFIRM_FIELD, "csrf_token")]
        return render_template(
            "accounts/confirm.html",
            action=_here(),
            kept=kept,
            error=said,
            field_name=CONFIRM_FIELD,
            files=request.files,
        ), 403

    return guarded


def mark_public(app: Flask, endpoint: str) -> None:
    """Open an endpoint that the framework brought, such as its static files, to everybody."""
    view = app.view_functions[endpoint]

    def public(**values: Any) -> Any:
        return view(**values)

    app.view_functions[endpoint] = requires(Permission.PUBLIC)(public)


def permission_of(app: Flask, endpoint: str) -> Permission | None:
    """What the view behind ``endpoint`` declared."""
    view = app.view_functions.get(endpoint)
    return getattr(view, _ATTRIBUTE, None)


def user() -> User:
    """The signed-in user; only for views that need one."""
    found: User = current_user._get_current_object()
    return found


def signed_in() -> SignedIn:
    """The session of this request; only for views that need a signed-in user."""
    found: SignedIn = g.signed_in
    return found


def scope() -> Scope:
    """What the signed-in user sees; nothing for nobody."""
    return user().scope if current_user.is_authenticated else NOTHING


def allowed(permission: Permission) -> bool:
    role: Role | None = user().role if current_user.is_authenticated else None
    return may(role, permission)


def init_app(app: Flask) -> None:
    login_manager.init_app(app, add_context_processor=False)
    login_manager.user_loader(_load)
    app.before_request(_gate)


def _load(token: str) -> User | None:
    found = sessions.of_token(db.session(), token)
    if found is None or not sessions.is_live(found, _seen_at(), now()):
        return None
    g.signed_in = found
    return found.user


def _seen_at() -> datetime:
    seconds = cookie.get(SEEN)
    return datetime.fromtimestamp(seconds if isinstance(seconds, int) else 0, UTC)


def _gate() -> Response | None:
    if request.endpoint is None:
        return None  # no such page: 404 by the router
    permission = permission_of(current_app, request.endpoint)
    if permission is None:
        abort(403)
    if permission is Permission.PUBLIC:
        request.max_content_length = PUBLIC_BYTES
        return None
    if not current_user.is_authenticated:
        flash(_why_signed_out(), "info")
        return _send_to(url_for("accounts.sign_in", next=_way_back()))
    if not allowed(permission):
        abort(403)
    if request.endpoint not in WITHOUT_SECOND_FACTOR and must_enrol(user()):
        return _send_to(url_for("accounts.second_factor"))
    _mark_seen()
    return None


def _mark_seen() -> None:
    if request.endpoint in BACKGROUND:
        return
    moment = int(now().timestamp())
    if moment - int(_seen_at().timestamp()) > SEEN_EVERY:
        cookie[SEEN] = moment
    if request.method == "POST" and request.endpoint not in current_app.extensions["qingshou.only_reads"]:
        sessions.mark_seen(signed_in())


def must_enrol(account: User) -> bool:
    """Must this account set up its second factor first? The printed accounts need not, on this machine itself."""
    return account.lacks_second_factor and not (account.printed_since and on_loopback())


def on_loopback() -> bool:
    """Does somebody at this very machine ask, and no proxy for somebody else?"""
    if any(name in request.headers for name in ("Forwarded", "X-Forwarded-For", "X-Real-IP")):
        return False
    host = request.host.rpartition(":")[0] if not request.host.endswith("]") else request.host
    try:
        return ip_address(request.remote_addr or "").is_loopback and (host or request.host) in _LOOPBACK_NAMES
    except ValueError:
        return False


def _send_to(url: str) -> Response:
    """Another page, whole, even when htmx asks for a part."""
    if request.headers.get("HX-Request"):
        return Response("", headers={"HX-Redirect": url})
    return redirect(url)


def _here() -> str:
    return request.full_path.rstrip("?")


def _way_back() -> str | None:
    """The page to return to after signing in: this one, or the one whose form was sent. Its draft is there."""
    if request.method == "GET" and not request.headers.get("HX-Request"):
        return _here()
    came = urlsplit(request.referrer or "")
    return came._replace(scheme="", netloc="").geturl() if came.netloc == request.host else None


def local_target(target: str | None) -> str:
    """Where to go after signing in: only a path of this site, never another host."""
    if target and target.startswith("/") and not target.startswith(("//", "/\\")) and target.isprintable():
        parts = urlsplit(target)
        if not parts.scheme and not parts.netloc:
            return target
    return url_for("dashboard.home")


def _why_signed_out() -> str:
    """Only a session that was once ours tells what became of it; without one nothing is told."""
    token = cookie.get(TOKEN)
    found = sessions.of_token(db.session(), token) if isinstance(token, str) else None
    if found is None:
        return str(gettext("Please sign in."))
    if not found.user.active:
        return str(gettext("This account has ended. Ask the administrator if you still need it."))
    if found.ended_at is not None:
        return str(gettext("This session was ended. Please sign in again."))
    return str(gettext("You were signed out because nothing was done for a while. Please sign in again."))


# Coming in.
def source(username: str) -> Source:
    """Where this request comes from, and whether ``username`` has signed in on this device before."""
    device, known = _device()
    return Source(
        address=request.remote_addr or "",
        agent=request.user_agent.string,
        device=device if digest(username)[:16] in known else "",
    )


def _serializer() -> URLSafeTimedSerializer:
    return URLSafeTimedSerializer(current_app.config["SECRET_KEY"], salt="known device")


def _device_cookie() -> str:
    return f"__Host-{DEVICE_COOKIE}" if current_app.config["SESSION_COOKIE_SECURE"] else DEVICE_COOKIE


def _device() -> tuple[str, list[str]]:
    """This browser's number, and the accounts that have signed in with it."""
    try:
        device, known = _serializer().loads(
            request.cookies.get(_device_cookie(), ""), max_age=int(DEVICE_KEPT.total_seconds())
        )
    except (BadData, ValueError, TypeError):
        return secrets.token_hex(16), []
    return str(device), list(known)


def enter(account: User, target: str) -> Response:
    """Begin a session, remember the device, and go on to ``target``. Commits."""
    session, username, role = db.session(), account.username, account.role
    device, known = _device()
    token = sessions.begin(session, account, source(username), device)
    others = other_devices(session, account.id, token)
    audit.record(session, username, "accounts.sign_in", "user", account.id)
    for other in others[:1]:
        said = gettext(
            "This account is also signed in on %(device)s, since %(since)s. If that is not you, end it there."
        )
        flash(said % {"device": other.device or "—", "since": local_time(other.began_at)}, "warning")
    session.commit()
    kept = cookie.get("_flashes")
    cookie.clear()
    cookie.update({TOKEN: token, SEEN: int(now().timestamp())} | ({"_flashes": kept} if kept else {}))
    cookie.permanent = role in COLLECTORS  # a telephone closes its browser at will
    return _remember_device(redirect(target), device, known, username)


def _remember_device(response: Response, device: str, known: list[str], username: str) -> Response:
    mark = digest(username)[:16]
    value = _serializer().dumps([device, [*[k for k in known if k != mark][-7:], mark]])
    response.set_cookie(
        _device_cookie(), value, max_age=DEVICE_KEPT, httponly=True, samesite="Lax",
        secure=current_app.config["SESSION_COOKIE_SECURE"],
    )  # fmt: skip
    return response


def confirm(passphrase: str) -> SignIn:
    """Is this the passphrase of who is signed in? Commits, so that wrong ones count."""
    session, username = db.session(), user().username
    tried = signing.attempt(session, username, source(username))
    session.commit()
    if tried.wait:
        return SignIn.LOCKED
    if not signing.matches(tried, passphrase):
        return SignIn.WRONG
    if signing.accept(session, tried, passphrase) is None:
        return SignIn.WRONG
    signed_in().confirmed_at = now()
    session.commit()
    return SignIn.OK


def leave() -> None:
    """End this session, here and in the table."""
    sessions.end(db.session(), signed_in(), user().username)
    cookie.clear()
