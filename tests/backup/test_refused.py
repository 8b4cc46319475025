"""What is not done, with a sentence that says why; and then everything is as it was."""

import errno
import sqlite3
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from sqlalchemy.orm import Session

from app import create_app
from app.backup import load, stream
from app.backup.contents import verify
from app.backup.create import create
from app.backup.recovery import RecoveryKey
from app.backup.refused import BackupDamaged, BackupRefused
from app.backup.restore import restore
from app.backup.shelf import backups
from app.backup.target import Target
from app.db import db, get_setting, put_setting
from app.files import FileStore
from app.privacy import Keyring, keyring
from tests.backup.conftest import Blank, back_up, key_of, settings_at, settings_of


def folder_of(path: Path) -> dict[str, bytes]:
    return {
        str(p.relative_to(path)): p.read_bytes()
        for p in sorted(path.rglob("*"))
        if p.is_file() and p.suffix not in (".db-wal", ".db-shm")
    }


def full(*_: object, **__: object) -> Any:
    raise OSError(errno.ENOSPC, "No space left on device")


@pytest.mark.parametrize("db_kind", ["sqlite"])
def test_a_full_disk_leaves_no_backup(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    put, count = stream.Sealer.put, 0

    def until_full(self: stream.Sealer, *arguments: Any, **named: Any) -> None:
        nonlocal count
        count += 1
        (full if count > 30 else put)(self, *arguments, **named)

    monkeypatch.setattr(stream.Sealer, "put", until_full)
    with pytest.raises(BackupRefused, match="cannot be written: No space left"):
        back_up(app)
    settings = settings_of(app)
    assert backups(settings.backups) == [] and [p.name for p in settings.backups.iterdir()] == ["lock"]
    monkeypatch.undo()
    assert back_up(app).path.exists()


@pytest.mark.parametrize("db_kind", ["sqlite"])
def test_a_folder_that_is_none(app: Flask, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(BackupRefused, match="cannot be written"):
        create(settings_of(app), "system", to=tmp_path / "file" / "folder")


def test_nothing_is_overwritten_unasked(app: Flask, session: Session, db_kind: str, blank: Blank) -> None:
    """Data, files alone, or somebody at work: each is refused, and stays to the byte."""
    put_setting(session, "what", "was backed up")
    session.commit()
    made, key = back_up(app), key_of(app)
    target = blank(db_kind)
    restore(made.path, key, target)
    before = folder_of(target.folder)
    with pytest.raises(BackupRefused, match=f"--replace {target.name}"):
        restore(made.path, key, target)
    with pytest.raises(BackupRefused, match="not what would be replaced"):
        restore(made.path, key, target, "something")
    engine = target.engine()
    with engine.connect() as connection:
        connection.exec_driver_sql("SELECT 1 FROM setting")
        with pytest.raises(BackupRefused, match="working with this database"):
            restore(made.path, key, target, target.name)
    engine.dispose()
    assert folder_of(target.folder).keys() == before.keys()
    done = restore(made.path, key, target, target.name)
    assert done.aside.startswith("before_restore_")
    assert (target.folder / done.aside / "data.key").read_bytes() == before["data.key"]
    if target.is_postgres:
        with target.engine().connect() as connection:
            found = connection.exec_driver_sql(f"SELECT value FROM {done.aside}.setting WHERE key = 'what'")
            assert found.scalar() == "was backed up"


@pytest.mark.parametrize("db_kind", ["sqlite"])
def test_files_alone_are_data_too(app: Flask, blank: Blank) -> None:
    made, key, target = back_up(app), key_of(app), blank("sqlite")
    target.folder.mkdir()
    FileStore(target.folder, keyring(), "attachments").keep(b"somebody's")
    with pytest.raises(BackupRefused, match="data in"):
        restore(made.path, key, target)
    assert not target.marker.exists()


@pytest.mark.parametrize("db_kind", ["sqlite"])
def test_a_folder_of_somebody_else(app: Flask, tmp_path: Path) -> None:
    made, key = back_up(app), key_of(app)
    (tmp_path / "letter.txt").write_text("x")
    target = Target(tmp_path, f"sqlite:///{tmp_path / 'qingshou.db'}")
    with pytest.raises(BackupRefused, match="data in"):
        restore(made.path, key, target)
    assert [path.name for path in tmp_path.iterdir()] == ["letter.txt"]


@pytest.mark.parametrize("db_kind", ["sqlite"])
def test_what_a_first_look_leaves_is_no_data(app: Flask, blank: Blank) -> None:
    """A new server, where the program has been started once."""
    made, key, target = back_up(app), key_of(app), blank("sqlite")
    with create_app(settings_at(target)).app_context():
        db.engine.dispose()
    assert (target.folder / "data.key").exists() and (target.folder / "secret.key").exists()
    done = restore(made.path, key, target)
    assert (target.folder / done.aside / "data.key").exists()
    create_app(settings_at(target))


@pytest.mark.parametrize("db_kind", ["sqlite"])
def test_a_damaged_backup_changes_nothing(app: Flask, db_kind: str, blank: Blank, tmp_path: Path) -> None:
    made, key, target = back_up(app), key_of(app), blank("sqlite")
    content = made.path.read_bytes()
    copy = tmp_path / "copy.backup"
    copy.write_bytes(content[:-20])
    with pytest.raises(BackupDamaged):
        restore(copy, key, target)
    assert folder_of(target.folder) == {}, "a new place stays empty"
    restore(made.path, key, target)
    before = folder_of(target.folder)
    with pytest.raises(BackupDamaged):
        restore(copy, key, target, target.name)
    with pytest.raises(BackupRefused, match="recovery key"):
        restore(made.path, RecoveryKey.generate(), target, target.name)
    assert folder_of(target.folder).keys() == before.keys()
    with create_app(settings_at(target)).app_context():
        assert get_setting(db.session(), "restored_from")
        db.session.remove()
        db.engine.dispose()


@pytest.mark.parametrize("db_kind", ["sqlite"])
def test_a_full_disk_while_restoring(app: Flask, blank: Blank, monkeypatch: pytest.MonkeyPatch) -> None:
    made, key, target = back_up(app), key_of(app), blank("sqlite")
    monkeypatch.setattr("app.backup.restore._write", full)
    with pytest.raises(BackupRefused, match="No space left"):
        restore(made.path, key, target)
    assert folder_of(target.folder) == {}
    monkeypatch.undo()

    def full_database(*_: object) -> None:
        raise sqlite3.OperationalError("database or disk is full")

    monkeypatch.setattr(load, "_to_sqlite", full_database)
    with pytest.raises(BackupRefused, match="could not be filled: database or disk is full"):
        restore(made.path, key, target)
    assert folder_of(target.folder) == {}


@pytest.mark.parametrize("db_kind", ["sqlite"])
def test_what_does_not_compare_is_not_put_in_its_place(
    app: Flask, blank: Blank, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The control of the comparison: a row that gets lost on the way."""
    made, key, target = back_up(app), key_of(app), blank("sqlite")
    rows = load._rows
    monkeypatch.setattr(load, "_rows", lambda shape, block: list(rows(shape, block))[1:])
    with pytest.raises(BackupRefused, match=r"manifest tells: .*region|rows refer to something"):
        restore(made.path, key, target)
    assert folder_of(target.folder) == {}


@pytest.mark.parametrize("db_kind", ["sqlite"])
def test_a_newer_program_made_it(app: Flask, blank: Blank, monkeypatch: pytest.MonkeyPatch) -> None:
    made, key = back_up(app), key_of(app)
    monkeypatch.setattr("app.backup.restore.knows", lambda revision: False)
    with pytest.raises(BackupRefused, match=r"version 0\.\d+\.\d+, which is newer"):
        restore(made.path, key, blank("sqlite"))
    monkeypatch.undo()
    assert load.knows(made.header.revision) and not load.knows("9999")


@pytest.mark.parametrize("db_kind", ["sqlite"])
def test_a_key_that_does_not_fit_its_data_is_found(app: Flask) -> None:
    """Somebody has put another data.key there since the program began."""
    path = Path(app.instance_path) / "data.key"
    own = path.read_text()
    path.unlink()
    Keyring.load(path, may_create=True)
    with pytest.raises(BackupDamaged, match="not the one its data was sealed with"):
        back_up(app)
    path.write_text(own)
    made = back_up(app)
    assert verify(made.path, key_of(app))


@pytest.mark.parametrize("db_kind", ["sqlite"])
def test_no_tables_no_backup(app: Flask, blank: Blank) -> None:
    target = blank("sqlite")
    empty = create_app(settings_at(target))
    with empty.app_context(), pytest.raises(BackupRefused, match="no tables yet"):
        create(settings_at(target), "system")
