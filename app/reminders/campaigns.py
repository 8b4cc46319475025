"""Campaigns: one message to many, once. Written by one, approved by another, planned on its day, stopped at will.

They go through the outbox as reminders do: the same hours, caps, opt-outs and last look, and a cap of their own.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from app import audit
from app.accounts.models import User
from app.clock import SHANGHAI
from app.db import own_setting
from app.fairness.queries import limits_for
from app.labels import T
from app.loans.rules import Category
from app.policies.queries import Policies
from app.reminders.audience import Person, Reach, reach
from app.reminders.inbound import borrowers_at
from app.reminders.models import Campaign, CampaignPerson, OutboxMessage, Reminder
from app.reminders.plan import CHUNK, SMS, insert_or_ignore
from app.reminders.rules import CampaignKind, CampaignState, Hours, at
from app.reminders.states import State
from app.reminders.texts import TextRefused, Wording, approve, keep
from app.reminders.wording import FIELDS, GENERAL
from app.sms.rules import mobile, parts
from app.today import now

PUBLICITY_DAYS = 7  # how long a message that makes policy known may wait
MOST_LISTED = 5_000
_NUMBER = re.compile(r"(?:\+|\b)\d[\d \-]{0,30}$")
_LOCK = "reminders_campaigns"


@dataclass(frozen=True, slots=True)
class Order:
    """What a person has typed. ``listed``: lines of a name and a number, "" for borrowers by category and place."""

    kind: CampaignKind
    name: str
    region: str
    wording: Wording
    send_on: date
    categories: tuple[Category, ...] = ()
    townships: tuple[str, ...] = ()
    listed: str = ""


def draft(session: Session, order: Order, author: User, today: date) -> Campaign:
    """Keep a campaign that waits for approval. Raises TextRefused at the field that cannot stay so."""
    if not order.name.strip():
        raise TextRefused("name", T("Give the campaign a name."))
    if order.send_on < today:
        raise TextRefused("send_on", T("Choose today or a day to come."))
    order.wording.check(FIELDS if order.kind is CampaignKind.YEAR_END else GENERAL)
    people = read_people(order.listed)
    year_end = order.kind is CampaignKind.YEAR_END
    template = keep(session, order.wording, author, f"campaign:{now():%Y%m%d%H%M%S%f}")
    made = Campaign(
        kind=order.kind,
        name=order.name.strip()[:64],
        region_code=order.region,
        template_id=template.id,
        categories=",".join(order.categories),
        townships=",".join(order.townships),
        listed=bool(people),
        send_on=order.send_on,
        until=order.send_on.replace(month=12, day=31)
        if year_end
        else order.send_on + timedelta(PUBLICITY_DAYS),
        state=CampaignState.DRAFT,
    )
    session.add(made)
    session.flush()
    session.add_all(
        CampaignPerson(campaign_id=made.id, name=name, phone=phone, borrower_id=next(iter(known), None))
        for name, phone in people
        for known in [borrowers_at(session, phone)]
    )
    session.flush()
    audit.record(session, author.username, "reminders.campaign", "campaign", made.id, people=len(people))
    return made


def read_people(listed: str) -> list[tuple[str, str]]:
    """Names and mobile numbers, one of each a line. Raises TextRefused that names the lines which are none."""
    found: dict[str, str] = {}
    wrong = []
    for number, line in enumerate(listed.splitlines(), 1):
        if not line.strip():
            continue
        typed = _NUMBER.search(line.strip())
        name = line.strip()[: typed.start()].strip(" ,，\t") if typed else ""
        phone = mobile(typed.group()) if typed else None
        if not name or phone is None:
            wrong.append(number)
        else:
            found.setdefault(phone, name[:64])
    if wrong:
        lines = ", ".join(map(str, wrong[:10])) + (" …" if len(wrong) > 10 else "")
        raise TextRefused("listed", T("No name and mobile number: line %(lines)s.", lines=lines))
    if len(found) > MOST_LISTED:
        raise TextRefused("listed", T("At most %(n)s people in one campaign.", n=MOST_LISTED))
    return [(name, phone) for phone, name in found.items()]


def approve_campaign(session: Session, campaign: Campaign, approver: User, real: datetime) -> None:
    """Let it go out on its day. Raises TextRefused for its author and for one that no longer waits."""
    own_setting(session, _LOCK)
    session.refresh(campaign)
    if campaign.state is not CampaignState.DRAFT:
        raise TextRefused("approve", T("This campaign no longer waits for approval."))
    approve(session, campaign.template, approver, real)
    campaign.state = CampaignState.APPROVED
    session.flush()


def stop(session: Session, campaign: Campaign, actor: User, reason: str, real: datetime) -> int:
    """End a campaign, in the middle too: nothing of it leaves from now on; how many messages were still waiting."""
    if not reason.strip():
        raise TextRefused("reason", T("Give the reason."))
    own_setting(session, _LOCK)
    session.refresh(campaign)
    if campaign.state is CampaignState.STOPPED:
        raise TextRefused("reason", T("This campaign is stopped already."))
    campaign.state, campaign.stopped_by_id, campaign.stopped_at = CampaignState.STOPPED, actor.id, real
    campaign.stop_reason = reason.strip()[:240]
    ended = session.execute(
        update(OutboxMessage)
        .where(OutboxMessage.campaign_id == campaign.id, OutboxMessage.state == State.PENDING)
        .values(state=State.CANCELLED, why="the campaign was stopped", changed_at=real)
        .execution_options(synchronize_session=False)
    ).rowcount  # type: ignore[attr-defined]
    audit.record(session, actor.username, "reminders.campaign_stop", "campaign", campaign.id, ended=ended)
    return int(ended)


def plan_campaigns(session: Session, moment: datetime) -> int:
    """Put approved campaigns whose day has come into the outbox, once; how many messages. The caller commits."""
    own_setting(session, _LOCK)
    today = moment.astimezone(SHANGHAI).date()
    due = select(Campaign).where(
        Campaign.state == CampaignState.APPROVED, Campaign.planned_at.is_(None), Campaign.send_on <= today
    )
    made = 0
    for campaign in session.scalars(due.order_by(Campaign.id)).all():
        found = reach(session, campaign, today)
        campaign.planned_at, campaign.capped = now(), found.left_out["capped"]
        if today <= campaign.until:
            made += _put_in(session, campaign, found, today)
    return made


def _put_in(session: Session, campaign: Campaign, found: Reach, today: date) -> int:
    taken, numbers = _days_taken(session, found.people), Policies(session, today)
    rows, dues = [], {}
    for person, text in zip(found.people, found.texts, strict=True):
        day, mine = today, taken.get(person.borrower_id or person.phone or "", set())
        while day in mine:
            day += timedelta(days=1)
        if day > campaign.until:
            continue
        row = _row(campaign, person, text, day, numbers)
        rows.append(row)
        dues[row["key"]] = person.dues
    made = 0
    for first in range(0, len(rows), CHUNK):
        ids = insert_or_ignore(
            session, OutboxMessage, rows[first : first + CHUNK], (OutboxMessage.id, OutboxMessage.key)
        )
        made += len(ids)
        told = [
            {"loan_id": loan, "due_on": on, "lead": (on - campaign.send_on).days, "channel": SMS,
             "amount": balance, "message_id": number}
            for number, key in ids for loan, on, balance in dues[key]
        ]  # fmt: skip
        if told:
            insert_or_ignore(session, Reminder, told, (Reminder.id,))
    return made


def _days_taken(session: Session, people: Sequence[Person]) -> dict[int | str, set[date]]:
    found: dict[int | str, set[date]] = {}
    query = select(OutboxMessage.borrower_id, OutboxMessage.phone, OutboxMessage.day)
    ids = [one.borrower_id for one in people if one.borrower_id is not None]
    phones = [one.phone for one in people if one.borrower_id is None]
    for where in (*_among(OutboxMessage.borrower_id, ids), *_among(OutboxMessage.phone, phones)):
        for borrower, phone, day in session.execute(query.where(where)):
            found.setdefault(borrower if borrower is not None else phone, set()).add(day)
    return found


def _among(column: Any, values: Sequence[Any]) -> Iterable[Any]:
    return (column.in_(values[first : first + CHUNK]) for first in range(0, len(values), CHUNK))


def _row(campaign: Campaign, person: Person, text: str, day: date, numbers: Policies) -> dict[str, Any]:
    limits = limits_for(numbers, person.region, person.lender_id)
    told_of = "reminder:campaign" if person.dues else "campaign"
    who = person.borrower_id if person.listed_id is None else f"listed{person.listed_id}"
    return {
        "key": f"{told_of}:{campaign.id}:{who}",
        "borrower_id": person.borrower_id,
        "campaign_id": campaign.id,
        "template_id": campaign.template_id,
        "lender_id": person.lender_id,
        "region_code": person.region,
        "channel": SMS,
        "day": day,
        "phone": person.phone,
        "text": text,
        "parts": parts(text),
        "state": State.PENDING,
        "why": "",
        "not_before": Hours(limits.sms_from, limits.sms_until).window(day)[0],
        "expires_at": at(campaign.until + timedelta(days=1), 0),
        "next_at": now(),
        "changed_at": now(),
    }
