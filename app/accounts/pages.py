"""Signing in and out, the second factor's code, and setting the first passphrase by an invitation."""

from datetime import timedelta

from flask import Blueprint, redirect, render_template, request, url_for
from flask import session as cookie
from flask_login import current_user
from flask_wtf import FlaskForm
from werkzeug.wrappers import Response

from app.accounts import access, signing
from app.accounts.access import local_target, requires
from app.accounts.actions import AccountRefused, take_invitation
from app.accounts.forms import CodeForm, NewPasswordForm, SignInForm
from app.accounts.models import User
from app.accounts.passphrases import MIN_PASSWORD
from app.accounts.queries import invitation_of
from app.accounts.rules import Permission
from app.accounts.signing import SignIn
from app.db import db
from app.today import now

bp = Blueprint("accounts", __name__)

HALF = "half"  # in the cookie: the passphrase was right, the code is still to come
HALF_WAY = timedelta(minutes=5)
Answer = str | Response | tuple[str, int] | tuple[str, int, dict[str, str]]


def _refused(
    template: str, form: FlaskForm, field: str, outcome: SignIn, wait: timedelta | None = None
) -> Answer:
    """The page again, with what was wrong; with 429 and how long to wait when there were too many tries."""
    form[field].errors = [*form[field].errors, outcome.label]
    page = render_template(template, form=form)
    return (page, 429, {"Retry-After": str(int(wait.total_seconds()) + 1)}) if wait else (page, 403)


@bp.route("/login", methods=["GET", "POST"])
@requires(Permission.PUBLIC)
def sign_in() -> Answer:
    if current_user.is_authenticated:
        return redirect(local_target(request.args.get("next")))
    form = SignInForm()
    if not form.validate_on_submit():
        return render_template("accounts/login.html", form=form)
    session, username = db.session(), form.username.data.strip()
    tried = signing.attempt(session, username, access.source(username))
    session.commit()
    if tried.wait:
        return _refused("accounts/login.html", form, "password", SignIn.LOCKED, tried.wait)
    right = signing.matches(tried, form.password.data)
    account = signing.accept(session, tried, form.password.data) if right else None
    if account is None:
        return _refused("accounts/login.html", form, "password", SignIn.WRONG)
    return _first_factor_given(account)


def _first_factor_given(account: User) -> Response:
    """On to the code, or in. Commits."""
    if account.totp_since is None:
        return access.enter(account, local_target(request.args.get("next")))
    cookie[HALF] = [account.id, signing.password_mark(account), int(now().timestamp())]
    db.session.commit()
    return redirect(url_for("accounts.code", next=request.args.get("next")))


def _half_way() -> User | None:
    """The account whose passphrase was given in this browser within five minutes, and has not changed since."""
    try:
        number, mark, moment = cookie[HALF]
        young = 0 <= now().timestamp() - float(moment) < HALF_WAY.total_seconds()
        found = db.session.get(User, int(number))
    except (KeyError, TypeError, ValueError):
        return None
    known = found is not None and found.active and signing.password_mark(found) == mark
    return found if known and young else None


@bp.route("/login/code", methods=["GET", "POST"])
@requires(Permission.PUBLIC)
def code() -> Answer:
    """The second factor: a code of the app, or a recovery code."""
    account = _half_way()
    if account is None:
        return redirect(url_for("accounts.sign_in", next=request.args.get("next")))
    form = CodeForm()
    if not form.validate_on_submit():
        return render_template("accounts/code.html", form=form), 422 if form.is_submitted() else 200
    session, number = db.session(), account.id
    counted = signing.count_code(session, account, access.source(account.username))
    session.commit()
    if counted.wait:
        return _refused("accounts/code.html", form, "code", SignIn.LOCKED, counted.wait)
    account = session.get_one(User, number)
    if not signing.accept_code(session, account, form.code.data, counted):
        session.commit()
        return _refused("accounts/code.html", form, "code", SignIn.WRONG_CODE)
    return access.enter(account, local_target(request.args.get("next")))


@bp.route("/welcome/<token>", methods=["GET", "POST"])
@requires(Permission.PUBLIC)
def welcome(token: str) -> Answer:
    """An invitation: its holder sets a passphrase, and is in."""
    session, form = db.session(), NewPasswordForm()
    invitation = invitation_of(session, token)
    if invitation is None:
        return render_template("accounts/welcome.html", invitation=None), 404
    status = 422 if form.is_submitted() else 200
    if form.validate_on_submit():
        try:
            return _first_factor_given(take_invitation(session, invitation, form.password.data))
        except AccountRefused as refused:
            session.rollback()
            form.password.errors = [*form.password.errors, refused.message]
    page = render_template(
        "accounts/welcome.html", invitation=invitation, form=form, min_password=MIN_PASSWORD
    )
    return page, status


@bp.post("/logout")
@requires(Permission.SIGNED_IN)
def sign_out() -> Response:
    access.leave()
    db.session.commit()
    return redirect(url_for("accounts.sign_in"))
