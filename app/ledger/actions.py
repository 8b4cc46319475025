"""From a ledger file to what it would change, and to what it has changed. Never commits.

``read_file`` reads a file, outside any transaction; ``examine`` stages its rows and compares them; ``take``
applies what was staged. The last two work on one transaction of the caller's, so that a preview ends in a
rollback and an import is all or nothing.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import TypeAlias

from sqlalchemy import select, text
from sqlalchemy.orm import Session

from app import audit
from app.db import reading as read_only
from app.labels import T, Text
from app.ledger import apply, compare, names, stage
from app.ledger.models import BatchState, ImportBatch
from app.ledger.report import Report, build_report
from app.ledger.rows import FileRefused, Reading
from app.ledger.rules import lender_from_unit
from app.ledger.store import Busy
from app.ledger.workbook import read
from app.loans.actions import about_to_change
from app.loans.queries import bump_revision
from app.places.queries import lenders, place_index
from app.privacy import Keyring
from app.today import local_time, now

Tell: TypeAlias = Callable[[str, int, int], None]
_IMPORT_LOCK = 0x51696E67  # any number that only this lock uses


def silent(_part: str, _done: int, _total: int) -> None:
    """Tell nobody."""


@dataclass(frozen=True, slots=True)
class Order:
    """What to read and how: ``as_of`` None takes the date found in the file."""

    path: Path
    filename: str
    as_of: date | None
    today: date
    county: str = ""
    lender: str = ""
    taking: bool = False  # make the lenders, branches and villages that are new, as the transaction may write


@dataclass(frozen=True, slots=True)
class Examined:
    """A file as read and compared; its valid rows are staged on the session's connection."""

    reading: Reading
    as_of: date
    report: Report
    supplements: bool


def lock(session: Session, wait: bool = False) -> None:
    """Only one import or sweep at a time on this database, for the rest of the transaction.

    Raises Busy, or waits. SQLite has one writer by itself; PostgreSQL is asked for an advisory lock.
    """
    if session.connection().dialect.name != "postgresql":
        return
    if wait:
        session.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _IMPORT_LOCK})
    elif not session.scalar(text("SELECT pg_try_advisory_xact_lock(:key)"), {"key": _IMPORT_LOCK}):
        raise Busy


def read_file(session: Session, order: Order, tell: Tell = silent) -> Reading:
    """Read the file by the names that the database knows; every row with its lender. Raises FileRefused.

    Lets go of the database first, by a rollback: reading takes long, and others write meanwhile.
    """
    with read_only():
        places, mapping = place_index(session, order.county), names.header_choices(session, order.lender)
        session.rollback()

    def settle_lenders(reading: Reading) -> None:
        with read_only():
            known = {lender.name for lender in lenders(session)}
            original = supplemented(session, reading)
            default = (
                lender_said(order.lender, original)
                or lender_from_unit(reading.reporting_unit)
                or (next(iter(known)) if len(known) == 1 else "")
            )
            session.rollback()
        reading.rows = names.with_lenders(reading.rows, known, default)

    return read(
        order.path,
        places=places,
        within=order.county,
        as_of=order.as_of,
        mapping=mapping,
        aliases={},
        settle=settle_lenders,
        filename=order.filename,
        progress=lambda done, total: tell("read", done, total),
    )


def examine(session: Session, order: Order, reading: Reading, ring: Keyring, tell: Tell = silent) -> Examined:
    """Stage the valid rows of a file and compare them with what is known. Raises FileRefused."""
    original, rows = supplemented(session, reading), reading.rows
    as_of = _date(order, reading, original)
    found, unknown = names.look_up(session, rows)
    if unknown and order.taking:
        names.make(session, unknown)
        found, _ = names.look_up(session, rows)
    connection, supplements = session.connection(), reading.supplements is not None
    stage.fill(connection, rows, as_of, found, ring, lambda done, total: tell("stage", done, total))
    stage.refuse(connection, reading.refused_contracts)
    tell("compare", 0, 1)
    report = build_report(
        reading,
        compare.compare(connection, as_of, supplements),
        accepted=len(rows),
        unknown=unknown,
        risen=compare.risen_balances(connection, as_of),
        split=compare.split_households(connection),
        loose=supplements and (original is None or original.state is not BatchState.TAKEN),
    )
    tell("compare", 1, 1)
    return Examined(reading, as_of, report, supplements)


def supplemented(session: Session, reading: Reading) -> ImportBatch | None:
    """The batch whose refused rows this file brings corrected, where it was one of this instance."""
    return session.get(ImportBatch, reading.supplements) if reading.supplements else None


def _date(order: Order, reading: Reading, original: ImportBatch | None) -> date:
    as_of = order.as_of or reading.as_of or (original.as_of if original else None)
    if as_of is None:
        raise FileRefused(T("No date was found in the file. Say as of which day its figures are."))
    if as_of > order.today:
        raise FileRefused(T("The date %(date)s lies in the future.", date=as_of.isoformat()))
    return as_of


