"""Signing in and out; the administrator's list of accounts."""

from urllib.parse import urlsplit

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask_babel import gettext
from flask_login import current_user, logout_user
from sqlalchemy import select
from sqlalchemy.orm import joinedload
from werkzeug.wrappers import Response

from app.accounts import access
from app.accounts.access import requires, user
from app.accounts.actions import AccountRefused, add_user, set_active, set_password
from app.accounts.forms import AccountForm, PasswordForm, SignInForm
from app.accounts.models import User
from app.accounts.rules import Permission, Role
from app.db import db
from app.places.models import Branch, Region
from app.places.rules import Level

bp = Blueprint("accounts", __name__)


def _local(target: str | None) -> str:
    """Where to go after signing in: only a path of this site, never another host."""
    if target and target.startswith("/") and not target.startswith(("//", "/\\")):
        parts = urlsplit(target)
        if not parts.scheme and not parts.netloc:
            return target
    return url_for("dashboard.home")


@bp.route("/login", methods=["GET", "POST"])
@requires(Permission.PUBLIC)
def sign_in() -> str | Response | tuple[str, int]:
    if current_user.is_authenticated:
        return redirect(_local(request.args.get("next")))
    form = SignInForm()
    if form.validate_on_submit():
        outcome = access.sign_in(db.session(), form.username.data.strip(), form.password.data)
        db.session.commit()
        if outcome is access.SignIn.OK:
            return redirect(_local(request.args.get("next")))
        form.password.errors = [*form.password.errors, outcome.label]
        return render_template("accounts/login.html", form=form), 403
    return render_template("accounts/login.html", form=form)


@bp.post("/logout")
@requires(Permission.SIGNED_IN)
def sign_out() -> Response:
    logout_user()
    return redirect(url_for("accounts.sign_in"))


def _account_form() -> AccountForm:
    form = AccountForm()
    form.role.choices = [("", "—"), *((role.value, role.label.render(gettext)) for role in Role)]
    regions = db.session.scalars(
        select(Region).where(Region.level.not_in([Level.VILLAGE])).order_by(Region.code)
    )
    form.region.choices = [("", "—"), *((r.code, r.short) for r in regions)]
    branches = db.session.scalars(
        select(Branch).options(joinedload(Branch.lender)).order_by(Branch.lender_id, Branch.name)
    )
    form.branch.choices = [("", "—"), *((str(b.id), f"{b.lender.name} {b.name}") for b in branches)]
    return form


@bp.route("/accounts/", methods=["GET", "POST"])
@requires(Permission.ACCOUNTS)
def index() -> str | Response | tuple[str, int]:
    form = _account_form()
    status = 200
    if form.validate_on_submit():
        try:
            account = add_user(
                db.session(),
                username=form.username.data,
                name=form.name.data or "",
                role=Role(form.role.data),
                password=form.password.data,
                region_code=form.region.data or None,
                branch_id=int(form.branch.data) if form.branch.data else None,
                actor=user().username,
            )
        except AccountRefused as refused:
            field = form[refused.field]
            field.errors = [*field.errors, refused.message]
            status = 422
        else:
            db.session.commit()
            flash(gettext("%(name)s can sign in now.", name=account.username), "success")
            return redirect(url_for("accounts.index"))
    elif form.is_submitted():
        status = 422
    accounts = db.session.scalars(select(User).options(joinedload(User.region), joinedload(User.branch)))
    page = render_template(
        "accounts/index.html",
        form=form,
        accounts=sorted(accounts, key=_by_role_and_place),
        min_password=access.MIN_PASSWORD,
    )
    return page, status


def _by_role_and_place(account: User) -> tuple[bool, int, str, str]:
    """Those who may sign in first, each role together, in the order of the places."""
    place = account.branch.name if account.branch else account.region_code or ""
    return not account.active, list(Role).index(account.role), place, account.username


def _account(account_id: int) -> User:
    return db.get_or_404(User, account_id)


def _account_page(account: User, form: PasswordForm) -> str:
    return render_template(
        "accounts/show.html",
        account=account,
        form=form,
        min_password=access.MIN_PASSWORD,
        is_own=account.id == user().id,
    )


@bp.get("/accounts/<int:account_id>")
@requires(Permission.ACCOUNTS)
def show(account_id: int) -> str:
    """One account: a new password, or its end."""
    return _account_page(_account(account_id), PasswordForm())


@bp.post("/accounts/<int:account_id>/active")
@requires(Permission.ACCOUNTS)
def activate(account_id: int) -> Response:
    """End an account, or let it sign in again."""
    account = _account(account_id)
    if account.id == user().id:
        flash(gettext("You cannot end your own account."), "danger")
        return redirect(url_for("accounts.show", account_id=account_id))
    set_active(db.session(), account, request.form.get("active") == "1", user().username)
    db.session.commit()
    said = (
        gettext("%(name)s can sign in again.")
        if account.active
        else gettext("%(name)s can no longer sign in.")
    )
    flash(said % {"name": account.username}, "success")
    return redirect(url_for("accounts.index"))


@bp.post("/accounts/<int:account_id>/password")
@requires(Permission.ACCOUNTS)
def password(account_id: int) -> str | Response | tuple[str, int]:
    """A new password for somebody who has forgotten the old one."""
    account, form = _account(account_id), PasswordForm()
    if not form.validate_on_submit():
        return _account_page(account, form), 422
    try:
        set_password(db.session(), account, form.password.data, user().username)
    except AccountRefused as refused:
        form.password.errors = [*form.password.errors, refused.message]
        return _account_page(account, form), 422
    db.session.commit()
    flash(gettext("%(name)s has a new password; open sessions have ended.", name=account.username), "success")
    return redirect(url_for("accounts.index"))
