"""The annex: every total and rate is a formula, its stored result is right, and names are only names."""

import re
from collections.abc import Callable
from dataclasses import replace
from datetime import date
from io import BytesIO

import pytest
from openpyxl import load_workbook
from openpyxl.workbook import Workbook
from openpyxl.worksheet.worksheet import Worksheet

from app.bulletin.annex import FIRST_ROW, NEW, OVERDUE, STOCK, write_annex
from app.bulletin.bridge import Bridge, BridgeRow, Part, Term
from app.bulletin.bridge_sheet import NAME as BRIDGE
from app.bulletin.figures import FigureRow, Figures
from tests.bulletin.published import MONTH_END, october

ROWS = 13
TOTAL = FIRST_ROW + ROWS + 1  # as Excel counts
SHEETS = (STOCK, NEW, OVERDUE)


def written(figures: Figures) -> tuple[Workbook, Workbook]:
    """The workbook twice: with its formulas, and with their stored results."""
    stream = BytesIO()
    write_annex(figures, stream)
    return load_workbook(stream), load_workbook(stream, data_only=True)


def evaluate(book: Workbook, sheet: Worksheet, value: object) -> object:
    """A cell's value, its formula worked out anew: SUM, ROUND, IF, N and references are all that is used."""
    if not (isinstance(value, str) and value.startswith("=")):
        return value
    code = re.sub(r"'(\w+)'!([A-Z]+\d+)", r'at("\2", "\1")', value[1:])
    code = re.sub(r"(?<![\w\"])([A-Z]+\d+):([A-Z]+\d+)", r'span("\1", "\2")', code)
    code = re.sub(r"(?<![\w\"])([A-Z]+\d+)(?![\w\"])", r'at("\1")', code)

    def at(cell: str, name: str = "") -> object:
        other = book[name] if name else sheet
        return evaluate(book, other, other[cell].value)

    def span(first: str, last: str) -> list[object]:
        return [evaluate(book, sheet, cell.value) for (cell,) in sheet[f"{first}:{last}"]]

    names: dict[str, Callable[..., object]] = {
        "at": at, "span": span, "SUM": sum, "ROUND": lambda value, digits: round(value + 1e-12, digits),
        "N": lambda value: value if isinstance(value, int | float) else 0,
    }  # fmt: skip
    condition = re.fullmatch(r'IF\((.+?),(.+),"(.+)"\)', code)
    if condition:
        test, then, otherwise = condition.groups()
        return eval(then, names) if eval(test, names) else otherwise
    return eval(code, names)


@pytest.mark.parametrize(
    ("sheet", "formulas"),
    [(STOCK, "CDE"), (NEW, "CDEF"), (OVERDUE, "CDEFG")],
)
def test_totals_and_rates_are_formulas(sheet: str, formulas: str) -> None:
    book, _ = written(october())
    for column in formulas:
        assert str(book[sheet][f"{column}{TOTAL}"].value).startswith("="), column
    assert book[sheet][f"C{TOTAL}"].value == f"=SUM(C{FIRST_ROW + 1}:C{TOTAL - 1})"


@pytest.mark.parametrize("sheet", SHEETS)
def test_stored_results_are_what_the_formulas_give(sheet: str) -> None:
    book, results = written(october(lambda row: replace(row, stock_fen=row.stock_fen + 1234)))
    formulas = 0
    for row in book[sheet].iter_rows(min_row=FIRST_ROW + 1):
        for cell in row:
            if isinstance(cell.value, str) and cell.value.startswith("="):
                formulas += 1
                stored = results[sheet][cell.coordinate].value
                assert evaluate(book, book[sheet], cell.value) == pytest.approx(stored, abs=1e-9), (
                    cell.coordinate
                )
    assert formulas > ROWS


