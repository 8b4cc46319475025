"""Changing the key of the sealed columns and files while the program runs.

1. A new key joins the old one in the key's file. From then on whoever seals uses the new one, whoever looks for a
value looks for it under both, and an import first lifts what it will meet to the new one (``lift``).
2. Batch by batch what stands under the old key is sealed anew, and committed: columns first, then files. Killed at any
moment, the next run goes on where it ended; the values themselves say under which key they are.
3. When nothing is left under the old key, its line leaves the file.
"""

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from flask import Flask
from sqlalchemy import (
    Column,
    ColumnElement,
    Connection,
    LargeBinary,
    MetaData,
    bindparam,
    func,
    select,
    text,
    type_coerce,
    update,
)
from sqlalchemy.orm import Session

from app import audit
from app.db import Base, db, put_setting, reading
from app.files import write_whole
from app.ledger import actions as ledger
from app.privacy import MOST_KEYS, Keyring, Sealed, keyring, new_key, read_keys, write_keys
from app.startup import KEY_FINGERPRINT

BATCH = 200  # values sealed anew in one transaction
SEALED_FOLDERS = (
    "attachments",
    "batches",
    "imports",
)  # below the instance; what keeps sealed files is named here
_PASSES = 20
_LOOK, _LONGEST_WAIT = 0.05, 12_000  # seconds between looks, looks: ten minutes
_PLAIN_ENDINGS = {".progress"}  # beside sealed files, and not sealed
_PAUSE = 1.0  # after a batch, in its own lengths: half of the time is everybody else's

Tell = Callable[[str, int, int], None]


class KeyRefused(RuntimeError):
    """The keys cannot be changed; the message says why."""


@dataclass
class Status:
    """How many values and files each key has sealed; ``keys`` are those in the file, the last one seals."""

    keys: tuple[int, ...]
    values: dict[str, dict[int, int]] = field(default_factory=dict)
    files: dict[int, int] = field(default_factory=dict)

    def under(self, number: int) -> int:
        """Values and files that a key has sealed."""
        return sum(of.get(number, 0) for of in self.values.values()) + self.files.get(number, 0)

    @property
    def older(self) -> int:
        """Values and files under any key but the one that seals."""
        numbers = {*self.files, *(n for of in self.values.values() for n in of)}
        return sum(self.under(number) for number in numbers if number != self.keys[-1])

    def to_json(self) -> dict[str, Any]:
        return {
            "keys": list(self.keys),
            "values": {c: {str(n): k for n, k in of.items()} for c, of in self.values.items()},
            "files": {str(n): k for n, k in self.files.items()},
        }


def sealed_columns(metadata: MetaData = Base.metadata) -> list[Column[Any]]:
    """Every column that the key seals, wherever a slice declared it."""
    return [
        column
        for table in metadata.sorted_tables
        for column in table.columns
        if isinstance(column.type, Sealed)
    ]


def _raw(column: Column[Any]) -> ColumnElement[bytes]:
    """The ciphertext as it stands."""
    return type_coerce(column, LargeBinary())


def _older(column: Column[Any], number: int) -> ColumnElement[bool]:
    """Sealed by a key before ``number``: the key's number is the first byte, so an index serves."""
    return _raw(column) < bytes([number])


def status(session: Session, instance: Path, ring: Keyring) -> Status:
    """Count what each key has sealed."""
    found = Status(ring.numbers)
    for column in sealed_columns():
        first = func.substr(_raw(column), 1, 1, type_=LargeBinary())
        query = select(first, func.count()).where(column.is_not(None)).group_by(first)
        found.values[str(column)] = {bytes(byte)[0]: count for byte, count in session.execute(query)}
    for path in sealed_files(instance):
        number = _number_of(path)
        found.files[number] = found.files.get(number, 0) + 1
    return found


def sealed_files(instance: Path) -> Iterator[Path]:
    """Every sealed file of an instance, whichever key sealed it."""
    for folder in SEALED_FOLDERS:
        for path in sorted((instance / folder).glob("*")):
            other = path.suffix in _PLAIN_ENDINGS or path.name == "lock" or path.name.startswith("tmp")
            if not other and path.is_file() and path.stat().st_size > 1:
                yield path


def _number_of(path: Path) -> int:
    with path.open("rb") as file:
        return file.read(1)[0]


@dataclass
class Rotated:
    """What a run did: the number of the key that now seals, values and files sealed anew, seconds taken.

    ``damaged`` files open with no key, and did not before either.
    """

    key: int
    values: int = 0
    files: int = 0
    damaged: int = 0
    seconds: float = 0


