"""The disposal ledger: a case's cause and route, and the county's table of them."""

from typing import Any

from flask import Blueprint, abort, current_app, flash, redirect, render_template, request, url_for
from flask_babel import gettext
from werkzeug.wrappers import Response

from app.accounts.access import allowed, requires, scope, user
from app.accounts.rules import COLLECTORS, Permission
from app.cases.actions import EventRefused, Overtaken
from app.cases.models import Case
from app.cases.queries import find_case
from app.clock import days_past_due
from app.db import db
from app.places.rules import CODE_LENGTHS
from app.remedies import queries
from app.remedies.actions import DisposalRefused, dispose
from app.remedies.forms import DisposalForm
from app.remedies.queries import NONE, By, Chosen
from app.remedies.rules import Cause, Route
from app.today import business_date
from app.web import PAGE_SIZE, after_day_and_id, page_of, url_with

bp = Blueprint("remedies", __name__)
Answer = str | Response | tuple[str, int]


def _case(case_id: int) -> Case:
    found = find_case(db.session(), case_id, scope())
    if found is None:
        abort(404)
    return found


def _again(found: Case, form: DisposalForm) -> tuple[str, int]:
    """The desk's page of the case with the form as it was typed; it lies above this slice."""
    return current_app.extensions["qingshou.case_page"](found, disposal_form=form), 422


@bp.post("/cases/<int:case_id>/disposal")
@requires(Permission.NOTES)
def disposal(case_id: int) -> Answer:
    """Set why a case is overdue, and what is done about it."""
    session, found = db.session(), _case(case_id)
    kept, owners = queries.disposal_of(session, case_id), queries.owners_for(session, found)
    form = DisposalForm.for_case(found, kept, owners, sent=True)
    plan = form.plan() if form.validate_on_submit() else None
    if plan is None:
        return _again(found, form)
    try:
        dispose(session, found, plan, user(), business_date(session), int(form.version.data))
        session.commit()
    except Overtaken:
        merged: tuple[str, int] = current_app.extensions["qingshou.overtaken"](
            case_id, form, gettext("Cause and route")
        )
        return merged
    except DisposalRefused as refused:
        session.rollback()
        form[refused.field].errors = [refused.message.render(gettext)]
        return _again(_case(case_id), form)
    except EventRefused as refused:
        session.rollback()
        form.cause.errors = [refused.message.render(gettext)]
        return _again(_case(case_id), form)
    flash(gettext("Cause and route are saved."), "success")
    return redirect(url_for("desk.case", case_id=case_id) + "#disposal")


def asked() -> dict[str, Any]:
    """The filter of the address, for another address."""
    return dict(request.args.items())


def chosen() -> Chosen:
    """What is asked for; 404 for what there is not."""
    township, branch, cause, route = (
        request.args.get(n) or None for n in ("township", "branch", "cause", "route")
    )
    for value in (township, branch if branch != NONE else None):
        if value and not (value.isascii() and value.isdigit() and len(value) <= max(CODE_LENGTHS.values())):
            abort(404)
    if cause not in (None, NONE, *Cause) or route not in (None, NONE, *Route):
        abort(404)
    return Chosen(township, branch, cause, route, bool(request.args.get("late")))


@bp.get("/disposal/")
@requires(Permission.LOANS)
def index() -> str:
    """Open cases by township, branch or cause, and by route; each number opens its cases."""
    session, mine, today = db.session(), scope(), business_date(db.session())
    by = request.args.get("by", By.TOWNSHIP.value)
    if by not in set(By):
        abort(404)
    rows = queries.cross(session, mine, By(by), today)
    late, _ = queries.count(session, mine, Chosen(late=True), today)
    totals = {c: [r.cells.get(c, (0, 0)) for r in rows] for c in (*Route, NONE)}
    return render_template(
        "remedies/index.html",
        rows=rows,
        by=By(by),
        today=today,
        routes=[route for route in Route if any(route in row.cells for row in rows)],
        totals={c: (sum(n for n, _ in cells), sum(fen for _, fen in cells)) for c, cells in totals.items()},
        total=(sum(r.total[0] for r in rows), sum(r.total[1] for r in rows)),
        late=late,
        may_write=allowed(Permission.NOTES),
        tab_items=[(b.label, url_with(by=b.value), b.value == by) for b in By],
    )


@bp.get("/disposal/cases")
@requires(Permission.LOANS)
def cases() -> str:
    """The cases behind a number of the table."""
    session, mine, today, after = db.session(), scope(), business_date(db.session()), after_day_and_id()
    wanted = chosen()
    found = queries.listed(session, mine, wanted, today, after, PAGE_SIZE + 1)
    number, overdue = queries.count(session, mine, wanted, today)
    page = page_of(found, number, lambda one: f"{one[0].due_on},{one[0].id}")
    return render_template(
        "remedies/cases.html",
        page=page,
        chosen=wanted,
        today=today,
        overdue=overdue,
        causes=list(Cause),
        routes=list(Route),
        days_past_due=days_past_due,
        names_in_full=user().role in COLLECTORS,
        may_write=allowed(Permission.NOTES),
        export_url=url_for("register.export", **asked()),
    )
