"""The rules that apply here, for everybody who works with them; the office sets them."""

from flask import Blueprint, abort, flash, redirect, render_template, url_for
from flask_babel import gettext
from werkzeug.wrappers import Response

from app.accounts.access import allowed, requires, scope, user
from app.accounts.rules import Permission
from app.db import db
from app.places.queries import lenders
from app.policies.actions import end_value, set_value
from app.policies.forms import EndForm, PolicyForm
from app.policies.queries import Policies, ends, find, history, holding, named, places_within
from app.policies.rules import KEYS, Key, PolicyRefused, entry, groups
from app.today import business_date

bp = Blueprint("policies", __name__, url_prefix="/policies")


@bp.get("")
@requires(Permission.LOANS)
def index() -> str:
    """Every number with what holds today at the reader's place, its bounds and source; what was set, and when."""
    return _page(_form())


def _form() -> PolicyForm:
    session, form = db.session(), PolicyForm()
    form.prepare(places_within(session, scope().region or ""), lenders(session))
    return form


def _page(form: PolicyForm, end_form: EndForm | None = None, end_id: int | None = None) -> str:
    session, place = db.session(), scope().region or ""
    today = business_date(session)
    numbers, rows, may_set = Policies(session, today), history(session, place), allowed(Permission.POLICIES)
    until = ends(rows)
    places, people = named(session, rows)
    return render_template(
        "policies/index.html",
        groups=groups(),
        numbers={
            key: (own, numbers(key, place), holding(rows, key, place, today)) for key, own in KEYS.items()
        },
        entry=entry,
        keys=KEYS,
        rows=rows,
        until=until,
        places=places,
        people=people,
        lender_names={one.id: one.name for one in lenders(session)},
        endable={
            row.id
            for row in rows
            if may_set and row.region_code.startswith(place) and until[row.id] > max(today, row.starts_on)
        },
        today=today,
        form=form if may_set else None,
        end_form=end_form,
        end_id=end_id,
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
            lender_id=int(form.lender.data) if form.lender.data else None,
        )  # fmt: skip
        session.commit()
    except PolicyRefused as refused:
        session.rollback()
        form[refused.field].errors = [refused.message.render(gettext)]
        return _page(form), 422
    flash(gettext("Saved. It holds from %(day)s on.", day=made.starts_on.isoformat()), "success")
    return redirect(url_for("policies.index"))


@bp.post("/<int:policy_id>/end")
@requires(Permission.POLICIES)
def end(policy_id: int) -> Response | tuple[str, int]:
    """Let a value hold no more from a day on."""
    session, form = db.session(), EndForm(prefix=f"end-{policy_id}-")
    row = find(session, policy_id, scope().region or "")
    if row is None:
        abort(404)
    if not form.validate_on_submit():
        return _page(_form(), form, policy_id), 422
    try:
        end_value(session, row, form.on.data, form.reason.data, user(), business_date(session))
        session.commit()
    except PolicyRefused as refused:
        session.rollback()
        form[refused.field].errors = [refused.message.render(gettext)]
        return _page(_form(), form, policy_id), 422
    flash(gettext("Saved. The value ends."), "success")
    return redirect(url_for("policies.index"))
