"""The old binary workbook: the same traps, seen through its records."""

from datetime import date
from pathlib import Path
from typing import Any

import pytest
import xlwt

from app.ledger.fields import F
from app.ledger.rows import FileRefused
from tests.ledger.factory import Line, grid, make_file, read_ledger, row, rows


def write(
    path: Path, lines: list[Line], hidden: tuple[int, ...] = (), errors: tuple[tuple[int, str, str], ...] = ()
) -> Path:
    """A .xls with hidden rows (from 1) and cells that are errors."""
    book = xlwt.Workbook()
    sheet = book.add_sheet("台账")
    day = xlwt.easyxf(num_format_str="YYYY-MM-DD")
    titles = list(lines[0])
    for at, cells in enumerate(grid(lines)):
        for column, cell in enumerate(cells):
            if isinstance(cell, date):
                sheet.write(at, column, cell, day)
            elif cell != "":
                sheet.write(at, column, cell)
    for number in hidden:
        sheet.row(number - 1).hidden = True
    for number, title, error in errors:
        sheet.row(number - 1).set_cell_error(titles.index(title), error)
    book.save(str(path))
    return path


def test_error_cells_refuse_the_row(tmp_path: Path) -> None:
    lines = [row(逾期贷款金额=""), row(贷款余额=""), row()]
    path = write(tmp_path / "a.xls", lines, errors=((2, "逾期贷款金额", "#REF!"), (3, "贷款余额", "#DIV/0!")))
    reading = read_ledger(path)
    assert [(error.row_no, error.field) for error in reading.errors] == [(2, F.OVERDUE), (3, F.BALANCE)]
    assert all("error" in str(error.reason) for error in reading.errors) and len(reading.rows) == 1


def test_a_boolean_is_no_amount(tmp_path: Path) -> None:
    assert read_ledger(write(tmp_path / "a.xls", [row(贷款余额=True)])).errors[0].found == "TRUE"


def test_hidden_rows_are_counted(tmp_path: Path) -> None:
    reading = read_ledger(write(tmp_path / "a.xls", rows(4), hidden=(1, 3, 5, 60)))
    assert reading.hidden_rows == 2 and len(reading.rows) == 4


@pytest.mark.parametrize(
    "cell", [date(2022, 11, 1), "2022/11/1", 20221101, "20221101", "2022年11月1日", 44866]
)
def test_dates(tmp_path: Path, cell: Any) -> None:
    (read,) = read_ledger(make_file(tmp_path / "a.xls", {"台账": grid([row(放款日期=cell)])})).rows
    assert read.disbursed_on == date(2022, 11, 1)


def test_numbers_stored_as_numbers(tmp_path: Path) -> None:
    lines = [
        row(合同号=20230001, 电话=15400001234, 贷款金额=50000, 组别=3),
        row(贷款人身份证=530399198001010042),
    ]
    reading = read_ledger(make_file(tmp_path / "a.xls", {"台账": grid(lines)}))
    (read,) = reading.rows
    assert (read.contract_no, read.phone, read.principal, read.group) == (
        "20230001",
        "15400001234",
        5_000_000,
        "3",
    )
    assert reading.errors[0].field is F.ID_NUMBER


def test_a_formula_without_a_value_leaves_a_needed_amount_blank(tmp_path: Path) -> None:
    reading = read_ledger(write(tmp_path / "a.xls", [row(贷款余额=xlwt.Formula("1+1"))]))
    assert [error.field for error in reading.errors] == [F.BALANCE]


def test_one_sheet_a_township(tmp_path: Path) -> None:
    sheets = {"阿岗": grid(rows(1)), "老厂乡": grid(rows(2))}
    assert len(read_ledger(make_file(tmp_path / "a.xls", sheets)).rows) == 3


def test_a_protected_workbook_asks_for_the_password_to_be_removed(tmp_path: Path) -> None:
    path = write(tmp_path / "a.xls", rows(1))
    content = path.read_bytes()
    start = content.index(b"\x09\x08\x10\x00")  # the workbook's first record; the second becomes FILEPASS
    second = start + 4 + 16
    path.write_bytes(content[:second] + b"\x2f\x00" + content[second + 2 :])
    with pytest.raises(FileRefused, match="password"):
        read_ledger(path)


@pytest.mark.parametrize("share", [0.2, 0.5, 0.9])
def test_a_truncated_workbook_is_refused_or_read_whole(tmp_path: Path, share: float) -> None:
    path = write(tmp_path / "a.xls", rows(60))
    content = path.read_bytes()
    path.write_bytes(content[: int(len(content) * share)])
    with pytest.raises(FileRefused):
        read_ledger(path)
