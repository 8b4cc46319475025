"""How a message changes its state: one conditional update, by whoever still holds its fence."""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import CursorResult, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from app.clock import SHANGHAI
from app.db import Base
from app.reminders.models import OutboxMessage
from app.reminders.states import Event, sources, target


@dataclass(frozen=True, slots=True)
class Clocks:
    """``business`` judges hours and due dates, ``real`` leases and waits."""

    business: datetime
    real: datetime

    @property
    def today(self) -> date:
        return self.business.astimezone(SHANGHAI).date()


def keep_once(session: Session, row: Base) -> bool:
    """Insert a row that another delivery of the same may have brought before; True when it was new."""
    try:
        with session.begin_nested():
            session.add(row)
    except IntegrityError:
        return False
    return True


def move(
    session: Session, message_id: int, fence: int, event: Event, moment: datetime, /, **values: Any
) -> bool:
    """Let ``event`` happen to the message that still has ``fence``; False when it no longer can."""
    statement = (
        update(OutboxMessage)
        .where(
            OutboxMessage.id == message_id,
            OutboxMessage.fence == fence,
            OutboxMessage.state.in_(sources(event)),
        )
        .values(state=target(event), changed_at=moment, **values)
        .execution_options(synchronize_session=False)
    )
    changed: CursorResult[Any] = session.execute(statement)  # type: ignore[assignment]
    return changed.rowcount == 1
