"""What is old enough goes, with all that shows it, and leaves a proof; what is younger, and every figure, stays."""

from datetime import date, timedelta
from io import BytesIO

import pytest
from flask import Flask
from PIL import Image
from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from app import files
from app.accounts.models import User
from app.audit import AuditEntry
from app.bulletin.queries import figures
from app.cases.models import Case, CaseEvent
from app.cases.states import CloseReason, State
from app.contacts.models import Approach, Attachment, Contact
from app.contacts.rules import AttachmentKind, Channel, Disposition, Reached
from app.db import Base
from app.loans.models import Borrower
from app.policies.actions import set_value
from app.policies.rules import Key
from app.promises.models import Promise
from app.reminders.models import OutboxMessage
from app.reminders.states import State as Sent
from app.today import now
from app.trail import retention
from app.trail.rules import TrailRefused
from tests.loans.portfolio import snapshot
from tests.trail.conftest import PHONE, TODAY, another_county

OLD = date(2018, 11, 8)  # five years before
SECRET = "她说卖了烟叶再还"


def picture(color: str) -> bytes:
    out = BytesIO()
    Image.new("RGB", (8, 8), color).save(out, "PNG")
    return out.getvalue()


def close(session: Session, case: Case, on: date) -> None:
    session.execute(
        update(Case)
        .where(Case.id == case.id)
        .values(closed_on=on, state=State.CLOSED, close_reason=CloseReason.REPAID)
    )
    session.expire_all()


def records(session: Session, case: Case, author: User, color: str = "red") -> str:
    """A call, its note, the correction of it, a photo of it, a promise that names it; returns the photo's hash."""
    at = now()
    began = Approach(
        case_id=case.id, borrower_id=case.borrower_id, user_id=author.id, on=OLD, at=at, channel=Channel.CALL,
        allowed=True,
    )  # fmt: skip
    session.add(began)
    session.flush()

    def note(**more: object) -> Contact:
        made = Contact(
            case_id=case.id, borrower_id=case.borrower_id, author_id=author.id, on=OLD, at=at, recorded_at=at,
            channel=Channel.CALL, reached=Reached.BORROWER, disposition=Disposition.OTHER, text=SECRET, **more,
        )  # fmt: skip
        session.add(made)
        session.flush()
        return made

    first = note(approach_id=began.id)
    note(corrects_id=first.id)
    digest = files.keep(files.attachments(), files.clean("photo.png", picture(color)))
    session.add(
        Attachment(
            case_id=case.id, contact_id=first.id, kind=AttachmentKind.PHOTO, name="photo.png", mime="image/png",
            size=1, digest=digest, uploaded_by_id=author.id, uploaded_at=at,
        )
    )  # fmt: skip
    session.add(
        Promise(
            case_id=case.id, loan_id=case.loan_id, contact_id=first.id, taken_by_id=author.id, taken_on=OLD,
            amount=100, last_due_on=OLD, state="kept", key=str(first.id),
        )
    )  # fmt: skip
    session.flush()
    return digest


def message(session: Session, borrower_id: int, day: date, key: str) -> OutboxMessage:
    at = now()
    made = OutboxMessage(
        key=key, borrower_id=borrower_id, region_code="530324106", channel="sms", day=day, phone=PHONE,
        text="提醒", parts=1, state=next(iter(Sent)), not_before=at, expires_at=at, next_at=at, changed_at=at,
    )  # fmt: skip
    session.add(made)
    session.flush()
    return made


def left(session: Session, model: type[Base]) -> int:
    return session.scalar(select(func.count()).select_from(model)) or 0


def test_what_is_younger_stays(session: Session, office: User, case: Case) -> None:
    records(session, case, office)
    for closed_on in (None, OLD + timedelta(days=1)):
        if closed_on:
            close(session, case, closed_on)
        assert retention.preview(session, office.scope, TODAY).is_empty
    session.commit()
    with pytest.raises(TrailRefused, match="not old enough"):
        retention.run(session, office.scope, "office", OLD + timedelta(days=1), TODAY)
    session.rollback()
    retention.run(session, office.scope, "office", OLD, TODAY)
    assert left(session, Contact) == 2 and left(session, Attachment) == 1


