"""The trail: who did what to which thing, before and after. Append-only and hash-chained, a chain for each county.

An entry's digest covers its content and the digest before it, and an entry has its number in its chain; the first one
continues a beginning that is the county's own. So a changed, removed, inserted or moved entry breaks its chain from
there on, and ``audit_head`` or an anchor that was printed elsewhere tells of a cut-off end. The database refuses
UPDATE, DELETE and TRUNCATE by triggers (see the migrations). What belongs to no county is in the chain "".
ID numbers and phones never enter the trail; what changed about them is told by their masks.
"""

import hashlib
import json
from collections.abc import Callable
from datetime import datetime
from typing import Any

from flask import current_app, has_app_context
from sqlalchemy import JSON, Index, String, select, text
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Mapped, Session, mapped_column

from app.db import Base
from app.today import now

SYSTEM = "system"
COUNTY = 6  # digits of a county's code
_START = "0" * 64
_CHAIN = "audit chain"

FindCounty = Callable[[Session, str, str, str], str]


class AuditEntry(Base):
    """``number`` counts from 1 within the chain of ``region_code``, a county, without a gap."""

    __tablename__ = "audit_entry"

    id: Mapped[int] = mapped_column(primary_key=True)
    at: Mapped[datetime] = mapped_column(index=True)
    actor: Mapped[str] = mapped_column(String(64))
    action: Mapped[str] = mapped_column(String(64), index=True)
    entity: Mapped[str] = mapped_column(String(32))
    entity_id: Mapped[str] = mapped_column(String(64))
    detail: Mapped[dict[str, Any]] = mapped_column(JSON)
    previous: Mapped[str] = mapped_column(String(64))
    digest: Mapped[str] = mapped_column(String(64), unique=True)
    region_code: Mapped[str] = mapped_column(String(12), default="", server_default=text("''"))
    number: Mapped[int] = mapped_column(default=0, server_default="0")

    __table_args__ = (
        Index("uq_audit_entry_region_code_number", "region_code", "number", unique=True),
        Index("ix_audit_entry_entity", "entity", "entity_id"),
        Index("ix_audit_entry_actor", "actor", "at"),
    )


class AuditHead(Base):
    """The end of a county's chain, locked while an entry is added."""

    __tablename__ = "audit_head"

    region_code: Mapped[str] = mapped_column(String(12), primary_key=True)
    number: Mapped[int]
    digest: Mapped[str] = mapped_column(String(64))


def beginning(region: str) -> str:
    """What the first entry of a chain continues."""
    return hashlib.sha256(f"region {region}".encode()).hexdigest() if region else _START


def digest_of(
    previous: str, at: datetime, actor: str, action: str, entity: str, entity_id: str, detail: Any
) -> str:
    """SHA-256 over the previous digest and the canonical JSON of the entry."""
    content = [previous, at.isoformat(timespec="microseconds"), actor, action, entity, entity_id, detail]
    return hashlib.sha256(json.dumps(content, sort_keys=True, ensure_ascii=False).encode()).hexdigest()


def record(
    session: Session, actor: str, action: str, entity: str, entity_id: object, /, **detail: Any
) -> AuditEntry:
    """Add an entry to its county's chain within the caller's transaction. ``detail`` must be JSON.

    A ``region`` in the detail, a code within the county, says which county that is; without one it is the county of
    the actor's account, or of what the entry is about.
    """
    county = _county(session, actor, entity, str(entity_id), detail)
    moment = now()
    head = _locked(session, county)
    content = (moment, actor, action, entity, str(entity_id), detail)
    entry = AuditEntry(
        at=moment,
        actor=actor,
        action=action,
        entity=entity,
        entity_id=str(entity_id),
        detail=detail,
        previous=head.digest,
        digest=digest_of(head.digest, *content),
        region_code=county,
        number=head.number + 1,
    )
    session.add(entry)
    head.number, head.digest = entry.number, entry.digest
    session.flush()  # an expire_all() of the caller's would forget the end of the chain
    return entry


def _locked(session: Session, county: str) -> AuditHead:
    """The end of the chain, for nobody else until the transaction ends."""
    query = select(AuditHead).where(AuditHead.region_code == county).with_for_update()
    head = session.scalar(query)
    if head is None:
        dialect = postgresql if session.connection().dialect.name == "postgresql" else sqlite
        first = {"region_code": county, "number": 0, "digest": beginning(county)}
        session.execute(dialect.insert(AuditHead).values(first).on_conflict_do_nothing())
        head = session.scalars(query).one()
    return head


def _county(session: Session, actor: str, entity: str, entity_id: str, detail: dict[str, Any]) -> str:
    """The chain of an entry.

    What the system does beside somebody's act goes where that went: a transaction that held two chains' ends, while
    another takes them in the other order, would wait for it forever.
    """
    named = entity_id if entity == "region" else detail.get("region")
    if isinstance(named, str) and len(named) >= COUNTY and named.isdigit():
        return _kept(session, named[:COUNTY])
    transaction, before = session.info.get(_CHAIN, (None, ""))
    if actor == SYSTEM and transaction is not None and transaction is session.get_transaction():
        return str(before)
    find: FindCounty | None = current_app.extensions.get("qingshou.county_of") if has_app_context() else None
    return _kept(session, find(session, actor, entity, entity_id) if find else "")


def _kept(session: Session, county: str) -> str:
    session.connection()  # begins the transaction, if none is
    session.info[_CHAIN] = session.get_transaction(), county
    return county


def anchor(session: Session, region: str) -> dict[str, Any]:
    """``{"region": …, "last": n, "digest": …}``: the end of a county's chain, to be printed where others keep it.

    Whoever rewrites the chain later cannot rewrite that. ``last`` is 0 for a chain without entries.
    """
    county = region[:COUNTY] if len(region) >= COUNTY else ""
    head = session.get(AuditHead, county)
    return {
        "region": county,
        "last": head.number if head else 0,
        "digest": head.digest if head else beginning(county),
    }


def anchors(session: Session) -> list[dict[str, Any]]:
    """The ends of all chains."""
    return [
        anchor(session, code)
        for code in session.scalars(select(AuditHead.region_code).order_by(AuditHead.region_code))
    ]
