"""Keeping the figure cache, targets, and published texts."""

from datetime import date

from sqlalchemy import delete, func, insert, select, update
from sqlalchemy.orm import Session

from app import audit
from app.accounts.rules import EVERYTHING
from app.bulletin import queries
from app.bulletin.errata import find_errata
from app.bulletin.kept import published_text
from app.bulletin.models import FigureCache, PublishedText, Target
from app.clock import add_months, month_end
from app.labels import T
from app.loans.queries import ledger_revision
from app.today import now


def refresh_figures(session: Session, since: date) -> list[date]:
    """Count anew every month that a change of the state from ``since`` on can touch; returns those months.

    1. Months before keep their figures and only take on the new revision.
    2. Months from there to the newest ledger are counted from the snapshots, all regions at once, and with them
       those before that no ledger was for: they stand as the ledger before left them.
    """
    revision = ledger_revision(session)
    first, newest = month_end(since), queries.newest_month(session)
    session.execute(update(FigureCache).where(FigureCache.month < first).values(revision=revision))
    session.execute(delete(FigureCache).where(FigureCache.month >= first))
    months: list[date] = []
    before = session.scalar(select(func.max(FigureCache.month)))
    month = month_end(add_months(before, 1)) if before else first
    while newest is not None and month <= newest:
        counted = queries.count(session, month, EVERYTHING, "")
        if counted:
            session.execute(insert(FigureCache), [_cache_row(c, month, revision) for c in counted])
            months.append(month)
        month = month_end(add_months(month, 1))
    return months


def _cache_row(counted: queries.Counted, month: date, revision: int) -> dict[str, object]:
    return {
        "township_code": counted.township_code,
        "month": month,
        "revision": revision,
        "as_of": counted.as_of,
        "stock_households": counted.stock_households,
        "stock": counted.stock,
        "new_households": counted.new_households,
        "new": counted.new,
        "overdue_households": counted.overdue_households,
        "overdue": counted.overdue,
        "overdue_loans": counted.overdue_loans,
    }


def set_target(session: Session, region: str, year: int, amount: int | None, actor: str) -> None:
    """Set, change or (None) remove a region's target of new lending, 分."""
    target = session.scalar(select(Target).where(Target.region_code == region, Target.year == year))
    before = target.amount if target else None
    if before == amount:
        return
    if target is None and amount is not None:
        session.add(Target(region_code=region, year=year, amount=amount))
    elif target is not None and amount is None:
        session.delete(target)
    elif target is not None and amount is not None:
        target.amount = amount
    session.flush()
    find_errata(session, date(year, 1, 1), T("The target of %(year)s was changed afterwards.", year=year))
    audit.record(session, actor, "bulletin.target", "region", region, year=year, before=before, after=amount)


def keep_published_text(session: Session, region: str, month: date, text: str, actor: str) -> PublishedText:
    """Keep a bulletin as published elsewhere, to be compared with this month's figures."""
    kept = published_text(session, region, month)
    if kept is None:
        kept = PublishedText(region_code=region, month=month_end(month), text=text, added_at=now())
        session.add(kept)
    else:
        kept.text, kept.added_at = text, now()
    session.flush()
    audit.record(session, actor, "bulletin.published_text", "region", region, month=kept.month.isoformat())
    return kept
