"""Cases of the demonstration county for which nothing speaks today, so that a test says what does."""

from datetime import date, timedelta
from typing import Any

from sqlalchemy import select, update

from app.accounts.models import User
from app.accounts.rules import Role
from app.cases.models import Case
from app.db import db

TODAY = date(2023, 12, 5)
YESTERDAY = TODAY - timedelta(days=1)


def account(username: str) -> User:
    return db.session.scalars(select(User).where(User.username == username)).one()


def hush(username: str = "agang") -> list[int]:
    """Make a collector's open cases quiet: contacted yesterday, small, nothing due. Their ids."""
    who = account(username)
    column = Case.township_user_id if who.role is Role.TOWNSHIP else Case.branch_user_id
    mine = (column == who.id, Case.closed_on.is_(None))
    nothing = dict.fromkeys(
        (
            "township_action_on",
            "branch_action_on",
            "promise_due_on",
            "promise_broken_on",
            "replied_on",
            "limitation_on",
        )
    )
    contacted = {"township_contact_on": YESTERDAY, "branch_contact_on": YESTERDAY, "overdue": 100}
    db.session.execute(update(Case).where(*mine).values(**nothing, **contacted))
    db.session.commit()
    return list(db.session.scalars(select(Case.id).where(*mine).order_by(Case.id)))


def speak(case_id: int, **values: Any) -> int:
    db.session.execute(update(Case).where(Case.id == case_id).values(**values))
    db.session.commit()
    return case_id
