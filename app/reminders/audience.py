"""Whom a campaign is meant for, whom it reaches, and who is left out and why. Only reads."""

from collections import Counter
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any, NamedTuple

from sqlalchemy import exists, func, or_, select
from sqlalchemy.orm import Session

from app.fairness.models import BorrowerMark
from app.labels import T, Text
from app.loans.models import Borrower, Loan
from app.loans.rules import Category
from app.places.queries import within
from app.policies.queries import Policies
from app.policies.rules import Key
from app.reminders.models import Campaign, CampaignPerson, OutboxMessage, PhoneOptOut
from app.reminders.plan import UNWANTED, text_of
from app.reminders.rules import CampaignKind
from app.reminders.states import MAY_HAVE_ARRIVED, State
from app.reminders.wording import Due
from app.sms.rules import mobile, parts

MONTH = 30  # days over which a campaign's cap counts


class Person(NamedTuple):
    """Somebody a campaign is meant for; ``dues`` are the loans it tells of."""

    borrower_id: int | None
    name: str
    phone: str | None
    lender_id: int | None
    region: str
    dues: tuple[tuple[int, date, int], ...] = ()  # loan, due date, balance in 分
    listed_id: int | None = None  # on the campaign's own list


def people_of(session: Session, campaign: Campaign) -> list[Person]:
    """Everybody the campaign is meant for, before anybody is left out; borrowers once, with all their loans."""
    if campaign.listed:
        query = select(CampaignPerson).where(CampaignPerson.campaign_id == campaign.id)
        return [
            Person(one.borrower_id, one.name, one.phone, None, campaign.region_code, listed_id=one.id)
            for one in session.scalars(query.order_by(CampaignPerson.id))
        ]
    rows: dict[int, list[Any]] = {}
    for row in session.execute(_loans_of(campaign)):
        rows.setdefault(row.borrower_id, []).append(row)
    year_end = campaign.kind is CampaignKind.YEAR_END
    return [
        Person(
            borrower,
            loans[0].name,
            loans[0].phone,
            loans[0].lender_id,
            loans[0].village_code or loans[0].township_code,
            tuple((row.id, row.effective_due_on, row.balance) for row in loans) if year_end else (),
        )
        for borrower, loans in rows.items()
    ]


def _loans_of(campaign: Campaign) -> Any:
    columns = (Loan.id, Loan.borrower_id, Loan.lender_id, Loan.village_code, Loan.township_code,
               Loan.effective_due_on, Loan.balance, Borrower.name, Borrower.phone)  # fmt: skip
    query: Any = (
        select(*columns)
        .join(Borrower, Borrower.id == Loan.borrower_id)
        .where(within(Loan.township_code, campaign.region_code))
        .order_by(Loan.borrower_id, Loan.effective_due_on, Loan.id)
    )
    if campaign.kind is CampaignKind.YEAR_END:
        due = Loan.effective_due_on.between(campaign.send_on, campaign.until)
        query = query.where(due, Loan.balance > 0, Loan.missing_since.is_(None))
    if campaign.categories:
        query = query.where(Loan.category.in_([Category(one) for one in campaign.categories.split(",")]))
    if campaign.townships:
        query = query.where(
            or_(*(within(Loan.township_code, code) for code in campaign.townships.split(",")))
        )
    return query


@dataclass
class Reach:
    """Whom a campaign reaches and whom not; ``parts`` are charged parts."""

    people: list[Person] = field(default_factory=list)
    texts: list[str] = field(default_factory=list)
    parts: int = 0
    left_out: Counter[str] = field(default_factory=Counter)


def reach(session: Session, campaign: Campaign, today: date) -> Reach:
    """Whom it would reach on ``today``; left out are those without a mobile, who want none, and who had their share."""
    found, numbers = Reach(), Policies(session, today)
    unwanted, stopped, had = _unwanted(session, campaign), _stopped(session), _had(session, campaign, today)
    for person in people_of(session, campaign):
        phone = mobile(person.phone or "")
        if phone is None:
            found.left_out["without_mobile"] += 1
        elif person.borrower_id in unwanted or phone in stopped:
            found.left_out["unwanted"] += 1
        elif had[phone] >= numbers(Key.CAMPAIGNS_PER_MONTH, person.region, person.lender_id):
            found.left_out["capped"] += 1
        else:
            dues = [Due(balance, due_on) for _, due_on, balance in person.dues]
            text, empty = text_of(campaign.template, person.name, dues)
            if empty:
                found.left_out["empty"] += 1
                continue
            had[phone] += 1  # a number that two have is written to as often as one may be
            found.people.append(person._replace(phone=phone))
            found.texts.append(text)
            found.parts += parts(text)
    return found


def _unwanted(session: Session, campaign: Campaign) -> set[int]:
    here = exists().where(
        Loan.borrower_id == BorrowerMark.borrower_id, within(Loan.township_code, campaign.region_code)
    )
    query = select(BorrowerMark.borrower_id).where(
        BorrowerMark.kind.in_(UNWANTED), BorrowerMark.lifted_on.is_(None)
    )
    return set(session.scalars(query if campaign.listed else query.where(here)))


def _stopped(session: Session) -> set[str]:
    return set(session.scalars(select(PhoneOptOut.phone).where(PhoneOptOut.lifted_at.is_(None))))


def _had(session: Session, campaign: Campaign, today: date) -> Counter[str]:
    """How many messages of other campaigns each number was sent, or is to be sent, within thirty days."""
    query = (
        select(OutboxMessage.phone, func.count())
        .where(
            OutboxMessage.campaign_id.is_not(None),
            OutboxMessage.campaign_id != campaign.id,
            OutboxMessage.day > today - timedelta(days=MONTH),
            OutboxMessage.state.in_((State.PENDING, *MAY_HAVE_ARRIVED)),
        )
        .group_by(OutboxMessage.phone)
    )
    return Counter(dict(session.execute(query).all()))


def sentence(reason: str) -> Text:
    """Why people are left out of a campaign."""
    return {
        "without_mobile": T("without a mobile number"),
        "unwanted": T("opted out, or in hardship"),
        "capped": T("had a campaign message within thirty days"),
        "empty": T("a field would be empty"),
    }[reason]
