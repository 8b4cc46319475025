"""Backups of a test's instance, and places to restore them to."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from flask import Flask

from app.backup.create import Made, create
from app.backup.recovery import RecoveryKey, known_key
from app.backup.target import Target
from app.config import Settings
from app.db import db
from tests.conftest import Instances

Blank = Callable[[str], Target]


def settings_of(app: Flask) -> Settings:
    """Those of the instance that the app is on just now; an app goes on from one copy to the next."""
    return Settings.load(
        {
            "QINGSHOU_INSTANCE_PATH": app.instance_path,
            "DATABASE_URL": app.config["SQLALCHEMY_DATABASE_URI"],
        }
    )


def key_of(app: Flask) -> RecoveryKey:
    key = known_key(Path(app.instance_path))
    assert key is not None
    return key


def back_up(app: Flask) -> Made:
    made = create(settings_of(app), "system")
    db.session.rollback()
    return made


@pytest.fixture
def blank(instances: Instances) -> Iterator[Blank]:
    """``blank("postgresql")``: an instance that is still to be made."""
    made: list[Settings] = []

    def make(kind: str) -> Target:
        environ = instances.blank(kind)
        folder = Path(environ["QINGSHOU_INSTANCE_PATH"])
        url = Settings.database(environ.get("DATABASE_URL") or f"sqlite:///{folder / 'qingshou.db'}")
        made.append(Settings(folder, url, None, ""))
        return Target(folder, url)

    yield make
    for settings in made:
        instances.drop(settings)


def settings_at(target: Target) -> Settings:
    return Settings.load({"QINGSHOU_INSTANCE_PATH": str(target.folder), "DATABASE_URL": target.database_url})
