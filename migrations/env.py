"""Alembic's environment: the app's engine and metadata, for SQLite and PostgreSQL."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Literal

import sqlalchemy as sa
from alembic import context
from flask import current_app
from sqlalchemy.types import TypeDecorator

from app.db import Base

config = context.config


def run() -> None:
    """Migrate on one connection, each migration in its transaction.

    A connection that is handed over (``attributes["connection"]``, a restore) is in a transaction, which stays open.
    """
    if given := config.attributes.get("connection"):
        context.configure(connection=given, target_metadata=Base.metadata, on_version_apply=_check_references)
        context.run_migrations()
        return
    engine = current_app.extensions["migrate"].db.engine
    with engine.connect() as connection, _free_to_rebuild(connection):
        context.configure(
            connection=connection,
            target_metadata=Base.metadata,
            render_as_batch=False,
            render_item=_plain,
            transaction_per_migration=True,
            process_revision_directives=_drop_empty,
            on_version_apply=_check_references,
        )
        with context.begin_transaction():
            context.run_migrations()


@contextmanager
def _free_to_rebuild(connection: sa.Connection) -> Iterator[None]:
    """SQLite changes a table by making it anew and dropping the old one, which rows elsewhere still refer to.

    So references are not judged statement by statement, but once at the end of each migration, before it commits. The
    switch does nothing within a transaction; that is why it stands here.
    """
    if connection.dialect.name != "sqlite":
        yield
        return
    driver: Any = connection.connection.driver_connection
    driver.execute("PRAGMA foreign_keys=OFF")
    try:
        yield
    finally:
        connection.rollback()
        driver.execute("PRAGMA foreign_keys=ON")


def _check_references(ctx: Any, **_told: Any) -> None:
    """Raise, which rolls the migration back, when it has left a row that refers to nothing."""
    if ctx.connection is None or ctx.connection.dialect.name != "sqlite":
        return
    lost = ctx.connection.exec_driver_sql("PRAGMA foreign_key_check").fetchall()
    if lost:
        named = ", ".join(sorted({f"{row[0]} to {row[2]}" for row in lost}))
        raise RuntimeError(f"{len(lost)} rows would refer to nothing ({named}); nothing was changed")


def _plain(kind: str, item: Any, _context: Any) -> str | Literal[False]:
    """Migrations name the database's own types, so that they stay true when the app's types change."""
    if kind == "type" and isinstance(item, TypeDecorator):
        return f"sa.{item.impl_instance!r}"
    if kind == "type" and isinstance(item, sa.BigInteger):
        return "BIGINT"
    return False


def _drop_empty(_context: object, _revision: object, directives: list[Any]) -> None:
    """``flask db migrate`` without changes makes no file."""
    if getattr(config.cmd_opts, "autogenerate", False) and directives[0].upgrade_ops.is_empty():
        directives[:] = []


run()
