"""The database goes away for a while, or the disk is full: pages say so, nothing is half written, nothing restarts.

PostgreSQL is a server of the test's own, stopped and started. SQLite's file is locked by another connection. A full
disk is a limit on how long a file may grow (RLIMIT_FSIZE, in a child), and a write that fails with ENOSPC.
"""

import errno
import io
import json
import os
import resource
import sqlite3
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import func, select, text
from sqlalchemy.exc import OperationalError

from app import create_app, files, jobs
from app.accounts.access import requires
from app.accounts.models import User
from app.accounts.rules import Permission
from app.audit import AuditEntry
from app.db import db
from app.errors import is_full
from app.heartbeat import last_beat
from app.ledger.models import BatchState, ImportBatch
from app.ledger.store import LedgerStore
from app.places.models import Region
from app.today import now
from tests.conftest import Instances, SignIn, _forget, enter
from tests.ledger.factory import COUNTY

LIMIT = 130_000  # bytes
SQLITE = pytest.mark.parametrize("db_kind", ["sqlite"])


def says_so(client: FlaskClient, path: str = "/cases/") -> None:
    """A page in each language, with when to come again."""
    for language, heading in (("en", "Just a moment"), ("zh_Hans", "请稍候")):
        answer = client.get(f"{path}?lang={language}")
        assert answer.status_code == 503, answer.text
        assert answer.headers["Retry-After"] == "30"
        assert heading in answer.text and answer.headers["X-Request-ID"] in answer.text
        assert f'href="?lang={language}"' in answer.text, "to try again"
        assert "Error" not in answer.text and "psycopg" not in answer.text


@pytest.fixture
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Instances]:
    """A PostgreSQL that only this test uses."""
    made = Instances(tmp_path_factory.mktemp("own"))
    yield made
    if made._server is not None:  # stopped by a test that failed in between
        made._server.ensure_postgres_running()
    made.close()


@pytest.mark.postgres
@pytest.mark.slow
def test_postgresql_stopped_and_started(server: Instances) -> None:
    settings = server.make("postgresql")
    app = create_app(settings)
    app.teardown_request(_forget)
    with app.app_context():
        app.config["WTF_CSRF_ENABLED"] = False
        office = add_office()
        client = enter(app.test_client(), office)
        assert client.get("/places/").status_code == 200
        jobs.beat()
        first = last_beat(db.session())
        db.session.remove()

        held = db.engine.connect()  # a transaction under way when the server goes
        held.execute(text("UPDATE lender SET name = name"))
        held.execute(text("INSERT INTO setting (key, value) VALUES ('half', 'written')"))
        server._server.stop()
        says_so(client, "/places/")
        assert app.test_client().get("/readyz").text == "database\n"
        assert app.test_client().get("/healthz").status_code == 200
        assert b"qingshou_database_up 0.0" in app.test_client().get("/metrics").data
        assert client.post("/places/", data={"name": "新镇"}).status_code == 503
        jobs.in_app(app, jobs.beat)()  # the worker goes on
        db.session.remove()
        with pytest.raises(OperationalError):
            held.commit() if not held.invalidated else held.execute(text("SELECT 1"))

        server._server.ensure_postgres_running()
        held.close()
        assert client.get("/places/").status_code == 200, "the first request after it, and no restart"
        assert app.test_client().get("/readyz").text == "ok\n"
        jobs.in_app(app, jobs.beat)()
        again = last_beat(db.session())
        assert first is not None and again is not None and again > first
        assert db.session.scalar(text("SELECT count(*) FROM setting WHERE key = 'half'")) == 0
        db.session.remove()
        db.engine.dispose()


def add_office() -> User:
    from app.accounts.actions import add_user
    from app.accounts.rules import Role
    from app.places.actions import load_places
    from app.places.rules import shipped

    load_places(db.session(), shipped("530324"))
    made = add_user(
        db.session(),
        username="office",
        name="",
        role=Role.OFFICE,
        password="a long enough one",
        region_code=COUNTY,
    )
    db.session.commit()
    return made


@SQLITE
def test_sqlite_held_by_another(demo_app: Flask, signed_in: SignIn, monkeypatch: pytest.MonkeyPatch) -> None:
    """Who reads goes on; who writes waits, then is told; and after it the same form is taken."""
    demo_app.config["WTF_CSRF_ENABLED"] = False
    client, places = signed_in("office"), select(func.count()).select_from(Region)
    before = db.session.scalar(places)
    db.session.remove()
    db.engine.dispose()
    monkeypatch.setattr("app.db.SQLITE_BUSY_SECONDS", 0.05)
    holder = sqlite3.connect(Path(demo_app.instance_path) / "qingshou.db", isolation_level=None)
    holder.execute("BEGIN IMMEDIATE")
    assert client.get("/cases/").status_code == 200
    refused = client.post("/places/?lang=en", data={"name": "新镇"})
    assert refused.status_code == 503 and refused.headers["Retry-After"] == "30"
    assert "Nothing was changed" in refused.text
    holder.execute("ROLLBACK")
    holder.close()
    assert db.session.scalar(places) == before
    db.session.rollback()
    assert client.post("/places/", data={"name": "新镇"}).status_code == 302
    assert db.session.scalar(places) == (before or 0) + 1


