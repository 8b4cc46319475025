"""What machines ask: alive, ready and else why not, the numbers; and who may see them."""

import re

import pytest
from flask import Flask
from sqlalchemy import select, text
from sqlalchemy.exc import OperationalError

from app import create_app, health
from app.config import Settings
from app.db import db, put_setting
from app.heartbeat import beat
from app.loans.models import Borrower
from app.privacy import Keyring, new_key
from app.startup import KEY_FINGERPRINT
from app.today import now
from tests.conftest import SignIn

SQLITE = pytest.mark.parametrize("db_kind", ["sqlite"])
TOKEN = "a-token-of-24-characters"


def away(*_: object, **__: object) -> None:
    raise OperationalError("SELECT", {}, Exception("gone"))


def test_ready_on_both_databases(app: Flask) -> None:
    answer = app.test_client().get("/readyz")
    assert (answer.status_code, answer.text) == (200, "ok\n")


@SQLITE
def test_alive_asks_no_database_and_ready_does(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sqlalchemy.orm.Session.execute", away)
    monkeypatch.setattr("sqlalchemy.orm.Session.scalar", away)
    assert app.test_client().get("/healthz").status_code == 200
    answer = app.test_client().get("/readyz")
    assert (answer.status_code, answer.text) == (503, "database\n")


def test_ready_says_which_word(app: Flask) -> None:
    client = app.test_client()
    db.session.execute(text("UPDATE alembic_version SET version_num = '0001'"))
    db.session.commit()
    assert client.get("/readyz").text == "migrations\n"
    db.session.execute(text("UPDATE alembic_version SET version_num = :it"), {"it": health.newest_revision()})
    kept = app.extensions["keyring"]
    app.extensions["keyring"] = Keyring(bytes.fromhex(new_key()))
    put_setting(db.session(), KEY_FINGERPRINT, kept.fingerprint)
    db.session.commit()
    answer = client.get("/readyz")
    app.extensions["keyring"] = kept
    assert (answer.status_code, answer.text) == (503, "key\n")
    assert client.get("/readyz").text == "ok\n"


def test_without_tables_it_is_the_migrations(instances, db_kind: str) -> None:  # type: ignore[no-untyped-def]
    app = create_app(Settings.load(instances.blank(db_kind)))
    assert app.test_client().get("/readyz").text == "migrations\n"
    with app.app_context():
        db.engine.dispose()


@SQLITE
def test_numbers_are_for_this_machine_or_whoever_has_the_token(
    app: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    client = app.test_client()
    assert client.get("/metrics").status_code == 200
    elsewhere = {"REMOTE_ADDR": "10.0.0.7"}
    through_proxy = {"X-Forwarded-For": "10.0.0.7"}
    bearer = {"Authorization": f"Bearer {TOKEN}"}
    for headers in ({}, bearer, {"Authorization": "Bearer "}):
        assert client.get("/metrics", headers=headers, environ_base=elsewhere).status_code == 404, headers
    assert client.get("/metrics", headers=through_proxy).status_code == 404
    told = Settings.load({"QINGSHOU_INSTANCE_PATH": app.instance_path, "QINGSHOU_METRICS_TOKEN": TOKEN})
    monkeypatch.setitem(app.extensions, "qingshou.settings", told)
    assert client.get("/metrics", headers=bearer, environ_base=elsewhere).status_code == 200
    wrong = {"Authorization": f"Bearer {TOKEN}x"}
    assert client.get("/metrics", headers=wrong, environ_base=elsewhere).status_code == 404
    assert client.get("/metrics", headers=through_proxy | bearer).status_code == 200


def value(page: str, name: str) -> float:
    found = re.search(rf"^{re.escape(name)} (\S+)$", page, re.MULTILINE)
    assert found, name
    return float(found[1])


@SQLITE
def test_the_numbers(demo_app: Flask, signed_in: SignIn) -> None:
    beat(db.session(), now())
    db.session.commit()
    client, office = demo_app.test_client(), signed_in("office")
    before = client.get("/metrics").text
    counted = 'qingshou_requests_total{endpoint="cases.index",status="200"}'
    already = value(before, counted) if counted in before else 0
    office.get("/cases/")
    office.get("/nowhere/at/all")
    page = client.get("/metrics").text
    assert value(page, counted) == already + 1
    assert value(page, 'qingshou_request_seconds_count{endpoint="cases.index"}') == already + 1
    assert 'endpoint="none",status="404"' in page and "nowhere" not in page
    assert value(page, "qingshou_database_up") == 1
    assert value(page, "qingshou_open_cases") > 0
    assert value(page, 'qingshou_outbox_messages{state="pending"}') >= 0
    assert value(page, "qingshou_last_ledger_timestamp_seconds") == 1701302400  # 2023-11-30
    assert value(page, "qingshou_worker_heartbeat_age_seconds") < 60
    assert "health.healthz" not in page


@SQLITE
def test_no_number_is_about_a_person(demo_app: Flask, signed_in: SignIn) -> None:
    office = signed_in("office")
    office.get("/cases/")
    page = demo_app.test_client().get("/metrics").text
    for name in db.session.scalars(select(Borrower.name)):
        assert name not in page
    labels = set(re.findall(r"(\w+)=\"", page))
    assert labels <= {"endpoint", "status", "state", "le"}


@SQLITE
def test_with_the_database_away_the_numbers_say_so(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sqlalchemy.orm.Session.execute", away)
    monkeypatch.setattr("sqlalchemy.orm.Session.scalar", away)
    answer = app.test_client().get("/metrics")
    assert answer.status_code == 200
    assert value(answer.text, "qingshou_database_up") == 0
    assert "qingshou_open_cases" not in answer.text
