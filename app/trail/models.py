"""Requests of borrowers to correct what is kept about them."""

from datetime import date, datetime

from sqlalchemy import ForeignKey
from sqlalchemy.orm import Mapped, mapped_column, relationship

from app.accounts.models import User
from app.db import Base, Choice
from app.loans.models import Borrower
from app.privacy import Sealed
from app.trail.rules import Outcome, Subject

WORDS = 400
CORRECTION = "correction"


class CorrectionRequest(Base):
    """What a borrower says is wrong; open until somebody settled it. What is wanted may hold a number: sealed."""

    __tablename__ = "correction_request"

    id: Mapped[int] = mapped_column(primary_key=True)
    borrower_id: Mapped[int] = mapped_column(ForeignKey("borrower.id"), index=True)
    subject: Mapped[Subject] = mapped_column(Choice(Subject))
    asked_on: Mapped[date]
    wanted: Mapped[str] = mapped_column(Sealed(CORRECTION))
    recorded_by_id: Mapped[int] = mapped_column(ForeignKey("user_account.id"))
    recorded_at: Mapped[datetime]
    outcome: Mapped[Outcome | None] = mapped_column(Choice(Outcome))
    answer: Mapped[str | None] = mapped_column(Sealed(CORRECTION))
    settled_on: Mapped[date | None]
    settled_by_id: Mapped[int | None] = mapped_column(ForeignKey("user_account.id"))

    borrower: Mapped[Borrower] = relationship()
    recorded_by: Mapped[User] = relationship(foreign_keys=[recorded_by_id])
    settled_by: Mapped[User | None] = relationship(foreign_keys=[settled_by_id])
