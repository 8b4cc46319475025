"""The case list and the case."""

from datetime import date
from typing import Any, TypeVar

from flask import Blueprint, abort, flash, redirect, render_template, request, url_for
from flask_babel import gettext
from sqlalchemy.exc import IntegrityError
from werkzeug.wrappers import Response

from app.accounts.access import allowed, requires, scope, user
from app.accounts.rules import Permission, Role
from app.cases import queries
from app.cases.actions import NoteRefused, add_note
from app.cases.forms import NoteForm
from app.cases.models import Case
from app.cases.queries import Bucket, Filter, State
from app.clock import days_past_due
from app.db import db
from app.labels import Labelled
from app.places.queries import children
from app.places.rules import CODE_LENGTHS, Level
from app.today import business_date
from app.web import COUNT_LIMIT, PAGE_SIZE, Page, keyset_argument, url_with

E = TypeVar("E", bound=Labelled)

bp = Blueprint("cases", __name__, url_prefix="/cases")


def _choice(kind: type[E], name: str) -> E | None:
    value = request.args.get(name)
    try:
        return kind(value) if value else None
    except ValueError:
        abort(404)


def _filter() -> Filter:
    return Filter(
        state=_choice(State, "state") or State.OPEN,
        township=request.args.get("township") or None,
        branch_id=request.args.get("branch", type=int),
        bucket=_choice(Bucket, "days"),
        collector_id=request.args.get("collector", type=int),
    )


def _is_code(text: str) -> bool:
    return text.isascii() and text.isdigit() and len(text) <= max(CODE_LENGTHS.values())


def _after() -> tuple[date, int] | None:
    parts = keyset_argument()
    if parts is None:
        return None
    try:
        return date.fromisoformat(parts[0]), int(parts[1])
    except ValueError:
        abort(400)


@bp.get("/")
@requires(Permission.LOANS)
def index() -> str:
    """Cases in the reader's area, longest overdue first."""
    session, mine, today, chosen, after = (
        db.session(),
        scope(),
        business_date(db.session()),
        _filter(),
        _after(),
    )
    if chosen.township and not _is_code(chosen.township):
        abort(404)
    found = queries.list_cases(session, mine, chosen, today, after, PAGE_SIZE + 1)
    count, overdue = queries.count_cases(session, mine, chosen, today, COUNT_LIMIT)
    rows = found[:PAGE_SIZE]
    last = rows[-1] if rows else None
    page = Page(
        rows,
        min(count, COUNT_LIMIT),
        count > COUNT_LIMIT,
        next_url=url_with(after=f"{last.due_on},{last.id}") if last and len(found) > PAGE_SIZE else None,
        first_url=url_with(after=None) if after else None,
    )
    county = (mine.region or "")[: CODE_LENGTHS[Level.COUNTY]]
    return render_template(
        "cases/index.html",
        page=page,
        chosen=chosen,
        today=today,
        overdue=overdue,
        tab_items=[(s.label, url_with(state=s.value, after=None), s is chosen.state) for s in State],
        buckets=list(Bucket),
        townships=[r for r in children(session, county) if mine.touches_region(r.code)] if county else [],
        branches=queries.branches(session, mine),
        collectors=queries.collectors(session, mine),
        days_past_due=days_past_due,
        names_in_full=user().role in (Role.TOWNSHIP, Role.BRANCH),
    )


def _case(case_id: int) -> Case:
    found = queries.find_case(db.session(), case_id, scope())
    if found is None:
        abort(404)
    return found


def _page(found: Case, form: NoteForm) -> str:
    session, today = db.session(), business_date(db.session())
    return render_template(
        "cases/show.html",
        case=found,
        loan=found.loan,
        form=form,
        today=today,
        dpd=days_past_due(found.due_on, today) if found.closed_on is None else None,
        history=history(found),
        repayments=queries.repayments_of(session, found.loan_id),
        snapshots=queries.snapshots_of(session, found.loan_id),
        others=queries.other_cases(session, found, scope()),
        may_write=allowed(Permission.NOTES),
    )


def history(found: Case) -> list[tuple[date, Any, Any]]:
    """Events and notes of a case, newest first: (day, event or None, note or None)."""
    events = [(event.on, 0, event.id, event, None) for event in queries.events_of(db.session(), found)]
    notes = [(note.on, 1, note.id, None, note) for note in found.notes]
    ordered = sorted([*events, *notes], key=lambda item: item[:3], reverse=True)
    return [(on, event, note) for on, _, _, event, note in ordered]


@bp.get("/<int:case_id>")
@requires(Permission.LOANS)
def show(case_id: int) -> str:
    """One case: the loan, the borrower (masked), the two collectors, the history."""
    return _page(_case(case_id), NoteForm())


@bp.post("/<int:case_id>/notes")
@requires(Permission.NOTES)
def write_note(case_id: int) -> str | Response | tuple[str, int]:
    """Write a note."""
    found, form = _case(case_id), NoteForm()
    if not form.validate_on_submit():
        return _page(found, form), 422
    try:
        add_note(
            db.session(), found, user(), form.text.data, business_date(db.session()), form.key.data or None
        )
    except NoteRefused as refused:
        form.text.errors = [*form.text.errors, refused.message]
        return _page(found, form), 422
    except IntegrityError:  # the same writing of it, sent twice at once: the other one is saved
        db.session.rollback()
    db.session.commit()
    flash(gettext("The note is saved."), "success")
    return redirect(url_for("cases.show", case_id=case_id) + "#history")
