"""The channel: its price and limits, and the numbers that want no messages."""

from flask import abort, current_app, flash, redirect, render_template, url_for
from flask_babel import gettext
from werkzeug.wrappers import Response

from app.accounts.access import requires, scope, user
from app.accounts.rules import Permission
from app.db import db
from app.money import yuan
from app.reminders.channels import lift, set_costs, stopped_numbers
from app.reminders.forms import CostsForm, StopForm
from app.reminders.models import SmsChannel
from app.reminders.pages import bp
from app.reminders.queries import spent
from app.reminders.rules import USUAL_PRICE
from app.reminders.texts import TextRefused
from app.today import business_date, moment, now

Answer = str | Response | tuple[str, int]


def _name() -> str:
    return str(current_app.extensions["qingshou.sms_provider"]().name)


@bp.route("/channel", methods=["GET", "POST"])
@requires(Permission.REMINDERS)
def channel() -> Answer:
    """What a part costs, what may be spent, and whom nothing is sent to."""
    session = db.session()
    found = session.get(SmsChannel, _name())
    standing = (found.price, found.daily_limit, found.monthly_limit) if found else (USUAL_PRICE, 0, 0)
    form = CostsForm(data=dict(zip(("price", "daily", "monthly"), map(yuan, standing), strict=True)))
    if form.validate_on_submit():
        try:
            set_costs(session, _name(), *form.amounts(), user(), form.reason.data)
            session.commit()
        except TextRefused as refused:
            session.rollback()
            form.tell(refused.field, *refused.messages)
        else:
            flash(gettext("Saved."), "success")
            return redirect(url_for("reminders.channel"))
    return _page(form, StopForm(formdata=None)), 422 if form.is_submitted() else 200


def _page(form: CostsForm, lifting: StopForm) -> str:
    session = db.session()
    return render_template(
        "reminders/channel.html",
        form=form,
        lifting=lifting,
        provider=_name(),
        spend=spent(session, moment(session)),
        stopped=stopped_numbers(session, scope()),
    )


@bp.post("/channel/stopped/<int:stop_id>/lift")
@requires(Permission.REMINDERS)
def lift_stop(stop_id: int) -> Answer:
    """Messages may go there again: the owner of the number has asked for it."""
    session, form = db.session(), StopForm()
    found = next((one for one in stopped_numbers(session, scope()) if one.id == stop_id), None)
    if found is None:
        abort(404)
    if not form.validate_on_submit():
        return _page(CostsForm(formdata=None), form), 422
    lift(session, found, user(), form.reason.data, business_date(session), now())
    session.commit()
    flash(gettext("Messages may go to this number again."), "success")
    return redirect(url_for("reminders.channel"))
