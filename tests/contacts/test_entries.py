"""What a contact note says, implies and brings about."""

from datetime import date, datetime, timedelta

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.accounts.models import User
from app.accounts.rules import Role
from app.audit import AuditEntry
from app.cases.models import Case
from app.cases.states import State
from app.clock import SHANGHAI
from app.contacts.actions import ContactRefused, Entry, add_contact
from app.contacts.models import Contact
from app.contacts.queries import contacts_of, panel
from app.contacts.rules import IMPLIED, Channel, Disposition, NextAction, Reached
from app.fairness.actions import set_mark
from app.fairness.models import BorrowerPhone
from app.fairness.queries import marks_of, open_marks
from app.fairness.words import Mark, Reaches
from tests.contacts.conftest import Clock, new_case
from tests.loans.portfolio import AGANG, collector

TODAY = date(2023, 11, 8)


def at(text: str) -> datetime:
    return datetime.fromisoformat(f"2023-11-{text}").replace(tzinfo=SHANGHAI)


def call(disposition: Disposition = Disposition.REFUSES, **changed: object) -> Entry:
    return Entry("", **({"channel": Channel.CALL, "disposition": disposition} | changed))  # type: ignore[arg-type]


pytestmark = pytest.mark.usefixtures("clock")


def test_every_result_implies_something() -> None:
    assert IMPLIED.keys() == set(Disposition)
    assert all(bool(implied.next_action) == bool(implied.next_days) for implied in IMPLIED.values())


@pytest.mark.parametrize("disposition", list(Disposition), ids=str)
def test_a_result_that_speaks_for_itself_needs_no_words(
    session: Session, case: Case, author: User, disposition: Disposition
) -> None:
    entry = Entry("", channel=Channel.VISIT, disposition=disposition)
    if not IMPLIED[disposition].speaks:
        with pytest.raises(ContactRefused, match="Write what happened"):
            add_contact(session, case, author, entry, TODAY)
        return
    made = add_contact(session, case, author, entry, TODAY)
    assert (made.text, made.reached) == ("", IMPLIED[disposition].reached)


def test_what_was_said_goes_before_what_is_implied(session: Session, case: Case, author: User) -> None:
    made = add_contact(session, case, author, call(reached=Reached.FAMILY), TODAY)
    assert made.reached is Reached.FAMILY


# When


def test_it_happened_earlier(session: Session, case: Case, author: User) -> None:
    made = add_contact(session, case, author, call(at=at("03T09:00")), TODAY)
    assert (made.on, made.at, made.breaches) == (date(2023, 11, 3), at("03T09:00"), [])
    assert case.township_contact_on == date(2023, 11, 3)


@pytest.mark.parametrize(("text", "sentence"), [("08T10:40", "future"), ("09T08:00", "future")])
def test_it_cannot_happen_later(session: Session, case: Case, author: User, text: str, sentence: str) -> None:
    with pytest.raises(ContactRefused, match=sentence) as refused:
        add_contact(session, case, author, call(at=at(text)), TODAY)
    assert refused.value.field == "at"
    add_contact(session, case, author, call(at=at("08T10:31")), TODAY)  # clocks differ by a minute


def test_a_year_mistyped_is_noticed(session: Session, case: Case, author: User) -> None:
    with pytest.raises(ContactRefused, match="before the loan"):
        add_contact(session, case, author, call(at=at("08T10:00").replace(year=2013)), TODAY)


def test_the_next_step_lies_ahead(session: Session, case: Case, author: User) -> None:
    late = call(next_action=NextAction.CALL, next_action_on=TODAY - timedelta(days=1))
    with pytest.raises(ContactRefused, match="past"):
        add_contact(session, case, author, late, TODAY)
    add_contact(session, case, author, call(next_action=NextAction.CALL, next_action_on=TODAY), TODAY)
    assert (case.township_action_on, case.branch_action_on) == (TODAY, None)


# What the case is told


def test_each_line_tells_its_own(session: Session, case: Case, author: User, banker: User) -> None:
    case.promise_broken_on = case.replied_on = TODAY
    add_contact(session, case, author, Entry("已查台账"), TODAY)
    assert (case.township_contact_on, case.promise_broken_on) == (None, TODAY)  # a plain note tried nobody
    add_contact(session, case, banker, call(), TODAY)
    assert (case.township_contact_on, case.branch_contact_on) == (None, TODAY)
    assert (case.promise_broken_on, case.replied_on) == (None, None)
    add_contact(session, case, banker, call(at=at("01T09:00")), TODAY)
    assert case.branch_contact_on == TODAY  # noted late, it does not turn the clock back
    assert case.state is State.WORKING


# Fair treatment


def test_a_contact_at_night_is_recorded_and_marked(session: Session, case: Case, author: User) -> None:
    made = add_contact(session, case, author, call(at=at("07T22:30")), TODAY)
    assert made.breaches == ["hours"] and [str(rule) for rule in made.broken] == ["Hours of contact"]


def test_calls_are_pooled_over_lines_and_loans(
    session: Session, case: Case, twin: Case, author: User, banker: User
) -> None:
    hours = iter(("08:10", "08:50", "09:30", "10:10"))
    marks = [
        add_contact(session, found, who, call(at=at(f"08T{next(hours)}")), TODAY).breaches
        for found, who in ((case, author), (twin, banker), (twin, author), (case, banker))
    ]
    assert marks == [[], [], [], ["calls_per_day"]]


