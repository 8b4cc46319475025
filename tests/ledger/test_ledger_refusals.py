"""Which rows are refused, with what reason, and the workbook that gives them back."""

import io
from datetime import date
from pathlib import Path
from typing import Any

import openpyxl
import pytest
import xlsxwriter

from app.labels import Text
from app.ledger.fields import F, LedgerField
from app.ledger.refused import refused_workbook
from app.ledger.rows import Reading
from tests.ledger.factory import (
    DASHUIJING,
    SHEET,
    id_number,
    make_ledger,
    read_ledger,
    rebuilt,
    renamed,
    row,
    rows,
)

GOOD = id_number(5)
WRONG = GOOD[:16] + str((int(GOOD[16]) + 1) % 10) + GOOD[17]

REFUSED: list[tuple[str, Any, LedgerField, str]] = [
    ("合同号", "", F.CONTRACT_NO, "missing"),
    ("合同号", 2.5e15, F.CONTRACT_NO, "stored as a number"),
    ("贷款人身份证", 530399198001010042, F.ID_NUMBER, "stored as a number"),
    ("贷款人身份证", WRONG, F.ID_NUMBER, "check digit"),
    ("贷款人身份证", "", F.ID_NUMBER, "blank"),
    ("户主身份证号", WRONG, F.HEAD_ID, "check digit"),
    ("贷款金额", "", F.PRINCIPAL, "blank"),
    ("贷款金额", "伍万", F.PRINCIPAL, "Chinese numerals"),
    ("贷款余额", "", F.BALANCE, "blank"),
    ("贷款余额", "三万", F.BALANCE, "Chinese numerals"),
    ("贷款余额", -1, F.BALANCE, "negative"),
    ("贷款余额", 50000.01, F.BALANCE, "larger than the amount lent"),
    ("逾期贷款金额", "逾期", F.OVERDUE, "No amount"),
    ("放款日期", "", F.DISBURSED_ON, "blank"),
    ("放款日期", "2022-02-30", F.DISBURSED_ON, "no such day"),
    ("到期日期", "", F.DUE_ON, "blank"),
    ("到期日期", date(2022, 10, 31), F.DUE_ON, "before the date of lending"),
    ("乡镇", "昆明市", F.TOWNSHIP, "No township"),
    ("乡镇", "水井乡", F.TOWNSHIP, "大水井乡"),
    ("贷款余额", "=SUM(1,2)", F.BALANCE, "without a stored value"),
    ("逾期贷款金额", "=SUM(1,2)", F.OVERDUE, "without a stored value"),
    ("合同号", "=A1", F.CONTRACT_NO, "without a stored value"),
    ("逾期贷款金额", "#REF!", F.OVERDUE, "error"),
    ("行政村", "#N/A", F.VILLAGE, "error"),
    ("贷款余额", True, F.BALANCE, "No amount"),
]


def test_every_reason_to_refuse_a_row(tmp_path: Path) -> None:
    lines = [row(**{title: cell}) for title, cell, _, _ in REFUSED]
    reading = read_ledger(make_ledger(tmp_path / "a.xlsx", [row(), *lines, row()]))
    assert [r.row_no for r in reading.rows] == [2, len(REFUSED) + 3]
    told = {error.row_no: error for error in reading.errors}
    assert len(reading.errors) == len(REFUSED)
    for number, (title, cell, field, why) in enumerate(REFUSED, start=3):
        error = told[number]
        assert (error.sheet, error.field) == ("台账", field) and why in str(error.reason), (
            title,
            cell,
            error,
        )


def test_what_was_found_is_told_but_personal_numbers_only_masked(tmp_path: Path) -> None:
    lines = [
        row(贷款人身份证=WRONG),
        row(贷款余额="伍万"),
        row(乡镇="水井乡"),
        row(电话="0874-8212345"),
        row(贷款人身份证=5.30399e17),
    ]
    reading = read_ledger(make_ledger(tmp_path / "a.xlsx", lines))
    assert [error.found for error in reading.errors] == [
        WRONG[:6] + "*" * 8 + WRONG[-4:],
        "伍万",
        "水井乡",
        "530399********0000",
    ]
    assert reading.findings[0].found == "087*****2345"
    assert reading.errors[2].suggestion == DASHUIJING


def test_an_accepted_alias_is_taken_from_then_on(tmp_path: Path) -> None:
    path = make_ledger(tmp_path / "a.xlsx", [row(乡镇="水井乡")])
    assert read_ledger(path, aliases={"水井乡": DASHUIJING}).rows[0].township_code == DASHUIJING


