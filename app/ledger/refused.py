"""The refused rows as a workbook to correct and upload again: the reason first, the rest as it was.

Each sheet keeps its name, its titles (they may state a unit or a date) and its header, so that it is read
like the file it came from. A mark above says which batch the corrected rows supplement.
"""

import re
from collections import defaultdict
from collections.abc import Callable
from io import BytesIO

from xlsxwriter import Workbook
from xlsxwriter.format import Format
from xlsxwriter.worksheet import Worksheet

from app.labels import T
from app.ledger.cells import Cell
from app.ledger.export import workbook_options
from app.ledger.fields import REASON_HEADER, F
from app.ledger.headers import Column
from app.ledger.rows import Reading, RefusedRow, RowError, SheetInfo
from app.ledger.titles import supplement_mark

_INSTRUCTION = T("Correct the rows, leave this line and the titles alone, and upload this file again.")
_NO_SHEET_NAME = re.compile(r"[\[\]:*?/\\]|^'|'$")
_SHEET_NAME = 31
_REASON_WIDTH, _LONG_WIDTH = 60, 20
_AS_TEXT = (F.ID_NUMBER, F.HEAD_ID, F.CONTRACT_NO, F.PHONE)  # typed into number cells they would lose digits

_Reasons = dict[tuple[str, int], list[RowError]]
Gettext = Callable[[str], str]


def refused_workbook(
    reading: Reading, batch_id: int | None, gettext: Gettext = lambda msgid: msgid
) -> bytes | None:
    """The workbook as bytes, None where nothing was refused. ``batch_id``: the batch that refused it."""
    if not reading.refused:
        return None
    reasons: _Reasons = defaultdict(list)
    for error in reading.errors:
        reasons[error.sheet, error.row_no].append(error)
    rows: dict[str, list[RefusedRow]] = defaultdict(list)
    for row in reading.refused:
        rows[row.sheet].append(row)
    out = BytesIO()
    book = Workbook(out, workbook_options(len(reading.refused)))
    writer = _Writer(book, gettext)
    mark = supplement_mark(batch_id) if batch_id is not None else ""
    for sheet in reading.sheets:
        if sheet.name in rows:
            writer.sheet(sheet, rows[sheet.name], reasons, mark)
    book.close()
    return out.getvalue()


class _Writer:
    def __init__(self, book: Workbook, gettext: Gettext) -> None:
        self._book = book
        self._gettext = gettext
        self._as_text = book.add_format({"num_format": "@"})
        self._bold = book.add_format({"bold": True, "text_wrap": True, "border": 1})
        self._reason = book.add_format({"font_color": "#B42318", "text_wrap": True, "valign": "top"})

    def sheet(self, info: SheetInfo, rows: list[RefusedRow], reasons: _Reasons, mark: str) -> None:
        sheet = self._book.add_worksheet(self._name(info.name))
        self._columns(sheet, info.columns)
        sheet.write_string(0, 0, f"{self._gettext(_INSTRUCTION.msgid)}{mark}")
        *titles, header = info.top
        for line, cells in enumerate(titles, start=1):
            self._cells(sheet, line, cells)
        sheet.write_string(len(info.top), 0, self._gettext(REASON_HEADER.msgid), self._bold)
        self._cells(sheet, len(info.top), header, self._bold)
        sheet.freeze_panes(len(info.top) + 1, 1)
        for line, row in enumerate(rows, start=len(info.top) + 1):
            told = [self._told(error) for error in reasons[row.sheet, row.row_no]]
            sheet.write_string(line, 0, "\n".join(told), self._reason)
            self._cells(sheet, line, row.cells)

    def _told(self, error: RowError) -> str:
        """``row 7, Balance: …``, in the language of the workbook."""
        where = {"row": error.row_no, "field": error.field.label}
        told = T("Row %(row)s, %(field)s: %(reason)s", reason=error.reason, **where)
        return told.render(self._gettext)

    def _columns(self, sheet: Worksheet, columns: tuple[Column, ...]) -> None:
        sheet.set_column(0, 0, _REASON_WIDTH)
        for at, column in enumerate(columns, start=1):
            if column.field in _AS_TEXT:
                sheet.set_column(at, at, _LONG_WIDTH, self._as_text)

    @staticmethod
    def _cells(sheet: Worksheet, line: int, cells: tuple[Cell, ...], style: Format | None = None) -> None:
        for at, cell in enumerate(cells, start=1):
            if isinstance(cell, str):
                if cell:
                    sheet.write_string(line, at, cell, style)
            else:
                sheet.write_number(line, at, cell, style)

    def _name(self, name: str) -> str:
        """The sheet's own name as far as a workbook allows it, and only once."""
        base = _NO_SHEET_NAME.sub("", name)[:_SHEET_NAME] or "1"
        taken = {sheet.get_name().lower() for sheet in self._book.worksheets()}
        number, unique = 1, base
        while unique.lower() in taken:
            number += 1
            unique = f"{base[: _SHEET_NAME - 4]}({number})"
        return unique
