"""A good ledger in each format, and the traps in how sheets are laid out."""

from datetime import date
from decimal import Decimal
from pathlib import Path

import openpyxl
import pytest

from app.ledger.fields import F
from app.ledger.rows import FileRefused
from app.loans.rules import Category
from tests.ledger.factory import (
    AGANG,
    JIULONG,
    LAOCHANG,
    grid,
    id_number,
    make_file,
    make_ledger,
    read_ledger,
    renamed,
    row,
    rows,
    without,
)

FULL = row(
    序号=1,
    乡镇="阿岗",
    家庭人口数=4,
    与户主关系="户主",
    信用等级评定="优秀",
    贷款金融机构="罗平农商行",
    电话="+86 154-0000-0001",
    贷款期限="24个月",
    贷款利率="3.85%",
    累计贴息金额=12.5,
    偿还贷款金额="20,000.00",
    还款时间="2023-09-01",
    欠息金额=7.1,
    五级分类="关注",
    贷款用途="养殖",
    备注="在家",
    户主身份证号=id_number(7),
    贷款人身份证=id_number(8),
    户主姓名="李 四",
    贷款人姓名="李小四",
    逾期贷款金额=1234.56,
)


@pytest.mark.parametrize("suffix", [".xlsx", ".xls", ".csv"])
def test_every_column_is_read_in_every_format(tmp_path: Path, suffix: str) -> None:
    line = (
        FULL
        if suffix != ".csv"
        else {t: c.isoformat() if isinstance(c, date) else c for t, c in FULL.items()}
    )
    reading = read_ledger(
        make_ledger(tmp_path / f"a{suffix}", [line], above=[["台账"], ["截至2023年10月31日"]])
    )
    (read,) = reading.rows
    assert not reading.errors and reading.as_of == date(2023, 10, 31)
    assert read._asdict() == {
        "sheet": "台账" if suffix != ".csv" else "a",
        "row_no": 4,
        "contract_no": line["合同号"],
        "township_code": AGANG,
        "village": "松林村",
        "group": "3组",
        "head_name": "李四",
        "head_id": id_number(7),
        "name": "李小四",
        "id_number": id_number(8),
        "relation": "户主",
        "household_size": 4,
        "category": Category.LIFTED,
        "lender": "罗平农商行",
        "branch": "阿岗支行",
        "phone": "15400000001",
        "principal": 5_000_000,
        "balance": 3_000_000,
        "overdue": 123_456,
        "interest_owed": 710,
        "repaid": 2_000_000,
        "repaid_on": date(2023, 9, 1),
        "disbursed_on": date(2022, 11, 1),
        "due_on": date(2024, 11, 1),
        "term_months": 24,
        "rate": Decimal("3.85"),
        "grade": "关注",
        "purpose": "养殖",
        "remark": "在家",
    }
    assert not reading.unrecognised


def test_a_file_without_a_header_says_what_was_looked_for(tmp_path: Path) -> None:
    path = make_file(tmp_path / "a.xlsx", {"表": [["姓名", "电话"], ["张三", "15400000001"]]})
    with pytest.raises(FileRefused, match="合同号"):
        read_ledger(path)


def test_the_header_is_found_on_rows_1_to_6(tmp_path: Path) -> None:
    for depth in range(6):
        above = [["罗平县脱贫人口小额信贷台账"], ["填报单位：罗平农商行"], [], ["单位：元"], ["说明"]][:depth]
        reading = read_ledger(make_ledger(tmp_path / "a.xlsx", rows(2), above=above))
        assert [r.row_no for r in reading.rows] == [depth + 2, depth + 3]
        assert reading.sheets[0].header_row == depth + 1


def test_a_merged_title_does_not_move_the_header(tmp_path: Path) -> None:
    path = make_ledger(tmp_path / "a.xlsx", rows(1), above=[["台账（截至2023年10月末）"], []])
    book = openpyxl.load_workbook(path)
    book.active.merge_cells("A1:P2")
    book.save(path)
    reading = read_ledger(path)
    assert len(reading.rows) == 1 and reading.as_of == date(2023, 10, 31)


def test_a_header_of_two_rows_with_groups_above(tmp_path: Path) -> None:
    line = row()
    titles = list(line)
    upper = ["借款人情况" if at == 0 else "" for at in range(9)] + ["贷款情况"] + [""] * (len(titles) - 10)
    path = make_file(tmp_path / "a.xlsx", {"表": [["台账"], upper, titles, list(line.values())]})
    reading = read_ledger(path)
    assert reading.rows[0].contract_no == line["合同号"] and reading.sheets[0].header_row == 3
    joined = [title.removeprefix("贷款") for title in titles]
    upper = ["贷款" if title.startswith("贷款") else "" for title in titles]
    lower = ["" if upper[at] == "" else joined[at] for at in range(len(titles))]
    upper = [upper[at] or titles[at] for at in range(len(titles))]
    path = make_file(tmp_path / "b.xlsx", {"表": [upper, lower, list(line.values())]})
    reading = read_ledger(path)
    assert reading.rows[0].balance == 3_000_000 and reading.sheets[0].header_row == 2


