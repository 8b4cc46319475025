"""The timetable: APScheduler in a process of its own (``flask worker``), never started by the web process.

Every job is a tick that may run late, twice or not at all without harm: what makes it right are states, unique
keys and transactions, not the clock. A step that is killed is done again from the start.
"""

import logging
import os
import signal
import threading
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from types import FrameType

from apscheduler.schedulers.blocking import BlockingScheduler
from flask import Flask, current_app
from flask_babel import gettext
from sqlalchemy.exc import InterfaceError, OperationalError
from sqlalchemy.orm import Session

from app import audit, heartbeat, sending
from app.backup.create import create as create_backup
from app.backup.refused import BackupRefused
from app.backup.shelf import is_due, newest_backup
from app.clock import SHANGHAI
from app.config import Settings
from app.db import db, reading
from app.errors import is_full
from app.heartbeat import HEARTBEAT_SECONDS
from app.intake import is_settled, settle, take_ledger
from app.labels import T
from app.ledger import actions as ledger
from app.ledger.models import BatchState, ImportBatch
from app.ledger.queries import next_for_worker
from app.ledger.refused import refused_workbook
from app.ledger.rows import FileRefused
from app.ledger.store import Busy, LedgerStore, Progress
from app.privacy import keyring
from app.today import business_date, now

LEDGER_SECONDS = 1
LAST_ROUND_SECONDS = 25  # a round of sends lasts as long as its deadline, and what is written after it
PLAN_SECONDS = 15 * 60
BACKUP_SECONDS = 10 * 60
MAX_ATTEMPTS = 3

# What each part of the work weighs in the one percentage that is shown.
_PARTS = {"read": (0, 50), "stage": (50, 70), "compare": (70, 75), "take": (75, 92), "sweep": (92, 100)}
_READ_PARTS = {"read": (0, 80), "stage": (80, 95), "compare": (95, 100)}

log = logging.getLogger(__name__)


def work_on_ledgers() -> bool:
    """Do one step of one waiting import; True when there may be more to do."""
    session = db.session()
    with reading():
        batch = next_for_worker(session)
        number = batch.id if batch else None
        session.rollback()
    if number is None:
        return False
    store = LedgerStore(Path(current_app.instance_path), keyring())
    try:
        with store.alone():
            _step(store, number)
    except Busy:
        return False
    return True


def _step(store: LedgerStore, number: int) -> None:
    """1. Count the attempt. 2. Read (no lock on the database meanwhile). 3. Preview it, or take it."""
    session = db.session()
    batch = session.get_one(ImportBatch, number)
    batch.attempts += 1
    if batch.attempts > MAX_ATTEMPTS:
        ledger.refuse(
            batch, T("Reading this file was broken off several times. It may be damaged or too large.")
        )
    session.commit()
    if batch.state not in (BatchState.UPLOADED, BatchState.ACCEPTED):
        return
    taking = batch.state is BatchState.ACCEPTED
    parts = _PARTS if taking else _READ_PARTS

    def tell(part: str, done: int, total: int) -> None:
        first, last = parts[part]
        store.tell(number, Progress(part, int(first + (last - first) * done / total) if total else first))

    session.rollback()
    try:
        with store.opened(batch.file_hash, batch.filename) as path:
            _take(number, path, store, tell) if taking else _preview(number, path, store, tell)
    except FileRefused as refused:
        session.rollback()
        ledger.refuse(session.get_one(ImportBatch, number), refused.message)
        session.commit()
    except Exception as error:
        session.rollback()
        if _is_the_machines(error):  # not counted against the file
            session.get_one(ImportBatch, number).attempts -= 1
            session.commit()
        raise
    finally:
        store.forget_progress(number)


def _order(session: Session, number: int, path: Path, taking: bool) -> ledger.Order:
    batch, today = session.get_one(ImportBatch, number), business_date(session)
    return ledger.Order(
        path, batch.filename, batch.as_of, today, batch.county_code, batch.lender_name, taking
    )


def _preview(number: int, path: Path, store: LedgerStore, tell: ledger.Tell) -> None:
    session = db.session()
    with reading():
        order = _order(session, number, path, taking=False)
        examined = ledger.examine(session, order, ledger.read_file(session, order, tell), keyring(), tell)
        session.rollback()
    batch = session.get_one(ImportBatch, number)
    if refused := refused_workbook(examined.reading, number, gettext):
        store.keep_refused(number, refused)
    original = ledger.supplemented(session, examined.reading)
    batch.supplements_id = original.id if original else None
    batch.as_of, batch.state, batch.report = examined.as_of, BatchState.PREVIEW, examined.report.to_json()
    session.commit()


