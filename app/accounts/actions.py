"""Making accounts."""

from sqlalchemy import select
from sqlalchemy.orm import Session

from app import audit
from app.accounts.access import MIN_PASSWORD, hash_password
from app.accounts.models import User
from app.accounts.rules import Role
from app.labels import T, Text
from app.places.models import Branch, Region
from app.places.rules import Level
from app.today import now


class AccountRefused(ValueError):
    """The account cannot be made; ``message`` says why, ``field`` where."""

    def __init__(self, field: str, message: Text) -> None:
        super().__init__(str(message))
        self.field, self.message = field, message


def add_user(
    session: Session,
    *,
    username: str,
    name: str,
    role: Role,
    password: str,
    region_code: str | None = None,
    branch_id: int | None = None,
    actor: str = audit.SYSTEM,
) -> User:
    """A new account. Raises AccountRefused for a taken name, a short password, or a role without its place."""
    username, name = username.strip(), name.strip()
    if not username or len(username) > 64:
        raise AccountRefused("username", T("Give a user name of at most 64 characters."))
    if session.scalar(select(User.id).where(User.username == username)) is not None:
        raise AccountRefused("username", T("There is a user named %(name)s already.", name=username))
    if len(name) > 64:
        raise AccountRefused("name", T("A name has at most 64 characters."))
    if len(password) < MIN_PASSWORD:
        raise AccountRefused("password", T("A password has at least %(n)s characters.", n=MIN_PASSWORD))
    if role is Role.BRANCH:
        if branch_id is None or session.get(Branch, branch_id) is None:
            raise AccountRefused("branch", T("A branch collector needs a branch."))
        region_code = None
    else:
        branch_id = None
        if role is Role.ADMIN:
            region_code = None
        elif region_code is None or (region := session.get(Region, region_code)) is None:
            raise AccountRefused("region", T("This role needs a region."))
        elif role is Role.TOWNSHIP and region.level is not Level.TOWNSHIP:
            raise AccountRefused("region", T("A township collector needs a township."))
    account = User(
        username=username,
        name=name or username,
        role=role,
        region_code=region_code,
        branch_id=branch_id,
        password_hash=hash_password(password),
        created_at=now(),
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


def set_active(session: Session, account: User, active: bool, actor: str) -> None:
    """Let an account sign in, or no longer; ending it ends its sessions at once."""
    if account.active != active:
        account.active = active
        account.session_epoch += 1
        audit.record(session, actor, "accounts.active", "user", account.id, before=not active, after=active)


def set_password(session: Session, account: User, password: str, actor: str) -> None:
    """A new password; every session of the account ends, and so does a lock for too many wrong ones."""
    if len(password) < MIN_PASSWORD:
        raise AccountRefused("password", T("A password has at least %(n)s characters.", n=MIN_PASSWORD))
    account.password_hash = hash_password(password)
    account.failed_sign_ins, account.locked_until = 0, None
    account.session_epoch += 1
    audit.record(session, actor, "accounts.password", "user", account.id)