def test_rows_that_are_no_loans_are_skipped_and_counted(tmp_path: Path) -> None:
    head = list(row())
    below = [
        [],
        ["合计", "", "", "", "", "", "", "", "", "", "", 100000],
        ["", "", "阿岗镇小计", "", "", "", "", "", "", "", "", 9],
        ["", "老厂乡"],
        head,
        ["制表人：张三", "", "审核人：李四"],
        ["注：本表按月报送"],
        ["  "],
        ["填表日期：2023年11月1日"],
    ]
    reading = read_ledger(make_ledger(tmp_path / "a.xlsx", rows(2), below=below))
    assert len(reading.rows) == 2 and not reading.errors
    assert reading.skipped == 7


def test_a_loan_without_contract_is_no_total_because_of_its_remark(tmp_path: Path) -> None:
    reading = read_ledger(
        make_ledger(tmp_path / "a.xlsx", [row(合同号="", 备注="联系人：李四"), row(备注="合计")])
    )
    assert [error.field for error in reading.errors] == [F.CONTRACT_NO] and len(reading.rows) == 1


def test_each_sheet_can_be_a_township(tmp_path: Path) -> None:
    sheets = {
        "阿岗": grid([without(row(), "乡镇")]),
        "老厂乡": grid([without(row(), "乡镇")]),
        "1.九龙街道台账": grid([without(row(), "乡镇")]),
    }
    reading = read_ledger(make_file(tmp_path / "a.xlsx", sheets))
    assert [r.township_code for r in reading.rows] == [AGANG, LAOCHANG, JIULONG] and not reading.errors
    assert [r.row_no for r in reading.rows] == [2, 2, 2]


def test_the_title_can_name_the_township(tmp_path: Path) -> None:
    path = make_ledger(
        tmp_path / "a.xlsx", [without(row(), "乡镇")], above=[["阿岗镇小额信贷台账"]], sheet="Sheet1"
    )
    assert read_ledger(path).rows[0].township_code == AGANG


def test_without_any_township_each_row_is_refused(tmp_path: Path) -> None:
    reading = read_ledger(make_ledger(tmp_path / "a.xlsx", [without(row(), "乡镇")], sheet="Sheet1"))
    assert [error.field for error in reading.errors] == [F.TOWNSHIP] and not reading.rows


def test_sheets_that_are_no_ledgers_are_named_and_passed_over(tmp_path: Path) -> None:
    sheets = {
        "说明": [["填表说明"]],
        "汇总": [["乡镇", "户数", "贷款余额", "逾期金额", "支行"], ["阿岗镇", 2, 3, 0, "x"]],
        "台账": grid(rows(1)),
        "空": [],
    }
    reading = read_ledger(make_file(tmp_path / "a.xlsx", sheets))
    assert len(reading.rows) == 1 and not reading.errors
    assert {finding.sheet for finding in reading.findings} == {"说明", "汇总"}


def test_a_sheet_without_a_needed_column_is_refused_row_by_row(tmp_path: Path) -> None:
    lines = [without(row(), "贷款余额", "到期日期") for _ in range(2)]
    reading = read_ledger(make_ledger(tmp_path / "a.xlsx", lines, below=[["合计"]]))
    assert [error.row_no for error in reading.errors] == [2, 3] and reading.skipped == 1
    assert "贷款余额、到期日" in str(reading.errors[0].reason)
    assert len(reading.refused) == 2


def test_units_come_from_each_title_and_else_from_the_sheet(tmp_path: Path) -> None:
    line = renamed(
        row(贷款金额=5, 贷款余额=3.5, 逾期贷款金额=1.25),
        贷款金额="贷款金额\n（万元）",
        逾期贷款金额="逾期贷款金额（元）",
    )
    reading = read_ledger(make_ledger(tmp_path / "a.xlsx", [line], above=[["单位：万元"]]))
    assert (reading.rows[0].principal, reading.rows[0].balance, reading.rows[0].overdue) == (
        5_000_000,
        3_500_000,
        125,
    )


def test_amounts_that_look_like_another_unit_are_found(tmp_path: Path) -> None:
    small = read_ledger(make_ledger(tmp_path / "a.xlsx", rows(2, 贷款金额=5, 贷款余额=3)))
    assert {finding.field for finding in small.findings} == {F.PRINCIPAL, F.BALANCE} and len(small.rows) == 2
    large = [renamed(line, 贷款金额="贷款金额(万元)", 贷款余额="贷款余额(万元)") for line in rows(2)]
    found = read_ledger(make_ledger(tmp_path / "b.xlsx", large)).findings
    assert {finding.field for finding in found if finding.row_no is None} == {F.PRINCIPAL, F.BALANCE}


