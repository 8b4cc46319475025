"""Rows as text, the same from either database: PostgreSQL's COPY form, columns in the table's order, rows in the key's.

Truth is 0 and 1, a moment is UTC with six decimals, bytes are ``\\\\x`` and hex, and what is not there is
``\\N``. The database itself writes the lines. What tables and columns there are is asked of the database and
not of the models, so that one that still waits for its migration can be backed up before it.
"""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import chain
from typing import Any

from sqlalchemy import Connection, inspect
from sqlalchemy import types as sa

from app.backup.stream import BLOCK

INT, TEXT, BOOL, DATE, INSTANT, JSON, BYTES = "int", "text", "bool", "date", "instant", "json", "bytes"
_KINDS: tuple[tuple[type[sa.TypeEngine[Any]], str], ...] = (
    (sa.Boolean, BOOL),
    (sa.DateTime, INSTANT),
    (sa.Date, DATE),
    (sa.JSON, JSON),
    (sa.LargeBinary, BYTES),
    (sa.Integer, INT),
    (sa.String, TEXT),
)
VERSION_TABLE = "alembic_version"
_FETCH = 2_000
_SPECIAL = {
    "\\": 92,
    "t": 9,
    "n": 10,
    "r": 13,
    "b": 8,
    "f": 12,
    "v": 11,
}  # as COPY escapes them, the backslash first
_ANY_SPECIAL = f"'*['||char({','.join(str(code) for code in _SPECIAL.values())})||']*'"


@dataclass(frozen=True, slots=True)
class Shape:
    """A table: its columns with their kinds, in order, and the names of its key."""

    name: str
    columns: tuple[tuple[str, str], ...]
    key: tuple[str, ...]

    @property
    def names(self) -> str:
        return ", ".join(f'"{name}"' for name, _ in self.columns)


@dataclass(slots=True)
class Tally:
    """What passed: rows, and SHA-256 over their lines."""

    rows: int = 0
    _digest: Any = field(default_factory=hashlib.sha256)

    def add(self, block: bytes) -> None:
        self.rows += block.count(b"\n")  # within a value it is escaped
        self._digest.update(block)

    @property
    def digest(self) -> str:
        return str(self._digest.hexdigest())


def kind_of(type_: sa.TypeEngine[Any]) -> str:
    """Raises TypeError for a type that has no form here."""
    for known, kind in _KINDS:
        if isinstance(type_, known):
            return kind
    raise TypeError(f"no form for {type_!r} in a backup")


def shapes(connection: Connection) -> list[Shape]:
    """The tables of a database, by name, without Alembic's own."""
    inspector = inspect(connection)
    keys = {
        name: found["constrained_columns"] for (_, name), found in inspector.get_multi_pk_constraint().items()
    }
    columns = {name: found for (_, name), found in inspector.get_multi_columns().items()}
    return [
        Shape(name, tuple((c["name"], kind_of(c["type"])) for c in columns[name]), tuple(keys[name]))
        for name in sorted(columns)
        if name != VERSION_TABLE
    ]


def blocks(connection: Connection, shape: Shape) -> Iterator[bytes]:
    """A table's lines, in blocks of whole ones."""
    lines = _from_postgres if connection.dialect.name == "postgresql" else _from_sqlite
    waiting: list[bytes] = []
    size = 0
    for piece in lines(connection, shape):
        waiting.append(piece)
        size += len(piece)
        if size >= BLOCK:
            yield b"".join(waiting)
            waiting, size = [], 0
    if waiting:
        yield b"".join(waiting)


def tally(connection: Connection, shape: Shape) -> Tally:
    """Count a table as it stands in the database."""
    found = Tally()
    for block in blocks(connection, shape):
        found.add(block)
    return found


def _from_sqlite(connection: Connection, shape: Shape) -> Iterator[bytes]:
    driver: Any = connection.connection.driver_connection
    line = "||char(9)||".join(_in_sqlite(f'"{name}"', kind) for name, kind in shape.columns)
    order = ", ".join(f'"{name}"' for name in shape.key)
    cursor, number = driver.execute(f'SELECT {line} FROM "{shape.name}" ORDER BY {order}'), 1
    while rows := cursor.fetchmany(number):
        piece = ("\n".join(chain.from_iterable(rows)) + "\n").encode()
        yield piece
        number = max(1, min(_FETCH, number * BLOCK // len(piece)))  # a row may hold a whole file


def _in_sqlite(column: str, kind: str) -> str:
    if kind == BYTES:
        return f"CASE WHEN {column} IS NULL THEN '\\N' ELSE '\\\\x'||lower(hex({column})) END"
    if kind == INSTANT:  # a column's own default leaves the decimals away
        return f"coalesce(substr({column}||'.000000', 1, 26), '\\N')"
    if kind in (TEXT, JSON):
        escaped = column
        for letter, code in _SPECIAL.items():
            escaped = f"replace({escaped}, char({code}), '\\{letter}')"
        return f"coalesce(CASE WHEN {column} GLOB {_ANY_SPECIAL} THEN {escaped} ELSE {column} END, '\\N')"
    return f"coalesce(CAST({column} AS TEXT), '\\N')"


def _from_postgres(connection: Connection, shape: Shape) -> Iterator[bytes]:
    driver: Any = connection.connection.driver_connection
    columns = ", ".join(_in_postgres(f'"{name}"', kind) for name, kind in shape.columns)
    kinds = dict(shape.columns)
    order = ", ".join(f'"{name}"' + (' COLLATE "C"' if kinds[name] == TEXT else "") for name in shape.key)
    statement = f'COPY (SELECT {columns} FROM "{shape.name}" ORDER BY {order}) TO STDOUT'
    with driver.cursor() as cursor, cursor.copy(statement) as copy:
        for row in copy:
            yield bytes(row)


def _in_postgres(column: str, kind: str) -> str:
    if kind == BOOL:
        return f"{column}::int"
    if kind == INSTANT:
        return f"to_char({column} AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI:SS.US')"
    if kind == DATE:
        return f"to_char({column}, 'YYYY-MM-DD')"
    return column


def unescaped(value: str) -> str:
    """A text as it was before it became part of a line."""
    parts = value.split("\\\\")
    for letter, code in list(_SPECIAL.items())[1:]:
        parts = [part.replace(f"\\{letter}", chr(code)) for part in parts]
    return "\\".join(parts)
