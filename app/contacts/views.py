"""Calling, and writing contact notes; the page around the forms is the desk's."""

from dataclasses import replace
from io import BytesIO
from typing import Any

from flask import (
    Blueprint,
    Response,
    abort,
    current_app,
    flash,
    redirect,
    render_template,
    request,
    send_file,
    url_for,
)
from flask_babel import gettext
from sqlalchemy.exc import IntegrityError
from werkzeug.wrappers import Response as Redirect

from app import files
from app.accounts.access import allowed, requires, scope, user
from app.accounts.rules import Permission
from app.cases.models import Case
from app.cases.queries import find_case
from app.contacts import queries
from app.contacts.actions import ContactRefused, Entry, add_contact, attach
from app.contacts.calling import CallRefused, approach
from app.contacts.forms import ContactForm, correcting_form, new_contact_form
from app.contacts.models import Approach, Contact
from app.contacts.rules import IMPLIED, Channel, Disposition, next_day
from app.db import db
from app.fairness.actions import phone_for
from app.fairness.models import BorrowerPhone
from app.fairness.queries import LEDGER
from app.fairness.rules import Refused
from app.fairness.words import Whose
from app.files import JPEG
from app.today import business_date, moment
from app.web import day as shown_day

bp = Blueprint("contacts", __name__, url_prefix="/cases")
SAVED_COOKIE, SAVED_SECONDS = "note_saved", 600  # draft.js looks for it
SEALED_OFF = "sandbox; default-src 'none'; img-src 'self'; style-src 'unsafe-inline'"
Answer = str | Redirect | tuple[str, int]


def _case(case_id: int) -> Case:
    found = find_case(db.session(), case_id, scope())
    if found is None:
        abort(404)
    return found


def _page(found: Case, **forms: Any) -> Any:
    """The desk's page of the case with forms sent back; it lies above this slice."""
    return current_app.extensions["qingshou.case_page"](found, **forms)


def _onward() -> dict[str, Any]:
    """Where somebody who works through the queue goes after saving."""
    return {"next": request.args["next"]} if request.args.get("next", "").isdigit() else {}


def _done(case_id: int, key: str | None) -> Redirect:
    """Saved: on in the queue for whoever came from there, else back to the case. The browser forgets its draft."""
    if onward := _onward():
        answer = redirect(url_for("desk.after_note", case_id=case_id, **onward))
    else:
        answer = redirect(url_for("desk.case", case_id=case_id) + "#history")
    if key:
        answer.set_cookie(SAVED_COOKIE, key, max_age=SAVED_SECONDS, samesite="Lax")
    return answer


@bp.post("/<int:case_id>/contacts")
@requires(Permission.NOTES)
def write(case_id: int) -> Answer:
    """Write a contact note."""
    session = db.session()
    found, form = _case(case_id), ContactForm()
    if not form.validate_on_submit():
        return _again(found, form)
    today = business_date(session)
    try:
        entry = form.entry(today)
        phone = _phone(found, form.phone.data) if entry.channel is Channel.CALL else None
        contact = add_contact(
            session, found, user(), replace(entry, phone_id=phone.id if phone else None), today
        )
        if not contact.attachments:
            attach(session, files.attachments(), found, form.cleaned, user(), contact)
        _say_saved(found, contact)
        session.commit()
    except ContactRefused as refused:
        session.rollback()
        field = form[refused.field]
        field.errors = [*field.errors, refused.message.render(gettext)]
        return _again(_case(case_id), form)
    except IntegrityError:  # the same writing of it, sent twice at once: the other one is saved
        session.rollback()
        flash(gettext("The note is saved."), "success")
    return _done(case_id, form.key.data)


def _again(found: Case, form: ContactForm) -> tuple[str, int]:
    """The form as it was typed, where it was typed."""
    number = form.corrects_id.data
    old = queries.find_contact(db.session(), found.id, int(number)) if number and number.isdigit() else None
    if old is not None:
        return _correcting(found, old, form), 422
    return _page(found, contact_form=form), 422


def _say_saved(found: Case, contact: Contact) -> None:
    if found.closed_on is not None and found.close_reason is not None:
        flash(
            gettext(
                "The note is kept on the closed case: it was closed on %(day)s (%(reason)s).",
                day=shown_day(found.closed_on),
                reason=found.close_reason.label.render(gettext),
            ),
            "warning",
        )
    elif contact.next_action and contact.next_action_on:
        flash(
            gettext(
                "The note is saved. Next: %(step)s on %(day)s.",
                step=contact.next_action.label.render(gettext),
                day=shown_day(contact.next_action_on),
            ),
            "success",
        )
    else:
        flash(gettext("The note is saved."), "success")


def _phone(found: Case, key: str | None) -> BorrowerPhone | None:
    return phone_for(db.session(), found.loan.borrower, key or "", user())


