"""Runs the program's commands in a test's instance."""

import json
from collections.abc import Callable
from typing import Any

from click.testing import Result
from flask import Flask
from sqlalchemy import select

from app.audit import AuditEntry
from app.db import db

Run = Callable[..., Result]


def runner(app: Flask) -> Run:
    """``run("ledger", "import", path)``; ``input`` is what is typed."""

    def invoke(*arguments: object, typed: str | None = None) -> Result:
        db.session.rollback()
        result = app.test_cli_runner().invoke(args=[str(a) for a in arguments], input=typed)
        db.session.rollback()
        db.session.expire_all()
        assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
        return result

    return invoke


def told(result: Result, code: int = 0) -> Any:
    """The JSON on stdout, with nothing beside it."""
    assert result.exit_code == code, result.output
    return json.loads(result.stdout)


def trail(action: str) -> list[str]:
    """Who did it."""
    query = select(AuditEntry.actor).where(AuditEntry.action == action).order_by(AuditEntry.id)
    return list(db.session.scalars(query))


def answers(*lines: str) -> str:
    return "\n".join(lines) + "\n"
