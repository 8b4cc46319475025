"""The worker's part: a file is read, waits for acceptance, and is taken; the cases follow every day."""

from datetime import date, timedelta
from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app.accounts.rules import EVERYTHING
from app.bulletin.queries import figures
from app.cases.models import Case
from app.intake import is_settled, settle
from app.jobs import MAX_ATTEMPTS, follow_up, work_on_ledgers
from app.ledger.actions import lock, new_batch
from app.ledger.models import BatchState, ImportBatch
from app.ledger.report import Report
from app.ledger.store import Busy, LedgerStore, Progress
from app.loans.actions import decide_missing
from app.loans.models import Loan
from app.loans.queries import count_missing
from app.loans.rules import MissingDecision
from app.privacy import keyring
from tests.intake.world import (
    LENDER,
    NOVEMBER,
    OCTOBER,
    SEPTEMBER,
    contents,
    imported,
    ledger_file,
    loan,
    open_cases,
    taken,
)
from tests.ledger.factory import COUNTY, row


@pytest.fixture(autouse=True)
def _in_december(app: Flask) -> None:
    app.config["TODAY"] = "2023-12-31"


def store(app: Flask) -> LedgerStore:
    return LedgerStore(Path(app.instance_path), keyring())


def upload(
    app: Flask, session: Session, path: Path, as_of: date | None = OCTOBER, lender: str = LENDER
) -> ImportBatch:
    batch = new_batch(
        session, file_hash=store(app).keep(path.read_bytes()), filename=path.name, size=path.stat().st_size,
        county=COUNTY, lender=lender, as_of=as_of,
    )  # fmt: skip
    session.commit()
    work(session)
    return batch


def accept(session: Session, batch: ImportBatch, accept_valid: bool = False) -> None:
    batch.state, batch.accept_valid, batch.attempts = BatchState.ACCEPTED, accept_valid, 0
    session.commit()
    work(session)


def work(session: Session) -> None:
    session.rollback()
    while work_on_ledgers():
        pass
    session.expire_all()


def refusal(batch: ImportBatch) -> str:
    assert batch.state is BatchState.REFUSED
    return str(batch.report["refusal"]["msgid"])


# --- what is not taken


@pytest.mark.parametrize(
    ("lines", "as_of", "lender", "said"),
    [
        ([row()], None, LENDER, "No date was found"),
        ([row()], date(2024, 1, 1), LENDER, "lies in the future"),
        ([row()], OCTOBER, "", "Name the lender"),
        ([{"甲": 1, "乙": 2}], OCTOBER, LENDER, "No sheet has a header"),
    ],
)
def test_a_file_that_cannot_be_read_says_why(
    app: Flask,
    session: Session,
    tmp_path: Path,
    lines: list[dict[str, object]],
    as_of: date,
    lender: str,
    said: str,
) -> None:
    batch = upload(app, session, ledger_file(tmp_path, lines), as_of, lender)
    assert said in refusal(batch) and session.scalar(select(func.count(Loan.id))) == 0


def test_a_file_that_has_gone_is_given_up_after_some_attempts(
    app: Flask, session: Session, tmp_path: Path
) -> None:
    path = ledger_file(tmp_path, [row()])
    batch = new_batch(session, file_hash="0" * 64, filename=path.name, size=1, county=COUNTY, as_of=OCTOBER)
    session.commit()
    for _ in range(MAX_ATTEMPTS):
        with pytest.raises(FileNotFoundError):
            work_on_ledgers()
        session.rollback()
    work(session)
    assert "broken off" in refusal(batch)


def test_the_same_file_accepted_twice_is_taken_once(app: Flask, session: Session, tmp_path: Path) -> None:
    """Two people upload it, both look at its preview, both accept."""
    path = ledger_file(tmp_path, [row()])
    first, second = upload(app, session, path), upload(app, session, path)
    accept(session, first)
    before = contents(session)
    accept(session, second)
    assert first.state is BatchState.TAKEN and "was taken before" in refusal(second)
    assert contents(session)["snapshot"] == before["snapshot"]


def test_refused_rows_that_nobody_agreed_to_leave_out_stop_it(
    app: Flask, session: Session, tmp_path: Path
) -> None:
    """Whatever the page let through: the rule is kept where the file is taken."""
    batch = upload(app, session, ledger_file(tmp_path, [row(), row(贷款余额=90_000)]))
    accept(session, batch, accept_valid=False)
    assert "rows are refused" in refusal(batch) and session.scalar(select(func.count(Loan.id))) == 0


def test_while_another_import_runs_the_worker_waits(app: Flask, session: Session, tmp_path: Path) -> None:
    with store(app).alone():
        batch = upload(app, session, ledger_file(tmp_path, [row()]))
    assert batch.state is BatchState.UPLOADED and batch.attempts == 0
    work(session)
    assert batch.state is BatchState.PREVIEW


# --- what is taken


def test_a_preview_changes_nothing_but_its_batch(app: Flask, session: Session, tmp_path: Path) -> None:
    before = contents(session)
    lines = [row(支行="新支行", 行政村="新村"), row(贷款余额=90_000)]
    batch = upload(app, session, ledger_file(tmp_path, lines, above=[["截至2023年10月31日"]]), None)
    assert (batch.state, batch.as_of) == (BatchState.PREVIEW, OCTOBER)
    report = Report.from_json(batch.report)
    assert (report.accepted, report.rejected, report.new, report.stock) == (1, 1, 1, 3_000_000)
    assert report.new_lenders == [LENDER] and report.new_branches == [f"{LENDER} 新支行"]
    assert store(app).refused(batch.id)
    after = contents(session)
    assert {table for table in after if after[table] != before[table]} == {"import_batch"}


