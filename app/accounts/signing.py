"""Signing in, step by step: count, check, begin. The caller commits after counting, before anything is checked."""

from dataclasses import dataclass
from datetime import timedelta

from argon2 import PasswordHasher
from argon2.exceptions import Argon2Error, InvalidHashError
from sqlalchemy import select
from sqlalchemy.orm import Session

from app import audit
from app.accounts import throttle
from app.accounts.devices import Source
from app.accounts.factors import digest, matching_step, recovery_digest
from app.accounts.models import RecoveryCode, User
from app.accounts.throttle import Counted
from app.labels import Labelled, T
from app.today import now

_hasher = PasswordHasher()
_NOBODY = _hasher.hash("nobody's password, hashed so that an unknown name takes as long as a known one")


class SignIn(Labelled):
    OK = "ok", T("Signed in")
    WRONG = "wrong", T("User name or password is wrong.")
    WRONG_CODE = "wrong_code", T("This code is wrong, too old, or used already.")
    LOCKED = (
        "locked",
        T("Too many wrong tries from here. Wait a few minutes; on a device you know it works meanwhile."),
    )


@dataclass(frozen=True, slots=True)
class Attempt:
    """Somebody who wants in as ``username``; whether there is such an account does not show."""

    username: str
    counted: Counted
    stored: str

    @property
    def wait(self) -> timedelta | None:
        return self.counted.wait


def hash_password(password: str) -> str:
    return _hasher.hash(password)


def password_mark(account: User) -> str:
    """Changes with the passphrase, and tells nothing about it."""
    return digest(account.password_hash)[:16]


def attempt(session: Session, username: str, source: Source) -> Attempt:
    """Count an attempt. Commit, then ask ``matches``, outside of a transaction: hashing is slow on purpose."""
    found = session.scalar(select(User).where(User.username == username, User.active))
    stored = found.password_hash if found and found.password_hash else _NOBODY
    counted = throttle.count(session, "password", username, source)
    if counted.was_last_free and found is not None:  # what else was typed may be anything, a password too
        audit.record(session, found.username, "accounts.slowed", "user", found.id)
    return Attempt(username, counted, stored)


def matches(tried: Attempt, password: str) -> bool:
    """Is this the passphrase? Takes as long for nobody as for somebody."""
    return _matches(tried.stored, password) and tried.stored != _NOBODY


def _matches(stored: str, password: str) -> bool:
    try:
        return _hasher.verify(stored, password)
    except (Argon2Error, InvalidHashError):
        return False


def accept(session: Session, tried: Attempt, password: str) -> User | None:
    """After ``matches``: the account, its count forgiven; None when it was changed in the meantime."""
    found = session.scalar(select(User).where(User.username == tried.username).with_for_update())
    if found is None or not found.active or found.password_hash != tried.stored:
        return None
    if _hasher.check_needs_rehash(found.password_hash):
        found.password_hash = _hasher.hash(password)
    throttle.forgive(session, tried.counted)
    return found


def count_code(session: Session, account: User, source: Source) -> Counted:
    """Count an attempt at the second factor; commit before it is checked."""
    return throttle.count(session, "code", account.username, source)


def accept_code(session: Session, account: User, code: str, counted: Counted) -> bool:
    """Is this the account's code now, or one of its recovery codes? Each counts once."""
    locked = session.scalars(select(User).where(User.id == account.id).with_for_update()).one()
    session.refresh(locked, ["totp_secret", "totp_since", "totp_step"])
    if locked.totp_since is None or not locked.totp_secret:
        return False
    step = matching_step(locked.totp_secret, code, now(), locked.totp_step or 0)
    if step is not None:
        locked.totp_step = step
    elif not _use_recovery_code(session, locked, code):
        return False
    throttle.forgive(session, counted)
    return True


def _use_recovery_code(session: Session, account: User, code: str) -> bool:
    found = session.scalar(
        select(RecoveryCode).where(
            RecoveryCode.user_id == account.id,
            RecoveryCode.digest == recovery_digest(code),
            RecoveryCode.used_at.is_(None),
        )
    )
    if found is None:
        return False
    found.used_at = now()
    audit.record(session, account.username, "accounts.recovery_code", "user", account.id)
    return True
