"""About to call: allowed, refused by which rule and until when, or against a rule with a reason that is counted."""

from datetime import date

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.accounts.models import User
from app.accounts.rules import EVERYTHING, NOTHING, Role
from app.audit import AuditEntry
from app.cases.models import Case
from app.contacts.actions import Entry, add_contact
from app.contacts.calling import CallRefused, approach
from app.contacts.models import Approach
from app.contacts.queries import find_approach, overrides, panel
from app.contacts.rules import Channel, Disposition
from app.fairness.actions import FairnessRefused, add_phone, lift_mark, phone_for, set_mark, set_reaches
from app.fairness.models import BorrowerPhone
from app.fairness.queries import LEDGER, marks_of, numbers_of
from app.fairness.table import Rule
from app.fairness.words import Mark, Reaches, Whose
from tests.contacts.conftest import Clock
from tests.loans.portfolio import AGANG, collector

TODAY = date(2023, 11, 8)


@pytest.fixture
def leader(session: Session) -> User:
    return collector(session, AGANG, name="leader", role=Role.LEADER)


def test_the_first_call_is_allowed_and_leaves_its_trace(
    session: Session, case: Case, author: User, phone: BorrowerPhone, clock: Clock
) -> None:
    made, refused = approach(session, case, author, phone, clock("2023-11-08T10:30"))
    assert refused is None and made.allowed and made.rule is None
    assert find_approach(session, case.id, made.id, author.id) is made
    entry = session.scalars(select(AuditEntry).where(AuditEntry.action == "contacts.call")).one()
    assert phone.number not in str(entry.detail) and entry.detail["phone"] == phone.id


def test_the_other_line_hears_who_has_just_called(
    session: Session, case: Case, twin: Case, author: User, banker: User, phone: BorrowerPhone, clock: Clock
) -> None:
    approach(session, case, author, phone, clock("2023-11-08T10:32"))
    made, refused = approach(session, twin, banker, phone, clock("2023-11-08T10:40"))
    assert refused is not None and refused.rule is Rule.JUST_CALLED and not made.allowed
    assert str(refused.sentence) == "agang (township line) called at 10:32."
    assert refused.possible_at == clock("2023-11-08T11:02")
    assert approach(session, twin, banker, phone, clock("2023-11-08T11:02"))[1] is None


def test_calls_that_nobody_notes_count_until_somebody_does(
    session: Session, case: Case, author: User, phone: BorrowerPhone, clock: Clock
) -> None:
    made = [approach(session, case, author, phone, clock(f"2023-11-08T10:3{n}"))[0] for n in range(3)]
    late = clock("2023-11-08T12:00")
    refused = approach(session, case, author, phone, late)[1]
    assert refused is not None and refused.rule is Rule.CALLS_PER_DAY
    for one in made:
        entry = Entry(
            "", Channel.CALL, disposition=Disposition.NO_ANSWER, approach_id=one.id, phone_id=phone.id
        )
        assert add_contact(session, case, author, entry, TODAY).breaches == []
    assert approach(session, case, author, phone, late)[1] is None


def test_at_night_nobody_calls(
    session: Session, case: Case, author: User, phone: BorrowerPhone, clock: Clock
) -> None:
    refused = approach(session, case, author, phone, clock("2023-11-08T22:10"))[1]
    assert refused is not None and refused.possible_at == clock("2023-11-09T08:00")


def test_a_wrong_number_is_never_called_again(
    session: Session, case: Case, author: User, phone: BorrowerPhone, clock: Clock
) -> None:
    set_reaches(session, phone, Reaches.WRONG, author, TODAY)
    refused = approach(session, case, author, phone, clock("2023-11-08T10:30"))[1]
    assert refused is not None and (refused.rule, refused.possible_at) == (Rule.WRONG_NUMBER, None)


def test_the_family_is_called_only_on_recorded_grounds(
    session: Session, case: Case, author: User, clock: Clock
) -> None:
    phone = add_phone(session, case.borrower_id, "15400000002", author, Whose.FAMILY, "其妹")
    now = clock("2023-11-08T10:30")
    refused = approach(session, case, author, phone, now, third_party_reason="打不通")[1]
    assert refused is not None and refused.rule is Rule.THIRD_PARTY  # a reason without the mark is none
    set_mark(session, case.borrower_id, Mark.UNREACHABLE, author, TODAY, "三次上门无人")
    assert approach(session, case, author, phone, now)[1] is None
    set_mark(session, case.borrower_id, Mark.NO_THIRD_PARTY, author, TODAY, "其妹不愿再接电话")
    refused = approach(session, case, author, phone, clock("2023-11-08T18:00"))[1]
    assert refused is not None and refused.rule is Rule.THIRD_PARTY_REFUSED


def test_who_does_not_hold_the_case_does_not_call(
    session: Session, case: Case, phone: BorrowerPhone, clock: Clock
) -> None:
    stranger = collector(session, AGANG)
    with pytest.raises(CallRefused, match="other hands"):
        approach(session, case, stranger, phone, clock("2023-11-08T10:30"))
    assert session.scalars(select(Approach)).all() == []
    case.township_user_id = None
    assert approach(session, case, stranger, phone, clock("2023-11-08T10:30"))[1] is None


