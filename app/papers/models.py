"""Papers printed for cases. Each printing is recorded; the delivery is a contact."""

from datetime import date, datetime
from typing import Any

from sqlalchemy import JSON, ForeignKey, Index, String
from sqlalchemy.orm import Mapped, mapped_column, relationship

from app.accounts.models import User
from app.cases.models import Case
from app.db import Base, Choice
from app.papers.rules import Delivery, PaperKind


class PrintRun(Base):
    """One file with papers for one case or for all of a filter (``chosen``)."""

    __tablename__ = "print_run"

    id: Mapped[int] = mapped_column(primary_key=True)
    kind: Mapped[PaperKind] = mapped_column(Choice(PaperKind))
    printed_on: Mapped[date]
    printed_by_id: Mapped[int] = mapped_column(ForeignKey("user_account.id"))
    printed_at: Mapped[datetime]
    count: Mapped[int]
    chosen: Mapped[dict[str, object] | None] = mapped_column(JSON(none_as_null=True))

    printed_by: Mapped[User] = relationship()


class Paper(Base):
    """One paper of a print run, and its delivery once there was one. ``balance`` and ``overdue`` (分) as printed.

    ``facts`` are all that the paper says (``wording.PaperFacts`` as JSON): masked, never a full ID number or a phone.
    ``witness`` is who was there when the paper was left or refused.
    """

    __tablename__ = "paper"

    id: Mapped[int] = mapped_column(primary_key=True)
    run_id: Mapped[int] = mapped_column(ForeignKey("print_run.id"), index=True)
    case_id: Mapped[int] = mapped_column(ForeignKey("collection_case.id"))
    kind: Mapped[PaperKind] = mapped_column(Choice(PaperKind))
    balance: Mapped[int]
    overdue: Mapped[int]
    facts: Mapped[dict[str, Any]] = mapped_column(JSON)
    delivery: Mapped[Delivery | None] = mapped_column(Choice(Delivery))
    delivered_on: Mapped[date | None]
    witness: Mapped[str] = mapped_column(String(64), default="")
    contact_id: Mapped[int | None] = mapped_column(ForeignKey("contact.id"))

    run: Mapped[PrintRun] = relationship()
    case: Mapped[Case] = relationship()

    __table_args__ = (Index("ix_paper_case_id", "case_id", "delivered_on"),)
