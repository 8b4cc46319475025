"""SIGTERM: a request under way is answered, a round of sends is finished, all else is rolled back."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy import create_engine, text

from app.config import ROOT
from tests.conftest import Instances

pytestmark = [pytest.mark.slow, pytest.mark.parametrize("db_kind", ["sqlite"])]
SECONDS = 20
BODY = b"username=nobody&password=" + b"x" * 2000
HEAD = (
    b"POST /login HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/x-www-form-urlencoded\r\n"
    b"Content-Length: %d\r\nConnection: close\r\n\r\n" % len(BODY)
)


AS_SYSTEMD = """
import os, sys
os.dup2(int(sys.argv[1]), 3)
os.set_inheritable(3, True)
os.environ |= {"LISTEN_FDS": "1", "LISTEN_PID": str(os.getpid())}
words = ["-m", "gunicorn", "-c", "python:deploy.gunicorn_config", "--graceful-timeout", sys.argv[2]]
os.execv(sys.executable, [sys.executable, *words])
"""


@pytest.fixture(autouse=True)
def _loopback_only() -> None:
    """These tests open sockets of their own; --allow-hosts still keeps them on this machine."""


@pytest.fixture
def instance(instances: Instances, db_kind: str) -> Iterator[Path]:
    settings = instances.make(db_kind)
    yield settings.instance
    instances.drop(settings)


class Server:
    """gunicorn as the unit starts it: the socket is the system's (LISTEN_FDS), so that it outlives the process."""

    def __init__(self, instance: Path, listener: socket.socket, graceful: int = SECONDS) -> None:
        environ = os.environ | {
            "WEB_CONCURRENCY": "2",
            "QINGSHOU_LOG": "json",
            "QINGSHOU_INSTANCE_PATH": str(instance),
        }
        self.process = subprocess.Popen(
            [sys.executable, "-c", AS_SYSTEMD, str(listener.fileno()), str(graceful)], cwd=ROOT, env=environ,
            pass_fds=[listener.fileno()], stdin=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
        )  # fmt: skip
        self.address = listener.getsockname()

    def ask(self, path: str) -> bytes:
        with socket.create_connection(self.address, timeout=SECONDS) as connection:
            connection.sendall(f"GET {path} HTTP/1.0\r\nHost: 127.0.0.1\r\n\r\n".encode())
            return read_all(connection)

    def end(self) -> str:
        if self.process.poll() is None:
            self.process.kill()
        return self.process.communicate()[1].decode()


def read_all(connection: socket.socket) -> bytes:
    found = b""
    while part := connection.recv(65536):
        found += part
    return found


