"""How a message changes its state: one conditional update, by whoever still holds its fence."""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import Table, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from app.clock import SHANGHAI
from app.db import Base
from app.reminders.models import OutboxMessage
from app.reminders.states import Event, sources, target

_TABLE: Table = OutboxMessage.__table__  # type: ignore[assignment]


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
    session.flush()
    statement = update(_TABLE).where(
        _TABLE.c.id == message_id, _TABLE.c.fence == fence, _TABLE.c.state.in_(sources(event))
    )
    # On the connection: the session would look whether its own objects are meant, which takes longer than the update.
    done = session.connection().execute(statement.values(state=target(event), changed_at=moment, **values))
    return done.rowcount == 1