def test_totals_and_rates_are_the_published_ones() -> None:
    _, results = written(october())
    assert [results[STOCK][f"{column}{TOTAL}"].value for column in "CD"] == [1048, pytest.approx(5390.04)]
    assert [results[NEW][f"{column}{TOTAL}"].value for column in "CDEF"] == [
        1047, pytest.approx(4551.98), pytest.approx(5467.5), 0.83,
    ]  # fmt: skip
    assert [results[OVERDUE][f"{column}{TOTAL}"].value for column in "CDEFG"] == [
        75, 75, pytest.approx(235.15), pytest.approx(5390.04), 0.0436,
    ]  # fmt: skip


def test_amounts_are_unrounded_and_shown_with_two_decimals() -> None:
    book, _ = written(october(lambda row: replace(row, stock_fen=row.stock_fen + 1)))
    cell = book[STOCK][f"D{FIRST_ROW + 1}"]
    assert (cell.value, cell.number_format) == (985.920001, "0.00")


@pytest.mark.parametrize("sheet", SHEETS)
def test_the_difference_from_the_printed_totals_is_nought(sheet: str) -> None:
    book, results = written(october(lambda row: replace(row, stock_fen=row.stock_fen + 77)))
    gaps = [cell for cell in book[sheet][TOTAL + 2] if str(cell.value).startswith("=")]
    assert len(gaps) >= 2
    assert all(results[sheet][cell.coordinate].value == 0 for cell in gaps)
    assert all(round(float(str(evaluate(book, book[sheet], cell.value))), 6) == 0 for cell in gaps)


def test_rows_stand_in_the_printed_orders() -> None:
    figures = october()
    book, _ = written(figures)
    orders = {
        STOCK: figures.by_stock(), NEW: figures.by_new(), OVERDUE: [*figures.by_overdue(), *figures.cleared()],
    }  # fmt: skip
    for sheet, rows in orders.items():
        names = [book[sheet][f"B{FIRST_ROW + at}"].value for at in range(1, ROWS + 1)]
        assert names == [row.name for row in rows]
    remarks = [book[OVERDUE][f"H{FIRST_ROW + at}"].value for at in range(1, ROWS + 2)]
    assert remarks == [None] * 8 + ["已清零"] * 5 + [None]


def test_without_targets_completion_is_a_dash() -> None:
    book, results = written(october(lambda row: replace(row, target_fen=None)))
    assert results[NEW][f"F{TOTAL}"].value == results[NEW][f"F{FIRST_ROW + 1}"].value == "—"
    assert book[NEW][f"E{TOTAL}"].value == "—"
    assert evaluate(book, book[NEW], book[NEW][f"F{TOTAL}"].value) == "—"


def test_a_target_of_its_own_is_no_sum() -> None:
    book, results = written(replace(october(), own_target_fen=6000 * 1_000_000))
    assert book[NEW][f"E{TOTAL}"].value == 6000
    assert results[NEW][f"F{TOTAL}"].value == 0.76


@pytest.mark.parametrize("name", ["=1+1", "+86", "-3", "@SUM(A1)", '=HYPERLINK("http://x")', "甲&乙", "{=1}"])
def test_a_name_is_never_a_formula(name: str) -> None:
    book, _ = written(october(lambda row: replace(row, name=name)))
    cell = book[STOCK][f"B{FIRST_ROW + 1}"]
    assert (cell.value, cell.data_type) == (name, "s")
    assert cell.quotePrefix is name.startswith(("=", "+", "-", "@"))


@pytest.mark.parametrize("sheet", SHEETS)
def test_paper_and_screen(sheet: str) -> None:
    book, _ = written(october())
    page = book[sheet]
    assert (page.page_setup.orientation, page.page_setup.paperSize) == ("landscape", 9)
    assert (page.freeze_panes, page.print_title_rows) == ("C5", "$4:$4")
    assert page.sheet_properties.pageSetUpPr.fitToPage
    assert page["A2"].value == f"罗平县2023年10月脱贫人口小额信贷{sheet.removesuffix('情况')}情况表"
    assert page["A3"].value == "截至2023年10月31日"


def test_a_region_without_rows_is_written_all_the_same() -> None:
    _, results = written(Figures("530324", "罗平县", MONTH_END, MONTH_END, ()))
    assert results[STOCK][f"C{FIRST_ROW + 1}"].value == 0


