"""Promises and reported repayments of a case; the page around their forms is the desk's. And the lists of them."""

from collections.abc import Callable
from datetime import date
from typing import Any

from flask import Blueprint, abort, current_app, flash, redirect, render_template, request, url_for
from flask_babel import gettext
from sqlalchemy.exc import IntegrityError
from werkzeug.wrappers import Response as Redirect

from app import files
from app.accounts.access import requires, scope, user
from app.accounts.rules import COLLECTORS, Permission
from app.cases.actions import EventRefused, Overtaken
from app.cases.models import Case
from app.cases.queries import collectors, find_case
from app.clock import add_months, month_end, parse_month
from app.contacts.actions import ContactRefused
from app.db import db
from app.forces.rules import Line
from app.money import yuan
from app.places.queries import children
from app.places.rules import CODE_LENGTHS, Level
from app.promises import lists, queries
from app.promises.actions import (
    PromiseRefused,
    cancel_promise,
    report_repayment,
    take_promise,
    withdraw_report,
)
from app.promises.forms import CancelForm, WithdrawForm, sent_promise_form, sent_repayment_form
from app.promises.lists import By, Chosen, Show
from app.promises.models import Promise, ReportedRepayment
from app.today import business_date
from app.web import PAGE_SIZE, after_day_and_id, page_of, url_with
from app.web import day as shown_day

bp = Blueprint("promises", __name__)
MONTHS = 13
NO_LINE = "none"
Answer = str | Redirect | tuple[str, int]
_FIELDS = {
    "parts": "count",
    "at": "channel",
    "next_on": "on",
}  # where a refusal's field has another name here


def _case(case_id: int) -> Case:
    found = find_case(db.session(), case_id, scope())
    if found is None:
        abort(404)
    return found


def _again(case_id: int, **forms: Any) -> tuple[str, int]:
    """The desk's page of the case with a form as it was typed; it lies above this slice."""
    return current_app.extensions["qingshou.case_page"](_case(case_id), **forms), 422


def _done(case_id: int) -> Redirect:
    """Saved: on in the queue for whoever came from there, else back to the panel."""
    onward = request.args.get("next", "")
    if onward.isdigit():
        return redirect(url_for("desk.after_note", case_id=case_id, next=onward))
    return redirect(url_for("desk.case", case_id=case_id) + "#promises")


def _saved(form: Any, act: Callable[[], None]) -> bool:
    """Do it and commit; False where it was refused, with the sentence at the form's field."""
    session = db.session()
    try:
        act()
        session.commit()
    except (PromiseRefused, ContactRefused) as refused:
        session.rollback()
        form.tell(_FIELDS.get(refused.field, refused.field), refused.message)
        return False
    except EventRefused as refused:
        session.rollback()
        form.tell("", refused.message)
        return False
    except IntegrityError:  # the same form, sent twice at once: the other one is saved
        session.rollback()
        flash(gettext("It is saved already."), "success")
    return True


@bp.post("/cases/<int:case_id>/promises")
@requires(Permission.NOTES)
def take(case_id: int) -> Answer:
    """Take a promise, in one go with the note of the contact."""
    session, found, form = db.session(), _case(case_id), sent_promise_form()

    def act() -> None:
        today = business_date(session)
        made = take_promise(session, found, user(), form.terms(today), form.entry(), today)
        flash(
            gettext(
                "Promised: %(amount)s yuan by %(day)s.",
                amount=yuan(made.amount),
                day=shown_day(made.last_due_on),
            ),
            "success",
        )

    if not form.validate_on_submit() or not _saved(form, act):
        return _again(case_id, promise_form=form)
    return _done(case_id)


@bp.post("/cases/<int:case_id>/promises/<int:promise_id>/cancel")
@requires(Permission.NOTES)
def cancel(case_id: int, promise_id: int) -> Answer:
    """End a promise that no longer holds."""
    session, found = db.session(), _case(case_id)
    made = queries.find_of_case(session, Promise, found.id, promise_id)
    if made is None:
        abort(404)
    form = CancelForm(prefix="cancel-")

    def act() -> None:
        version = int(form.version.data)
        cancel_promise(session, made, user(), form.reason.data, business_date(session), version)
        flash(gettext("The promise is cancelled."), "success")

    try:
        if not form.validate_on_submit() or not _saved(form, act):
            return _again(case_id, cancel_form=form)
    except Overtaken:
        merged: tuple[str, int] = current_app.extensions["qingshou.overtaken"](
            case_id, form, gettext("Cancel the promise")
        )
        return merged
    return _done(case_id)


