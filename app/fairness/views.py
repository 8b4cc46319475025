"""A borrower's marks and numbers, from the page of one of his cases."""

from typing import Any

from flask import Blueprint, abort, current_app, flash, redirect, url_for
from flask_babel import gettext
from werkzeug.wrappers import Response

from app.accounts.access import requires, scope, user
from app.accounts.rules import Permission
from app.cases.models import Case
from app.cases.queries import find_case
from app.db import db
from app.fairness import actions, queries
from app.fairness.forms import LiftForm, MarkForm, PhoneForm, ReachesForm
from app.fairness.words import Mark, Reaches, Whose
from app.today import business_date

bp = Blueprint("fairness", __name__, url_prefix="/cases")
Answer = Response | tuple[str, int]


def _case(case_id: int) -> Case:
    found = find_case(db.session(), case_id, scope())
    if found is None:
        abort(404)
    return found


def _back(case_id: int) -> Response:
    return redirect(url_for("desk.case", case_id=case_id) + "#borrower")


def _again(case_id: int, refused: actions.FairnessRefused | None = None, **forms: Any) -> tuple[str, int]:
    """The desk's page with the form as it was typed and what is wrong with it."""
    if refused is not None:
        db.session().rollback()
        for form in forms.values():
            if refused.field in form:
                form[refused.field].errors = [*form[refused.field].errors, refused.message.render(gettext)]
    page = current_app.extensions["qingshou.case_page"]
    return page(_case(case_id), **forms), 422


@bp.post("/<int:case_id>/phones")
@requires(Permission.NOTES)
def add_phone(case_id: int) -> Answer:
    """A further number of the borrower."""
    session, found, form = db.session(), _case(case_id), PhoneForm()
    if not form.validate_on_submit():
        return _again(case_id, phone_form=form)
    try:
        actions.add_phone(
            session,
            found.borrower_id,
            form.number.data,
            user(),
            Whose(form.whose.data or Whose.SELF),
            form.name.data or "",
        )
        session.commit()
    except actions.FairnessRefused as refused:
        return _again(case_id, refused, phone_form=form)
    flash(gettext("The number is kept."), "success")
    return _back(case_id)


@bp.post("/<int:case_id>/phones/<phone_key>")
@requires(Permission.NOTES)
def set_phone(case_id: int, phone_key: str) -> Answer:
    """Whether a number reaches the borrower, and whose it is."""
    session, found, form = db.session(), _case(case_id), ReachesForm()
    phone = actions.phone_for(session, found.loan.borrower, phone_key, user())
    if phone is None:
        abort(404)
    if not form.validate_on_submit():
        return _again(case_id)
    actions.set_reaches(
        session, phone, Reaches(form.reaches.data), user(), business_date(session), Whose(form.whose.data)
    )
    session.commit()
    flash(gettext("Noted."), "success")
    return _back(case_id)


@bp.post("/<int:case_id>/marks")
@requires(Permission.NOTES)
def mark(case_id: int) -> Answer:
    """Mark the borrower, with a reason."""
    session, found, form = db.session(), _case(case_id), MarkForm()
    if not form.validate_on_submit():
        return _again(case_id, mark_form=form)
    try:
        actions.set_mark(
            session,
            found.borrower_id,
            Mark(form.kind.data),
            user(),
            business_date(session),
            form.reason.data,
        )
        session.commit()
    except actions.FairnessRefused as refused:
        return _again(case_id, refused, mark_form=form)
    flash(gettext("The borrower is marked."), "success")
    return _back(case_id)


@bp.post("/<int:case_id>/marks/<int:mark_id>/lift")
@requires(Permission.NOTES)
def lift(case_id: int, mark_id: int) -> Answer:
    """End a mark, with a reason."""
    session, found, form = db.session(), _case(case_id), LiftForm()
    standing = queries.find_mark(session, found.borrower_id, mark_id)
    if standing is None:
        abort(404)
    if not form.validate_on_submit():
        return _again(case_id, lift_form=form, lifting=mark_id)
    try:
        actions.lift_mark(session, standing, user(), business_date(session), form.reason.data)
        session.commit()
    except actions.FairnessRefused as refused:
        return _lift_again(case_id, refused, form, mark_id)
    flash(gettext("The mark is lifted."), "success")
    return _back(case_id)


def _lift_again(
    case_id: int, refused: actions.FairnessRefused, form: LiftForm, mark_id: int
) -> tuple[str, int]:
    db.session().rollback()
    form.reason.errors = [*form.reason.errors, refused.message.render(gettext)]
    page = current_app.extensions["qingshou.case_page"]
    return page(_case(case_id), lift_form=form, lifting=mark_id), 422
