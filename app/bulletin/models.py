"""Targets of new lending, bulletins as others have published them, and months that are closed."""

from datetime import date, datetime
from typing import Any

from sqlalchemy import JSON, ForeignKey, Index, String, Text, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from app.bulletin.rules import CloseState, Figure, ItemKind
from app.db import Base, Choice
from app.places.models import CODE, Lender


class Target(Base):
    """年度目标: new lending that a region is to reach in a calendar year, 分."""

    __tablename__ = "target"

    id: Mapped[int] = mapped_column(primary_key=True)
    region_code: Mapped[str] = mapped_column(CODE, ForeignKey("region.code"))
    year: Mapped[int]
    amount: Mapped[int]

    __table_args__ = (UniqueConstraint("region_code", "year"),)


class PublishedText(Base):
    """A bulletin of a month as it was published elsewhere, kept word for word to be compared with the figures."""

    __tablename__ = "published_text"

    id: Mapped[int] = mapped_column(primary_key=True)
    region_code: Mapped[str] = mapped_column(CODE, ForeignKey("region.code"))
    month: Mapped[date]
    text: Mapped[str] = mapped_column(Text)
    added_at: Mapped[datetime]

    __table_args__ = (UniqueConstraint("region_code", "month"),)


class CountedColumns:
    """What is kept of a place's counted figures wherever it is kept: amounts in 分, without the target."""

    stock_households: Mapped[int]
    stock: Mapped[int]
    new_households: Mapped[int]
    new: Mapped[int]
    overdue_households: Mapped[int]
    overdue: Mapped[int]
    overdue_loans: Mapped[int]


class FigureCache(CountedColumns, Base):
    """One township's figures at a month end, computed when a ledger is taken, so that a page need not.

    ``revision`` is the ledger revision it was computed at; with any other it is not used.
    Amounts in 分; columns are those of ``figures.FigureRow`` without the target.
    """

    __tablename__ = "figure_cache"

    township_code: Mapped[str] = mapped_column(CODE, primary_key=True)
    month: Mapped[date] = mapped_column(primary_key=True)
    revision: Mapped[int]
    as_of: Mapped[date | None]


class MonthClose(Base):
    """A region's month that was closed, with all that its figures are printed from; reopened ones stay as history.

    ``digest`` (SHA-256) is over ``digests``, those of the townships' snapshots: see ``closing.township_digest``.
    ``places``: the names of the region and those below it, ``targets`` (分) theirs for the year, as of the close.
    ``preserved``: a later change would have touched the snapshots, so that they are kept in ``closed_snapshot``.
    ``published_at`` is set when a bulletin of the month is published; from then on it is not reopened.
    """

    __tablename__ = "month_close"

    id: Mapped[int] = mapped_column(primary_key=True)
    region_code: Mapped[str] = mapped_column(CODE, ForeignKey("region.code"))
    month: Mapped[date]
    state: Mapped[CloseState] = mapped_column(Choice(CloseState), default=CloseState.CLOSED)
    closed_by: Mapped[str] = mapped_column(String(64))
    closed_at: Mapped[datetime]
    digest: Mapped[str] = mapped_column(String(64))
    digests: Mapped[dict[str, str]] = mapped_column(JSON)
    places: Mapped[dict[str, str]] = mapped_column(JSON)
    targets: Mapped[dict[str, int]] = mapped_column(JSON)
    preserved: Mapped[bool] = mapped_column(default=False)
    published_at: Mapped[datetime | None]

    reopenings: Mapped[list["Reopening"]] = relationship(order_by="Reopening.id", back_populates="close")

    __table_args__ = (
        Index(
            "uq_month_close_closed",
            "region_code",
            "month",
            unique=True,
            sqlite_where=text("state = 'closed'"),
            postgresql_where=text("state = 'closed'"),
        ),
        Index("ix_month_close_month", "month", "region_code"),
    )

    @property
    def asked(self) -> "Reopening | None":
        """The request to reopen it that nobody has agreed to yet."""
        return next((one for one in self.reopenings if one.agreed_at is None), None)


class ClosedFigure(CountedColumns, Base):
    """One township's figures as they were when its month was closed: the columns of ``FigureCache``, in 分."""

    __tablename__ = "closed_figure"

    close_id: Mapped[int] = mapped_column(ForeignKey("month_close.id"), primary_key=True)
    township_code: Mapped[str] = mapped_column(CODE, primary_key=True)
    as_of: Mapped[date | None]


class ClosedSnapshot(Base):
    """A ``loans.Snapshot`` that was valid at the end of a closed month, copied before something changed it."""

    __tablename__ = "closed_snapshot"

    close_id: Mapped[int] = mapped_column(ForeignKey("month_close.id"), primary_key=True)
    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    loan_id: Mapped[int]
    as_of: Mapped[date]
    until: Mapped[date]
    batch_id: Mapped[int | None]
    township_code: Mapped[str] = mapped_column(CODE)
    branch_id: Mapped[int | None]
    household_id: Mapped[int]
    principal: Mapped[int]
    balance: Mapped[int]
    overdue: Mapped[int]
    disbursed_on: Mapped[date]
    due_on: Mapped[date]
    repaid: Mapped[int | None]
    repaid_on: Mapped[date | None]

    __table_args__ = (Index("ix_closed_snapshot_close_id_township_code", "close_id", "township_code", "id"),)


