"""Reading the trail: pages, what concerns one borrower, bulk reading of numbers, lines to export."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, func, or_, select, true
from sqlalchemy.orm import Session

from app.accounts.models import User
from app.accounts.rules import Scope
from app.audit import COUNTY, AuditEntry
from app.cases.models import Case
from app.loans.models import Loan
from app.places.models import Region
from app.places.rules import Level
from app.trail.names import EXPORTS, READINGS
from app.trail.rules import Bulk, bulk_readings

COUNT_LIMIT = 10_000


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a reader of the trail asks for; ``since`` and ``until`` are moments, the latter not included."""

    actor: str = ""
    action: str = ""
    entity: str = ""
    entity_id: str = ""
    since: datetime | None = None
    until: datetime | None = None
    borrower_id: int | None = None


def readable(session: Session, scope: Scope) -> ColumnElement[bool]:
    """The chains a scope reads: its county's, and the one of no county where the instance has no other county."""
    if scope.is_empty or scope.region is None:
        return AuditEntry.id.is_(None)
    if not scope.region:
        return true()
    counties = select(func.count()).select_from(Region).where(Region.level == Level.COUNTY)
    mine = AuditEntry.region_code.startswith(scope.region[:COUNTY], autoescape=True)
    return or_(mine, AuditEntry.region_code == "") if (session.scalar(counties) or 0) <= 1 else mine


def _matching(session: Session, scope: Scope, wanted: Wanted) -> ColumnElement[bool]:
    where = [readable(session, scope)]
    for column, value in (
        (AuditEntry.actor, wanted.actor),
        (AuditEntry.action, wanted.action),
        (AuditEntry.entity, wanted.entity),
        (AuditEntry.entity_id, wanted.entity_id),
    ):
        if value:
            where.append(column == value)
    if wanted.since:
        where.append(AuditEntry.at >= wanted.since)
    if wanted.until:
        where.append(AuditEntry.at < wanted.until)
    if wanted.borrower_id is not None:
        where.append(_about(session, wanted.borrower_id))
    return and_(*where)


def _about(session: Session, borrower_id: int) -> ColumnElement[bool]:
    """Entries about a borrower, the loans, or the cases of them; whoever looks sees who did it, not the case."""
    cases = session.scalars(select(Case.id).where(Case.borrower_id == borrower_id)).all()
    loans = session.scalars(select(Loan.id).where(Loan.borrower_id == borrower_id)).all()
    of = {"borrower": [borrower_id], "case": cases, "loan": loans}
    return or_(
        *(
            and_(AuditEntry.entity == entity, AuditEntry.entity_id.in_([str(number) for number in numbers]))
            for entity, numbers in of.items()
            if numbers
        )
    )


def listed(
    session: Session, scope: Scope, wanted: Wanted, before: int | None, limit: int
) -> Sequence[AuditEntry]:
    """Entries, the newest first."""
    query: Select[Any] = select(AuditEntry).where(_matching(session, scope, wanted))
    if before is not None:
        query = query.where(AuditEntry.id < before)
    return session.scalars(query.order_by(AuditEntry.id.desc()).limit(limit)).all()


def count(session: Session, scope: Scope, wanted: Wanted) -> int:
    """At most one more than COUNT_LIMIT."""
    some = select(AuditEntry.id).where(_matching(session, scope, wanted)).limit(COUNT_LIMIT + 1)
    return session.scalar(select(func.count()).select_from(some.subquery())) or 0


def exports_of(session: Session, scope: Scope, limit: int) -> Sequence[AuditEntry]:
    """The newest lists that were taken out."""
    query = select(AuditEntry).where(readable(session, scope), AuditEntry.action.in_(EXPORTS))
    return session.scalars(query.order_by(AuditEntry.id.desc()).limit(limit)).all()


def names_of(session: Session, actors: set[str]) -> dict[str, str]:
    """The names of people by their user names."""
    query = select(User.username, User.name).where(User.username.in_(actors))
    return {row.username: row.name for row in session.execute(query)}


def reveals_since(session: Session, actor: str, since: datetime) -> int:
    """How many full values somebody has seen since a moment."""
    query = select(func.count()).where(
        AuditEntry.action.in_(READINGS), AuditEntry.actor == actor, AuditEntry.at >= since
    )
    return session.scalar(query) or 0


def bulk_since(session: Session, scope: Scope, since: datetime, limit: int) -> list[Bulk]:
    """Who has seen ``limit`` or more full values within an hour since a moment, as far as the scope reads."""
    query = (
        select(AuditEntry.actor, AuditEntry.at)
        .where(readable(session, scope), AuditEntry.action.in_(READINGS), AuditEntry.at >= since)
        .order_by(AuditEntry.at)
    )
    return bulk_readings([(actor, at) for actor, at in session.execute(query)], limit)


def exported(
    session: Session, region: str | None, since: datetime | None, until: datetime | None
) -> Iterator[dict[str, Any]]:
    """Entries as they are chained, with all that their digests cover."""
    query = select(AuditEntry).order_by(AuditEntry.region_code, AuditEntry.number)
    if region is not None:
        query = query.where(AuditEntry.region_code == region[:COUNTY])
    if since:
        query = query.where(AuditEntry.at >= since)
    if until:
        query = query.where(AuditEntry.at < until)
    for entry in session.scalars(query.execution_options(yield_per=1000)):
        yield {
            "region": entry.region_code,
            "number": entry.number,
            "at": entry.at.isoformat(timespec="microseconds"),
            "actor": entry.actor,
            "action": entry.action,
            "entity": entry.entity,
            "entity_id": entry.entity_id,
            "detail": entry.detail,
            "previous": entry.previous,
            "digest": entry.digest,
        }
