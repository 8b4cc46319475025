"""The database: one declarative base, naming of constraints, and SQLite set up to be trusted.

SQLite runs in WAL mode with full synchronisation. A transaction that will write must say so when it begins:
a deferred one that upgrades later fails at once, whatever the busy timeout. So transactions begin IMMEDIATE
unless :func:`reading` says that this context only reads; the web layer says it for GET requests.
"""

import contextlib
import sqlite3
from collections.abc import Iterator
from contextvars import ContextVar
from datetime import UTC, date, datetime
from decimal import ROUND_HALF_UP, Decimal
from enum import Enum
from typing import Any, TypeVar

from flask_sqlalchemy import SQLAlchemy
from sqlalchemy import (
    BigInteger,
    Connection,
    DateTime,
    Dialect,
    Engine,
    Integer,
    MetaData,
    String,
    event,
    select,
)
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column, registry
from sqlalchemy.types import TypeDecorator

NAMING = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
    "pk": "pk_%(table_name)s",
}
FOREVER = date(9999, 12, 31)
SQLITE_BUSY_SECONDS = 30
CONNECT_SECONDS = 5  # to a server that does not even refuse
SILENT_SECONDS = 30
SQLITE_CACHE_KIB = 16 * 1024  # of each connection; the usual 2 MiB hold less than the cases of a large county

_read_only: ContextVar[bool] = ContextVar("read_only", default=False)


class Instant(TypeDecorator[datetime]):
    """A moment, stored in UTC and always read back with its zone."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("an Instant needs a zone")
        return value.astimezone(UTC)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is not None and value.tzinfo is None:
            return value.replace(tzinfo=UTC)
        return value


class Percent(TypeDecorator[Decimal]):
    """A percentage with four decimals, stored as an integer of 1/10 000 %, because SQLite has no decimals."""

    impl = Integer
    cache_ok = True

    def process_bind_param(self, value: Decimal | None, dialect: Dialect) -> int | None:
        return None if value is None else int(value.scaleb(4).to_integral_value(ROUND_HALF_UP))

    def process_result_value(self, value: int | None, dialect: Dialect) -> Decimal | None:
        return None if value is None else Decimal(value).scaleb(-4)


E = TypeVar("E", bound=Enum)


class Choice(TypeDecorator[E]):
    """An enum stored by its value, as text."""

    impl = String(32)
    cache_ok = True

    def __init__(self, kind: type[E]) -> None:
        super().__init__()
        self.kind = kind

    def process_bind_param(self, value: E | str | None, dialect: Dialect) -> str | None:
        return None if value is None else self.kind(value).value

    def process_result_value(self, value: str | None, dialect: Dialect) -> E | None:
        return None if value is None else self.kind(value)


class Base(DeclarativeBase):
    registry = registry(
        metadata=MetaData(naming_convention=NAMING),
        type_annotation_map={datetime: Instant(), int: BigInteger().with_variant(Integer(), "sqlite")},
    )


class Setting(Base):
    """A fact about this instance that the program itself keeps: its business date, its key's fingerprint."""

    __tablename__ = "setting"

    key: Mapped[str] = mapped_column(String(64), primary_key=True)
    value: Mapped[str] = mapped_column(String(1024))


def get_setting(session: Session, key: str) -> str | None:
    row = session.get(Setting, key)
    if is_read_only():
        session.info["setting", key] = row  # a session holds its rows weakly; so a page asks for each once
    return row.value if row else None


def put_setting(session: Session, key: str, value: str) -> None:
    session.merge(Setting(key=key, value=value))


def own_setting(session: Session, key: str) -> str:
    """A setting as it is now ("" when it was never put), and nobody else's until this transaction ends.

    For what is read in order to be written: of two transactions at once, the second waits and sees the first one's.
    """
    dialect = postgresql if session.connection().dialect.name == "postgresql" else sqlite
    session.execute(dialect.insert(Setting).values(key=key, value="").on_conflict_do_nothing())
    query = select(Setting).where(Setting.key == key).with_for_update()
    return session.scalars(query, execution_options={"populate_existing": True}).one().value


db = SQLAlchemy(model_class=Base)


@contextlib.contextmanager
def reading(only: bool = True) -> Iterator[None]:
    """Transactions begun inside take no write lock (SQLite)."""
    token = _read_only.set(only)
    try:
        yield
    finally:
        _read_only.reset(token)


def set_read_only(only: bool) -> None:
    """The same for the rest of this context: a web request's whole life."""
    _read_only.set(only)


def is_read_only() -> bool:
    """Does this context only read?"""
    return _read_only.get()


def engine_options(url: str) -> dict[str, Any]:
    """A connection that the server has closed meanwhile is noticed before it is used, and values stay out of errors."""
    if url.startswith("sqlite"):
        return {"hide_parameters": True}
    waits = {  # a server that vanished without a word is given up after half a minute, not after hours
        "connect_timeout": CONNECT_SECONDS, "keepalives_idle": SILENT_SECONDS, "keepalives_interval": 5,
        "keepalives_count": 3, "tcp_user_timeout": SILENT_SECONDS * 1000,
    }  # fmt: skip
    return {"hide_parameters": True, "pool_pre_ping": True, "connect_args": waits}


@event.listens_for(Engine, "connect")
def _prepare(connection: Any, _record: object) -> None:
    if not isinstance(connection, sqlite3.Connection):
        return
    connection.isolation_level = None  # SQLAlchemy's own BEGIN below, none of the driver's
    for pragma in (
        "journal_mode=WAL",
        "synchronous=FULL",
        "foreign_keys=ON",
        f"busy_timeout={SQLITE_BUSY_SECONDS * 1000}",
        f"cache_size=-{SQLITE_CACHE_KIB}",
    ):
        connection.execute(f"PRAGMA {pragma}")


@event.listens_for(Engine, "begin")
def _begin(connection: Connection) -> None:
    if connection.dialect.name == "sqlite":
        connection.exec_driver_sql("BEGIN" if _read_only.get() else "BEGIN IMMEDIATE")
