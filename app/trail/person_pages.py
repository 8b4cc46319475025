"""A borrower's numbers in full, the borrower's own file, and what is to be corrected in it."""

from flask import (
    Blueprint,
    Response,
    abort,
    flash,
    make_response,
    redirect,
    render_template,
    request,
    url_for,
)
from flask_babel import gettext
from werkzeug.wrappers import Response as Redirect

from app.accounts.access import allowed, requires, scope, user
from app.accounts.rules import COLLECTORS, Permission
from app.db import db
from app.loans.models import Borrower
from app.today import business_date, local_time, now
from app.trail import entries, person
from app.trail.actions import ask_correction, reveal, settle_correction, show_file
from app.trail.entries import Wanted
from app.trail.forms import CorrectionForm, FileForm, RevealForm, SettleForm
from app.trail.names import label_of
from app.trail.rules import SHOWN_SECONDS, Outcome, Shown, Subject, TrailRefused, Why
from app.web import LARGEST_ID, PAGE_SIZE

bp = Blueprint("persons", __name__, url_prefix="/borrowers")
Answer = str | Redirect | Response | tuple[str, int]
ENTRIES_IN_FILE = 500


def _borrower(borrower_id: int) -> Borrower:
    """404 for one who is not there, or not in the reader's scope."""
    found = person.find_borrower(db.session(), borrower_id, scope()) if borrower_id < LARGEST_ID else None
    if found is None:
        abort(404)
    return found


def _unkept(body: str) -> Response:
    """A page that no cache keeps, neither the browser's nor one on the way."""
    answer = make_response(body)
    answer.headers["Cache-Control"] = "no-store, private, max-age=0"
    return answer


@bp.get("/<int:borrower_id>/number")
@requires(Permission.REVEAL)
def ask(borrower_id: int) -> str:
    """The question before a number is shown."""
    form = RevealForm()
    form.what.data = request.args.get("what")
    return _ask(_borrower(borrower_id), form)


def _ask(found: Borrower, form: RevealForm) -> str:
    return render_template(
        "trail/reveal.html",
        borrower=found,
        form=form,
        number=None,
        in_full=user().role in COLLECTORS,
        may_make_file=allowed(Permission.PRIVACY),
    )


@bp.post("/<int:borrower_id>/number")
@requires(Permission.REVEAL)
def show(borrower_id: int) -> Answer:
    """A number in full, for a minute; the trail has it before the reader."""
    session, found, form = db.session(), _borrower(borrower_id), RevealForm()
    if not form.validate_on_submit():
        return _ask(found, form), 422
    what = Shown(form.what.data)
    try:
        number = reveal(
            session, user(), found, what, Why(form.why.data), form.reason.data, business_date(session)
        )
        session.commit()
    except TrailRefused as refused:
        session.rollback()
        form.tell(refused.field, refused.message)
        return _ask(_borrower(borrower_id), form), 422
    return _unkept(
        render_template(
            "trail/reveal.html",
            borrower=found,
            form=form,
            number=number,
            what=what,
            seconds=SHOWN_SECONDS,
            in_full=user().role in COLLECTORS,
        )
    )


@bp.get("/<int:borrower_id>/file")
@requires(Permission.PRIVACY)
def ask_file(borrower_id: int) -> str:
    """The question before the borrower's own file is made, and what the borrower wants corrected."""
    return _file_page(_borrower(borrower_id))


def _file_page(
    found: Borrower, file_form: FileForm | None = None, correction_form: CorrectionForm | None = None
) -> str:
    today = business_date(db.session())
    return render_template(
        "trail/ask_file.html",
        borrower=found,
        form=file_form or FileForm(formdata=None),
        correction=correction_form or CorrectionForm(formdata=None, asked_on=today),
        today=today,
    )


@bp.post("/<int:borrower_id>/file")
@requires(Permission.PRIVACY)
def file(borrower_id: int) -> Answer:
    """All that is kept about a borrower, to be printed and handed over."""
    session, found, form = db.session(), _borrower(borrower_id), FileForm()
    if not form.validate_on_submit():
        return _file_page(found, form), 422
    try:
        show_file(session, user(), found, form.reason.data, business_date(session))
        session.commit()
    except TrailRefused as refused:
        session.rollback()
        form.tell(refused.field or "reason", refused.message)
        return _file_page(_borrower(borrower_id), form), 422
    seen = entries.listed(session, scope(), Wanted(borrower_id=borrower_id), None, ENTRIES_IN_FILE)
    return _unkept(
        render_template(
            "trail/file.html",
            it=person.person(session, found, scope()),
            seen=seen,
            names=entries.names_of(session, {entry.actor for entry in seen}),
            label_of=label_of,
            made=gettext("Made by %(name)s, %(when)s", name=user().name, when=local_time(now())),
        )
    )


@bp.post("/<int:borrower_id>/corrections")
@requires(Permission.PRIVACY)
def correct(borrower_id: int) -> Answer:
    """Record what a borrower says is wrong."""
    session, found, form = db.session(), _borrower(borrower_id), CorrectionForm()
    if not form.validate_on_submit():
        return _file_page(found, correction_form=form), 422
    try:
        ask_correction(
            session,
            user(),
            found,
            Subject(form.subject.data),
            form.asked_on.data,
            form.wanted.data,
            business_date(session),
        )
        session.commit()
    except TrailRefused as refused:
        session.rollback()
        form.tell(refused.field, refused.message)
        return _file_page(_borrower(borrower_id), correction_form=form), 422
    flash(gettext("The request is recorded."), "success")
    return redirect(url_for("persons.corrections"))


@bp.get("/corrections")
@requires(Permission.PRIVACY)
def corrections() -> str:
    """What borrowers have asked to be corrected: what is open, and what came of the others."""
    return _corrections()


def _corrections(form: SettleForm | None = None, number: int | None = None) -> str:
    session, mine = db.session(), scope()
    return render_template(
        "trail/corrections.html",
        waiting=person.corrections(session, mine, False, PAGE_SIZE),
        settled=person.corrections(session, mine, True, PAGE_SIZE),
        form=form,
        number=number,
        outcomes=[*Outcome],
    )


@bp.post("/corrections/<int:correction_id>")
@requires(Permission.PRIVACY)
def settle(correction_id: int) -> Answer:
    """Say what came of a request."""
    session = db.session()
    found = person.find_correction(session, correction_id, scope()) if correction_id < LARGEST_ID else None
    if found is None:
        abort(404)
    form = SettleForm(prefix=f"settle-{correction_id}-")
    if not form.validate_on_submit():
        return _corrections(form, correction_id), 422
    try:
        settle_correction(
            session, user(), found, Outcome(form.outcome.data), form.answer.data, business_date(session)
        )
        session.commit()
    except TrailRefused as refused:
        session.rollback()
        form.tell(refused.field, refused.message)
        return _corrections(form, correction_id), 422
    flash(gettext("The request is settled."), "success")
    return redirect(url_for("persons.corrections"))