def test_a_row_tells_all_that_is_wrong_with_it(tmp_path: Path) -> None:
    line = row(合同号="", 贷款余额=60000, 乡镇="x", 到期日期=date(2020, 1, 1))
    reading = read_ledger(make_ledger(tmp_path / "a.xlsx", [line]))
    assert {error.field for error in reading.errors} == {F.CONTRACT_NO, F.BALANCE, F.TOWNSHIP, F.DUE_ON}
    assert len(reading.refused) == 1


UNUSUAL: list[tuple[dict[str, Any], LedgerField, str]] = [
    ({"贷款人身份证": id_number(1, "20060102")}, F.ID_NUMBER, "younger than 18"),
    ({"贷款人身份证": id_number(1, "19561101")}, F.ID_NUMBER, "older than 65"),
    ({"贷款金额": 100_000.01}, F.PRINCIPAL, "100,000"),
    ({"贷款金额": 0, "贷款余额": 0}, F.PRINCIPAL, "Nothing was lent"),
    ({"到期日期": date(2025, 11, 2)}, F.DUE_ON, "three years"),
    ({"贷款期限": "48个月"}, F.TERM, "three years"),
    ({"电话": "0874-8212345"}, F.PHONE, "no mobile"),
    ({"放款日期": date(2023, 11, 1)}, F.DISBURSED_ON, "after the date of the ledger"),
    ({"逾期贷款金额": 40000}, F.OVERDUE, "larger than the balance"),
    ({"脱贫属性": "一般农户"}, F.CATEGORY, "none of the four"),
    ({"家庭人口数": "很多"}, F.HOUSEHOLD_SIZE, "left out"),
    ({"备注": "很长" * 200}, F.REMARK, "longer than 256"),
]


def test_unusual_values_are_shown_and_block_nothing(tmp_path: Path) -> None:
    lines = [row(**changes) for changes, _, _ in UNUSUAL]
    usual = [
        row(贷款人身份证=id_number(2, "20041101")),
        row(贷款人身份证=id_number(2, "19561102")),
        row(贷款金额=100_000),
        row(到期日期=date(2025, 11, 1)),
    ]
    reading = read_ledger(make_ledger(tmp_path / "a.xlsx", lines + usual), as_of=date(2023, 10, 31))
    assert len(reading.rows) == len(lines) + len(usual) and not reading.errors
    told = {finding.row_no: finding for finding in reading.findings}
    assert len(reading.findings) == len(UNUSUAL)
    for number, (_, field, why) in enumerate(UNUSUAL, start=2):
        assert told[number].field is field and why in str(told[number].message), told[number]


def test_formulas_with_stored_values_count(tmp_path: Path) -> None:
    path, line = tmp_path / "a.xlsx", row(放款日期="2022-11-01", 到期日期="2024-11-01")
    book = xlsxwriter.Workbook(str(path))
    sheet = book.add_worksheet("台账")
    sheet.write_row(0, 0, list(line))
    for number, overdue in enumerate((100, "nothing"), start=1):
        for at, (title, cell) in enumerate((line | {"合同号": f"F-{number}"}).items()):
            if title in ("贷款余额", "逾期贷款金额"):
                sheet.write_formula(number, at, "=1+1", None, 12345.6 if title == "贷款余额" else overdue)
            else:
                sheet.write(number, at, cell)
    book.close()
    # As Excel stores a formula whose result is an empty text.
    rebuilt(path, lambda parts: parts.update({SHEET: parts[SHEET].replace(b"<v>nothing</v>", b"<v></v>")}))
    reading = read_ledger(path)
    assert not reading.errors
    assert [(r.balance, r.overdue) for r in reading.rows] == [(1_234_560, 10_000), (1_234_560, 0)]


def test_an_error_in_a_column_that_is_not_used_hurts_nobody(tmp_path: Path) -> None:
    reading = read_ledger(make_ledger(tmp_path / "a.xlsx", [row(授信额度="#REF!", 负责人="=A1")]))
    assert len(reading.rows) == 1 and not reading.errors


def test_the_contract_of_a_refused_row_is_known_not_to_be_missing(tmp_path: Path) -> None:
    lines = [row(合同号="HT-A", 贷款余额="x"), row(合同号="", 贷款余额=1)]
    assert read_ledger(make_ledger(tmp_path / "a.xlsx", lines)).refused_contracts == ["HT-A"]


