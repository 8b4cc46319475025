"""What is exported is read back as the very same rows, whatever they hold; and an export of an import is the import."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from decimal import Decimal
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import openpyxl
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from app.ledger.cells import compact, is_blank, tidy, unreadable
from app.ledger.export import export_csv, export_xlsx
from app.ledger.figures import MAX_FEN
from app.ledger.rows import LedgerRow
from app.loans.rules import Category
from app.places.rules import Level
from tests.ledger.factory import PLACES, id_number, ledger_row, make_ledger, read_ledger, row

TOWNSHIPS = sorted(place.code for place in PLACES if place.level is Level.TOWNSHIP)
# Few examples of many rows each, for each example starts processes; and no shrinking, for the same reason.
BATCH = settings(
    max_examples=12,
    deadline=None,
    phases=(Phase.explicit, Phase.generate),
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)


def clean(text: str) -> bool:
    return tidy(text) == text and not unreadable(text) and not text.startswith("#")


def text(limit: int, least: int = 0) -> st.SearchStrategy[str]:
    characters = st.characters(exclude_categories=("C", "Z"), exclude_characters="'＇")
    words = st.text(characters, min_size=least, max_size=limit)
    odd = st.sampled_from(
        [
            "=1+1",
            "+86",
            "-5",
            "@x",
            "甲,乙",
            '甲"乙"',
            "a;b",
            "第1组",
            "3.10",
            "00123",
            "1E5",
            "合计",
            "2023-10-31",
        ]
    )
    return (words | odd).map(tidy).filter(lambda value: clean(value) and len(value) >= least)


def named(limit: int) -> st.SearchStrategy[str | None]:
    return st.none() | text(limit, least=1).filter(lambda value: not is_blank(value))


amounts = st.integers(0, MAX_FEN) | st.integers(0, 20_000_000)
people = st.builds(
    id_number, st.integers(0, 999), st.dates(date(1930, 1, 1), date(2004, 1, 1)).map("{:%Y%m%d}".format)
)


@st.composite
def ledger_rows(draw: st.DrawFn) -> list[LedgerRow]:
    knows_overdue = draw(st.booleans())
    contract_numbers = text(20, least=1).map(lambda value: compact(f"H{value}"))
    contracts = draw(st.lists(contract_numbers, unique=True, min_size=1, max_size=12))
    return [draw(one_row(contract, knows_overdue)) for contract in contracts]


@st.composite
def one_row(draw: st.DrawFn, contract_no: str, knows_overdue: bool) -> LedgerRow:
    principal = draw(amounts)
    balance = draw(st.integers(0, principal))
    lent = draw(st.dates(date(1990, 1, 1), date(2090, 1, 1)))
    values: dict[str, Any] = {
        "contract_no": contract_no,
        "township_code": draw(st.sampled_from(TOWNSHIPS)),
        "village": draw(text(20)),
        "group": draw(text(10)),
        "head_name": draw(text(20)),
        "head_id": draw(st.none() | people),
        "name": draw(text(20)),
        "id_number": draw(people),
        "relation": draw(text(10)),
        "household_size": draw(st.none() | st.integers(1, 50)),
        "category": draw(st.none() | st.sampled_from(Category)),
        "lender": draw(named(20)),
        "branch": draw(named(20)),
        "phone": draw(
            st.none() | st.integers(15_400_000_000, 15_499_999_999).map(str) | st.just("08748212345")
        ),
        "principal": principal,
        "balance": balance,
        "overdue": draw(st.integers(0, balance)) if knows_overdue else None,
        "interest_owed": draw(st.none() | amounts),
        "repaid": draw(st.none() | amounts),
        "repaid_on": draw(st.none() | st.dates(date(1990, 1, 1), date(2100, 12, 31))),
        "disbursed_on": lent,
        "due_on": draw(st.dates(lent, date(2100, 12, 31))),
        "term_months": draw(st.none() | st.integers(1, 1200)),
        "rate": draw(st.none() | st.decimals(0, Decimal("99.9999"), places=4)),
        "grade": draw(text(10)),
        "purpose": draw(text(40)),
        "remark": draw(text(60)),
    }
    return ledger_row(**values)


def said(rows: list[LedgerRow]) -> list[tuple[object, ...]]:
    return [row.said for row in rows]


def differences(rows: list[LedgerRow], again: list[LedgerRow]) -> list[tuple[str, object, object]]:
    """The fields that have changed, so that a failure can be read."""
    return [
        (name, before, after)
        for one, two in zip(rows, again, strict=True)
        for name, before, after in zip(LedgerRow._fields[2:], one.said, two.said, strict=True)
        if before != after
    ]


@contextmanager
def folder() -> Iterator[Path]:
    with TemporaryDirectory() as name:
        yield Path(name)


def to_csv(rows: list[LedgerRow], path: Path, **options: Any) -> Path:
    with path.open("w", encoding="utf-8-sig", newline="") as file:
        export_csv(rows, file, places=PLACES, **options)
    return path


def to_xlsx(rows: list[LedgerRow], path: Path, **options: Any) -> Path:
    export_xlsx(rows, path, places=PLACES, **options)
    return path


@pytest.mark.slow
@BATCH
@given(ledger_rows())
def test_a_workbook_is_read_back_as_the_same_rows(rows: list[LedgerRow]) -> None:
    with folder() as here:
        reading = read_ledger(to_xlsx(rows, here / "a.xlsx", as_of=date(2023, 10, 31)))
    assert not reading.errors and reading.as_of == date(2023, 10, 31)
    assert differences(rows, reading.rows) == []


@pytest.mark.slow
@BATCH
@given(ledger_rows())
def test_a_text_file_is_read_back_as_the_same_rows(rows: list[LedgerRow]) -> None:
    with folder() as here:
        reading = read_ledger(to_csv(rows, here / "a.csv", as_of=date(2023, 10, 31)))
    assert not reading.errors and reading.as_of == date(2023, 10, 31)
    assert differences(rows, reading.rows) == []


def test_import_export_import_is_the_identity_for_a_banks_file(tmp_path: Path) -> None:
    lines = [
        row(
            乡镇="阿岗",
            贷款金额="5万",
            贷款余额="30,000.10",
            贷款利率="3.2‰",
            贷款期限="3年",
            电话="0086 154 0000 0001",
            备注="'=1+1",
        ),
        row(
            放款日期="2022年11月1日",
            到期日期=45597,
            逾期贷款金额="",
            贷款利率=0.0385,
            偿还贷款金额="/",
            还款时间="无",
            组别=3,
            合同号=20230001,
        ),
    ]
    first = read_ledger(make_ledger(tmp_path / "a.xlsx", lines)).rows
    again = read_ledger(to_xlsx(first, tmp_path / "b.xlsx")).rows
    third = read_ledger(to_csv(again, tmp_path / "c.csv")).rows
    assert len(first) == 2 and said(first) == said(again) == said(third)


def test_unknown_overdue_amounts_stay_unknown(tmp_path: Path) -> None:
    rows = [ledger_row(overdue=100), ledger_row(overdue=None), ledger_row(overdue=0)]
    again = read_ledger(to_xlsx(rows, tmp_path / "a.xlsx")).rows
    assert [r.overdue for r in again] == [100, 0, None]
    with pytest.raises(ValueError, match="workbook"):
        to_csv(rows, tmp_path / "a.csv")


def test_an_export_is_for_people_too(tmp_path: Path) -> None:
    written = ledger_row(remark="=HYPERLINK(1)", rate=Decimal("3.85"))
    path = to_xlsx([written], tmp_path / "a.xlsx", as_of=date(2023, 10, 31))
    sheet = openpyxl.load_workbook(path)["台账"]
    cells = dict(zip([c.value for c in sheet[2]], sheet[3], strict=True))
    assert sheet["A1"].value == "截至2023年10月31日"
    assert cells["贷款余额(元)"].value == 30000 and cells["贷款余额(元)"].number_format == "#,##0.00"
    assert cells["放款日期"].is_date and cells["乡镇"].value == "阿岗镇" and cells["备注"].data_type == "s"
    assert isinstance(cells["贷款人身份证号"].value, str)


def test_a_spreadsheet_opens_the_text_file_without_harm(tmp_path: Path) -> None:
    path = to_csv(
        [ledger_row(remark="=cmd()", name="@x", contract_no="123456789012345678")], tmp_path / "a.csv"
    )
    text = path.read_text("utf-8-sig")
    assert ",'=cmd()" in text and ",'@x," in text and ",'123456789012345678," in text
    assert path.read_bytes().startswith(b"\xef\xbb\xbf")


def test_no_rows_make_an_empty_ledger(tmp_path: Path) -> None:
    reading = read_ledger(to_xlsx([], tmp_path / "a.xlsx"))
    assert not reading.rows and not reading.errors and len(reading.sheets) == 1
