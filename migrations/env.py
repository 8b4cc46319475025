"""Alembic's environment: the app's engine and metadata, for SQLite and PostgreSQL."""

from typing import Any, Literal

import sqlalchemy as sa
from alembic import context
from flask import current_app
from sqlalchemy.types import TypeDecorator

from app.db import Base

config = context.config


def run() -> None:
    """Migrate on one connection, each migration in its transaction."""
    engine = current_app.extensions["migrate"].db.engine
    with engine.connect() as connection:
        context.configure(
            connection=connection,
            target_metadata=Base.metadata,
            render_as_batch=False,
            render_item=_plain,
            transaction_per_migration=True,
            process_revision_directives=_drop_empty,
        )
        with context.begin_transaction():
            context.run_migrations()


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
