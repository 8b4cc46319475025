"""Rows into an empty database: its tables by the migrations, without indexes and references until all rows are in.

Everything happens in one transaction of the given connection. Where the other kind of database wrote the lines,
nothing is different: their form is the same.
"""

from collections.abc import Callable, Iterator
from typing import Any

from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, text

from app.backup.lines import BYTES, INT, JSON, TEXT, Shape, shapes, unescaped
from app.backup.refused import BackupRefused
from app.config import ROOT
from app.labels import T

_NOTHING = "\\N"


def _config(connection: Connection | None = None) -> Config:
    config = Config()
    config.set_main_option("script_location", str(ROOT / "migrations"))
    config.attributes["connection"] = connection
    return config


def knows(revision: str) -> bool:
    """Can this program make tables as of that migration?"""
    return any(
        script.revision == revision for script in ScriptDirectory.from_config(_config()).walk_revisions()
    )


def newest() -> str | None:
    """The migration as of which this program's tables are."""
    return ScriptDirectory.from_config(_config()).get_current_head()


def migrate(connection: Connection, revision: str) -> None:
    """Up to a migration, "head" for the newest, within the connection's transaction."""
    command.upgrade(_config(connection), revision)


def make_tables(connection: Connection, revision: str) -> dict[str, Shape]:
    """Empty tables as of a migration."""
    migrate(connection, revision)
    made = {shape.name: shape for shape in shapes(connection)}
    for name in made:
        if connection.execute(text(f'SELECT 1 FROM "{name}" LIMIT 1')).first():
            connection.execute(text(f'DELETE FROM "{name}"'))  # what a migration has put there
    return made


def fits(shape: Shape, made: dict[str, Shape]) -> bool:
    """Does the table exist with these columns? Their order may be another."""
    return shape.name in made and sorted(made[shape.name].columns) == sorted(shape.columns)


def load(connection: Connection, shape: Shape, blocks: Iterator[bytes]) -> None:
    """Insert a table's lines. Raises BackupRefused with what the database says."""
    write = _to_postgres if connection.dialect.name == "postgresql" else _to_sqlite
    driver: Any = connection.connection.driver_connection
    error: Any = connection.dialect.dbapi.DatabaseError  # type: ignore[union-attr]
    try:
        write(driver, shape, blocks)
    except error as refused:
        raise BackupRefused(
            T(
                "The table %(name)s could not be filled: %(reason)s",
                name=shape.name,
                reason=type(refused).__name__ if "\n" in str(refused) else str(refused),
            )
        ) from None


def _to_postgres(driver: Any, shape: Shape, blocks: Iterator[bytes]) -> None:
    with driver.cursor() as cursor, cursor.copy(f'COPY "{shape.name}" ({shape.names}) FROM STDIN') as copy:
        for block in blocks:
            copy.write(block)


def _to_sqlite(driver: Any, shape: Shape, blocks: Iterator[bytes]) -> None:
    marks = ", ".join("?" if kind in (TEXT, JSON, BYTES) else "nullif(?, '\\N')" for _, kind in shape.columns)
    statement = f'INSERT INTO "{shape.name}" ({shape.names}) VALUES ({marks})'
    for block in blocks:
        driver.executemany(statement, _rows(shape, block))


def _rows(shape: Shape, block: bytes) -> Iterator[list[Any]]:
    """Values as the driver takes them; the database's own affinities make numbers of digits."""
    texts = [i for i, (_, kind) in enumerate(shape.columns) if kind in (TEXT, JSON)]
    bytes_ = [i for i, (_, kind) in enumerate(shape.columns) if kind == BYTES]
    for line in block.decode().split("\n")[:-1]:
        cells: list[Any] = line.split("\t")
        for i in bytes_:
            cells[i] = None if cells[i] == _NOTHING else bytes.fromhex(cells[i][3:])
        for i in texts:
            if "\\" in cells[i]:
                cells[i] = None if cells[i] == _NOTHING else unescaped(cells[i])
        yield cells


def without_indexes(connection: Connection) -> Callable[[], None]:
    """Take away what slows the loading; what is returned makes it anew, and judges every reference."""
    return (_bare_postgres if connection.dialect.name == "postgresql" else _bare_sqlite)(connection)


def _bare_postgres(connection: Connection) -> Callable[[], None]:
    references = connection.execute(
        text(
            "SELECT conrelid::regclass::text, quote_ident(conname), pg_get_constraintdef(oid) FROM pg_constraint "
            "WHERE contype = 'f' AND connamespace = current_schema()::regnamespace ORDER BY 1, 2"
        )
    ).all()
    indexes = connection.execute(
        text(
            "SELECT i.indexrelid::regclass::text, pg_get_indexdef(i.indexrelid) FROM pg_index i "
            "JOIN pg_class c ON c.oid = i.indexrelid WHERE c.relnamespace = current_schema()::regnamespace "
            "AND NOT EXISTS (SELECT FROM pg_constraint k WHERE k.conindid = i.indexrelid) ORDER BY 1"
        )
    ).all()
    for table, name, _ in references:
        connection.exec_driver_sql(f"ALTER TABLE {table} DROP CONSTRAINT {name}")
    for name, _ in indexes:
        connection.exec_driver_sql(f"DROP INDEX {name}")

    def make_again() -> None:
        for _, definition in indexes:
            connection.exec_driver_sql(definition.replace("%", "%%"))
        for table, name, definition in references:
            connection.exec_driver_sql(f"ALTER TABLE {table} ADD CONSTRAINT {name} {definition}")
        _count_on(connection)
        connection.exec_driver_sql("ANALYZE")

    return make_again


def _count_on(connection: Connection) -> None:
    """Sequences go on after the highest key."""
    for shape in shapes(connection):
        if len(shape.key) != 1 or dict(shape.columns)[shape.key[0]] != INT:
            continue
        sequence = connection.execute(
            text("SELECT pg_get_serial_sequence(quote_ident(:table), :key)"),
            {"table": shape.name, "key": shape.key[0]},
        ).scalar()
        if sequence:
            highest = f'SELECT coalesce(max("{shape.key[0]}"), 0) + 1 FROM "{shape.name}"'
            connection.exec_driver_sql(f"SELECT setval('{sequence}', ({highest}), false)")


def _bare_sqlite(connection: Connection) -> Callable[[], None]:
    found = connection.execute(
        text("SELECT name, sql FROM sqlite_master WHERE type = 'index' AND sql IS NOT NULL ORDER BY name")
    ).all()
    for name, _ in found:
        connection.exec_driver_sql(f'DROP INDEX "{name}"')

    def make_again() -> None:
        for _, definition in found:
            connection.exec_driver_sql(definition)
        if lost := connection.exec_driver_sql("PRAGMA foreign_key_check").fetchall():
            raise BackupRefused(T("%(n)s rows refer to something that is not in this backup.", n=len(lost)))

    return make_again
