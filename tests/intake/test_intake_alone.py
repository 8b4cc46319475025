"""Importing never runs twice at once: on one machine, and on one database."""

import threading
from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.ledger.models import BatchState, ImportBatch
from app.ledger.store import LedgerStore
from app.privacy import keyring
from tests.intake.world import (
    OCTOBER,
    contents,
    imported,
    ledger_file,
)
from tests.ledger.factory import row, rows


def test_a_second_import_says_that_one_is_running(app: Flask, session: Session, tmp_path: Path) -> None:
    path = ledger_file(tmp_path, [row()])
    before = contents(session)
    with LedgerStore(Path(app.instance_path), keyring()).alone():
        outcome = imported(path, OCTOBER)
    assert not outcome.ok and "Another import is running" in str(outcome.sentence)
    assert contents(session) == before
    assert imported(path, OCTOBER).ok


def test_two_at_the_same_moment_take_the_file_once(app: Flask, session: Session, tmp_path: Path) -> None:
    path = ledger_file(tmp_path, rows(50))
    outcomes = []

    def run() -> None:
        with app.app_context():
            outcomes.append(imported(path, OCTOBER))

    threads = [threading.Thread(target=run) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=60)
    assert len(outcomes) == 3 and sum(outcome.counts["new"] == 50 for outcome in outcomes) == 1
    session.rollback()
    assert session.scalars(select(ImportBatch.state)).all() == [BatchState.TAKEN]


def test_two_machines_on_one_database(app: Flask, session: Session, tmp_path: Path, db_kind: str) -> None:
    """Another machine has its own instance folder, so that only the database can keep the two apart."""
    if db_kind == "sqlite":
        pytest.skip("an SQLite file is one machine's")
    from app.ledger.actions import lock

    other = app.extensions["sqlalchemy"].engine.connect()
    with Session(other) as elsewhere:
        lock(elsewhere)
        outcome = imported(ledger_file(tmp_path, [row()]), OCTOBER)
    other.close()
    assert not outcome.ok and "Another import is running" in str(outcome.sentence)
