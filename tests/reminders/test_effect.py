"""Does reminding help: who is held out, and what is said of it."""

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.accounts.rules import EVERYTHING
from app.loans.models import Loan, Snapshot
from app.policies.models import PolicyValue
from app.policies.rules import Key
from app.reminders.effect import Group, effect
from app.reminders.models import HeldOut, OutboxMessage
from app.reminders.plan import plan
from app.reminders.rules import Share, difference, is_held_out
from app.reminders.states import State
from tests.prove import county
from tests.reminders.test_outbox import NINE

DUE = date(2023, 12, 12)


def test_without_a_share_nobody_is_held_out_and_with_one_about_that_many() -> None:
    assert not any(is_held_out(n, DUE, 0) for n in range(2000))
    drawn = sum(is_held_out(n, DUE, 20) for n in range(5000))
    assert 900 < drawn < 1100
    assert [is_held_out(n, DUE, 20) for n in range(99)] == [is_held_out(n, DUE, 20) for n in range(99)]


@given(st.integers(1, 500), st.data())
def test_an_interval_holds_its_share(loans: int, data: st.DataObject) -> None:
    share = Share(data.draw(st.integers(0, loans)), loans)
    low, high = share.interval
    assert 0 <= low <= share.value <= high <= 1


def test_intervals_as_published() -> None:
    """Newcombe 1998, table II, example (a): 56/70 against 48/80, method 10: 0.0524 to 0.3339."""
    found = difference(Share(56, 70), Share(48, 80))
    assert found is not None and [round(one, 4) for one in found] == [0.2, 0.0524, 0.3339]
    assert difference(Share(1, 2), Share(0, 0)) is None


@pytest.fixture
def held(session: Session) -> Session:
    """Sixty borrowers; a fifth of the loans is held out."""
    county.fill(session, 60)
    session.add(PolicyValue(region_code="", key=Key.HOLD_OUT, value=20, starts_on=county.TODAY, set_at=NINE))
    session.commit()
    plan(session, NINE)
    session.commit()
    return session


def test_who_is_held_out_is_not_reminded_and_is_kept_as_such(held: Session) -> None:
    out = set(held.scalars(select(HeldOut.loan_id)))
    loans = list(held.scalars(select(Loan.id)))
    assert out == {n for n in loans if is_held_out(n, county.DUE, 20)} and 0 < len(out) < 30
    assert plan(held, NINE + timedelta(hours=1)).messages == 0


def test_the_effect_counts_what_the_first_later_ledger_shows(held: Session) -> None:
    later = county.DUE + timedelta(days=19)
    out = set(held.scalars(select(HeldOut.loan_id)))
    for loan in held.scalars(select(Loan)).all():
        overdue = loan.balance if loan.id in out and loan.id % 2 else 0
        row = {
            "loan_id": loan.id, "township_code": loan.township_code, "household_id": loan.household_id,
            "principal": loan.principal, "balance": overdue, "disbursed_on": loan.disbursed_on, "due_on": loan.due_on,
        }  # fmt: skip
        held.add(Snapshot(as_of=later, overdue=overdue, **row))
        held.add(
            Snapshot(as_of=later + timedelta(days=30), overdue=loan.balance, **row)
        )  # later still: no matter
    held.scalars(select(OutboxMessage)).first().state = State.DELIVERED  # type: ignore[union-attr]
    held.commit()
    found = effect(held, EVERYTHING, county.TODAY, later)
    reminded, left = found.groups[Group.REMINDED], found.groups[Group.HELD_OUT]
    assert (reminded.paid, reminded.loans) == (66 - len(out), 66 - len(out))
    assert (left.paid, left.loans) == (sum(n % 2 == 0 for n in out), len(out))
    assert found.groups[Group.OTHER].loans == 0 and 1 <= found.delivered.loans <= 2
    assert found.difference is not None and found.difference[0] > 0
    assert effect(held, EVERYTHING, later, later).difference is None
