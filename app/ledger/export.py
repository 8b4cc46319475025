"""Rows as a ledger again, in the form that ``workbook.read`` reads back as the very same rows."""

import csv
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time
from decimal import Decimal
from pathlib import Path
from typing import Any, BinaryIO, TextIO

from xlsxwriter import Workbook
from xlsxwriter.worksheet import Worksheet

from app.ledger.fields import F, LedgerField
from app.ledger.rows import LedgerRow
from app.loans.rules import Category
from app.money import yuan
from app.places.rules import PlaceIndex

_SHEET = "台账"
_CATEGORY_NAMES = {
    Category.LIFTED: "脱贫户",
    Category.UNSTABLE: "脱贫不稳定户",
    Category.MARGINAL: "边缘易致贫户",
    Category.SUDDEN: "突发严重困难户",
}
_IN_MEMORY_ROWS = 20_000
_FORMULA_SIGNS = ("=", "+", "-", "@", "\t", "\r")
_DIGITS_EXCEL_KEEPS = 11  # a longer number opens from a .csv in scientific form
_FRACTION = Decimal("0.2")  # below it, a bare rate would be read as a fraction of one

_TEXT, _MONEY, _DATE, _NUMBER = "text", "money", "date", "number"
_FORMATS: dict[str, dict[str, object]] = {
    _TEXT: {"num_format": "@"},
    _MONEY: {"num_format": "#,##0.00"},
    _DATE: {"num_format": "yyyy-mm-dd"},
    _NUMBER: {},
}


def workbook_options(rows: int) -> dict[str, bool]:
    """How XlsxWriter is to write a sheet: no text becomes a formula or a link, and nothing goes to disk.

    A very long sheet would fill the memory; its rows pass through a temporary file that only we can read.
    """
    where = "in_memory" if rows <= _IN_MEMORY_ROWS else "constant_memory"
    return {"strings_to_formulas": False, "strings_to_urls": False, where: True}


@dataclass(frozen=True, slots=True)
class _Column:
    field: LedgerField
    title: str
    kind: str = _TEXT
    width: int = 12


_COLUMNS = (
    _Column(F.TOWNSHIP, "乡镇"),
    _Column(F.VILLAGE, "行政村"),
    _Column(F.GROUP, "组别", width=8),
    _Column(F.HEAD_NAME, "户主姓名"),
    _Column(F.HEAD_ID, "户主身份证号", width=20),
    _Column(F.HOUSEHOLD_SIZE, "家庭人口数", _NUMBER, 8),
    _Column(F.NAME, "贷款人姓名"),
    _Column(F.ID_NUMBER, "贷款人身份证号", width=20),
    _Column(F.RELATION, "与户主关系"),
    _Column(F.CATEGORY, "脱贫属性", width=14),
    _Column(F.PHONE, "联系电话", width=14),
    _Column(F.LENDER, "贷款金融机构", width=18),
    _Column(F.BRANCH, "支行", width=14),
    _Column(F.CONTRACT_NO, "合同号", width=18),
    _Column(F.PRINCIPAL, "贷款金额(元)", _MONEY, 14),
    _Column(F.DISBURSED_ON, "放款日期", _DATE),
    _Column(F.DUE_ON, "到期日期", _DATE),
    _Column(F.TERM, "贷款期限(月)", _NUMBER, 8),
    _Column(F.RATE, "贷款利率(%)", _NUMBER, 8),
    _Column(F.REPAID, "偿还贷款金额(元)", _MONEY, 14),
    _Column(F.REPAID_ON, "还款日期", _DATE),
    _Column(F.BALANCE, "贷款余额(元)", _MONEY, 14),
    _Column(F.OVERDUE, "逾期贷款金额(元)", _MONEY, 14),
    _Column(F.INTEREST_OWED, "欠息金额(元)", _MONEY, 14),
    _Column(F.GRADE, "五级分类", width=10),
    _Column(F.PURPOSE, "贷款用途", width=18),
    _Column(F.REMARK, "备注", width=24),
)
_WITHOUT_OVERDUE = tuple(column for column in _COLUMNS if column.field is not F.OVERDUE)


