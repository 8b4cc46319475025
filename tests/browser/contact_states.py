"""A case with all that a history of contacts can hold: a breach, a correction, a photo, marks; and a call just made."""

from dataclasses import replace
from datetime import datetime, time, timedelta
from io import BytesIO

from PIL import Image
from sqlalchemy import select
from sqlalchemy.orm import Session

from app import files
from app.accounts.models import User
from app.cases.models import Case
from app.clock import SHANGHAI
from app.contacts.actions import Entry, add_contact, attach
from app.contacts.calling import approach
from app.contacts.models import Approach, Contact
from app.contacts.rules import AttachmentKind, Channel, Disposition, NextAction
from app.fairness.actions import add_phone, phone_for, set_mark
from app.fairness.models import BorrowerMark, BorrowerPhone
from app.fairness.queries import LEDGER
from app.fairness.words import Mark, Whose
from app.today import business_date

# What people write, in their own language.
TYPED_IN = (Contact.text, Contact.third_party_reason, BorrowerMark.reason, BorrowerPhone.name)


def make_contacts(session: Session, officer: User, case_id: int) -> None:
    found, today = session.get_one(Case, case_id), business_date(session)
    phone = phone_for(session, found.loan.borrower, LEDGER, officer)
    assert phone is not None
    night = datetime.combine(today - timedelta(days=2), time(22, 30), SHANGHAI)
    late = Entry(
        "本人约定夜间回电。", Channel.CALL, disposition=Disposition.REFUSES, at=night, phone_id=phone.id
    )
    wrong = add_contact(session, found, officer, late, today)
    right = Entry("应为前一天。", Channel.VISIT, disposition=Disposition.HARDSHIP, corrects_id=wrong.id)
    later = replace(right, next_action=NextAction.VISIT, next_action_on=today + timedelta(days=3))
    corrected = add_contact(session, found, officer, later, today)
    photo = BytesIO()
    Image.new("RGB", (320, 240), "teal").save(photo, "JPEG")
    kept = files.clean("门牌.jpg", photo.getvalue())
    attach(session, files.attachments(), found, [(AttachmentKind.PHOTO, kept)], officer, corrected)
    gone = Entry("", Channel.VISIT, disposition=Disposition.UNREACHABLE)
    add_contact(session, found, officer, gone, today)
    set_mark(session, found.borrower_id, Mark.OPT_OUT, officer, today, "本人来电要求")
    add_phone(session, found.borrower_id, "15400000077", officer, Whose.FAMILY, "其妹")
    morning = datetime.combine(today, time(10), SHANGHAI)
    approach(session, found, officer, phone, morning)


def contact_values(session: Session) -> dict[str, object]:
    """What stands for the placeholders of the pages about contacts."""
    call = session.scalars(select(Approach.id).where(Approach.allowed).order_by(Approach.id.desc())).first()
    corrected = session.scalars(select(Contact.id).where(Contact.text == "应为前一天。")).first()
    return {"approach_id": call or 0, "contact_id": corrected or 0}