def _take(number: int, path: Path, store: LedgerStore, tell: ledger.Tell) -> None:
    session = db.session()
    order = _order(session, number, path, taking=True)
    read = ledger.read_file(session, order, tell)
    ledger.lock(session)
    examined = ledger.examine(session, order, read, keyring(), tell)
    batch = session.get_one(ImportBatch, number)
    actor = batch.uploaded_by.username if batch.uploaded_by else audit.SYSTEM
    take_ledger(session, examined, batch, actor=actor, tell=tell)
    session.commit()


def follow_up() -> None:
    """Sweep on a new business date, after an import, and after a person's decision changed a snapshot."""
    session = db.session()
    with reading():
        today = business_date(session)
        settled = is_settled(session, today)
        session.rollback()
    if not settled:
        settle(session, today, audit.SYSTEM)
        session.commit()


def plan_reminders() -> None:
    """Put the reminders of the coming week into the outbox."""
    sending.plan_due()


def send_messages() -> bool:
    """Send one round; True when there may be more to send. Whoever stops the worker waits for a round under way."""
    held: list[bool] = []

    def hold(point: str) -> None:
        """From the first claim on; while it only waits for the database, nobody need wait for it."""
        if point == "claim before commit" and not held:
            _round.acquire()
            held.append(True)

    try:
        owner = f"worker-{os.getpid()}"
        return sending.send_round(sending.current_provider(), owner, _ending.is_set, hold) > 0
    finally:
        if held:
            _round.release()


def reconcile_messages() -> None:
    """Find out what became of messages whose outcome is not known."""
    sending.reconcile_due(sending.current_provider())


def back_up() -> None:
    """Make the backup of the last night, if it is missing. Why it could not be made stands in the log."""
    settings: Settings = current_app.extensions["qingshou.settings"]
    if is_due(newest_backup(settings), datetime.now(UTC)):
        try:
            create_backup(settings, audit.SYSTEM)
        except BackupRefused as refused:
            db.session.rollback()
            log.error("no backup was made: %s", refused)


def beat() -> None:
    """Say that the worker is alive."""
    heartbeat.beat(db.session(), now())
    db.session.commit()


_round, _ending = threading.Lock(), threading.Event()


def _stop(_signal: int, _frame: FrameType | None) -> None:
    """1. Nothing new begins. 2. A round of sends is let to its end, so that no outcome has to be looked up later.
    3. Whatever else is under way is rolled back by the database, as after a kill, and done again by the next worker.

    A second signal does not wait.
    """
    if not _ending.is_set():
        _ending.set()
        _round.acquire(timeout=LAST_ROUND_SECONDS)
    os._exit(0)


def in_app(app: Flask, job: Callable[[], bool | None]) -> Callable[[], None]:
    """A tick: the job again and again while there is more to do. What goes wrong is told, and tried at the next one."""

    def tick() -> None:
        with app.app_context():
            try:
                while not _ending.is_set() and job():
                    pass
            except Exception as error:
                if _is_the_machines(error):
                    kind = type(getattr(error, "orig", error)).__name__
                    log.warning("job %s: %s; again at the next tick", job.__name__, kind)
                else:
                    log.exception("job %s failed; it will be tried again", job.__name__)
                db.session.rollback()

    return tick


def _is_the_machines(error: Exception) -> bool:
    """Is the database away or the disk full, so that the work itself is not to blame?"""
    return isinstance(error, OperationalError | InterfaceError) or is_full(error)


def run(app: Flask) -> None:
    """Run the timetable until SIGTERM or SIGINT."""
    # A tick that waits for the one before it is no news.
    logging.getLogger("apscheduler").setLevel(logging.ERROR)
    scheduler = BlockingScheduler(
        timezone=SHANGHAI, job_defaults={"misfire_grace_time": None, "coalesce": True, "max_instances": 1}
    )

    scheduler.add_job(
        in_app(app, beat), "interval", seconds=HEARTBEAT_SECONDS, next_run_time=now(), id="beat"
    )
    scheduler.add_job(in_app(app, work_on_ledgers), "interval", seconds=LEDGER_SECONDS, id="ledgers")
    scheduler.add_job(
        in_app(app, follow_up), "interval", seconds=HEARTBEAT_SECONDS, next_run_time=now(), id="follow_up"
    )

    for job, seconds in ((plan_reminders, PLAN_SECONDS), (send_messages, 5), (reconcile_messages, 30)):
        scheduler.add_job(in_app(app, job), "interval", seconds=seconds, next_run_time=now(), id=job.__name__)
    scheduler.add_job(
        in_app(app, back_up), "interval", seconds=BACKUP_SECONDS, id="back_up"
    )  # not while it starts

    signal.signal(signal.SIGTERM, _stop)
    signal.signal(signal.SIGINT, _stop)
    scheduler.start()
