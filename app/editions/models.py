"""Bulletins on their way and published: text, versions, comments, clauses, numbers, the files as they went out."""

from datetime import date, datetime
from typing import Any

from sqlalchemy import JSON, ForeignKey, Index, LargeBinary, String, Text, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from app.accounts.models import User
from app.db import Base, Choice
from app.editions.clauses import ClauseKind, Condition
from app.editions.states import State
from app.places.models import CODE, Region

WHY = 240


class Edition(Base):
    """One bulletin of a region and month. ``sequence`` counts those of the month: 1, then each that replaces one.

    ``opening``, ``problems`` and ``demands`` are what people write, with fields in braces; 基本情况 is never kept as
    text, it follows from the figures. ``version`` goes up with every change, so that two at once are noticed.
    ``approved_figures`` are those that were approved (as JSON), ``document`` what was published, both never changed
    once published. ``number`` without its form is ``number_of`` in the year of ``issued_on``.
    """

    __tablename__ = "edition"

    id: Mapped[int] = mapped_column(primary_key=True)
    region_code: Mapped[str] = mapped_column(CODE, ForeignKey("region.code"))
    month: Mapped[date]
    sequence: Mapped[int]
    state: Mapped[State] = mapped_column(Choice(State), default=State.DRAFT)
    title: Mapped[str] = mapped_column(String(200))
    opening: Mapped[str] = mapped_column(Text)
    problems: Mapped[str] = mapped_column(Text)
    demands: Mapped[str] = mapped_column(Text)
    version: Mapped[int] = mapped_column(default=1)
    created_by_id: Mapped[int | None] = mapped_column(ForeignKey("user_account.id"))
    created_at: Mapped[datetime]
    checked_by_id: Mapped[int | None] = mapped_column(ForeignKey("user_account.id"))
    checked_at: Mapped[datetime | None]
    approved_by_id: Mapped[int | None] = mapped_column(ForeignKey("user_account.id"))
    approved_at: Mapped[datetime | None]
    approved_figures: Mapped[dict[str, Any] | None] = mapped_column(JSON(none_as_null=True))
    published_by_id: Mapped[int | None] = mapped_column(ForeignKey("user_account.id"))
    published_at: Mapped[datetime | None]
    number: Mapped[str | None] = mapped_column(String(64))
    number_of: Mapped[int | None]
    issued_on: Mapped[date | None]
    document: Mapped[dict[str, Any] | None] = mapped_column(JSON(none_as_null=True))
    replaces_id: Mapped[int | None] = mapped_column(ForeignKey("edition.id"))
    replaces_why: Mapped[str] = mapped_column(String(WHY), default="")
    withdrawn_at: Mapped[datetime | None]

    region: Mapped[Region] = relationship()
    created_by: Mapped[User | None] = relationship(foreign_keys=[created_by_id])
    checked_by: Mapped[User | None] = relationship(foreign_keys=[checked_by_id])
    approved_by: Mapped[User | None] = relationship(foreign_keys=[approved_by_id])
    published_by: Mapped[User | None] = relationship(foreign_keys=[published_by_id])
    replaces: Mapped["Edition | None"] = relationship(remote_side="Edition.id")

    __table_args__ = (
        UniqueConstraint("region_code", "month", "sequence"),
        Index(
            "uq_edition_published", "region_code", "month", unique=True,
            sqlite_where=text("state = 'published'"), postgresql_where=text("state = 'published'"),
        ),
        Index(
            "uq_edition_open", "region_code", "month", unique=True,
            sqlite_where=text("state IN ('draft', 'checked', 'approved')"),
            postgresql_where=text("state IN ('draft', 'checked', 'approved')"),
        ),
        Index("uq_edition_number", "region_code", "number", unique=True),
    )  # fmt: skip


