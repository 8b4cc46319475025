"""What a channel costs and may cost, and numbers that want no messages: set and lifted by people, with the reason."""

from datetime import date, datetime

from sqlalchemy import exists, or_, select
from sqlalchemy.orm import Session

from app import audit
from app.accounts.models import User
from app.accounts.rules import Scope
from app.fairness.actions import lift_mark
from app.fairness.models import BorrowerMark
from app.fairness.words import Mark
from app.labels import T
from app.loans.models import Borrower, Loan
from app.places.queries import within
from app.reminders.inbound import borrowers_at
from app.reminders.models import WHY, Campaign, CampaignPerson, PhoneOptOut
from app.reminders.outbox import channel_of
from app.reminders.texts import TextRefused


def set_costs(
    session: Session, name: str, price: int, daily: int, monthly: int, actor: User, reason: str
) -> None:
    """What a part costs, and the most that may be spent a day and a month (分; 0: no limit). Raises TextRefused."""
    if not reason.strip():
        raise TextRefused("reason", T("Give the reason."))
    channel = channel_of(session, name)
    before = [channel.price, channel.daily_limit, channel.monthly_limit]
    channel.price, channel.daily_limit, channel.monthly_limit = price, daily, monthly
    session.flush()
    after = [price, daily, monthly]
    audit.record(
        session, actor.username, "reminders.costs", "channel", name, before=before, after=after, reason=reason
    )


def stopped_numbers(session: Session, scope: Scope, most: int = 200) -> list[PhoneOptOut]:
    """Numbers that want no messages and belong to somebody of the region, the newest first."""
    if scope.region is None:
        return []
    borrowers = exists().where(
        Borrower.phone == PhoneOptOut.phone,
        Loan.borrower_id == Borrower.id,
        within(Loan.township_code, scope.region),
    )
    listed = exists().where(
        CampaignPerson.phone == PhoneOptOut.phone,
        CampaignPerson.campaign_id == Campaign.id,
        within(Campaign.region_code, scope.region),
    )
    query = select(PhoneOptOut).where(PhoneOptOut.lifted_at.is_(None), or_(borrowers, listed))
    return list(session.scalars(query.order_by(PhoneOptOut.id.desc()).limit(most)))


def lift(session: Session, stopped: PhoneOptOut, actor: User, reason: str, day: date, real: datetime) -> None:
    """Messages may go to this number again, because its owner has asked for it. Raises TextRefused.

    The mark of the borrowers whose number it is ends too, with the same reason.
    """
    if not reason.strip():
        raise TextRefused("reason", T("Write who asked for it, and how."))
    if stopped.lifted_at is not None:
        return
    stopped.lifted_at, stopped.lift_reason, stopped.lifted_by_id = real, reason.strip()[:WHY], actor.id
    marks = select(BorrowerMark).where(
        BorrowerMark.borrower_id.in_(borrowers_at(session, stopped.phone)),
        BorrowerMark.kind == Mark.OPT_OUT,
        BorrowerMark.lifted_on.is_(None),
    )
    for mark in session.scalars(marks).all():
        lift_mark(session, mark, actor, day, reason)
    session.flush()
    audit.record(session, actor.username, "reminders.lift", "opt_out", stopped.id, reason=reason)
