"""Making, inviting and ending accounts; passphrases and second factors."""

import secrets
from datetime import timedelta

from sqlalchemy import delete, select, update
from sqlalchemy.orm import Session

from app import audit
from app.accounts import sessions, throttle
from app.accounts.factors import digest, matching_step, new_recovery_codes, new_secret, recovery_digest
from app.accounts.models import Invitation, RecoveryCode, User
from app.accounts.passphrases import weakness
from app.accounts.rules import Role
from app.accounts.signing import hash_password
from app.labels import DeclinedAt, T
from app.places.models import Branch, Region
from app.places.rules import Level
from app.today import now

INVITED_FOR = timedelta(days=3)


class AccountRefused(DeclinedAt):
    """What was asked of an account cannot be; ``message`` says why, ``field`` where."""


def add_user(
    session: Session,
    *,
    username: str,
    name: str,
    role: Role,
    password: str | None = None,
    region_code: str | None = None,
    branch_id: int | None = None,
    actor: str = audit.SYSTEM,
    printed: bool = False,
) -> User:
    """A new account; without a password it needs an invitation. ``printed``: one of the demonstration's.

    Raises AccountRefused for a taken name, a weak password, or a role without its place.
    """
    username, name = username.strip(), name.strip()
    _require_name(session, username, name)
    region_code, branch_id = _place(session, role, region_code, branch_id)
    if password is not None and not printed and (why := weakness(password, (username, name))):
        raise AccountRefused("password", why)
    account = User(
        username=username,
        name=name or username,
        role=role,
        region_code=region_code,
        branch_id=branch_id,
        password_hash=hash_password(password) if password is not None else "",
        created_at=now(),
        printed_since=now() if printed else None,
    )
    session.add(account)
    session.flush()
    audit.record(
        session,
        actor,
        "accounts.add",
        "user",
        account.id,
        after={"username": username, "role": role.value, "region": region_code, "branch": branch_id},
    )
    return account


def _require_name(session: Session, username: str, name: str) -> None:
    if not username or len(username) > 64:
        raise AccountRefused("username", T("Give a user name of at most 64 characters."))
    if session.scalar(select(User.id).where(User.username == username)) is not None:
        raise AccountRefused("username", T("There is a user named %(name)s already.", name=username))
    if len(name) > 64:
        raise AccountRefused("name", T("A name has at most 64 characters."))


def _place(
    session: Session, role: Role, region_code: str | None, branch_id: int | None
) -> tuple[str | None, int | None]:
    """The region or the branch that a role needs, and not the other."""
    if role is Role.BRANCH:
        if branch_id is None or session.get(Branch, branch_id) is None:
            raise AccountRefused("branch", T("A branch collector needs a branch."))
        return None, branch_id
    if role is Role.ADMIN:
        return None, None
    if region_code is None or (region := session.get(Region, region_code)) is None:
        raise AccountRefused("region", T("This role needs a region."))
    if role is Role.TOWNSHIP and region.level is not Level.TOWNSHIP:
        raise AccountRefused("region", T("A township collector needs a township."))
    return region_code, None


def set_active(session: Session, account: User, active: bool, actor: str) -> None:
    """Let an account sign in, or no longer; ending it ends its sessions and its invitation at once."""
    if account.active != active:
        account.active = active
        audit.record(session, actor, "accounts.active", "user", account.id, before=not active, after=active)
        if not active:
            sessions.end_all(session, account, actor)
            _withdraw_invitations(session, account)


def set_password(session: Session, account: User, password: str, actor: str, but: int | None = None) -> None:
    """A new password; every session of the account ends (``but``: save this one), and its invitation is void."""
    if why := weakness(password, (account.username, account.name)):
        raise AccountRefused("password", why)
    account.password_hash = hash_password(password)
    account.printed_since = None
    audit.record(session, actor, "accounts.password", "user", account.id)
    sessions.end_all(session, account, actor, but)
    _withdraw_invitations(session, account)
    throttle.clear(session, account.username)


def invite(session: Session, account: User, actor: str) -> str:
    """A token by which its holder sets the account's passphrase, once, within three days; earlier ones are void."""
    if not account.active:
        raise AccountRefused("username", T("This account has ended. Let it sign in again first."))
    _withdraw_invitations(session, account)
    token, moment = secrets.token_urlsafe(24), now()
    session.add(
        Invitation(user_id=account.id, digest=digest(token), made_at=moment, until=moment + INVITED_FOR)
    )
    audit.record(session, actor, "accounts.invite", "user", account.id)
    return token


def _withdraw_invitations(session: Session, account: User) -> None:
    open_ones = (Invitation.user_id == account.id, Invitation.used_at.is_(None))
    session.execute(update(Invitation).where(*open_ones).values(used_at=now()))


def take_invitation(session: Session, invitation: Invitation, password: str) -> User:
    """Set the passphrase. Raises AccountRefused when it is weak, or when the link was used a moment ago."""
    used = update(Invitation).where(Invitation.id == invitation.id, Invitation.used_at.is_(None))
    if not session.execute(used.values(used_at=now())).rowcount:  # type: ignore[attr-defined]
        raise AccountRefused("password", T("This link has been used already."))
    set_password(session, invitation.user, password, invitation.user.username)
    return invitation.user


def propose_second_factor(session: Session, account: User) -> None:
    """A secret to be read by the user's app; it counts once a code of it was given."""
    if account.totp_since is None:
        account.totp_secret = new_secret()


def confirm_second_factor(session: Session, account: User, code: str) -> list[str]:
    """The first code: from now on it is asked for. Gives the recovery codes, which are shown this once."""
    step = matching_step(account.totp_secret or new_secret(), code, now(), 0)
    if account.totp_since is not None or not account.totp_secret or step is None:
        raise AccountRefused("code", T("This code is wrong, too old, or used already."))
    account.totp_since, account.totp_step = now(), step
    audit.record(session, account.username, "accounts.second_factor", "user", account.id, after=True)
    return renew_recovery_codes(session, account)


def renew_recovery_codes(session: Session, account: User) -> list[str]:
    """Ten new codes; the old ones are void."""
    codes = new_recovery_codes()
    session.execute(delete(RecoveryCode).where(RecoveryCode.user_id == account.id))
    session.add_all(RecoveryCode(user_id=account.id, digest=recovery_digest(code)) for code in codes)
    audit.record(session, account.username, "accounts.recovery_codes", "user", account.id)
    return codes


def remove_second_factor(session: Session, account: User, actor: str) -> None:
    """The telephone is lost or changed: who must have a second factor sets up a new one at the next sign-in."""
    session.execute(delete(RecoveryCode).where(RecoveryCode.user_id == account.id))
    account.totp_secret = account.totp_since = account.totp_step = None
    audit.record(session, actor, "accounts.second_factor", "user", account.id, after=False)
    if actor != account.username:
        sessions.end_all(session, account, actor)
