"""How commands speak: options they share, sentences and progress on stderr, JSON on stdout."""

import json
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date
from functools import update_wrapper
from typing import TYPE_CHECKING, Any, NoReturn, ParamSpec, TypeVar, overload

import click
from flask_babel import force_locale, gettext
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn
from sqlalchemy.exc import OperationalError, ProgrammingError

from app import audit
from app.labels import T, Text

if TYPE_CHECKING:
    from app.accounts.rules import Permission

P = ParamSpec("P")
R = TypeVar("R")

PERMISSION = "qingshou_permission"  # what a command declared, as access.requires does for a view

stderr = Console(stderr=True, highlight=False, soft_wrap=True)
stdout = Console(highlight=False, soft_wrap=True)


class Month(click.ParamType[date]):
    """A month written 2023-10, as the date of its last day."""

    name = "month"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> date:
        from app.clock import parse_month

        if isinstance(value, date):
            return value
        try:
            return parse_month(value)
        except ValueError:
            self.fail(f"{value!r} is not a month like 2023-10", param, ctx)


class Day(click.ParamType[date]):
    """A date written 2023-10-31."""

    name = "date"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> date:
        if isinstance(value, date):
            return value
        try:
            return date.fromisoformat(value)
        except ValueError:
            self.fail(f"{value!r} is not a date like 2023-10-31", param, ctx)


class Yuan(click.ParamType[int]):
    """An amount written in yuan, as 分."""

    name = "yuan"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> int:
        from app.money import to_fen

        if isinstance(value, int):
            return value
        try:
            return to_fen(value)
        except ValueError:
            self.fail(f"{value!r} is no amount in yuan", param, ctx)


def reader_locale() -> str:
    """Chinese where the terminal's locale is, else English: the rule of the set-up's sentences too."""
    spoken = os.environ.get("LC_ALL") or os.environ.get("LC_MESSAGES") or os.environ.get("LANG") or ""
    return "zh_Hans" if spoken.startswith("zh") else "en"


def say(text: Text | str) -> None:
    """A sentence for the person at the terminal."""
    stderr.print(text.render(gettext) if isinstance(text, Text) else text, markup=False)


def fail(text: Text | str) -> NoReturn:
    """Say why nothing was done, and exit 1."""
    say(text)
    sys.exit(1)


def print_json(value: Any) -> None:
    click.echo(json.dumps(value, ensure_ascii=False, indent=2))


_NO_TABLES = ("no such table", "UndefinedTable", "no such column", "UndefinedColumn")


@contextmanager
def speaking() -> Iterator[None]:
    """In the language of the terminal; what is wrong with the database becomes a sentence."""
    with force_locale(reader_locale()):
        try:
            yield
        except (OperationalError, ProgrammingError) as error:
            cause = f"{type(error.orig).__name__}: {error.orig}"
            if any(sign in cause for sign in _NO_TABLES):
                fail(T("The tables of this instance are not there or not up to date. Run: flask db upgrade"))
            if isinstance(error, ProgrammingError):
                raise
            fail(T("The database does not answer: %(reason)s", reason=str(error.orig).strip()))


def localized(function: Callable[P, R]) -> Callable[P, R]:
    """Run a command in the language of the terminal."""

    def run(*args: P.args, **kwargs: P.kwargs) -> R:
        with speaking():
            return function(*args, **kwargs)

    return update_wrapper(run, function)


@overload
def actor_option(permission: "Permission") -> Callable[[Callable[P, R]], Callable[P, R]]: ...
@overload
def actor_option(permission: Callable[P, R]) -> Callable[P, R]: ...
def actor_option(permission: "Permission | Callable[P, R]") -> Any:
    """``--as USER``: on whose behalf. Whoever may not do this on a page may not be named here either.

    By default it is the system: whoever runs commands on the server has the database and the key already. Without a
    declared permission nobody can be named.
    """
    if callable(permission):
        return _acting(permission, None)
    return lambda function: _acting(function, permission)


def _acting(function: Callable[P, R], permission: "Permission | None") -> Callable[P, R]:
    def check(_context: click.Context, _parameter: click.Parameter, value: str | None) -> str:
        return audit.SYSTEM if value is None else _require(value, permission)

    option = click.option(
        "--as", "actor", metavar="USER", help="On whose behalf; by default the system.", callback=check
    )
    setattr(function, PERMISSION, permission)
    return option(function)


def _require(username: str, permission: "Permission | None") -> str:
    from sqlalchemy import select

    from app.accounts.models import User
    from app.accounts.rules import may
    from app.db import db

    with speaking():
        role = db.session.scalar(select(User.role).where(User.username == username, User.active))
    if role is None:
        raise click.BadParameter(f"there is no active account {username!r}")
    if permission is None or not may(role, permission):
        raise click.BadParameter(
            f"{username!r} may not do this: it needs the permission {permission or 'of nobody'}"
        )
    return username


def today() -> date:
    from app.db import db
    from app.today import business_date

    return business_date(db.session())


class Bar:
    """Progress of long work on stderr."""

    def __init__(self) -> None:
        self._progress = Progress(
            TextColumn("{task.description}"),
            BarColumn(),
            TextColumn("{task.percentage:>3.0f}%"),
            console=stderr,
            transient=True,
        )
        self._tasks: dict[str, Any] = {}

    def __enter__(self) -> "Bar":
        self._progress.start()
        return self

    def __exit__(self, *_error: object) -> None:
        self._progress.stop()

    def tell(self, part: str, done: int, total: int) -> None:
        if part not in self._tasks:
            self._tasks[part] = self._progress.add_task(part, total=total or None)
        self._progress.update(self._tasks[part], completed=done, total=total or None)
