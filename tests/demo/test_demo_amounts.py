import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.demo.amounts import SMALLEST, USUAL, USUAL_CAP, roughen, round_up, spread
from app.demo.dice import Dice

WAN = 1_000_000


@pytest.mark.parametrize(
    ("total", "parts"),
    [(SMALLEST * 3 - 1, 3), (USUAL_CAP * 3 + 1, 3), (WAN, 0), (0, 1)],
    ids=["too little", "too much", "for nobody", "nothing for one"],
)
def test_a_total_that_no_loans_can_make_up_is_refused(total: int, parts: int) -> None:
    with pytest.raises(ValueError, match="cannot be spread"):
        spread(Dice(1), total, parts, USUAL, USUAL_CAP)


@given(data=st.data(), parts=st.integers(1, 60), seed=st.integers(0, 1000))
def test_any_possible_total_is_spread_exactly(data: st.DataObject, parts: int, seed: int) -> None:
    total = data.draw(st.integers(parts * SMALLEST, parts * USUAL_CAP))
    dice = Dice(seed)
    amounts = spread(dice, total, parts, USUAL, USUAL_CAP)
    roughened = amounts.copy()
    roughen(dice, roughened, parts, USUAL_CAP)
    for result in (amounts, roughened):
        assert len(result) == parts
        assert sum(result) == total
        assert all(SMALLEST <= amount <= USUAL_CAP for amount in result)


def test_most_amounts_are_ones_that_people_borrow() -> None:
    amounts = spread(Dice(1), 100 * 3 * WAN + 7, 100, USUAL, USUAL_CAP)
    assert sum(amount in USUAL for amount in amounts) >= 95


def test_principals_are_rounded_up_to_a_thousand_yuan() -> None:
    assert [round_up(amount) for amount in (1, 100_000, 100_001)] == [100_000, 100_000, 200_000]


def test_shuffling_loses_nothing() -> None:
    assert sorted(Dice(3).shuffled(range(50))) == list(range(50))
