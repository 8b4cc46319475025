"""What is overdue on a day, given the word of the newest ledger: the policy as a table."""

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.loans.rules import overdue_at

SEPTEMBER, OCTOBER, NOVEMBER = date(2023, 9, 30), date(2023, 10, 31), date(2023, 11, 30)
WAN = 1_000_000
DAYS = st.dates(date(2023, 1, 1), date(2024, 12, 31))
AMOUNTS = st.integers(0, 10 * WAN)


@pytest.mark.parametrize(
    ("balance", "ledger_overdue", "as_of", "due", "day", "overdue"),
    [
        # What the ledger says is overdue stays so until another ledger says otherwise.
        (5 * WAN, 2 * WAN, OCTOBER, SEPTEMBER, OCTOBER, 2 * WAN),
        (5 * WAN, 2 * WAN, OCTOBER, SEPTEMBER, NOVEMBER, 2 * WAN),
        (5 * WAN, 5 * WAN, OCTOBER, NOVEMBER, OCTOBER, 5 * WAN),  # an instalment, before the last due date
        (0, 1, OCTOBER, SEPTEMBER, OCTOBER, 1),  # interest or costs, with the balance paid
        # Falls due after the ledger: the balance turns overdue the day after the due date, and not on it.
        (5 * WAN, 0, SEPTEMBER, OCTOBER, OCTOBER - timedelta(days=1), 0),
        (5 * WAN, 0, SEPTEMBER, OCTOBER, OCTOBER, 0),
        (5 * WAN, 0, SEPTEMBER, OCTOBER, OCTOBER + timedelta(days=1), 5 * WAN),
        (5 * WAN, 0, OCTOBER, OCTOBER, NOVEMBER, 5 * WAN),  # due on the ledger's own date
        # The ledger knew that the due date was past, and did not call it overdue: that is its word.
        (5 * WAN, 0, OCTOBER, SEPTEMBER, OCTOBER, 0),
        (5 * WAN, 0, OCTOBER, SEPTEMBER, NOVEMBER, 0),
        # Repaid.
        (0, 0, SEPTEMBER, OCTOBER, NOVEMBER, 0),
        (0, 0, OCTOBER, SEPTEMBER, NOVEMBER, 0),
    ],
)
def test_overdue_on_a_day(
    balance: int, ledger_overdue: int, as_of: date, due: date, day: date, overdue: int
) -> None:
    assert (
        overdue_at(balance=balance, ledger_overdue=ledger_overdue, as_of=as_of, effective_due=due, day=day)
        == overdue
    )


@given(AMOUNTS, AMOUNTS, DAYS, DAYS, DAYS)
def test_without_a_new_ledger_it_never_shrinks(
    balance: int, overdue: int, as_of: date, due: date, day: date
) -> None:
    on, later = (
        overdue_at(balance=balance, ledger_overdue=overdue, as_of=as_of, effective_due=due, day=when)
        for when in (day, day + timedelta(days=30))
    )
    assert on <= later and on in (0, balance, overdue)
