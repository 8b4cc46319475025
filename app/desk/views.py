"""The case page: what the slices below know of a case, and the forms that change it."""

from datetime import date
from typing import Any

from flask import abort, flash, redirect, render_template, request, url_for
from flask_babel import gettext
from flask_wtf import FlaskForm
from sqlalchemy.exc import IntegrityError
from werkzeug.wrappers import Response

from app.accounts.access import allowed, requires, scope, user
from app.accounts.rules import COLLECTORS, Permission
from app.cases import queries as cases
from app.cases.actions import EventRefused, Overtaken, fire
from app.cases.models import Case
from app.clock import days_past_due
from app.db import db
from app.desk import bulk, bulk_work, household, queue, search  # noqa: F401 - their pages join the blueprint
from app.desk.actions import be_here
from app.desk.forms import MoveForm
from app.desk.pages import bp
from app.desk.panels import Column, Reading, read_panels
from app.desk.queries import at_case, facts_of, next_case
from app.desk.queue import place_in, queue_for
from app.desk.rules import PING_SECONDS, reasons
from app.labels import Text
from app.today import business_date, moment, now


def _case(case_id: int) -> Case:
    found = cases.find_case(db.session(), case_id, scope())
    if found is None:
        abort(404)
    return found


@bp.get("/cases/<int:case_id>")
@requires(Permission.LOANS)
def case(case_id: int) -> str:
    """One case: who and how much, why today, what to do about it, what was done, and the facts."""
    return case_page(_case(case_id))


def case_page(found: Case, **forms: Any) -> str:
    """The page of a case; ``forms`` are forms sent back with their errors, by the name the template gives them."""
    session = db.session()
    reading = Reading(session, found, user(), scope(), moment(session))
    today = reading.today
    panels = read_panels(reading)
    forms = {
        name: form for panel, shown in panels for name, form in panel.forms(reading, shown).items()
    } | forms
    return render_template(
        "desk/case.html",
        case=found,
        loan=found.loan,
        today=today,
        dpd=days_past_due(found.due_on, today) if found.closed_on is None else None,
        others=cases.other_cases(session, found, scope()),
        colleagues=at_case(session, found, user().id, now()),
        ping_seconds=PING_SECONDS,
        work=[(panel, shown) for panel, shown in panels if panel.column is Column.WORK],
        facts_column=[(panel, shown) for panel, shown in panels if panel.column is Column.FACTS],
        may_write=allowed(Permission.NOTES),
        may_reveal=allowed(Permission.REVEAL),
        may_audit=allowed(Permission.AUDIT),
        **_way(found, today),
        forms=forms,
        **forms,
    )


def _way(found: Case, today: date) -> dict[str, Any]:
    """Why the case is in the reader's queue, and where "done, next" leads for whoever came from there."""
    session, from_queue = db.session(), request.args.get("via") == "queue" or "next" in request.args
    if user().role not in COLLECTORS or found.closed_on is not None:
        return {"why": (), "onward": {}}
    mine = queue_for(session, user(), today)
    why = reasons(facts_of(found, mine.line), mine.numbers)
    follows = next_case(session, mine, place_in(found, mine)) if from_queue else None
    onward = {"next": follows or found.id} if from_queue else {}
    return {"why": why, "onward": onward}


@bp.post("/cases/<int:case_id>/here")
@requires(Permission.LOANS)
def here(case_id: int) -> str:
    """A sign of life of the case's page; answers who else has it open."""
    session, found = db.session(), _case(case_id)
    try:
        be_here(session, found, user().id, now())
        session.commit()
    except IntegrityError:  # two tabs opened at once: the other one is written down
        session.rollback()
    return render_template("desk/_here.html", colleagues=at_case(session, found, user().id, now()))


@bp.post("/cases/<int:case_id>/events")
@requires(Permission.NOTES)
def move(case_id: int) -> Response | tuple[str, int]:
    """Let an event happen that a person brings about: hardship, restructuring, legal proceedings, closing."""
    session, found = db.session(), _case(case_id)
    form = MoveForm.for_case(found, user().role, sent=True)
    if not form.validate_on_submit():
        return case_page(found, move_form=form), 422
    chosen = form.chosen
    if chosen is None:
        form.move.errors = [gettext("Choose what has happened.")]
        return case_page(found, move_form=form), 422
    try:
        fire(
            session,
            found,
            chosen.event,
            user(),
            business_date(session),
            reason=form.reason.data or "",
            closing=chosen.closing,
            version=int(form.version.data),
        )
        session.commit()
    except Overtaken:
        return overtaken(case_id, form, gettext("State of the case"))
    except EventRefused as refused:
        session.rollback()
        form.reason.errors = [refused.message]
        return case_page(_case(case_id), move_form=form), 422
    flash(gettext("The case is now: %(state)s.", state=_said(found.state.label)), "success")
    return redirect(url_for("desk.case", case_id=case_id))


def _said(label: Text) -> str:
    return label.render(gettext)


def overtaken(case_id: int, form: FlaskForm, title: str) -> tuple[str, int]:
    """Somebody changed the case while a form was being filled in: what changed, and the form as it was typed.

    The form has a ``version``. Sent again from here it goes to the same address, for the case as it is now.
    """
    db.session.rollback()
    found = _case(case_id)
    seen = int(form.version.data)
    happened = cases.events_of(db.session(), found)
    form.version.data = str(found.version)
    return (
        render_template(
            "desk/overtaken.html",
            case=found,
            title=title,
            form=form,
            action=request.full_path.rstrip("?"),
            events=happened[-(found.version - seen) :] if found.version > seen else [],
        ),
        409,
    )
