"""The trail: who did what to which thing, before and after. Append-only and hash-chained.

An entry's hash covers its content and the hash before it, so a changed, removed or inserted entry breaks the
chain from there on. The database refuses UPDATE and DELETE on the table by triggers (see the migration).
ID numbers and phones never enter the trail; what changed about them is told by their masks.
"""

import hashlib
import json
from datetime import datetime
from typing import Any

from sqlalchemy import JSON, ForeignKey, String, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from app.db import Base
from app.today import now

SYSTEM = "system"
_GENESIS = "0" * 64


class AuditEntry(Base):
    __tablename__ = "audit_entry"

    id: Mapped[int] = mapped_column(primary_key=True)
    at: Mapped[datetime]
    actor: Mapped[str] = mapped_column(String(64))
    action: Mapped[str] = mapped_column(String(64), index=True)
    entity: Mapped[str] = mapped_column(String(32))
    entity_id: Mapped[str] = mapped_column(String(64))
    detail: Mapped[dict[str, Any]] = mapped_column(JSON)
    previous: Mapped[str] = mapped_column(String(64))
    digest: Mapped[str] = mapped_column(String(64), unique=True)


class AuditHead(Base):
    """The end of the chain, one row, locked while an entry is added."""

    __tablename__ = "audit_head"

    id: Mapped[int] = mapped_column(primary_key=True)
    last_id: Mapped[int | None] = mapped_column(ForeignKey("audit_entry.id"))
    digest: Mapped[str] = mapped_column(String(64))


def digest_of(
    previous: str, at: datetime, actor: str, action: str, entity: str, entity_id: str, detail: Any
) -> str:
    """SHA-256 over the previous digest and the canonical JSON of the entry."""
    content = [previous, at.isoformat(timespec="microseconds"), actor, action, entity, entity_id, detail]
    return hashlib.sha256(json.dumps(content, sort_keys=True, ensure_ascii=False).encode()).hexdigest()


def record(
    session: Session, actor: str, action: str, entity: str, entity_id: object, **detail: Any
) -> AuditEntry:
    """Add an entry to the chain within the caller's transaction. ``detail`` must be JSON: before, after, reason."""
    head = session.scalar(select(AuditHead).with_for_update())
    if head is None:
        head = AuditHead(id=1, last_id=None, digest=_GENESIS)
        session.add(head)
    moment = now()
    digest = digest_of(head.digest, moment, actor, action, entity, str(entity_id), detail)
    entry = AuditEntry(
        at=moment,
        actor=actor,
        action=action,
        entity=entity,
        entity_id=str(entity_id),
        detail=detail,
        previous=head.digest,
        digest=digest,
    )
    session.add(entry)
    session.flush()
    head.last_id, head.digest = entry.id, digest
    session.flush()  # an expire_all() of the caller's would forget the end of the chain
    return entry


def first_broken(session: Session) -> int | None:
    """The id of the first entry that does not fit the chain, None when all is as written."""
    previous, last = _GENESIS, None
    for entry in session.scalars(
        select(AuditEntry).order_by(AuditEntry.id).execution_options(yield_per=1000)
    ):
        content = (entry.at, entry.actor, entry.action, entry.entity, entry.entity_id, entry.detail)
        if entry.previous != previous or digest_of(previous, *content) != entry.digest:
            return entry.id
        previous, last = entry.digest, entry.id
    head = session.scalar(select(AuditHead))
    end = (head.last_id, head.digest) if head else (None, _GENESIS)
    return None if end == (last, previous) else (last or 0) + 1