class EditionVersion(Base):
    """A text as it was saved; ``n`` is the edition's version then."""

    __tablename__ = "edition_version"

    id: Mapped[int] = mapped_column(primary_key=True)
    edition_id: Mapped[int] = mapped_column(ForeignKey("edition.id"))
    n: Mapped[int]
    title: Mapped[str] = mapped_column(String(200))
    opening: Mapped[str] = mapped_column(Text)
    problems: Mapped[str] = mapped_column(Text)
    demands: Mapped[str] = mapped_column(Text)
    saved_by_id: Mapped[int | None] = mapped_column(ForeignKey("user_account.id"))
    saved_at: Mapped[datetime]

    saved_by: Mapped[User | None] = relationship()

    __table_args__ = (UniqueConstraint("edition_id", "n"),)


class Comment(Base):
    """What somebody remarks on a paragraph (``block`` counts from 0) or on some words of it (``quote``)."""

    __tablename__ = "edition_comment"

    id: Mapped[int] = mapped_column(primary_key=True)
    edition_id: Mapped[int] = mapped_column(ForeignKey("edition.id"), index=True)
    block: Mapped[int]
    quote: Mapped[str] = mapped_column(String(WHY), default="")
    text: Mapped[str] = mapped_column(String(400))
    author_id: Mapped[int] = mapped_column(ForeignKey("user_account.id"))
    at: Mapped[datetime]
    resolved_by_id: Mapped[int | None] = mapped_column(ForeignKey("user_account.id"))
    resolved_at: Mapped[datetime | None]

    author: Mapped[User] = relationship(foreign_keys=[author_id])
    resolved_by: Mapped[User | None] = relationship(foreign_keys=[resolved_by_id])


class SetAside(Base):
    """A finding that is none, by its ``key`` (a name is an ordinary word here, a number another one), and why."""

    __tablename__ = "edition_set_aside"

    id: Mapped[int] = mapped_column(primary_key=True)
    edition_id: Mapped[int] = mapped_column(ForeignKey("edition.id"))
    words: Mapped[str] = mapped_column(String(64))
    reason: Mapped[str] = mapped_column(String(WHY))
    by_id: Mapped[int] = mapped_column(ForeignKey("user_account.id"))
    at: Mapped[datetime]

    by: Mapped[User] = relationship()

    __table_args__ = (UniqueConstraint("edition_id", "words"),)


class EditionFile(Base):
    """A file of a published bulletin, byte for byte as it went out; ``sha256`` as hex."""

    __tablename__ = "edition_file"

    edition_id: Mapped[int] = mapped_column(ForeignKey("edition.id"), primary_key=True)
    name: Mapped[str] = mapped_column(String(64), primary_key=True)
    sha256: Mapped[str] = mapped_column(String(64))
    size: Mapped[int]
    content: Mapped[bytes] = mapped_column(LargeBinary, deferred=True)


class Clause(Base):
    """A clause of a region's library, in its order; see ``clauses.Wording``."""

    __tablename__ = "clause"

    id: Mapped[int] = mapped_column(primary_key=True)
    region_code: Mapped[str] = mapped_column(CODE, ForeignKey("region.code"), index=True)
    position: Mapped[int]
    kind: Mapped[ClauseKind] = mapped_column(Choice(ClauseKind))
    condition: Mapped[Condition] = mapped_column(Choice(Condition))
    text: Mapped[str] = mapped_column(String(1000))
    active: Mapped[bool] = mapped_column(default=True)


class Letterhead(Base):
    """What a region's bulletins have in common. ``prefix`` is the number's before the year: 罗乡振联发."""

    __tablename__ = "letterhead"

    region_code: Mapped[str] = mapped_column(CODE, ForeignKey("region.code"), primary_key=True)
    prefix: Mapped[str] = mapped_column(String(32))
    signatory: Mapped[str] = mapped_column(String(64))
    red_head: Mapped[str] = mapped_column(String(64), default="")
    addressed_to: Mapped[str] = mapped_column(String(240), default="")
    copies_to: Mapped[str] = mapped_column(String(240), default="")


class DocumentNumber(Base):
    """The last number given in a year: locked while the next one is, so that none is given twice or left out."""

    __tablename__ = "document_number"

    region_code: Mapped[str] = mapped_column(CODE, ForeignKey("region.code"), primary_key=True)
    year: Mapped[int] = mapped_column(primary_key=True)
    last: Mapped[int]
