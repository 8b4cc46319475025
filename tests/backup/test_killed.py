"""Killed at any moment of a restore: nothing starts that is not whole, and the same command finishes it."""

import os
import signal
from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy import inspect
from sqlalchemy.orm import Session

from app import create_app
from app.backup.create import create
from app.backup.recovery import RecoveryKey
from app.backup.restore import restore
from app.backup.shelf import PART, backups
from app.backup.target import Target
from app.config import ConfigError
from app.db import db, get_setting, put_setting
from app.files import FileStore
from app.privacy import keyring
from tests.backup.conftest import Blank, back_up, key_of, settings_at, settings_of


def on(kind: str, *points: str) -> list[object]:
    marks = [pytest.mark.postgres] if kind == "postgresql" else []
    return [pytest.param(kind, point, marks=marks) for point in points]


EMPTY = on("sqlite", "restore 60", "indexes 1", "compare 40", "place 1", "place 4")
EMPTY += on("postgresql", "restore 60", "place 5")  # the last one after the database's commit
FULL = on("sqlite", "compare 1", "place 2", "place 4") + on("postgresql", "place 2")


def _killed(
    app: Flask, source: Path, key: RecoveryKey, target: Target, point: str, replace: str | None
) -> None:
    """Restore in a child that is killed at the n-th word of a part."""
    wanted, count = point.split()
    told = 0

    def tell(part: str, _done: int, _total: int) -> None:
        nonlocal told
        told += part == wanted
        if told == int(count):
            os.kill(os.getpid(), signal.SIGKILL)

    child = os.fork()
    if not child:
        try:
            restore(source, key, target, replace, tell)
        finally:
            os._exit(1)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == -signal.SIGKILL, "it came to its end"


def _filled(app: Flask, session: Session) -> None:
    FileStore(Path(app.instance_path), keyring(), "attachments").keep(b"a photo")
    FileStore(Path(app.instance_path), keyring(), "batches").keep(b"a batch")
    put_setting(session, "what", "was backed up")
    session.commit()


def _says(target: Target) -> str | None:
    app = create_app(settings_at(target))
    with app.app_context():
        said = get_setting(db.session(), "what")
        db.session.remove()
        db.engine.dispose()
    return said


def _tables(target: Target) -> list[str]:
    engine = target.engine()
    with engine.connect() as connection:
        found = inspect(connection).get_table_names()
    engine.dispose()
    return found


@pytest.mark.parametrize(("db_kind", "point"), EMPTY)
def test_into_an_empty_place(app: Flask, session: Session, db_kind: str, blank: Blank, point: str) -> None:
    _filled(app, session)
    made, key = back_up(app), key_of(app)
    db.session.remove()
    db.engine.dispose()
    target = blank(db_kind)
    _killed(app, made.path, key, target, point, None)
    with pytest.raises(ConfigError, match="not finished"):
        create_app(settings_at(target))
    if target.is_postgres:
        assert _tables(target) == [] or point == "place 5"
    restore(made.path, key, target)
    assert _says(target) == "was backed up"
    assert not target.marker.exists() and not target.stage.exists()


@pytest.mark.parametrize(("db_kind", "point"), FULL)
def test_in_the_place_of_another(
    app: Flask, session: Session, db_kind: str, blank: Blank, point: str
) -> None:
    """What was there is never lost: it is where it was, or set aside."""
    _filled(app, session)
    made, key = back_up(app), key_of(app)
    target = blank(db_kind)
    restore(made.path, key, target)
    _change(target, "newer")
    db.session.remove()
    db.engine.dispose()
    _killed(app, made.path, key, target, point, target.name)
    with pytest.raises(ConfigError, match="not finished"):
        create_app(settings_at(target))
    if not point.startswith("place"):
        target.marker.rename(target.folder / "gone")  # for whoever wants to go on with what was there
        assert _says(target) == "newer"
        (target.folder / "gone").rename(target.marker)
    restore(made.path, key, target)
    assert _says(target) == "was backed up"
    asides = list(target.folder.glob("before_restore_*"))
    assert asides
    if not target.is_postgres:
        aside = next(folder for folder in sorted(asides) if (folder / "qingshou.db").exists())
        assert _says(Target(aside, f"sqlite:///{aside / 'qingshou.db'}")) == "newer"


def _change(target: Target, what: str) -> None:
    app = create_app(settings_at(target))
    with app.app_context():
        put_setting(db.session(), "what", what)
        db.session.commit()
        db.session.remove()
        db.engine.dispose()


@pytest.mark.parametrize("db_kind", ["sqlite"])
def test_a_killed_backup_leaves_none(app: Flask, session: Session) -> None:
    settings = settings_of(app)

    def tell(part: str, _done: int, _total: int) -> None:
        if part == "tables":
            os.kill(os.getpid(), signal.SIGKILL)

    child = os.fork()
    if not child:
        try:
            create(settings, "system", tell)
        finally:
            os._exit(1)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == -signal.SIGKILL
    assert backups(settings.backups) == [] and list(settings.backups.glob(f"*{PART}"))
    assert back_up(app).path.exists() and not list(settings.backups.glob(f"*{PART}"))
