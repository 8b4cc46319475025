"""The small picture of a rate against its line."""

from decimal import Decimal

from app.dashboard.drawing import picture


def test_the_higher_value_stands_higher_and_a_gap_stays_a_gap() -> None:
    drawn = picture([[Decimal(1), Decimal(2), Decimal(4)], [Decimal(2), None, Decimal(2)]])
    assert drawn is not None
    rate, line = drawn.curves
    heights = [float(y) for _, y in rate.dots]
    assert heights == sorted(heights, reverse=True)
    assert rate.dots[1][1] == line.dots[0][1]
    assert len(rate.pieces) == 1
    assert line.pieces == ()
    assert [x for x, _ in line.dots] == [rate.dots[0][0], rate.dots[2][0]]


def test_without_two_months_there_is_no_picture() -> None:
    assert picture([[Decimal(1)], [None]]) is None
    assert picture([[None, None], [None, None]]) is None
    assert picture([[], []]) is None
    assert picture([[Decimal(0), Decimal(0)]]) is not None