@bp.post("/cases/<int:case_id>/repayments")
@requires(Permission.NOTES)
def report(case_id: int) -> Answer:
    """Report a repayment that no ledger shows yet, with what shows it."""
    session, found, form = db.session(), _case(case_id), sent_repayment_form()

    def act() -> None:
        today = business_date(session)
        made = report_repayment(session, found, user(), form.report(), today, files.attachments())
        flash(
            gettext(
                "Reported: %(amount)s yuan. Costs %(costs)s, interest %(interest)s, principal %(principal)s.",
                amount=yuan(made.amount),
                costs=yuan(made.costs),
                interest=yuan(made.interest),
                principal=yuan(made.principal),
            ),
            "success",
        )

    if not form.validate_on_submit() or not _saved(form, act):
        form.asks = bool(form.again.errors)
        if form.asks and form.cleaned:
            form.photo.errors = [gettext("What you typed is still here; choose the file again.")]
        return _again(case_id, repayment_form=form)
    return _done(case_id)


@bp.post("/cases/<int:case_id>/repayments/<int:report_id>/withdraw")
@requires(Permission.NOTES)
def withdraw(case_id: int, report_id: int) -> Answer:
    """Take back a report that no ledger has confirmed."""
    session, found = db.session(), _case(case_id)
    made = queries.find_of_case(session, ReportedRepayment, found.id, report_id)
    if made is None:
        abort(404)
    form = WithdrawForm(prefix=f"withdraw-{made.id}-")

    def act() -> None:
        withdraw_report(session, made, user(), form.reason.data, business_date(session))
        flash(gettext("The report is withdrawn."), "success")

    if not form.validate_on_submit() or not _saved(form, act):
        return _again(case_id, withdraw_form=form, withdraw_id=report_id)
    return _done(case_id)


def _month(text: str | None) -> date | None:
    try:
        return parse_month(text) if text else None
    except (ValueError, OverflowError):
        abort(404)


def _chosen() -> Chosen:
    """What is asked for; 404 for what there is not."""
    asked = request.args
    township, line, show = asked.get("township") or None, asked.get("line") or None, asked.get("show", "open")
    code = not township or (township.isascii() and township.isdigit() and len(township) <= 12)
    if not code or line not in (None, NO_LINE, *Line) or show not in set(Show):
        abort(404)
    return Chosen(
        Show(show),
        township,
        None if line is None else "" if line == NO_LINE else Line(line),
        asked.get("collector", type=int),
        _month(asked.get("month")),
    )


def _townships(session: Any) -> list[Any]:
    mine = scope()
    county = (mine.region or "")[: CODE_LENGTHS[Level.COUNTY]]
    return [one for one in children(session, county) if mine.touches_region(one.code)] if county else []


@bp.get("/promises/")
@requires(Permission.LOANS)
def index() -> str:
    """Promises in scope: open, due soon, not kept, kept; and those behind a number of the kept rate."""
    session, mine, today, after = db.session(), scope(), business_date(db.session()), after_day_and_id()
    chosen = _chosen()
    found = lists.listed(session, mine, chosen, today, after, PAGE_SIZE + 1)
    number, amount = lists.count(session, mine, chosen, today)
    page = page_of(found, number, lambda one: f"{one.last_due_on},{one.id}")
    return render_template(
        "promises/index.html",
        page=page,
        chosen=chosen,
        amount=amount,
        today=today,
        line_asked=request.args.get("line") or "",
        tab_items=[
            (one.label, url_with(show=one.value, after=None), one is chosen.show)
            for one in Show
            if one is not Show.JUDGED or chosen.show is Show.JUDGED
        ],
        townships=_townships(session),
        lines=list(Line),
        collectors=collectors(session, mine),
        names_in_full=user().role in COLLECTORS,
        standing=lists.standing(session, mine, today),
    )


@bp.get("/promises/kept")
@requires(Permission.LOANS)
def kept() -> str:
    """How many of the promises judged in a month were kept, by collector, township or line."""
    session, today, by = db.session(), business_date(db.session()), request.args.get("by", By.COLLECTOR.value)
    if by not in set(By):
        abort(404)
    month = _month(request.args.get("month")) or month_end(today)
    first = today.replace(day=1)
    return render_template(
        "promises/kept.html",
        rows=lists.kept(session, scope(), month, By(by)),
        by=By(by),
        month=month,
        months=[month_end(add_months(first, -n)) for n in range(MONTHS)],
        tab_items=[(one.label, url_with(by=one.value), one.value == by) for one in By],
    )


@bp.get("/promises/contradictions")
@requires(Permission.LOANS)
def contradictions() -> str:
    """Reported repayments that the ledger does not show: each is to be cleared up with who reported it."""
    return render_template(
        "promises/contradictions.html",
        rows=queries.contradictions(db.session(), scope()),
        names_in_full=user().role in COLLECTORS,
    )