class Reopening(Base):
    """A request to open a closed month again, and the second person who agreed to it."""

    __tablename__ = "reopening"

    id: Mapped[int] = mapped_column(primary_key=True)
    close_id: Mapped[int] = mapped_column(ForeignKey("month_close.id"), index=True)
    asked_by: Mapped[str] = mapped_column(String(64))
    reason: Mapped[str] = mapped_column(String(400))
    asked_at: Mapped[datetime]
    agreed_by: Mapped[str | None] = mapped_column(String(64))
    agreed_at: Mapped[datetime | None]

    close: Mapped[MonthClose] = relationship(back_populates="reopenings")


class CheckSettled(Base):
    """An item of the check list that a person settled with a reason; ``seen`` is what it said then.

    When the item says something else, it is open again.
    """

    __tablename__ = "check_settled"

    id: Mapped[int] = mapped_column(primary_key=True)
    region_code: Mapped[str] = mapped_column(CODE, ForeignKey("region.code"))
    month: Mapped[date]
    kind: Mapped[ItemKind] = mapped_column(Choice(ItemKind))
    key: Mapped[str] = mapped_column(String(64))
    seen: Mapped[str] = mapped_column(String(120))
    reason: Mapped[str] = mapped_column(String(400))
    settled_by: Mapped[str] = mapped_column(String(64))
    settled_at: Mapped[datetime]

    __table_args__ = (UniqueConstraint("region_code", "month", "kind", "key"),)


class LenderTotal(Base):
    """What a lender itself says its loans of a county come to at a date; amounts in 分, None where it did not say."""

    __tablename__ = "lender_total"

    id: Mapped[int] = mapped_column(primary_key=True)
    lender_id: Mapped[int] = mapped_column(ForeignKey("lender.id"))
    county_code: Mapped[str] = mapped_column(CODE, ForeignKey("region.code"))
    as_of: Mapped[date]
    loans: Mapped[int | None]
    stock: Mapped[int | None]
    overdue: Mapped[int | None]
    entered_by: Mapped[str] = mapped_column(String(64))
    entered_at: Mapped[datetime]

    lender: Mapped[Lender] = relationship()

    __table_args__ = (UniqueConstraint("lender_id", "county_code", "as_of"),)


class Erratum(Base):
    """A figure of a closed month that has since turned out to be another: as frozen, as it is now (分 or a count), why.

    ``cause`` is a stored ``labels.Text``. ``place_code`` is the township, for a target the region it is set for.
    ``edition`` names the published bulletin whose list has told it; until then the row follows what is found.
    """

    __tablename__ = "erratum"

    id: Mapped[int] = mapped_column(primary_key=True)
    close_id: Mapped[int] = mapped_column(ForeignKey("month_close.id"), index=True)
    region_code: Mapped[str] = mapped_column(CODE)
    month: Mapped[date]
    place_code: Mapped[str] = mapped_column(CODE)
    figure: Mapped[Figure] = mapped_column(Choice(Figure))
    old: Mapped[int | None]
    new: Mapped[int | None]
    cause: Mapped[dict[str, Any]] = mapped_column(JSON)
    found_at: Mapped[datetime]
    edition: Mapped[str | None] = mapped_column(String(64))

    close: Mapped[MonthClose] = relationship()

    __table_args__ = (Index("ix_erratum_region_code_month", "region_code", "month"),)


class ReceivedBundle(Base):
    """A published bundle of a region whose loans are not here: whose it is, and the seal that it came under.

    ``sha256`` is the digest of what was sent, ``public_key`` the key of its seal, ``number`` the bulletin's.
    ``target`` (分) is the region's own for the year, as the bundle prints it.
    """

    __tablename__ = "received_bundle"

    id: Mapped[int] = mapped_column(primary_key=True)
    region_code: Mapped[str] = mapped_column(CODE, ForeignKey("region.code"))
    month: Mapped[date]
    as_of: Mapped[date]
    number: Mapped[str | None] = mapped_column(String(64))
    target: Mapped[int | None]
    sha256: Mapped[str] = mapped_column(String(64))
    public_key: Mapped[str] = mapped_column(String(128))
    received_by: Mapped[str] = mapped_column(String(64))
    received_at: Mapped[datetime]

    __table_args__ = (
        UniqueConstraint("region_code", "month"),
        Index("ix_received_bundle_month", "month", "region_code"),
    )


class ReceivedFigure(CountedColumns, Base):
    """A township's or county's figures from a bundle: the columns of ``FigureCache`` and its target, in 分."""

    __tablename__ = "received_figure"

    bundle_id: Mapped[int] = mapped_column(ForeignKey("received_bundle.id"), primary_key=True)
    region_code: Mapped[str] = mapped_column(CODE, ForeignKey("region.code"), primary_key=True)
    as_of: Mapped[date]
    target: Mapped[int | None]

    bundle: Mapped[ReceivedBundle] = relationship()
