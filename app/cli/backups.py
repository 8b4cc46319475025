"""Backups: make one, look whether it is whole, restore it, list them, print the recovery key."""

import contextlib
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import click
from flask import current_app
from flask.cli import AppGroup
from flask_babel import gettext

from app.accounts.rules import Permission
from app.backup.contents import verify
from app.backup.create import create
from app.backup.recovery import RecoveryKey, known_key
from app.backup.refused import BackupRefused
from app.backup.restore import restore
from app.backup.shelf import backups
from app.backup.stream import read_header
from app.backup.target import Target
from app.cli.terminal import Bar, actor_option, fail, localized, print_json, say, stdout
from app.clock import SHANGHAI
from app.config import ConfigError, Settings
from app.db import db
from app.labels import T

backup = AppGroup("backup", help="The whole instance in one sealed file, and back.")

FILE = click.Path(dir_okay=False, path_type=Path)
FOLDER = click.Path(file_okay=False, path_type=Path)
_MEGABYTE = 1 << 20


@contextlib.contextmanager
def _refusing() -> Iterator[None]:
    try:
        yield
    except BackupRefused as refused:
        fail(refused.message)


def _settings() -> Settings:
    settings: Settings = current_app.extensions["qingshou.settings"]
    return settings


def _megabytes(size: int) -> str:
    return f"{size / _MEGABYTE:.1f}"


@backup.command("create")
@click.option("--to", type=FOLDER, help="Another folder, where older backups are left alone.")
@actor_option(Permission.ACCOUNTS)
@click.option("--json", "as_json", is_flag=True)
@localized
def create_backup(to: Path | None, actor: str, as_json: bool) -> None:
    """Make a backup while the program runs; older ones are removed as the settings say."""
    with _refusing(), Bar() as bar:
        made = create(_settings(), actor, bar.tell, to)
    if as_json:
        print_json(
            {
                "path": str(made.path),
                "made_at": made.header.made_at,
                "rows": made.manifest.rows,
                "files": len(made.manifest.files),
                "bytes": made.size,
                "seconds": round(made.seconds, 3),
                "removed": made.removed,
                "recovery_key": made.header.key,
            }
        )
    say(
        T(
            "%(path)s: %(rows)s rows and %(files)s files in %(size)s MB, read back and found whole, in %(seconds)s s.",
            path=str(made.path),
            rows=f"{made.manifest.rows:,}",
            files=len(made.manifest.files),
            size=_megabytes(made.size),
            seconds=f"{made.seconds:.1f}",
        )
    )
    if made.removed:
        say(T("%(n)s older backups were removed.", n=made.removed))
    if made.new_key and not as_json:
        _print_key(made.new_key)
    say(T("Copy it to another machine: a backup beside its data is lost with it."))


def _print_key(key: RecoveryKey) -> None:
    say(T("The recovery key, without which no backup opens:"))
    stdout.print(f"\n    {key.text}\n", markup=False)
    say(
        T(
            "Write it down and lock it away, apart from the backups. Whoever has both reads everything, "
            "ID numbers too. It also lies in backup.key in the instance folder."
        )
    )


@backup.command("key")
@localized
def print_key() -> None:
    """Print the recovery key again, to be kept on paper."""
    with _refusing():
        key = known_key(Path(current_app.instance_path))
    if key is None:
        fail(T("There is no recovery key yet: it is made with the first backup."))
    _print_key(key)


@backup.command("list")
@click.option("--json", "as_json", is_flag=True)
@localized
def list_backups(as_json: bool) -> None:
    """The finished backups, the newest first."""
    settings = _settings()
    found = backups(settings.backups)
    rows = []
    for one in found:
        with one.path.open("rb") as file:
            try:
                header = read_header(file)
            except BackupRefused as refused:
                say(f"{one.path.name}: {refused}")
                continue
        rows.append(
            {
                "path": str(one.path),
                "made_at": one.made_at.isoformat(),
                "bytes": one.path.stat().st_size,
                "program": header.program,
                "revision": header.revision,
                "database": header.database,
                "recovery_key": header.key,
            }
        )
    if as_json:
        print_json(rows)
        return
    for row in rows:
        made = datetime.fromisoformat(str(row["made_at"])).astimezone(SHANGHAI)
        size = _megabytes(int(str(row["bytes"])))
        stdout.print(
            f"{made:%Y-%m-%d %H:%M}  {size:>9} MB  {row['database']:<10}  {row['path']}", markup=False
        )
    if not rows:
        say(T("There is no backup yet in %(path)s.", path=str(settings.backups)))


