"""Right texts in every layout have no findings; every wrong figure that can be recomputed is found at its place."""

import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.bulletin.proofread import proofread, read_source
from app.places.rules import PlaceIndex
from tests.bulletin.proofread.layouts import (
    COUNTIES,
    WHOLE,
    Key,
    Month,
    Place,
    Sheet,
    counties,
    months,
    sentences,
    slips,
)
from tests.bulletin.proofread.tables import ALL, FILES, LAYOUTS, grid, lines

NOWHERE = PlaceIndex([])  # a county whose places the program does not know
# Figures that only a rate depends on, which need not show a changed digit.
UNBOUND: dict[str, set[Key]] = {"compared": {(WHOLE, "stock")}}
# What a wrong figure may be pointed at by: what is recomputed from it alone.
DEPENDING = {"省": {WHOLE}}
SURE = {"rate", "completion", "change", "change_hh", "rank", "above"}


@settings(max_examples=12, deadline=None)
@given(month=months())
def test_a_right_text_has_no_findings_in_any_layout(month: Month) -> None:
    for name, layout in LAYOUTS.items():
        sheet = layout(month)
        proof = proofread(sheet.text, NOWHERE)
        assert proof.findings == (), (name, sheet.text, proof.findings[0].to_json())
        assert proof.figures == len(sheet.places), (name, sheet.text)


@settings(max_examples=12, deadline=None)
@given(month=months(names=COUNTIES), households=st.sampled_from(["户", ""]))
def test_a_prefecture_with_its_counties_and_digits_that_run_together(month: Month, households: str) -> None:
    assert proofread(counties(month).text, NOWHERE).findings == ()
    assert proofread(sentences(month, households).text, NOWHERE).findings == ()


@settings(max_examples=4, deadline=None)
@given(month=months())
def test_word_excel_and_web_tables_are_read_as_their_lines(month: Month) -> None:
    for name, make, sign in FILES.values():
        cells = grid(month, ALL[:12], sign)
        source = read_source(name, make(cells))
        assert lines(cells, sign=sign).text.strip() in source.text, name
        proof = proofread(source.text, NOWHERE)
        assert (proof.findings, proof.figures) == ((), 12 * len(month.everyone))


def _month(seed: int) -> Month:
    """The same month for the same seed, by the strategy itself."""
    found: list[Month] = []

    @settings(max_examples=1, database=None, deadline=None, derandomize=True)
    @given(months(least=5), st.just(seed))
    def draw(month: Month, _seed: int) -> None:
        found.append(month)

    draw()
    return found[0]


@settings(max_examples=25, deadline=None)
@given(month=months(), seed=st.integers(0, 10**6))
def test_a_wrong_digit_is_found_at_its_place_in_every_layout(month: Month, seed: int) -> None:
    choice = random.Random(seed)
    for name, layout in LAYOUTS.items():
        sheet = layout(month)
        for place in choice.sample(sheet.places, 2):
            digits = sheet.text[place.start : place.end]
            wrong = choice.choice([other for other in slips(digits) if other != digits])
            if (
                place.key not in UNBOUND.get(name, set())
                and _is_printed_so(wrong)
                and _is_wrong(month, place)
            ):
                _assert_found(name, sheet, place, wrong)


def _is_printed_so(digits: str) -> bool:
    return not (digits.startswith("0") and digits[1:2].isdigit())


def _is_wrong(month: Month, place: Place) -> bool:
    """Of places with equal rates each may have any of their ranks."""
    whose, figure = place.key
    rates = [row.rate for row in month.rows if row.name == whose]
    return figure != "rank" or sum(row.rate == rates[0] for row in month.rows) == 1


def _assert_found(name: str, sheet: Sheet, place: Place, wrong: str) -> None:
    """A finding stands at the figure, or where it shows: the same place's figures, or the column's total.

    What is computed from others is pointed at itself.
    """
    changed = sheet.changed(place, wrong)
    findings = proofread(changed.text, NOWHERE).findings
    here = next(other for other in changed.places if other.key == place.key and other.start == place.start)
    at = [other for f in findings for other in changed.places if other.start < f.end and f.start < other.end]
    told = f"{name}: {place.key} {sheet.text[place.start : place.end]}→{wrong}: {[f.to_json() for f in findings]}"
    whose, figure = place.key
    allowed = {whose} | DEPENDING.get(whose, set())
    assert any(other.key[0] in allowed or other.key == (WHOLE, figure) for other in at), told
    if figure in SURE:
        assert here in at, told


@pytest.mark.parametrize(
    ("figure", "shift"),
    [("rate", "9.99"), ("completion", "7"), ("rank", "9"), ("change", "123456.78"), ("change_hh", "98765")],
)
def test_what_is_computed_is_told_with_its_right_value(figure: str, shift: str) -> None:
    """In a table every computed figure is singled out, and its right value named."""
    month = _month(1)
    sheet = LAYOUTS["table"](month)
    for row in month.rows:
        place = sheet.find((row.name, figure))
        digits = sheet.text[place.start : place.end]
        (finding,) = proofread(sheet.changed(place, shift).text, NOWHERE).findings
        assert (finding.region, finding.start, finding.printed) == (row.name, place.start, shift)
        assert finding.expected == digits or figure == "rank"


def test_a_total_that_its_rate_confirms_is_singled_out() -> None:
    sheet = LAYOUTS["table"](_month(2))
    place = sheet.find((WHOLE, "stock"))
    digits = sheet.text[place.start : place.end]
    wrong = f"{(int(digits[0]) + 1) % 9 + 1}{digits[1:]}"
    (finding,) = proofread(sheet.changed(place, wrong).text, NOWHERE).findings
    assert (finding.start, finding.expected) == (place.start, digits)


def test_text_that_contradicts_its_table_is_the_one_that_is_wrong() -> None:
    """The table adds up, so it is believed; each figure of the text is pointed at with the table's value."""
    month = _month(3)
    sheet = LAYOUTS["table and text"](month)
    before = sheet.text.index("附表")
    for place in [place for place in sheet.places if place.start < before]:
        digits = sheet.text[place.start : place.end]
        wrong = f"{int(digits[0]) % 9 + 1}{digits[1:]}"
        (finding,) = proofread(sheet.changed(place, wrong).text, NOWHERE).findings
        assert (finding.start, finding.printed, finding.expected) == (place.start, wrong, digits)
