"""The worker's sign of life, which a page that waits for it looks at."""

from datetime import datetime, timedelta

from sqlalchemy.orm import Session

from app.db import get_setting, put_setting

HEARTBEAT = "worker_heartbeat"
HEARTBEAT_SECONDS = 10
SILENCE = timedelta(minutes=1)  # six beats missed: not a busy machine, nobody there


def beat(session: Session, moment: datetime) -> None:
    """Say that the worker is alive."""
    put_setting(session, HEARTBEAT, moment.isoformat())


def last_beat(session: Session) -> datetime | None:
    """When the worker last said so; None when it never did."""
    stored = get_setting(session, HEARTBEAT)
    return datetime.fromisoformat(stored) if stored else None
