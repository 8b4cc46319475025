"""The year of new lending is the year of the as-of date."""

import pytest

from app.bulletin.proofread import proofread
from tests.bulletin.published import CORRECTED_PAGE, PLACES

SAID = "2023年新增贷款"


@pytest.mark.parametrize("year", ["2022", "2024", "3023", "2093"])
def test_another_year_is_found_where_it_stands(year: str) -> None:
    text = CORRECTED_PAGE.replace(SAID, SAID.replace("2023", year))
    (finding,) = proofread(text, PLACES).findings
    assert (finding.printed, finding.expected) == (year, "2023")
    assert text[finding.start : finding.end] == year


def test_the_year_of_the_date_is_right() -> None:
    assert SAID in CORRECTED_PAGE
    assert not proofread(CORRECTED_PAGE, PLACES).findings


def test_without_a_date_nothing_can_be_said_of_the_year() -> None:
    text = CORRECTED_PAGE.replace("截至20231031日,", "").replace(SAID, "1999年新增贷款")
    assert not proofread(text, PLACES).findings
