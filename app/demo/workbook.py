"""A ledger as the workbook that a bank sends: title, unit and date above the head, the total below."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime, time
from pathlib import Path

import xlsxwriter
from xlsxwriter.format import Format
from xlsxwriter.utility import xl_col_to_name
from xlsxwriter.worksheet import Worksheet

from app.demo.county import Ledger
from app.demo.life import Row
from app.money import FEN_PER_WAN, FEN_PER_YUAN

_Cell = str | int | float | date | None
_HEAD = 3  # the row of the column heads, from 0: title, sender and date stand above
_CAPTION = "罗平县脱贫人口小额信贷台账"


@dataclass(frozen=True, slots=True)
class _Column:
    head: str
    width: int
    value: Callable[[Row], _Cell]
    style: str = "text"
    summed: bool = False


def _in_wan(fen: int | None) -> float | None:
    return None if fen is None else fen / FEN_PER_WAN


def _in_yuan(fen: int | None) -> float | None:
    return None if fen is None else fen / FEN_PER_YUAN


def _as_text(day: date | None) -> str | None:
    return f"{day:%Y-%m-%d}" if day else None


_COLUMNS = (
    _Column("序号", 6, lambda r: r.number),
    _Column("乡镇", 12, lambda r: r.township),
    _Column("行政村", 10, lambda r: r.village),
    _Column("组别", 6, lambda r: r.group),
    _Column("户主姓名", 9, lambda r: r.head),
    _Column("身份证号", 21, lambda r: r.head_id),
    _Column("家庭人口数", 6, lambda r: r.household_size),
    _Column("贷款人姓名", 9, lambda r: r.borrower),
    _Column("贷款人身份证", 21, lambda r: r.borrower_id),
    _Column("与户主关系", 7, lambda r: r.relation),
    _Column("电话", 14, lambda r: r.phone),
    _Column("脱贫属性", 13, lambda r: r.category),
    _Column("信用等级评定", 8, lambda r: r.credit_grade),
    _Column("授信额度(万元)", 9, lambda r: _in_wan(r.credit_limit)),
    _Column("授信金融机构", 13, lambda r: r.credit_lender),
    _Column("授信时间", 12, lambda r: r.credit_on, "date"),
    _Column("合同号", 15, lambda r: r.contract_no),
    _Column("贷款金融机构", 13, lambda r: r.lender),
    _Column("支行", 12, lambda r: r.branch),
    _Column("贷款金额(万元)", 11, lambda r: _in_wan(r.principal), "wan", summed=True),
    _Column("贷款期限(月)", 8, lambda r: r.term_months),
    _Column("放款日期", 12, lambda r: r.disbursed_on, "date"),
    _Column("到期日期", 12, lambda r: r.due_on, "date"),
    _Column("贷款利率(%)", 8, lambda r: r.rate / 100, "two"),
    _Column("累计贴息金额(元)", 11, lambda r: _in_yuan(r.subsidy), "two", summed=True),
    _Column("偿还贷款金额(元)", 12, lambda r: _in_yuan(r.repaid), "two"),
    _Column("还款时间", 12, lambda r: _as_text(r.repaid_on)),
    _Column("贷款余额(万元)", 11, lambda r: _in_wan(r.balance), "wan", summed=True),
    _Column("逾期贷款金额(元)", 12, lambda r: _in_yuan(r.overdue or None), "two", summed=True),
    _Column("贷款逾期时间", 12, lambda r: r.overdue_since, "date"),
    _Column("欠息金额(元)", 10, lambda r: _in_yuan(r.interest_owed), "two", summed=True),
    _Column("欠息时间", 12, lambda r: r.interest_owed_since, "date"),
    _Column("五级分类", 8, lambda r: r.grade),
    _Column("应贷未贷识别", 8, lambda r: r.not_lent_though_entitled),
    _Column("贷款用途", 12, lambda r: r.purpose),
    _Column("备注", 24, lambda r: r.remark or None),
)

_FONT = {"font_name": "宋体", "font_size": 10, "valign": "vcenter"}
_STYLES: dict[str, dict[str, object]] = {
    "text": {"border": 1},
    "wan": {"border": 1, "num_format": "0.00####"},
    "two": {"border": 1, "num_format": "0.00"},
    "date": {"border": 1, "num_format": "yyyy/m/d"},
    "head": {"border": 1, "bold": True, "align": "center", "text_wrap": True},
    "title": {"bold": True, "align": "center", "font_size": 16},
    "plain": {},
}


def write_ledger(ledger: Ledger, path: Path) -> None:
    """Write ``ledger`` to ``path``; the same ledger gives the same bytes."""
    book = xlsxwriter.Workbook(str(path), {"default_date_format": "yyyy/m/d"})
    book.set_properties({"title": _CAPTION, "created": datetime.combine(ledger.as_of, time())})
    styles = {name: book.add_format({**_FONT, **style}) for name, style in _STYLES.items()}
    sheet = book.add_worksheet("台账")
    last = len(_COLUMNS) - 1
    sheet.merge_range(0, 0, 0, last, _CAPTION, styles["title"])
    sheet.write_string(1, 0, f"填报单位：{ledger.lender}", styles["plain"])
    sheet.write_string(2, 0, f"截至{_chinese(ledger.as_of)}", styles["plain"])
    for n, column in enumerate(_COLUMNS):
        sheet.set_column(n, n, column.width)
        sheet.write_string(_HEAD, n, column.head, styles["head"])
        _write_column(sheet, n, column, ledger.rows, styles[column.style])
    _write_totals(sheet, ledger.rows, styles)
    sheet.freeze_panes(_HEAD + 1, 0)
    book.close()


def _write_column(sheet: Worksheet, n: int, column: _Column, rows: tuple[Row, ...], style: Format) -> None:
    for line, row in enumerate(rows, start=_HEAD + 1):
        match column.value(row):
            case None:
                sheet.write_blank(line, n, None, style)
            case date() as day:
                sheet.write_datetime(line, n, datetime.combine(day, time()), style)
            case str(text):
                sheet.write_string(line, n, text, style)
            case number:
                sheet.write_number(line, n, number, style)


def _write_totals(sheet: Worksheet, rows: tuple[Row, ...], styles: dict[str, Format]) -> None:
    """合计 with formulas, each with its value stored, and who made the table."""
    first, end = _HEAD + 1, _HEAD + len(rows)
    sheet.write_string(end + 1, 0, "合计", styles["head"])
    for n, column in enumerate(_COLUMNS):
        if column.summed:
            letter = xl_col_to_name(n)
            total = sum(value for row in rows if isinstance(value := column.value(row), int | float))
            formula = f"=SUM({letter}{first + 1}:{letter}{end + 1})"
            sheet.write_formula(end + 1, n, formula, styles[column.style], round(total, 6))
    sheet.write_string(end + 3, 0, "制表人：信贷管理部", styles["plain"])


def _chinese(day: date) -> str:
    return f"{day.year}年{day.month}月{day.day}日"
