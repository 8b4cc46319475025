"""Reads of the outbox: how far behind it is, and what it has cost (分)."""

from datetime import date, datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app.clock import SHANGHAI
from app.reminders.models import OutboxMessage, SmsSpend
from app.reminders.states import State


def oldest_pending(session: Session, business: datetime, real: datetime) -> int | None:
    """Seconds for which the longest-waiting message might have been sent; None when none waits."""
    query = select(func.min(OutboxMessage.next_at)).where(
        OutboxMessage.state == State.PENDING,
        OutboxMessage.not_before <= business,
        OutboxMessage.next_at <= real,
    )
    first = session.scalar(query)
    return int((real - first).total_seconds()) if first else None


def spent_by(session: Session, today: date) -> tuple[int, int]:
    """分 claimed for sending on ``today``, and in its month until then."""
    query = select(SmsSpend.day, SmsSpend.cost).where(
        SmsSpend.day >= today.replace(day=1), SmsSpend.day <= today
    )
    rows = dict(session.execute(query).all())
    return rows.get(today, 0), sum(rows.values())


def spent(session: Session, business: datetime) -> dict[str, int]:
    """The same at a moment, by name: "today" and "month"."""
    today, month = spent_by(session, business.astimezone(SHANGHAI).date())
    return {"today": today, "month": month}
