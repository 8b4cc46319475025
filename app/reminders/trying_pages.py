"""A borrower's phone, where the instance only tries out: what it shows, and what it answers."""

from flask import abort, current_app, flash, redirect, render_template, request, url_for
from flask_babel import gettext
from werkzeug.wrappers import Response

from app.accounts.access import requires, scope
from app.accounts.rules import Permission
from app.db import db
from app.reminders import lists
from app.reminders.forms import ReplyForm
from app.reminders.models import OutboxMessage
from app.reminders.pages import bp
from app.reminders.trying import GONE, conversation, newest_told, reply
from app.sms.sandbox import Sandbox
from app.today import business_date, now
from app.web import LARGEST_ID


def _only_trying() -> None:
    if current_app.extensions["qingshou.sms_provider"]().name != Sandbox.name:
        abort(404)


def _message(number: int) -> OutboxMessage:
    found = lists.find_message(db.session(), number, scope()) if 0 < number < LARGEST_ID else None
    if found is None or found.state not in GONE:
        abort(404)
    return found


@bp.get("/phone")
@requires(Permission.REMINDERS)
def phone() -> str:
    """The newest messages, and one phone."""
    _only_trying()
    found = newest_told(db.session(), scope())
    chosen = request.args.get("message", type=int)
    shown = _message(chosen) if chosen else (found[0] if found else None)
    return _page(found, shown, ReplyForm(formdata=None))


def _page(found: list[OutboxMessage], shown: OutboxMessage | None, form: ReplyForm) -> str:
    lines = conversation(db.session(), shown) if shown else []
    return render_template("reminders/phone.html", messages=found, shown=shown, lines=lines, form=form)


@bp.post("/phone/<int:message_id>")
@requires(Permission.REMINDERS)
def answer(message_id: int) -> Response | tuple[str, int]:
    """The borrower writes back."""
    _only_trying()
    session, message, form = db.session(), _message(message_id), ReplyForm()
    if not form.validate_on_submit():
        return _page(newest_told(session, scope()), message, form), 422
    reply(session, message, form.text.data, business_date(session), now())
    session.commit()
    flash(gettext("The reply has come in: it is on the case, and in the collectors' lists."), "success")
    return redirect(url_for("reminders.phone", message=message_id))
