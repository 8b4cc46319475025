"""The migrations make what the models say, from nothing and back, on both databases."""

from collections.abc import Iterator

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from flask import Flask
from flask_migrate import downgrade, upgrade
from sqlalchemy import Connection, inspect, text

from app import create_app
from app.config import ROOT
from app.db import Base, db
from app.setup import migrate
from tests.conftest import Instances

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
