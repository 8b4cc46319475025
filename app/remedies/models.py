"""The disposal ledger: each overdue case's cause and route, with an owner and a deadline."""

from datetime import date, datetime

from sqlalchemy import ForeignKey, Index, String
from sqlalchemy.orm import Mapped, mapped_column, relationship

from app.accounts.models import User
from app.cases.models import Case
from app.db import Base, Choice
from app.remedies.rules import Cause, Route


class Disposal(Base):
    """What is known and planned for one case now; what was planned before is in the case's events.

    ``asked_on`` is when the borrower asked for the renewal or extension.
    """

    __tablename__ = "disposal"

    case_id: Mapped[int] = mapped_column(ForeignKey("collection_case.id"), primary_key=True)
    cause: Mapped[Cause] = mapped_column(Choice(Cause))
    route: Mapped[Route | None] = mapped_column(Choice(Route))
    owner_id: Mapped[int | None] = mapped_column(ForeignKey("user_account.id"))
    deadline: Mapped[date | None]
    measure: Mapped[str] = mapped_column(String(400), default="")
    asked_on: Mapped[date | None]
    changed_by_id: Mapped[int | None] = mapped_column(ForeignKey("user_account.id"))
    changed_at: Mapped[datetime]

    case: Mapped[Case] = relationship()
    owner: Mapped[User | None] = relationship(foreign_keys=[owner_id])

    __table_args__ = (Index("ix_disposal_cause_route", "cause", "route"),)
