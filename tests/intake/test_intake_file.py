"""A file that is taken, and the many that are not: nothing changes until it is accepted, and then all of it."""

from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app.db import FOREVER
from app.ledger.models import ImportBatch
from app.ledger.store import LedgerStore
from app.loans.models import Loan
from app.privacy import keyring
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
    open_cases,
    snapshots,
    taken,
)
from tests.ledger.factory import id_number, row, without

NOTHING = {
    "accepted": 0,
    "rejected": 0,
    "new": 0,
    "changed": 0,
    "unchanged": 0,
    "missing": 0,
    "missing_overdue": 0,
}


def bad(**changes: object) -> dict[str, object]:
    """A row that is refused: its balance exceeds its principal."""
    return row(贷款余额=90_000, **changes)


# --- bad input first


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "empty"),
        (b"MZ\x90\x00" + b"\0" * 64, "not"),
        (b"PK\x03\x04" + b"\xff" * 200, ""),
        ("乡镇,合同号\n阿岗镇,HT-1\n".encode(), "header"),
        (b"\xff\xfe\xfd\xfc" * 100, ""),
    ],
)
def test_a_file_that_is_no_ledger_changes_nothing(
    session: Session, tmp_path: Path, content: bytes, said: str
) -> None:
    before = contents(session)
    path = tmp_path / "台账.xlsx"
    path.write_bytes(content)
    outcome = imported(path, OCTOBER)
    assert not outcome.ok and outcome.counts == NOTHING
    assert len(str(outcome.sentence)) > 20 and said in str(outcome.sentence)
    assert [remark.message for remark in outcome.findings] == [outcome.sentence]
    assert contents(session) == before


def test_no_date_anywhere_is_refused(session: Session, tmp_path: Path) -> None:
    outcome = imported(ledger_file(tmp_path, [row()]), None)
    assert (
        not outcome.ok
        and "date" in str(outcome.sentence)
        and session.scalar(select(func.count(Loan.id))) == 0
    )


@pytest.mark.parametrize("above", [[], [["截至2023年11月1日"]]])
def test_a_date_in_the_future_is_refused(session: Session, tmp_path: Path, above: list[list[str]]) -> None:
    given = None if above else date(2023, 11, 1)
    outcome = imported(ledger_file(tmp_path, [row()], above=above), given, today=OCTOBER)
    assert not outcome.ok and "2023-11-01" in str(outcome.sentence)
    assert imported(ledger_file(tmp_path, [row()]), OCTOBER, today=OCTOBER).ok


def test_the_date_stands_in_the_sheet_or_the_file_name(session: Session, tmp_path: Path) -> None:
    assert imported(ledger_file(tmp_path, [row(合同号="A")], above=[["截至2023年9月30日"]])).ok
    assert imported(ledger_file(tmp_path, [row(合同号="B")], "台账（截至2023年10月31日）.csv")).ok
    assert loan(session, "A").as_of == SEPTEMBER and loan(session, "B").as_of == OCTOBER


def test_with_refused_rows_nothing_is_taken(session: Session, tmp_path: Path) -> None:
    before = contents(session)
    outcome = imported(ledger_file(tmp_path, [row(), bad()]), OCTOBER)
    assert not outcome.ok and outcome.counts == NOTHING | {"rejected": 1}
    assert outcome.refused_rows and "1 rows" in str(outcome.sentence)
    assert contents(session) == before


def test_the_valid_rows_are_taken_when_accepted(session: Session, tmp_path: Path) -> None:
    path = ledger_file(tmp_path, [row(合同号="A"), bad(合同号="B"), row(合同号="C")])
    outcome = imported(path, OCTOBER, accept_valid=True)
    assert outcome.ok and (outcome.counts["accepted"], outcome.counts["rejected"], outcome.counts["new"]) == (
        2,
        1,
        2,
    )
    assert {key[-1] for key in loans(session)} == {"A", "C"}


def test_a_file_of_refused_rows_alone_is_not_taken(session: Session, tmp_path: Path) -> None:
    before = contents(session)
    outcome = imported(ledger_file(tmp_path, [bad() for _ in range(3)]), OCTOBER, accept_valid=True)
    assert not outcome.ok and outcome.counts == NOTHING | {"rejected": 3}
    assert contents(session) == before


@pytest.mark.slow
def test_forty_thousand_refused_rows_are_refused_in_a_sentence(session: Session, tmp_path: Path) -> None:
    """More than a statement takes parameters."""
    line = bad()
    path = ledger_file(tmp_path, [line | {"合同号": f"X{n}"} for n in range(40_000)])
    outcome = imported(path, OCTOBER, accept_valid=True)
    assert not outcome.ok and outcome.counts["rejected"] == 40_000


