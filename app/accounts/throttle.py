"""Slowing down who guesses, without locking out a colleague.

An attempt is counted *before* the passphrase is looked at and the count committed, so that fifty at once are fifty
attempts. A device on which this account has signed in before has a count of its own and no other; an unknown one is
counted by account and address, by address, and by account. So nobody can keep a colleague from their usual device by
failing on purpose, and an unknown device always has the administrator's invitation.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import delete, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from app.accounts.devices import Source
from app.accounts.factors import digest
from app.accounts.models import Throttle
from app.accounts.rules import wait_after
from app.today import now

FREE_ATTEMPTS = 5  # of one person at one place
FREE_BY_ADDRESS = 30  # an office behind one address
FREE_BY_ACCOUNT = 20  # from anywhere
_FORGOTTEN = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Counted:
    """An attempt that has been counted under ``keys``; ``wait`` is how long it must wait, None when it may go on.

    ``was_last_free``: should it be wrong, the next one has to wait.
    """

    keys: tuple[str, ...]
    wait: timedelta | None
    was_last_free: bool = False


def _keys(what: str, who: str, source: Source) -> Iterator[tuple[str, int]]:
    if source.device:
        yield digest(f"{what}|device|{source.device}|{who}"), FREE_ATTEMPTS
        return
    yield digest(f"{what}|pair|{who}|{source.address}"), FREE_ATTEMPTS
    yield digest(f"{what}|address|{source.address}"), FREE_BY_ADDRESS
    yield digest(f"{what}|account|{who}"), FREE_BY_ACCOUNT


def count(session: Session, what: str, who: str, source: Source) -> Counted:
    """Count an attempt of ``who`` (whether there is such an account or not); the caller commits before it checks."""
    moment = now()
    keys = sorted(
        _keys(what, who, source)
    )  # in one order, so that two at once wait instead of blocking each other
    waits = [_waiting(session, key, moment) for key, _free in keys]
    if any(waits):
        return Counted((), max(waits))
    reached = False
    for key, free in keys:
        row = session.get_one(Throttle, key)
        row.failures += 1
        row.last_at = moment
        reached |= row.failures == free
        wait = wait_after(row.failures, free)
        row.until = moment + wait if wait else None
    session.flush()
    return Counted(tuple(key for key, _free in keys), None, reached)


def _waiting(session: Session, key: str, moment: datetime) -> timedelta:
    """The row of a key, locked, and how long it has still to wait.

    A row that is there is touched, not passed by: another sign-in that succeeds just now could remove it in between.
    """
    dialect = postgresql if session.connection().dialect.name == "postgresql" else sqlite
    new = dialect.insert(Throttle).values(key=key, failures=0, last_at=moment)
    touched = {"failures": Throttle.failures}
    session.execute(new.on_conflict_do_update(index_elements=[Throttle.key], set_=touched))
    query = select(Throttle).where(Throttle.key == key).with_for_update()
    row = session.scalars(query, execution_options={"populate_existing": True}).one()
    if row.last_at < moment - _FORGOTTEN:
        row.failures, row.until = 0, None
    return max(row.until - moment, timedelta(0)) if row.until else timedelta(0)


def forgive(session: Session, counted: Counted) -> None:
    """It was right after all: forget what was counted here, and all that is older than a day."""
    session.execute(delete(Throttle).where(Throttle.key.in_(counted.keys)))
    session.execute(delete(Throttle).where(Throttle.last_at < now() - _FORGOTTEN))


def clear(session: Session, username: str) -> None:
    """An invitation or the administrator has vouched for this account: its count from anywhere begins anew."""
    keys = [digest(f"{what}|account|{username}") for what in ("password", "code")]
    session.execute(delete(Throttle).where(Throttle.key.in_(keys)))
