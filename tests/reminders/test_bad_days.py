"""Days on which much goes wrong, with a clock that is told: nothing planned is lost, and nothing leaves twice."""

from collections import Counter
from collections.abc import Callable
from datetime import date, datetime, timedelta

import pytest
from flask import Flask
from sqlalchemy import select, update
from sqlalchemy.orm import Session

from app import sending
from app.db import db
from app.ledger.rows import LedgerRow
from app.loans.models import Borrower, Loan
from app.places.models import Lender, Region
from app.places.rules import Level
from app.policies.models import PolicyValue
from app.policies.rules import Key
from app.reminders import outbox
from app.reminders.models import MessageTemplate, OutboxMessage, ReminderPolicy
from app.reminders.moves import Clocks
from app.reminders.outbox import Claim
from app.reminders.plan import plan
from app.reminders.rules import Timings
from app.reminders.states import NEEDS_A_PERSON, State
from app.reminders.wording import DEFAULT
from app.sms.protocol import Accepted, LookupFailed, NotSent, Outcome
from app.sms.sandbox import Sandbox
from tests.intake.world import take
from tests.ledger.factory import id_number, ledger_row
from tests.prove import county
from tests.reminders.test_outbox import NINE, TOKENS, clocks, finish, states
from tests.reminders.test_two_at_once import Beside

USUAL = Timings()
OTHER, OTHER_TOWN = "530325", "530325100"


class Days:
    """Time passes for a worker, business and real together; ``sent`` is what the provider has taken."""

    def __init__(self, session: Session, begins: datetime = NINE) -> None:
        self.session, self.now = session, begins
        self.ahead = clocks().real - begins
        self.sent: Counter[int] = Counter()

    @property
    def clocks(self) -> Clocks:
        return Clocks(self.now, self.now + self.ahead)

    def claim(self, many: int = 50) -> list[Claim]:
        made = outbox.claim(
            self.session, "sandbox", "w", self.clocks, USUAL, many, lambda: f"d{next(TOKENS)}"
        )
        self.session.commit()
        return made

    def work(self, until: datetime, answer: Callable[[Claim], Outcome], every: int = 15) -> None:
        """Plan and send every so many minutes."""
        while self.now < until:
            plan(self.session, self.now)
            self.session.commit()
            for made in self.claim():
                outcome = answer(made)
                if isinstance(outcome, Accepted):
                    self.sent[made.message_id] += 1
                outbox.finish(self.session, made, "sandbox", outcome, self.clocks.real, USUAL, 1.0)
                self.session.commit()
            self.now += timedelta(minutes=every)


def taken(made: Claim) -> Outcome:
    return Accepted(f"SM-{made.token}")


def down(_made: Claim) -> Outcome:
    return NotSent("connection refused")


@pytest.fixture
def five(session: Session) -> Session:
    county.fill(session, 5)
    session.commit()
    return session


def spread(session: Session) -> None:
    """A message for each of the five on a day of its own, from today on."""
    for borrower in range(1, 6):
        due = county.DUE + timedelta(days=borrower - 1)
        session.execute(
            update(Loan).where(Loan.borrower_id == borrower).values(effective_due_on=due, due_on=due)
        )
    session.commit()


def test_a_provider_that_is_down_for_three_days_loses_nothing(five: Session) -> None:
    spread(five)
    days = Days(five)
    days.work(NINE + timedelta(days=3), down, 60)
    planned = five.scalars(select(OutboxMessage).where(OutboxMessage.day <= days.now.date())).all()
    assert not days.sent and planned
    assert {m.state for m in planned} <= {State.PENDING, *NEEDS_A_PERSON}, "lost, or thought to be sent"
    assert five.get_one(OutboxMessage, planned[0].id).state is State.FAILED, (
        "its eight tries are over: a person's"
    )
    days.work(NINE + timedelta(days=13), taken, 360)
    five.expire_all()
    ended = {m.state for m in five.scalars(select(OutboxMessage))}
    assert ended <= {State.ACCEPTED, *NEEDS_A_PERSON}
    assert days.sent and max(days.sent.values()) == 1


def test_what_becomes_untrue_while_the_provider_is_down_goes_to_a_person(five: Session) -> None:
    days = Days(five)
    plan(five, NINE)
    five.execute(update(OutboxMessage).values(expires_at=NINE + timedelta(hours=2)))
    five.commit()
    days.work(NINE + timedelta(hours=4), down)
    assert set(states(five)) == {State.EXPIRED} and not days.sent