def test_the_kind_of_the_rows_is_named() -> None:
    row = FigureRow("530324", "罗平县", 1, 1_000_000)
    book, _ = written(Figures("5303", "曲靖市", MONTH_END, MONTH_END, (row,)))
    assert book[STOCK]["B4"].value == "县（市、区）"


def bridged() -> Bridge:
    rows = (
        BridgeRow(
            "530324106", "阿岗镇", 50_010, 60_020, {Term.NEW: Part(20_020, 2), Term.REPAID: Part(10_010, 1)}
        ),
        BridgeRow("530324102", "板桥镇", 7_001, 0, {Term.LEFT: Part(7_003, 1), Term.CORRECTION: Part(2, 1)}),
    )
    return Bridge("530324", "罗平县", MONTH_END, date(2023, 9, 30), rows)


def with_bridge(bridge: Bridge) -> tuple[Workbook, Workbook]:
    stream = BytesIO()
    write_annex(october(), stream, extra=bridge)
    return load_workbook(stream), load_workbook(stream, data_only=True)


def test_the_bridge_is_a_sheet_whose_formulas_lead_to_nought() -> None:
    book, results = with_bridge(bridged())
    sheet, stored = book[BRIDGE], results[BRIDGE]
    heads = [cell.value for cell in sheet[4]]
    assert heads[2] == "9月末逾期" and heads[-2] == "10月末逾期" and heads[-1].startswith("差额")
    for at, names in ((5, "阿岗镇"), (6, "板桥镇"), (7, None)):
        for cell in sheet[at][2:]:
            found = evaluate_plain(sheet, cell.value)
            assert found == pytest.approx(stored[cell.coordinate].value, abs=1e-9), cell.coordinate
        assert stored.cell(at, len(heads)).value == 0, names
    assert stored.cell(7, 3).value == 570.11 and stored.cell(7, len(heads) - 1).value == 600.20


def test_the_control_a_bridge_that_does_not_add_up_shows_it() -> None:
    wrong = bridged()
    wrong.rows[0].parts[Term.NEW] = Part(20_019, 2)
    _, results = with_bridge(wrong)
    assert results[BRIDGE].cell(5, 13).value == -0.01 and results[BRIDGE].cell(7, 13).value == -0.01


def evaluate_plain(sheet: Worksheet, value: object) -> float:
    """SUM, ROUND, + and − over cells."""
    if not isinstance(value, str):
        return float(str(value))
    code = re.sub(r"([A-Z]+\d+):([A-Z]+\d+)", r'span("\1", "\2")', value[1:])
    code = re.sub(r"(?<![\w\"])([A-Z]+\d+)(?![\w\"])", r'at("\1")', code)
    names: dict[str, Callable[..., object]] = {
        "at": lambda cell: evaluate_plain(sheet, sheet[cell].value),
        "span": lambda a, b: [evaluate_plain(sheet, cell.value) for (cell,) in sheet[f"{a}:{b}"]],
        "SUM": sum, "ROUND": lambda number, digits: round(number + 1e-12, digits),
    }  # fmt: skip
    return float(eval(code, names))


def test_figures_are_links_only_where_there_is_an_address() -> None:
    stream = BytesIO()
    write_annex(october(), stream, link=lambda measure, code: f"https://qingshou.example/{code}/{measure}")
    book = load_workbook(stream)
    linked = {c.coordinate: c.hyperlink.target for r in book[OVERDUE].iter_rows() for c in r if c.hyperlink}
    assert linked[f"G{TOTAL}"] == "https://qingshou.example/530324/overdue_rate"
    assert linked["F5"].endswith("/stock") and str(book[OVERDUE]["F5"].value).startswith("=")
    assert book[OVERDUE]["C5"].value == 39 and not any(cell.startswith("H") for cell in linked)
    plain, _ = written(october())
    assert not [c for sheet in SHEETS for r in plain[sheet].iter_rows() for c in r if c.hyperlink]
