"""What is said, and when: versions of the text, their approval, and lead times tried on a month before they hold."""

from datetime import date

from flask import abort, flash, redirect, render_template, request, url_for
from flask_babel import gettext
from werkzeug.wrappers import Response

from app.accounts.access import requires, scope, user
from app.accounts.rules import Permission
from app.clock import add_months, parse_month
from app.db import db
from app.fairness.queries import limits_for
from app.policies.queries import Policies
from app.reminders import lists
from app.reminders.campaign_pages import price_of_a_part
from app.reminders.forecast import previews, what_if
from app.reminders.forms import LeadsForm, TextForm
from app.reminders.models import MessageTemplate
from app.reminders.pages import bp
from app.reminders.plan import Words, policies_of
from app.reminders.rules import policy_at
from app.reminders.texts import NAME, TextRefused, Wording, approve, leads_of, set_leads, write
from app.reminders.wording import DEFAULT, FIELDS
from app.sms.rules import parts
from app.today import business_date, now

MONTHS = 14
Answer = str | Response | tuple[str, int]


@bp.get("/texts")
@requires(Permission.REMINDERS)
def texts() -> str:
    """Every version, its author, its approval."""
    session = db.session()
    used = Words.load(session).of(None)
    return render_template("reminders/texts.html", texts=lists.texts(session), used=used.id if used else None)


@bp.get("/texts/new")
@requires(Permission.REMINDERS)
def new_text() -> str:
    """The form, with the newest version or the default to begin with."""
    newest = next((one for one, _, _ in lists.texts(db.session())), None)
    form = TextForm(obj=newest) if newest else TextForm()
    return _text_form(form)


def _text_form(form: TextForm, shown: list[tuple[str, int, list[str]]] | None = None) -> str:
    return render_template(
        "reminders/new_text.html",
        form=form,
        fields=FIELDS,
        shown=shown,
        price=price_of_a_part(db.session()),
        default=DEFAULT,
    )


def _shown(wording: Wording) -> list[tuple[str, int, list[str]]]:
    """The text for some real borrowers of this region, names masked: text, parts, empty fields."""
    session = db.session()
    template = MessageTemplate(
        name=NAME, body=wording.body, signature=wording.signature.strip(), phone=wording.phone.strip()
    )
    made = previews(session, scope(), template, business_date(session))
    return [(text, parts(text), empty) for text, empty in made]


@bp.post("/texts/new")
@requires(Permission.REMINDERS)
def add_text() -> Answer:
    """Preview what was typed, or keep it as a new version."""
    session, form = db.session(), TextForm()
    if not form.validate_on_submit():
        return _text_form(form), 422
    wording = form.wording()
    try:
        wording.check()
        if "preview" in request.form:
            return _text_form(form, _shown(wording))
        made = write(session, wording, user())
        number = made.id
        session.commit()
    except TextRefused as refused:
        session.rollback()
        form.tell(refused.field, *refused.messages)
        return _text_form(form), 422
    flash(gettext("Kept. It is used once somebody else has approved it."), "success")
    return redirect(url_for("reminders.text", template_id=number))


def _text(template_id: int) -> MessageTemplate:
    found = db.session().get(MessageTemplate, template_id)
    if found is None or found.name != NAME:
        abort(404)
    return found


@bp.get("/texts/<int:template_id>")
@requires(Permission.REMINDERS)
def text(template_id: int) -> str:
    """A version with its preview, to be approved by somebody who has not written it."""
    return _text_page(_text(template_id))


def _text_page(found: MessageTemplate, refused: TextRefused | None = None) -> str:
    session = db.session()
    author, approver = next(
        (author, approver) for one, author, approver in lists.texts(session) if one.id == found.id
    )
    return render_template(
        "reminders/text.html",
        template=found,
        author=author,
        approver=approver,
        shown=_shown(Wording(found.body, found.signature, found.phone)),
        price=price_of_a_part(session),
        own=found.written_by_id == user().id,
        refused=refused.messages if refused else (),
    )


@bp.post("/texts/<int:template_id>/approve")
@requires(Permission.REMINDERS)
def approve_text(template_id: int) -> Answer:
    """Let a version be used from now on."""
    session, found = db.session(), _text(template_id)
    try:
        approve(session, found, user(), now())
        session.commit()
    except TextRefused as refused:
        session.rollback()
        return _text_page(_text(template_id), refused), 422
    flash(gettext("Approved: messages planned from now on say this."), "success")
    return redirect(url_for("reminders.texts"))


@bp.get("/when")
@requires(Permission.REMINDERS)
def when() -> str:
    """The lead times that hold, and what others would do in a month."""
    session = db.session()
    standing = policy_at(policies_of(session), region=_region(), lender_id=0, on=business_date(session))
    typed = request.args.get("leads")
    form = LeadsForm(formdata=None, leads=typed if typed is not None else ", ".join(map(str, standing)))
    return _when(form)


def _region() -> str:
    region = scope().region
    if region is None:
        abort(404)
    return region


def _month(today: date) -> date:
    try:
        return (
            parse_month(request.values["month"]).replace(day=1)
            if request.values.get("month")
            else today.replace(day=1)
        )
    except (ValueError, OverflowError):
        abort(404)


def _when(form: LeadsForm) -> str:
    session, region = db.session(), _region()
    today = business_date(session)
    month = _month(today)
    template = Words.load(session).of(None) or MessageTemplate(
        body=DEFAULT, signature="【】", phone="0874-0000000"
    )
    reached = None
    if not form.leads.errors:
        try:
            leads = leads_of(form.leads.data or "")
            reached = what_if(session, scope(), month, add_months(month, 1), leads, template)
        except TextRefused as refused:
            form.tell(refused.field, *refused.messages)
    return render_template(
        "reminders/when.html",
        form=form,
        month=month,
        months=[add_months(today.replace(day=1), n) for n in range(MONTHS)],
        reached=reached,
        price=price_of_a_part(session),
        policies=lists.policies_for(session, region),
        limits=limits_for(Policies(session, today), region),
        today=today,
    )


@bp.post("/when")
@requires(Permission.REMINDERS)
def save_when() -> Answer:
    """Let lead times hold from a day on."""
    session, form = db.session(), LeadsForm()
    if not form.validate_on_submit():
        return _when(form), 422
    day = form.from_day(business_date(session))
    if day is None:
        form.starts_on.errors = [*form.starts_on.errors, gettext("Choose today or a day to come.")]
        return _when(form), 422
    try:
        set_leads(session, _region(), leads_of(form.leads.data), day, user(), form.reason.data or "")
        session.commit()
    except TextRefused as refused:
        session.rollback()
        form.tell(refused.field, *refused.messages)
        return _when(form), 422
    flash(gettext("Saved."), "success")
    return redirect(url_for("reminders.when"))
