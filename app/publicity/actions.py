"""Entering what was done to make policy known, and withdrawing it. Nothing is ever deleted."""

from dataclasses import dataclass
from datetime import date

from sqlalchemy import select
from sqlalchemy.orm import Session

from app import audit
from app.accounts.models import User
from app.files import PDF, Cleaned, FileStore, keep
from app.labels import T
from app.places.rules import CODE_LENGTHS, Level
from app.publicity.models import Publicity
from app.publicity.queries import townships_of, villages_of
from app.publicity.rules import REASON_LENGTH, Means, PublicityRefused, check, may_withdraw
from app.today import now


@dataclass(frozen=True, slots=True)
class Entry:
    """What was done: ``region`` is a township's or a village's code; ``key`` names one writing of it."""

    region: str
    on: date
    means: Means
    people: int
    text: str = ""
    photo: Cleaned | None = None
    key: str | None = None


def add_entry(session: Session, author: User, entry: Entry, day: date, store: FileStore) -> Publicity:
    """Enter it, once for each key; ``day`` is the business date. Raises PublicityRefused."""
    if entry.key:
        same = select(Publicity).where(Publicity.key == entry.key, Publicity.author_id == author.id)
        if (found := session.scalars(same).one_or_none()) is not None:
            return found
    check(entry.on, entry.people, entry.text, day)
    _check_place(session, author, entry.region)
    if entry.photo is not None and entry.photo.mime == PDF:
        raise PublicityRefused(T("Choose a photo (JPEG or PNG)."), "photo")
    made = Publicity(
        region_code=entry.region,
        branch_id=author.scope.branch_id,
        on=entry.on,
        means=entry.means,
        people=entry.people,
        text=entry.text.strip(),
        author_id=author.id,
        recorded_at=now(),
        photo_digest=keep(store, entry.photo) if entry.photo else None,
        photo_mime=entry.photo.mime if entry.photo else None,
        key=entry.key,
    )
    session.add(made)
    session.flush()
    audit.record(
        session, author.username, "publicity.add", "publicity", made.id, region=made.region_code,
        on=made.on.isoformat(), means=made.means.value, people=made.people,
    )  # fmt: skip
    return made


def withdraw(session: Session, entry: Publicity, actor: User, reason: str, day: date) -> None:
    """It counts no more, and stays, with the reason. A second time changes nothing. Raises PublicityRefused."""
    if not may_withdraw(actor.role, entry.author_id == actor.id):
        raise PublicityRefused(
            T("Only who wrote an entry withdraws it, or a leader or the office."), "reason"
        )
    reason = reason.strip()
    if not reason:
        raise PublicityRefused(T("Give the reason."), "reason")
    if len(reason) > REASON_LENGTH:
        raise PublicityRefused(T("A reason has at most %(n)s characters.", n=REASON_LENGTH), "reason")
    if entry.withdrawn_on is not None:
        return
    entry.withdrawn_on, entry.withdraw_reason = day, reason
    audit.record(session, actor.username, "publicity.withdraw", "publicity", entry.id, reason=reason)


def _check_place(session: Session, author: User, region: str) -> None:
    """A township of the author's area or branch, or a village of one."""
    code = region[: CODE_LENGTHS[Level.TOWNSHIP]]
    townships = [one for one in townships_of(session, author.scope) if one.code == code]
    villages = villages_of(session, townships).get(code, [])
    if region not in {one.code for one in [*townships, *villages]}:
        raise PublicityRefused(T("Choose a township or a village of your area."), "region")
