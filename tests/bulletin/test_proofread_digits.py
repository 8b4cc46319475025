"""Change any digit of any recomputable figure, and it is found; print any right figures, and nothing is."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import date

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.bulletin.figures import FigureRow, Figures
from app.bulletin.narrative import basic_situation_text
from app.bulletin.proofread import Section, proofread
from app.bulletin.proofread.board import prepare
from app.bulletin.proofread.figures import Cell, Figure
from app.bulletin.proofread.naming import name_regions
from app.bulletin.proofread.printed import Printed
from app.bulletin.proofread.reading import read
from app.bulletin.proofread.splitting import choose_splits
from tests.bulletin.published import CORRECTED, CORRECTED_PAGE, PLACES, PROBLEMS, TARGETS_WAN, fen

CLEAN = CORRECTED + PROBLEMS
TARGETS = {name: fen(wan) for name, wan in TARGETS_WAN.items()}
FORMS = {"clean": CLEAN, "run together": CORRECTED_PAGE}
WAN = 10_000  # 分: amounts are printed to a hundredth of 万元


def printed_figures(text: str) -> dict[Cell, Printed]:
    """Every figure of a right text with its place."""
    reading = read(text)
    names = name_regions(reading, PLACES)
    return dict(prepare(reading, choose_splits(reading), names, {}, set()).board.printed)


def slips(text: str, printed: Printed) -> Iterator[str]:
    """The text with one digit of a figure changed, to two others."""
    for at in range(printed.start, printed.end):
        if text[at].isdigit():
            digit = int(text[at])
            for other in {(digit + 1) % 10, (digit + 6) % 10}:
                yield f"{text[:at]}{other}{text[at + 1 :]}"


def test_all_figures_of_the_page_are_tried() -> None:
    assert len(printed_figures(CORRECTED_PAGE)) == len(printed_figures(CLEAN)) == 100


@pytest.mark.slow
@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("section", list(Section))
def test_every_changed_digit_of_a_recomputable_figure_is_found(form: str, section: Section) -> None:
    text, missed, elsewhere = FORMS[form], [], []
    for cell, printed in printed_figures(text).items():
        if cell[0] is not section or cell[2] is Figure.COMPLETION_PCT:
            continue
        for wrong in slips(text, printed):
            findings = proofread(wrong, PLACES).findings
            if not findings:
                missed.append((cell, wrong[printed.start : printed.end]))
            # A wrong total, rate or repeated figure is pointed at, and at nothing else.
            sure = cell[1] == "" or cell[2] is Figure.OVERDUE_RATE_PCT or section is Section.PROBLEMS
            if sure and {finding.figure for finding in findings} != {cell[2]}:
                elsewhere.append((cell, wrong[printed.start : printed.end]))
    assert missed == []
    assert elsewhere == []


@pytest.mark.slow
def test_with_targets_every_changed_digit_of_completion_is_found_at_its_place() -> None:
    for cell, printed in printed_figures(CLEAN).items():
        if cell[2] is Figure.COMPLETION_PCT:
            for wrong in slips(CLEAN, printed):
                (finding,) = proofread(wrong, PLACES, TARGETS).findings
                assert (finding.start, finding.expected) == (printed.start, printed.text)


@st.composite
def months(draw: st.DrawFn) -> Figures:
    """A county's month as it may be: amounts in whole hundredths of 万元, so that printing rounds nothing."""
    rows = []
    for place in draw(st.lists(st.sampled_from(PLACES.children("530324")), min_size=3, unique=True)):
        stock, new = draw(st.integers(5, 400)), draw(st.integers(1, 400))
        overdue = draw(st.integers(0, min(stock, 60)))
        rows.append(
            FigureRow(
                place.code, place.short,
                stock, stock * draw(st.integers(200, 700)) * WAN, new, new * draw(st.integers(200, 700)) * WAN,
                draw(st.integers(50, 3000)) * 100 * WAN,
                overdue, overdue * draw(st.integers(20, 200)) * WAN, overdue,
            )
        )  # fmt: skip
    return Figures("530324", "罗平县", date(2023, 10, 31), date(2023, 10, 31), tuple(rows))


@pytest.mark.slow
@settings(max_examples=80, deadline=None)
@given(months())
def test_what_the_program_prints_it_finds_right(figures: Figures) -> None:
    text = basic_situation_text(figures)
    targets = {row.code: row.target_fen or 0 for row in figures.rows}
    for printed in (text, text.replace("户", ""), text.replace("户", "").replace("，", "").replace("；", "")):
        assert proofread(printed, PLACES, targets).findings == ()


@settings(max_examples=40, deadline=None)
@given(months(), st.data())
def test_a_figure_that_is_off_is_found_in_any_month(figures: Figures, data: st.DataObject) -> None:
    right = basic_situation_text(figures)
    at = data.draw(st.integers(0, len(figures.rows) - 1))
    row = figures.rows[at]
    field = data.draw(st.sampled_from(["stock_households", "stock_fen", "new_households", "new_fen"]))
    unit = 1 if field.endswith("households") else WAN
    off = replace(row, **{field: getattr(row, field) + data.draw(st.integers(1, 9)) * unit})
    before = row.name + _printed(row, field)
    assert before in right
    wrong = right.replace(before, off.name + _printed(off, field), 1)
    assert proofread(wrong, PLACES).findings


def _printed(row: FigureRow, field: str) -> str:
    households, amount = (
        (row.stock_households, row.stock_fen) if "stock" in field else (row.new_households, row.new_fen)
    )
    return f"{households}户{amount // (100 * WAN)}.{amount // WAN % 100:02d}万元"
