"""Targets of new lending, and bulletins as others have published them."""

from datetime import date, datetime

from sqlalchemy import ForeignKey, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from app.db import Base
from app.places.models import CODE


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


class FigureCache(Base):
    """One township's figures at a month end, computed when a ledger is taken, so that a page need not.

    ``revision`` is the ledger revision it was computed at; with any other it is not used.
    Amounts in 分; columns are those of ``figures.FigureRow`` without the target.
    """

    __tablename__ = "figure_cache"

    township_code: Mapped[str] = mapped_column(CODE, primary_key=True)
    month: Mapped[date] = mapped_column(primary_key=True)
    revision: Mapped[int]
    as_of: Mapped[date | None]
    stock_households: Mapped[int]
    stock: Mapped[int]
    new_households: Mapped[int]
    new: Mapped[int]
    overdue_households: Mapped[int]
    overdue: Mapped[int]
    overdue_loans: Mapped[int]
