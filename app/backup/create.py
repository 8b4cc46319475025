"""Making a backup while the program runs.

1. Files that are there are copied first, and those that came meanwhile after the rows: whatever a row refers to
is in the backup, also when it is deleted in between. 2. The rows are read in one snapshot of the database. 3.
The keys are read before and after, so that the backup opens although the key is changed meanwhile. 4. The
finished file is read and judged as ``verify`` does before it gets its name: a killed or failed run leaves none.
"""

import contextlib
import os
import secrets
import time
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import BinaryIO

from sqlalchemy import Connection, Engine, inspect, text

from app import audit
from app.backup.contents import DATA_KEY, KEY, Manifest, Tell, Writer, verify
from app.backup.lines import VERSION_TABLE, blocks, shapes
from app.backup.load import newest
from app.backup.recovery import RecoveryKey, own_key
from app.backup.refused import BackupRefused
from app.backup.shelf import PART, alone, cannot_write, name_of, prune, to_disk
from app.backup.stream import Header
from app.config import PRIVATE, ROOT, Settings
from app.db import db, reading
from app.keys import sealed_files
from app.labels import T
from app.privacy import read_keys

_SALT = 32


@dataclass(frozen=True, slots=True)
class Made:
    """A finished backup. ``new_key`` is the recovery key when it was made with this first one; ``removed`` are older
    files that do not stay. Bytes, seconds."""

    path: Path
    header: Header
    manifest: Manifest
    size: int
    seconds: float
    removed: int
    new_key: RecoveryKey | None


def program_version() -> str:
    return str(tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]["version"])


def create(settings: Settings, actor: str, tell: Tell = lambda *_: None, to: Path | None = None) -> Made:
    """Make a backup in the settings' folder, or in ``to``, where nothing is removed. Commits its entry of the trail.

    Raises BackupRefused.
    """
    begun, folder = time.monotonic(), to or settings.backups
    with alone(folder):
        key, is_new = own_key(settings.instance)
        moment = datetime.now(UTC).replace(microsecond=0)
        path = folder / name_of(moment)
        part = path.with_name(path.name + PART)
        try:
            with _private(part) as file:
                made = _write(file, settings.instance, key, moment, tell)
                file.flush()
                os.fsync(file.fileno())
            header, manifest = made
            verify(part, key, tell)
            if path.exists():
                raise BackupRefused(T("There is a backup of this very second already."))
            part.rename(path)
            to_disk(folder)
        except OSError as error:
            raise cannot_write(part, error) from None
        finally:
            part.unlink(missing_ok=True)
        removed = [] if to else prune(folder, settings.backup_keep)
        size = path.stat().st_size
        if header.revision == newest():  # the trail of an older one is not this program's to write
            told = {"rows": manifest.rows, "bytes": size, "key": key.name}
            audit.record(db.session(), actor, "backup.created", "backup", path.name, **told)
            db.session.commit()
    return Made(path, header, manifest, size, time.monotonic() - begun, len(removed), key if is_new else None)


def _private(path: Path) -> BinaryIO:
    return os.fdopen(os.open(path, os.O_RDWR | os.O_CREAT | os.O_TRUNC, PRIVATE), "wb")


def _write(
    file: BinaryIO, instance: Path, key: RecoveryKey, moment: datetime, tell: Tell
) -> tuple[Header, Manifest]:
    with snapshot(db.engine) as connection:
        header = Header(
            made_at=moment.isoformat(),
            program=program_version(),
            revision=revision_of(connection),
            database=connection.dialect.name,
            key=key.name,
            salt=secrets.token_hex(_SALT),
        )
    writer = Writer(file, key, header)
    keys = _keys(instance)
    _copy_files(writer, instance, tell)
    with snapshot(db.engine) as connection:
        if revision_of(connection) != header.revision:
            raise BackupRefused(T("The database is being migrated just now. Make the backup afterwards."))
        tables = shapes(connection)
        for number, shape in enumerate(tables):
            tell("tables", number, len(tables))
            writer.table(shape, blocks(connection, shape))
    _copy_files(writer, instance, tell)
    for name, content in _merged(keys, _keys(instance)).items():
        writer.file(name, content, KEY)
    return header, writer.close()


@contextlib.contextmanager
def snapshot(engine: Engine) -> Iterator[Connection]:
    """A transaction that sees the database as it is now until it ends, and blocks nobody."""
    with reading(), engine.connect() as connection:
        if connection.dialect.name == "postgresql":
            connection.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)
            connection.execute(text("SET LOCAL statement_timeout = 0"))
        yield connection
        connection.rollback()


def revision_of(connection: Connection) -> str:
    """The database's migration. Raises BackupRefused when it has none."""
    if inspect(connection).has_table(VERSION_TABLE):
        found = connection.execute(text(f"SELECT version_num FROM {VERSION_TABLE}")).scalar()
        if found:
            return str(found)
    raise BackupRefused(T("This instance has no tables yet, so there is nothing to back up."))


def _copy_files(writer: Writer, instance: Path, tell: Tell) -> None:
    """Those that are not in it yet; they are sealed already, and stay so."""
    waiting = [
        path
        for path in sealed_files(instance)
        if str(path.relative_to(instance)) not in writer.manifest.files
    ]
    for number, path in enumerate(waiting):
        with contextlib.suppress(FileNotFoundError):  # gone meanwhile
            writer.file(str(path.relative_to(instance)), path.read_bytes())
        tell("files", number + 1, len(waiting))


def _keys(instance: Path) -> dict[str, bytes]:
    """The key of personal data, and those that seal bulletins."""
    return {
        path.name: path.read_bytes()
        for path in (instance / DATA_KEY, *sorted(instance.glob("signing-*.pem")))
    }


def _merged(before: dict[str, bytes], after: dict[str, bytes]) -> dict[str, bytes]:
    """All data keys that were in use from the beginning to the end."""
    known = {**read_keys(before[DATA_KEY].decode("ascii")), **read_keys(after[DATA_KEY].decode("ascii"))}
    lines = "".join(f"{number}:{key.hex()}\n" for number, key in sorted(known.items()))
    return {**before, **after, DATA_KEY: lines.encode()}
