"""The trail for those who look over others' shoulders: what was done by whom, and who saw a borrower."""

from datetime import date, datetime, time, timedelta

from flask import Blueprint, abort, render_template, request
from flask_babel import gettext

from app.accounts.access import allowed, requires, scope, user
from app.accounts.rules import COLLECTORS, Permission
from app.audit import AuditEntry
from app.cases.queries import place_of
from app.clock import SHANGHAI
from app.db import db
from app.policies.queries import Policies
from app.policies.rules import Key
from app.today import business_date, now
from app.trail import entries
from app.trail.entries import COUNT_LIMIT, Wanted
from app.trail.names import ENTITIES, EXPORTS, NAMES, entity_label, label_of, parts_of
from app.trail.person import corrections, find_borrower
from app.web import LARGEST_ID, PAGE_SIZE, page_of

bp = Blueprint("trail", __name__, url_prefix="/trail")
ALERT_DAYS = 7
EXPORTS_SHOWN = 20


def _day(name: str, after: bool = False) -> datetime | None:
    """The beginning of a day that is asked for, or of the one after it; 400 when it is none."""
    text = request.args.get(name)
    if not text:
        return None
    try:
        on = date.fromisoformat(text) + timedelta(days=after)
    except (ValueError, OverflowError):
        abort(400)
    return datetime.combine(on, time(), SHANGHAI)


def _number(name: str) -> int | None:
    text = request.args.get(name)
    if not text:
        return None
    if not (text.isascii() and text.isdigit() and int(text) < LARGEST_ID):
        abort(400)
    return int(text)


def _wanted() -> Wanted:
    asked = request.args
    return Wanted(
        actor=asked.get("actor", "").strip()[:64],
        action=asked.get("action", "")[:64],
        entity=asked.get("entity", "")[:32],
        entity_id=asked.get("entity_id", "").strip()[:64],
        since=_day("from"),
        until=_day("to", after=True),
    )


def _told(found: list[AuditEntry]) -> dict[str, object]:
    names = entries.names_of(db.session(), {entry.actor for entry in found})
    return {"names": names, "label_of": label_of, "entity_label": entity_label, "parts_of": parts_of}


@bp.get("/")
@requires(Permission.AUDIT)
def index() -> str:
    """The trail, the newest first, with what is unusual above it."""
    session, mine, wanted = db.session(), scope(), _wanted()
    found = list(entries.listed(session, mine, wanted, _number("after"), PAGE_SIZE + 1))
    number = entries.count(session, mine, wanted)
    page = page_of(found, min(number, COUNT_LIMIT), lambda one: one.id, number > COUNT_LIMIT)
    today = business_date(session)
    limit = Policies(session, today)(Key.BULK_READING, place_of(session, mine))
    alerts = entries.bulk_since(session, mine, now() - timedelta(days=ALERT_DAYS), limit)
    told = _told([*page.rows])
    told["names"] |= entries.names_of(session, {one.actor for one in alerts})  # type: ignore[operator]
    return render_template(
        "trail/index.html",
        page=page,
        wanted=wanted,
        asked=request.args,
        filtered=any(request.args.get(n) for n in ("actor", "action", "entity", "entity_id", "from", "to")),
        actions=sorted(NAMES, key=lambda name: (name.partition(".")[0], NAMES[name].render(gettext))),
        entities=ENTITIES,
        alerts=alerts,
        limit=limit,
        open_corrections=len(corrections(session, mine, False, PAGE_SIZE + 1))
        if allowed(Permission.PRIVACY)
        else 0,
        **told,
    )


@bp.get("/borrower/<int:borrower_id>")
@requires(Permission.AUDIT)
def borrower(borrower_id: int) -> str:
    """Who saw this borrower, and what was done."""
    session, mine = db.session(), scope()
    found = find_borrower(session, borrower_id, mine) if borrower_id < LARGEST_ID else None
    if found is None:
        abort(404)
    wanted = Wanted(borrower_id=borrower_id)
    rows = list(entries.listed(session, mine, wanted, _number("after"), PAGE_SIZE + 1))
    number = entries.count(session, mine, wanted)
    page = page_of(rows, min(number, COUNT_LIMIT), lambda one: one.id, number > COUNT_LIMIT)
    exports = list(entries.exports_of(session, mine, EXPORTS_SHOWN))
    return render_template(
        "trail/borrower.html",
        borrower=found,
        page=page,
        exports=exports,
        export_names=EXPORTS,
        in_full=user().role in COLLECTORS,
        **_told([*page.rows, *exports]),
    )
