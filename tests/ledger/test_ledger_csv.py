"""Text files: encodings, delimiters, and what a spreadsheet does to them."""

from datetime import date
from pathlib import Path
from typing import Any

import pytest

from app.ledger.fields import F
from app.ledger.rows import FileRefused
from tests.ledger.factory import AGANG, Line, make_ledger, read_ledger, row, without


def line(**changes: Any) -> Line:
    """A row as text has it."""
    cells = row(**changes)
    return {title: cell.isoformat() if isinstance(cell, date) else str(cell) for title, cell in cells.items()}


def test_an_unclosed_quotation_mark_is_refused(tmp_path: Path) -> None:
    path = make_ledger(tmp_path / "a.csv", [line() for _ in range(300)])
    path.write_text(path.read_text("utf-8-sig").replace("HT-", '"HT-', 1), "utf-8")
    with pytest.raises(FileRefused, match="quotation mark"):
        read_ledger(path)


@pytest.mark.parametrize(
    "content", [b"\xff\x00\xfe\x80\x81", "合同号,余额\n".encode("gb18030") + b"\xff\xff\xff"]
)
def test_an_unknown_encoding_is_refused(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "a.csv").write_bytes(content * 3)
    with pytest.raises(FileRefused):
        read_ledger(tmp_path / "a.csv")


def test_binary_rubbish_is_refused(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_bytes(bytes(range(128)) * 50)
    with pytest.raises(FileRefused, match="no text"):
        read_ledger(tmp_path / "a.csv")


def test_far_too_many_columns_are_refused(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("," * 20_000, "utf-8")
    with pytest.raises(FileRefused, match="columns"):
        read_ledger(tmp_path / "a.csv")


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030", "gbk", "utf-16"])
@pytest.mark.parametrize("delimiter", [",", "\t", ";"])
def test_every_encoding_and_delimiter(tmp_path: Path, encoding: str, delimiter: str) -> None:
    lines = [line(备注="甲，乙"), line(贷款余额="12,345.60", 备注="丙;丁,戊\t己\n第二行")]
    options = {"encoding": encoding, "delimiter": delimiter, "above": [["截至2023年10月31日"]]}
    reading = read_ledger(make_ledger(tmp_path / "a.csv", lines, **options))
    assert [r.balance for r in reading.rows] == [3_000_000, 1_234_560] and not reading.errors
    assert [r.row_no for r in reading.rows] == [3, 4] and reading.as_of == date(2023, 10, 31)
    assert reading.hidden_rows == 0


def test_rare_characters_of_gb18030_survive(tmp_path: Path) -> None:
    path = make_ledger(tmp_path / "a.csv", [line(贷款人姓名="㛃𠮷䶮")], encoding="gb18030")
    assert read_ledger(path).rows[0].name == "㛃𠮷䶮"


def test_numbers_that_a_spreadsheet_has_spoiled_are_refused(tmp_path: Path) -> None:
    lines = [line(贷款人身份证="5.30399E+17"), line(合同号="2.02301E+14"), line(电话="1.54E+10")]
    reading = read_ledger(make_ledger(tmp_path / "a.csv", lines))
    assert [(error.row_no, error.field) for error in reading.errors] == [(2, F.ID_NUMBER), (3, F.CONTRACT_NO)]
    assert [(finding.row_no, finding.field) for finding in reading.findings] == [(4, F.PHONE)]


def test_apostrophes_dates_and_errors_as_text(tmp_path: Path) -> None:
    good = line()
    lines = [
        {title: f"'{cell}" for title, cell in good.items()}
        | {"放款日期": "2022年11月1日", "到期日期": "45597"},
        line(贷款余额="#REF!"),
    ]
    reading = read_ledger(make_ledger(tmp_path / "a.csv", lines))
    assert reading.rows[0].id_number == good["贷款人身份证"] and reading.rows[0].due_on == date(2024, 11, 1)
    assert reading.errors[0].field is F.BALANCE and "error" in str(reading.errors[0].reason)


def test_blank_lines_count_and_short_lines_are_filled(tmp_path: Path) -> None:
    path = make_ledger(tmp_path / "a.csv", [line(), line(贷款余额="x")], above=[["台账"]])
    text = path.read_text("utf-8-sig").splitlines()
    path.write_text("\r\n".join([text[0], "", *text[1:3], "", ",,", "  ,", text[3], "合计"]), "utf-8")
    reading = read_ledger(path)
    assert reading.rows[0].row_no == 4 and reading.errors[0].row_no == 8 and reading.skipped == 1


def test_the_file_name_can_name_the_township(tmp_path: Path) -> None:
    path = make_ledger(tmp_path / "a3f9.csv", [without(line(), "乡镇")])
    assert read_ledger(path, filename="阿岗镇.csv").rows[0].township_code == AGANG
    assert read_ledger(path).errors[0].field is F.TOWNSHIP


def test_text_that_only_bears_the_name_of_a_workbook_is_read(tmp_path: Path) -> None:
    path = make_ledger(tmp_path / "a.csv", [line()], delimiter="\t", encoding="gb18030")
    assert len(read_ledger(path.rename(tmp_path / "a.xls")).rows) == 1
