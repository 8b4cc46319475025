"""Judging, allocation, terms and the limitation period, as pure rules."""

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.cases.rules import limitation_end
from app.promises.rules import (
    Allocation,
    Part,
    Payment,
    PromiseState,
    allocate,
    equal_parts,
    judge,
    refusal,
)

DAY = date(2023, 11, 8)
DUE = date(2023, 11, 20)


@pytest.mark.parametrize(
    ("amount", "parts", "field"),
    [
        (0, [Part(DUE, 0)], "amount"),
        (100, [Part(DUE, 200), Part(DUE + timedelta(1), -100)], "amount"),
        (1001, [Part(DUE, 1001)], "amount"),
        (100, [Part(DAY - timedelta(1), 100)], "on"),
        (100, [Part(DAY + timedelta(366), 100)], "on"),
        (100, [Part(DUE, 60), Part(DUE + timedelta(1), 39)], "parts"),
        (100, [Part(DUE, 50), Part(DUE, 50)], "parts"),
        (100, [], "count"),
        (130, [Part(DUE + timedelta(n), 10) for n in range(13)], "count"),
    ],
)
def test_terms_that_cannot_be_are_refused_at_their_field(amount: int, parts: list[Part], field: str) -> None:
    refused = refusal(amount, parts, 1000, DAY, 365)
    assert refused is not None
    assert refused[0] == field


def test_terms_that_can_be_are_taken() -> None:
    assert refusal(1000, [Part(DAY, 400), Part(DAY + timedelta(365), 600)], 1000, DAY, 365) is None


@given(st.integers(1, 10**9), st.integers(1, 12))
def test_equal_parts_add_up_and_differ_by_a_fen_at_most(amount: int, count: int) -> None:
    parts = [part.amount for part in equal_parts(amount, date(2024, 1, 31), count)]
    assert (sum(parts), len(parts)) == (amount, count)
    assert max(parts) - min(parts) <= 1


@pytest.mark.parametrize(
    ("payments", "grace", "tolerance", "today", "state"),
    [
        ([(DUE, 1000)], 0, 0, DUE, PromiseState.OPEN),  # its day is not over
        ([(DUE, 1000)], 0, 0, DUE + timedelta(1), PromiseState.KEPT),
        ([(DUE, 999)], 0, 0, DUE + timedelta(1), PromiseState.PARTIAL),
        ([(DUE, 950)], 0, 5, DUE + timedelta(1), PromiseState.KEPT),
        ([], 0, 0, DUE + timedelta(1), PromiseState.BROKEN),
        ([(DUE + timedelta(1), 1000)], 0, 0, DUE + timedelta(9), PromiseState.BROKEN),
        ([(DUE + timedelta(1), 1000)], 1, 0, DUE + timedelta(9), PromiseState.KEPT),
        ([], 1, 0, DUE + timedelta(1), PromiseState.OPEN),
        ([(DAY - timedelta(1), 1000)], 0, 0, DUE + timedelta(1), PromiseState.BROKEN),  # before it was taken
    ],
)
def test_one_instalment(
    payments: list[tuple[date, int]], grace: int, tolerance: int, today: date, state: PromiseState
) -> None:
    paid = [Payment(*one) for one in payments]
    assert judge([Part(DUE, 1000)], paid, grace, tolerance, DAY, today)[0] is state


def test_a_late_payment_fills_the_oldest_instalment_first() -> None:
    parts = [Part(DUE, 500), Part(DUE + timedelta(10), 500)]
    whole, judged = judge(parts, [Payment(DUE + timedelta(5), 600)], 0, 0, DAY, DUE + timedelta(11))
    assert whole is PromiseState.PARTIAL
    assert [(one.paid, one.state) for one in judged] == [
        (0, PromiseState.BROKEN),
        (100, PromiseState.PARTIAL),
    ]


@pytest.mark.parametrize(
    ("amount", "costs", "interest", "expected"),
    [
        (100, 0, 0, Allocation(0, 0, 100)),
        (100, 30, 50, Allocation(30, 50, 20)),
        (100, 30, 90, Allocation(30, 70, 0)),
        (20, 30, 90, Allocation(20, 0, 0)),
    ],
)
def test_costs_before_interest_before_principal(
    amount: int, costs: int, interest: int, expected: Allocation
) -> None:
    assert allocate(amount, costs, interest) == expected


@pytest.mark.parametrize(
    ("restarts", "end"),
    [
        ([], date(2026, 8, 31)),
        ([date(2024, 2, 29)], date(2027, 2, 28)),
        ([date(2026, 8, 31)], date(2029, 8, 31)),  # on its last day
        ([date(2026, 9, 1)], date(2026, 8, 31)),  # a day too late
        ([date(2023, 8, 1)], date(2026, 8, 31)),  # before it was due
        ([date(2028, 1, 1), date(2026, 1, 1)], date(2031, 1, 1)),
    ],
)
def test_the_limitation_period(restarts: list[date], end: date) -> None:
    assert limitation_end(date(2023, 8, 31), restarts) == end