def test_an_absent_overdue_column_is_unknown_and_a_blank_is_zero(tmp_path: Path) -> None:
    assert (
        read_ledger(make_ledger(tmp_path / "a.xlsx", [without(row(), "逾期贷款金额")])).rows[0].overdue
        is None
    )
    assert read_ledger(make_ledger(tmp_path / "b.xlsx", [row(逾期贷款金额="")])).rows[0].overdue == 0


def test_unrecognised_columns_are_shown_and_a_remembered_choice_maps_them(tmp_path: Path) -> None:
    path = make_ledger(tmp_path / "a.xlsx", [renamed(row(负责人="王五"), 合同号="业务 流水号")])
    reading = read_ledger(path)
    assert [(sheet, column.header) for sheet, column in reading.unrecognised] == [
        ("台账", "业务 流水号"),
        ("台账", "负责人"),
    ]
    assert reading.errors and not reading.rows
    keys = {column.header: column.key for _, column in reading.unrecognised}
    reading = read_ledger(path, mapping={keys["业务 流水号"]: "contract_no", keys["负责人"]: ""})
    assert reading.rows[0].contract_no.startswith("HT-") and not reading.unrecognised


def test_a_choice_wins_over_the_usual_meaning(tmp_path: Path) -> None:
    path = make_ledger(tmp_path / "a.xlsx", [row(剩余本金=100)])
    assert read_ledger(path).rows[0].balance == 3_000_000
    assert any(finding.field is F.BALANCE and finding.found == "Q" for finding in read_ledger(path).findings)
    assert read_ledger(path, mapping={"剩余本金": "balance"}).rows[0].balance == 10_000


def test_the_head_of_the_household_and_the_borrower_are_told_apart(tmp_path: Path) -> None:
    line = without(row(), "户主身份证号", "贷款人身份证", "贷款人姓名", "户主姓名")
    head = {"户主姓名": "张三", "身份证号": id_number(1)}
    both = head | {"贷款人姓名": "李四", "贷款人身份证": id_number(2)} | line
    (read,) = read_ledger(make_ledger(tmp_path / "a.xlsx", [both])).rows
    assert (read.head_id, read.id_number, read.name) == (id_number(1), id_number(2), "李四")
    (read,) = read_ledger(make_ledger(tmp_path / "b.xlsx", [head | line])).rows
    assert (read.id_number, read.name, read.head_name) == (id_number(1), "张三", "张三")
    bank = {"客户名称": "李四", "证件号码": id_number(2)} | line
    (read,) = read_ledger(make_ledger(tmp_path / "c.xlsx", [bank])).rows
    assert (read.head_id, read.id_number, read.name) == (None, id_number(2), "李四")


def test_merged_household_cells_count_for_each_of_their_rows(tmp_path: Path) -> None:
    first, second = row(), row()
    for title in ("乡镇", "户主姓名", "户主身份证号", "贷款人姓名", "贷款人身份证"):
        second[title] = ""
    path = make_ledger(tmp_path / "a.xlsx", [first, second])
    book = openpyxl.load_workbook(path)
    for column in (1, 4, 5, 6, 7):
        book.active.merge_cells(start_row=2, end_row=3, start_column=column, end_column=column)
    book.save(path)
    one, two = read_ledger(path).rows
    assert (two.township_code, two.id_number, two.head_name) == (
        one.township_code,
        one.id_number,
        one.head_name,
    )
    assert two.contract_no == second["合同号"]


def test_a_refused_row_keeps_what_merged_cells_say_of_it(tmp_path: Path) -> None:
    first = row()
    second = first | {"贷款人身份证": "", "贷款余额": 1}
    path = make_ledger(tmp_path / "a.xlsx", [first, second])
    book = openpyxl.load_workbook(path)
    column = list(first).index("贷款人身份证")
    book.active.merge_cells(start_row=2, end_row=3, start_column=column + 1, end_column=column + 1)
    book.save(path)
    refused = read_ledger(path).refused
    assert [r.cells[column] for r in refused] == [first["贷款人身份证"]] * 2


def test_a_merged_amount_counts_only_once(tmp_path: Path) -> None:
    path = make_ledger(tmp_path / "a.xlsx", [row(), row(贷款余额="")])
    book = openpyxl.load_workbook(path)
    column = list(row()).index("贷款余额") + 1
    book.active.merge_cells(start_row=2, end_row=3, start_column=column, end_column=column)
    book.save(path)
    reading = read_ledger(path)
    assert len(reading.rows) == 1 and reading.errors[0].field is F.BALANCE


