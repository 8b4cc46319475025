"""What the office sees of its messages: how they stand, what goes out next, each one's history, what needs a person."""

from datetime import date, timedelta

from flask import abort, current_app, flash, redirect, render_template, request, url_for
from flask_babel import gettext
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response

from app.accounts.access import requires, scope, user
from app.accounts.rules import Permission
from app.db import db
from app.heartbeat import SILENCE, last_beat
from app.reminders import batch_pages, campaign_pages, channel_pages, lists, text_pages, trying_pages  # noqa: F401 - their pages join the blueprint
from app.reminders.deciding import Decision, DecisionRefused, decide, possible, resume
from app.reminders.effect import Group, effect
from app.reminders.forecast import coming
from app.reminders.forms import DecideForm
from app.reminders.lists import Chosen, Funnel
from app.reminders.models import OutboxMessage, SmsChannel
from app.reminders.moves import Clocks
from app.reminders.pages import bp
from app.reminders.plan import Words
from app.reminders.queries import oldest_pending, spent
from app.reminders.states import NEEDS_A_PERSON, State
from app.today import business_date, moment, now
from app.web import COUNT_LIMIT, LARGEST_ID, PAGE_SIZE, after_day_and_id, page_of

__all__ = ["bp"]
DAYS = 14
YEAR = 366  # days over which it is asked whether reminding helps
PERSON = "person"


def _clocks(session: Session) -> Clocks:
    return Clocks(moment(session), now())


@bp.get("/")
@requires(Permission.REMINDERS)
def index() -> str:
    """Is it running, what goes out in the coming days, how far it came, what it cost."""
    session, mine = db.session(), scope()
    clocks, beat = _clocks(session), last_beat(session)
    counts = lists.state_counts(session, mine)
    waiting = lists.waiting_by_day(session, mine, clocks.today)
    ahead = coming(session, mine, clocks.today, DAYS - 1)
    days = [clocks.today + timedelta(days=n) for n in range(DAYS)]
    every_text = lists.texts(session)
    return render_template(
        "reminders/index.html",
        alive=beat is not None and now() - beat < SILENCE,
        beat=beat,
        behind=oldest_pending(session, clocks.business, clocks.real),
        channel=session.get(SmsChannel, _provider_name()),
        provider=_provider_name(),
        to_fetch=lists.waiting_batches(session, mine),
        spend=spent(session, clocks.business),
        counts=counts,
        funnel=Funnel.of(counts),
        person=sum(counts.get(state, 0) for state in NEEDS_A_PERSON),
        states=State,
        calendar=[(day, *waiting.get(day, (0, 0)), ahead.get(day, 0)) for day in days],
        approved=Words.load(session).of(None),
        unapproved=[one for one, _, _ in every_text[:1] if one.approved_at is None],
    )


@bp.get("/effect")
@requires(Permission.REMINDERS)
def effects() -> str:
    """Does reminding help? Asked by itself, since it looks at a year's loans."""
    session = db.session()
    today = business_date(session)
    found = effect(session, scope(), today - timedelta(days=YEAR), today)
    return render_template("reminders/effect.html", effect=found, groups=Group)


def _provider_name() -> str:
    return str(current_app.extensions["qingshou.sms_provider"]().name)


def _chosen() -> Chosen:
    """What is asked for; 404 for what there is not."""
    state, day = request.args.get("state") or "", request.args.get("day") or ""
    try:
        states = NEEDS_A_PERSON if state == PERSON else (State(state),) if state else ()
        campaign = request.args.get("campaign", 0, int)
        return Chosen(tuple(states), date.fromisoformat(day) if day else None, campaign % LARGEST_ID or None)
    except ValueError:
        abort(404)


@bp.get("/messages")
@requires(Permission.REMINDERS)
def messages() -> str:
    """Messages of a state or a day, the newest first."""
    session, mine, chosen, after = db.session(), scope(), _chosen(), after_day_and_id()
    found = lists.listed(session, mine, chosen, after, PAGE_SIZE + 1)
    total = lists.count_listed(session, mine, chosen, COUNT_LIMIT)
    return render_template(
        "reminders/messages.html",
        chosen=chosen,
        state=request.args.get("state") or "",
        counts=lists.state_counts(session, mine),
        states=State,
        needs=NEEDS_A_PERSON,
        page=page_of(found, total, lambda one: f"{one.day},{one.id}", total == COUNT_LIMIT),
    )


def _message(message_id: int) -> OutboxMessage:
    found = lists.find_message(db.session(), message_id, scope())
    if found is None:
        abort(404)
    return found


@bp.get("/messages/<int:message_id>")
@requires(Permission.REMINDERS)
def message(message_id: int) -> str:
    """One message: its text as it was frozen, its tries and receipts, and what a person can decide."""
    found = _message(message_id)
    return _page(found, DecideForm.among(possible(found, _clocks(db.session()))))


def _page(found: OutboxMessage, form: DecideForm) -> str:
    session = db.session()
    return render_template(
        "reminders/message.html",
        message=found,
        history=lists.history_of(session, found),
        form=form,
        replies=lists.panel(session, found.borrower_id).replies if found.borrower_id else [],
        needs=NEEDS_A_PERSON,
    )


@bp.post("/messages/<int:message_id>/decide")
@requires(Permission.REMINDERS)
def decide_on(message_id: int) -> Response | tuple[str, int]:
    """Settle a message that needs a person, with the reason."""
    session, found = db.session(), _message(message_id)
    clocks = _clocks(session)
    form = DecideForm.among(possible(found, clocks))
    if not form.validate_on_submit():
        return _page(found, form), 422
    try:
        made = decide(session, found, Decision(form.decision.data), user(), form.reason.data, clocks)
        number = made.id if made else message_id
        session.commit()
    except DecisionRefused as refused:
        session.rollback()
        form.tell(refused.field, refused.message)
        return _page(_message(message_id), form), 422
    flash(gettext("A new message waits to be sent.") if made else gettext("It is settled."), "success")
    return redirect(url_for("reminders.message", message_id=number))


@bp.post("/channel/resume")
@requires(Permission.REMINDERS)
def resume_channel() -> Response:
    """Send again, after the provider's account has been mended."""
    session = db.session()
    resume(session, _provider_name(), user())
    session.commit()
    flash(gettext("Messages go out again."), "success")
    return redirect(url_for("reminders.index"))
