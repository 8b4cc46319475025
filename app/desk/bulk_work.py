"""Many cases at once: their next step, and papers for all of them."""

from datetime import date

from flask import flash, redirect, request, url_for
from flask_babel import gettext

from app.accounts.access import requires, user
from app.accounts.rules import COLLECTORS, Permission
from app.cases.actions import EventRefused
from app.cases.queries import open_ones
from app.contacts.actions import ContactRefused, Entry, add_contact
from app.contacts.rules import NextAction
from app.db import db
from app.desk.bulk import MOST_STEPS, Answer, changed_since, here, meant_now, page
from app.desk.pages import bp
from app.papers.actions import PapersRefused, print_for
from app.papers.rules import PaperKind

_NOTE_LENGTH = 200


def _day(name: str) -> tuple[date | None, dict[str, str]]:
    """The day that was typed, or what is wrong with it."""
    try:
        return date.fromisoformat(request.form.get(name, "")), {}
    except ValueError:
        return None, {name: gettext("This is no date like 2023-12-05.")}


@bp.post("/cases/bulk/next")
@requires(Permission.NOTES)
def bulk_next() -> Answer:
    """Set the next step of a collector's own line, with a note on each case."""
    session, meant = db.session(), meant_now()
    step = next((one for one in NextAction if one == request.form.get("step")), None)
    on, errors = _day("next_on")
    text = request.form.get("text", "").strip()
    if step is None:
        errors["step"] = gettext("Choose the next step.")
    if not text or len(text) > _NOTE_LENGTH:
        errors["text"] = gettext("Write a note, in at most %(n)s characters.", n=_NOTE_LENGTH)
    if meant.touched.cases > MOST_STEPS:
        errors["step"] = gettext(
            "A next step can be set for at most %(n)s cases at once. Narrow the filter.", n=MOST_STEPS
        )
    if user().role not in COLLECTORS:
        errors["step"] = gettext("A next step belongs to a collector; give the cases to one.")
    if errors:
        return page(meant, errors), 422
    if changed := changed_since(meant):
        return page(meant, changed), 409
    found = open_ones(session, meant.chosen)
    entry = Entry(text, next_action=step, next_action_on=on)
    try:
        for case in found:
            add_contact(session, case, user(), entry, meant.today)
        session.commit()
    except ContactRefused as refused:
        session.rollback()
        return page(meant_now(), {refused.field: refused.message.render(gettext)}), 422
    except EventRefused as refused:
        session.rollback()
        return page(meant_now(), {"step": refused.message.render(gettext)}), 422
    flash(gettext("%(n)s cases have this next step now.", n=len(found)), "success")
    if left := meant.touched.cases - len(found):
        flash(gettext("%(n)s are closed.", n=left), "warning")
    return redirect(here())


@bp.post("/cases/bulk/print")
@requires(Permission.PAPERS)
def bulk_print() -> Answer:
    """One file of papers for the cases."""
    session, meant = db.session(), meant_now()
    kind = next((one for one in PaperKind if one == request.form.get("kind")), None)
    on, errors = _day("pay_by")
    if kind is None:
        errors["kind"] = gettext("Choose the paper.")
    if kind is None or on is None:
        return page(meant, errors), 422
    if changed := changed_since(meant):
        return page(meant, changed), 409
    try:
        done = print_for(session, meant.chosen, kind, user(), meant.today, on)
        session.commit()
    except PapersRefused as refused:
        session.rollback()
        return page(meant_now(), {refused.field: refused.message.render(gettext)}), 422
    flash(gettext("%(n)s papers are ready.", n=done.run.count), "success")
    if left := done.closed + done.marked:
        flash(gettext("%(n)s cases are closed or in hardship and were left out.", n=left), "warning")
    return redirect(url_for("papers.run", run_id=done.run.id))
