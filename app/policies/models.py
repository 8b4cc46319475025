"""The numbers a county has set, each from a day until a day."""

from datetime import date, datetime

from sqlalchemy import ForeignKey, Index, String
from sqlalchemy.orm import Mapped, mapped_column

from app.db import FOREVER, Base, Choice
from app.places.models import CODE
from app.policies.rules import Key


class PolicyValue(Base):
    """``value`` in the unit of ``rules.KEYS``, for ``starts_on <= day < until``; ``region_code`` "" is everywhere."""

    __tablename__ = "policy_value"

    id: Mapped[int] = mapped_column(primary_key=True)
    key: Mapped[Key] = mapped_column(Choice(Key))
    region_code: Mapped[str] = mapped_column(CODE, default="")
    lender_id: Mapped[int | None] = mapped_column(ForeignKey("lender.id"))
    starts_on: Mapped[date]
    until: Mapped[date] = mapped_column(default=FOREVER)
    value: Mapped[int]
    reason: Mapped[str] = mapped_column(String(200), default="")
    set_by_id: Mapped[int | None] = mapped_column(ForeignKey("user_account.id"))
    set_at: Mapped[datetime]

    __table_args__ = (Index("ix_policy_value_key", "key", "region_code"),)
