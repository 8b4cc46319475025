"""Contact notes: what happened is always recorded, once, and never lost."""

from datetime import date

import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app.accounts.models import User
from app.audit import AuditEntry
from app.cases.actions import sweep
from app.cases.models import Case
from app.contacts.actions import NOTE_LENGTH, ContactRefused, Entry, add_contact
from app.contacts.models import Contact
from app.contacts.queries import contacts_of
from tests.contacts.conftest import new_case
from tests.loans.portfolio import AGANG, NOVEMBER, collector

KEY = "a" * 32


def add_note(
    session: Session, case: Case, author: User, text: str, on: date, key: str | None = None
) -> Contact:
    return add_contact(session, case, author, Entry(text, key=key), on)


def written(session: Session) -> list[str]:
    return list(session.scalars(select(Contact.text).order_by(Contact.id)))


@pytest.mark.parametrize("text", ["", " ", "\n\t\u3000 "])
def test_an_empty_note_is_refused(session: Session, case: Case, author: User, text: str) -> None:
    with pytest.raises(ContactRefused, match="Write what happened"):
        add_note(session, case, author, text, NOVEMBER)
    assert written(session) == []


def test_a_note_that_is_too_long_is_refused_and_told_by_how_much(
    session: Session, case: Case, author: User
) -> None:
    with pytest.raises(
        ContactRefused, match=f"at most {NOTE_LENGTH} characters; this one has {NOTE_LENGTH + 1}"
    ):
        add_note(session, case, author, "访" * (NOTE_LENGTH + 1), NOVEMBER)
    assert written(session) == []
    add_note(
        session, case, author, "  " + "访" * NOTE_LENGTH + "\n", NOVEMBER
    )  # blanks around it do not count
    assert len(written(session)[0]) == NOTE_LENGTH


def test_a_note_and_its_trace(session: Session, case: Case, author: User) -> None:
    note = add_note(session, case, author, " 到户走访，本人外出务工。 ", date(2023, 11, 8), KEY)
    session.commit()
    assert (note.text, note.on, note.author.username) == (
        "到户走访，本人外出务工。",
        date(2023, 11, 8),
        "agang",
    )
    assert contacts_of(session, case) == [note]
    entry = session.scalars(select(AuditEntry).where(AuditEntry.action == "contacts.note")).one()
    assert (entry.actor, entry.entity, entry.entity_id) == ("agang", "case", str(case.id))
    assert entry.detail == {
        "contact": note.id,
        "length": 12,
    }  # the trail does not repeat what is said of a person


def test_the_same_writing_sent_twice_counts_once(session: Session, case: Case, author: User) -> None:
    first = add_note(session, case, author, "走访", NOVEMBER, KEY)
    assert add_note(session, case, author, " 走访\n", NOVEMBER, KEY) is first
    assert written(session) == ["走访"]
    assert session.scalar(select(func.count()).where(AuditEntry.action == "contacts.note")) == 1


def test_without_a_key_the_same_words_are_two_notes(session: Session, case: Case, author: User) -> None:
    for _ in range(2):
        add_note(session, case, author, "未接听", NOVEMBER)
        add_note(session, case, author, "未接听", NOVEMBER, "")
    assert len(written(session)) == 4


def test_a_form_gone_back_to_and_filled_in_anew_is_not_lost(
    session: Session, case: Case, author: User
) -> None:
    """A browser that goes back shows the form with the key it had."""
    add_note(session, case, author, "上午走访", NOVEMBER, KEY)
    add_note(session, case, author, "下午走访", NOVEMBER, KEY)
    assert written(session) == ["上午走访", "下午走访"]


def test_a_key_of_another_case_or_author_hides_nothing(session: Session, case: Case, author: User) -> None:
    other_case, other_author = new_case(session), collector(session, AGANG)
    add_note(session, case, author, "走访", NOVEMBER, KEY)
    add_note(session, other_case, author, "走访", NOVEMBER, KEY)
    add_note(session, case, other_author, "走访", NOVEMBER, KEY)
    session.commit()
    assert len(contacts_of(session, case)) == 2 and len(contacts_of(session, other_case)) == 1


def test_a_closed_case_can_be_written_on(session: Session, case: Case, author: User) -> None:
    case.loan.balance = case.loan.overdue = 0
    sweep(session, NOVEMBER)
    session.expire_all()
    assert case.closed_on == NOVEMBER
    add_note(session, case, author, "已结清，凭证已存档", NOVEMBER)
    assert written(session) == ["已结清，凭证已存档"]


def test_notes_come_oldest_first(session: Session, case: Case, author: User) -> None:
    for text in ("一", "二", "三"):
        add_note(session, case, author, text, NOVEMBER)
    session.commit()
    assert [note.text for note in contacts_of(session, case)] == ["一", "二", "三"]
