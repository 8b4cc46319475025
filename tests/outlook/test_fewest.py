"""The fewest cases under a line, against trying every choice."""

from datetime import date, timedelta
from decimal import Decimal
from itertools import combinations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.lines.rules import is_above, printed_rate
from app.outlook.fewest import Candidate, fewest

DAY = date(2023, 11, 30)


def candidates(*amounts: int) -> list[Candidate]:
    return [Candidate(n, amount, DAY, household_id=n) for n, amount in enumerate(amounts, 1)]


def reaches(stock: int, overdue: int, paid: int, line: Decimal) -> bool:
    return not is_above(printed_rate(overdue - paid, stock - paid), line)


cases = st.lists(
    st.builds(
        Candidate,
        st.integers(1, 10**6),
        st.integers(1, 5_000),
        st.integers(0, 400).map(lambda n: DAY - timedelta(days=n)),
        st.booleans(),
        st.booleans(),
    ),
    max_size=7,
    unique_by=lambda one: one.case_id,
)


@given(cases, st.integers(0, 200_000), st.integers(0, 3_000), st.integers(0, 3_000))
def test_no_smaller_choice_reaches_the_line(
    found: list[Candidate], current: int, aside: int, line_hundredths: int
) -> None:
    overdue = sum(one.overdue for one in found) + aside
    stock, line = overdue + current, Decimal(line_hundredths) / 100
    plan = fewest(stock, overdue, found, line)
    sizes = [
        size
        for size in range(len(found) + 1)
        if any(
            reaches(stock, overdue, sum(c.overdue for c in some), line) for some in combinations(found, size)
        )
    ]
    assert plan.reachable == bool(sizes)
    assert len(set(plan.cases)) == len(plan.cases)
    if sizes:
        assert len(plan.cases) == min(sizes)
        assert reaches(stock, overdue, plan.paid, line)
        assert plan.after == printed_rate(overdue - plan.paid, stock - plan.paid)
        largest = sorted(found, key=lambda c: (c.overdue, c.ease), reverse=True)[: len(plan.cases)]
        assert sorted(c.ease for c in plan.cases) >= sorted(c.ease for c in largest)


def test_paying_lowers_the_stock_too() -> None:
    # 30 of 1000: paying 20 leaves 10 of 980, which is 1.02 %; of 1000 it would be 1.00 %.
    assert len(fewest(100_000, 3_000, candidates(2_000, 1_000), Decimal("1.00")).cases) == 2
    assert len(fewest(100_000, 3_000, candidates(2_000, 1_000), Decimal("1.02")).cases) == 1


@pytest.mark.parametrize(
    ("promised", "reached", "days"), [(True, False, 0), (False, True, 0), (False, False, 5)]
)
def test_among_equal_amounts_the_more_collectable(promised: bool, reached: bool, days: int) -> None:
    hard = Candidate(1, 500, DAY - timedelta(days=10))
    easy = Candidate(2, 500, DAY - timedelta(days=10 - days), promised, reached)
    assert [c.case_id for c in fewest(10_000, 1_000, [hard, easy], Decimal(6)).cases] == [2]


def test_room_left_is_used_for_easier_cases() -> None:
    hard, easy = Candidate(1, 900, DAY), Candidate(2, 600, DAY, promised=True)
    plan = fewest(10_000, 1_500, [hard, easy], Decimal("9.60"))
    assert [c.case_id for c in plan.cases] == [2]
    assert [c.case_id for c in fewest(10_000, 1_500, [hard, easy], Decimal("8.00")).cases] == [1]


def test_nothing_to_do_and_nothing_that_helps() -> None:
    assert fewest(10_000, 100, candidates(100), Decimal("1.00")).cases == ()
    assert fewest(0, 0, [], Decimal(0)).reachable
    beyond = fewest(10_000, 1_000, candidates(100), Decimal("1.00"))
    assert (beyond.reachable, len(beyond.cases)) == (False, 1)
    assert fewest(1_000, 1_000, candidates(400, 600), Decimal(0)).reachable  # everything paid: no stock left
