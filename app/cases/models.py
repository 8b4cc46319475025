"""Cases: one for each overdue loan, with a collector on each of the two lines, its history and its notes."""

from datetime import date, datetime

from sqlalchemy import ForeignKey, Index, String, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from app.accounts.models import User
from app.cases.rules import CloseReason, EventKind
from app.db import Base, Choice
from app.loans.models import Loan
from app.places.models import CODE


class Case(Base):
    """An overdue loan being collected. ``overdue`` (分) and ``due_on`` are kept by the sweep for lists."""

    __tablename__ = "collection_case"

    id: Mapped[int] = mapped_column(primary_key=True)
    loan_id: Mapped[int] = mapped_column(ForeignKey("loan.id"))
    township_code: Mapped[str] = mapped_column(CODE)
    branch_id: Mapped[int | None]
    due_on: Mapped[date]
    overdue: Mapped[int]
    opened_on: Mapped[date]
    closed_on: Mapped[date | None]
    close_reason: Mapped[CloseReason | None] = mapped_column(Choice(CloseReason))
    township_user_id: Mapped[int | None] = mapped_column(ForeignKey("user_account.id"))
    branch_user_id: Mapped[int | None] = mapped_column(ForeignKey("user_account.id"))

    loan: Mapped[Loan] = relationship()
    township_user: Mapped[User | None] = relationship(foreign_keys=[township_user_id])
    branch_user: Mapped[User | None] = relationship(foreign_keys=[branch_user_id])
    notes: Mapped[list["Note"]] = relationship(order_by="Note.id.desc()", back_populates="case")

    __table_args__ = (
        Index(
            "uq_collection_case_open_loan",
            "loan_id",
            unique=True,
            sqlite_where=text("closed_on IS NULL"),
            postgresql_where=text("closed_on IS NULL"),
        ),
        Index("ix_collection_case_loan_id", "loan_id"),
        Index("ix_collection_case_township", "township_code", "closed_on", "due_on", "id"),
        Index("ix_collection_case_branch", "branch_id", "closed_on", "due_on", "id", "township_code"),
        # In the order of the lists, with all that their conditions and counts read, so that they read nothing else.
        Index(
            "ix_collection_case_list",
            "closed_on",
            "due_on",
            "id",
            "township_code",
            "branch_id",
            "township_user_id",
            "branch_user_id",
            "overdue",
        ),
    )


class CaseEvent(Base):
    """Something that happened to a case: opened, assigned, closed; with the collectors it had from then on."""

    __tablename__ = "case_event"

    id: Mapped[int] = mapped_column(primary_key=True)
    case_id: Mapped[int] = mapped_column(ForeignKey("collection_case.id"), index=True)
    on: Mapped[date]
    kind: Mapped[EventKind] = mapped_column(Choice(EventKind))
    township_user_id: Mapped[int | None] = mapped_column(ForeignKey("user_account.id"))
    branch_user_id: Mapped[int | None] = mapped_column(ForeignKey("user_account.id"))
    amount: Mapped[int | None]
    reason: Mapped[CloseReason | None] = mapped_column(Choice(CloseReason))

    township_user: Mapped[User | None] = relationship(foreign_keys=[township_user_id])
    branch_user: Mapped[User | None] = relationship(foreign_keys=[branch_user_id])


class Note(Base):
    """A collector's plain note on a case. Append-only."""

    __tablename__ = "case_note"

    id: Mapped[int] = mapped_column(primary_key=True)
    case_id: Mapped[int] = mapped_column(ForeignKey("collection_case.id"), index=True)
    author_id: Mapped[int] = mapped_column(ForeignKey("user_account.id"))
    on: Mapped[date]
    written_at: Mapped[datetime]
    text: Mapped[str] = mapped_column(String(2000))
    key: Mapped[str | None] = mapped_column(String(64), unique=True)

    author: Mapped[User] = relationship()
    case: Mapped[Case] = relationship(back_populates="notes")
