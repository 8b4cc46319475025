"""Nobody in the demonstration county can be a living person."""

import re
from datetime import datetime

import pytest

from app.demo import Demo, Row
from app.demo.people import check_digit
from app.places.rules import shipped


def follows_gb_11643(number: str) -> bool:
    """ISO 7064 MOD 11-2, by folding from the left: another way than the generator's."""
    rest = 0
    for character in number:
        rest = (rest * 2 + (10 if character == "X" else int(character))) % 11
    return rest == 1


@pytest.mark.parametrize("number", ["11010519491231002X", "440524188001010014"])
def test_the_standards_own_examples_have_the_right_check_digit(number: str) -> None:
    assert check_digit(number[:17]) == number[17]
    assert follows_gb_11643(number)
    assert not follows_gb_11643(number[:16] + str((int(number[16]) + 1) % 10) + number[17])


@pytest.fixture(scope="module")
def rows(demo: Demo) -> list[Row]:
    return [row for ledger in demo.ledgers for row in ledger.rows]


def test_id_numbers_are_valid_and_of_a_place_that_does_not_exist(rows: list[Row]) -> None:
    places = {place.code[:6] for place in shipped() if len(place.code) >= 6}
    for number in {number for row in rows for number in (row.head_id, row.borrower_id)}:
        assert re.fullmatch(r"530399\d{11}[\dX]", number)
        assert follows_gb_11643(number)
        datetime.strptime(number[6:14], "%Y%m%d")
        assert number[:6] not in places


def test_phones_are_of_a_range_that_nobody_has(rows: list[Row]) -> None:
    phones = {row.borrower_id: row.phone for row in rows}
    landlines = {phone for phone in phones.values() if phone.startswith("0")}
    assert len(set(phones.values())) == len(phones)
    assert all(re.fullmatch(r"0874-0\d{6}", phone) for phone in landlines)
    assert all(re.fullmatch(r"154\d{8}", phone) for phone in set(phones.values()) - landlines)


def test_a_number_belongs_to_one_person_and_a_household_to_one_place(rows: list[Row]) -> None:
    for facts in (
        {(row.borrower_id, row.borrower, row.phone) for row in rows},
        {(row.head_id, row.head, row.village, row.group, row.household_size) for row in rows},
    ):
        assert len(facts) == len({fact[0] for fact in facts})


def test_the_few_unusual_values_are_there_and_no_others(rows: list[Row]) -> None:
    """Findings that never block: an age of 66, and a phone that is no mobile."""
    ages = {row.borrower_id: row.disbursed_on.year - int(row.borrower_id[6:10]) for row in rows}
    years = {number: 2023 - int(number[6:10]) for number in ages}
    # Born in the last weeks of 1956: 66 nearly all of 2023.
    assert sorted(age for age in years.values() if age > 64) == [67, 67]
    assert all(number[10:12] == "12" for number, age in years.items() if age > 64)
    assert min(ages.values()) >= 19
    assert len({row.phone for row in rows if row.phone.startswith("0")}) == 2