def refused_again(reading: Reading, tmp_path: Path, **options: Any) -> tuple[Path, Any]:
    content = refused_workbook(reading, 12, **options)
    assert content is not None
    path = tmp_path / "refused.xlsx"
    path.write_bytes(content)
    return path, openpyxl.load_workbook(io.BytesIO(content))


def test_nothing_refused_makes_no_workbook(tmp_path: Path) -> None:
    assert refused_workbook(read_ledger(make_ledger(tmp_path / "a.xlsx", rows(1))), None) is None


def test_refused_rows_come_back_to_be_corrected_and_uploaded_again(tmp_path: Path) -> None:
    double = row()
    lines = [
        renamed(line, 贷款余额="贷款余额(万元)")
        for line in (
            row(贷款余额=3, 贷款人身份证=WRONG),
            row(贷款余额="三万"),
            double | {"贷款余额": 1},
            double | {"贷款余额": 2},
            row(贷款余额=1),
        )
    ]
    above = [["台账（截至2023年10月31日）"], ["填报单位：罗平农商行", "", "单位：元"]]
    first = read_ledger(make_ledger(tmp_path / "a.xlsx", lines, above=above))
    assert len(first.rows) == 1 and first.supplements is None

    path, book = refused_again(first, tmp_path)
    sheet = book["台账"]
    assert [sheet.cell(4, column).value for column in (1, 2)] == ["Why refused", "乡镇"]
    assert [str(sheet.cell(number, 1).value).split(":")[0] for number in (5, 6, 7, 8)] == [
        "Row 4, ID number of the borrower",
        "Row 5, Balance",
        "Row 6, Contract number",
        "Row 7, Contract number",
    ]
    unchanged = read_ledger(path)
    assert unchanged.supplements == 12 and len(unchanged.errors) == 4 and not unchanged.unrecognised

    titles = {sheet.cell(4, column).value: column for column in range(1, sheet.max_column + 1)}
    sheet.cell(5, titles["贷款人身份证"]).value = GOOD
    sheet.cell(6, titles["贷款余额(万元)"]).value = 3
    sheet.delete_rows(8)
    book.save(path)
    corrected = read_ledger(path)
    assert [r.balance for r in corrected.rows] == [3_000_000, 3_000_000, 1_000_000] and not corrected.errors
    assert (corrected.as_of, corrected.reporting_unit) == (date(2023, 10, 31), "罗平农商行")


def test_refused_rows_keep_every_cell_as_it_was_and_run_no_formula(tmp_path: Path) -> None:
    line = row(备注="'=cmd|' /C calc'!A1", 贷款人身份证=GOOD[:17] + " ", 组别=3.5)
    reading = read_ledger(make_ledger(tmp_path / "a.xlsx", [line]))
    _, book = refused_again(reading, tmp_path)
    cells = [cell for line in book["台账"].iter_rows() for cell in line]
    assert not any(cell.data_type == "f" for cell in cells)
    assert {"'=cmd|' /C calc'!A1", 3.5, GOOD[:17]} <= {
        cell.value.strip() if isinstance(cell.value, str) else cell.value for cell in cells
    }


def test_the_reasons_are_in_the_language_asked_for(tmp_path: Path) -> None:
    reading = read_ledger(make_ledger(tmp_path / "a.xlsx", [row(贷款余额="")]))
    spoken = {
        "Row %(row)s, %(field)s: %(reason)s": "第%(row)s行，%(field)s：%(reason)s",
        "Balance": "贷款余额",
    }
    _, book = refused_again(reading, tmp_path, gettext=lambda msgid: spoken.get(msgid, msgid))
    assert book["台账"]["A3"].value.startswith("第2行，贷款余额：The amount is blank.")


def test_reasons_can_be_stored_as_json(tmp_path: Path) -> None:
    reading = read_ledger(
        make_ledger(tmp_path / "a.xlsx", [row(**{title: cell}) for title, cell, _, _ in REFUSED])
    )
    for reason in [error.reason for error in reading.errors] + [
        finding.message for finding in reading.findings
    ]:
        assert Text.from_json(reason.to_json()) == reason


@pytest.mark.parametrize("name", ["阿岗/老厂", "a" * 40, "[x]"])
def test_any_sheet_name_fits_the_workbook(tmp_path: Path, name: str) -> None:
    line = row(贷款余额="x", 放款日期="2022-11-01", 到期日期="2024-11-01")
    reading = read_ledger(make_ledger(tmp_path / "a.csv", [line]), filename=f"{name}.csv")
    _, book = refused_again(reading, tmp_path)
    assert len(book.sheetnames) == 1
