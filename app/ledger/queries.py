"""Reads of imports."""

from sqlalchemy import select
from sqlalchemy.orm import Session, joinedload

from app.ledger.models import BatchState, HeaderChoice, ImportBatch
from app.places.models import Lender

WAITING = (BatchState.UPLOADED, BatchState.PREVIEW, BatchState.ACCEPTED)


def batches(session: Session, region: str | None, limit: int) -> list[ImportBatch]:
    """The newest imports of a region's counties."""
    query = (
        select(ImportBatch)
        .options(joinedload(ImportBatch.uploaded_by))
        .order_by(ImportBatch.id.desc())
        .limit(limit)
    )
    if region:
        query = query.where(ImportBatch.county_code.in_(["", region]))
    return list(session.scalars(query))


def find_batch(session: Session, batch_id: int, region: str | None) -> ImportBatch | None:
    found = session.get(ImportBatch, batch_id)
    return found if found is not None and found.county_code in ("", region) else None


def waiting(session: Session, region: str | None) -> list[ImportBatch]:
    """Imports that wait for the worker or for a person."""
    query = select(ImportBatch).where(
        ImportBatch.state.in_(WAITING), ImportBatch.county_code.in_(["", region or ""])
    )
    return list(session.scalars(query.order_by(ImportBatch.id)))


def taken_as_of(session: Session, batch: ImportBatch) -> ImportBatch | None:
    """Another file of the same county that was taken as of the same date: this one replaces it row by row."""
    query = select(ImportBatch).where(
        ImportBatch.state == BatchState.TAKEN,
        ImportBatch.as_of == batch.as_of,
        ImportBatch.county_code.in_(["", batch.county_code]),
        ImportBatch.file_hash != batch.file_hash,
    )
    return session.scalar(query.order_by(ImportBatch.id.desc()).limit(1))


def remembered_headers(session: Session, lender: str) -> list[HeaderChoice]:
    """What a person once said a lender's own column titles mean."""
    query = (
        select(HeaderChoice).join(Lender, Lender.id == HeaderChoice.lender_id).where(Lender.name == lender)
    )
    return list(session.scalars(query.order_by(HeaderChoice.header)))


def next_for_worker(session: Session) -> ImportBatch | None:
    """The oldest import that the worker has to read or to take."""
    due = ImportBatch.state.in_([BatchState.UPLOADED, BatchState.ACCEPTED])
    return session.scalar(select(ImportBatch).where(due).order_by(ImportBatch.id).limit(1))
