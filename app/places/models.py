"""Regions by statistical code, lenders and their branches."""

from sqlalchemy import ForeignKey, Index, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from app.clock import DueDateRule
from app.db import Base, Choice
from app.places.rules import Level

CODE = String(12)


class Region(Base):
    """A place; ``code`` starts with its parent's code. A village first seen in a ledger has a provisional code."""

    __tablename__ = "region"

    code: Mapped[str] = mapped_column(CODE, primary_key=True)
    parent_code: Mapped[str | None] = mapped_column(ForeignKey("region.code"), index=True)
    level: Mapped[Level] = mapped_column(Choice(Level))
    name: Mapped[str] = mapped_column(String(64))
    short: Mapped[str] = mapped_column(String(64))
    provisional: Mapped[bool] = mapped_column(default=False)

    __table_args__ = (Index("uq_region_parent_code_name", "parent_code", "name", unique=True),)


class RegionAlias(Base):
    """Another name a region goes by: shipped, or accepted once by a person."""

    __tablename__ = "region_alias"

    id: Mapped[int] = mapped_column(primary_key=True)
    region_code: Mapped[str] = mapped_column(ForeignKey("region.code"))
    name: Mapped[str] = mapped_column(String(64))

    __table_args__ = (UniqueConstraint("region_code", "name"),)


class Lender(Base):
    """A lending bank."""

    __tablename__ = "lender"

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(64), unique=True)
    due_date_rule: Mapped[DueDateRule] = mapped_column(Choice(DueDateRule), default=DueDateRule.NONE)


class Branch(Base):
    """支行: the lender's line that collects."""

    __tablename__ = "branch"

    id: Mapped[int] = mapped_column(primary_key=True)
    lender_id: Mapped[int] = mapped_column(ForeignKey("lender.id"))
    name: Mapped[str] = mapped_column(String(64))

    lender: Mapped[Lender] = relationship()

    __table_args__ = (UniqueConstraint("lender_id", "name"),)
