"""What the database layer promises: moments with a zone, exact percentages, enums, and SQLite's one writer."""

from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal
from typing import Any

import pytest
from flask import Flask
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import Connection, Dialect, text
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.exc import IntegrityError, OperationalError, StatementError
from sqlalchemy.orm import Session

from app.accounts.models import User
from app.accounts.rules import Role
from app.db import Choice, Instant, Percent, Setting, db, get_setting, put_setting, reading, set_read_only
from app.places.models import Branch, Lender, Region
from app.places.rules import Level
from app.startup import register_models

DIALECTS = st.sampled_from([sqlite.dialect(), postgresql.dialect()])
SHANGHAI = timezone(timedelta(hours=8))


def stored(kind: Any, value: Any, dialect: Dialect) -> Any:
    """There and back, as a driver would."""
    return kind.process_result_value(kind.process_bind_param(value, dialect), dialect)


def account(**changed: Any) -> User:
    filled = {
        "username": "a",
        "name": "甲",
        "role": Role.ADMIN,
        "password_hash": "x",
        "created_at": datetime.now(UTC),
    }
    return User(**(filled | changed))


def test_a_moment_without_a_zone_is_refused(session: Session) -> None:
    session.add(account(created_at=datetime(2023, 11, 8, 9, 30)))
    with pytest.raises(StatementError, match="an Instant needs a zone"):
        session.flush()


def test_a_moment_comes_back_as_the_same_moment(session: Session) -> None:
    moment = datetime(2023, 11, 8, 1, 30, 15, 123456, tzinfo=SHANGHAI)  # still the 7th in UTC
    session.add(made := account(created_at=moment, totp_since=None))
    session.commit()
    assert made.created_at == moment and made.created_at.utcoffset() is not None
    assert made.totp_since is None


@given(st.datetimes(datetime(1900, 1, 2), datetime(2200, 1, 1), timezones=st.timezones()), DIALECTS)
def test_any_moment(moment: datetime, dialect: Dialect) -> None:
    # PostgreSQL's driver answers in the session's zone, SQLite's without one.
    assert stored(Instant(), moment, dialect) == moment.astimezone(UTC)
    naive = moment.astimezone(UTC).replace(tzinfo=None)
    assert Instant().process_result_value(naive, dialect) == moment.astimezone(UTC)


@given(st.decimals(-100, 1000, places=4), DIALECTS)
def test_a_percentage_is_exact(value: Decimal, dialect: Dialect) -> None:
    assert stored(Percent(), value, dialect) == value


@pytest.mark.parametrize(
    ("value", "kept"), [("4.35005", "4.3501"), ("4.35015", "4.3502"), ("4.350049", "4.3500")]
)
def test_more_decimals_than_are_kept_are_rounded_half_up_as_everywhere(value: str, kept: str) -> None:
    assert stored(Percent(), Decimal(value), sqlite.dialect()) == Decimal(kept)


def test_an_enum_is_stored_by_its_value_and_no_other_is_taken(session: Session) -> None:
    session.add(made := account())
    session.commit()
    assert session.scalar(text("SELECT role FROM user_account")) == "admin"
    assert made.role is Role.ADMIN
    with pytest.raises(StatementError):
        session.query(User).where(User.role == "emperor").all()
    with pytest.raises(ValueError, match="emperor"):
        Choice(Role).process_result_value("emperor", sqlite.dialect())


def test_a_setting_is_put_and_changed(session: Session) -> None:
    assert get_setting(session, "no such") is None
    put_setting(session, "x", "1")
    session.commit()
    put_setting(session, "x", "2")
    session.commit()
    assert get_setting(session, "x") == "2"
    assert session.query(Setting).where(Setting.key == "x").count() == 1


@pytest.mark.parametrize(
    "orphan",
    [
        lambda: Region(code="999999001", parent_code="999999", level=Level.TOWNSHIP, name="无", short="无"),
        lambda: Branch(lender_id=12345, name="无"),
        lambda: account(region_code="999999"),
    ],
    ids=["region", "branch", "account"],
)
def test_what_points_to_nothing_is_refused(session: Session, orphan: Any) -> None:
    session.add(orphan())
    with pytest.raises(IntegrityError):
        session.flush()


