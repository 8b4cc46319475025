"""Signs of life of a case's page."""

from datetime import datetime

from sqlalchemy import delete, select, update
from sqlalchemy.orm import Session

from app.cases.models import Case
from app.desk.models import Presence
from app.desk.rules import RECENT


def be_here(session: Session, found: Case, user_id: int, moment: datetime) -> None:
    """Note that the user has the case's page open. Of each user only the newest few cases are kept.

    Two first signs of one user at once, from two tabs, break the primary key: the caller rolls back, one is enough.
    """
    mine = (Presence.case_id == found.id, Presence.user_id == user_id)
    seen = session.execute(update(Presence).where(*mine).values(seen_at=moment)).rowcount  # type: ignore[attr-defined]
    if seen:
        return
    session.add(Presence(case_id=found.id, user_id=user_id, seen_at=moment))
    session.flush()
    newest = select(Presence.case_id).where(Presence.user_id == user_id).order_by(Presence.seen_at.desc())
    kept = newest.limit(RECENT).subquery()
    session.execute(
        delete(Presence)
        .where(Presence.user_id == user_id, Presence.case_id.not_in(select(kept.c.case_id)))
        .execution_options(synchronize_session=False)
    )
