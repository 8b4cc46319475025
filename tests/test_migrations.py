"""The migrations make what the models say, from nothing and back, on both databases."""

from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from flask import Flask
from flask_migrate import downgrade, upgrade
from sqlalchemy import Connection, Table, func, inspect, select, text
from sqlalchemy import types as sqltypes

from app import create_app
from app.bulletin.queries import figures
from app.cases.models import Case
from app.cases.states import State as CaseState
from app.config import ROOT
from app.db import Base, Choice, Instant, Percent, db
from app.loans.models import Borrower
from app.privacy import Sealed
from app.setup import migrate
from app.today import now
from app.trail.verify import verify
from tests.conftest import Instances

DAY, OCTOBER = date(2023, 11, 30), date(2023, 10, 31)
SCRIPTS = ScriptDirectory(str(ROOT / "migrations"))


@pytest.fixture
def empty(instances: Instances, db_kind: str) -> Iterator[Flask]:
    """An instance that has been migrated from nothing and holds no data."""
    settings = instances.make(db_kind)
    app = create_app(settings)
    with app.app_context():
        yield app
        db.session.remove()
        db.engine.dispose()
    instances.drop(settings)


def differences(connection: Connection) -> list[object]:
    options = {"compare_type": True, "compare_server_default": True}
    return list(compare_metadata(MigrationContext.configure(connection, opts=options), Base.metadata))


def contents(connection: Connection) -> dict[str, set[str]]:
    """Every table, index, trigger and function that is there."""
    found = inspect(connection)
    tables = set(found.get_table_names())
    made = {
        "tables": tables,
        "indexes": {str(i["name"]) for table in tables for i in found.get_indexes(table)},
    }
    if connection.dialect.name == "sqlite":
        queries = {"triggers": "SELECT name FROM sqlite_master WHERE type = 'trigger'"}
    else:
        queries = {
            "triggers": "SELECT tgname FROM pg_trigger WHERE NOT tgisinternal",
            "functions": "SELECT proname FROM pg_proc WHERE pronamespace = 'public'::regnamespace",
            "sequences": "SELECT relname FROM pg_class WHERE relkind = 'S'",
            "types": "SELECT typname FROM pg_type WHERE typtype = 'e'",
        }
    return made | {kind: set(connection.scalars(text(query))) for kind, query in queries.items()}


def test_down_to_nothing_and_up_again(empty: Flask) -> None:
    with db.engine.connect() as connection:
        assert differences(connection) == []
        first = contents(connection)
    assert {"loan", "snapshot", "collection_case", "audit_entry"} <= first["tables"]
    assert any(name.startswith("audit_entry") for name in first["triggers"])

    downgrade(revision="base")
    with db.engine.connect() as connection:
        left = contents(connection)
    assert left.pop("tables") == {"alembic_version"}
    assert not any(left.values()), left

    upgrade()
    with db.engine.connect() as connection:
        assert differences(connection) == []
        assert contents(connection) == first


@pytest.mark.slow
def test_each_step_can_be_taken_back(empty: Flask) -> None:
    for revision in [script.revision for script in SCRIPTS.walk_revisions()]:
        with db.engine.connect() as connection:
            assert MigrationContext.configure(connection).get_current_revision() == revision
            before = contents(connection)
        downgrade()
        upgrade(revision=revision)
        with db.engine.connect() as connection:
            assert contents(connection) == before
        downgrade()


def test_the_comparison_notices_a_difference(empty: Flask) -> None:
    with db.engine.connect() as connection:
        connection.execute(text("ALTER TABLE lender ADD COLUMN extra INTEGER"))
        connection.execute(text("DROP INDEX ix_loan_branch_id"))
        assert len(differences(connection)) == 2


def test_one_line_of_migrations_in_the_order_of_their_names() -> None:
    revisions = [script.revision for script in SCRIPTS.walk_revisions()][::-1]
    names = sorted(path.stem for path in (ROOT / "migrations" / "versions").glob("*.py"))
    assert len(SCRIPTS.get_heads()) == 1
    assert [name.partition("_")[0] for name in names] == revisions


