"""Parts, numbers, codes, and the reply that ends it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.sms.rules import CODES, Verdict, is_stop, mobile, parts, status_of, verdict

GOOD = "【罗平农商行】张*,您的小额信贷5.00万元2023年11月30日到期,请存足本息,咨询0874-8220001。"


@pytest.mark.parametrize(
    ("text", "expected"),
    [("", 1), ("字" * 70, 1), ("字" * 71, 2), ("字" * 134, 2), ("字" * 135, 3), ("😀" * 35, 1), ("😀" * 36, 2),
     ("字" * 66 + "😀" * 34, 3), ("😀" * 67, 3), (GOOD, 1)],
)  # fmt: skip
def test_parts(text: str, expected: int) -> None:
    assert parts(text) == expected


@given(st.text(alphabet="字a😀", max_size=300))
def test_parts_hold_the_text_and_no_fewer_would(text: str) -> None:
    units = len(text.encode("utf-16-le")) // 2
    count = parts(text)
    assert units <= 70 if count == 1 else units <= 67 * count
    assert count == 1 or units > 66 * (count - 1)


@pytest.mark.parametrize(
    "typed", ["13812345678", "+86 138 1234 5678", "0086-13812345678", "１３８１２３４５６７８"]
)
def test_a_mobile_number_however_typed(typed: str) -> None:
    assert mobile(typed) == "13812345678"


@pytest.mark.parametrize("typed", ["", "0874-8220001", "12812345678", "1381234567", "138123456789", "一三八"])
def test_no_mobile_number(typed: str) -> None:
    assert mobile(typed) is None


@pytest.mark.parametrize("prefix", [146, 148, 149, 160, 161, 163, 164, 168, 169, 174, 179, 194])
def test_newer_prefixes(prefix: int) -> None:
    assert mobile(f"{prefix}12345678")


def test_codes() -> None:
    assert len(CODES) == 16
    assert verdict(400, 21610) is Verdict.OPT_OUT
    assert verdict(400, 99999) is Verdict.PERMANENT
    assert verdict(401, None) is Verdict.CONFIGURATION
    assert verdict(429, None) is Verdict.TRANSIENT
    assert verdict(503, None) is verdict(500, 21211) is verdict(408, None) is verdict(302, None) is None


def test_words() -> None:
    assert (
        status_of("Queued") == "accepted"
        and status_of("canceled") == "undelivered"
        and status_of("?") is None
    )
    assert all(map(is_stop, ("退订", " TD ", "Ｔ", "stop。")))
    assert not any(map(is_stop, ("", "已经还了", "TOMORROW", "请不要退订")))
