"""Contact notes, what was about to be done, and what was photographed. All append-only."""

from datetime import date, datetime

from sqlalchemy import JSON, ForeignKey, Index, String
from sqlalchemy import text as sql
from sqlalchemy.orm import Mapped, mapped_column, relationship

from app.accounts.models import User
from app.accounts.rules import Permission, may
from app.cases.models import Case
from app.contacts.rules import AttachmentKind, Channel, Disposition, NextAction, Reached
from app.db import Base, Choice
from app.fairness.models import BorrowerPhone
from app.fairness.table import Rule
from app.forces.rules import Line
from app.labels import Text


class Contact(Base):
    """One attempt to reach a borrower, or a plain note. A correction is another one that names the one it corrects.

    ``at`` and ``on`` are when it happened, ``recorded_at`` when it was written. ``breaches`` are the codes of the fair
    treatment rules that it broke. ``key`` names one writing of it, so that sending it twice saves it once.
    """

    __tablename__ = "contact"

    id: Mapped[int] = mapped_column(primary_key=True)
    case_id: Mapped[int] = mapped_column(ForeignKey("collection_case.id"), index=True)
    borrower_id: Mapped[int] = mapped_column(ForeignKey("borrower.id"))
    author_id: Mapped[int] = mapped_column(ForeignKey("user_account.id"))
    line: Mapped[Line | None] = mapped_column(Choice(Line))
    on: Mapped[date]
    at: Mapped[datetime]
    recorded_at: Mapped[datetime]
    channel: Mapped[Channel] = mapped_column(Choice(Channel))
    reached: Mapped[Reached] = mapped_column(Choice(Reached))
    disposition: Mapped[Disposition] = mapped_column(Choice(Disposition))
    text: Mapped[str] = mapped_column(String(2000))
    next_action: Mapped[NextAction | None] = mapped_column(Choice(NextAction))
    next_action_on: Mapped[date | None]
    phone_id: Mapped[int | None] = mapped_column(ForeignKey("borrower_phone.id"))
    third_party_reason: Mapped[str] = mapped_column(String(400), default="")
    approach_id: Mapped[int | None] = mapped_column(ForeignKey("approach.id"))
    corrects_id: Mapped[int | None] = mapped_column(ForeignKey("contact.id"))
    breaches: Mapped[list[str]] = mapped_column(JSON, default=list)
    key: Mapped[str | None] = mapped_column(String(64), unique=True)

    author: Mapped[User] = relationship()
    case: Mapped[Case] = relationship()
    phone: Mapped[BorrowerPhone | None] = relationship()
    approach: Mapped["Approach | None"] = relationship()
    attachments: Mapped[list["Attachment"]] = relationship(back_populates="contact", order_by="Attachment.id")
    correction: Mapped["Contact | None"] = relationship(
        primaryjoin="Contact.id == foreign(remote(Contact.corrects_id))", uselist=False, viewonly=True
    )

    def correctable_by(self, user: User) -> bool:
        """Whoever wrote it, or who leads the work; once."""
        return self.correction is None and (self.author_id == user.id or may(user.role, Permission.OVERRIDE))

    @property
    def broken(self) -> list[Text]:
        """The rules of fair treatment that it broke, for people."""
        return [Rule(code).label for code in self.breaches]

    __table_args__ = (
        Index("ix_contact_borrower_id", "borrower_id", "on"),
        Index("ix_contact_author_id", "author_id", "on"),
        Index("ix_contact_on", "on", "line", "case_id"),
        # Few contacts have one or the other: which call was noted, which entry was corrected.
        Index(
            "ix_contact_approach_id",
            "approach_id",
            sqlite_where=sql("approach_id IS NOT NULL"),
            postgresql_where=sql("approach_id IS NOT NULL"),
        ),
        Index(
            "ix_contact_corrects_id",
            "corrects_id",
            sqlite_where=sql("corrects_id IS NOT NULL"),
            postgresql_where=sql("corrects_id IS NOT NULL"),
        ),
    )


class Approach(Base):
    """A collector was about to contact a borrower: allowed, refused by a rule, or allowed against it with a reason."""

    __tablename__ = "approach"

    id: Mapped[int] = mapped_column(primary_key=True)
    case_id: Mapped[int] = mapped_column(ForeignKey("collection_case.id"))
    borrower_id: Mapped[int] = mapped_column(ForeignKey("borrower.id"))
    user_id: Mapped[int] = mapped_column(ForeignKey("user_account.id"))
    line: Mapped[Line | None] = mapped_column(Choice(Line))
    on: Mapped[date]
    at: Mapped[datetime]
    channel: Mapped[Channel] = mapped_column(Choice(Channel))
    phone_id: Mapped[int | None] = mapped_column(ForeignKey("borrower_phone.id"))
    allowed: Mapped[bool]
    rule: Mapped[str | None] = mapped_column(String(32))
    third_party_reason: Mapped[str] = mapped_column(String(400), default="")
    override_reason: Mapped[str] = mapped_column(String(400), default="")

    user: Mapped[User] = relationship()
    phone: Mapped[BorrowerPhone | None] = relationship()

    __table_args__ = (
        Index("ix_approach_borrower_id", "borrower_id", "on"),
        Index("ix_approach_on", "on", "rule"),
    )


class Attachment(Base):
    """A file that belongs to a case; its content lies sealed in the instance folder under ``digest`` (SHA-256)."""

    __tablename__ = "attachment"

    id: Mapped[int] = mapped_column(primary_key=True)
    case_id: Mapped[int] = mapped_column(ForeignKey("collection_case.id"), index=True)
    contact_id: Mapped[int | None] = mapped_column(ForeignKey("contact.id"), index=True)
    kind: Mapped[AttachmentKind] = mapped_column(Choice(AttachmentKind))
    name: Mapped[str] = mapped_column(String(120))
    mime: Mapped[str] = mapped_column(String(64))
    size: Mapped[int]
    digest: Mapped[str] = mapped_column(String(64))
    uploaded_by_id: Mapped[int] = mapped_column(ForeignKey("user_account.id"))
    uploaded_at: Mapped[datetime]

    contact: Mapped[Contact | None] = relationship(back_populates="attachments")
