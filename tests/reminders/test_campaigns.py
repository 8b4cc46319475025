"""One message to many: approved by another, through the same guards, with a cap of its own, stopped in the middle."""

from collections.abc import Sequence
from datetime import date, datetime, timedelta

import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app.accounts.models import User
from app.fairness.models import BorrowerMark
from app.fairness.words import Mark
from app.loans.models import Borrower, Loan
from app.reminders import outbox
from app.reminders.audience import reach
from app.reminders.campaigns import Order, approve_campaign, draft, plan_campaigns, read_people, stop
from app.reminders.models import Campaign, OutboxMessage, PhoneOptOut, Reminder
from app.reminders.rules import CampaignKind, CampaignState, Timings
from app.reminders.states import State
from app.reminders.texts import TextRefused, Wording
from app.reminders.wording import PUBLICITY, YEAR_END
from tests.loans.portfolio import AGANG, collector
from tests.prove import county
from tests.reminders.test_outbox import NINE, TOKENS, clocks

PLACE = "530324"
WORDS = {CampaignKind.YEAR_END: YEAR_END, CampaignKind.PUBLICITY: PUBLICITY}


@pytest.fixture
def people(session: Session) -> Sequence[User]:
    """An author and an approver; four borrowers, the first with two loans."""
    county.fill(session, 4)
    made = [collector(session, AGANG, name) for name in ("author", "approver")]
    session.commit()
    return made


def order(kind: CampaignKind = CampaignKind.PUBLICITY, **changed: object) -> Order:
    wording = Wording(WORDS[kind], "【罗平农商行】", "0874-8220001")
    filled = {"kind": kind, "name": "十二月", "region": PLACE, "wording": wording, "send_on": county.TODAY}
    return Order(**(filled | changed))  # type: ignore[arg-type]


def approved(session: Session, people: Sequence[User], what: Order) -> Campaign:
    made = draft(session, what, people[0], county.TODAY)
    approve_campaign(session, made, people[1], NINE)
    session.commit()
    return made


def planned(session: Session, moment: datetime = NINE) -> int:
    count = plan_campaigns(session, moment)
    session.commit()
    return count


def messages(session: Session, campaign: Campaign) -> list[OutboxMessage]:
    session.expire_all()
    query = select(OutboxMessage).where(OutboxMessage.campaign_id == campaign.id).order_by(OutboxMessage.id)
    return list(session.scalars(query))


def claimed(session: Session) -> int:
    made = outbox.claim(session, "sandbox", "w", clocks(), Timings(), 99, lambda: f"c{next(TOKENS)}")
    session.commit()
    return len(made)


# --- what is refused


@pytest.mark.parametrize(
    ("changed", "field"),
    [
        ({"name": "  "}, "name"),
        ({"send_on": county.TODAY - timedelta(days=1)}, "send_on"),
        (
            {"wording": Wording("{signature}{name}，您欠{amount}万元", "【农商行】", "1")},
            "body",
        ),  # tells of a debt
        ({"wording": Wording("{signature}再不来就公示", "【农商行】", "1")}, "body"),
        ({"listed": "张三 13800001234\n李四 88"}, "listed"),
    ],
)
def test_what_cannot_be_kept_says_where(
    session: Session, people: Sequence[User], changed: dict[str, object], field: str
) -> None:
    with pytest.raises(TextRefused) as refused:
        draft(session, order(**changed), people[0], county.TODAY)
    assert refused.value.field == field


def test_the_author_does_not_approve_and_nothing_goes_out_before(
    session: Session, people: Sequence[User]
) -> None:
    made = draft(session, order(), people[0], county.TODAY)
    session.commit()
    assert planned(session) == 0
    with pytest.raises(TextRefused, match="somebody else"):
        approve_campaign(session, made, people[0], NINE)
    approve_campaign(session, made, people[1], NINE)
    with pytest.raises(TextRefused, match="no longer waits"):
        approve_campaign(session, made, people[1], NINE)


def test_lines_of_a_list() -> None:
    assert read_people("张三\t138 0000 1234\n\n李 四，+86 13900001234\n又是张三 13800001234") == [
        ("张三", "13800001234"),
        ("李 四", "13900001234"),
    ]


# --- whom it reaches


