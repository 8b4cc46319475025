"""Signing in, and the one gate every request passes: its page's permission, then the account's scope."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any, ParamSpec, TypeVar

from argon2 import PasswordHasher
from argon2.exceptions import Argon2Error, InvalidHashError
from flask import Flask, abort, current_app, flash, redirect, request, url_for
from flask import session as cookie
from flask_babel import gettext
from flask_login import LoginManager, current_user, login_user
from sqlalchemy import select
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response

from app import audit
from app.accounts.models import User
from app.accounts.rules import NOTHING, Permission, Role, Scope, may
from app.db import db
from app.labels import Labelled, T
from app.today import now

_ATTRIBUTE = "qingshou_permission"
FREE_ATTEMPTS = 5
LOCK_MINUTES = 5
MIN_PASSWORD = 10

P = ParamSpec("P")
R = TypeVar("R")

login_manager = LoginManager()
_hasher = PasswordHasher()
_NOBODY = _hasher.hash("nobody's password, hashed so that an unknown name takes as long as a known one")


class SignIn(Labelled):
    OK = "ok", T("Signed in")
    WRONG = "wrong", T("User name or password is wrong.")
    LOCKED = "locked", T("Too many wrong passwords. Wait five minutes and try again.")


def requires(permission: Permission) -> Callable[[Callable[P, R]], Callable[P, R]]:
    """Declare what a view needs. A view without a declaration is refused to everybody."""

    def mark(view: Callable[P, R]) -> Callable[P, R]:
        setattr(view, _ATTRIBUTE, permission)
        return view

    return mark


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
    signed_in: User = current_user._get_current_object()
    return signed_in


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


def _load(name: str) -> User | None:
    number, _, epoch = name.partition(".")
    if not (number.isdigit() and epoch.isdigit()):
        return None
    found = db.session.get(User, int(number))
    return found if found and found.active and found.session_epoch == int(epoch) else None


def _gate() -> Response | None:
    if request.endpoint is None:
        return None  # no such page: 404 by the router
    permission = permission_of(current_app, request.endpoint)
    if permission is None:
        abort(403)
    if permission is Permission.PUBLIC or allowed(permission):
        return None
    if current_user.is_authenticated:
        abort(403)
    flash(_why_signed_out(), "info")
    target = request.full_path.rstrip("?") if request.method == "GET" else None
    return redirect(url_for("accounts.sign_in", next=target))


def _why_signed_out() -> str:
    """Only a session that was once ours tells what became of its account; without one it is not told."""
    number = str(cookie.get("_user_id", "")).partition(".")[0]
    found = db.session.get(User, int(number)) if number.isdecimal() and len(number) < 19 else None
    if found is not None and not found.active:
        return str(gettext("This account has ended. Ask the administrator if you still need it."))
    return str(gettext("Please sign in."))


def hash_password(password: str) -> str:
    return _hasher.hash(password)


def sign_in(
    session: Session, username: str, password: str, remember: Callable[[User], Any] = login_user
) -> SignIn:
    """Check a password and start a session. Repeated failures hold the account for some minutes."""
    found = session.scalar(select(User).where(User.username == username).with_for_update())
    moment = now()
    if found is not None and found.locked_until is not None and found.locked_until > moment:
        return SignIn.LOCKED
    if not _matches(found.password_hash if found else _NOBODY, password) or found is None or not found.active:
        if found is not None:
            _count_failure(session, found)
        return SignIn.WRONG
    found.failed_sign_ins, found.locked_until = 0, None
    if _hasher.check_needs_rehash(found.password_hash):
        found.password_hash = _hasher.hash(password)
    audit.record(session, found.username, "accounts.sign_in", "user", found.id)
    remember(found)
    return SignIn.OK


def _count_failure(session: Session, account: User) -> None:
    account.failed_sign_ins += 1
    if account.failed_sign_ins >= FREE_ATTEMPTS:
        account.failed_sign_ins = 0
        account.locked_until = now() + timedelta(minutes=LOCK_MINUTES)
        audit.record(session, account.username, "accounts.locked", "user", account.id)


def _matches(stored: str, password: str) -> bool:
    try:
        return _hasher.verify(stored, password)
    except (Argon2Error, InvalidHashError):
        return False
