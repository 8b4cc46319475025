"""A process that does one piece of work in forked copies of itself, each of which kills itself at its n-th step.

    python -m tests.intake.zygote import FILE    (or: work, for a tick of the worker)

It makes the application once; then, for every line on stdin, a fork with its own connection begins the work,
counts what touches the outside (SQL statements, the end of the transaction, writes to files, reports of
progress) and ends with SIGKILL at the step whose number or name the line gives. Answer: how the fork ended,
and the number and name of its last step.
"""

import os
import signal
import sys
from datetime import date
from pathlib import Path
from typing import Any

from flask import Flask
from sqlalchemy import event
from sqlalchemy.engine import Engine

from app import create_app
from app.config import Settings
from app.db import db
from app.intake import Request, import_file
from app.jobs import work_on_ledgers
from app.ledger import apply, sheets, stage
from app.ledger.store import LedgerStore

OCTOBER = date(2023, 10, 31)


class Steps:
    """Counts steps, and kills this process before it takes the one named or numbered ``last``; tells each."""

    def __init__(self, last: str, told: int) -> None:
        self.last, self.told, self.count = last, told, 0

    def step(self, name: str) -> None:
        self.count += 1
        os.pwrite(self.told, f"{self.count:06d} {name[:60]:60}".encode(), 0)
        if self.last in (str(self.count), name):
            os.kill(os.getpid(), signal.SIGKILL)

    def before(self, owner: Any, name: str, label: str) -> None:
        """Count a step before each call of ``owner.name``."""
        original = getattr(owner, name)

        def wrapped(*args: Any, **kwargs: Any) -> Any:
            self.step(label)
            return original(*args, **kwargs)

        setattr(owner, name, wrapped)

    def watch(self) -> None:
        @event.listens_for(Engine, "before_cursor_execute")
        def _statement(_c: Any, _cursor: Any, statement: str, *_: Any) -> None:
            self.step("sql " + " ".join(statement.split()))

        event.listen(Engine, "commit", lambda _: self.step("before commit"))
        event.listen(db.session, "after_commit", lambda _: self.step("after commit"))
        self.before(LedgerStore, "_write", "file")
        self.before(Path, "replace", "file in place")
        self.before(stage, "_execute_many", "stage a chunk")
        self.before(stage, "_copy", "stage a chunk")
        self.before(sheets.RawChunk, "rows", "read a chunk")
        self.before(apply, "_loans", "apply")


def work(app: Flask, what: str, path: str, steps: Steps) -> None:
    with app.app_context():
        steps.watch()
        if what == "import":
            request = Request(Path(path), OCTOBER, "罗平农商行", accept_valid=True)
            import_file(
                request, today=OCTOBER, actor="system", tell=lambda part, *_: steps.step(f"tell {part}")
            )
        else:
            while work_on_ledgers():
                pass


def main() -> None:
    what, path = sys.argv[1], sys.argv[2] if len(sys.argv) > 2 else ""
    app = create_app(Settings.load(os.environ))
    with app.app_context():
        db.engine.dispose()
    for line in sys.stdin:
        told = os.memfd_create("steps")
        child = os.fork()
        if child == 0:
            work(app, what, path, Steps(line.strip(), told))
            os._exit(0)
        _, status = os.waitpid(child, 0)
        step = os.pread(told, 80, 0).decode()
        os.close(told)
        print(os.waitstatus_to_exitcode(status), step.strip(), flush=True)


if __name__ == "__main__":
    main()
