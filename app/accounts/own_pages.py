"""One's own account: where one is signed in, the passphrase, the second factor; and who may do what."""

from flask import abort, flash, redirect, render_template, request, url_for
from flask_babel import gettext
from werkzeug.wrappers import Response

from app.accounts import access, factors, sessions, signing, throttle
from app.accounts.access import fresh, local_target, requires, signed_in, user
from app.accounts.actions import (
    AccountRefused,
    confirm_second_factor,
    propose_second_factor,
    remove_second_factor,
    renew_recovery_codes,
    set_password,
)
from app.accounts.forms import CodeForm, ConfirmForm, NewPasswordForm
from app.accounts.models import SignedIn
from app.accounts.pages import Answer, bp
from app.accounts.passphrases import MIN_PASSWORD
from app.accounts.queries import live_sessions, recovery_codes_left
from app.accounts.rules import MEANING, NEEDS_SECOND_FACTOR, Permission, Role, limits_of, may
from app.accounts.signing import SignIn
from app.db import db
from app.labels import T, Text


@bp.get("/me")
@requires(Permission.SIGNED_IN)
def me() -> str:
    """Who I am here, and where I am signed in."""
    return _own_page(NewPasswordForm())


def _own_page(form: NewPasswordForm) -> str:
    session, account = db.session(), user()
    return render_template(
        "accounts/me.html",
        account=account,
        form=form,
        own=signed_in(),
        live=live_sessions(session, account.id),
        lasts=_lasts(account.role),
        codes_left=recovery_codes_left(session, account.id),
        must_have=account.role in NEEDS_SECOND_FACTOR,
        min_password=MIN_PASSWORD,
    )


def _lasts(role: Role) -> Text:
    limits = limits_of(role)
    idle, whole = (int(span.total_seconds()) // 3600 for span in (limits.idle, limits.absolute))
    if whole % 24 == 0:
        return T("%(idle)s hours without a page, %(days)s days at most", idle=idle, days=whole // 24)
    return T("%(idle)s hours without a page, %(hours)s hours at most", idle=idle, hours=whole)


@bp.post("/me/password")
@requires(Permission.SIGNED_IN)
@fresh
def own_password() -> Answer:
    """Another passphrase; my other sessions end."""
    form, session = NewPasswordForm(), db.session()
    if not form.validate_on_submit():
        return _own_page(form), 422
    try:
        set_password(session, user(), form.password.data, user().username, but=signed_in().id)
    except AccountRefused as refused:
        form.password.errors = [*form.password.errors, refused.message]
        return _own_page(form), 422
    session.commit()
    flash(gettext("Your password is changed; your other sessions have ended."), "success")
    return redirect(url_for("accounts.me"))


@bp.post("/me/sessions/<int:session_id>/end")
@requires(Permission.SIGNED_IN)
def end_session(session_id: int) -> Response:
    """End one of my sessions; 404 for anybody else's."""
    session = db.session()
    found = session.get(SignedIn, session_id)
    if found is None or found.user_id != user().id:
        abort(404)
    sessions.end(session, found, user().username)
    session.commit()
    flash(gettext("That session has ended."), "success")
    return redirect(url_for("accounts.me"))


@bp.post("/me/sessions/end")
@requires(Permission.SIGNED_IN)
def end_other_sessions() -> Response:
    """End all of my sessions but this one."""
    session = db.session()
    sessions.end_all(session, user(), user().username, but=signed_in().id)
    session.commit()
    flash(gettext("Your other sessions have ended."), "success")
    return redirect(url_for("accounts.me"))


@bp.route("/me/second-factor", methods=["GET", "POST"])
@requires(Permission.SIGNED_IN)
def second_factor() -> Answer:
    """Set it up: begin, read the secret into the app, give the first code, keep the recovery codes."""
    session, account, form = db.session(), user(), CodeForm()
    if account.totp_since is not None:
        return redirect(url_for("accounts.me"))
    if request.method == "POST" and "code" not in request.form:
        propose_second_factor(session, account)
        session.commit()
        return redirect(url_for("accounts.second_factor"))
    if form.validate_on_submit():
        counted = signing.count_code(session, account, access.source(account.username))
        session.commit()
        try:
            if counted.wait:
                raise AccountRefused("code", SignIn.LOCKED.label)
            codes = confirm_second_factor(session, account, form.code.data)
        except AccountRefused as refused:
            form.code.errors = [*form.code.errors, refused.message]
        else:
            throttle.forgive(session, counted)
            session.commit()
            return render_template("accounts/recovery_codes.html", codes=codes, account=account)
    secret = account.totp_secret
    page = render_template(
        "accounts/second_factor.html",
        form=form,
        secret=secret,
        qr=factors.qr_code(factors.address_of(secret, account.username)) if secret else None,
        must_have=access.must_enrol(account),
    )
    return page, 422 if form.errors else 200


@bp.post("/me/second-factor/remove")
@requires(Permission.SIGNED_IN)
@fresh
def remove_own_second_factor() -> Response:
    """A new telephone: the old one counts no longer; whoever must have one sets it up again at once."""
    remove_second_factor(db.session(), user(), user().username)
    db.session.commit()
    flash(gettext("The second factor is removed."), "success")
    return redirect(url_for("accounts.second_factor"))


@bp.post("/me/recovery-codes")
@requires(Permission.SIGNED_IN)
@fresh
def recovery_codes() -> Answer:
    """Ten new recovery codes; the old ones are void."""
    session, account = db.session(), user()
    if account.totp_since is None:
        return redirect(url_for("accounts.second_factor"))
    codes = renew_recovery_codes(session, account)
    session.commit()
    return render_template("accounts/recovery_codes.html", codes=codes, account=account)


@bp.route("/me/confirm", methods=["GET", "POST"])
@requires(Permission.SIGNED_IN)
def confirm() -> Answer:
    """The passphrase again, before a page that needs it; then on to that page."""
    form = ConfirmForm()
    target = local_target(request.args.get("next"))
    if form.validate_on_submit():
        outcome = access.confirm(form.password.data)
        if outcome is SignIn.OK:
            return redirect(target)
        said = gettext("This is not your password.") if outcome is SignIn.WRONG else outcome.label
        form.password.errors = [*form.password.errors, said]
    error = form.password.errors[0] if form.password.errors else ""
    page = render_template(
        "accounts/confirm.html",
        action=request.full_path,
        kept=[],
        error=error,
        field_name="password",
        files=(),
    )
    return page, 403 if error else 200


@bp.get("/permissions")
@requires(Permission.SIGNED_IN)
def permissions() -> str:
    """Who may do what: the table itself."""
    table = [(MEANING[p], [may(role, p) for role in Role]) for p in Permission if p is not Permission.PUBLIC]
    return render_template("accounts/permissions.html", roles=list(Role), table=table, own=user().role)