@SQLITE
def test_the_worker_says_one_line_and_goes_on(
    app: Flask, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def gone() -> None:
        raise OperationalError("SELECT", {}, sqlite3.OperationalError("disk I/O error"))

    def broken() -> None:
        raise RuntimeError("another trouble")

    jobs.in_app(app, gone)()
    assert [r.getMessage() for r in caplog.records] == ["job gone: OperationalError; again at the next tick"]
    assert not caplog.records[0].exc_info
    jobs.in_app(app, broken)()
    assert caplog.records[1].exc_info


# A full disk


def in_child(work: Any) -> Any:
    """What ``work`` answers in a process of its own, where files may not grow beyond what it sets."""
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            answer = work()
        except BaseException as error:
            answer = f"{type(error).__name__}: {error}"
        os.write(writing, json.dumps(answer).encode())
        os._exit(0)
    os.close(writing)
    with open(reading, "rb") as pipe:  # noqa: PTH123 - a descriptor
        answer = json.loads(pipe.read())
    os.waitpid(child, 0)
    return answer


@SQLITE
@pytest.mark.skipif(sys.platform != "linux", reason="the limit answers with a signal elsewhere")
def test_sqlite_without_room(demo_app: Flask, signed_in: SignIn) -> None:
    """No file may grow beyond what the database's index of its log needs: pages are read, nothing is half written."""
    demo_app.config["WTF_CSRF_ENABLED"] = False
    client, path = signed_in("office"), Path(demo_app.instance_path)
    counts = [select(func.count()).select_from(table) for table in (ImportBatch, Region, AuditEntry)]
    before, stored = [db.session.scalar(query) or 0 for query in counts], sorted((path / "imports").iterdir())
    db.session.remove()
    db.engine.dispose()
    ledger = os.urandom(LIMIT)

    def work() -> Any:
        db.engine.dispose()
        resource.setrlimit(resource.RLIMIT_FSIZE, (LIMIT, LIMIT))
        upload = client.post("/ledger/?lang=en", data={"file": (io.BytesIO(ledger), "台账.xlsx")})
        answers = [
            client.post("/places/", data={"name": f"新{sign}镇"}).status_code for sign in "甲乙丙丁戊己庚辛"
        ]
        read = client.get("/cases/").status_code
        return [upload.status_code, "no room left" in upload.text, answers, read]

    status, told, answers, read = in_child(work)
    assert (status, told, read) == (507, True, 200)
    assert set(answers) == {302, 507}
    taken = answers.count(302)
    after = [db.session.scalar(query) for query in counts]
    assert after == [before[0], before[1] + taken, before[2] + taken], (
        "with each township its entry in the trail"
    )
    assert sorted((path / "imports").iterdir()) == stored
    db.session.rollback()
    answer = client.post("/ledger/", data={"file": (io.BytesIO(ledger), "台账.xlsx")})
    assert answer.status_code == 302, "with room again the same file is taken"


@SQLITE
def test_a_file_store_without_room(app: Flask, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    store = files.FileStore(tmp_path, app.extensions["keyring"], "attachments")
    kept = store.keep(b"before")

    def full(_descriptor: int) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr("os.fsync", full)
    with pytest.raises(OSError, match="space"):
        store.keep(b"another")
    assert [path.name for path in store.folder.iterdir()] == [kept]
    monkeypatch.undo()
    assert store.read(store.keep(b"another")) == b"another"


@SQLITE
@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO])
def test_only_a_full_disk_is_called_one(app: Flask, monkeypatch: pytest.MonkeyPatch, number: int) -> None:
    @requires(Permission.PUBLIC)
    def fail() -> None:
        raise OSError(number, os.strerror(number))

    monkeypatch.setitem(app.view_functions, "accounts.sign_in", fail)
    app.config["TESTING"] = app.config["PROPAGATE_EXCEPTIONS"] = False
    answer = app.test_client().get("/login?lang=en")
    assert answer.status_code == (500 if number == errno.EIO else 507)
    assert ("no room left" in answer.text) is (number != errno.EIO)


@SQLITE
def test_postgresql_without_room_is_told_alike(app: Flask) -> None:
    assert is_full(OperationalError("INSERT", {}, psycopg.errors.DiskFull()))
    assert not is_full(OperationalError("INSERT", {}, psycopg.errors.AdminShutdown()))


@SQLITE
@pytest.mark.parametrize("why", ["the machine", "the file"])
def test_a_ledger_is_not_refused_for_what_the_machine_lacks(
    app: Flask, monkeypatch: pytest.MonkeyPatch, why: str
) -> None:
    store = LedgerStore(Path(app.instance_path), app.extensions["keyring"])
    batch = ImportBatch(
        file_hash=store.keep(b"x"), filename="x.csv", size=1, county_code=COUNTY, state=BatchState.UPLOADED,
        uploaded_at=now(), report={},
    )  # fmt: skip
    db.session.add(batch)
    db.session.commit()

    def fail(*_: object) -> None:
        if why == "the machine":
            raise OSError(errno.ENOSPC, "full")
        raise RuntimeError("it always breaks")

    monkeypatch.setattr(jobs, "_preview", fail)
    for _ in range(jobs.MAX_ATTEMPTS + 1):
        jobs.in_app(app, jobs.work_on_ledgers)()
    db.session.expire_all()
    assert batch.state is (BatchState.UPLOADED if why == "the machine" else BatchState.REFUSED)
