"""What is written can be read back to the 分, from a sheet as a bank would send it."""

from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest
from python_calamine import CalamineWorkbook

from app.demo import Demo, Ledger, write_ledger

Cell = object


@pytest.fixture(scope="module")
def ledger(demo: Demo) -> Ledger:
    return demo.ledgers[1]


@pytest.fixture(scope="module")
def sheet(ledger: Ledger, tmp_path_factory: pytest.TempPathFactory) -> list[list[Cell]]:
    path = tmp_path_factory.mktemp("demo") / ledger.filename
    write_ledger(ledger, path)
    return [list(line) for line in CalamineWorkbook.from_path(path).get_sheet_by_index(0).to_python()]


def fen(cell: Cell, fen_per_unit: int) -> int:
    amount = Decimal(repr(cell)) * fen_per_unit if cell != "" else Decimal(0)
    assert amount == amount.to_integral_value(), cell
    return int(amount)


def test_above_the_head_stand_title_sender_and_date(sheet: list[list[Cell]]) -> None:
    assert [line[0] for line in sheet[:4]] == [
        "罗平县脱贫人口小额信贷台账",
        "填报单位：罗平农商行",
        "截至2023年10月31日",
        "序号",
    ]


def test_every_row_comes_back_as_it_was(sheet: list[list[Cell]], ledger: Ledger) -> None:
    head = [str(name) for name in sheet[3]]
    body = [dict(zip(head, line, strict=True)) for line in sheet[4 : 4 + len(ledger.rows)]]
    for cells, row in zip(body, ledger.rows, strict=True):
        assert (cells["合同号"], cells["身份证号"], cells["贷款人身份证"], cells["电话"]) == (
            row.contract_no,
            row.head_id,
            row.borrower_id,
            row.phone,
        )
        assert fen(cells["贷款金额(万元)"], 1_000_000) == row.principal
        assert fen(cells["贷款余额(万元)"], 1_000_000) == row.balance
        assert fen(cells["逾期贷款金额(元)"], 100) == row.overdue
        assert fen(cells["偿还贷款金额(元)"], 100) == (row.repaid or 0)
        assert (cells["放款日期"], cells["到期日期"]) == (row.disbursed_on, row.due_on)
        assert cells["还款时间"] == (row.repaid_on.isoformat() if row.repaid_on else "")


def test_the_total_stands_below_with_its_value_stored(sheet: list[list[Cell]], ledger: Ledger) -> None:
    head, total = sheet[3], sheet[4 + len(ledger.rows)]
    assert total[0] == "合计"
    assert total[head.index("贷款余额(万元)")] == 5390.04
    assert total[head.index("逾期贷款金额(元)")] == 2351500
    assert sheet[-1][0] == "制表人：信贷管理部"


def test_the_same_ledger_gives_the_same_bytes(ledger: Ledger, tmp_path: Path) -> None:
    few = Ledger(date(2023, 10, 31), "few.xlsx", ledger.lender, ledger.rows[:5])
    for name in ("one.xlsx", "two.xlsx"):
        write_ledger(few, tmp_path / name)
    assert (tmp_path / "one.xlsx").read_bytes() == (tmp_path / "two.xlsx").read_bytes()