@bp.post("/<int:case_id>/no-answer")
@requires(Permission.NOTES)
def no_answer(case_id: int) -> Answer:
    """One tap: called, no answer; again tomorrow."""
    session, found = db.session(), _case(case_id)
    today, implied = business_date(session), IMPLIED[Disposition.NO_ANSWER]
    number = request.form.get("approach_id", "")
    phone = _phone(found, request.form.get("phone"))
    entry = Entry(
        "",
        channel=Channel.CALL,
        disposition=Disposition.NO_ANSWER,
        next_action=implied.next_action,
        next_action_on=next_day(today, implied.next_days),
        phone_id=phone.id if phone else None,
        approach_id=int(number) if number.isascii() and number.isdigit() else None,
        key=request.form.get("key", "")[:64] or None,
    )
    try:
        _say_saved(found, add_contact(session, found, user(), entry, today))
        session.commit()
    except ContactRefused as refused:
        session.rollback()
        flash(refused.message.render(gettext), "danger")
    except IntegrityError:
        session.rollback()
        flash(gettext("The note is saved."), "success")
    return _done(case_id, None)


@bp.post("/<int:case_id>/call")
@requires(Permission.NOTES)
def call(case_id: int) -> Answer:
    """Ask the guard; the number is shown to whoever may call."""
    session, found = db.session(), _case(case_id)
    phone = _phone(found, request.form.get("phone"))
    if phone is None:
        flash(gettext("Choose the number to call."), "danger")
        return _page(found), 422
    typed = request.form.get("override_reason")
    try:
        made, refused = approach(
            session,
            found,
            user(),
            phone,
            moment(session),
            third_party_reason=request.form.get("third_party_reason", "")[:400],
            override_reason=typed,
        )
        session.commit()
    except CallRefused as problem:
        session.rollback()
        said = problem.message.render(gettext)
        if typed is None:
            flash(said, "danger")
            return _page(_case(case_id)), 409
        return _refusal(_case(case_id), request.form.get("phone", ""), typed, said)
    if refused is not None:
        return _refusal(_case(case_id), str(phone.id), None, None, refused)
    return redirect(url_for("contacts.dial", case_id=case_id, approach_id=made.id, **_onward()))


def _refusal(
    found: Case, key: str, typed: str | None, error: str | None, refused: Refused | None = None
) -> tuple[str, int]:
    """Which rule, where it comes from, when it will be possible; and for who leads, a way against it."""
    panel = queries.panel(db.session(), found, user(), moment(db.session()))
    dial = next(
        (d for d in panel.dials if d.number.key == key or (key == LEDGER and d.number.from_ledger)), None
    )
    refused = refused or (dial.answer if dial and isinstance(dial.answer, Refused) else None)
    page = render_template(
        "contacts/refused.html",
        case=found,
        key=key,
        dial=dial,
        panel=panel,
        refused=refused,
        typed=typed or "",
        error=error,
        may_override=allowed(Permission.OVERRIDE) and panel.may_call,
    )
    return page, 422 if error else 409


@bp.get("/<int:case_id>/calls/<int:approach_id>")
@requires(Permission.NOTES)
def dial(case_id: int, approach_id: int) -> str:
    """The number for a minute, to whoever asked for it, and below it the note of this call."""
    session, found = db.session(), _case(case_id)
    made = queries.find_approach(session, found.id, approach_id, user().id)
    if made is None or not made.allowed or made.phone is None:
        abort(404)
    return _dialling(found, made, new_contact_form(user().role, made))


def _dialling(found: Case, made: Approach, form: ContactForm) -> str:
    present = moment(db.session())
    left = made.at + queries.NOTE_WINDOW - present
    return render_template(
        "contacts/call.html",
        case=found,
        approach=made,
        seconds=max(int(left.total_seconds()), 0) if made.at <= present else 0,
        third_party=made.phone is not None and made.phone.whose is not Whose.SELF,
        contact_form=form,
        onward=_onward(),
        panel=queries.panel(db.session(), found, user(), present),
    )


@bp.get("/<int:case_id>/contacts/<int:contact_id>/correct")
@requires(Permission.NOTES)
def correct(case_id: int, contact_id: int) -> str:
    """A new entry that takes the place of an old one, which stays and is shown struck."""
    found = _case(case_id)
    old = queries.find_contact(db.session(), found.id, contact_id)
    if old is None or not old.correctable_by(user()):
        abort(404)
    return _correcting(found, old, correcting_form(old))


def _correcting(found: Case, old: Contact, form: ContactForm) -> str:
    panel = queries.panel(db.session(), found, user(), moment(db.session()))
    return render_template("contacts/correct.html", case=found, old=old, contact_form=form, panel=panel)


@bp.get("/<int:case_id>/attachments/<int:attachment_id>")
@requires(Permission.LOANS)
def attachment(case_id: int, attachment_id: int) -> Response:
    """A file of a case, with the case's scope; ``?small=1`` for the small picture."""
    found = _case(case_id)
    kept = queries.find_attachment(db.session(), found.id, attachment_id)
    small = bool(request.args.get("small"))
    content = None
    if kept is not None:
        store = files.attachments()
        content = store.read_small(kept.digest) if small else store.read(kept.digest)
    if kept is None or content is None:
        abort(404)
    answer = send_file(
        BytesIO(content),
        mimetype=JPEG if small else kept.mime,
        as_attachment=kept.mime == files.PDF,
        download_name=kept.name,
    )
    answer.headers["Content-Security-Policy"] = SEALED_OFF
    answer.headers["Cache-Control"] = "no-store"
    return answer
