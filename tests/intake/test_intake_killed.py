"""An import that is killed at any instant: the database is as before, or has all of it, and the next import works."""

import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app.db import db
from app.jobs import work_on_ledgers
from app.ledger.actions import new_batch
from app.ledger.models import BatchState, ImportBatch
from app.ledger.report import Report
from app.ledger.store import LedgerStore
from app.loans.models import Loan
from app.privacy import keyring
from tests.intake.world import LENDER, OCTOBER, SEPTEMBER, contents, imported, ledger_file, taken
from tests.ledger.factory import row, rows

pytestmark = pytest.mark.slow
ROOT = Path(__file__).parents[2]
KILLED = -signal.SIGKILL
POINTS, MOMENTS = 20, 6
NAMED = ("read a chunk", "stage a chunk", "apply", "tell sweep", "file", "file in place")


@dataclass
class Zygote:
    """Does the work in processes that are killed at a step; see ``zygote.py``."""

    process: "subprocess.Popen[str]"

    def run(self, last: int | str = "never") -> tuple[int, int, str]:
        """How the work ended, after how many steps, and the name of the last one."""
        assert self.process.stdin is not None and self.process.stdout is not None
        db.session.rollback()  # on SQLite, our own transaction would keep the other process waiting
        self.process.stdin.write(f"{last}\n")
        self.process.stdin.flush()
        status, count, name = self.process.stdout.readline().split(maxsplit=2)
        return int(status), int(count), name.strip()


def environment(app: Flask) -> dict[str, str]:
    url = app.config["SQLALCHEMY_DATABASE_URI"].replace("postgresql+psycopg://", "postgresql://")
    return {**os.environ, "QINGSHOU_INSTANCE_PATH": app.instance_path, "DATABASE_URL": url}


def start(app: Flask, *arguments: str) -> Zygote:
    command = [sys.executable, "-m", "tests.intake.zygote", *arguments]
    return Zygote(
        subprocess.Popen(
            command, cwd=ROOT, env=environment(app), text=True, stdin=subprocess.PIPE, stdout=subprocess.PIPE
        )
    )


@pytest.fixture
def zygotes() -> Iterator[list[Zygote]]:
    made: list[Zygote] = []
    yield made
    for zygote in made:
        assert zygote.process.stdin is not None
        zygote.process.stdin.close()
        zygote.process.wait(timeout=30)


@pytest.fixture
def october(session: Session, tmp_path: Path) -> Path:
    """A ledger that does everything an import can do, after September's has been taken."""
    old = rows(40, 逾期贷款金额=100)
    taken(tmp_path, old, SEPTEMBER)
    lines = [line | {"贷款余额": 20_000, "逾期贷款金额": 0} for line in old[:20]]
    lines += [*old[20:30], *rows(30, 支行="新支行", 行政村="新村", 逾期贷款金额=5), row(贷款余额=90_000)]
    return ledger_file(tmp_path, lines)


def settled(session: Session) -> dict[str, list[str]]:
    """What the database holds, once the server has noticed that its client is gone."""
    deadline = time.monotonic() + 10
    if session.connection().dialect.name == "postgresql":
        waiting = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"
        while session.connection().exec_driver_sql(waiting).scalar() and time.monotonic() < deadline:
            session.rollback()
            time.sleep(0.02)
    return contents(session)


def is_whole(session: Session) -> bool:
    """October has been taken."""
    query = select(func.count()).where(ImportBatch.as_of == OCTOBER, ImportBatch.state == BatchState.TAKEN)
    return bool(session.scalar(query))