def rotate(app: Flask, actor: str, tell: Tell = lambda *_: None, batch: int = BATCH) -> Rotated:
    """Change the key, or go on with a change that was begun. Commits after every batch. Raises KeyRefused."""
    path, ring = Path(app.instance_path) / "data.key", keyring()
    begun = time.monotonic()
    if not ring.is_changing:
        _add_key(path, actor)
        ring.refresh()
    done = Rotated(ring.current)
    for _ in range(_PASSES):
        _wait_for_the_others(db.session())
        for column in sealed_columns():
            done.values += _rotate_column(column, ring, batch, tell)
        files, done.damaged = _rotate_files(Path(app.instance_path), ring, tell)
        done.files += files
        with reading():
            left = status(db.session(), Path(app.instance_path), ring).older
            db.session.rollback()
        if left == done.damaged:
            break
    else:
        raise KeyRefused(
            "values under the old key keep coming back: is an older version of the program running?"
        )
    put_setting(db.session(), KEY_FINGERPRINT, ring.fingerprint)
    audit.record(db.session(), actor, "keys.rotated", "key", done.key, values=done.values, files=done.files)
    db.session.commit()
    keys = read_keys(path.read_text("ascii"))
    write_keys(path, {done.key: keys[done.key]})
    ring.refresh()
    done.seconds = time.monotonic() - begun
    return done


def _add_key(path: Path, actor: str) -> None:
    keys = read_keys(path.read_text("ascii"))
    number = max(keys) + 1
    if number > MOST_KEYS:
        raise KeyRefused(f"this instance has had {MOST_KEYS} keys; no number is left for another")
    write_keys(path, {**keys, number: bytes.fromhex(new_key())})
    audit.record(db.session(), actor, "keys.added", "key", number)
    db.session.commit()


def _wait_for_the_others(session: Session) -> None:
    """Until an import and every transaction that may have begun under the old key alone has ended (PostgreSQL).

    SQLite has one writer by itself, and it looks at the key's file within its transaction.
    """
    if session.connection().dialect.name != "postgresql":
        session.rollback()
        return
    since = session.scalar(text("SELECT clock_timestamp()"))
    ledger.lock(session, wait=True)
    session.rollback()
    running = text(
        "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid() "
        "AND backend_xid IS NOT NULL AND xact_start < :since"
    )
    for _ in range(_LONGEST_WAIT):
        waiting = session.scalar(running, {"since": since})
        session.rollback()
        if not waiting:
            return
        time.sleep(_LOOK)
    raise KeyRefused("a transaction on the database does not end; end it, and run this again")


def _rotate_column(column: Column[Any], ring: Keyring, batch: int, tell: Tell) -> int:
    """Seal what stands in a column anew, in the order of the table's key; returns how many values."""
    session, key = db.session(), next(iter(column.table.primary_key))
    with reading():
        total = session.scalar(select(func.count()).where(_older(column, ring.current))) or 0
        session.rollback()
    done, after = 0, None
    while total:
        begun = time.monotonic()
        query = select(key, _raw(column)).where(_older(column, ring.current)).order_by(key).limit(batch)
        rows = session.execute(query if after is None else query.where(key > after)).all()
        if not rows:
            session.rollback()
            break
        _write(session.connection(), column, key, [(number, bytes(old)) for number, old in rows], ring)
        session.commit()
        done, after = done + len(rows), rows[-1][0]
        tell(str(column), done, total)
        time.sleep((time.monotonic() - begun) * _PAUSE)
    return done


def _write(
    connection: Connection,
    column: Column[Any],
    key: Column[Any],
    rows: list[tuple[Any, bytes]],
    ring: Keyring,
) -> None:
    """A value that somebody else has changed meanwhile is left as that one wrote it."""
    context = column.type.context  # type: ignore[attr-defined]
    statement = (
        update(column.table)
        .where(key == bindparam("which"), _raw(column) == bindparam("old", type_=LargeBinary()))
        .values({column: bindparam("new", type_=LargeBinary())})
    )
    connection.execute(
        statement,
        [{"which": n, "old": old, "new": ring.seal(ring.open(old, context), context)} for n, old in rows],
    )


def _rotate_files(instance: Path, ring: Keyring, tell: Tell) -> tuple[int, int]:
    """Seal files anew; returns how many, and how many are damaged."""
    waiting = [path for path in sealed_files(instance) if _number_of(path) < ring.current]
    done = damaged = 0
    for path in waiting:
        try:
            content = ring.open_file(path.read_bytes())
        except FileNotFoundError:
            continue  # gone meanwhile
        except ValueError:
            damaged += 1
            continue
        write_whole(path, ring.seal_file(content))
        done += 1
        tell("files", done, len(waiting))
    return done, damaged
