"""A backup and its restore, against the database's own way of copying its rows out, without compression or a key."""

import shutil
import tempfile
from collections.abc import Generator, Iterator
from pathlib import Path

from flask import current_app

from app.backup.contents import verify
from app.backup.create import Made, create, snapshot
from app.backup.lines import shapes
from app.backup.recovery import RecoveryKey, known_key
from app.backup.restore import restore
from app.backup.target import Target
from app.config import Settings
from app.db import db
from benchmarks import portfolio
from benchmarks.databases import Databases, opened
from benchmarks.measure import Result, timed

PER_MILLE = 40


def measure(made: Databases, size: int) -> Iterator[Result]:
    """Create, verify and restore an instance of ``size`` loans, into each kind of database that is at hand."""
    settings = made.copy()
    with opened(settings):
        portfolio.fill(size, PER_MILLE, with_cases=True)
        key, done = yield from _made(settings, f"{size:,} loans")
    kept = Path(shutil.copy(done.path, made.folder / "kept.backup"))
    made.drop(settings)
    for kind in dict.fromkeys(("sqlite", made.kind)):
        yield _restored(made, kind, kept, key, f"{size:,} loans")


def _made(settings: Settings, loans: str) -> Generator[Result, None, tuple[RecoveryKey, Made]]:
    db.session.rollback()
    floor, _ = timed(_bare)
    seconds, done = timed(lambda: create(settings, "system"))
    assert isinstance(done, Made)
    rows = done.manifest.rows
    yield Result(
        "backup", f"{loans}, {rows:,} rows into {done.size >> 20} MB, read back", seconds, "s", floor,
        note=f"{rows / seconds:,.0f} rows/s",
    )  # fmt: skip
    key = known_key(Path(current_app.instance_path))
    assert key is not None
    seconds, _ = timed(lambda: verify(done.path, key))
    yield Result("backup", f"{loans}, verified", seconds, "s", note=f"{rows / seconds:,.0f} rows/s")
    return key, done


def _bare() -> None:
    """Every row out of the database: into a file of its own (SQLite), through COPY (PostgreSQL)."""
    with snapshot(db.engine) as connection, tempfile.TemporaryDirectory() as folder:
        driver = connection.connection.driver_connection
        assert driver is not None
        if connection.dialect.name == "sqlite":
            connection.rollback()
            driver.execute("VACUUM INTO ?", [f"{folder}/copy.db"])
            return
        for shape in shapes(connection):
            with driver.cursor() as cursor, cursor.copy(f'COPY "{shape.name}" TO STDOUT') as copy:
                for _ in copy:
                    pass


def _restored(made: Databases, kind: str, source: Path, key: RecoveryKey, loans: str) -> Result:
    folder = made.folder / f"restored-{kind}"
    url = f"sqlite:///{folder / 'qingshou.db'}" if kind == "sqlite" else made.empty("restored")
    seconds, done = timed(lambda: restore(source, key, Target(folder, Settings.database(url))))
    shutil.rmtree(folder)
    rate = f"{done.manifest.rows / seconds:,.0f} rows/s"
    return Result("backup", f"{loans}, restored into {kind}, counted and hashed", seconds, "s", note=rate)
