"""The administrator's pages: accounts, their invitations, sessions and second factors."""

from flask import current_app, flash, redirect, render_template, request, url_for
from flask_babel import gettext
from sqlalchemy import select
from sqlalchemy.orm import joinedload
from werkzeug.wrappers import Response

from app.accounts import factors, own_pages, sessions
from app.accounts.access import fresh, requires, user
from app.accounts.actions import AccountRefused, add_user, invite, remove_second_factor, set_active
from app.accounts.forms import AccountForm
from app.accounts.models import User
from app.accounts.pages import Answer, bp
from app.accounts.queries import live_sessions, open_invitation, places_signed_in
from app.accounts.rules import NEEDS_SECOND_FACTOR, Permission, Role
from app.db import db
from app.places.models import Branch, Region
from app.places.rules import Level

__all__ = ["bp", "own_pages"]


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


@bp.get("/accounts/")
@requires(Permission.ACCOUNTS)
def index() -> str:
    return _list_page(_account_form())


@bp.post("/accounts/")
@requires(Permission.ACCOUNTS)
@fresh
def add() -> Answer:
    """A new account, and the link by which its holder sets a passphrase."""
    form, session = _account_form(), db.session()
    if not form.validate_on_submit():
        return _list_page(form), 422
    try:
        account = add_user(
            session,
            username=form.username.data,
            name=form.name.data or "",
            role=Role(form.role.data),
            region_code=form.region.data or None,
            branch_id=int(form.branch.data) if form.branch.data else None,
            actor=user().username,
        )
    except AccountRefused as refused:
        field = form[refused.field]
        field.errors = [*field.errors, refused.message]
        return _list_page(form), 422
    token = invite(session, account, user().username)
    session.commit()
    return _invitation_page(account, token)


def _list_page(form: AccountForm) -> str:
    session = db.session()
    accounts = session.scalars(select(User).options(joinedload(User.region), joinedload(User.branch)))
    return render_template(
        "accounts/index.html",
        form=form,
        accounts=sorted(accounts, key=_by_role_and_place),
        devices=places_signed_in(session),
    )


def _by_role_and_place(account: User) -> tuple[bool, int, str, str]:
    """Those who may sign in first, each role together, in the order of the places."""
    place = account.branch.name if account.branch else account.region_code or ""
    return not account.active, list(Role).index(account.role), place, account.username


def _account(account_id: int) -> User:
    return db.get_or_404(User, account_id)


def _invitation_page(account: User, token: str) -> str:
    """The link, once: it is to be printed or handed over, and only its hash is kept."""
    path = url_for("accounts.welcome", token=token)
    link = (current_app.config["PUBLIC_URL"] or request.host_url.rstrip("/")) + path
    return render_template(
        "accounts/invitation.html",
        account=account,
        link=link,
        qr=factors.qr_code(link),
        invitation=open_invitation(db.session(), account.id),
    )


@bp.get("/accounts/<int:account_id>")
@requires(Permission.ACCOUNTS)
def show(account_id: int) -> str:
    """One account: where it is signed in, a new link, its end."""
    session, account = db.session(), _account(account_id)
    return render_template(
        "accounts/show.html",
        account=account,
        live=live_sessions(session, account.id),
        invitation=open_invitation(session, account.id),
        is_own=account.id == user().id,
        must_have=account.role in NEEDS_SECOND_FACTOR,
    )


@bp.post("/accounts/<int:account_id>/active")
@requires(Permission.ACCOUNTS)
@fresh
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


@bp.post("/accounts/<int:account_id>/invite")
@requires(Permission.ACCOUNTS)
@fresh
def invite_again(account_id: int) -> Answer:
    """A link for somebody who has forgotten the password, or whose first link has expired."""
    session, account = db.session(), _account(account_id)
    try:
        token = invite(session, account, user().username)
    except AccountRefused as refused:
        flash(refused.message.render(gettext), "danger")
        return redirect(url_for("accounts.show", account_id=account_id))
    session.commit()
    return _invitation_page(account, token)


@bp.post("/accounts/<int:account_id>/sessions/end")
@requires(Permission.ACCOUNTS)
def end_sessions(account_id: int) -> Response:
    """End all sessions of an account: a telephone was lost, or somebody else sat there."""
    session, account = db.session(), _account(account_id)
    sessions.end_all(session, account, user().username)
    session.commit()
    flash(gettext("The sessions of %(name)s have ended.", name=account.username), "success")
    return redirect(url_for("accounts.show", account_id=account_id))


@bp.post("/accounts/<int:account_id>/second-factor/remove")
@requires(Permission.ACCOUNTS)
@fresh
def reset_second_factor(account_id: int) -> Response:
    """For somebody who has lost telephone and recovery codes; sessions end."""
    session, account = db.session(), _account(account_id)
    remove_second_factor(session, account, user().username)
    session.commit()
    flash(gettext("The second factor of %(name)s is removed.", name=account.username), "success")
    return redirect(url_for("accounts.show", account_id=account_id))
