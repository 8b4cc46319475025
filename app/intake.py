"""Taking a ledger as the county sees it: the loans, then the cases, then the figures. One transaction.

It composes slices that must not know one another; the command line, the worker and the demonstration use it.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from hashlib import sha256
from pathlib import Path

from flask import current_app
from flask_babel import gettext
from sqlalchemy.orm import Session

from app.bulletin.actions import refresh_figures
from app.cases.actions import Swept, sweep
from app.db import db, get_setting, put_setting
from app.labels import T, Text
from app.ledger import actions as ledger
from app.ledger.actions import Examined, Tell, silent
from app.ledger.models import ImportBatch
from app.ledger.refused import refused_workbook
from app.ledger.report import NOTICE, Remark
from app.ledger.rows import FileRefused
from app.ledger.sheets import MAX_FILE_BYTES
from app.ledger.store import Busy, LedgerStore
from app.loans.actions import newest_as_of
from app.loans.queries import mark_settled, unsettled_since
from app.privacy import keyring
from app.today import local_time

SWEPT_ON = "swept_on"


def take_ledger(
    session: Session, examined: Examined, batch: ImportBatch, *, actor: str, tell: Tell = silent
) -> None:
    """Apply an examined ledger, sweep the cases as of its date if it is the newest, count the figures anew.

    What has fallen due between the ledger's date and today is the daily sweep's business, which is due again.
    """
    ledger.take(session, examined, batch, actor, tell)
    tell("sweep", 0, 2)
    if newest_as_of(session) == examined.as_of:
        sweep(session, examined.as_of, actor)
    tell("sweep", 1, 2)
    _count_anew(session)
    put_setting(session, SWEPT_ON, "")
    tell("sweep", 2, 2)


def settle(session: Session, today: date, actor: str) -> Swept:
    """Let the cases follow the loans as of ``today``, and the figures the snapshots that have changed."""
    swept = sweep(session, today, actor)
    _count_anew(session)
    put_setting(session, SWEPT_ON, today.isoformat())
    return swept


def is_settled(session: Session, today: date) -> bool:
    """Nothing has changed since the last sweep, and that was today's."""
    return unsettled_since(session) is None and get_setting(session, SWEPT_ON) == today.isoformat()


def _count_anew(session: Session) -> None:
    if (since := unsettled_since(session)) is not None:
        refresh_figures(session, since)
        mark_settled(session)


@dataclass(frozen=True, slots=True)
class Request:
    """One file to import in one go, as the command line does."""

    path: Path
    as_of: date | None
    lender: str = ""
    county: str = ""
    accept_valid: bool = False
    dry_run: bool = False


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of an import. ``ok``: it was taken, or would be in a dry run, or had been before."""

    ok: bool
    counts: dict[str, int]
    findings: list[Remark]
    sentence: Text
    refused_rows: bytes | None = None

    def to_json(self, gettext: Callable[[str], str]) -> dict[str, object]:
        """The shape that ``flask ledger import --json`` prints."""
        remarks = [{**r.to_json(), "message": r.message.render(gettext)} for r in self.findings]
        names = ("accepted", "rejected", "new", "changed", "unchanged", "missing")
        return {
            **{name: self.counts[name] for name in names},
            "findings": remarks,
            "result": self.sentence.render(gettext),
        }


_NOTHING = dict.fromkeys(("accepted", "rejected", "new", "changed", "unchanged", "missing"), 0)


def import_file(request: Request, *, today: date, actor: str, tell: Tell = silent) -> Outcome:
    """Read a file and take it, all or nothing, and commit.

    1. A file taken before, as of the same date, changes nothing. 2. A file that cannot be read, or has refused
    rows that nobody accepted to leave out, is not taken. 3. Else one transaction takes it.
    """
    session, ring = db.session(), keyring()
    store = LedgerStore(Path(current_app.instance_path), ring)
    content = request.path.read_bytes() if request.path.stat().st_size <= MAX_FILE_BYTES else b""
    order = ledger.Order(
        request.path, request.path.name, request.as_of, today, request.county, request.lender, taking=True
    )
    try:
        with store.alone():
            ledger.lock(session)
            examined = ledger.examine(session, order, ring, tell)
            outcome = _settle(session, examined, request, content, store, actor, tell)
            session.commit() if outcome.ok and not request.dry_run else session.rollback()
            return outcome
    except FileRefused as refused:
        session.rollback()
        return _not_taken(request, refused.message)
    except Busy:
        session.rollback()
        return _not_taken(request, T("Another import is running. Try again when it has ended."))


def _settle(
    session: Session,
    examined: Examined,
    request: Request,
    content: bytes,
    store: LedgerStore,
    actor: str,
    tell: Tell,
) -> Outcome:
    """Take it if it may be taken; say what came of it."""
    report = examined.report
    counts = report.counts()

    def outcome(ok: bool, sentence: Text, counts: dict[str, int] = counts, batch_id: int = 0) -> Outcome:
        return Outcome(
            ok, counts, report.remarks, sentence, refused_workbook(examined.reading, batch_id, gettext)
        )

    file_hash = sha256(content).hexdigest()
    if (before := ledger.already_taken(session, file_hash, examined.as_of)) is not None:
        sentence = T(
            "This file was taken before, on %(when)s. Nothing was changed.", when=local_time(before.taken_at)
        )
        unchanged = {**counts, "new": 0, "changed": 0, "unchanged": report.accepted}
        return Outcome(True, unchanged, [_whole_file(request, sentence), *report.remarks], sentence)
    if report.accepted == 0:
        return outcome(False, T("No row can be taken."))
    if report.rejected and not request.accept_valid:
        sentence = T(
            "%(n)s rows are refused, so nothing was taken. Correct them, or accept the valid rows.",
            n=report.rejected,
        )
        return outcome(False, sentence, counts if request.dry_run else {**counts, "accepted": 0})
    if request.dry_run:
        return outcome(True, T("Nothing was changed: this was a rehearsal."))
    store.keep(content)
    batch = ledger.new_batch(
        session,
        file_hash=file_hash,
        filename=request.path.name,
        size=len(content),
        county=request.county,
        lender=request.lender,
        as_of=examined.as_of,
    )
    take_ledger(session, examined, batch, actor=actor, tell=tell)
    sentence = T("Taken: %(n)s rows as of %(date)s.", n=report.accepted, date=examined.as_of.isoformat())
    return outcome(True, sentence, batch_id=batch.id)


def _not_taken(request: Request, message: Text) -> Outcome:
    return Outcome(False, dict(_NOTHING), [_whole_file(request, message)], message)


def _whole_file(request: Request, message: Text) -> Remark:
    return Remark(NOTICE, request.path.name, None, None, "", message)
