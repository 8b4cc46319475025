"""Planning once, the last look before a message leaves, and finishing only what is still ours."""

from collections.abc import Callable
from datetime import date, datetime, timedelta
from itertools import count

import pytest
from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from app.clock import SHANGHAI
from app.fairness.models import BorrowerMark
from app.fairness.words import Mark
from app.loans.models import Borrower, Loan
from app.reminders import outbox, reconcile
from app.reminders.models import MessageTemplate, OutboxMessage, PhoneOptOut, Reminder, SmsChannel, SmsSpend
from app.reminders.moves import Clocks
from app.reminders.outbox import Claim
from app.reminders.plan import plan
from app.reminders.rules import Timings
from app.reminders.states import State
from app.sms.protocol import Accepted, ChannelBroken, Found, NotSent, Receipt, Refused, Unknown
from app.sms.rules import Status
from tests.prove import county

NINE = datetime(2023, 12, 5, 9, 30, tzinfo=SHANGHAI)
USUAL = Timings()
TOKENS = count()


@pytest.fixture
def planned(session: Session) -> Session:
    """Three borrowers, the first with two loans; everything due today is in the outbox."""
    county.fill(session, 3)
    plan(session, NINE)
    session.commit()
    return session


def clocks(business: datetime = NINE, real: datetime | None = None) -> Clocks:
    return Clocks(business, real or datetime.now(SHANGHAI))


def claim(session: Session, at: Clocks | None = None, many: int = 10) -> list[Claim]:
    made = outbox.claim(session, "sandbox", "w", at or clocks(), USUAL, many, lambda: f"t{next(TOKENS)}")
    session.commit()
    return made


def finish(session: Session, made: Claim, outcome: object, real: datetime | None = None) -> bool:
    done = outbox.finish(session, made, "sandbox", outcome, real or clocks().real, USUAL, 0.5)  # type: ignore[arg-type]
    session.commit()
    return done


def states(session: Session, day: date = county.TODAY) -> list[State]:
    session.expire_all()
    query = select(OutboxMessage.state).where(OutboxMessage.day == day).order_by(OutboxMessage.id)
    return list(session.scalars(query))


def test_planning_again_changes_nothing_and_loans_of_one_borrower_share_a_message(planned: Session) -> None:
    again = plan(planned, NINE)
    assert (again.messages, again.reminders) == (0, 0)
    assert states(planned) == [State.PENDING] * 3
    first = planned.scalars(select(OutboxMessage).order_by(OutboxMessage.id)).first()
    assert first is not None and "10.00万元2023年12月12日到期" in first.text
    loans = planned.scalar(select(func.count()).select_from(Reminder).where(Reminder.message_id == first.id))
    assert loans == 2


def test_days_of_downtime_lose_nothing_but_what_is_no_longer_true(session: Session) -> None:
    county.fill(session, 1)
    assert plan(session, NINE + timedelta(days=3), horizon=0).messages == 1  # three days late, still true
    assert plan(session, NINE + timedelta(days=6), horizon=0).messages == 1  # the day before
    assert plan(session, NINE + timedelta(days=8), horizon=0).messages == 0


def test_nothing_is_said_that_nobody_approved_and_nothing_is_lost_by_waiting(session: Session) -> None:
    county.fill(session, 2)
    words = session.scalars(select(MessageTemplate)).one()
    approved, words.approved_at = words.approved_at, None
    none = plan(session, NINE, horizon=0)
    assert (none.messages, none.reminders, none.untold) == (0, 0, 2)
    words.approved_at = approved
    assert plan(session, NINE + timedelta(days=1), horizon=0).messages == 2


def test_what_cannot_be_sent_as_it_is_goes_to_a_person_and_the_rest_go(session: Session) -> None:
    county.fill(session, 3)
    people = session.scalars(select(Borrower).order_by(Borrower.id)).all()
    people[0].phone, people[1].name = "0874-8220001", " "
    done = plan(session, NINE, horizon=0)
    assert (done.messages, done.held) == (3, 2)
    assert states(session) == [State.REVIEW, State.REVIEW, State.PENDING]


def test_a_claim_is_held_by_one_and_finished_by_its_fence(planned: Session) -> None:
    claims = claim(planned)
    assert len(claims) == 3 and claim(planned) == []
    assert finish(planned, claims[0], Accepted("SM1"))
    assert not finish(planned, claims[0], Accepted("SM2"))
    assert reconcile.release(planned, clocks().real + timedelta(seconds=61)) == 2
    planned.commit()
    assert not finish(planned, claims[1], Accepted("SM3"))  # resumed after its lease: dropped
    assert states(planned) == [State.ACCEPTED, State.UNKNOWN, State.UNKNOWN]
    assert claim(planned) == []  # what may have been sent is not sent again


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        (lambda s: s.execute(update(Loan).values(balance=0)), State.CANCELLED),
        (lambda s: s.execute(update(Loan).values(effective_due_on=date(2024, 1, 12))), State.CANCELLED),
        (
            lambda s: s.add(PhoneOptOut(phone=county.phone(1), why="", since=NINE, lift_reason="")),
            State.SUPPRESSED,
        ),
        (
            lambda s: s.add(
                BorrowerMark(borrower_id=2, kind=Mark.ILLNESS, starts_on=NINE.date(), reason="x", set_at=NINE)
            ),
            State.SUPPRESSED,
        ),
    ],
)
def test_the_last_look(planned: Session, change: Callable[[Session], object], expected: State) -> None:
    change(planned)
    planned.commit()
    claim(planned)
    assert states(planned)[1] is expected


