"""Plain notes: what happened is always recorded, once, and never lost."""

from datetime import date

import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app.accounts.models import User
from app.audit import AuditEntry
from app.cases.actions import NOTE_LENGTH, NoteRefused, add_note, sweep
from app.cases.models import Case, Note
from tests.loans.portfolio import AGANG, NOVEMBER, OCTOBER, collector, overdue_loan

KEY = "a" * 32


@pytest.fixture
def author(session: Session) -> User:
    return collector(session, AGANG, name="agang")


@pytest.fixture
def case(session: Session) -> Case:
    return new_case(session)


def new_case(session: Session) -> Case:
    loan = overdue_loan(session)
    sweep(session, OCTOBER)
    return session.scalars(select(Case).where(Case.loan_id == loan.id)).one()


def written(session: Session) -> list[str]:
    return list(session.scalars(select(Note.text).order_by(Note.id)))


@pytest.mark.parametrize("text", ["", " ", "\n\t\u3000 "])
def test_an_empty_note_is_refused(session: Session, case: Case, author: User, text: str) -> None:
    with pytest.raises(NoteRefused, match="Write what happened"):
        add_note(session, case, author, text, NOVEMBER)
    assert written(session) == []


def test_a_note_that_is_too_long_is_refused_and_told_by_how_much(
    session: Session, case: Case, author: User
) -> None:
    with pytest.raises(
        NoteRefused, match=f"at most {NOTE_LENGTH} characters; this one has {NOTE_LENGTH + 1}"
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
    assert case.notes == [note]
    entry = session.scalars(select(AuditEntry).where(AuditEntry.action == "cases.note")).one()
    assert (entry.actor, entry.entity, entry.entity_id) == ("agang", "case", str(case.id))
    assert entry.detail == {
        "note": note.id,
        "length": 12,
    }  # the trail does not repeat what is said of a person


def test_the_same_writing_sent_twice_counts_once(session: Session, case: Case, author: User) -> None:
    first = add_note(session, case, author, "走访", NOVEMBER, KEY)
    assert add_note(session, case, author, " 走访\n", NOVEMBER, KEY) is first
    assert written(session) == ["走访"]
    assert session.scalar(select(func.count()).where(AuditEntry.action == "cases.note")) == 1


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
    assert len(case.notes) == 2 and len(other_case.notes) == 1


def test_a_closed_case_can_be_written_on(session: Session, case: Case, author: User) -> None:
    case.loan.balance = case.loan.overdue = 0
    sweep(session, NOVEMBER)
    session.expire_all()
    assert case.closed_on == NOVEMBER
    add_note(session, case, author, "已结清，凭证已存档", NOVEMBER)
    assert written(session) == ["已结清，凭证已存档"]


def test_notes_come_newest_first(session: Session, case: Case, author: User) -> None:
    for text in ("一", "二", "三"):
        add_note(session, case, author, text, NOVEMBER)
    session.commit()
    assert [note.text for note in case.notes] == ["三", "二", "一"]
