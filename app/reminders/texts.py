"""Versions of what is said: written by one, approved by another, never changed once written."""

from collections.abc import Container
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app import audit
from app.accounts.models import User
from app.db import FOREVER, own_setting
from app.labels import T, Text
from app.reminders.models import TEXT, WHY, MessageTemplate, ReminderPolicy
from app.reminders.rules import read_leads
from app.reminders.wording import FIELDS, complaints

NAME = "reminder"
_LOCK = "reminders_texts"


class TextRefused(ValueError):
    """Why a text or a policy is not taken, at which field of its form."""

    def __init__(self, field: str, *messages: Text) -> None:
        super().__init__("; ".join(str(message) for message in messages))
        self.field, self.messages = field, messages


@dataclass(frozen=True, slots=True)
class Wording:
    """What a person has typed for a text."""

    body: str
    signature: str
    phone: str

    def check(self, fields: Container[str] = FIELDS) -> None:
        """Raises TextRefused for the first field that cannot stay so."""
        if wrong := complaints(self.body, fields=fields):
            raise TextRefused("body", *wrong)
        if len(self.body) > TEXT // 2:
            raise TextRefused("body", T("At most %(n)s characters.", n=TEXT // 2))
        signature = self.signature.strip()
        if not (signature.startswith("【") and signature.endswith("】") and 3 <= len(signature) <= 22):
            raise TextRefused("signature", T("Write the sender in brackets, such as 【罗平农商行】."))
        if "{phone}" in self.body and not self.phone.strip():
            raise TextRefused("phone", T("The text names a number to ask at: enter it."))


def write(session: Session, wording: Wording, author: User) -> MessageTemplate:
    """Keep a new version; it is used once somebody else has approved it. Raises TextRefused."""
    wording.check()
    return keep(session, wording, author, NAME)


def keep(session: Session, wording: Wording, author: User, name: str) -> MessageTemplate:
    """The next version of the text ``name``, checked by the caller."""
    own_setting(session, _LOCK)
    newest = session.scalar(select(func.max(MessageTemplate.version)).where(MessageTemplate.name == name))
    made = MessageTemplate(
        name=name,
        version=(newest or 0) + 1,
        body=wording.body.strip(),
        signature=wording.signature.strip(),
        phone=wording.phone.strip(),
        written_by_id=author.id,
    )
    session.add(made)
    session.flush()
    audit.record(session, author.username, "reminders.text", "template", made.id, version=made.version)
    return made


def approve(session: Session, template: MessageTemplate, approver: User, real: datetime) -> None:
    """Let a version be used. Raises TextRefused for its own author, and for wording that is not allowed."""
    if template.written_by_id == approver.id:
        raise TextRefused("approve", T("You wrote this text yourself: somebody else has to approve it."))
    if wrong := complaints(template.body):
        raise TextRefused("approve", *wrong)
    if template.approved_at is not None:
        return
    template.approved_by_id, template.approved_at = approver.id, real
    session.flush()
    audit.record(session, approver.username, "reminders.approve", "template", template.id)


def leads_of(typed: str) -> tuple[int, ...]:
    """Lead times as typed, "30, 7, 1". Raises TextRefused."""
    try:
        found = read_leads(typed.replace("，", ",").replace("、", ","))
    except ValueError:
        found = ()
    if not found:
        raise TextRefused(
            "leads", T("Enter days before the due date, such as 30, 7, 1; from 90 before to 30 after (-30).")
        )
    return found


def set_leads(
    session: Session, region: str, leads: tuple[int, ...], starts_on: date, actor: User, reason: str
) -> None:
    """Let these lead times hold for a region from a day on; what held before ends there. Raises TextRefused."""
    if not reason.strip():
        raise TextRefused("reason", T("Give the reason."))
    own_setting(session, _LOCK)
    same = select(ReminderPolicy).where(
        ReminderPolicy.region_code == region,
        ReminderPolicy.lender_id.is_(None),
        ReminderPolicy.until > starts_on,
    )
    written = ",".join(str(lead) for lead in leads)
    for standing in session.scalars(same):
        if standing.starts_on >= starts_on:
            session.delete(standing)
        else:
            standing.until = starts_on
    session.flush()
    made = ReminderPolicy(
        region_code=region,
        starts_on=starts_on,
        until=FOREVER,
        leads=written,
        reason=reason.strip()[:WHY],
        set_by_id=actor.id,
    )
    session.add(made)
    session.flush()
    audit.record(session, actor.username, "reminders.policy", "policy", made.id, leads=written, region=region)
