"""The rules that apply here, for everybody who works with them; the office sets them."""

from flask import Blueprint, flash, redirect, render_template, url_for
from flask_babel import gettext
from werkzeug.wrappers import Response

from app.accounts.access import allowed, requires, scope, user
from app.accounts.rules import Permission
from app.db import db
from app.policies.actions import set_value
from app.policies.forms import PolicyForm
from app.policies.queries import Policies, history, places_within
from app.policies.rules import KEYS, Key, PolicyRefused, entry
from app.today import business_date

bp = Blueprint("policies", __name__, url_prefix="/policies")


@bp.get("")
@requires(Permission.LOANS)
def index() -> str:
    """Every number with what holds today at the reader's place, its bounds and source; what was set, and when."""
    return _page(_form())


def _form() -> PolicyForm:
    form = PolicyForm()
    form.prepare(places_within(db.session(), scope().region or ""))
    return form


def _page(form: PolicyForm) -> str:
    session, place = db.session(), scope().region or ""
    today = business_date(session)
    numbers = Policies(session, today)
    return render_template(
        "policies/index.html",
        numbers=[(key, own, numbers(key, place)) for key, own in KEYS.items()],
        entry=entry,
        keys=KEYS,
        rows=history(session, place),
        today=today,
        form=form if allowed(Permission.POLICIES) else None,
    )


@bp.post("")
@requires(Permission.POLICIES)
def put() -> Response | tuple[str, int]:
    """Set a number from a day on."""
    session, form = db.session(), _form()
    if not form.validate_on_submit():
        return _page(form), 422
    try:
        made = set_value(
            session, Key(form.key.data), form.value.data, form.starts_on.data, form.reason.data, user(),
            business_date(session), region=form.region.data,
        )  # fmt: skip
        session.commit()
    except PolicyRefused as refused:
        session.rollback()
        form[refused.field].errors = [refused.message.render(gettext)]
        return _page(form), 422
    flash(gettext("Saved. It holds from %(day)s on.", day=made.starts_on.isoformat()), "success")
    return redirect(url_for("policies.index"))
