"""From a ledger file to what it would change, and to what it has changed. Never commits.

``examine`` reads a file and stages its rows; ``take`` applies what was staged. Both work on the caller's
transaction, so that a preview ends in a rollback and an import is all or nothing.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import TypeAlias

from sqlalchemy import select, text
from sqlalchemy.orm import Session

from app import audit
from app.labels import T, Text
from app.ledger import apply, compare, names, stage
from app.ledger.models import BatchState, ImportBatch
from app.ledger.report import Report, build_report
from app.ledger.rows import FileRefused, Reading
from app.ledger.rules import lender_from_unit
from app.ledger.store import Busy
from app.ledger.workbook import read
from app.loans.queries import bump_revision
from app.places.queries import lenders, place_index
from app.privacy import Keyring
from app.today import now

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


def lock(session: Session) -> None:
    """Only one import at a time on this database, for the rest of the transaction. Raises Busy.

    SQLite has one writer by itself; PostgreSQL is asked for an advisory lock.
    """
    if session.connection().dialect.name != "postgresql":
        return
    if not session.scalar(text("SELECT pg_try_advisory_xact_lock(:key)"), {"key": _IMPORT_LOCK}):
        raise Busy


def examine(session: Session, order: Order, ring: Keyring, tell: Tell = silent) -> Examined:
    """Read the file, stage its valid rows and compare them with what is known. Raises FileRefused."""
    reading = read(
        order.path,
        places=place_index(session, order.county),
        within=order.county,
        as_of=order.as_of,
        mapping=names.header_choices(session, order.lender),
        aliases={},
        progress=lambda done, total: tell("read", done, total),
    )
    as_of = _date(order, reading)
    known = {lender.name for lender in lenders(session)}
    default = (
        order.lender
        or lender_from_unit(reading.reporting_unit)
        or (next(iter(known)) if len(known) == 1 else "")
    )
    rows = names.with_lenders(reading.rows, known, default)
    found, unknown = names.look_up(session, rows)
    if unknown and order.taking:
        names.make(session, unknown)
        found, _ = names.look_up(session, rows)
    connection, supplements = session.connection(), reading.supplements is not None
    stage.fill(connection, rows, as_of, found, ring, lambda done, total: tell("stage", done, total))
    tell("compare", 0, 1)
    report = build_report(
        reading,
        compare.compare(connection, as_of, refused_contracts(reading), supplements),
        accepted=len(rows),
        unknown=unknown,
        risen=compare.risen_balances(connection, as_of),
        split=compare.split_households(connection),
    )
    tell("compare", 1, 1)
    return Examined(reading, as_of, report, supplements)


def _date(order: Order, reading: Reading) -> date:
    as_of = order.as_of or reading.as_of
    if as_of is None:
        raise FileRefused(T("No date was found in the file. Say as of which day its figures are."))
    if as_of > order.today:
        raise FileRefused(T("The date %(date)s lies in the future.", date=as_of.isoformat()))
    return as_of


def refused_contracts(reading: Reading) -> list[str]:
    """Contract numbers of rows that were refused: the file lists them, so they are not missing from it."""
    return sorted({row.contract_no for row in reading.refused if row.contract_no})


def take(session: Session, examined: Examined, batch: ImportBatch, actor: str, tell: Tell = silent) -> None:
    """Apply the examined ledger (examined for taking) and mark the batch as taken.

    1. Apply set by set. 2. Record the batch, the new ledger revision and the trail.
    """
    batch.as_of = examined.as_of
    batch.supplements_id = _supplemented(session, examined.reading)
    session.flush()
    apply.take(
        session.connection(),
        batch_id=batch.id,
        as_of=examined.as_of,
        refused_contracts=refused_contracts(examined.reading),
        supplement=examined.supplements,
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


def _supplemented(session: Session, reading: Reading) -> int | None:
    """The batch whose refused rows this file brings corrected, where it was one of this instance."""
    found = session.get(ImportBatch, reading.supplements) if reading.supplements else None
    return found.id if found else None


def already_taken(session: Session, file_hash: str, as_of: date | None) -> ImportBatch | None:
    """The batch by which this very file was taken before (as of the same date)."""
    query = select(ImportBatch).where(
        ImportBatch.file_hash == file_hash, ImportBatch.state == BatchState.TAKEN
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
        accept_valid=False,
    )
    session.add(batch)
    session.flush()
    return batch


def remember_headers(session: Session, lender_name: str, choices: Mapping[str, str | None], actor: str) -> None:
    """Remember what a lender's own column titles mean."""
    names.remember_headers(session, lender_name, choices)
    audit.record(session, actor, "ledger.headers", "lender", lender_name, choices=dict(choices))


def refuse(batch: ImportBatch, message: Text) -> None:
    """Mark a batch as one that could not be taken, and why."""
    batch.state = BatchState.REFUSED
    batch.report = {"refusal": message.to_json()}