def test_another_borrower_is_another_matter(session: Session, case: Case, author: User) -> None:
    other = new_case(session)
    for hour in ("08", "09", "10"):
        add_contact(session, case, author, call(at=at(f"08T{hour}:00")), TODAY)
    assert add_contact(session, other, author, call(at=at("08T10:20")), TODAY).breaches == []


def test_a_correction_takes_the_place_of_what_it_corrects(session: Session, case: Case, author: User) -> None:
    for hour in ("08", "09", "10"):
        last = add_contact(session, case, author, call(at=at(f"08T{hour}:00")), TODAY)
    right = add_contact(session, case, author, call(at=at("08T10:00"), corrects_id=last.id), TODAY)
    session.commit()
    assert right.breaches == [] and last.correction is right and right.correction is None
    with pytest.raises(ContactRefused, match="corrected already"):
        add_contact(session, case, author, call(corrects_id=last.id), TODAY)


def test_nobody_corrects_what_a_colleague_wrote(
    session: Session, case: Case, author: User, banker: User
) -> None:
    made = add_contact(session, case, author, call(), TODAY)
    with pytest.raises(ContactRefused, match="Only who wrote"):
        add_contact(session, case, banker, call(corrects_id=made.id), TODAY)
    leader = collector(session, AGANG, name="leader", role=Role.LEADER)
    assert made.correctable_by(author) and made.correctable_by(leader) and not made.correctable_by(banker)
    corrected = add_contact(session, case, leader, call(corrects_id=made.id), TODAY)
    assert (corrected.line, corrected.author) == (made.line, leader)


def test_what_an_entry_names_must_be_its_own(session: Session, case: Case, author: User) -> None:
    other = new_case(session)
    foreign = add_contact(session, other, author, call(), TODAY)
    with pytest.raises(ContactRefused, match="not one of this case's"):
        add_contact(session, case, author, call(corrects_id=foreign.id), TODAY)
    with pytest.raises(ContactRefused, match="not one of this borrower's"):
        add_contact(session, case, author, call(phone_id=10**6), TODAY)
    with pytest.raises(ContactRefused, match="not made by you"):
        add_contact(session, case, author, call(approach_id=10**6), TODAY)


# What it teaches


@pytest.mark.parametrize(
    ("entry", "reaches"),
    [
        (call(), Reaches.YES),
        (call(Disposition.NO_ANSWER), Reaches.NO_ANSWER),
        (call(Disposition.WRONG_NUMBER), Reaches.WRONG),
        (call(Disposition.MESSAGE_LEFT), Reaches.UNKNOWN),
        (Entry("", channel=Channel.VISIT, disposition=Disposition.REFUSES), Reaches.UNKNOWN),
    ],
)
def test_a_call_tells_whether_the_number_reaches(
    session: Session, case: Case, author: User, phone: BorrowerPhone, entry: Entry, reaches: Reaches
) -> None:
    from dataclasses import replace

    add_contact(session, case, author, replace(entry, phone_id=phone.id), TODAY)
    assert phone.reaches is reaches


def test_hardship_is_proposed_and_moves_the_case_when_it_is_ticked(
    session: Session, case: Case, twin: Case, author: User, clock: Clock
) -> None:
    add_contact(session, case, author, call(Disposition.DEAD), TODAY)
    session.commit()
    shown = panel(session, case, author, at("08T11:00"))
    assert shown.proposed is not None and shown.proposed[0] is Mark.DEATH and case.state is State.WORKING
    add_contact(session, case, author, call(Disposition.DEAD, marks=(Mark.DEATH,)), TODAY)
    assert (case.state, twin.state) == (State.HARDSHIP, State.HARDSHIP)
    assert open_marks(session, [case.borrower_id]) == {case.borrower_id: {Mark.DEATH}}
    assert panel(session, case, author, at("08T11:00")).proposed is None


def test_a_borrower_who_was_reached_is_no_longer_unreachable(
    session: Session, case: Case, author: User
) -> None:
    set_mark(session, case.borrower_id, Mark.UNREACHABLE, author, TODAY, "三次未果")
    add_contact(session, case, author, call(Disposition.NO_ANSWER), TODAY)
    assert open_marks(session, [case.borrower_id])
    add_contact(session, case, author, call(), TODAY)
    assert not open_marks(session, [case.borrower_id])
    [mark] = marks_of(session, case.borrower_id)
    assert (mark.lifted_on, mark.lifted_by_id) == (TODAY, author.id)


def test_a_case_closed_meanwhile_keeps_the_note(session: Session, case: Case, author: User) -> None:
    from app.cases.actions import sweep

    case.loan.balance = case.loan.overdue = 0
    sweep(session, TODAY)
    session.expire_all()
    made = add_contact(session, case, author, call(key="k"), TODAY)
    session.commit()
    assert case.state is State.CLOSED and contacts_of(session, case) == [made]


def test_the_trail_says_who_and_not_what(
    session: Session, case: Case, author: User, phone: BorrowerPhone
) -> None:
    add_contact(session, case, author, Entry("本人说明", Channel.CALL, phone_id=phone.id), TODAY)
    trail = " ".join(str(entry.detail) for entry in session.scalars(select(AuditEntry)))
    assert phone.number not in trail and "本人说明" not in trail and "154****0001" in trail
    assert session.scalars(select(Contact)).one().phone is phone