def test_killed_at_every_kind_of_step(
    app: Flask, session: Session, october: Path, zygotes: list[Zygote]
) -> None:
    before = settled(session)
    zygote = start(app, "import", str(october))
    zygotes.append(zygote)
    status, total, _ = zygote.run("before commit")
    assert status == KILLED and settled(session) == before
    points = sorted({1 + (total - 1) * point // (POINTS - 1) for point in range(POINTS)})
    assert len(points) >= 20
    for point in (*points, *NAMED):
        status, count, name = zygote.run(point)
        assert status == KILLED and point in (count, name)
        assert settled(session) == before, f"killed at step {count}: {name}"
    assert zygote.run("after commit")[0] == KILLED
    after = settled(session)
    assert is_whole(session) and after != before
    again = imported(october, OCTOBER)
    assert again.ok and again.counts["unchanged"] == 60 and contents(session) == after


def test_after_a_kill_the_next_import_takes_all(
    app: Flask, session: Session, october: Path, zygotes: list[Zygote]
) -> None:
    zygotes.append(start(app, "import", str(october)))
    assert zygotes[0].run("before commit")[0] == KILLED
    settled(session)
    outcome = imported(october, OCTOBER, accept_valid=True)
    assert outcome.ok and outcome.counts["accepted"] == 60 and is_whole(session)


def test_killed_at_any_moment(app: Flask, session: Session, october: Path) -> None:
    """By the clock, which may hit in the middle of a statement or of the commit itself."""
    before = settled(session)
    command = [sys.executable, "-m", "flask", "ledger", "import", str(october), "--as-of", "2023-10-31"]
    moments = random.Random(20231031)
    for _ in range(MOMENTS):
        process = subprocess.Popen(
            [*command, "--lender", LENDER, "--accept-valid"], cwd=ROOT, env=environment(app),
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )  # fmt: skip
        time.sleep(moments.uniform(0.5, 2.0))
        process.kill()
        process.wait(timeout=30)
        if settled(session) != before:
            break
    outcome = imported(october, OCTOBER, accept_valid=True)
    assert outcome.ok and outcome.counts["accepted"] == 60 and is_whole(session)
    assert session.scalar(select(func.count()).select_from(Loan)) == 70


# --- the worker


def uploaded(app: Flask, session: Session, path: Path, state: BatchState) -> int:
    store = LedgerStore(Path(app.instance_path), keyring())
    batch = new_batch(
        session, file_hash=store.keep(path.read_bytes()), filename=path.name, size=path.stat().st_size, county="530324",
        lender=LENDER, as_of=OCTOBER, state=state, accept_valid=True,
    )  # fmt: skip
    number = batch.id
    session.commit()
    return number


def batch_now(session: Session, number: int) -> ImportBatch:
    session.rollback()
    session.expire_all()
    return session.get_one(ImportBatch, number)


@pytest.mark.parametrize(
    ("state", "steps", "done"),
    [
        (BatchState.UPLOADED, ("read a chunk", "stage a chunk"), BatchState.PREVIEW),
        (BatchState.ACCEPTED, ("stage a chunk", "apply"), BatchState.TAKEN),
    ],
)
def test_a_worker_killed_at_work_does_it_again(
    app: Flask,
    session: Session,
    october: Path,
    zygotes: list[Zygote],
    state: BatchState,
    steps: tuple[str, ...],
    done: BatchState,
) -> None:
    number = uploaded(app, session, october, state)
    zygotes.append(start(app, "work"))
    for step in steps:
        assert zygotes[0].run(step)[0] == KILLED
        settled(session)
        assert batch_now(session, number).state is state
    assert batch_now(session, number).attempts == 2
    session.rollback()
    assert zygotes[0].run()[0] == 0
    batch = batch_now(session, number)
    assert batch.state is done and Report.from_json(batch.report).accepted == 60
    store = LedgerStore(Path(app.instance_path), keyring())
    assert store.progress(number) is None and (store.refused(number) is not None) is (
        done is BatchState.PREVIEW
    )
    assert not list(store.folder.glob("open-*"))


def test_after_three_broken_attempts_the_file_is_refused_in_a_sentence(
    app: Flask, session: Session, october: Path, zygotes: list[Zygote]
) -> None:
    number = uploaded(app, session, october, BatchState.UPLOADED)
    zygotes.append(start(app, "work"))
    for _ in range(3):
        assert zygotes[0].run("read a chunk")[0] == KILLED
    assert zygotes[0].run()[0] == 0
    batch = batch_now(session, number)
    assert batch.state is BatchState.REFUSED and "broken off" in batch.report["refusal"]["msgid"]
    session.rollback()
    assert not work_on_ledgers() and not is_whole(db.session())