def test_hidden_rows_and_sheets_are_read_counted_and_said(tmp_path: Path) -> None:
    path = make_ledger(tmp_path / "a.xlsx", rows(3), above=[["题"]])
    book = openpyxl.load_workbook(path)
    for number in (1, 4, 5, 9):
        book.active.row_dimensions[number].hidden = True
    book.create_sheet("x")
    book["台账"].sheet_state = "hidden"
    book.active = 1
    book.save(path)
    reading = read_ledger(path)
    assert len(reading.rows) == 3 and reading.hidden_rows == 2
    assert sum("hidden" in str(finding.message) for finding in reading.findings) == 2


DATE_FORMATS = [
    "yyyy/m/d",
    'yyyy"年"m"月"d"日"',
    "[$-804]yyyy年m月d日",
    "mm-dd-yy",
    "General",
    "0",
    "yyyy-mm-dd hh:mm",
]


@pytest.mark.parametrize("number_format", DATE_FORMATS)
def test_a_serial_number_is_a_date_under_every_format(tmp_path: Path, number_format: str) -> None:
    path = make_ledger(tmp_path / "a.xlsx", [row(到期日期=45597)])
    book = openpyxl.load_workbook(path)
    book.active.cell(2, list(row()).index("到期日期") + 1).number_format = number_format
    book.save(path)
    assert read_ledger(path).rows[0].due_on == date(2024, 11, 1)


def test_leading_empty_rows_and_columns_keep_the_users_numbers(tmp_path: Path) -> None:
    cells = [[], [], *([["", "", *line] for line in grid([row(), row(贷款余额="x")])])]
    reading = read_ledger(make_file(tmp_path / "a.xlsx", {"表": cells}))
    assert reading.rows[0].row_no == 4 and reading.errors[0].row_no == 5
    assert reading.sheets[0].columns[0].letter == "C"


def test_the_date_given_wins_and_a_difference_is_found(tmp_path: Path) -> None:
    path = make_ledger(tmp_path / "a.xlsx", [row(放款日期="2023-10-15")], above=[["截至2023年10月31日"]])
    reading = read_ledger(path, as_of=date(2023, 9, 30))
    assert reading.as_of == date(2023, 10, 31)
    assert {finding.field for finding in reading.findings} == {None, F.DISBURSED_ON}


def test_sheets_of_different_dates_are_found(tmp_path: Path) -> None:
    sheets = {
        "阿岗镇": grid(rows(1), above=[["截至2023年10月31日"]]),
        "老厂乡": grid(rows(1), above=[["截至2023年9月30日"]]),
    }
    (finding,) = read_ledger(make_file(tmp_path / "a.xlsx", sheets)).findings
    assert (finding.sheet, finding.found) == ("老厂乡", "2023-09-30")


def test_progress_rises_to_the_end(tmp_path: Path) -> None:
    told: list[tuple[int, int]] = []
    sheets = {"阿岗镇": grid(rows(2100)), "老厂乡": grid(rows(3))}
    read_ledger(
        make_file(tmp_path / "a.xlsx", sheets), progress=lambda done, total: told.append((done, total))
    )
    assert told == sorted(told) and told[-1] == (2105, 2105) and {total for _, total in told} == {2105}


def test_the_same_contract_twice(tmp_path: Path) -> None:
    once, again = row(), row()
    elsewhere = row(合同号=once["合同号"], 贷款金融机构="甲银行")
    lines = [once, row(), dict(once), again, again | {"贷款余额": 1}, elsewhere]
    reading = read_ledger(make_ledger(tmp_path / "a.xlsx", lines))
    assert [r.row_no for r in reading.rows] == [2, 3, 7]
    assert [(finding.row_no, dict(finding.message.params)) for finding in reading.findings] == [
        (4, {"row": "2"})
    ]
    assert [(e.row_no, dict(e.reason.params)) for e in reading.errors] == [
        (5, {"rows": "6"}),
        (6, {"rows": "5"}),
    ]
    assert [(r.row_no, r.contract_no) for r in reading.refused] == [
        (5, again["合同号"]),
        (6, again["合同号"]),
    ]
    assert reading.refused_contracts == [again["合同号"]] * 2


def test_contradicting_rows_on_two_sheets_name_the_sheet(tmp_path: Path) -> None:
    line = row()
    sheets = {"阿岗镇": grid([line]), "老厂乡": grid([line | {"乡镇": "老厂乡"}])}
    reading = read_ledger(make_file(tmp_path / "a.xlsx", sheets))
    assert [dict(error.reason.params)["rows"] for error in reading.errors] == ["老厂乡!2", "阿岗镇!2"]