def test_it_goes_once_to_each_borrower_on_its_day(session: Session, people: Sequence[User]) -> None:
    made = approved(session, people, order(send_on=county.TODAY + timedelta(days=1)))
    assert planned(session) == 0, "its day has not come"
    assert planned(session, NINE + timedelta(days=1)) == 4
    assert planned(session, NINE + timedelta(days=1)) == 0, "planned twice"
    assert {m.borrower_id for m in messages(session, made)} == {1, 2, 3, 4}


def test_the_year_end_tells_of_loans_due_by_then_and_of_no_others(
    session: Session, people: Sequence[User]
) -> None:
    session.get_one(Loan, 3).effective_due_on = date(2024, 1, 1)
    session.commit()
    made = approved(session, people, order(CampaignKind.YEAR_END))
    assert planned(session) == 3
    first = messages(session, made)[0]
    assert "10.00万元2023年12月12日到期" in first.text, "both loans in one message"
    assert session.scalar(select(func.count()).where(Reminder.message_id == first.id)) == 2
    session.get_one(Loan, 1).balance = session.get_one(Loan, 2).balance = 0
    session.commit()
    assert claimed(session) == 2, "who has repaid meanwhile is not reminded"


def test_who_wants_none_is_left_out_and_counted(session: Session, people: Sequence[User]) -> None:
    mark = {"starts_on": county.TODAY, "set_at": NINE, "reason": "x"}
    session.add(BorrowerMark(borrower_id=1, kind=Mark.ILLNESS, **mark))
    session.add(PhoneOptOut(phone=county.phone(1), why="x", since=NINE, lift_reason=""))
    session.get_one(Borrower, 3).phone = "0874-8220001"
    session.commit()
    found = reach(session, draft(session, order(), people[0], county.TODAY), county.TODAY)
    assert [one.borrower_id for one in found.people] == [4]
    assert found.left_out == {"unwanted": 2, "without_mobile": 1}


def test_a_second_campaign_within_thirty_days_reaches_nobody_again(
    session: Session, people: Sequence[User]
) -> None:
    approved(session, people, order())
    assert planned(session) == 4
    second = approved(session, people, order(name="又一次", send_on=county.TODAY + timedelta(days=9)))
    assert planned(session, NINE + timedelta(days=9)) == 0 and second.capped == 4
    later = NINE + timedelta(days=31)
    approved(session, people, order(name="下月", send_on=later.date()))
    assert planned(session, later) == 4


def test_people_without_a_loan_are_reached_by_a_list_and_their_numbers_are_guarded_too(
    session: Session, people: Sequence[User]
) -> None:
    listed = f"赵新 13811112222\n张一 {county.phone(1)}\n钱退 13811113333"
    session.add(PhoneOptOut(phone="13811113333", why="x", since=NINE, lift_reason=""))
    made = approved(session, people, order(listed=listed))
    assert planned(session) == 2
    assert {(m.borrower_id, m.phone) for m in messages(session, made)} == {
        (None, "13811112222"),
        (2, county.phone(1)),
    }
    assert all("13811112222" not in m.key for m in messages(session, made))
    assert claimed(session) == 2
    again = approved(session, people, order(name="同日", listed="赵新 13811112222"))
    assert planned(session) == 0 and again.capped == 1


# --- the stop


def test_stopped_in_the_middle_what_waits_does_not_leave(session: Session, people: Sequence[User]) -> None:
    made = approved(session, people, order())
    planned(session)
    one = outbox.claim(session, "sandbox", "w", clocks(), Timings(), 1, lambda: "first")
    session.commit()
    with pytest.raises(TextRefused):
        stop(session, made, people[0], " ", NINE)
    assert len(one) == 1 and stop(session, made, people[0], "文本有误", NINE) == 3
    session.commit()
    assert claimed(session) == 0
    states = [m.state for m in messages(session, made)]
    assert sorted(states) == sorted([State.SENDING, *[State.CANCELLED] * 3])
    assert made.state is CampaignState.STOPPED
    with pytest.raises(TextRefused, match="already"):
        stop(session, made, people[0], "再来", NINE)


def test_stopped_before_its_day_it_is_never_planned(session: Session, people: Sequence[User]) -> None:
    made = approved(session, people, order())
    stop(session, made, people[1], "不发了", NINE)
    session.commit()
    assert planned(session) == 0 and messages(session, made) == []