def test_an_instance_that_is_up_to_date_is_left_alone(empty: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    def never(*_: object, **__: object) -> None:
        raise AssertionError("nothing to migrate")

    monkeypatch.setattr("app.setup.upgrade", never)
    migrate(empty)


# With data


@pytest.fixture
def filled(instances: Instances, db_kind: str) -> Iterator[Flask]:
    """The demonstration county, and at least one row in every table."""

    def prepare() -> None:
        from flask import current_app

        from app.demo.load import load_demo

        load_demo(current_app, lambda *_: None)

    settings = instances.make(db_kind, "demo", prepare)
    app = create_app(settings)
    with app.app_context():
        for table in Base.metadata.sorted_tables:
            if not db.session.scalar(select(func.count()).select_from(table)):
                db.session.execute(table.insert().values(a_row(table)))
        outbox = Base.metadata.tables[
            "outbox_message"
        ]  # to somebody who is no borrower: an earlier program had none
        db.session.execute(outbox.insert().values(a_row(outbox) | {"borrower_id": None}))
        db.session.commit()
        yield app
        db.session.remove()
        db.engine.dispose()
    instances.drop(settings)


def a_row(table: Table) -> dict[str, Any]:
    """A row that the table takes; what it refers to is there."""
    row, keys = {}, list(table.primary_key.columns)
    for column in table.columns:
        target = next(iter(column.foreign_keys), None)
        if column.nullable or (keys == [column] and column.name == "id"):
            continue
        row[column.name] = (
            db.session.scalar(select(target.column).limit(1)) if target else a_value(column.type)
        )
    return row


def a_value(kind: Any) -> Any:
    if isinstance(kind, Choice):
        return next(iter(kind.kind))
    if isinstance(kind, Sealed):
        return "15400000009"
    values: list[tuple[type, Any]] = [
        (sqltypes.Boolean, False), (sqltypes.Integer, 1), (sqltypes.DateTime, now()), (sqltypes.Date, DAY),
        (sqltypes.JSON, {}), (sqltypes.LargeBinary, b"x"), (sqltypes.String, "x"),
    ]  # fmt: skip
    plain = getattr(kind, "impl_instance", kind)
    found = next(value for of, value in values if isinstance(plain, of))
    return Decimal(1) if isinstance(kind, Percent) else now() if isinstance(kind, Instant) else found


def rows(connection: Connection, tables: set[str]) -> dict[str, int]:
    return {t: connection.scalar(text(f'SELECT count(*) FROM "{t}"')) or 0 for t in sorted(tables)}


GIVEN_UP = {"case_event"}  # on the way down: of kinds that the first program does not know


@pytest.mark.slow
def test_down_to_the_first_and_up_again_with_data(filled: Flask) -> None:
    """Every step, with rows in every table: none is refused by the database, and what was there at first stays."""
    session = db.session()
    before = figures(session, "530324", OCTOBER)
    assert verify(session) == []
    session.rollback()
    with db.engine.connect() as connection:
        first = contents(connection)
        counted = rows(connection, first["tables"])
    assert min(counted.values()) > 0, counted
    steps = [script.revision for script in SCRIPTS.walk_revisions()]
    for revision in steps[:-1]:
        with db.engine.connect() as connection:
            assert MigrationContext.configure(connection).get_current_revision() == revision
        downgrade()
    with db.engine.connect() as connection:
        oldest = set(inspect(connection).get_table_names()) & first["tables"]
        down = rows(connection, oldest)
    assert {t for t in oldest if down[t] != counted[t]} <= GIVEN_UP

    for revision in steps[-2::-1]:
        upgrade(revision=revision)
    with db.engine.connect() as connection:
        assert differences(connection) == []
        assert contents(connection) == first
        again = rows(connection, oldest)
        if connection.dialect.name == "sqlite":
            assert connection.exec_driver_sql("PRAGMA foreign_keys").scalar() == 1
            assert connection.exec_driver_sql("PRAGMA foreign_key_check").all() == []
    assert {t for t in oldest if again[t] != counted[t]} <= GIVEN_UP
    session.rollback()
    assert figures(session, "530324", OCTOBER) == before
    assert verify(session) == []
    wrong = select(func.count()).where((Case.closed_on.is_not(None)) != (Case.state == CaseState.CLOSED))
    assert session.scalar(wrong) == 0
    assert not session.scalar(select(func.count()).where(Borrower.initials.is_(None)))


@pytest.mark.parametrize("db_kind", ["sqlite"])
def test_a_migration_that_would_leave_a_row_without_what_it_refers_to_is_rolled_back(empty: Flask) -> None:
    with db.engine.connect() as connection:
        driver: Any = connection.connection.driver_connection
        driver.execute("PRAGMA foreign_keys=OFF")
        driver.execute("INSERT INTO branch (lender_id, name) VALUES (999, 'of nobody')")
        driver.execute("PRAGMA foreign_keys=ON")
    head = SCRIPTS.get_current_head()
    with pytest.raises(SystemExit):
        downgrade()
    with db.engine.connect() as connection:
        assert MigrationContext.configure(connection).get_current_revision() == head
        connection.execute(text("DELETE FROM branch"))
        connection.commit()
    downgrade()
    with db.engine.connect() as connection:
        assert MigrationContext.configure(connection).get_current_revision() != head