def hindrance(examined: Examined, accept_valid: bool) -> Text | None:
    """Why the examined file is not to be taken: nothing in it is valid, or nobody agreed to leave rows out."""
    report = examined.report
    if report.accepted == 0:
        return T("No row can be taken.")
    if report.rejected and not accept_valid:
        return T(
            "%(n)s rows are refused, so nothing was taken. Correct them, or accept the valid rows.",
            n=report.rejected,
        )
    return None


def take(session: Session, examined: Examined, batch: ImportBatch, actor: str, tell: Tell = silent) -> None:
    """Apply the examined ledger (examined for taking) and mark the batch as taken. Raises FileRefused.

    1. See that it still may be taken: since its preview the same file may have been, or more rows refused.
    2. Apply set by set. 3. Record the batch, the new ledger revision and the trail.
    """
    original = supplemented(session, examined.reading)
    batch.lender_name = lender_said(batch.lender_name, original)
    if (before := already_taken(session, batch.file_hash, examined.as_of, batch.lender_name)) is not None:
        raise FileRefused(taken_before(before))
    if (hindered := hindrance(examined, batch.accept_valid)) is not None:
        raise FileRefused(hindered)
    batch.as_of = examined.as_of
    batch.supplements_id = original.id if original else None
    session.flush()
    connection = session.connection()
    about_to_change(session, examined.as_of, lambda: compare.touched_townships(connection, examined.as_of))
    apply.take(
        connection,
        batch_id=batch.id,
        as_of=examined.as_of,
        supplement=examined.supplements,
        refused_later=_refused_later(session, examined.as_of),
        progress=lambda done, total: tell("take", done, total),
    )
    session.expire_all()
    batch.state, batch.taken_at, batch.report = BatchState.TAKEN, now(), examined.report.to_json()
    bump_revision(session, examined.as_of)
    audit.record(
        session,
        actor,
        "ledger.take",
        "import_batch",
        batch.id,
        file=batch.file_hash,
        filename=batch.filename,
        as_of=examined.as_of.isoformat(),
        **examined.report.counts(),
    )


def _refused_later(session: Session, as_of: date) -> set[str]:
    """Contracts of refused rows in ledgers of later dates, which therefore do list them."""
    reports = session.scalars(
        select(ImportBatch.report).where(ImportBatch.state == BatchState.TAKEN, ImportBatch.as_of > as_of)
    )
    return {contract for report in reports for contract in report.get("refused_contracts", ())}


def taken_before(batch: ImportBatch) -> Text:
    """What is said of a file that comes a second time."""
    return T("This file was taken before, on %(when)s. Nothing was changed.", when=local_time(batch.taken_at))


def lender_said(lender: str, original: ImportBatch | None) -> str:
    """The lender that was named for a file, else for the batch whose rows it corrects."""
    return lender or (original.lender_name if original else "")


def already_taken(session: Session, file_hash: str, as_of: date | None, lender: str) -> ImportBatch | None:
    """The batch by which this very file was taken before, as of the same date and for the same named lender."""
    query = select(ImportBatch).where(
        ImportBatch.file_hash == file_hash,
        ImportBatch.lender_name == lender,
        ImportBatch.state == BatchState.TAKEN,
    )
    if as_of is not None:
        query = query.where(ImportBatch.as_of == as_of)
    return session.scalar(query.order_by(ImportBatch.id.desc()).limit(1))


def new_batch(
    session: Session,
    *,
    file_hash: str,
    filename: str,
    size: int,
    county: str,
    lender: str = "",
    as_of: date | None = None,
    user_id: int | None = None,
    state: BatchState = BatchState.UPLOADED,
    accept_valid: bool = False,
) -> ImportBatch:
    """A batch for a file that was received."""
    batch = ImportBatch(
        file_hash=file_hash,
        filename=filename[-255:],
        size=size,
        county_code=county,
        lender_name=lender,
        as_of=as_of,
        state=state,
        uploaded_by_id=user_id,
        uploaded_at=now(),
        report={},
        attempts=0,
        accept_valid=accept_valid,
    )
    session.add(batch)
    session.flush()
    return batch


def remember_headers(
    session: Session, lender_name: str, choices: Mapping[str, str | None], actor: str
) -> None:
    """Remember what a lender's own column titles mean."""
    names.remember_headers(session, lender_name, choices)
    audit.record(session, actor, "ledger.headers", "lender", lender_name, choices=dict(choices))


def refuse(batch: ImportBatch, message: Text) -> None:
    """Mark a batch as one that could not be taken, and why."""
    batch.state = BatchState.REFUSED
    batch.report = {"refusal": message.to_json()}
