"""Opening a closed month again: one asks with a reason, another agrees. Nothing here commits."""

from sqlalchemy import delete
from sqlalchemy.orm import Session

from app import audit
from app.bulletin import closed
from app.bulletin.closing import CloseRefused
from app.bulletin.models import ClosedSnapshot, Erratum, MonthClose, Reopening
from app.bulletin.rules import CloseState
from app.labels import T
from app.today import now


def ask_to_reopen(session: Session, close: MonthClose, reason: str, actor: str) -> Reopening:
    """Ask that a closed month be opened again; a second person agrees. Raises CloseRefused."""
    _may_reopen(close, actor)
    if not reason.strip():
        raise CloseRefused(T("Say why the month is to be opened again."))
    if close.asked is not None:
        raise CloseRefused(
            T("%(who)s has asked for it already; another person can agree.", who=close.asked.asked_by)
        )
    asked = Reopening(close=close, asked_by=actor, reason=reason.strip(), asked_at=now())
    session.add(asked)
    session.flush()
    audit.record(
        session, actor, "month.ask_to_reopen", "month_close", close.id, region=close.region_code,
        month=close.month.isoformat(), reason=asked.reason,
    )  # fmt: skip
    return asked


def agree_to_reopen(session: Session, close: MonthClose, actor: str) -> None:
    """Open a closed month again, as another person has asked: its figures live again. Raises CloseRefused."""
    closed.hold(session, close)
    _may_reopen(close, actor)
    asked = close.asked
    if asked is None:
        raise CloseRefused(T("Nobody has asked for this month to be opened again."))
    if asked.asked_by == actor:
        raise CloseRefused(T("You asked for it yourself: another person has to agree."))
    asked.agreed_by, asked.agreed_at = actor, now()
    close.state, close.preserved = CloseState.REOPENED, False
    session.execute(delete(ClosedSnapshot).where(ClosedSnapshot.close_id == close.id))
    session.execute(delete(Erratum).where(Erratum.close_id == close.id, Erratum.edition.is_(None)))
    session.flush()
    audit.record(
        session, actor, "month.reopen", "month_close", close.id, region=close.region_code,
        month=close.month.isoformat(), asked_by=asked.asked_by, reason=asked.reason,
    )  # fmt: skip


def _may_reopen(close: MonthClose, actor: str) -> None:
    if close.state is not CloseState.CLOSED:
        raise CloseRefused(T("This month is open already."))
    if close.published_at is not None:
        raise CloseRefused(
            T("The bulletin of %(month)s is published: what was wrong in it is told as an erratum in the next one.",
              month=f"{close.month:%Y-%m}")
        )  # fmt: skip
    if actor == audit.SYSTEM:
        raise CloseRefused(T("Opening a month again takes two people: say on whose behalf."))