def export_xlsx(
    rows: Iterable[LedgerRow], out: Path | BinaryIO, *, places: PlaceIndex, as_of: date | None = None
) -> None:
    """Write a ledger with real dates and numbers.

    Rows of which no overdue amount is known go to a sheet of their own, without that column.
    """
    rows = list(rows)
    book = Workbook(str(out) if isinstance(out, Path) else out, workbook_options(len(rows)))
    styles = {kind: book.add_format(style) for kind, style in _FORMATS.items()}
    head = book.add_format({"bold": True, "text_wrap": True, "border": 1})
    for number, (columns, part) in enumerate(_by_columns(rows), start=1):
        sheet = book.add_worksheet(_SHEET if number == 1 else f"{_SHEET}{number}")
        for at, column in enumerate(columns):
            sheet.set_column(at, at, column.width, styles[column.kind])
        top = 0
        if as_of:
            sheet.write_string(0, 0, _as_of_line(as_of))
            top = 1
        for at, column in enumerate(columns):
            sheet.write_string(top, at, column.title, head)
        sheet.freeze_panes(top + 1, 0)
        for line, row in enumerate(part, start=top + 1):
            for at, column in enumerate(columns):
                _write(sheet, line, at, _value(row, column, places), styles[column.kind])
    book.close()


def export_csv(
    rows: Iterable[LedgerRow], out: TextIO, *, places: PlaceIndex, as_of: date | None = None
) -> None:
    """Write a ledger as text, for a file opened with ``utf-8-sig`` and ``newline=""``.

    Raises ValueError where the overdue of some rows is known and of others not: one table cannot say so.
    """
    parts = _by_columns(list(rows))
    if len(parts) > 1:
        raise ValueError("rows with and without an overdue amount need a workbook")
    writer = csv.writer(out)
    for columns, part in parts:
        if as_of:
            writer.writerow([_as_of_line(as_of)])
        writer.writerow([column.title for column in columns])
        writer.writerows([_csv_text(_value(row, column, places)) for column in columns] for row in part)


def _as_of_line(day: date) -> str:
    return f"截至{day.year}年{day.month}月{day.day}日"


def _by_columns(rows: Sequence[LedgerRow]) -> list[tuple[tuple[_Column, ...], list[LedgerRow]]]:
    known = [row for row in rows if row.overdue is not None]
    unknown = [row for row in rows if row.overdue is None]
    parts = [(_COLUMNS, known), (_WITHOUT_OVERDUE, unknown)]
    return [(columns, part) for columns, part in parts if part] or [(_COLUMNS, [])]


def _value(row: LedgerRow, column: _Column, places: PlaceIndex) -> Any:
    value = getattr(row, column.field.value)
    if column.field is F.TOWNSHIP:
        return places[value].name
    if column.field is F.CATEGORY:
        return _CATEGORY_NAMES.get(value, "")
    if column.kind is _MONEY and value is not None:
        return Decimal(yuan(value))
    if column.field is F.RATE and value is not None and 0 < value < _FRACTION:
        return f"{value}%"
    return "" if value is None else value


def _write(sheet: Worksheet, line: int, at: int, value: Any, style: Any) -> None:
    match value:
        case "":
            return
        case str():
            sheet.write_string(line, at, value, style)
        case date():
            sheet.write_datetime(line, at, datetime.combine(value, time()), style)
        case _:
            sheet.write_number(line, at, float(value), style)


def _csv_text(value: Any) -> str:
    """Text that neither becomes a formula nor loses digits when a spreadsheet opens it: ' makes it text."""
    if not isinstance(value, str):
        return f"{value:f}" if isinstance(value, Decimal) else str(value)
    is_long_number = value[:-1].isdigit() and len(value) > _DIGITS_EXCEL_KEEPS
    return f"'{value}" if is_long_number or value.startswith(_FORMULA_SIGNS) else value
