"""The bulletin's annex as an Excel workbook that a recipient can check: totals and rates are formulas.

Amounts are stored unrounded (分 as 万元) and only shown with two decimals. Each sheet ends with the totals as
the bulletin prints them and the difference from what the sheet itself adds up to, which is nought. Formulas
carry their results, so that a reader that does not calculate (a phone, a preview) shows them too. A figure is a link
to the loans behind it where the program has an address of its own.
"""

from collections.abc import Callable, Sequence
from datetime import datetime, time
from typing import IO, TypeAlias

import xlsxwriter
from xlsxwriter.format import Format
from xlsxwriter.utility import xl_rowcol_to_cell
from xlsxwriter.worksheet import Worksheet

from app.bulletin.annex_columns import (
    NEW,
    OVERDUE,
    REMARK,
    STOCK,
    Column,
    Content,
    new_columns,
    overdue_columns,
    stock_columns,
)
from app.bulletin.bridge import Bridge
from app.bulletin.bridge_sheet import write_bridge
from app.bulletin.figures import FigureRow, Figures
from app.bulletin.narrative import NO_FIGURE, chinese_date
from app.money import FEN_PER_WAN, wan

Link: TypeAlias = Callable[[str, str], str | None]  # measure or rate, region's code: where its loans are

FIRST_ROW = 4  # of the figures, counted from 0; above it: annex number, title, date and unit, column heads
_A4 = 9
_NOTE = "注：金额以分为单位累计，按万元显示两位小数；合计、户均、完成率、逾期率和差额均为公式，可直接核对。"
_LEVELS = {
    4: "市（州）",
    6: "县（市、区）",
    9: "乡镇（街道）",
    12: "村（社区）",
}  # by the length of a row's code
_FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")

_FONT = "宋体"
_LINE = "#8C9BAB"
_LINK = "#1F5FA8"
_TIP = "打开该数据对应的贷款明细"
_FORMATS: dict[str, dict[str, object]] = {
    "annex": {"font_name": "黑体", "font_size": 12},
    "title": {"font_name": "黑体", "font_size": 18, "align": "center"},
    "date": {"align": "left"},
    "unit": {"align": "right"},
    "head": {"bold": True, "align": "center", "text_wrap": True, "bg_color": "#E4ECF4", "border": 1},
    "text": {"border": 1},
    "name": {"border": 1, "indent": 1},
    "centre": {"border": 1, "align": "center"},
    "count": {"border": 1, "align": "right", "num_format": "0"},
    "amount": {"border": 1, "align": "right", "num_format": "0.00"},
    "whole": {"border": 1, "align": "right", "num_format": "0%"},
    "rate": {"border": 1, "align": "right", "num_format": "0.00%"},
    "note": {"font_size": 10, "font_color": "#5B6B7B", "text_wrap": True, "valign": "top"},
}
_TOTAL = {"bold": True, "bg_color": "#F3F6F9"}
_CHECK = {"font_color": "#5B6B7B", "font_size": 10}


def write_annex(
    figures: Figures, stream: IO[bytes], link: Link | None = None, extra: Bridge | None = None
) -> None:
    """Write the workbook with its sheets, in the printed orders, to a binary stream.

    ``link`` gives the address of the loans behind a figure: without one, nothing is a link. ``extra`` is the month's
    bridge, which becomes a sheet of its own.
    """
    options = {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False}
    with xlsxwriter.Workbook(stream, options) as book:
        book.set_properties(
            {
                "title": f"{figures.region_name}{_month(figures)}脱贫人口小额信贷工作情况附件",
                "created": datetime.combine(figures.as_of, time()),
            }
        )
        book.set_calc_mode("auto")
        stock_rows, overdue_rows = figures.by_stock(), [*figures.by_overdue(), *figures.cleared()]
        stock_at = {row.code: FIRST_ROW + at + 1 for at, row in enumerate(stock_rows)}
        for number, (name, columns, rows) in enumerate(
            (
                (STOCK, stock_columns(), stock_rows),
                (NEW, new_columns(figures), figures.by_new()),
                (OVERDUE, overdue_columns(stock_at, figures.is_received), overdue_rows),
            ),
            start=1,
        ):
            _Sheet(book, figures, name, columns, rows, link).write(number)
        if extra is not None:
            write_bridge(book, extra, f"附件{number + 1}")