def test_those_that_end_do_not_hold_up_those_behind_them(planned: Session) -> None:
    planned.execute(update(Loan).where(Loan.borrower_id < 3).values(balance=0))
    assert [made.phone for made in claim(planned, many=1)] == [county.phone(2)]
    assert states(planned) == [State.CANCELLED, State.CANCELLED, State.SENDING]


def test_a_changed_balance_is_told_as_it_is_now(planned: Session) -> None:
    planned.execute(update(Loan).values(balance=2_000_000))
    assert [made.text.count("万元") for made in claim(planned)] == [1, 1, 1]
    assert {m.text.partition("信贷")[2][:4] for m in planned.scalars(select(OutboxMessage))} >= {
        "4.00",
        "2.00",
    }


@pytest.mark.parametrize("hour", [0, 7, 20, 23])
def test_nothing_leaves_outside_the_hours(planned: Session, hour: int) -> None:
    assert claim(planned, clocks(NINE.replace(hour=hour))) == []
    assert states(planned) == [State.PENDING] * 3
    later = NINE if hour < 8 else NINE + timedelta(days=1)
    assert len(claim(planned, clocks(later))) == 3


def test_one_message_a_day_and_what_expires_meanwhile(planned: Session) -> None:
    planned.execute(update(OutboxMessage).values(not_before=NINE))  # the last day's too: two for each
    assert len(claim(planned)) == 3
    claim(planned, clocks(NINE + timedelta(days=9)))
    assert set(states(planned, date(2023, 12, 11))) == {State.EXPIRED}


def test_outcomes(planned: Session) -> None:
    first, second, third = claim(planned)
    finish(planned, first, NotSent("refused"))
    finish(planned, second, Refused("21610", opt_out=True))
    finish(planned, third, Unknown("reset"))
    assert states(planned) == [State.PENDING, State.FAILED, State.UNKNOWN]
    assert planned.scalar(select(func.count()).select_from(PhoneOptOut)) == 1
    assert planned.scalars(select(SmsSpend)).one().messages == 2
    assert claim(planned) == []  # backing off
    assert len(claim(planned, clocks(real=clocks().real + timedelta(minutes=2)))) == 1


def test_eight_tries_and_then_a_person(planned: Session) -> None:
    real = clocks().real
    for _ in range(8):
        for made in claim(planned, Clocks(NINE, real)):
            finish(planned, made, NotSent("429"), real)
        real += timedelta(hours=2)
    assert states(planned) == [State.FAILED] * 3


def test_a_wrong_key_pauses_the_channel_and_spends_no_try(planned: Session) -> None:
    made = claim(planned)[0]
    finish(planned, made, ChannelBroken("20003"))
    message = planned.get_one(OutboxMessage, made.message_id)
    assert (message.state, message.attempts) == (State.PENDING, 0)
    assert planned.get_one(SmsChannel, "sandbox").paused_why == "20003"
    assert claim(planned, clocks(real=clocks().real + timedelta(hours=2))) == []


def test_a_spending_limit_stops_at_its_last_whole_message(planned: Session) -> None:
    outbox.channel_of(planned, "sandbox").daily_limit = 12
    planned.commit()
    assert len(claim(planned)) == 2 and claim(planned) == []


def look(session: Session, found: list[Found], after: timedelta) -> State:
    real = clocks().real + after
    for asked in reconcile.questions(session, "sandbox", real):
        reconcile.answer(session, asked, found, real, USUAL)
    session.commit()
    return states(session)[0]


def test_an_unknown_message_is_found_or_goes_to_a_person(planned: Session) -> None:
    finish(planned, claim(planned, many=1)[0], Unknown("reset"))
    assert look(planned, [], timedelta(minutes=1)) is State.UNKNOWN
    assert look(planned, [], timedelta(minutes=10)) is State.UNKNOWN
    assert look(planned, [], timedelta(minutes=40)) is State.REVIEW


def test_one_match_is_the_message_and_two_are_an_incident(planned: Session) -> None:
    finish(planned, claim(planned, many=1)[0], Unknown("reset"))
    two = [Found("SM1", Status.ACCEPTED), Found("SM2", Status.ACCEPTED)]
    assert look(planned, two, timedelta(minutes=1)) is State.REVIEW


@pytest.mark.parametrize("order", [("sent", "delivered"), ("delivered", "sent"), ("delivered", "delivered")])
def test_receipts_in_any_order_lead_to_the_same_end(planned: Session, order: tuple[str, str]) -> None:
    made = claim(planned, many=1)[0]
    for status in order:  # the first before the answer to the send
        reconcile.take_receipt(planned, "sandbox", Receipt("SM1", Status(status), made.token), NINE)
        finish(planned, made, Accepted("SM1"))
        reconcile.apply_receipts(planned, made.message_id, NINE)
    planned.commit()
    assert states(planned)[0] is State.DELIVERED


def test_a_receipt_with_our_token_settles_an_unknown_message(planned: Session) -> None:
    made = claim(planned, many=1)[0]
    finish(planned, made, Unknown("hang"))
    assert reconcile.take_receipt(planned, "sandbox", Receipt("SM9", Status.DELIVERED, made.token), NINE)
    assert not reconcile.take_receipt(planned, "sandbox", Receipt("SM9", Status.DELIVERED, made.token), NINE)
    assert states(planned)[0] is State.DELIVERED
    assert reconcile.give_up_waiting(planned, clocks().real + timedelta(days=9), USUAL) == 0