def test_every_constraint_and_index_has_a_name_that_a_migration_can_use() -> None:
    register_models()
    for table in db.metadata.tables.values():
        for thing in (*table.constraints, *table.indexes):
            assert thing.name, f"{table.name}: {thing}"
            assert len(str(thing.name)) <= 63, f"PostgreSQL cuts {thing.name}"


def test_no_table_has_a_column_of_fractions() -> None:
    """Amounts are whole 分, percentages whole 1/10 000 %: SQLite would keep a decimal as a float."""
    register_models()
    kinds = {str(column.type) for table in db.metadata.tables.values() for column in table.columns}
    assert not {kind for kind in kinds if kind.startswith(("FLOAT", "NUMERIC", "DECIMAL", "DOUBLE", "REAL"))}


# SQLite: one writer at a time, who says so at the beginning, and readers who never wait.
@pytest.fixture
def impatient(app: Flask) -> Any:
    """Opens a connection of its own that gives up at once where another one holds what it needs."""
    opened: list[Connection] = []

    def connect() -> Connection:
        connection = db.engine.connect()
        opened.append(connection)
        if connection.dialect.name == "sqlite":
            connection.connection.driver_connection.execute("PRAGMA busy_timeout=1")  # type: ignore[union-attr]
        else:
            connection.exec_driver_sql("SET lock_timeout = '50ms'")
            connection.commit()
        return connection

    yield connect
    for connection in opened:
        connection.close()


WRITE = text("INSERT INTO lender (name, due_date_rule) VALUES ('某银行', 'none')")
COUNT = text("SELECT count(*) FROM lender")


def test_a_reader_neither_waits_for_a_writer_nor_holds_one_up(impatient: Any) -> None:
    writer, reader = impatient(), impatient()
    writer.execute(WRITE)
    with reading():
        assert reader.execute(COUNT).scalar() == 0  # not yet committed, and not waited for
    writer.commit()
    with reading():
        reader.rollback()
        assert reader.execute(COUNT).scalar() == 1
    another = impatient()
    another.execute(text("UPDATE lender SET name = '另一银行'"))
    another.commit()  # with the reader's transaction still open


@pytest.mark.parametrize("db_kind", ["sqlite"])
def test_a_second_writer_is_told_at_the_beginning_of_its_transaction(impatient: Any) -> None:
    first, second = impatient(), impatient()
    first.execute(COUNT)  # a transaction that may write holds the lock before it does
    with pytest.raises(OperationalError, match="locked"):
        second.execute(COUNT)
    first.rollback()
    assert second.execute(COUNT).scalar() == 0


@pytest.mark.parametrize("db_kind", ["sqlite"])
def test_reading_ends_where_it_says_and_a_request_can_set_it_for_its_life(impatient: Any) -> None:
    def takes_the_lock() -> bool:
        connection, other = impatient(), impatient()
        connection.execute(COUNT)
        try:
            other.execute(WRITE)
        except OperationalError:
            return True
        finally:
            other.rollback()
            connection.rollback()
        return False

    assert takes_the_lock()
    set_read_only(True)
    with reading(only=False):
        assert takes_the_lock()
    try:
        connection = impatient()
        connection.execute(COUNT)
    finally:
        set_read_only(False)
    writer = impatient()
    writer.execute(WRITE)
    writer.rollback()


@pytest.mark.parametrize("db_kind", ["sqlite"])
def test_sqlite_is_set_up_to_be_trusted(session: Session) -> None:
    pragmas = {
        name: session.execute(text(f"PRAGMA {name}")).scalar() for name in ("journal_mode", "synchronous")
    }
    assert pragmas == {"journal_mode": "wal", "synchronous": 2}
    assert session.execute(text("PRAGMA foreign_keys")).scalar() == 1
    assert session.execute(text("PRAGMA busy_timeout")).scalar() == 30_000


def test_a_name_is_there_once(session: Session) -> None:
    session.add_all([Lender(name="罗平农商行"), Lender(name="罗平农商行")])
    with pytest.raises(IntegrityError):
        session.flush()
