"""What keeps reminders from going out, or makes a due date uncertain, in sentences for whoever sets a county up."""

from datetime import date, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.clock import DueDateRule, workday
from app.labels import T, Text
from app.places.models import Lender
from app.reminders.models import SmsChannel
from app.reminders.plan import HORIZON, Words
from app.reminders.queries import spent_by
from app.reminders.rules import DEFAULT_LEADS
from app.reminders.wording import complaints


def problems(session: Session, today: date, provider: str) -> list[Text]:
    """Each as a sentence; none when all is in order. ``provider`` is the one in use."""
    return [*_texts(session), *_channel(session, today, provider), *_calendar(session, today)]


def _texts(session: Session) -> list[Text]:
    words, found = Words.load(session), []
    for lender in session.scalars(select(Lender).order_by(Lender.id)):
        template = words.of(lender.id)
        if template is None:
            found.append(
                T("No text is approved for %(lender)s: nothing is planned for it.", lender=lender.name)
            )
        elif wrong := complaints(template.body):
            found += wrong
    return found


def _channel(session: Session, today: date, provider: str) -> list[Text]:
    channel = session.get(SmsChannel, provider)
    if channel is None:
        return []
    limits = zip((channel.daily_limit, channel.monthly_limit), spent_by(session, today), strict=True)
    found = [T("The channel is paused: %(why)s", why=channel.paused_why)] if channel.paused_at else []
    if any(limit and cost >= limit for limit, cost in limits):
        found.append(T("The spending limit is reached: what waits goes out when it no longer is."))
    return found


def _calendar(session: Session, today: date) -> list[Text]:
    """Is a lender's due date moved to the next working day by a calendar that nobody has announced yet?"""
    last = today + timedelta(days=HORIZON + max(DEFAULT_LEADS))
    if not workday(last).provisional:
        return []
    moved = session.scalars(select(Lender.name).where(Lender.due_date_rule != DueDateRule.NONE))
    return [
        T("The working days of %(year)s are not announced: due dates at %(lender)s are provisional.",
          year=last.year, lender=name)
        for name in moved
    ]  # fmt: skip