def test_a_storm_of_429_is_outlasted_by_waiting(five: Session) -> None:
    storm_ends = NINE + timedelta(hours=1)
    days = Days(five)
    days.work(
        NINE + timedelta(hours=5), lambda made: taken(made) if days.now > storm_ends else NotSent("429")
    )
    assert states(five) == [State.ACCEPTED] * 5
    assert set(days.sent.values()) == {1}
    tries = five.scalars(select(OutboxMessage.attempts).where(OutboxMessage.day == county.TODAY)).all()
    assert all(1 < n <= 8 for n in tries)


def test_a_provider_that_is_away_is_not_asked_about_every_message(
    app: Flask, five: Session, caplog: pytest.LogCaptureFixture
) -> None:
    class Away(Sandbox):
        asked = 0

        def lookup(self, phone: str, text: str, since: datetime) -> list[object]:  # type: ignore[override]
            self.asked += 1
            raise LookupFailed("refused")

    plan(five, NINE)
    five.execute(
        update(OutboxMessage).values(state=State.UNKNOWN, provider="sandbox", next_at=NINE, lease_until=NINE)
    )
    five.commit()
    away = Away()
    assert sending.reconcile_due(away, USUAL) == 10
    assert away.asked == sending.MOST_IN_A_ROW
    assert [r.getMessage() for r in caplog.records] == ["3 of 10 look-ups failed, the last one: refused"]
    assert set(states(five)) == {State.UNKNOWN}, "a failed look-up is no absence"


def test_a_ledger_taken_while_messages_wait_and_while_one_is_on_its_way(app: Flask, session: Session) -> None:
    def rows(balances: dict[int, int], moved: int = -1) -> list[LedgerRow]:
        return [
            ledger_row(
                contract_no=f"L-{n}", id_number=id_number(n), name=f"李{n}", phone=county.phone(n),
                balance=balance, due_on=county.DUE + timedelta(days=60 * (n == moved)),
                disbursed_on=date(2022, 12, 5),
            )
            for n, balance in balances.items()
        ]  # fmt: skip

    take(session, rows(dict.fromkeys(range(5), 900_000)), date(2023, 11, 30))
    words = {"body": DEFAULT, "signature": "【农商行】", "phone": "1", "approved_at": NINE}
    session.add(MessageTemplate(name="reminder", version=1, **words))
    plan(session, NINE)
    session.commit()
    days = Days(session)
    (first,) = days.claim(1)
    on_its_way = int(first.phone) - county.FIRST_PHONE
    moved, less, same, _gone = (n for n in range(5) if n != on_its_way)
    take(
        session,
        rows({on_its_way: 0, moved: 900_000, less: 500_000, same: 900_000}, moved),
        date(2023, 12, 4),
    )
    beside = Beside(
        app, lambda other: outbox.claim(other, "sandbox", "v", days.clocks, USUAL, 1, lambda: "v")
    )
    session.commit()
    expected = {county.phone(n): State.CANCELLED for n in range(5)}
    expected |= {
        county.phone(less): State.SENDING,
        county.phone(same): State.SENDING,
        first.phone: State.ACCEPTED,
    }
    by_then = beside.answer()  # on PostgreSQL by what was true before
    expected |= {made.phone: State.SENDING for made in by_then}
    assert finish(session, first, Accepted("SM-first"))
    told = [made for made in (*by_then, *days.claim()) if made.phone == county.phone(less)]
    assert "0.50万元" in told[0].text or db.engine.dialect.name == "postgresql"
    session.expire_all()
    today = select(OutboxMessage).where(OutboxMessage.day == NINE.date())
    assert {m.phone: m.state for m in session.scalars(today)} == expected


def test_a_policy_changed_while_messages_wait_holds_at_once(five: Session) -> None:
    plan(five, NINE)
    changed = {"region_code": "", "lender_id": None, "starts_on": NINE.date(), "reason": "x"}
    five.add(ReminderPolicy(leads="5,1", **changed))
    five.commit()
    assert Days(five).claim() == []
    assert set(states(five)) == {State.CANCELLED}
    waiting = five.scalars(select(OutboxMessage).where(OutboxMessage.state == State.PENDING)).all()
    assert {m.day for m in waiting} == {county.DUE - timedelta(days=1)}
    assert plan(five, NINE).messages == 5, "told five days ahead now"
    days = Days(five, NINE + timedelta(days=2))
    assert len(days.claim()) == 5


