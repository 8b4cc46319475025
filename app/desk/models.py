"""Who is looking at a case just now."""

from datetime import datetime

from sqlalchemy import ForeignKey, Index
from sqlalchemy.orm import Mapped, mapped_column, relationship

from app.accounts.models import User
from app.db import Base


class Presence(Base):
    """A user who has a case's page open, as of the last sign of life of that page; each user's newest few are kept."""

    __tablename__ = "case_presence"

    case_id: Mapped[int] = mapped_column(ForeignKey("collection_case.id"), primary_key=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("user_account.id"), primary_key=True)
    seen_at: Mapped[datetime]

    user: Mapped[User] = relationship()

    __table_args__ = (Index("ix_case_presence_user_id", "user_id", "seen_at"),)