def test_a_rehearsal_counts_and_changes_nothing(session: Session, tmp_path: Path) -> None:
    before = contents(session)
    outcome = imported(
        ledger_file(tmp_path, [row(支行="新支行"), bad()]), OCTOBER, accept_valid=True, dry_run=True
    )
    assert outcome.ok and outcome.counts["new"] == 1 and outcome.counts["rejected"] == 1
    assert contents(session) == before


# --- counts


def test_new_changed_unchanged_and_missing(session: Session, tmp_path: Path) -> None:
    september = [row(合同号=name, 逾期贷款金额=100 if name == "D" else 0) for name in "ABCD"]
    assert taken(tmp_path, september, SEPTEMBER).counts == NOTHING | {"accepted": 4, "new": 4}
    a, b, c, _ = september
    outcome = taken(tmp_path, [a, b | {"贷款余额": 1}, c | {"备注": "外出"}, row(合同号="E")], OCTOBER)
    assert outcome.counts == {
        "accepted": 4, "rejected": 0, "new": 1, "changed": 2, "unchanged": 1, "missing": 1, "missing_overdue": 10_000,
    }  # fmt: skip


def test_a_known_loan_is_not_new_in_an_older_ledger(session: Session, tmp_path: Path) -> None:
    a = row(合同号="A")
    taken(tmp_path, [a], OCTOBER)
    outcome = taken(tmp_path, [a, row(合同号="B")], SEPTEMBER)
    assert (outcome.counts["new"], outcome.counts["changed"], outcome.counts["unchanged"]) == (1, 1, 0)


CHANGES = (
    {"贷款余额": 29_999}, {"逾期贷款金额": 1}, {"到期日期": "2025-01-01"}, {"放款日期": "2022-10-31"},
    {"贷款金额": 50_001}, {"乡镇": "老厂乡"}, {"支行": "别的支行"}, {"户主身份证号": id_number(999)},
    {"贷款人姓名": "李四"}, {"电话": "15499999999"}, {"行政村": "别村"}, {"组别": "9组"}, {"备注": "x"},
    {"脱贫属性": "边缘易致贫户"},
)  # fmt: skip


def test_every_difference_is_a_change(session: Session, tmp_path: Path) -> None:
    lines = [row() for _ in CHANGES]
    taken(tmp_path, [*lines, row()], SEPTEMBER)
    changed = [line | change for line, change in zip(lines, CHANGES, strict=True)]
    counts = taken(tmp_path, changed, OCTOBER).counts
    assert (counts["changed"], counts["unchanged"]) == (len(CHANGES), 0)


def test_a_rate_is_rounded_once_to_four_decimals(session: Session, tmp_path: Path) -> None:
    line = row(合同号="A", **{"贷款利率(%)": "3.85555"})
    taken(tmp_path, [line], SEPTEMBER)
    assert loan(session, "A").rate == Decimal("3.8556")
    assert taken(tmp_path, [line], OCTOBER).counts["unchanged"] == 1


# --- the same again


def test_the_same_file_again_changes_nothing_and_says_when(session: Session, tmp_path: Path) -> None:
    path = ledger_file(tmp_path, [row(), bad()])
    assert imported(path, OCTOBER, accept_valid=True).ok
    before = contents(session)
    again = imported(path, OCTOBER)
    assert again.ok and contents(session) == before
    assert (again.counts["unchanged"], again.counts["new"], again.counts["changed"]) == (1, 0, 0)
    batch = session.scalars(select(ImportBatch)).one()
    assert batch.taken_at is not None and "was taken before, on 20" in str(again.sentence)
    assert again.findings[0].message == again.sentence


def test_the_same_file_as_of_another_date_is_another_ledger(session: Session, tmp_path: Path) -> None:
    path = ledger_file(tmp_path, [row()])
    assert imported(path, SEPTEMBER).counts["new"] == 1
    assert imported(path, OCTOBER).counts["unchanged"] == 1
    assert [s[2] for s in snapshots(session)] == [SEPTEMBER, OCTOBER]


def test_the_same_file_for_another_lender_is_another_ledger(session: Session, tmp_path: Path) -> None:
    path = ledger_file(tmp_path, [row()])
    assert imported(path, OCTOBER).counts["new"] == 1
    assert imported(path, OCTOBER, lender=OTHER_LENDER).counts["new"] == 1
    assert {s[0] for s in snapshots(session)} == {LENDER, OTHER_LENDER}
    assert imported(path, OCTOBER, lender=OTHER_LENDER).counts["unchanged"] == 1
    assert session.scalar(select(func.count()).select_from(ImportBatch)) == 2


