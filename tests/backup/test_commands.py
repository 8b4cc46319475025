"""The commands as a person or a program calls them, and the worker's nightly backup."""

import json
import logging
import shutil
from datetime import UTC, datetime
from pathlib import Path

import pytest
from flask import Flask

from app import jobs
from app.backup.recovery import FILE, RecoveryKey
from app.backup.shelf import backups, newest_backup
from tests.backup.conftest import settings_of
from tests.commands import runner, told, trail

pytestmark = pytest.mark.parametrize("db_kind", ["sqlite"])


@pytest.fixture
def here(app: Flask) -> Flask:
    """The app, with the settings of the copy that it works on."""
    app.extensions["qingshou.settings"] = settings_of(app)
    return app


def test_from_a_backup_to_another_folder(here: Flask, tmp_path: Path) -> None:
    run = runner(here)
    assert run("backup", "key").exit_code == 1
    assert "no backup yet" in run("backup", "list").stderr
    first = run("backup", "create")
    assert first.exit_code == 0, first.output
    printed = RecoveryKey.parse(first.stdout)
    assert "lock it away" in first.stderr and trail("backup.created") == ["system"]
    (backup,) = backups(settings_of(here).backups)
    made = told(run("backup", "create", "--to", tmp_path / "disk", "--json"))
    assert made["rows"] > 20 and made["recovery_key"] == printed.name and made["removed"] == 0
    assert RecoveryKey.parse(run("backup", "key").stdout) == printed, "and never without being asked"
    (listed,) = told(run("backup", "list", "--json"))
    assert (listed["path"], listed["database"]) == (str(backup.path), "sqlite")

    verified = told(run("backup", "verify", backup.path, "--json"))
    assert sum(rows for rows, _ in verified["tables"].values()) > 20
    restored = told(run("backup", "restore", backup.path, "--into", tmp_path / "new", "--json"))
    assert restored["aside"] == "" and (tmp_path / "new" / "qingshou.db").exists()
    again = run("backup", "restore", backup.path, "--into", tmp_path / "new")
    assert again.exit_code == 1 and "--replace new" in again.stderr
    assert (
        run("backup", "restore", backup.path, "--into", tmp_path / "new", "--replace", "new").exit_code == 0
    )


def test_a_key_from_a_file_or_typed(here: Flask, tmp_path: Path) -> None:
    run = runner(here)
    run("backup", "create")
    (backup,) = backups(settings_of(here).backups)
    own = Path(here.instance_path) / FILE
    kept = Path(shutil.move(own, tmp_path / "paper"))
    assert run("backup", "verify", backup.path, "--key", kept).exit_code == 0
    assert run("backup", "verify", backup.path, typed="a slip\n" + kept.read_text() + "\n").exit_code == 0
    kept.write_text(RecoveryKey.generate().text)
    other = run("backup", "verify", backup.path, "--key", kept)
    assert other.exit_code == 1 and "opens with the recovery key" in other.stderr
    assert run("backup", "verify", backup.path, "--key", tmp_path / "nowhere").exit_code == 1


def test_wrong_words(here: Flask, tmp_path: Path) -> None:
    run = runner(here)
    (tmp_path / "x.xlsx").write_bytes(b"PK\x03\x04")
    for command in ("verify", "restore"):
        refused = run("backup", command, tmp_path / "x.xlsx", typed=RecoveryKey.generate().text + "\n")
        assert refused.exit_code == 1 and "no backup of this program" in refused.stderr
    refused = run(
        "backup", "restore", tmp_path / "x.xlsx", "--into", tmp_path / "n", "--database", "mysql://x"
    )
    assert refused.exit_code == 1 and "postgresql://" in refused.stderr


def test_every_night_once(
    here: Flask, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    settings = settings_of(here)
    jobs.back_up()
    first = newest_backup(settings)
    assert first is not None and (datetime.now(UTC) - first).total_seconds() < 60
    jobs.back_up()
    assert len(backups(settings.backups)) == 1 and trail("backup.created") == ["system"]
    (one,) = backups(settings.backups)
    one.path.rename(one.path.with_name("qingshou-20230101T000000Z.backup"))
    jobs.back_up()
    assert len(backups(settings.backups)) == 2, "another night"
    for found in backups(settings.backups):
        found.path.unlink()
    settings.backups.chmod(0o500)
    (settings.backups / "lock").unlink(missing_ok=True)
    monkeypatch.setattr("app.backup.shelf.os.open", _refuse)
    with caplog.at_level(logging.ERROR):
        jobs.back_up()
    assert "no backup was made" in caplog.text and "cannot be written" in caplog.text


def _refuse(*_: object) -> int:
    raise PermissionError(13, "Permission denied")


def test_json_is_json(here: Flask) -> None:
    """The key is not printed among what a program reads."""
    result = runner(here)("backup", "create", "--json")
    assert json.loads(result.stdout)["files"] >= 1 and "RecoveryKey" not in result.output


def test_it_stands_in_the_timetable(here: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    planned: list[str] = []
    monkeypatch.setattr(jobs.signal, "signal", lambda *_: None)
    monkeypatch.setattr(
        jobs.BlockingScheduler, "start", lambda self: planned.extend(job.id for job in self.get_jobs())
    )
    jobs.run(here)
    assert "back_up" in planned and "beat" in planned
