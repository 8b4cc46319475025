"""Marks of borrowers (hardship, opt-out), and their telephone numbers."""

from datetime import date, datetime

from sqlalchemy import ForeignKey, Index, String, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from app.accounts.models import User
from app.db import Base, Choice
from app.fairness.words import Mark, Reaches, Whose
from app.loans.models import Borrower
from app.privacy import PHONE, Sealed


class BorrowerMark(Base):
    """A mark from ``starts_on`` on, until it was lifted with a recorded reason; at most one open one a kind."""

    __tablename__ = "borrower_mark"

    id: Mapped[int] = mapped_column(primary_key=True)
    borrower_id: Mapped[int] = mapped_column(ForeignKey("borrower.id"))
    kind: Mapped[Mark] = mapped_column(Choice(Mark))
    starts_on: Mapped[date]
    reason: Mapped[str] = mapped_column(String(400))
    set_by_id: Mapped[int | None] = mapped_column(ForeignKey("user_account.id"))
    set_at: Mapped[datetime]
    lifted_on: Mapped[date | None]
    lift_reason: Mapped[str] = mapped_column(String(400), default="")
    lifted_by_id: Mapped[int | None] = mapped_column(ForeignKey("user_account.id"))

    borrower: Mapped[Borrower] = relationship()
    set_by: Mapped[User | None] = relationship(foreign_keys=[set_by_id])

    __table_args__ = (
        Index("ix_borrower_mark_borrower_id", "borrower_id"),
        Index(
            "uq_borrower_mark_open",
            "borrower_id",
            "kind",
            unique=True,
            sqlite_where=text("lifted_on IS NULL"),
            postgresql_where=text("lifted_on IS NULL"),
        ),
    )


class BorrowerPhone(Base):
    """A number by which a borrower may be reached, beside the ledger's; with what calling it has shown."""

    __tablename__ = "borrower_phone"

    id: Mapped[int] = mapped_column(primary_key=True)
    borrower_id: Mapped[int] = mapped_column(ForeignKey("borrower.id"))
    number: Mapped[str] = mapped_column(Sealed(PHONE), index=True)
    whose: Mapped[Whose] = mapped_column(Choice(Whose), default=Whose.SELF)
    name: Mapped[str] = mapped_column(String(64), default="")
    reaches: Mapped[Reaches] = mapped_column(Choice(Reaches), default=Reaches.UNKNOWN)
    from_ledger: Mapped[bool] = mapped_column(default=False)
    added_by_id: Mapped[int | None] = mapped_column(ForeignKey("user_account.id"))
    added_at: Mapped[datetime]
    checked_on: Mapped[date | None]

    borrower: Mapped[Borrower] = relationship()

    __table_args__ = (UniqueConstraint("borrower_id", "number"),)
