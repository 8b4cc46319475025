"""The publicity log (政策宣传)."""

from datetime import date, datetime

from sqlalchemy import ForeignKey, Index, String
from sqlalchemy.orm import Mapped, mapped_column, relationship

from app.accounts.models import User
from app.db import Base, Choice
from app.places.models import CODE, Region
from app.publicity.rules import Means


class Publicity(Base):
    """One event: where (a township or a village), when, by what means, how many people it reached."""

    __tablename__ = "publicity"

    id: Mapped[int] = mapped_column(primary_key=True)
    region_code: Mapped[str] = mapped_column(CODE, ForeignKey("region.code"))
    branch_id: Mapped[int | None] = mapped_column(ForeignKey("branch.id"))
    on: Mapped[date]
    means: Mapped[Means] = mapped_column(Choice(Means))
    people: Mapped[int]
    text: Mapped[str] = mapped_column(String(400), default="")
    author_id: Mapped[int] = mapped_column(ForeignKey("user_account.id"))
    recorded_at: Mapped[datetime]
    photo_digest: Mapped[str | None] = mapped_column(String(64))
    photo_mime: Mapped[str | None] = mapped_column(String(64))
    withdrawn_on: Mapped[date | None]
    withdraw_reason: Mapped[str] = mapped_column(String(200), default="")
    key: Mapped[str | None] = mapped_column(String(64), unique=True)

    region: Mapped[Region] = relationship()
    author: Mapped[User] = relationship()

    __table_args__ = (Index("ix_publicity_region_code", "region_code", "on"),)
