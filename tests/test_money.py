"""Money: integer 分 inside, and every rounding once, half up, from the exact amount."""

from decimal import Decimal
from fractions import Fraction
from math import floor

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.money import FEN_PER_WAN, FEN_PER_YUAN, percent, to_fen, wan, yuan

# A province's whole stock is below 10 000 亿元.
FEN = st.integers(min_value=0, max_value=10**14)


def half_up(value: Fraction, decimals: int = 0) -> Fraction:
    """The slow and obvious rounding that the fast one must agree with."""
    scale = 10**decimals
    return Fraction(floor(value * scale + Fraction(1, 2)), scale)


@pytest.mark.parametrize(
    "text",
    ["", " ", "五万", "1,000", "5.1.4", "nan", "NaN", "inf", "-Infinity", "1e9999999", "9" * 40],
    ids=lambda text: text[:12] or "empty",
)
def test_what_is_no_amount_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="no number"):
        to_fen(text)


@pytest.mark.parametrize("amount", [5.14, 0.1, 1e300, float("nan")])
def test_a_float_is_refused_by_type(amount: float) -> None:
    with pytest.raises(TypeError):
        to_fen(amount)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("amount", "unit", "fen"),
    [
        ("1234.56", FEN_PER_YUAN, 123456),
        ("0.005", FEN_PER_YUAN, 1),  # half goes up,
        ("0.0049999", FEN_PER_YUAN, 0),  # less than half does not,
        ("0.015", FEN_PER_YUAN, 2),  # and an even neighbour makes no difference
        ("0.025", FEN_PER_YUAN, 3),
        ("-0.005", FEN_PER_YUAN, -1),  # away from zero, as on paper
        ("5", FEN_PER_WAN, 5_000_000),
        ("5.14", FEN_PER_WAN, 5_140_000),
        ("985.92", FEN_PER_WAN, 985_920_000),
        ("0.0000005", FEN_PER_WAN, 1),
        (Decimal("5.14"), FEN_PER_WAN, 5_140_000),
        (50_000, FEN_PER_YUAN, 5_000_000),
        (0, FEN_PER_YUAN, 0),
    ],
)
def test_an_amount_as_written(amount: Decimal | int | str, unit: int, fen: int) -> None:
    assert to_fen(amount, unit) == fen


@pytest.mark.parametrize(
    ("fen", "printed"),
    [
        (985_920_000, "985.92"),
        (5_390_040_000, "5390.04"),
        (5_000, "0.01"),  # 50 元 is half of the last printed digit: up
        (4_999, "0.00"),
        (15_000, "0.02"),
        (25_000, "0.03"),
        (0, "0.00"),
        (-15_000, "-0.02"),
        (-1, "0.00"),
    ],
)
def test_wan_rounds_half_up_once(fen: int, printed: str) -> None:
    assert wan(fen) == printed


@pytest.mark.parametrize(
    ("part", "whole", "decimals", "printed"),
    [
        (538, 64299, 2, "0.84"),  # 老厂乡, printed 0% in the published text
        (23515, 539004, 2, "4.36"),  # 罗平县
        (455198, 546750, 0, "83"),
        (1, 800, 2, "0.13"),  # 0.125
        (1, 8000, 2, "0.01"),  # 0.0125
        (3, 8000, 2, "0.04"),  # 0.0375
        (5, 1000, 0, "1"),  # 0.5
        (25, 1000, 0, "3"),  # 2.5, not to the even 2
        (0, 5, 2, "0.00"),
        (12, 10, 0, "120"),
    ],
)
def test_percent_as_a_person_computes_it(part: int, whole: int, decimals: int, printed: str) -> None:
    assert str(percent(part, whole, decimals)) == printed


@pytest.mark.parametrize("whole", [0, -1])
def test_nothing_to_divide_by_gives_no_figure_rather_than_zero(whole: int) -> None:
    assert percent(5, whole, 2) is None


@given(FEN)
def test_yuan_is_exact_and_comes_back(fen: int) -> None:
    assert to_fen(yuan(fen)) == fen
    assert Fraction(yuan(fen)) == Fraction(fen, FEN_PER_YUAN)


@given(FEN)
def test_wan_is_the_nearest_hundredth(fen: int) -> None:
    assert Fraction(wan(fen)) == half_up(Fraction(fen, FEN_PER_WAN), 2)
    assert len(wan(fen).rpartition(".")[2]) == 2


@given(st.decimals(0, 10**9, places=9), st.sampled_from([FEN_PER_YUAN, FEN_PER_WAN]))
def test_reading_rounds_once(amount: Decimal, unit: int) -> None:
    assert to_fen(amount, unit) == half_up(Fraction(amount) * unit)


@given(FEN, st.integers(min_value=1, max_value=10**14), st.integers(0, 4))
def test_percent_against_fractions(part: int, whole: int, decimals: int) -> None:
    value = percent(part, whole, decimals)
    assert value is not None
    assert Fraction(value) == half_up(Fraction(part * 100, whole), decimals)
    assert value.as_tuple().exponent == -decimals
