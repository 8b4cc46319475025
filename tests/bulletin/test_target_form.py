"""What is typed for targets."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.bulletin.forms import MAX_TARGET_WAN, read_typed, typed_wan
from app.money import FEN_PER_WAN


@pytest.mark.parametrize(
    "text",
    [
        "x",
        "12x",
        "-1",
        "-0.01",
        "nan",
        "inf",
        "1e30",
        "1e999999",
        "1050。5",
        "1 2",
        "=1+1",
        "10000001",
        "万元x",
    ],
)
def test_what_is_no_target_is_told_by_region(text: str) -> None:
    amounts, errors = read_typed({"a": text, "b": "550"})
    assert set(errors) == {"a"} and amounts["b"] == 550 * FEN_PER_WAN


@pytest.mark.parametrize(
    ("text", "fen"),
    [
        ("", None),
        ("  ", None),
        ("0", 0),
        ("550", 550_000_000),
        ("127.5", 127_500_000),
        ("１２７．５", 127_500_000),
        ("1,050", 1_050_000_000),
        ("1，050 万元", 1_050_000_000),
        ("127.555555", 127_555_555),
        (str(MAX_TARGET_WAN), MAX_TARGET_WAN * FEN_PER_WAN),
    ],
)
def test_what_is_a_target(text: str, fen: int | None) -> None:
    assert read_typed({"a": text}) == ({"a": fen}, {})


@given(st.none() | st.integers(0, MAX_TARGET_WAN * FEN_PER_WAN))
def test_a_form_that_is_sent_back_untouched_changes_nothing(fen: int | None) -> None:
    assert read_typed({"a": typed_wan(fen)}) == ({"a": fen}, {})
