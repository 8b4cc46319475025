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
from app.bulletin.errata import find_errata
from app.cases.actions import Swept, lines_wait, sweep
from app.cases.handover import apply_due, due
from app.cases.limitation import restart_by_ledger
from app.db import db, get_setting, put_setting
from app.forces.actions import end_leavers, leavers
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
from app.loans.queries import mark_settled, own_unsettled_since, unsettled_since
from app.privacy import keyring
from app.promises.judging import judge_promises
from app.promises.settling import must_revise, settle_reports
from app.today import business_date

SWEPT_ON = "swept_on"


def take_ledger(
    session: Session, examined: Examined, batch: ImportBatch, *, actor: str, tell: Tell = silent
) -> None:
    """Apply an examined ledger, let the cases follow the loans, count the figures anew. Raises FileRefused.

    The cases follow as of the newest ledger, or of the last sweep where that was later: going back behind it
    would close the cases of loans that have fallen due since. For today they follow with the daily sweep.
    """
    ledger.take(session, examined, batch, actor, tell)
    settle_reports(session, examined.as_of)
    tell("sweep", 0, 2)
    _sweep(session, max(newest_as_of(session) or examined.as_of, _swept_on(session) or examined.as_of), actor)
    restart_by_ledger(session, examined.as_of)
    tell("sweep", 1, 2)
    came = {"file": batch.filename, "day": examined.as_of.isoformat()}
    _count_anew(session, T("The ledger %(file)s as of %(day)s was taken afterwards.", **came))
    tell("sweep", 2, 2)


def settle(session: Session, day: date, actor: str) -> Swept:
    """Let the cases follow the loans as of ``day``, and the figures the snapshots that have changed.

    Waits for an import that is under way.
    """
    ledger.lock(session, wait=True)
    if day <= business_date(session):  # nobody leaves on a day that is only looked at
        apply_due(session, day)
        end_leavers(session, day, actor)
    swept = _sweep(session, day, actor)
    _count_anew(session, T("Loans were decided about afterwards."))
    return swept


def is_settled(session: Session, today: date) -> bool:
    """Nothing has changed since the last sweep, that was today's, and no case waits for a collector who has come."""
    if unsettled_since(session) is not None or _swept_on(session) != today or lines_wait(session):
        return False
    return not due(session, today) and not leavers(session, today)


def _sweep(session: Session, day: date, actor: str) -> Swept:
    swept = sweep(session, day, actor)
    if day <= business_date(session):  # else the next imports would be swept for a day that is still to come
        judge_promises(session, day, revise=must_revise(session))
        put_setting(session, SWEPT_ON, day.isoformat())
    return swept


def _swept_on(session: Session) -> date | None:
    stored = get_setting(session, SWEPT_ON)
    return date.fromisoformat(stored) if stored else None


def _count_anew(session: Session, cause: Text) -> None:
    """``cause``: what a closed month's errata say of why its figures turn out otherwise."""
    if (since := own_unsettled_since(session)) is not None:
        refresh_figures(session, since)
        find_errata(session, since, cause)
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
    """What came of an import. ``ok``: it was taken, or would be in a dry run, or had been before.

    ``refused_rows``: a workbook of the refused rows, to be corrected.
    """

    ok: bool
    counts: dict[str, int]
    findings: list[Remark]
    sentence: Text
    refused_rows: bytes | None = None

    def to_json(self, gettext: Callable[[str], str]) -> dict[str, object]:
        """The shape that ``flask ledger import --json`` prints."""
        remarks = [{**r.to_json(), "message": r.message.render(gettext)} for r in self.findings]
        return {**{name: self.counts[name] for name in _COUNTS}, "findings": remarks}


_COUNTS = ("accepted", "rejected", "new", "changed", "unchanged", "missing")
_NOTHING = dict.fromkeys((*_COUNTS, "missing_overdue"), 0)


def import_file(request: Request, *, today: date, actor: str, tell: Tell = silent) -> Outcome:
    """Read a file and take it, all or nothing, and commit.

    1. A file taken before, as of the same date, changes nothing. 2. A file that cannot be read, or has refused
    rows that nobody accepted to leave out, is not taken. 3. Else one transaction takes it.
    """
    session, ring = db.session(), keyring()
    store = LedgerStore(Path(current_app.instance_path), ring)
    order = ledger.Order(
        request.path, request.path.name, request.as_of, today, request.county, request.lender, taking=True
    )
    try:
        with store.alone():
            content = request.path.read_bytes() if request.path.stat().st_size <= MAX_FILE_BYTES else b""
            read = ledger.read_file(session, order, tell)
            ledger.lock(session)
            examined = ledger.examine(session, order, read, ring, tell)
            outcome = _already_taken(session, examined, request, content)
            if outcome is None:
                outcome = _judge(session, examined, request, content, store, actor, tell)
            return outcome
    except FileRefused as refused:
        return _not_taken(request, refused.message)
    except Busy:
        return _not_taken(request, T("Another import is running. Try again when it has ended."))
    finally:
        session.rollback()  # whatever was not committed


def _already_taken(session: Session, examined: Examined, request: Request, content: bytes) -> Outcome | None:
    lender = ledger.lender_said(request.lender, ledger.supplemented(session, examined.reading))
    before = ledger.already_taken(session, sha256(content).hexdigest(), examined.as_of, lender)
    if before is None:
        return None
    report, sentence = examined.report, ledger.taken_before(before)
    counts = {**report.counts(), "new": 0, "changed": 0, "unchanged": report.accepted}
    return Outcome(True, counts, [_whole_file(request, sentence), *report.remarks], sentence)


def _judge(
    session: Session,
    examined: Examined,
    request: Request,
    content: bytes,
    store: LedgerStore,
    actor: str,
    tell: Tell,
) -> Outcome:
    """Take it and commit, if it may be taken; say what came of it."""
    report = examined.report

    def outcome(ok: bool, sentence: Text, counts: dict[str, int], batch_id: int = 0) -> Outcome:
        refused = refused_workbook(examined.reading, batch_id, gettext)
        remarks = [*report.remarks, *report.news(request.path.name)]
        return Outcome(ok, counts, remarks, sentence, refused)

    if (hindered := ledger.hindrance(examined, request.accept_valid)) is not None:
        nothing = {**_NOTHING, "rejected": report.rejected}
        return outcome(False, hindered, report.counts() if request.dry_run else nothing)
    if request.dry_run:
        return outcome(True, T("Nothing was changed: this was a rehearsal."), report.counts())
    batch = ledger.new_batch(
        session,
        file_hash=store.keep(content),
        filename=request.path.name,
        size=len(content),
        county=request.county,
        lender=request.lender,
        as_of=examined.as_of,
        accept_valid=request.accept_valid,
    )
    take_ledger(session, examined, batch, actor=actor, tell=tell)
    number = batch.id
    session.commit()
    sentence = T("Taken: %(n)s rows as of %(date)s.", n=report.accepted, date=examined.as_of.isoformat())
    return outcome(True, sentence, report.counts(), number)


def _not_taken(request: Request, message: Text) -> Outcome:
    return Outcome(False, dict(_NOTHING), [_whole_file(request, message)], message)


def _whole_file(request: Request, message: Text) -> Remark:
    return Remark(NOTICE, request.path.name, None, None, "", message)
