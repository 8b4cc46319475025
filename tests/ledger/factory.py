"""Makes ledger files for tests: a row is a dict of column title to cell, and what a test does not name is filled in.

    path = make_ledger(tmp_path / "十月.xlsx", [row(), row(合同号="HT-2", 贷款余额=0)], above=[["截至2023年10月31日"]])
    reading = read_ledger(path)

ID numbers have a right check digit and the region 530399, which does not exist.
"""

import csv
import zipfile
from collections.abc import Callable, Mapping, Sequence
from datetime import date, datetime, time
from itertools import count
from pathlib import Path
from typing import Any

import openpyxl
import xlwt

from app.ledger.people import check_character
from app.ledger.rows import LedgerRow, Reading
from app.ledger.workbook import read
from app.loans.rules import Category
from app.places.rules import shipped

COUNTY = "530324"
SHEET = "xl/worksheets/sheet1.xml"  # the part that holds the first sheet's cells

PLACES = shipped(COUNTY)


def code(name: str) -> str:
    place = PLACES.find(name, COUNTY)
    assert place is not None
    return place.code


AGANG, LAOCHANG, DASHUIJING, JIULONG = map(code, ("阿岗镇", "老厂乡", "大水井乡", "九龙街道"))
Line = dict[str, Any]
Cells = Sequence[Any]

_numbers = count(1)


def id_number(number: int, born: str = "19800101", region: str = "530399") -> str:
    """The ID number of invented person ``number`` (0 to 999 for each birthday)."""
    first17 = f"{region}{born}{number:03d}"
    return first17 + check_character(first17)


def row(**changes: Any) -> Line:
    """A valid row of 阿岗镇; its contract number and its person are new each time."""
    number = next(_numbers)
    person = id_number(number % 1000, born=f"19{70 + number // 1000 % 30}0203")
    line: Line = {
        "乡镇": "阿岗镇",
        "行政村": "松林村",
        "组别": "3组",
        "户主姓名": f"张{number}",
        "户主身份证号": person,
        "贷款人姓名": f"张{number}",
        "贷款人身份证": person,
        "脱贫属性": "脱贫户",
        "电话": f"154{number:08d}",
        "合同号": f"HT-{number:05d}",
        "支行": "阿岗支行",
        "贷款金额": 50000,
        "放款日期": date(2022, 11, 1),
        "到期日期": date(2024, 11, 1),
        "贷款余额": 30000,
        "逾期贷款金额": 0,
    }
    return line | changes


def rows(amount: int, **changes: Any) -> list[Line]:
    return [row(**changes) for _ in range(amount)]


def without(line: Line, *titles: str) -> Line:
    return {title: cell for title, cell in line.items() if title not in titles}


def renamed(line: Line, **titles: str) -> Line:
    """The line under other titles: ``renamed(row(), 贷款余额="贷款余额（万元）")``."""
    return {titles.get(title, title): cell for title, cell in line.items()}


def grid(lines: Sequence[Line], above: Sequence[Cells] = (), below: Sequence[Cells] = ()) -> list[list[Any]]:
    """Titles above, the header, the rows, what stands below."""
    titles = list(dict.fromkeys(title for line in lines for title in line)) or list(row())
    return [
        *map(list, above),
        titles,
        *([line.get(title, "") for title in titles] for line in lines),
        *map(list, below),
    ]


def make_ledger(path: Path, lines: Sequence[Line], *, sheet: str = "台账", **options: Any) -> Path:
    """A ledger of one sheet, in the format of the path's suffix. ``above`` and ``below`` are rows of cells."""
    encoding = {name: options.pop(name) for name in ("encoding", "delimiter") if name in options}
    return make_file(path, {sheet: grid(lines, **options)}, **encoding)


def make_file(path: Path, sheets: Mapping[str, Sequence[Cells]], **options: Any) -> Path:
    """A file with these sheets of cells: .xlsx, .xls or .csv (``encoding``, ``delimiter``; one sheet)."""
    match path.suffix:
        case ".xlsx":
            _xlsx(path, sheets)
        case ".xls":
            _xls(path, sheets)
        case ".csv":
            (cells,) = sheets.values()
            _csv(path, cells, **options)
    return path


def _xlsx(path: Path, sheets: Mapping[str, Sequence[Cells]]) -> None:
    book = openpyxl.Workbook()
    book.remove(book.active)
    for name, cells in sheets.items():
        sheet = book.create_sheet(name)
        for line in cells:
            sheet.append(["" if cell is None else cell for cell in line] or [None])
    book.save(path)


def _xls(path: Path, sheets: Mapping[str, Sequence[Cells]]) -> None:
    book = xlwt.Workbook()
    day = xlwt.easyxf(num_format_str="YYYY/M/D")
    for name, cells in sheets.items():
        sheet = book.add_sheet(name)
        for at, line in enumerate(cells):
            for column, cell in enumerate(line):
                if isinstance(cell, date):
                    sheet.write(at, column, datetime.combine(cell, time()), day)
                elif cell != "":
                    sheet.write(at, column, cell)
    book.save(str(path))


def _csv(path: Path, cells: Sequence[Cells], encoding: str = "utf-8-sig", delimiter: str = ",") -> None:
    with path.open("w", encoding=encoding, newline="") as file:
        csv.writer(file, delimiter=delimiter).writerows(cells)


def rebuilt(path: Path, change: Callable[[dict[str, bytes]], None], **options: int) -> Path:
    """The archive with its parts changed."""
    with zipfile.ZipFile(path) as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    change(parts)
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, **options) as archive:
        for name, content in parts.items():
            archive.writestr(name, content)
    return path


def read_ledger(path: Path, **options: Any) -> Reading:
    return read(path, **{"places": PLACES, "within": COUNTY} | options)


def ledger_row(**changes: Any) -> LedgerRow:
    """A typed row, as if read."""
    number = next(_numbers)
    person = id_number(number % 1000)
    values: dict[str, Any] = {
        "sheet": "台账",
        "row_no": number,
        "contract_no": f"HT-{number:05d}",
        "township_code": AGANG,
        "village": "松林村",
        "group": "3组",
        "head_name": f"张{number}",
        "head_id": person,
        "name": f"张{number}",
        "id_number": person,
        "relation": "",
        "household_size": None,
        "category": Category.LIFTED,
        "lender": None,
        "branch": "阿岗支行",
        "phone": f"154{number:08d}",
        "principal": 5_000_000,
        "balance": 3_000_000,
        "overdue": 0,
        "interest_owed": None,
        "repaid": None,
        "repaid_on": None,
        "disbursed_on": date(2022, 11, 1),
        "due_on": date(2024, 11, 1),
        "term_months": None,
        "rate": None,
        "grade": "",
        "purpose": "",
        "remark": "",
    }
    return LedgerRow(**values | changes)
