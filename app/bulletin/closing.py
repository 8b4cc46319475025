"""Closing a month: the check list settled, then its figures frozen under a digest.

An ordinary later ledger never touches a snapshot that is valid at an earlier month's end, so closing copies none. What
would touch one tells ``preserve`` first, which copies those of the closed regions it is about; from then on everything
about that month is read from the copy (``closed.snapshots_at``). Nothing here commits.
"""

from collections.abc import Callable, Collection
from datetime import date

from sqlalchemy import insert, literal, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from app import audit
from app.accounts.rules import EVERYTHING
from app.bulletin import checklist, closed, queries
from app.bulletin.digests import digest_over, township_digests
from app.bulletin.models import (
    CheckSettled,
    ClosedFigure,
    ClosedSnapshot,
    LenderTotal,
    MonthClose,
)  # fmt: skip
from app.bulletin.rules import CloseState, ItemKind, Standing, why_not_closed
from app.clock import month_end
from app.db import own_setting
from app.labels import Declined, T, Text
from app.loans.models import Snapshot
from app.loans.queries import LEDGER_REVISION, in_region, valid_on
from app.places.models import Lender, Region
from app.today import now


class CloseRefused(Declined):
    """Why a month is not closed, settled or opened again."""


def close_month(session: Session, region: str, month: date, actor: str, today: date) -> MonthClose:
    """Freeze the figures of a region's month. Raises LookupError for an unknown region, and CloseRefused.

    1. Nobody changes a snapshot until the transaction ends. 2. The check list must have nothing open. 3. The figures
    as they are told now, with the names and targets of now, and a digest over the snapshots they are made of.
    """
    day, place = month_end(month), _place(session, region)
    if (why := why_not_closed(place.level, place.short, day, today)) is not None:
        raise CloseRefused(why)
    own_setting(session, LEDGER_REVISION)
    if (standing := own_close(session, region, day)) is not None:
        raise CloseRefused(_already(standing))
    below = closed.governing(session, region, day)
    figures = queries.counted(session, day, EVERYTHING, region, below)
    if not figures:
        raise CloseRefused(
            T("No loan of %(name)s is known at the end of %(month)s: there is nothing to close.", name=place.short,
              month=f"{day:%Y-%m}")
        )  # fmt: skip
    if (why := checklist.check(session, region, day).hindrance()) is not None:
        raise CloseRefused(why)
    at = closed.snapshots_at(session, region, day)
    digests = township_digests(session, at, sorted(c.township_code for c in figures))
    close = MonthClose(
        region_code=region, month=day, closed_by=actor, closed_at=now(), digest=digest_over(digests), digests=digests,
        places=dict(queries.spots(session, region, below)),
        targets=queries.targets_of(session, region, day.year, below),
    )  # fmt: skip
    try:
        with session.begin_nested():
            session.add(close)
    except IntegrityError:
        raise CloseRefused(
            T("Somebody else has closed %(month)s at this moment.", month=f"{day:%Y-%m}")
        ) from None
    session.execute(
        insert(ClosedFigure),
        [{"close_id": close.id, **{n: getattr(c, n) for n in queries.Counted.__slots__}} for c in figures],
    )
    if any(one.preserved for one in below):  # a county's, whose living snapshots are no longer those of then
        _copy(session, close, at)
    audit.record(
        session, actor, "month.close", "month_close", close.id, region=region, month=day.isoformat(),
        digest=close.digest,
    )  # fmt: skip
    return close


def _place(session: Session, region: str) -> Region:
    place = session.get(Region, region)
    if place is None:
        raise LookupError(region)
    return place


def own_close(session: Session, region: str, month: date) -> MonthClose | None:
    """The close of the region itself that stands."""
    return session.scalar(
        select(MonthClose).where(
            MonthClose.region_code == region,
            MonthClose.month == month_end(month),
            MonthClose.state == CloseState.CLOSED,
        )
    )


def _already(close: MonthClose) -> Text:
    return T(
        "%(month)s was closed by %(who)s on %(day)s.",
        month=f"{close.month:%Y-%m}",
        who=close.closed_by,
        day=close.closed_at.date().isoformat(),
    )


def preserve(session: Session, since: date, townships: Callable[[], Collection[str]]) -> None:
    """Copy the snapshots of closed months before something changes those valid from ``since`` on."""
    query = select(MonthClose).where(
        MonthClose.state == CloseState.CLOSED, MonthClose.month >= since, MonthClose.preserved.is_(False)
    )
    closes = session.scalars(query.with_for_update()).all()
    touched = townships() if closes else ()
    for close in closes:
        if any(code.startswith(close.region_code) for code in touched):
            _copy(session, close, closed.AtEnd(Snapshot, valid_on(close.month)))
    session.flush()


def _copy(session: Session, close: MonthClose, at: closed.AtEnd) -> None:
    names = [column.key for column in Snapshot.__table__.columns]
    valid = select(literal(close.id), *(getattr(at.of, name) for name in names)).where(
        at.where, in_region(at.of.township_code, close.region_code)
    )
    session.execute(insert(ClosedSnapshot).from_select(["close_id", *names], valid))
    close.preserved = True


def settle(
    session: Session, region: str, month: date, kind: ItemKind, key: str, reason: str, actor: str
) -> None:
    """Settle an item of the check list with a reason, as it says now. Raises CloseRefused, with LookupError if none."""
    item = checklist.check(session, region, month).item(kind, key)
    if not reason.strip():
        raise CloseRefused(T("Say why this is in order as it is."))
    if item.standing is not Standing.OPEN:
        raise CloseRefused(
            T("A reason does not settle this: the ledger has to be taken.")
            if item.standing is Standing.BLOCKED
            else T("This is settled already.")
        )
    where = {"region_code": region, "month": month_end(month), "kind": kind, "key": key}
    kept = session.scalar(select(CheckSettled).filter_by(**where))
    if kept is None:
        kept = CheckSettled(**where)
        session.add(kept)
    kept.seen, kept.reason, kept.settled_by, kept.settled_at = item.seen, reason.strip(), actor, now()
    session.flush()
    audit.record(
        session, actor, "month.settle", "region", region, region=region, month=kept.month.isoformat(), item=kind.value,
        key=key, seen=item.seen, reason=kept.reason,
    )  # fmt: skip


def keep_total(
    session: Session, lender: Lender, county: str, as_of: date, totals: dict[str, int | None], actor: str
) -> None:
    """Keep what a lender itself says: ``loans``, ``stock`` and ``overdue`` (分). With none of them it is forgotten."""
    query = select(LenderTotal).filter_by(lender_id=lender.id, county_code=county, as_of=as_of)
    kept = session.scalar(query)
    before = {name: getattr(kept, name) for name in totals} if kept else None
    if all(value is None for value in totals.values()):
        if kept is not None:
            session.delete(kept)
    else:
        if kept is None:
            kept = LenderTotal(lender_id=lender.id, county_code=county, as_of=as_of)
            session.add(kept)
        for name, value in totals.items():
            setattr(kept, name, value)
        kept.entered_by, kept.entered_at = actor, now()
    session.flush()
    audit.record(
        session, actor, "month.lender_total", "lender", lender.id, region=county, as_of=as_of.isoformat(),
        before=before, after=totals,
    )  # fmt: skip
