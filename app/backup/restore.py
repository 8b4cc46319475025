"""An instance made of a backup: in an empty place, or in the place of another that is named and set aside.

1. A marker is written: until it is gone, the program does not start in this folder. 2. Files and, on SQLite,
the database are made beside those that are there; on PostgreSQL all happens in one transaction. 3. What now
stands in the database is counted and hashed, and so is every file, and compared with the manifest. 4. Only then
things change places, and the marker goes. Killed before 4, nothing has happened to what was there; killed at
any moment, the same command is run again.
"""

import contextlib
import hashlib
import os
import shutil
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from sqlalchemy import Connection, update
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from app import audit
from app.accounts.models import Invitation, SignedIn
from app.backup.contents import TABLE, Manifest, Reader, Tell, differing, open_backup
from app.backup.lines import Shape, tally
from app.backup.load import fits, knows, load, make_tables, migrate, without_indexes
from app.backup.recovery import FILE, RecoveryKey
from app.backup.refused import BackupDamaged, BackupRefused
from app.backup.shelf import cannot_write, to_disk
from app.backup.stream import Header, read_header
from app.backup.target import Target, check, mark, set_files_aside, set_tables_aside
from app.config import PRIVATE, private_text
from app.db import put_setting
from app.labels import T
from app.reminders.models import SmsChannel

RESTORED_FROM = "restored_from"  # the setting that says of which backup


@dataclass(frozen=True, slots=True)
class Restored:
    """What was made. ``aside`` names the folder or schema with what was there before, "" when nothing was."""

    header: Header
    manifest: Manifest
    aside: str
    seconds: float


def restore(
    source: Path, key: RecoveryKey, target: Target, replace: str | None = None, tell: Tell = lambda *_: None
) -> Restored:
    """Make the target an instance with the backup's data. Raises BackupRefused; then what was there is as it was."""
    begun = time.monotonic()
    with open_backup(source) as file:
        header = read_header(file)
    if not knows(header.revision):
        raise BackupRefused(
            T(
                "This backup was made by version %(theirs)s, which is newer. Install that one to restore it.",
                theirs=header.program,
            )
        )
    check(target, replace)
    attempt = _Attempt(target, target.aside(), target.marker.exists())
    try:
        mark(target, {"backup": source.name, "made_at": header.made_at})
        _clear(target)
        manifest = _rebuild(source, key, attempt, tell)
    except OSError as error:
        raise cannot_write(target.folder, error) from None
    except DBAPIError as error:
        raise BackupRefused(
            T("The database did not take it: %(reason)s", reason=str(error.orig).strip().partition("\n")[0])
        ) from None
    finally:
        attempt.end()
    return Restored(header, manifest, attempt.has_aside, time.monotonic() - begun)


@dataclass(slots=True)
class _Attempt:
    """``placing``: from now on things change places, and only a whole restore makes them right again."""

    target: Target
    aside: str
    was_unfinished: bool
    placing: bool = False
    has_aside: str = ""
    done: bool = False

    def end(self) -> None:
        """Given up before anything changed places, the instance that was there may start again."""
        if self.done or self.placing:
            return
        with contextlib.suppress(OSError):
            _clear(self.target)
            if not self.was_unfinished:
                self.target.marker.unlink(missing_ok=True)


def _rebuild(source: Path, key: RecoveryKey, attempt: _Attempt, tell: Tell) -> Manifest:
    target = attempt.target
    target.stage.mkdir(mode=0o700)
    with _transaction(target) as connection:
        if target.is_postgres and set_tables_aside(connection, attempt.aside):
            attempt.has_aside = attempt.aside
        size = source.stat().st_size
        with open_backup(source) as file:
            reader = Reader(file, key)
            filled = _fill(connection, reader, target.stage, lambda: tell("restore", file.tell(), size))
        tell("indexes", 1, 1)
        _compare(connection, filled, target.stage, reader.manifest, tell)
        migrate(connection, "head")
        _settle(connection, source.name, reader.header)
        private_text(target.stage / FILE, lambda: key.text)
        if target.is_postgres:
            _place_files(attempt, tell)
    if not target.is_postgres:
        _place_files(attempt, tell)
        _staged(target).rename(target.sqlite)
    tell("place", 1, 1)
    target.stage.rmdir()
    to_disk(target.folder)
    target.marker.unlink()
    attempt.done = True
    return reader.manifest