def test_a_request_under_way_is_answered_and_the_next_server_takes_the_waiting_one(instance: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        first = Server(instance, listener)
        assert b" 200 " in first.ask("/healthz")
        assert all(b" 200 " in first.ask("/login") for _ in range(6))
        numbers = first.ask("/metrics").decode()
        assert 'qingshou_requests_total{endpoint="accounts.sign_in",status="200"} 6.0' in numbers, (
            "of both processes"
        )

        with socket.create_connection(first.address, timeout=SECONDS) as slow:
            slow.sendall(HEAD + BODY[:1000])
            time.sleep(0.3)  # until a process has it
            first.process.send_signal(signal.SIGTERM)
            time.sleep(0.3)
            assert first.process.poll() is None, "it waits for the request"
            early = socket.create_connection(first.address, timeout=SECONDS)  # while nobody serves
            early.sendall(b"GET /healthz HTTP/1.0\r\nHost: 127.0.0.1\r\n\r\n")
            slow.sendall(BODY[1000:])
            assert read_all(slow).startswith(b"HTTP/1.1 400"), "no token: but an answer"
        assert first.process.wait(SECONDS) == 0
        log = first.end()
        assert '"endpoint": "accounts.sign_in"' in log and all(
            line.startswith("{") for line in log.splitlines()
        )

        second = Server(instance, listener)
        with early:
            assert b" 200 " in read_all(early)
        second.end()


def test_a_request_that_takes_longer_than_it_may_is_not_waited_for(instance: Path) -> None:
    """The control: a second of grace, as under ``make run``, and the same request gets no answer."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        server = Server(instance, listener, graceful=1)
        assert b" 200 " in server.ask("/healthz")
        with socket.create_connection(server.address, timeout=SECONDS) as slow:
            slow.sendall(HEAD + BODY[:1000])
            time.sleep(0.3)
            server.process.send_signal(signal.SIGTERM)
            server.process.wait(SECONDS)
            try:
                slow.sendall(BODY[1000:])
                answer = read_all(slow)
            except OSError:
                answer = b""
        assert answer == b""
        server.end()


WORKER = """
import sys, time
from pathlib import Path
from app import create_app, jobs, sending
from app.db import db, put_setting
from app.sms.protocol import Accepted

marks = Path(sys.argv[1])

class Slow:
    name = "sandbox"
    def send(self, phone, text, token):
        (marks / "sending").touch()
        time.sleep(1)
        (marks / "sent").touch()
        return Accepted(token)

def half():
    put_setting(db.session(), "half", "written")
    db.session.flush()
    (marks / "half").touch()
    time.sleep(60)
    db.session.commit()

app = create_app()
sending.current_provider = lambda: Slow()
if sys.argv[2] == "half":
    jobs.follow_up = half
jobs.run(app)
"""


@pytest.fixture
def message(demo_app: Flask) -> Path:
    """A message that may leave at once, in the demonstration's instance."""
    from sqlalchemy import func, update

    from app.db import db
    from app.reminders.models import OutboxMessage, SmsChannel
    from app.reminders.states import State
    from app.today import now

    db.session.execute(update(SmsChannel).values(paused_at=None))
    first = db.session.scalar(
        db.select(func.min(OutboxMessage.id)).where(OutboxMessage.state == State.PENDING)
    )
    db.session.execute(
        update(OutboxMessage).where(OutboxMessage.id == first).values(next_at=now(), not_before=now())
    )
    db.session.commit()
    db.session.remove()
    db.engine.dispose()
    return Path(demo_app.instance_path)


def states(instance: Path) -> dict[str, int]:
    engine = create_engine(f"sqlite:///{instance / 'qingshou.db'}")
    with engine.connect() as connection:
        rows = connection.execute(text("SELECT state, count(*) FROM outbox_message GROUP BY state"))
        found = {str(state): int(count) for state, count in rows}
        found["half"] = (
            connection.execute(text("SELECT count(*) FROM setting WHERE key = 'half'")).scalar() or 0
        )
    engine.dispose()
    return found


def stopped(instance: Path, marks: Path, until: str, signum: int) -> float:
    """Start a worker, wait for a mark, signal it; the seconds until it has ended."""
    marks.mkdir()
    environ = os.environ | {"QINGSHOU_INSTANCE_PATH": str(instance), "QINGSHOU_NOW": "2023-12-05T10:00"}
    process = subprocess.Popen([sys.executable, "-c", WORKER, str(marks), until], cwd=ROOT, env=environ)
    deadline = time.monotonic() + SECONDS
    while not (marks / until).exists():
        assert time.monotonic() < deadline and process.poll() is None
        time.sleep(0.02)
    begun = time.monotonic()
    process.send_signal(signum)
    process.wait(SECONDS)
    return time.monotonic() - begun


def test_a_round_of_sends_is_finished(message: Path, tmp_path: Path) -> None:
    before = states(message)
    assert stopped(message, tmp_path / "marks", "sending", signal.SIGTERM) < 5
    after = states(message)
    assert (tmp_path / "marks" / "sent").exists()
    assert after.get("sending", 0) == 0 and after.get("unknown", 0) == before.get("unknown", 0)
    assert after.get("accepted", 0) > before.get("accepted", 0)


def test_a_kill_leaves_it_to_be_looked_up(message: Path, tmp_path: Path) -> None:
    """The control: without the wait its outcome would not be known; it would still not be sent again."""
    stopped(message, tmp_path / "marks", "sending", signal.SIGKILL)
    assert not (tmp_path / "marks" / "sent").exists()
    assert states(message).get("sending", 0) > 0


def test_what_else_is_under_way_is_rolled_back_at_once(message: Path, tmp_path: Path) -> None:
    assert stopped(message, tmp_path / "marks", "half", signal.SIGTERM) < 2
    assert states(message)["half"] == 0