def test_a_loan_that_came_back_keeps_its_history(session: Session, office: User, case: Case) -> None:
    records(session, case, office)
    close(session, case, OLD)
    assert retention.preview(session, office.scope, TODAY).contacts == 2  # the control
    session.add(
        Case(
            loan_id=case.loan_id, township_code=case.township_code, borrower_id=case.borrower_id, due_on=OLD,
            overdue=1, opened_on=TODAY,
        )
    )  # fmt: skip
    session.flush()
    assert retention.preview(session, office.scope, TODAY).contacts == 0


def test_the_county_may_keep_them_longer(session: Session, office: User, case: Case) -> None:
    records(session, case, office)
    close(session, case, OLD)
    set_value(session, Key.CONTACT_YEARS, "6", TODAY, "县里规定", office, TODAY, region="530324")
    assert retention.preview(session, office.scope, TODAY).is_empty


def test_what_is_old_goes_and_leaves_a_proof(app: Flask, session: Session, office: User, case: Case) -> None:
    snapshot(session, case.loan, date(2023, 10, 31))
    digest = records(session, case, office)
    close(session, case, OLD)
    there = another_county(session)
    old, young = (
        message(session, case.borrower_id, day, f"k{day}") for day in (OLD, OLD + timedelta(days=1))
    )
    elsewhere = message(session, there.borrower_id, OLD, "other")
    session.commit()
    before = figures(session, "530324", date(2023, 10, 1))
    events = left(session, CaseEvent)
    found = retention.preview(session, office.scope, TODAY)
    assert (found.cases, found.contacts, found.approaches, found.attachments, found.messages) == (
        1,
        2,
        1,
        1,
        1,
    )
    done, unused = retention.run(session, office.scope, "office", found.until, TODAY)
    session.commit()
    store = files.attachments()
    assert (done, unused) == (found, [digest]) and store.read(digest) is not None
    assert retention.remove_files(store, unused) == 1
    assert store.read(digest) is None and store.read_small(digest) is None
    assert [left(session, model) for model in (Contact, Approach, Attachment)] == [0, 0, 0]
    assert session.scalars(select(Promise)).one().contact_id is None
    assert (old.text, old.phone, young.text, elsewhere.text) == ("", "", "提醒", "提醒")
    assert left(session, CaseEvent) == events and left(session, Borrower) == 2
    assert figures(session, "530324", date(2023, 10, 1)) == before
    (entry,) = session.scalars(select(AuditEntry).where(AuditEntry.action == "trail.retention"))
    assert entry.detail["contacts"] == 2 and entry.detail["attachments"] == 1
    assert len(entry.detail["sha256"]) == 64 and SECRET not in str(entry.detail)
    assert entry.region_code == "530324"
    assert retention.preview(session, office.scope, TODAY).is_empty


@pytest.mark.parametrize("db_kind", ["sqlite"])
def test_the_proof_is_of_what_was_there(session: Session, office: User, case: Case) -> None:
    """The same records give the same digest, others another."""
    records(session, case, office)
    close(session, case, OLD)
    session.commit()

    def proof() -> str:
        retention.run(session, office.scope, "office", OLD, TODAY)
        (entry,) = session.scalars(select(AuditEntry).where(AuditEntry.action == "trail.retention"))
        told = str(entry.detail["sha256"])
        session.rollback()
        return told

    first = proof()
    assert proof() == first
    session.execute(update(Contact).values(text="另一句话"))
    session.commit()
    assert proof() != first


@pytest.mark.parametrize("db_kind", ["sqlite"])
def test_a_file_that_another_case_shows_stays(session: Session, office: User, case: Case) -> None:
    records(session, case, office)
    close(session, case, OLD)
    loan = case.loan
    again = Case(
        loan_id=another_county(session).id, township_code="530325101", borrower_id=loan.borrower_id, due_on=OLD,
        overdue=1, opened_on=TODAY,
    )  # fmt: skip
    session.add(again)
    session.flush()
    digest = records(session, again, office)
    _, unused = retention.run(session, office.scope, "office", OLD, TODAY)
    assert unused == [] and session.scalars(select(Attachment.digest)).all() == [digest]