@pytest.fixture
def two(five: Session) -> Session:
    """Borrowers 4 and 5 belong to another county, whose lender is another."""
    lender = Lender(name="富源农商行")
    county_row = {"code": OTHER, "parent_code": "5303", "level": Level.COUNTY}
    five.add_all([lender, Region(**county_row, name="富源县", short="富源")])
    five.flush()
    town = {"code": OTHER_TOWN, "parent_code": OTHER, "level": Level.TOWNSHIP}
    five.add(Region(**town, name="中安镇", short="中安"))
    five.flush()
    there = Loan.borrower_id > 3
    five.execute(update(Loan).where(there).values(township_code=OTHER_TOWN, lender_id=lender.id))
    five.commit()
    return five


def told(session: Session) -> set[str]:
    query = select(OutboxMessage.phone).where(OutboxMessage.state == State.SENDING)
    return set(session.scalars(query))


def test_two_counties_keep_their_own_hours_and_neither_waits_for_the_other(two: Session) -> None:
    early = {"key": Key.SMS_FROM, "starts_on": date(2023, 1, 1), "set_at": NINE, "reason": "x"}
    two.add(PolicyValue(**early, region_code="530324", value=11 * 60))
    two.commit()
    plan(two, NINE)
    two.execute(update(OutboxMessage).values(not_before=NINE))  # planned before the hours were changed
    two.commit()
    assert len(Days(two).claim(1)) == 1, "the first in line may not leave yet, and holds nobody up"
    Days(two).claim()
    assert told(two) == {county.phone(3), county.phone(4)}
    Days(two, NINE + timedelta(hours=2)).claim()
    assert told(two) == {county.phone(n) for n in range(5)}


def test_two_counties_have_their_own_text_and_their_own_lead_times(two: Session) -> None:
    template = two.scalars(select(MessageTemplate)).one()
    template.lender_id = two.scalars(select(Lender.id).order_by(Lender.id)).first()
    two.add(
        ReminderPolicy(region_code=OTHER, lender_id=None, starts_on=date(2023, 1, 1), leads="3", reason="x")
    )
    two.commit()
    assert plan(two, NINE).untold == 2, "the other county has approved no text"
    two.add(
        MessageTemplate(
            name="reminder", version=2, lender_id=two.scalars(select(Lender.id).order_by(Lender.id.desc())).first(),
            body=DEFAULT, signature="【富源农商行】", phone="2", approved_at=NINE,
        )
    )  # fmt: skip
    two.commit()
    plan(two, NINE)
    two.commit()
    rows = {(m.phone, m.day): m.text for m in two.scalars(select(OutboxMessage))}
    theirs = {key: text for key, text in rows.items() if key[0] in (county.phone(3), county.phone(4))}
    assert {day for _, day in theirs} == {county.DUE - timedelta(days=3)}
    assert all(text.startswith("【富源农商行】") for text in theirs.values())
    assert all(text.startswith("【罗平农商行】") for key, text in rows.items() if key not in theirs)


def test_one_person_in_two_counties_is_written_to_once_a_day(two: Session) -> None:
    """Caps are the borrower's, over all loans, wherever they are."""
    two.execute(update(Loan).where(Loan.borrower_id == 5).values(borrower_id=3))
    two.commit()
    plan(two, NINE)
    two.commit()
    assert len(Days(two).claim()) == 4
    assert two.scalars(select(Borrower.id).where(Borrower.id == 5)).one()


def test_an_id_that_another_message_has_is_a_persons_to_judge_and_stops_nobody(
    app: Flask, five: Session
) -> None:
    """A provider that begins to count anew."""

    class Forgetful(Sandbox):
        def send(self, phone: str, text: str, token: str) -> Outcome:
            return Accepted("SM0" if phone < county.phone(2) else f"SM{phone}")

    plan(five, NINE)
    five.commit()
    app.config["NOW"] = f"{county.NOW}+08:00"
    assert sending.send_due(Forgetful(), "w") == 5
    assert Counter(states(five)) == {State.ACCEPTED: 4, State.UNKNOWN: 1}
