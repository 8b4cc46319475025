"""Reads of imports."""

from sqlalchemy import select
from sqlalchemy.orm import Session, joinedload

from app.ledger.models import BatchState, ImportBatch

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


def next_for_worker(session: Session) -> ImportBatch | None:
    """The oldest import that the worker has to read or to take."""
    due = ImportBatch.state.in_([BatchState.UPLOADED, BatchState.ACCEPTED])
    return session.scalar(select(ImportBatch).where(due).order_by(ImportBatch.id).limit(1))
