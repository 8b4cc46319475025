"""Is the trail as it was written? Walks the chains and names what is not."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app.audit import AuditEntry, AuditHead, beginning, digest_of
from app.labels import Labelled, T, Text


class Fault(Labelled):
    """What may have been done to a chain."""

    CHANGED = "changed", T("changed")
    REMOVED = "removed", T("removed")
    INSERTED = "inserted", T("inserted")
    REORDERED = "reordered", T("reordered")
    CUT_OFF = "cut_off", T("cut off")


@dataclass(frozen=True, slots=True)
class Finding:
    """A fault of the chain of ``region`` at the entries ``first`` to ``last`` (their numbers in it)."""

    fault: Fault
    region: str
    first: int
    last: int
    entry_id: int | None = None

    @property
    def sentence(self) -> Text:
        return T(
            "Chain %(region)s, entries %(first)s to %(last)s: %(fault)s.",
            region=self.region or "—",
            first=self.first,
            last=self.last,
            fault=self.fault.label,
        )

    def to_json(self) -> dict[str, Any]:
        return {
            "fault": self.fault.value,
            "region": self.region,
            "first": self.first,
            "last": self.last,
            "entry_id": self.entry_id,
        }


def verify(session: Session) -> list[Finding]:
    """Every fault of every chain; an empty list when all is as it was written."""
    found: list[Finding] = []
    for region in _chains(session):
        found += joined(_walk(session, region))
    return found


def first_broken(session: Session) -> Finding | None:
    """The first fault."""
    return next(iter(verify(session)), None)


def _chains(session: Session) -> list[str]:
    codes = {*session.scalars(select(AuditEntry.region_code).distinct())}
    return sorted(codes | {*session.scalars(select(AuditHead.region_code))})


def joined(findings: Iterable[Finding]) -> list[Finding]:
    """Neighbours with the same fault as one."""
    out: list[Finding] = []
    for one in findings:
        last = out[-1] if out else None
        if last and last.fault is one.fault and one.first <= last.last + 1:
            out[-1] = Finding(last.fault, last.region, last.first, max(last.last, one.last), last.entry_id)
        else:
            out.append(one)
    return out


def _walk(session: Session, region: str) -> Iterator[Finding]:
    """In the order of the numbers; after a fault it goes on as if that entry were right, so that each is told once."""
    count = session.scalar(
        select(func.count()).select_from(AuditEntry).where(AuditEntry.region_code == region)
    )
    known = session.execute(
        select(AuditHead.number, AuditHead.digest).where(AuditHead.region_code == region)
    ).one_or_none()
    short = known is not None and (count or 0) < known.number
    previous, before, before_id = beginning(region), 0, None
    query = select(AuditEntry).where(AuditEntry.region_code == region).order_by(AuditEntry.number)
    for entry in session.scalars(query.execution_options(yield_per=1000)):
        if entry.number > before + 1:
            yield Finding(Fault.REMOVED, region, before + 1, entry.number - 1)
        if known is not None and entry.number > known.number:
            yield Finding(Fault.INSERTED, region, entry.number, entry.number, entry.id)
        elif not _fits(entry):
            yield Finding(Fault.CHANGED, region, entry.number, entry.number, entry.id)
        elif entry.previous != previous and entry.number == before + 1:
            yield from _unlinked(session, entry, before_id, previous, short)
        previous, before, before_id = entry.digest, entry.number, entry.id
        session.expunge(entry)
    if known is None and before:
        yield Finding(Fault.CUT_OFF, region, before + 1, before + 1)
    elif known is not None and before < known.number:
        yield Finding(Fault.CUT_OFF, region, before + 1, known.number)
    elif known is not None and before == known.number and previous != known.digest:
        yield Finding(Fault.CHANGED, region, before, before, before_id)


def _fits(entry: AuditEntry) -> bool:
    content = (entry.at, entry.actor, entry.action, entry.entity, entry.entity_id, entry.detail)
    return digest_of(entry.previous, *content) == entry.digest


def _unlinked(
    session: Session, entry: AuditEntry, before_id: int | None, previous: str, short: bool
) -> Iterator[Finding]:
    """An entry that continues another than the one before it."""
    region, number = entry.region_code, entry.number
    origin = session.scalar(
        select(AuditEntry.number).where(AuditEntry.region_code == region, AuditEntry.digest == entry.previous)
    )
    if origin is None and entry.previous != beginning(region):
        # Nobody has what it continues: that was taken away, or rewritten with a digest of its own.
        fault = Fault.REMOVED if short or before_id is None else Fault.CHANGED
        yield Finding(fault, region, max(number - 1, 1), max(number - 1, 1), before_id)
        return
    claims = select(AuditEntry.id).where(
        AuditEntry.region_code == region, AuditEntry.previous == entry.previous, AuditEntry.id != entry.id
    )
    if session.scalar(claims.limit(1)) is not None:
        yield Finding(Fault.INSERTED, region, number - 1, number - 1, before_id)
    else:
        yield Finding(Fault.REORDERED, region, max(number - 1, 1), number, entry.id)


def anchors_in(value: Any) -> Iterator[dict[str, Any]]:
    """Every anchor within a file: one, a list of them, or the manifest of a bulletin."""
    if isinstance(value, dict):
        if isinstance(value.get("last"), int) and isinstance(value.get("digest"), str):
            yield {"region": str(value.get("region", "")), **value}
            return
        value = list(value.values())
    if isinstance(value, list):
        for one in value:
            yield from anchors_in(one)


def against_anchor(session: Session, anchor: dict[str, Any]) -> Finding | None:
    """Does the chain still hold what the anchor says of it?"""
    region, last = anchor["region"], anchor["last"]
    if last == 0:
        return None
    digest = session.scalar(
        select(AuditEntry.digest).where(AuditEntry.region_code == region, AuditEntry.number == last)
    )
    if digest == anchor["digest"]:
        return None
    if digest is not None:
        return Finding(Fault.CHANGED, region, 1, last)
    end = select(func.max(AuditEntry.number)).where(AuditEntry.region_code == region)
    return Finding(Fault.CUT_OFF, region, (session.scalar(end) or 0) + 1, last)
