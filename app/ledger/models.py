"""Ledgers received: each file with its date, what came of it, and the header choices remembered for a lender."""

from datetime import date, datetime
from typing import Any

from sqlalchemy import JSON, ForeignKey, Index, String, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from app.accounts.models import User
from app.db import Base, Choice
from app.labels import Labelled, T
from app.places.models import CODE


class BatchState(Labelled):
    """READING and APPLYING are retried by the worker when it was killed in them; nothing is half taken."""

    UPLOADED = "uploaded", T("Waiting to be read")
    PREVIEW = "preview", T("To be accepted")
    ACCEPTED = "accepted", T("Being taken")
    TAKEN = "taken", T("Taken")
    REFUSED = "refused", T("Refused")
    DISCARDED = "discarded", T("Discarded")


class ImportBatch(Base):
    """One ledger file. The file itself lies encrypted in the instance folder, under its hash."""

    __tablename__ = "import_batch"

    id: Mapped[int] = mapped_column(primary_key=True)
    file_hash: Mapped[str] = mapped_column(String(64))
    filename: Mapped[str] = mapped_column(String(255))
    size: Mapped[int]
    county_code: Mapped[str] = mapped_column(CODE, default="")
    lender_name: Mapped[str] = mapped_column(String(64), default="")
    as_of: Mapped[date | None]
    state: Mapped[BatchState] = mapped_column(Choice(BatchState))
    accept_valid: Mapped[bool] = mapped_column(default=False)
    supplements_id: Mapped[int | None] = mapped_column(ForeignKey("import_batch.id"))
    uploaded_by_id: Mapped[int | None] = mapped_column(ForeignKey("user_account.id"))
    uploaded_at: Mapped[datetime]
    taken_at: Mapped[datetime | None]
    attempts: Mapped[int] = mapped_column(default=0)
    report: Mapped[dict[str, Any]] = mapped_column(JSON, default=dict)

    uploaded_by: Mapped[User | None] = relationship()

    __table_args__ = (
        Index(
            "uq_import_batch_taken",
            "file_hash",
            "as_of",
            "lender_name",
            unique=True,
            sqlite_where=text("state = 'taken'"),
            postgresql_where=text("state = 'taken'"),
        ),
        Index("ix_import_batch_state", "state"),
    )


class HeaderChoice(Base):
    """What a lender's own column title means, as a person once said. An empty field: the column is ignored."""

    __tablename__ = "header_choice"

    id: Mapped[int] = mapped_column(primary_key=True)
    lender_id: Mapped[int] = mapped_column(ForeignKey("lender.id"))
    header: Mapped[str] = mapped_column(String(64))
    field: Mapped[str] = mapped_column(String(32))

    __table_args__ = (UniqueConstraint("lender_id", "header"),)