@backup.command("verify")
@click.argument("file", type=FILE)
@click.option(
    "--key", "key_file", type=FILE, help="A file with the recovery key; by default the instance's own."
)
@click.option("--json", "as_json", is_flag=True)
@localized
def verify_backup(file: Path, key_file: Path | None, as_json: bool) -> None:
    """Read a whole backup and compare it with its manifest, without restoring; exit 1 if it is not whole."""
    begun = datetime.now(UTC)
    with _refusing(), Bar() as bar:
        found = verify(file, _key(key_file), bar.tell)
    if as_json:
        print_json({"made_at": found.header.made_at, **found.manifest.to_json()})
    say(
        T(
            "Whole: %(rows)s rows in %(tables)s tables and %(files)s files of %(made)s are as they were written "
            "(%(seconds)s s).",
            rows=f"{found.manifest.rows:,}",
            tables=len(found.manifest.tables),
            files=len(found.manifest.files),
            made=f"{found.header.moment.astimezone(SHANGHAI):%Y-%m-%d %H:%M}",
            seconds=f"{(datetime.now(UTC) - begun).total_seconds():.1f}",
        )
    )


def _key(given: Path | None) -> RecoveryKey:
    """From a file, from the instance, or typed."""
    if given is not None:
        try:
            return RecoveryKey.parse(given.read_text("ascii", "replace"))
        except OSError as error:
            fail(
                T("%(path)s cannot be read: %(reason)s", path=str(given), reason=error.strerror or str(error))
            )
    if own := known_key(Path(current_app.instance_path)):
        return own
    while True:
        try:
            return RecoveryKey.parse(click.prompt(gettext("Recovery key"), hide_input=True))
        except BackupRefused as refused:
            say(refused.message)


@backup.command("restore")
@click.argument("file", type=FILE)
@click.option("--into", type=FOLDER, help="A new instance folder; by default the one that is set.")
@click.option("--database", help="postgresql://…; by default SQLite in a new folder.")
@click.option(
    "--replace", metavar="NAME", help="Set aside what is there: the folder's name, or the database's."
)
@click.option("--key", "key_file", type=FILE, help="A file with the recovery key; otherwise it is asked for.")
@click.option("--json", "as_json", is_flag=True)
@localized
def restore_backup(
    file: Path,
    into: Path | None,
    database: str | None,
    replace: str | None,
    key_file: Path | None,
    as_json: bool,
) -> None:
    """Make an instance of a backup, also in the other kind of database. Stop web and worker first."""
    settings = _settings()
    target = Target(settings.instance, settings.database_url)
    db.session.remove()
    db.engine.dispose()
    try:
        if into is not None:
            folder = into.resolve()
            target = Target(folder, Settings.database(database or f"sqlite:///{folder / 'qingshou.db'}"))
        elif database is not None:
            target = Target(settings.instance, Settings.database(database))
    except ConfigError as wrong:
        fail(str(wrong))
    with _refusing(), Bar() as bar:
        done = restore(file, _key(key_file), target, replace, bar.tell)
    rows, seconds = done.manifest.rows, done.seconds
    if as_json:
        print_json(
            {
                "rows": rows,
                "files": len(done.manifest.files),
                "seconds": round(seconds, 3),
                "aside": done.aside,
            }
        )
    say(
        T(
            "Restored as of %(made)s: %(rows)s rows in %(tables)s tables and %(files)s files, "
            "compared with the manifest, in %(seconds)s s.",
            made=f"{done.header.moment.astimezone(SHANGHAI):%Y-%m-%d %H:%M}",
            rows=f"{rows:,}",
            tables=len(done.manifest.tables),
            files=len(done.manifest.files),
            seconds=f"{seconds:.1f}",
        )
    )
    if done.aside:
        say(T("What was there before is in %(name)s; remove it when you no longer need it.", name=done.aside))
    say(T("Text messages are paused until somebody has looked what was sent since, and resumes them."))
