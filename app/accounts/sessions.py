"""Sessions: begun by signing in, ended by signing out, by their limits, by their owner or by the administrator."""

import secrets
from datetime import datetime, timedelta

from sqlalchemy import delete, select, update
from sqlalchemy.orm import Session, joinedload

from app import audit
from app.accounts.devices import Source, device_name, short_address
from app.accounts.factors import digest
from app.accounts.models import SignedIn, User
from app.accounts.rules import FRESH, limits_of
from app.today import now

_KEPT = timedelta(days=90)  # for "who was signed in then?"
SEEN_EVERY = timedelta(minutes=5)


def begin(session: Session, account: User, source: Source, device: str = "") -> str:
    """A new session, in place of an earlier one in the same browser (``device``); its token is for that alone."""
    token, moment = secrets.token_urlsafe(32), now()
    if device:
        before = (SignedIn.user_id == account.id, SignedIn.device_digest == digest(device))
        session.execute(update(SignedIn).where(*before, SignedIn.ended_at.is_(None)).values(ended_at=moment))
    session.execute(delete(SignedIn).where(SignedIn.user_id == account.id, SignedIn.seen_at < moment - _KEPT))
    session.add(
        SignedIn(
            user_id=account.id,
            token_digest=digest(token),
            began_at=moment,
            seen_at=moment,
            confirmed_at=moment,
            device=device_name(source.agent)[:64],
            device_digest=digest(device) if device else None,
            address=short_address(source.address),
        )
    )
    session.flush()
    return token


def of_token(session: Session, token: str) -> SignedIn | None:
    """The session of a token, live or not."""
    query = select(SignedIn).where(SignedIn.token_digest == digest(token))
    return session.scalar(query.options(joinedload(SignedIn.user, innerjoin=True)))


def is_live(found: SignedIn, seen_at: datetime, moment: datetime) -> bool:
    """May it go on? ``seen_at``: when it was last used, as far as the browser's cookie and the table tell."""
    limits = limits_of(found.user.role)
    return (
        found.user.active
        and found.ended_at is None
        and moment - found.began_at < limits.absolute
        and moment - max(seen_at, found.seen_at) < limits.idle
    )


def is_fresh(found: SignedIn) -> bool:
    """Was the passphrase given within the last ten minutes?"""
    return now() - found.confirmed_at < FRESH


def mark_seen(found: SignedIn) -> None:
    """Within a write that happens anyway, and not with each."""
    moment = now()
    if moment - found.seen_at > SEEN_EVERY:
        found.seen_at = moment


def end(session: Session, found: SignedIn, actor: str) -> None:
    """End one session."""
    if found.ended_at is None:
        found.ended_at = now()
        audit.record(session, actor, "accounts.session_end", "user", found.user_id, session=found.id)


def end_all(session: Session, account: User, actor: str, but: int | None = None) -> int:
    """End the sessions of an account, all or all but one; says how many."""
    where = [SignedIn.user_id == account.id, SignedIn.ended_at.is_(None)]
    if but is not None:
        where.append(SignedIn.id != but)
    ended = session.execute(update(SignedIn).where(*where).values(ended_at=now())).rowcount  # type: ignore[attr-defined]
    if ended:
        audit.record(session, actor, "accounts.sessions_end", "user", account.id, sessions=ended)
    return int(ended)
