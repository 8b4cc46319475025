"""Campaigns: written, looked at with whom they reach, approved by a second person, stopped."""

from flask import abort, current_app, flash, redirect, render_template, url_for
from flask_babel import gettext
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response

from app.accounts.access import requires, scope, user
from app.accounts.rules import Permission
from app.db import db
from app.places.models import Region
from app.places.queries import children
from app.places.rules import CODE_LENGTHS, Level
from app.reminders import lists
from app.reminders.audience import reach, sentence
from app.reminders.campaigns import approve_campaign, draft, stop
from app.reminders.forms import CampaignForm, StopForm
from app.reminders.models import Campaign, SmsChannel
from app.reminders.pages import bp
from app.reminders.rules import USUAL_PRICE, CampaignKind, CampaignState
from app.reminders.states import State
from app.reminders.texts import TextRefused
from app.reminders.wording import FIELDS, GENERAL, PUBLICITY, YEAR_END
from app.sms.rules import parts
from app.today import business_date, now
from app.web import LARGEST_ID

EXAMPLES = 3
Answer = str | Response | tuple[str, int]


def price_of_a_part(session: Session) -> int:
    """分 a part, by the provider in use."""
    channel = session.get(SmsChannel, current_app.extensions["qingshou.sms_provider"]().name)
    return channel.price if channel else USUAL_PRICE


def _county() -> str:
    """The county whose people are meant; 404 for who sees more or less than one."""
    region = scope().region or ""
    if len(region) != CODE_LENGTHS[Level.COUNTY]:
        abort(404)
    return region


def _form(kind: CampaignKind, townships: list[Region]) -> CampaignForm:
    body = YEAR_END if kind is CampaignKind.YEAR_END else PUBLICITY
    newest = next((one for one, _, _ in lists.texts(db.session())), None)
    sender = {"signature": newest.signature, "phone": newest.phone} if newest else {}
    return CampaignForm.within(
        townships, data={"body": body, "send_on": business_date(db.session()), **sender}
    )


@bp.get("/campaigns")
@requires(Permission.REMINDERS)
def campaign_list() -> str:
    """All of them, the newest first."""
    found = lists.campaigns(db.session(), scope())
    return render_template(
        "reminders/campaigns.html", campaigns=found, kinds=CampaignKind, states=CampaignState
    )


@bp.route("/campaigns/new/<any(year_end, publicity):kind>", methods=["GET", "POST"])
@requires(Permission.REMINDERS)
def new_campaign(kind: str) -> Answer:
    """Write one; nothing goes out before somebody else has approved it."""
    session, chosen, county = db.session(), CampaignKind(kind), _county()
    townships = children(session, county)
    form = _form(chosen, townships)
    if form.validate_on_submit():
        try:
            made = draft(session, form.order(chosen, county), user(), business_date(session))
            number = made.id
            session.commit()
        except TextRefused as refused:
            session.rollback()
            form.tell(refused.field, *refused.messages)
        else:
            flash(gettext("Kept. It goes out on its day once somebody else has approved it."), "success")
            return redirect(url_for("reminders.campaign", campaign_id=number))
    fields = {name: FIELDS[name] for name in (FIELDS if chosen is CampaignKind.YEAR_END else GENERAL)}
    page = render_template(
        "reminders/new_campaign.html", form=form, kind=chosen, kinds=CampaignKind, fields=fields
    )
    return page, 422 if form.is_submitted() else 200


def _campaign(campaign_id: int) -> Campaign:
    found = lists.find_campaign(db.session(), campaign_id, scope()) if campaign_id < LARGEST_ID else None
    if found is None:
        abort(404)
    return found


@bp.get("/campaigns/<int:campaign_id>")
@requires(Permission.REMINDERS)
def campaign(campaign_id: int) -> str:
    """Whom it reaches, or how far it has come; approval and the stop."""
    return _page(_campaign(campaign_id), StopForm(formdata=None))


def _page(found: Campaign, form: StopForm, refused: TextRefused | None = None) -> str:
    session, template = db.session(), found.template
    reached = reach(session, found, business_date(session)) if found.planned_at is None else None
    author, approver = lists.names_of(session, template.written_by_id, template.approved_by_id)
    return render_template(
        "reminders/campaign.html",
        campaign=found,
        author=author,
        approver=approver,
        own=template.written_by_id == user().id,
        reached=reached,
        shown=[(text, parts(text), []) for text in reached.texts[:EXAMPLES]] if reached else [],
        left_out=[(sentence(why), count) for why, count in reached.left_out.items()] if reached else [],
        price=price_of_a_part(session),
        counts=lists.campaign_counts(session, found.id),
        states=State,
        kinds=CampaignKind,
        campaign_states=CampaignState,
        townships=lists.short_names(session, found.townships),
        form=form,
        refused=refused.messages if refused else (),
    )


@bp.post("/campaigns/<int:campaign_id>/approve")
@requires(Permission.REMINDERS)
def approve_one(campaign_id: int) -> Answer:
    """Let it go out on its day."""
    session, found = db.session(), _campaign(campaign_id)
    try:
        approve_campaign(session, found, user(), now())
        session.commit()
    except TextRefused as refused:
        session.rollback()
        return _page(_campaign(campaign_id), StopForm(formdata=None), refused), 422
    flash(gettext("Approved: it goes out on its day."), "success")
    return redirect(url_for("reminders.campaign", campaign_id=campaign_id))


@bp.post("/campaigns/<int:campaign_id>/stop")
@requires(Permission.REMINDERS)
def stop_one(campaign_id: int) -> Answer:
    """End it, in the middle too."""
    session, found, form = db.session(), _campaign(campaign_id), StopForm()
    if not form.validate_on_submit():
        return _page(found, form), 422
    try:
        ended = stop(session, found, user(), form.reason.data, now())
        session.commit()
    except TextRefused as refused:
        session.rollback()
        form.tell(refused.field, *refused.messages)
        return _page(_campaign(campaign_id), form), 422
    flash(gettext("Stopped. %(n)s messages that waited do not leave.", n=ended), "success")
    return redirect(url_for("reminders.campaign", campaign_id=campaign_id))