def test_an_override_needs_a_role_and_a_reason_and_is_counted(
    session: Session, case: Case, author: User, leader: User, phone: BorrowerPhone, clock: Clock
) -> None:
    night = clock("2023-11-08T22:10")
    for who, reason in ((author, "家属来电要求"), (leader, "  "), (leader, "因" * 401)):
        with pytest.raises(CallRefused):
            approach(session, case, who, phone, night, override_reason=reason)
    assert overrides(session, EVERYTHING, TODAY).total == 0
    made, refused = approach(session, case, leader, phone, night, override_reason=" 本人约定此时回电 ")
    assert refused is None and made.allowed
    assert (made.rule, made.override_reason) == ("hours", "本人约定此时回电")
    counted = overrides(session, EVERYTHING, TODAY)
    assert (counted.total, counted.by_rule, counted.last) == (1, {"hours": 1}, [made])
    assert overrides(session, NOTHING, TODAY).total == 0
    assert overrides(session, EVERYTHING, date(2023, 11, 9)).total == 0
    entry = Entry("", Channel.CALL, disposition=Disposition.REFUSES, approach_id=made.id, phone_id=phone.id)
    assert add_contact(session, case, leader, entry, TODAY).breaches == ["hours"]  # marked all the same


def test_nothing_to_override_is_an_ordinary_call(
    session: Session, case: Case, leader: User, phone: BorrowerPhone, clock: Clock
) -> None:
    made, _ = approach(session, case, leader, phone, clock("2023-11-08T10:30"), override_reason="以防万一")
    assert (made.rule, made.override_reason) == (None, "")
    assert overrides(session, EVERYTHING, TODAY).total == 0


# Numbers and marks


def test_the_ledgers_number_is_one_of_them(session: Session, case: Case, author: User) -> None:
    case.loan.borrower.phone = "15400000009"
    session.flush()
    assert [n.key for n in numbers_of(session, case.loan.borrower)] == [LEDGER]
    made = phone_for(session, case.loan.borrower, LEDGER, author)
    assert made is not None and made.number == "15400000009"
    assert phone_for(session, case.loan.borrower, LEDGER, author) is made
    [number] = numbers_of(session, case.loan.borrower)
    assert number.from_ledger and number.phone_id == made.id
    assert phone_for(session, case.loan.borrower, "999999", author) is None
    assert phone_for(session, case.loan.borrower, "x", author) is None


@pytest.mark.parametrize("typed", ["", "12345", "2540000001", "154000000012", "张三", "٠١٢٣٤٥٦٧٨٩٠"])
def test_what_is_no_number_is_refused(session: Session, case: Case, author: User, typed: str) -> None:
    with pytest.raises(FairnessRefused, match="no telephone number") as refused:
        add_phone(session, case.borrower_id, typed, author)
    assert refused.value.field == "number"


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        ("154 0000 0003", "15400000003"),
        ("+86-154-0000-0003", "15400000003"),
        ("0086 15400000003", "15400000003"),
        ("１５４００００ ０００３", "15400000003"),
        ("0874-8220001", "08748220001"),
        ("（0874）8220001", "08748220001"),
    ],
)
def test_a_number_is_kept_as_it_is_dialled(
    session: Session, case: Case, author: User, typed: str, kept: str
) -> None:
    made = add_phone(session, case.borrower_id, typed, author)
    assert made.number == kept and add_phone(session, case.borrower_id, kept, author) is made


def test_a_mark_that_protects_is_lifted_only_by_who_leads(
    session: Session, case: Case, author: User, leader: User
) -> None:
    from app.cases.states import State

    with pytest.raises(FairnessRefused, match="reason"):
        set_mark(session, case.borrower_id, Mark.ILLNESS, author, TODAY, " ")
    mark = set_mark(session, case.borrower_id, Mark.ILLNESS, author, TODAY, "住院")
    assert set_mark(session, case.borrower_id, Mark.ILLNESS, author, TODAY, "又住院") is mark
    assert case.state is State.HARDSHIP
    with pytest.raises(FairnessRefused, match="leader"):
        lift_mark(session, mark, author, TODAY, "已出院")
    with pytest.raises(FairnessRefused, match="reason"):
        lift_mark(session, mark, leader, TODAY, "")
    lift_mark(session, mark, leader, TODAY, "已出院")
    assert (mark.lifted_on, mark.lift_reason, case.state) == (TODAY, "已出院", State.WORKING)
    again = set_mark(session, case.borrower_id, Mark.ILLNESS, author, TODAY, "复发")
    assert again is not mark and marks_of(session, case.borrower_id) == [again, mark]


def test_the_panel_takes_the_same_number_of_statements(
    session: Session, case: Case, author: User, phone: BorrowerPhone, clock: Clock
) -> None:
    from sqlalchemy import event

    moment = clock("2023-11-08T10:30")

    def statements() -> int:
        seen: list[str] = []
        listen = lambda *arguments: seen.append(arguments[2])  # noqa: E731
        engine = session.get_bind()
        event.listen(engine, "before_cursor_execute", listen)
        panel(session, case, author, moment)
        event.remove(engine, "before_cursor_execute", listen)
        return len(seen)

    session.commit()
    few = statements()
    for number in range(8):
        add_phone(session, case.borrower_id, f"1540000010{number}", author)
        add_contact(session, case, author, Entry(f"第{number}次", Channel.CALL), TODAY)
    session.commit()
    assert statements() == few
