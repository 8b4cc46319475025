"""A planner, a worker or a web process of the proof: the real code, told when to die by the harness alone."""

import contextlib
import logging
import os
import random
import resource
import signal
import sqlite3
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from flask import Flask
from sqlalchemy import Engine, event
from sqlalchemy.exc import OperationalError
from werkzeug.serving import WSGIRequestHandler, make_server

from app import sending
from app.db import db
from app.reminders.rules import Timings
from app.sms.twilio import Account, Twilio
from tests.prove.points import ALL, IN_SQL

TIMINGS = Timings(lease=2.0, deadline=0.6, backoff=0.05, backoff_most=0.5, review_after=3.0, look_again=0.4)
HANG = 1.0  # longer than the deadline
SECRET = "secret"
BUSY = 0.25  # seconds that a statement waits for a lock
FULL = 0.7  # seconds for which the disk is full
Point = Callable[[str], None]


@dataclass(frozen=True)
class Birth:
    """What a child is: its role, whether it dies at a point of its own choosing, the county's clock, its addresses."""

    role: str
    number: int
    seed: int
    doomed: bool
    clock: str
    provider: str
    web: str
    listening: int
    note: Path


def killer(point: str, at_call: int, note: Path) -> Point:
    """A hook that kills this very process at the ``at_call``-th passing of ``point``, with a note of where."""
    passed = 0

    def at(here: str) -> None:
        nonlocal passed
        if here != point:
            return
        passed += 1
        if passed == at_call:
            tell(note, point)
            os.kill(os.getpid(), signal.SIGKILL)

    return at


def tell(note: Path, word: str) -> None:
    with contextlib.suppress(OSError), note.open("a", encoding="utf-8") as file:
        file.write(word + "\n")


class Counted(logging.Handler):
    """What the program logs, into the notes: once a word, and never onto the terminal."""

    def __init__(self, note: Path) -> None:
        super().__init__(logging.WARNING)
        self.note = note

    def emit(self, record: logging.LogRecord) -> None:
        failed = "look-ups failed" in str(record.msg)
        tell(self.note, "rounds with failed look-ups" if failed else f"log {record.name}: {record.msg}"[:120])
        if record.exc_info:
            kept = self.note.with_name("said")
            tell(kept, logging.Formatter().formatException(record.exc_info))


def life(app: Flask, birth: Birth) -> None:
    """Work until killed."""
    root = logging.getLogger()
    root.handlers[:] = [Counted(birth.note)]
    app.config["NOW"] = birth.clock
    app.logger.handlers[:] = []
    chance = random.Random(f"{birth.seed}/{birth.role}/{birth.number}")
    at: Point = lambda _point: None  # noqa: E731
    if birth.doomed:
        point = chance.choice(ALL[birth.role])
        at = killer(point, chance.randint(1, 3), birth.note)
        _watch_sql(IN_SQL[birth.role], at)
    elif birth.role == "worker" and _own_file(app) and chance.random() < 0.2:
        at = _fills_the_disk(birth.note)
    work = {"planner": _plan, "worker": _send, "web": _listen}[birth.role]
    work(
        app,
        birth,
        Twilio(Account("AC1", SECRET, "+8610000", birth.web, birth.provider), TIMINGS.deadline),
        at,
    )


def _own_file(app: Flask) -> bool:
    return str(app.config["SQLALCHEMY_DATABASE_URI"]).startswith("sqlite")


def wait_little(engine: Engine) -> None:
    """A busy database is told of soon, as after the half minute of real life."""

    @event.listens_for(engine, "connect")
    def prepare(connection: Any, _record: object) -> None:
        if isinstance(connection, sqlite3.Connection):
            connection.execute(f"PRAGMA busy_timeout={int(BUSY * 1000)}")
        else:
            connection.execute(f"SET lock_timeout = '{int(BUSY * 1000)}ms'")
            connection.commit()


def _watch_sql(moments: dict[str, str], at: Point) -> None:
    @event.listens_for(Engine, "after_cursor_execute")
    def executed(_connection: Any, _cursor: Any, statement: str, *_more: Any) -> None:
        for name, start in moments.items():
            if statement.lstrip().startswith(start):
                at(name)


def _fills_the_disk(note: Path) -> Point:
    """A hook after which, at the first finish, no file of this process can grow or change beyond its first page."""
    begun = False
    usual = resource.getrlimit(resource.RLIMIT_FSIZE)

    def at(here: str) -> None:
        nonlocal begun
        if here == "finish before" and not begun:
            begun = True
            tell(note, "database full")
            resource.setrlimit(resource.RLIMIT_FSIZE, (1024, usual[1]))
            threading.Timer(FULL, resource.setrlimit, (resource.RLIMIT_FSIZE, usual)).start()

    return at


def _again(step: Callable[[], object], note: Path) -> bool:
    """One step; a busy database is no reason to die."""
    try:
        return bool(step())
    except OperationalError:
        tell(note, "a step met a database that was busy or full")
        with contextlib.suppress(OperationalError):
            db.session.rollback()
        time.sleep(0.05)
        return True


def _plan(app: Flask, birth: Birth, _provider: Twilio, at: Point) -> None:
    with app.app_context():
        while True:
            _again(lambda: sending.plan_due(at), birth.note)
            time.sleep(0.2)


def _send(app: Flask, birth: Birth, provider: Twilio, at: Point) -> None:
    sending.MOST, sending.PAUSE = 12, sending.PAUSE / 5  # type: ignore[misc]
    owner = f"worker-{birth.number}"

    def work() -> int:
        looked = sending.reconcile_due(provider, TIMINGS, at)
        return sending.send_due(provider, owner, TIMINGS, at, count=4) or looked

    with app.app_context():
        while True:
            if not _again(work, birth.note):
                time.sleep(0.1)


class _Quiet(WSGIRequestHandler):
    def log(self, *_args: object) -> None: ...


def _listen(app: Flask, birth: Birth, provider: Twilio, _at: Point) -> None:
    """The real pages that receipts and replies come to."""
    app.extensions["qingshou.sms_provider"] = lambda: provider
    make_server(
        "127.0.0.1", 0, app, threaded=True, request_handler=_Quiet, fd=birth.listening
    ).serve_forever()
