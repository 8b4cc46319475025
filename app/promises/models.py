"""Promises to pay with their instalments, and repayments that collectors report before the ledger shows them."""

from datetime import date, datetime

from sqlalchemy import ForeignKey, Index, String, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from app.accounts.models import User
from app.cases.models import Case
from app.db import Base, Choice
from app.forces.rules import Line
from app.promises.rules import PromiseState, ReportState


class Promise(Base):
    """承诺还款. ``amount`` (分) is the sum of the instalments; the state is judged from repayments, never by hand.

    ``tolerance`` is the county's percentage on the day it was taken: a later change does not judge it anew.
    ``judged_on`` is the day after the last instalment's time was over.
    """

    __tablename__ = "promise"

    id: Mapped[int] = mapped_column(primary_key=True)
    case_id: Mapped[int] = mapped_column(ForeignKey("collection_case.id"), index=True)
    loan_id: Mapped[int] = mapped_column(ForeignKey("loan.id"), index=True)
    contact_id: Mapped[int | None] = mapped_column(ForeignKey("contact.id"))
    taken_by_id: Mapped[int] = mapped_column(ForeignKey("user_account.id"))
    line: Mapped[Line | None] = mapped_column(Choice(Line))
    taken_on: Mapped[date]
    amount: Mapped[int]
    paid: Mapped[int] = mapped_column(default=0)
    state: Mapped[PromiseState] = mapped_column(Choice(PromiseState), default=PromiseState.OPEN)
    tolerance: Mapped[int] = mapped_column(default=0)
    last_due_on: Mapped[date]
    judged_on: Mapped[date | None]
    cancelled_on: Mapped[date | None]
    cancel_reason: Mapped[str] = mapped_column(String(400), default="")
    key: Mapped[str | None] = mapped_column(String(64), unique=True)

    case: Mapped[Case] = relationship()
    taken_by: Mapped[User] = relationship()
    instalments: Mapped[list["Instalment"]] = relationship(
        order_by="Instalment.due_on", back_populates="promise"
    )

    __table_args__ = (
        Index(
            "uq_promise_open_case",
            "case_id",
            unique=True,
            sqlite_where=text("state = 'open'"),
            postgresql_where=text("state = 'open'"),
        ),
        Index("ix_promise_list", "state", "last_due_on", "id"),
        Index("ix_promise_judged", "judged_on", "state"),
    )


class Instalment(Base):
    """One part of a promise: ``amount`` 分 by ``due_on``, and what of it was paid in time (``paid``, 分).

    ``until`` is ``due_on`` and the grace; ``before`` (分) is what the instalments before this one come to.
    """

    __tablename__ = "instalment"

    id: Mapped[int] = mapped_column(primary_key=True)
    promise_id: Mapped[int] = mapped_column(ForeignKey("promise.id"), index=True)
    due_on: Mapped[date]
    until: Mapped[date]
    before: Mapped[int] = mapped_column(default=0)
    amount: Mapped[int]
    paid: Mapped[int] = mapped_column(default=0)
    state: Mapped[PromiseState] = mapped_column(Choice(PromiseState), default=PromiseState.OPEN)

    promise: Mapped[Promise] = relationship(back_populates="instalments")

    __table_args__ = (Index("ix_instalment_state_until", "state", "until"),)


class ReportedRepayment(Base):
    """A repayment that a collector reports, with evidence; it counts for the work, not for the bulletin.

    ``amount`` = ``costs`` + ``interest`` + ``principal`` (分), in that order of allocation. ``settled_as_of`` is the
    date of the ledger that confirmed or contradicted it; ``covered_on`` the day to which that ledger dates the payment.
    """

    __tablename__ = "reported_repayment"

    id: Mapped[int] = mapped_column(primary_key=True)
    case_id: Mapped[int] = mapped_column(ForeignKey("collection_case.id"), index=True)
    loan_id: Mapped[int] = mapped_column(ForeignKey("loan.id"), index=True)
    paid_on: Mapped[date]
    amount: Mapped[int]
    costs: Mapped[int]
    interest: Mapped[int]
    principal: Mapped[int]
    attachment_id: Mapped[int | None] = mapped_column(ForeignKey("attachment.id"))
    evidence: Mapped[str] = mapped_column(String(400))
    reported_by_id: Mapped[int] = mapped_column(ForeignKey("user_account.id"))
    line: Mapped[Line | None] = mapped_column(Choice(Line))
    reported_at: Mapped[datetime]
    state: Mapped[ReportState] = mapped_column(Choice(ReportState), default=ReportState.REPORTED)
    settled_as_of: Mapped[date | None]
    covered_on: Mapped[date | None]
    withdraw_reason: Mapped[str] = mapped_column(String(400), default="")
    key: Mapped[str | None] = mapped_column(String(64), unique=True)

    case: Mapped[Case] = relationship()
    reported_by: Mapped[User] = relationship()

    @property
    def withdrawable(self) -> bool:
        """No ledger has confirmed it, and nobody has taken it back."""
        return self.state in (ReportState.REPORTED, ReportState.CONTRADICTED)

    __table_args__ = (Index("ix_reported_repayment_state", "state", "paid_on"),)
