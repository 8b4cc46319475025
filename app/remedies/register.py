"""The disposal ledger as an official 台账: subtotals by township, a total, a line to sign. Pure.

Its titles are given in the reader's language; the columns stay where they are, because the workbook is edited and
comes back (see ``returned``).
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, time
from itertools import groupby
from typing import IO, Any

import xlsxwriter
from xlsxwriter.utility import xl_col_to_name

from app.labels import Labelled, T

_A4 = 9
_TITLE, _BELOW, _HEADS, _FIRST = 0, 1, 2, 3  # rows, from 0
_FONT = {"font_name": "仿宋", "font_size": 10, "valign": "vcenter"}


class Column(Labelled):
    """The columns in their order; of those behind the days past due some are taken back when the file returns."""

    AT = "at", T("No.")
    CASE = "case", T("Case number")
    TOWNSHIP = "township", T("Township")
    VILLAGE = "village", T("Village")
    BORROWER = "borrower", T("Borrower")
    CONTRACT = "contract", T("Contract number")
    OVERDUE = "overdue", T("Amount overdue")
    DAYS = "days", T("Days past due")
    CAUSE = "cause", T("Cause")
    ROUTE = "route", T("Route")
    OWNER = "owner", T("Responsible")
    DEADLINE = "deadline", T("Until")
    MEASURE = "measure", T("Measure")


TAKEN_BACK = (Column.CAUSE, Column.ROUTE, Column.OWNER, Column.DEADLINE, Column.MEASURE)
ALSO_CALLED = {
    "成因": Column.CAUSE, "路径": Column.ROUTE, "处置路径": Column.ROUTE, "责任人员": Column.OWNER,
    "时限": Column.DEADLINE, "完成期限": Column.DEADLINE, "措施": Column.MEASURE,
}  # fmt: skip
_WIDTHS = (5, 9, 11, 11, 10, 20, 13, 8, 13, 13, 11, 12, 32)
_MONEY = list(Column).index(Column.OVERDUE)
_LETTER = xl_col_to_name(_MONEY)


@dataclass(frozen=True, slots=True)
class Line:
    """One case as the register shows it; ``overdue`` in 分, ``days`` past due."""

    case: int
    township: str
    village: str
    borrower: str
    contract: str
    overdue: int
    days: int
    cause: str = ""
    route: str = ""
    owner: str = ""
    deadline: date | None = None
    measure: str = ""


@dataclass(frozen=True, slots=True)
class Wording:
    """What stands around the rows, in the reader's language; ``mark``: who took it and when."""

    title: str
    below: str
    mark: str
    heads: list[str]
    subtotal: str
    total: str
    signature: str


def write(stream: IO[bytes], wording: Wording, lines: Iterable[Line]) -> int:
    """Write the workbook; ``lines`` come township by township. Returns how many there are."""
    options = {"constant_memory": True, "strings_to_formulas": False, "strings_to_urls": False}
    with xlsxwriter.Workbook(stream, options) as book:
        sheet = _Sheet(book, wording)
        for township, group in groupby(lines, key=lambda line: line.township):
            sheet.township(township, group)
        sheet.finish()
    return sheet.count


class _Sheet:
    """The one worksheet, written downwards."""

    def __init__(self, book: Any, wording: Wording) -> None:
        self.wording, self.row, self.count, self.sum = wording, _FIRST, 0, 0
        self.sheet = book.add_worksheet()
        cell = {**_FONT, "border": 1}
        self.text = book.add_format({**cell, "num_format": "@", "text_wrap": True})
        self.money = book.add_format({**cell, "num_format": "#,##0.00"})
        self.number = book.add_format({**cell, "num_format": "0"})
        self.day = book.add_format({**cell, "num_format": "yyyy-mm-dd", "align": "center"})
        self.bold = book.add_format({**cell, "bold": True})
        self.bold_money = book.add_format({**cell, "bold": True, "num_format": "#,##0.00"})
        self._page()
        head = book.add_format({**cell, "bold": True, "text_wrap": True, "align": "center"})
        big = book.add_format({"font_name": "方正小标宋简体", "font_size": 18, "align": "center_across"})
        self.sheet.set_row(_TITLE, 30)
        self.sheet.write_string(_TITLE, 0, wording.title, big)
        for at in range(1, len(Column)):
            self.sheet.write_blank(_TITLE, at, None, big)
        self.small = book.add_format(_FONT)
        self.sheet.write_string(_BELOW, 0, wording.below, self.small)
        self.sheet.set_row(_HEADS, 28)
        for at, title in enumerate(wording.heads):
            self.sheet.write_string(_HEADS, at, title, head)

    def _page(self) -> None:
        """A4 lying on its side, the titles on every page, and at its top who took it and when."""
        self.sheet.set_landscape()
        self.sheet.set_paper(_A4)
        self.sheet.fit_to_pages(1, 0)
        self.sheet.repeat_rows(_HEADS)
        self.sheet.freeze_panes(_FIRST, 0)
        self.sheet.set_margins(left=0.5, right=0.5)
        self.sheet.set_header(f"&L{self.wording.mark.replace('&', '&&')[:200]}&R&P/&N")
        for at, width in enumerate(_WIDTHS):
            self.sheet.set_column(at, at, width)

    def township(self, name: str, lines: Iterable[Line]) -> None:
        """The cases of one township and their subtotal."""
        first, before = self.row, self.sum
        for line in lines:
            self.count += 1
            self.sum += line.overdue
            self._line(line)
        self._sum(f"{name} {self.wording.subtotal}".strip(), first, self.sum - before)

    def _line(self, line: Line) -> None:
        values = [
            self.count,
            line.case,
            line.township,
            line.village,
            line.borrower,
            line.contract,
            line.overdue / 100,
        ]
        values += [line.days, line.cause, line.route, line.owner, line.deadline, line.measure]
        for at, value in enumerate(values):
            if isinstance(value, date):
                self.sheet.write_datetime(self.row, at, datetime.combine(value, time()), self.day)
            elif isinstance(value, str):
                self.sheet.write_string(self.row, at, value, self.text)
            elif value is None:
                self.sheet.write_blank(self.row, at, None, self.day)
            else:
                self.sheet.write_number(self.row, at, value, self.money if at == _MONEY else self.number)
        self.row += 1

    def _sum(self, label: str, first: int, fen: int) -> None:
        """A line of sums; SUBTOTAL leaves out the subtotals that lie within a total."""
        formula = f"=SUBTOTAL(9,{_LETTER}{first + 1}:{_LETTER}{max(self.row, first + 1)})"
        for at in range(len(Column)):
            if at == _MONEY:
                self.sheet.write_formula(self.row, at, formula, self.bold_money, fen / 100)
            elif at == 0:
                self.sheet.write_string(self.row, at, label, self.bold)
            else:
                self.sheet.write_blank(self.row, at, None, self.bold)
        self.row += 1

    def finish(self) -> None:
        if self.count:
            self._sum(self.wording.total, _FIRST, self.sum)
        self.sheet.write_string(self.row + 1, 0, self.wording.signature, self.small)
