"""People who sign in."""

from datetime import datetime

from sqlalchemy import ForeignKey, Index, String
from sqlalchemy.orm import Mapped, mapped_column, relationship

from app.accounts.rules import Role, Scope, scope_of
from app.db import Base, Choice
from app.places.models import CODE, Branch, Region


class User(Base):
    """An account of one person, with one role and the region or branch it is for."""

    __tablename__ = "user_account"

    id: Mapped[int] = mapped_column(primary_key=True)
    username: Mapped[str] = mapped_column(String(64), unique=True)
    name: Mapped[str] = mapped_column(String(64))
    role: Mapped[Role] = mapped_column(Choice(Role))
    region_code: Mapped[str | None] = mapped_column(CODE, ForeignKey("region.code"))
    branch_id: Mapped[int | None] = mapped_column(ForeignKey("branch.id"))
    password_hash: Mapped[str] = mapped_column(String(256))
    active: Mapped[bool] = mapped_column(default=True)
    created_at: Mapped[datetime]
    failed_sign_ins: Mapped[int] = mapped_column(default=0)
    locked_until: Mapped[datetime | None]
    session_epoch: Mapped[int] = mapped_column(default=0)

    region: Mapped[Region | None] = relationship()
    branch: Mapped[Branch | None] = relationship()

    __table_args__ = (
        Index("ix_user_account_region_code", "region_code"),
        Index("ix_user_account_branch_id", "branch_id"),
    )

    @property
    def scope(self) -> Scope:
        return scope_of(self.role, self.region_code, self.branch_id)

    # What Flask-Login asks of a user.
    @property
    def is_active(self) -> bool:
        return self.active

    @property
    def is_authenticated(self) -> bool:
        return True

    @property
    def is_anonymous(self) -> bool:
        return False

    def get_id(self) -> str:
        """The session's name for this user; a new epoch ends every session signed in before it."""
        return f"{self.id}.{self.session_epoch}"
