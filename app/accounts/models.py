"""People who sign in, and what signing in leaves behind."""

from datetime import datetime

from sqlalchemy import ForeignKey, Index, String
from sqlalchemy.orm import Mapped, mapped_column, relationship

from app.accounts.rules import NEEDS_SECOND_FACTOR, Role, Scope, scope_of
from app.db import Base, Choice
from app.places.models import CODE, Branch, Region
from app.privacy import Sealed

DIGEST = String(64)  # SHA-256 of a token that only its holder has


class User(Base):
    """An account of one person, with one role and the region or branch it is for."""

    __tablename__ = "user_account"

    id: Mapped[int] = mapped_column(primary_key=True)
    username: Mapped[str] = mapped_column(String(64), unique=True)
    name: Mapped[str] = mapped_column(String(64))
    role: Mapped[Role] = mapped_column(Choice(Role))
    region_code: Mapped[str | None] = mapped_column(CODE, ForeignKey("region.code"))
    branch_id: Mapped[int | None] = mapped_column(ForeignKey("branch.id"))
    password_hash: Mapped[str] = mapped_column(String(256), default="")  # "": only an invitation lets in
    active: Mapped[bool] = mapped_column(default=True)
    created_at: Mapped[datetime]
    # The second factor; without a date it is still being set up. The last step used is refused from then on.
    totp_secret: Mapped[str | None] = mapped_column(Sealed("totp"), deferred=True)
    totp_since: Mapped[datetime | None]
    totp_step: Mapped[int | None]
    # An account of the demonstration, whose password is printed in the documents.
    printed_since: Mapped[datetime | None]

    region: Mapped[Region | None] = relationship()
    branch: Mapped[Branch | None] = relationship()

    __table_args__ = (
        Index("ix_user_account_region_code", "region_code"),
        Index("ix_user_account_branch_id", "branch_id"),
    )

    @property
    def scope(self) -> Scope:
        return scope_of(self.role, self.region_code, self.branch_id)

    @property
    def lacks_second_factor(self) -> bool:
        """Must this account have one, and has none?"""
        return self.role in NEEDS_SECOND_FACTOR and self.totp_since is None

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


class SignedIn(Base):
    """One session: a browser in which somebody has signed in. The browser has the token, we its hash."""

    __tablename__ = "sign_in_session"

    id: Mapped[int] = mapped_column(primary_key=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("user_account.id"))
    token_digest: Mapped[str] = mapped_column(DIGEST, unique=True)
    began_at: Mapped[datetime]
    seen_at: Mapped[datetime]  # of the last write; pages that are only read leave their mark in the cookie
    confirmed_at: Mapped[datetime]  # when the passphrase was last given
    ended_at: Mapped[datetime | None]
    device: Mapped[str] = mapped_column(String(64))
    device_digest: Mapped[str | None] = mapped_column(DIGEST)  # of the browser's own number
    address: Mapped[str] = mapped_column(String(48))  # shortened

    user: Mapped[User] = relationship()

    __table_args__ = (Index("ix_sign_in_session_user_id", "user_id", "ended_at"),)


class Throttle(Base):
    """Failures to sign in, counted by a hash of who tried from where; forgotten after a day."""

    __tablename__ = "sign_in_throttle"

    key: Mapped[str] = mapped_column(DIGEST, primary_key=True)
    failures: Mapped[int]
    last_at: Mapped[datetime] = mapped_column(index=True)
    until: Mapped[datetime | None]


class RecoveryCode(Base):
    """A code that stands in for the second factor, once."""

    __tablename__ = "recovery_code"

    id: Mapped[int] = mapped_column(primary_key=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("user_account.id"), index=True)
    digest: Mapped[str] = mapped_column(DIGEST)
    used_at: Mapped[datetime | None]


class Invitation(Base):
    """A link by which somebody sets the passphrase of an account, once, until ``until``."""

    __tablename__ = "invitation"

    id: Mapped[int] = mapped_column(primary_key=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("user_account.id"), index=True)
    digest: Mapped[str] = mapped_column(DIGEST, unique=True)
    made_at: Mapped[datetime]
    until: Mapped[datetime]
    used_at: Mapped[datetime | None]

    user: Mapped[User] = relationship()