@contextlib.contextmanager
def _transaction(target: Target) -> Iterator[Connection]:
    """On a file beside the database's, which nobody trusts before it is whole, or on PostgreSQL."""
    staged = None if target.is_postgres else _staged(target)
    engine = target.engine(staged)
    try:
        with engine.connect() as connection:
            if staged:
                driver = connection.connection.driver_connection
                for pragma in (
                    "journal_mode=OFF",
                    "synchronous=OFF",
                    "foreign_keys=OFF",
                    "cache_size=-65536",
                ):
                    driver.execute(f"PRAGMA {pragma}")  # type: ignore[union-attr]
            with connection.begin():
                if not staged:
                    connection.exec_driver_sql("SET LOCAL TimeZone = 'UTC'")
                    connection.exec_driver_sql("SET LOCAL DateStyle = 'ISO'")
                    connection.exec_driver_sql("SET LOCAL statement_timeout = 0")
                yield connection
    finally:
        engine.dispose()
    if staged:
        staged.chmod(PRIVATE)
        to_disk(staged)


def _staged(target: Target) -> Path:
    return target.sqlite.with_name(f"{target.sqlite.name}.restoring")


def _fill(connection: Connection, reader: Reader, stage: Path, tell: Callable[[], None]) -> list[Shape]:
    """Tables and files; returns the tables in the form in which the backup has them."""
    made = make_tables(connection, reader.header.revision)
    make_again = without_indexes(connection)
    filled: list[Shape] = []
    for entry, blocks in reader.entries():
        tell()
        if entry.kind != TABLE:
            _write(stage, entry.name, b"".join(blocks))
        elif entry.shape is None or not fits(entry.shape, made):
            raise BackupDamaged(T("The table %(name)s is not known here.", name=entry.name))
        else:
            load(connection, entry.shape, blocks)
            filled.append(entry.shape)
    if len(filled) != len(made):
        raise BackupDamaged(T("Tables are missing in this backup."))
    make_again()
    return filled


def _write(stage: Path, name: str, content: bytes) -> None:
    path = stage / name
    if not path.resolve().is_relative_to(stage.resolve()):
        raise BackupDamaged(T("The name %(name)s leads out of the instance.", name=name))
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, PRIVATE), "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())


def _compare(
    connection: Connection, filled: list[Shape], stage: Path, manifest: Manifest, tell: Tell
) -> None:
    """What now stands in the database and on the disk, against what the manifest tells. Raises BackupDamaged."""
    tables, files = {}, {}
    for number, shape in enumerate(filled):
        tell("compare", number, len(filled))
        counted = tally(connection, shape)
        tables[shape.name] = counted.rows, counted.digest
    for name in manifest.files:
        content = (stage / name).read_bytes()
        files[name] = len(content), hashlib.sha256(content).hexdigest()
    if other := differing(tables, manifest.tables) + differing(files, manifest.files):
        raise BackupDamaged(
            T("After restoring, this is not what the manifest tells: %(names)s", names=", ".join(other[:5]))
        )


def _settle(connection: Connection, name: str, header: Header) -> None:
    """What is written into the restored data: where it comes from, and what must not come to life again.

    A session or an invitation of then may have been ended since, a message that waited may have been sent.
    """
    session = Session(connection)
    put_setting(session, RESTORED_FROM, f"{name} {header.made_at}")
    day = header.made_at[:10]
    why = f"从备份恢复（{day}），请先核对此后已发送的短信 – restored from a backup: look first what was sent since"
    paused = update(SmsChannel).where(SmsChannel.paused_at.is_(None))
    session.execute(paused.values(paused_at=datetime.now(UTC), paused_why=why))
    session.execute(update(SignedIn).where(SignedIn.ended_at.is_(None)).values(ended_at=datetime.now(UTC)))
    session.execute(update(Invitation).where(Invitation.used_at.is_(None)).values(until=datetime.now(UTC)))
    audit.record(session, audit.SYSTEM, "backup.restored", "backup", name, made_at=header.made_at)
    session.commit()  # the connection's transaction stays open


def _place_files(attempt: _Attempt, tell: Tell) -> None:
    target, attempt.placing = attempt.target, True
    names = {path.name for path in target.stage.iterdir()}
    if (target.folder / FILE).exists():  # the key of the backups that lie here
        (target.stage / FILE).unlink(missing_ok=True)
        names.discard(FILE)
    if set_files_aside(target, names, attempt.aside):
        attempt.has_aside = attempt.aside
    for name in sorted(names):
        (target.stage / name).rename(target.folder / name)
        tell("place", 0, 1)


def _clear(target: Target) -> None:
    """Remove what an attempt has made beside the instance."""
    shutil.rmtree(target.stage, ignore_errors=True)
    if not target.is_postgres:
        for ending in ("", "-wal", "-shm", "-journal"):
            staged = _staged(target)
            staged.with_name(staged.name + ending).unlink(missing_ok=True)