def test_accepted_is_taken(app: Flask, session: Session, tmp_path: Path) -> None:
    batch = upload(
        app, session, ledger_file(tmp_path, [row(合同号="A", 逾期贷款金额=9), row(贷款余额=90_000)])
    )
    accept(session, batch, accept_valid=True)
    assert batch.state is BatchState.TAKEN and batch.taken_at is not None
    assert open_cases(session) == {"A": 900}


def test_progress_is_told_and_never_goes_back(
    app: Flask, session: Session, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    told: list[Progress] = []
    monkeypatch.setattr(LedgerStore, "tell", lambda _self, _number, progress: told.append(progress))
    batch = upload(app, session, ledger_file(tmp_path, [row()]))
    first, told[:] = list(told), []
    accept(session, batch)
    for percents in ([p.percent for p in first], [p.percent for p in told]):
        assert percents == sorted(percents) and percents[-1] == 100
    assert {p.part for p in told} == {"read", "stage", "compare", "take", "sweep"}


# --- the cases follow


def test_the_cases_follow_the_day(session: Session, tmp_path: Path) -> None:
    taken(tmp_path, [row(合同号="A", 到期日期="2023-11-02")], OCTOBER)
    assert open_cases(session) == {} and not is_settled(session, NOVEMBER)
    settle(session, date(2023, 11, 2), "system")
    assert open_cases(session) == {}
    settle(session, date(2023, 11, 3), "system")
    assert open_cases(session) == {"A": 3_000_000} and is_settled(session, date(2023, 11, 3))


def test_a_ledger_that_comes_late_does_not_close_the_cases_of_the_days_since(
    session: Session, tmp_path: Path
) -> None:
    """October's ledger is taken on 8 November; a loan due on 2 November has had its case for days."""
    line = row(合同号="A", 到期日期="2023-11-02")
    taken(tmp_path, [line], SEPTEMBER)
    settle(session, date(2023, 11, 8), "system")
    session.commit()
    (case,) = session.scalars(select(Case))
    taken(tmp_path, [line | {"贷款余额": 29_000}, row(合同号="B", 逾期贷款金额=7)], OCTOBER)
    assert open_cases(session) == {"A": 2_900_000, "B": 700}
    assert case.closed_on is None and session.scalar(select(func.count(Case.id))) == 2


def test_an_older_ledger_of_another_lender_opens_its_cases(session: Session, tmp_path: Path) -> None:
    taken(tmp_path, [row(合同号="A")], NOVEMBER)
    taken(tmp_path, [row(合同号="B", 逾期贷款金额=7)], OCTOBER, lender="罗平村镇银行")
    assert open_cases(session) == {"B": 700}


def test_history_leaves_the_cases_alone(session: Session, tmp_path: Path) -> None:
    line = row(合同号="A", 逾期贷款金额=0)
    taken(tmp_path, [line], NOVEMBER)
    before = contents(session)["collection_case"]
    taken(tmp_path, [line | {"逾期贷款金额": 5}, row(合同号="B", 逾期贷款金额=7)], OCTOBER)
    assert contents(session)["collection_case"] == before == []


def test_the_worker_follows_up_once(app: Flask, session: Session, tmp_path: Path) -> None:
    taken(tmp_path, [row(合同号="A", 到期日期="2023-12-30")], OCTOBER)
    follow_up()
    assert open_cases(session) == {"A": 3_000_000} and is_settled(session, date(2023, 12, 31))
    before = contents(session)
    follow_up()
    assert contents(session) == before
    app.config["TODAY"] = "2024-01-01"
    assert not is_settled(session, date(2024, 1, 1))


def test_the_worker_counts_anew_after_a_persons_decision(session: Session, tmp_path: Path) -> None:
    lines = [row(合同号="A"), row(合同号="B")]
    taken(tmp_path, lines, SEPTEMBER)
    taken(tmp_path, lines[1:], OCTOBER)
    follow_up()
    decide_missing(session, loan(session, "A"), MissingDecision.REPAID, "office")
    session.commit()
    assert figures(session, COUNTY, OCTOBER).total.stock_fen == 3_000_000
    session.rollback()
    follow_up()
    assert figures(session, COUNTY, OCTOBER).total.stock_fen == 3_000_000
    assert is_settled(session, date(2023, 12, 31)) and count_missing(session, EVERYTHING).count == 0


def test_a_sweep_waits_for_an_import_and_an_import_does_not_wait_for_a_sweep(
    app: Flask, session: Session, tmp_path: Path, db_kind: str
) -> None:
    if db_kind == "sqlite":
        pytest.skip("SQLite has one writer by itself")
    settle(session, OCTOBER, "system")
    with (
        app.extensions["sqlalchemy"].engine.connect() as other,
        Session(other) as elsewhere,
        pytest.raises(Busy),
    ):
        lock(elsewhere)
    session.commit()
    assert imported(ledger_file(tmp_path, [row()]), OCTOBER).ok


def test_days_pass_and_nothing_is_swept_twice(session: Session, tmp_path: Path) -> None:
    taken(tmp_path, [row(合同号="A", 到期日期="2023-11-02")], OCTOBER)
    for day in range(8):
        settle(session, date(2023, 11, 1) + timedelta(days=day), "system")
    assert session.scalar(select(func.count(Case.id))) == 1
