"""The batch for the lender's platform, and the file that comes back."""

from io import BytesIO

import pytest
from hypothesis import given
from hypothesis import strategies as st
from openpyxl import load_workbook

from app.sms.handoff import COLUMNS, BatchRow, Left, NotAResult, Why, read_results, write_batch
from app.sms.protocol import Receipt
from app.sms.rules import Status

ROWS = [
    BatchRow("HO1", "15412345678", "【罗平农商行】张*,您好"),
    BatchRow("HO2", "15412345679", "=cmd()😀"),
]
SENT = {row.serial: row.phone for row in ROWS}


@pytest.mark.parametrize("kind", ["xlsx", "csv"])
def test_the_same_rows_are_the_same_bytes(kind: str) -> None:
    assert write_batch(ROWS, kind) == write_batch(list(ROWS), kind)
    assert write_batch(ROWS, kind) != write_batch(ROWS[:1], kind)


def test_a_workbook_holds_texts_and_no_formula() -> None:
    sheet = load_workbook(BytesIO(write_batch(ROWS, "xlsx"))).active
    assert sheet is not None
    assert [[cell.value for cell in row] for row in sheet] == [
        list(COLUMNS), ["HO1", "15412345678", "【罗平农商行】张*,您好", 1], ["HO2", "15412345679", "=cmd()😀", 1],
    ]  # fmt: skip
    assert {cell.data_type for row in sheet["A1:C3"] for cell in row} == {"s"}


def test_a_csv_is_read_by_what_counties_have() -> None:
    lines = write_batch(ROWS, "csv").decode("gb18030").splitlines()
    assert lines[0] == "流水号,手机号,短信内容,计费条数" and lines[2] == "HO2,15412345679,＝cmd()😀,1"
    assert write_batch(ROWS, "csv", bom=True).startswith("\ufeff流水号".encode())


def test_no_batch_holds_a_message_twice() -> None:
    with pytest.raises(ValueError, match="twice"):
        write_batch([*ROWS, ROWS[0]], "csv")
    with pytest.raises(ValueError, match="no such kind"):
        write_batch(ROWS, "pdf")


@given(st.text(max_size=40))
def test_no_cell_of_a_csv_begins_a_formula(text: str) -> None:
    cell = write_batch([BatchRow("HO1", "15412345678", text)], "csv").decode("gb18030", "replace")
    cell = cell.partition("15412345678,")[2]
    assert not cell.lstrip('"').startswith(("=", "+", "-", "@", "\t"))


def test_a_result_file_becomes_receipts() -> None:
    rows = [
        ["7月短信结果"],
        ["手机号码", "发送状态", "流水号"],
        [15412345678.0, "成功", "HO1"],
        ["+86 154-1234-5679", "空号", "HO2"],
        ["15412345678", "成功", "HO9"],
        ["15400000000", "成功", "HO1"],
        ["15412345678", "处理中?", "HO1"],
        [],
        ["15412345679"],
    ]
    results = read_results(rows, SENT)
    assert results.receipts == [Receipt("HO1", Status.DELIVERED), Receipt("HO2", Status.UNDELIVERED)]
    assert results.unmatched == [Left(5, Why.NO_SUCH_MESSAGE), Left(6, Why.OTHER_PHONE)]
    assert results.refused == [Left(7, Why.STATUS_UNKNOWN), Left(9, Why.STATUS_UNKNOWN)]


def test_without_a_serial_number_only_the_one_message_to_a_phone() -> None:
    rows = [["手机号", "状态"], ["15412345678", "失败"], ["15412345679", "DELIVRD"], ["15400000000", "成功"]]
    results = read_results(rows, {**SENT, "HO3": "15412345678"})
    assert results.receipts == [Receipt("HO2", Status.DELIVERED)]
    assert results.unmatched == [Left(2, Why.SEVERAL), Left(4, Why.NO_SUCH_MESSAGE)]


@pytest.mark.parametrize("rows", [[], [["手机号"], ["15412345678"]], [["状态"], ["成功"]], [["x"] * 3] * 20])
def test_what_is_no_result_file(rows: list[list[object]]) -> None:
    with pytest.raises(NotAResult):
        read_results(rows, SENT)
