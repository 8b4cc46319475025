"""Cases: one for each overdue loan, with a collector on each of the two lines, and its history."""

from datetime import date, datetime
from typing import Any

from sqlalchemy import JSON, ForeignKey, Index, String, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from app.accounts.models import User
from app.cases.states import CloseReason, Event, State
from app.db import Base, Choice
from app.forces.rules import Line
from app.loans.models import Borrower, Loan
from app.places.models import CODE


class Case(Base):
    """An overdue loan being collected; ``state`` moves only by ``actions.fire`` and the sweep.

    ``overdue`` (分), ``due_on``, ``borrower_id``, ``village_code`` are kept by the sweep for lists. The columns after
    them tell the day's queue what it needs without other tables: each line's last contact and next action, the next
    instalment promised, the day the last broken promise was judged (None once a contact has followed), the last day of
    the limitation period. ``version`` rises with every change that a page could overwrite.
    """

    __tablename__ = "collection_case"

    id: Mapped[int] = mapped_column(primary_key=True)
    loan_id: Mapped[int] = mapped_column(ForeignKey("loan.id"))
    township_code: Mapped[str] = mapped_column(CODE)
    village_code: Mapped[str | None] = mapped_column(CODE)
    branch_id: Mapped[int | None]
    borrower_id: Mapped[int] = mapped_column(ForeignKey("borrower.id"))
    previous_id: Mapped[int | None] = mapped_column(ForeignKey("collection_case.id"))
    state: Mapped[State] = mapped_column(Choice(State), default=State.OPEN)
    version: Mapped[int] = mapped_column(default=0)
    due_on: Mapped[date]
    overdue: Mapped[int]
    opened_on: Mapped[date]
    closed_on: Mapped[date | None]
    close_reason: Mapped[CloseReason | None] = mapped_column(Choice(CloseReason))
    closed_by_id: Mapped[int | None] = mapped_column(ForeignKey("user_account.id"))
    township_user_id: Mapped[int | None] = mapped_column(ForeignKey("user_account.id"))
    branch_user_id: Mapped[int | None] = mapped_column(ForeignKey("user_account.id"))
    township_contact_on: Mapped[date | None]
    branch_contact_on: Mapped[date | None]
    township_action_on: Mapped[date | None]
    branch_action_on: Mapped[date | None]
    promise_due_on: Mapped[date | None]
    promise_broken_on: Mapped[date | None]
    replied_on: Mapped[date | None]
    limitation_on: Mapped[date | None]

    loan: Mapped[Loan] = relationship()
    township_user: Mapped[User | None] = relationship(foreign_keys=[township_user_id])
    branch_user: Mapped[User | None] = relationship(foreign_keys=[branch_user_id])
    borrower: Mapped[Borrower] = relationship()
    previous: Mapped["Case | None"] = relationship(remote_side="Case.id")

    __table_args__ = (
        Index(
            "uq_collection_case_open_loan",
            "loan_id",
            unique=True,
            sqlite_where=text("closed_on IS NULL"),
            postgresql_where=text("closed_on IS NULL"),
        ),
        Index("ix_collection_case_loan_id", "loan_id"),
        Index("ix_collection_case_borrower_id", "borrower_id"),
        # One collector's open cases: the day's queue.
        Index("ix_collection_case_township_user", "township_user_id", "closed_on"),
        Index("ix_collection_case_branch_user", "branch_user_id", "closed_on"),
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
    """Something that happened to a case, and the state it was in from then on. Append-only.

    ``why`` is a stored ``labels.Text``: the reason of an assignment, of hardship, of a closing by hand.
    """

    __tablename__ = "case_event"

    id: Mapped[int] = mapped_column(primary_key=True)
    case_id: Mapped[int] = mapped_column(ForeignKey("collection_case.id"), index=True)
    on: Mapped[date]
    kind: Mapped[Event] = mapped_column(Choice(Event))
    state: Mapped[State] = mapped_column(Choice(State))
    actor_id: Mapped[int | None] = mapped_column(ForeignKey("user_account.id"))
    township_user_id: Mapped[int | None] = mapped_column(ForeignKey("user_account.id"))
    branch_user_id: Mapped[int | None] = mapped_column(ForeignKey("user_account.id"))
    amount: Mapped[int | None]
    reason: Mapped[CloseReason | None] = mapped_column(Choice(CloseReason))
    why: Mapped[dict[str, Any] | None] = mapped_column(JSON(none_as_null=True))

    actor: Mapped[User | None] = relationship(foreign_keys=[actor_id])
    township_user: Mapped[User | None] = relationship(foreign_keys=[township_user_id])
    branch_user: Mapped[User | None] = relationship(foreign_keys=[branch_user_id])


class Handover(Base):
    """Cases given from one collector to another in one step; ``undone_at`` when that was taken back."""

    __tablename__ = "handover"

    id: Mapped[int] = mapped_column(primary_key=True)
    from_user_id: Mapped[int] = mapped_column(ForeignKey("user_account.id"))
    to_user_id: Mapped[int | None] = mapped_column(ForeignKey("user_account.id"))
    line: Mapped[Line] = mapped_column(Choice(Line))
    on: Mapped[date]
    reason: Mapped[str] = mapped_column(String(200))
    chosen: Mapped[dict[str, Any]] = mapped_column(JSON)
    made_by_id: Mapped[int | None] = mapped_column(ForeignKey("user_account.id"))
    made_at: Mapped[datetime]
    applied_at: Mapped[datetime | None]
    undone_at: Mapped[datetime | None]

    from_user: Mapped[User] = relationship(foreign_keys=[from_user_id])
    to_user: Mapped[User | None] = relationship(foreign_keys=[to_user_id])


class HandoverCase(Base):
    """One case of a handover: who held the line before and after it."""

    __tablename__ = "handover_case"

    handover_id: Mapped[int] = mapped_column(ForeignKey("handover.id"), primary_key=True)
    case_id: Mapped[int] = mapped_column(ForeignKey("collection_case.id"), primary_key=True)
    before_id: Mapped[int | None] = mapped_column(ForeignKey("user_account.id"))
    after_id: Mapped[int | None] = mapped_column(ForeignKey("user_account.id"))
