"""Where a backup is restored to, and whether it may be.

Data that is there is never removed: it is set aside, in a folder or a schema ``before_restore_…``, where
somebody may throw it away later. While a restore is not finished, a file says so, and the program does not
start there.
"""

import json
import shutil
import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from sqlalchemy import URL, Connection, Engine, create_engine, inspect, make_url, text
from sqlalchemy.exc import OperationalError

from app.backup.recovery import FILE as RECOVERY_KEY
from app.backup.refused import BackupRefused
from app.backup.shelf import to_disk
from app.config import PRIVATE
from app.keys import SEALED_FOLDERS
from app.labels import T
from app.startup import UNFINISHED

STAGE, ASIDE = ".restoring", "before_restore_"
_SQLITE_FILES = ("", "-wal", "-shm")
_NO_DATA = {
    STAGE,
    UNFINISHED,
    "data.key",
    "secret.key",
    RECOVERY_KEY,
    "backups",
    "exports",
    ".gitignore",
    "lost+found",
}


@dataclass(frozen=True, slots=True)
class Target:
    """An instance folder and its database."""

    folder: Path
    database_url: str

    @property
    def url(self) -> URL:
        return make_url(self.database_url)

    @property
    def is_postgres(self) -> bool:
        return self.url.get_backend_name() == "postgresql"

    @property
    def name(self) -> str:
        """What somebody types to have it replaced: the folder's name, or the database's."""
        return str(self.url.database) if self.is_postgres else self.folder.name

    @property
    def sqlite(self) -> Path:
        """The database's file."""
        return self.folder / str(self.url.database)

    @property
    def stage(self) -> Path:
        return self.folder / STAGE

    @property
    def marker(self) -> Path:
        return self.folder / UNFINISHED

    def aside(self) -> str:
        """A name that no earlier attempt has used."""
        return f"{ASIDE}{datetime.now(UTC):%Y%m%d_%H%M%S_%f}"

    def engine(self, staged: Path | None = None) -> Engine:
        """Of the database, or of the file that is to become it."""
        url = f"sqlite:///{staged}" if staged else self.url
        return create_engine(url, hide_parameters=True)


def check(target: Target, replace: str | None) -> None:
    """Raises BackupRefused when something is there and was not named, or somebody works with it."""
    if target.folder.exists() and not target.folder.is_dir():
        raise BackupRefused(T("%(path)s is no folder.", path=str(target.folder)))
    if replace is not None and replace != target.name:
        raise BackupRefused(
            T(
                "“%(typed)s” is not what would be replaced: that is “%(name)s”.",
                typed=replace,
                name=target.name,
            )
        )
    if replace is None and not target.marker.exists() and (_has_tables(target) or _has_files(target)):
        raise BackupRefused(
            T(
                "There is data in %(path)s already. Restore to an empty place with --into, or write "
                "--replace %(name)s: what is there is then set aside.",
                path=str(target.folder),
                name=target.name,
            )
        )
    in_use = _users_on_postgres(target) if target.is_postgres else _is_open_sqlite(target.sqlite)
    if in_use:
        raise BackupRefused(T("Somebody is working with this database. Stop web and worker, then restore."))


def _has_files(target: Target) -> bool:
    """Anything but what the program makes when it first looks at a folder, or leaves from before."""
    names = {path.name for path in target.folder.glob("*")} - _NO_DATA
    names -= {name for name in names if name.startswith(ASIDE)}
    if not target.is_postgres:
        names -= {target.sqlite.name + ending for ending in _SQLITE_FILES}  # judged by their tables
    return bool(names)


def _has_tables(target: Target) -> bool:
    if not target.is_postgres and (not target.sqlite.exists() or not target.sqlite.stat().st_size):
        return False
    engine = target.engine()
    try:
        with engine.connect() as connection:
            return bool(inspect(connection).get_table_names())
    except OperationalError as error:
        raise _away(error) from None
    except sqlite3.DatabaseError:
        return True  # damaged, but there
    finally:
        engine.dispose()


def _away(error: OperationalError) -> BackupRefused:
    return BackupRefused(T("The database does not answer: %(reason)s", reason=str(error.orig).strip()))


def _users_on_postgres(target: Target) -> int:
    others = (
        "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid() "
        "AND backend_type = 'client backend'"
    )
    engine = target.engine()
    try:
        with engine.connect() as connection:
            return int(connection.execute(text(others)).scalar() or 0)
    except OperationalError as error:
        raise _away(error) from None
    finally:
        engine.dispose()


def _is_open_sqlite(path: Path) -> bool:
    """Nobody leaves the log's mode while another has the file open; what the log held is in the file afterwards."""
    if not path.exists() or not path.stat().st_size:
        return False
    connection = sqlite3.connect(path, timeout=0.5)
    try:
        return bool(connection.execute("PRAGMA journal_mode=DELETE").fetchone()[0] != "delete")
    except sqlite3.OperationalError as error:
        return "locked" in str(error)
    except sqlite3.DatabaseError:
        return False  # damaged: nobody works with it
    finally:
        connection.close()


def mark(target: Target, told: dict[str, Any]) -> None:
    """From now on the program does not start here."""
    target.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    target.marker.touch(PRIVATE)
    target.marker.write_text(json.dumps(told), "utf-8")
    to_disk(target.marker)
    to_disk(target.folder)


def set_files_aside(target: Target, names: set[str], aside: str) -> bool:
    """Whatever of the old instance would be in the way; False when there was nothing."""
    folder = target.folder / aside
    if not target.is_postgres and target.sqlite.exists() and not target.sqlite.stat().st_size:
        target.sqlite.unlink()  # made by the first look at an instance without tables
    for path in _in_the_way(target, names):
        folder.mkdir(mode=0o700, exist_ok=True)
        shutil.move(path, folder / path.name)  # the database may lie on another disk
    return folder.exists()


def _in_the_way(target: Target, names: set[str]) -> Iterator[Path]:
    for name in sorted({*names, *SEALED_FOLDERS, *(p.name for p in target.folder.glob("signing-*.pem"))}):
        if (target.folder / name).exists():
            yield target.folder / name
    if not target.is_postgres:
        for ending in _SQLITE_FILES:
            path = target.sqlite.with_name(target.sqlite.name + ending)
            if path.exists():
                yield path


def set_tables_aside(connection: Connection, aside: str) -> bool:
    """Every table, and its triggers' functions, into a schema of their own (PostgreSQL); False without any."""
    tables = inspect(connection).get_table_names()
    if not tables:
        return False
    connection.execute(text(f"CREATE SCHEMA {aside}"))
    for table in tables:
        connection.execute(text(f'ALTER TABLE "{table}" SET SCHEMA {aside}'))
    functions = text(
        "SELECT p.oid::regprocedure::text FROM pg_proc p WHERE p.pronamespace = current_schema()::regnamespace "
        "AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.objid = p.oid AND d.deptype = 'e')"
    )
    for function in connection.scalars(functions).all():
        connection.execute(text(f"ALTER FUNCTION {function} SET SCHEMA {aside}"))
    return True
