"""Who is signed in where, invitations that are open, and what is weak about the accounts."""

from collections.abc import Mapping
from typing import Any, Protocol

from sqlalchemy import ColumnElement, and_, func, or_, select
from sqlalchemy.orm import Session

from app.accounts.factors import digest
from app.accounts.models import Invitation, RecoveryCode, SignedIn, User
from app.accounts.rules import COLLECTORS, NEEDS_SECOND_FACTOR, Role, limits_of
from app.labels import T, Text
from app.today import now


def _live() -> ColumnElement[bool]:
    """Sessions that have not ended, as far as the table tells (a page that is only read leaves no mark there)."""
    moment = now()

    def within(roles: Any, limits: Any) -> ColumnElement[bool]:
        return and_(User.role.in_(roles), SignedIn.began_at > moment - limits.absolute)

    desk = [role for role in Role if role not in COLLECTORS]
    return and_(
        SignedIn.ended_at.is_(None),
        User.active,
        or_(within(list(COLLECTORS), limits_of(Role.TOWNSHIP)), within(desk, limits_of(Role.OFFICE))),
    )


def live_sessions(session: Session, user_id: int) -> list[SignedIn]:
    """The sessions of an account that may still be used, the newest first."""
    query = select(SignedIn).join(SignedIn.user).where(SignedIn.user_id == user_id, _live())
    return list(session.scalars(query.order_by(SignedIn.id.desc())))


def other_devices(session: Session, user_id: int, token: str) -> list[SignedIn]:
    """Where else the account is signed in than in the session of ``token``."""
    return [found for found in live_sessions(session, user_id) if found.token_digest != digest(token)]


def places_signed_in(session: Session) -> Mapping[int, int]:
    """How many different devices each account is signed in on; accounts that are not are left out."""
    devices = select(SignedIn.user_id, SignedIn.device, SignedIn.address).join(SignedIn.user).where(_live())
    distinct = devices.distinct().subquery()
    query = select(distinct.c.user_id, func.count()).group_by(distinct.c.user_id)
    return {row[0]: row[1] for row in session.execute(query)}


def invitation_of(session: Session, token: str) -> Invitation | None:
    """The invitation of a link that can still be used, None for one that is used, expired or forged."""
    found = session.scalar(select(Invitation).where(Invitation.digest == digest(token)))
    usable = found is not None and found.used_at is None and found.until > now() and found.user.active
    return found if usable else None


def open_invitation(session: Session, user_id: int) -> Invitation | None:
    """The invitation of an account that waits to be used."""
    query = select(Invitation).where(
        Invitation.user_id == user_id, Invitation.used_at.is_(None), Invitation.until > now()
    )
    return session.scalar(query.order_by(Invitation.id.desc()).limit(1))


def recovery_codes_left(session: Session, user_id: int) -> int:
    query = select(func.count()).where(RecoveryCode.user_id == user_id, RecoveryCode.used_at.is_(None))
    return session.scalar(query) or 0


def _printed(number: int, is_public: bool) -> Text:
    if is_public:
        return T(
            "%(n)s accounts still have the password that is printed in the documents. "
            "End them: flask users disable NAME",
            n=number,
        )
    return T(
        "%(n)s accounts of the demonstration have a printed password; "
        "on this machine itself they need no second factor.",
        n=number,
    )


class Reached(Protocol):
    """What of the settings matters here: the address by which others reach this instance, "" for nobody."""

    @property
    def public_url(self) -> str: ...


def weak_points(session: Session, settings: Reached) -> list[Text]:
    """What an administrator should mend about the accounts, a sentence each; empty when all is well."""
    public_url = settings.public_url
    found = []
    active = select(func.count()).select_from(User).where(User.active)
    if printed := session.scalar(active.where(User.printed_since.is_not(None))):
        found.append(_printed(printed, bool(public_url)))
    without = active.where(
        User.role.in_(NEEDS_SECOND_FACTOR),
        User.totp_since.is_(None),
        User.printed_since.is_(None),
        User.password_hash != "",
    )
    if lacking := session.scalar(without):
        found.append(
            T(
                "%(n)s accounts of the county office or the administrator have no second factor yet; "
                "they are asked for one at the next sign-in.",
                n=lacking,
            )
        )
    if session.scalar(active.where(User.role == Role.ADMIN)) == 1:
        found.append(
            T(
                "There is only one administrator. If that one is ill, nobody can end an account: make a second."
            )
        )
    if public_url and not public_url.startswith("https://"):
        found.append(
            T(
                "Pages are served without TLS. Put a proxy with a certificate in front and set QINGSHOU_PUBLIC_URL."
            )
        )
    return found