def test_the_same_date_again_replaces_row_by_row(session: Session, tmp_path: Path) -> None:
    """What the second file leaves out stays as the first one said: each row is replaced for itself."""
    a, b = row(合同号="A", 贷款余额=100), row(合同号="B", 贷款余额=200)
    taken(tmp_path, [a, b], OCTOBER)
    outcome = taken(tmp_path, [a | {"贷款余额": 90}, row(合同号="C")], OCTOBER)
    assert outcome.counts | {"missing_overdue": 0} == NOTHING | {"accepted": 2, "changed": 1, "new": 1}
    found = {contract: (balance, as_of) for _, contract, as_of, _, _, _, balance, *_ in snapshots(session)}
    assert found == {"A": (9_000, OCTOBER), "B": (20_000, OCTOBER), "C": (3_000_000, OCTOBER)}
    assert loan(session, "B").missing_since is None


def test_an_older_date_is_history_and_leaves_today_alone(session: Session, tmp_path: Path) -> None:
    line = row(合同号="A", 贷款余额=100, 逾期贷款金额=100, 备注="十月")
    taken(tmp_path, [line], OCTOBER)
    today = loans(session)
    cases = open_cases(session)
    older = {"贷款余额": 300, "逾期贷款金额": 0, "备注": "九月", "贷款人姓名": "旧名", "支行": "旧支行"}
    taken(tmp_path, [line | older], SEPTEMBER)
    assert loans(session) == today and open_cases(session) == cases == {"A": 10_000}
    said = [(as_of, until, balance) for _, _, as_of, until, _, _, balance, *_ in snapshots(session)]
    assert said == [(SEPTEMBER, OCTOBER, 30_000), (OCTOBER, FOREVER, 10_000)]
    assert loan(session, "A").borrower.name == line["贷款人姓名"]


# --- what is kept


def test_the_file_is_kept_encrypted_under_its_hash(app: Flask, session: Session, tmp_path: Path) -> None:
    line = row()
    path = ledger_file(tmp_path, [line])
    assert imported(path, OCTOBER).ok
    (batch,) = session.scalars(select(ImportBatch))
    (kept,) = (Path(app.instance_path) / "imports").glob("*.ledger")
    assert kept.stem == batch.file_hash and str(line["贷款人身份证"]).encode() not in kept.read_bytes()
    assert kept.stat().st_mode & 0o077 == 0
    store = LedgerStore(Path(app.instance_path), keyring())
    with store.alone(), store.opened(batch.file_hash, batch.filename) as plain:
        assert plain.read_bytes() == path.read_bytes()
    assert not list((Path(app.instance_path) / "imports").glob("open-*"))


def test_a_plain_file_left_by_a_killed_process_is_removed(
    app: Flask, session: Session, tmp_path: Path
) -> None:
    left = Path(app.instance_path) / "imports" / "open-left"
    left.mkdir(parents=True)
    (left / "ledger.csv").write_text("530399…")
    assert imported(ledger_file(tmp_path, [row()]), OCTOBER).ok and not left.exists()


def test_an_id_number_is_never_in_the_clear(app: Flask, session: Session, tmp_path: Path) -> None:
    """Neither in the database's file, nor on the trail, nor in the batch's report."""
    line = row(户主身份证号=row()["户主身份证号"])
    refused = bad()
    imported(ledger_file(tmp_path, [line, refused]), OCTOBER, accept_valid=True)
    everything = str(contents(session))
    for secret in (line["贷款人身份证"], line["户主身份证号"], line["电话"], refused["贷款人身份证"]):
        assert str(secret) not in everything


def test_a_ledger_without_optional_columns(session: Session, tmp_path: Path) -> None:
    """Without an overdue column the overdue is the balance, from the day after the due date."""
    optional = ("逾期贷款金额", "支行", "电话", "行政村", "组别", "脱贫属性", "户主姓名", "户主身份证号")
    lines = [without(row(合同号=f"A{day}", 到期日期=date(2023, 10, day)), *optional) for day in (30, 31)]
    taken(tmp_path, lines, OCTOBER)
    assert (loan(session, "A30").overdue, loan(session, "A31").overdue) == (3_000_000, 0)
    assert loan(session, "A30").branch is None and loan(session, "A30").lender.name == LENDER
