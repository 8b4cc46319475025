"""What may be entered for each number, and what is said of the rest."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.policies.rules import KEYS, Key, PolicyRefused, Unit, entry, parse


@pytest.mark.parametrize(
    ("key", "text", "said"),
    [
        (Key.CALLS_PER_DAY, "4", "from 1 to 3"),
        (Key.CALLS_PER_DAY, "0", "from 1 to 3"),
        (Key.CALLS_PER_DAY, "two", "whole number"),
        (Key.CALLS_PER_DAY, "-1", "whole number"),
        (Key.CALLS_PER_DAY, "1.5", "whole number"),
        (Key.CALLS_PER_DAY, "", "whole number"),
        (Key.CALLS_PER_DAY, "9" * 400, "whole number"),
        (Key.CONTACT_FROM, "07:59", "from 08:00 to 12:00"),
        (Key.CONTACT_UNTIL, "22:01", "from 17:00 to 22:00"),
        (Key.CONTACT_UNTIL, "21:60", "time of day"),
        (Key.CONTACT_UNTIL, "21", "time of day"),
        (Key.LARGE_AMOUNT, "much", "in yuan"),
        (Key.LARGE_AMOUNT, "1000000.01", "from 0.00 to 1000000.00"),
        (Key.LARGE_AMOUNT, "NaN", "in yuan"),
    ],
)
def test_bad_input_is_refused_with_a_sentence(key: Key, text: str, said: str) -> None:
    with pytest.raises(PolicyRefused, match=said) as refused:
        parse(key, text)
    assert refused.value.field == "value"


def test_the_bound_names_its_source() -> None:
    with pytest.raises(PolicyRefused, match="GB/T 45251-2025"):
        parse(Key.CONTACT_UNTIL, "23:00")


def test_good_input_is_read_in_its_unit() -> None:
    assert parse(Key.CALLS_PER_DAY, " 2 ") == 2
    assert parse(Key.CONTACT_FROM, "8:30") == 510
    assert parse(Key.LARGE_AMOUNT, "30000.5") == 3_000_050


@given(st.sampled_from(list(Key)), st.data())
def test_what_is_shown_can_be_entered_again(key: Key, data: st.DataObject) -> None:
    value = data.draw(st.integers(KEYS[key].low, KEYS[key].high))
    assert parse(key, entry(KEYS[key].unit, value)) == value


def test_every_unit_says_how_it_is_entered() -> None:
    from app.policies.rules import _HOW

    assert set(_HOW) == set(Unit)