def _month(figures: Figures) -> str:
    return f"{figures.month.year}年{figures.month.month}月"


class _Sheet:
    """One sheet: title, date and unit, heads, rows, total, the bulletin's total, the difference, a note."""

    def __init__(
        self,
        book: xlsxwriter.Workbook,
        figures: Figures,
        name: str,
        columns: list[Column],
        rows: Sequence[FigureRow],
        link: Link | None,
    ) -> None:
        self.book, self.figures, self.rows, self.name = book, figures, rows, name
        self.link = link or (lambda _measure, _code: None)
        self._styles: dict[
            tuple[object, ...], Format
        ] = {}  # one for each look: making one takes as long as a row
        kind = _LEVELS.get(len(rows[0].code), "地区") if rows else "地区"
        self.columns = [
            Column("序号", 7, "centre", lambda _: None),
            Column(kind, 24, "name", lambda row: row.name),
            *columns,
        ]
        self.sheet: Worksheet = book.add_worksheet(name)
        self.last = len(self.columns) - 1
        self.total_at = FIRST_ROW + len(rows)

    def write(self, number: int) -> None:
        """Write everything, top to bottom, then set up screen and paper."""
        self._top(number)
        for at, row in enumerate(self.rows):
            self.sheet.set_row(FIRST_ROW + at, 21)
            self._row(FIRST_ROW + at, at + 1, row, {})
        self._total()
        self._checks()
        self._page()

    def _style(self, name: str, **more: object) -> Format:
        key = (name, *sorted(more.items(), key=lambda item: item[0]))
        if key not in self._styles:
            base = {"font_name": _FONT, "font_size": 11, "valign": "vcenter", "border_color": _LINE}
            self._styles[key] = self.book.add_format(base | _FORMATS[name] | more)
        return self._styles[key]

    def _top(self, number: int) -> None:
        sheet, figures = self.sheet, self.figures
        title = (
            f"{figures.region_name}{_month(figures)}脱贫人口小额信贷{self.name.removesuffix('情况')}情况表"
        )
        sheet.write_string(0, 0, f"附件{number}", self._style("annex"))
        sheet.merge_range(1, 0, 1, self.last, "", self._style("title"))
        sheet.write_string(1, 0, title, self._style("title"))
        sheet.set_row(1, 34)
        sheet.write_string(2, 0, f"截至{chinese_date(figures.as_of)}", self._style("date"))
        sheet.write_string(2, self.last, "单位：户、万元", self._style("unit"))
        sheet.set_row(2, 20)
        for at, column in enumerate(self.columns):
            sheet.set_column(at, at, column.width)
            sheet.write_string(FIRST_ROW - 1, at, column.title, self._style("head"))
        sheet.set_row(FIRST_ROW - 1, 26)

    def _row(self, at: int, number: int, row: FigureRow, look: dict[str, object]) -> None:
        self.sheet.write_number(at, 0, number, self._style("centre", **look))
        for position, column in enumerate(self.columns[1:], start=1):
            formula = column.formula(at + 1, row) if column.formula else None
            self._figure(at, position, column, row, column.value(row), formula, look)

    def _figure(
        self, at: int, position: int, column: Column, row: FigureRow, value: Content, formula: str | None,
        look: dict[str, object],
    ) -> None:  # fmt: skip
        """A figure, as a link to the loans behind it where they are here and there is an address."""
        url = self.link(column.opens, row.code) if column.opens and value else None
        if url and value != NO_FIGURE and not self.figures.is_received(row.code):
            self._linked(at, position, value, column.style, url, formula, look)
        else:
            self._cell(at, position, value, self._style(column.style, **look), formula)

    def _linked(
        self, at: int, position: int, value: Content, style: str, url: str, formula: str | None,
        look: dict[str, object],
    ) -> None:  # fmt: skip
        """A number or formula that opens its loans: the link first, for it writes a text of its own."""
        linked = self._style(style, **look, font_color=_LINK, underline=1)
        self.sheet.write_url(at, position, url, linked, tip=_TIP)
        self._cell(at, position, value, linked, formula)

    def _cell(
        self, at: int, position: int, value: Content, style: Format, formula: str | None = None
    ) -> None:
        """A formula with its result, a number, or a text; a text is never taken for a formula."""
        if formula:
            self.sheet.write_formula(at, position, formula, style, "" if value is None else value)
        elif value is None:
            self.sheet.write_blank(at, position, None, style)
        elif isinstance(value, str):
            if value.startswith(_FORMULA_STARTS):
                style.set_quote_prefix()
            if value == NO_FIGURE:
                style.set_align("right")
            self.sheet.write_string(at, position, value, style)
        else:
            self.sheet.write_number(at, position, value, style)

    def _total(self) -> None:
        self._label(self.total_at, "合计", _TOTAL)
        total = self.figures.total
        for position, column in enumerate(self.columns[2:], start=2):
            formula = None
            if column.summed and self.rows:
                column_cells = (xl_rowcol_to_cell(at, position) for at in (FIRST_ROW, self.total_at - 1))
                formula = f"=SUM({':'.join(column_cells)})"
            elif column.formula and not column.summed:
                formula = column.formula(self.total_at + 1, total)
            value = column.value(total) if column.title != REMARK or total.cleared else None
            self._figure(self.total_at, position, column, total, value, formula, _TOTAL)

    def _label(self, at: int, text: str, look: dict[str, object]) -> None:
        self.sheet.set_row(at, 22)
        self.sheet.merge_range(at, 0, at, 1, text, self._style("centre", **look))

    def _checks(self) -> None:
        """The totals as printed in the bulletin, and what the sheet's own sums differ from them by."""
        printed_at, gap_at = self.total_at + 1, self.total_at + 2
        self._label(printed_at, "通报数", _CHECK)
        self._label(gap_at, "差额（合计－通报数）", _CHECK)
        total = self.figures.total
        for position, column in enumerate(self.columns[2:], start=2):
            style = self._style(column.style, **_CHECK)
            printed = _printed(column, total) if column.checked else None
            self._cell(printed_at, position, printed, style)
            if printed is None or isinstance(printed, str):
                self._cell(gap_at, position, None, style)
                continue
            ours, theirs = xl_rowcol_to_cell(self.total_at, position), xl_rowcol_to_cell(printed_at, position)
            decimals = 4 if column.style in ("rate", "whole") else 2
            self._cell(gap_at, position, 0, style, f"=ROUND({ours}-{theirs},{decimals})")
        wrong = self.book.add_format({"bold": True, "font_color": "#B42318", "bg_color": "#FDECEA"})
        self.sheet.conditional_format(
            gap_at, 2, gap_at, self.last, {"type": "cell", "criteria": "!=", "value": 0, "format": wrong}
        )
        self.sheet.merge_range(gap_at + 1, 0, gap_at + 1, self.last, _NOTE, self._style("note"))
        self.sheet.set_row(gap_at + 1, 34)

    def _page(self) -> None:
        sheet = self.sheet
        sheet.hide_gridlines(2)
        sheet.freeze_panes(FIRST_ROW, 2)
        sheet.set_landscape()
        sheet.set_paper(_A4)
        sheet.set_margins(left=0.6, right=0.6, top=0.7, bottom=0.7)
        sheet.center_horizontally()
        sheet.repeat_rows(FIRST_ROW - 1)
        sheet.print_area(0, 0, self.total_at + 3, self.last)
        sheet.fit_to_pages(1, 0)
        sheet.set_footer("&C第 &P 页，共 &N 页")


def _printed(column: Column, total: FigureRow) -> Content:
    """A total as the bulletin prints it: amounts to two decimals."""
    value = column.value(total)
    return (
        float(wan(round(value * FEN_PER_WAN)))
        if column.style == "amount" and isinstance(value, float)
        else value
    )
