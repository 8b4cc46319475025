"""Reads of the outbox: how far behind it is, and what it has cost (分)."""

from datetime import datetime

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


def spent(session: Session, business: datetime) -> dict[str, int]:
    """分 spent today and this month."""
    today = business.astimezone(SHANGHAI).date()
    query = select(SmsSpend).where(SmsSpend.day >= today.replace(day=1), SmsSpend.day <= today)
    rows = {row.day: row.cost for row in session.scalars(query)}
    return {"today": rows.get(today, 0), "month": sum(rows.values())}
