"""Averages, ranks and thresholds as they were entered."""

from datetime import date, datetime
from decimal import Decimal

from sqlalchemy import ForeignKey, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from app.db import Base, Choice, Percent
from app.lines.rules import LineKind
from app.places.models import CODE

SOURCE_LENGTH = 200


class LineValue(Base):
    """``rules.Held`` as a row: a rate in percent, or a rank; what was there before is on the trail."""

    __tablename__ = "line_value"

    id: Mapped[int] = mapped_column(primary_key=True)
    region_code: Mapped[str] = mapped_column(CODE, ForeignKey("region.code"))
    kind: Mapped[LineKind] = mapped_column(Choice(LineKind))
    month: Mapped[date]
    ongoing: Mapped[bool]
    rate: Mapped[Decimal | None] = mapped_column(Percent())
    rank: Mapped[int | None]
    of: Mapped[int | None]
    source: Mapped[str] = mapped_column(String(SOURCE_LENGTH))
    dated_on: Mapped[date]
    set_at: Mapped[datetime]

    __table_args__ = (UniqueConstraint("region_code", "kind", "month", "ongoing"),)
