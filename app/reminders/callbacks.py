"""Where a provider reports: receipts and replies. Open to everybody, believed only with the provider's signature."""

from collections.abc import Callable

from flask import Blueprint, Response, abort, current_app, request

from app.accounts.access import requires
from app.accounts.rules import Permission
from app.db import db
from app.reminders.inbound import hear, take_inbound
from app.sms.protocol import Callback, Provider
from app.today import business_date, now

bp = Blueprint("callbacks", __name__, url_prefix="/sms")
_DONE = '<?xml version="1.0" encoding="UTF-8"?><Response/>'


def _provider() -> Provider:
    current: Callable[[], Provider] = current_app.extensions["qingshou.sms_provider"]
    return current()


def _callback() -> Callback:
    path = request.full_path if request.query_string else request.path
    return Callback(path, request.form, request.headers.get("X-Twilio-Signature", ""))


def _taken() -> Response:
    return Response(_DONE, mimetype="text/xml")


@bp.post("/receipts/<token>")
@requires(Permission.PUBLIC)
def receipt(token: str) -> Response:
    """What became of a message; early, late, twice or out of order. 403 for what is not signed."""
    provider, session = _provider(), db.session()
    told = provider.parse_receipt(_callback())
    if told is None:
        abort(403)
    hear(session, provider.name, told, business_date(session), now())
    session.commit()
    return _taken()


@bp.post("/inbound")
@requires(Permission.PUBLIC)
def inbound() -> Response:
    """A borrower's reply, once however often it is brought. 403 for what is not signed."""
    provider, session = _provider(), db.session()
    reply = provider.parse_inbound(_callback())
    if reply is None:
        abort(403)
    take_inbound(session, provider.name, reply, business_date(session), now())
    session.commit()
    return _taken()
