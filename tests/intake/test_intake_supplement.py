"""Refused rows come back as a workbook; corrected and taken, they supplement their batch and make nothing missing."""

from datetime import date
from pathlib import Path

import openpyxl
import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.intake import Outcome
from app.ledger.models import ImportBatch
from tests.intake.world import (
    LENDER,
    OCTOBER,
    OTHER_LENDER,
    SEPTEMBER,
    contents,
    imported,
    ledger_file,
    loan,
    loans,
)
from tests.ledger.factory import make_ledger, row

pytestmark = pytest.mark.slow  # each test reads and writes several workbooks

GOOD, BAD = row(合同号="A"), row(合同号="B", 贷款余额=90_000)


def corrected(folder: Path, outcome: Outcome, **cells: object) -> Path:
    """The workbook of refused rows, with cells of its first row replaced: what a clerk does in Excel."""
    assert outcome.refused_rows is not None
    path = folder / "corrected.xlsx"
    path.write_bytes(outcome.refused_rows)
    book = openpyxl.load_workbook(path)
    sheet = book.active
    assert sheet is not None
    header = next(line for line in sheet.iter_rows() if any(cell.value == "合同号" for cell in line))
    titles = {cell.value: cell.column for cell in header}
    for title, value in cells.items():
        sheet.cell(header[0].row + 1, titles[title], value)
    book.save(path)
    return path


def batches(session: Session) -> list[ImportBatch]:
    return list(session.scalars(select(ImportBatch).order_by(ImportBatch.id)))


def test_a_file_that_is_not_corrected_is_refused_again(session: Session, tmp_path: Path) -> None:
    first = imported(ledger_file(tmp_path, [GOOD, BAD]), OCTOBER, accept_valid=True)
    before = contents(session)
    again = imported(corrected(tmp_path, first), None)
    assert not again.ok and again.counts["rejected"] == 1 and contents(session) == before


def test_corrected_rows_supplement_their_batch(session: Session, tmp_path: Path) -> None:
    imported(ledger_file(tmp_path, [GOOD, BAD | {"贷款余额": 40_000}, row(合同号="C")]), SEPTEMBER)
    first = imported(ledger_file(tmp_path, [GOOD, BAD, row(合同号="C")]), OCTOBER, accept_valid=True)
    assert first.counts["missing"] == 0
    outcome = imported(corrected(tmp_path, first, 贷款余额=35_000), None)
    assert outcome.ok, outcome.sentence
    assert (outcome.counts["accepted"], outcome.counts["changed"], outcome.counts["missing"]) == (1, 1, 0)
    assert loan(session, "B").balance == 3_500_000
    assert all(found["missing_since"] is None for found in loans(session).values())
    _, original, supplement = batches(session)
    assert supplement.supplements_id == original.id and supplement.as_of == OCTOBER


@pytest.mark.parametrize("above", [[], [["截至2023年10月31日"], ["单位：元"]]])
def test_date_and_lender_are_those_of_the_batch(
    session: Session, tmp_path: Path, above: list[list[str]]
) -> None:
    """The clerk gave them once; and two lenders are known, so that neither is the only one."""
    imported(ledger_file(tmp_path, [row()]), SEPTEMBER, lender=LENDER)
    first = imported(
        ledger_file(tmp_path, [GOOD, BAD], above=above), OCTOBER, lender=OTHER_LENDER, accept_valid=True
    )
    outcome = imported(corrected(tmp_path, first, 贷款余额=1), None, lender="")
    assert outcome.ok, outcome.sentence
    assert (loan(session, "B", OTHER_LENDER).as_of, loan(session, "B", OTHER_LENDER).balance) == (
        OCTOBER,
        100,
    )


def test_a_supplement_of_a_supplement(session: Session, tmp_path: Path) -> None:
    imported(ledger_file(tmp_path, [row()]), SEPTEMBER, lender=LENDER)
    path = ledger_file(tmp_path, [GOOD, BAD, row(合同号="C", 贷款余额=90_000)])
    first = imported(path, OCTOBER, lender=OTHER_LENDER, accept_valid=True)
    second = imported(corrected(tmp_path, first, 贷款余额=1), None, lender="", accept_valid=True)
    assert second.ok and second.counts["rejected"] == 1
    third = imported(corrected(tmp_path, second, 贷款余额=2), None, lender="")
    assert third.ok, third.sentence
    assert (
        loan(session, "C", OTHER_LENDER).balance == 200 and loan(session, "C", OTHER_LENDER).as_of == OCTOBER
    )


def test_rows_of_a_ledger_that_was_not_taken_are_taken_with_a_warning(
    session: Session, tmp_path: Path
) -> None:
    imported(ledger_file(tmp_path, [GOOD, row(合同号="C")]), SEPTEMBER)
    path = ledger_file(tmp_path, [GOOD, BAD])
    first = imported(path, OCTOBER)
    assert not first.ok
    outcome = imported(corrected(tmp_path, first, 贷款余额=1), OCTOBER)
    assert outcome.ok and outcome.counts["missing"] == 0
    assert "has not been taken" in str(outcome.findings[0].message)
    assert imported(path, OCTOBER, accept_valid=True).counts["missing"] == 1
    assert loan(session, "B").balance == 100


def test_the_mark_of_another_instance_means_nothing_here(session: Session, tmp_path: Path) -> None:
    path = make_ledger(tmp_path / "a.xlsx", [GOOD], above=[["请更正〔QS-999999999999〕"]])
    outcome = imported(path, OCTOBER)
    assert outcome.ok and "has not been taken" in str(outcome.findings[0].message)
    assert batches(session)[0].supplements_id is None


def test_the_workbook_keeps_what_makes_it_readable(session: Session, tmp_path: Path) -> None:
    """Titles with their unit and date, every column, ID numbers as text, the reason in front."""
    above = [["罗平县小额信贷台账"], ["截至2023年10月31日", "单位：万元"]]
    bad = BAD | {"贷款金额": 5, "贷款余额": 9, "逾期贷款金额": 0}
    first = imported(
        ledger_file(tmp_path, [bad, row(贷款金额=5, 贷款余额=3)], above=above), None, accept_valid=True
    )
    assert first.refused_rows is not None
    path = corrected(tmp_path, first, 贷款余额=4)
    sheet = openpyxl.load_workbook(path).active
    assert sheet is not None
    lines = [[cell for cell in line if cell is not None] for line in sheet.iter_rows(values_only=True)]
    assert str(lines[-1][0]).startswith("第4行，贷款余额：") and bad["贷款人身份证"] in lines[-1]
    outcome = imported(path, None)
    assert outcome.ok and loan(session, "B").balance == 4_000_000 and loan(session, "B").as_of == OCTOBER


def test_a_corrected_due_date_reads_as_a_date(session: Session, tmp_path: Path) -> None:
    first = imported(
        ledger_file(tmp_path, [GOOD, row(合同号="B", 到期日期="贰零贰肆年")]), OCTOBER, accept_valid=True
    )
    assert imported(corrected(tmp_path, first, 到期日期=date(2024, 2, 29)), None).ok
    assert loan(session, "B").due_on == date(2024, 2, 29)
