"""Setting the county's numbers: from a day on, with a reason. What held in the past is never changed."""

from datetime import date

from sqlalchemy.orm import Session

from app import audit
from app.accounts.models import User
from app.labels import T
from app.places.models import Lender, Region
from app.places.rules import Level
from app.policies.models import PolicyValue
from app.policies.queries import rows_of
from app.policies.rules import Key, PolicyRefused, parse
from app.today import now

REASON_LENGTH = 200


def set_value(
    session: Session,
    key: Key,
    text: str,
    starts_on: date,
    reason: str,
    actor: User,
    day: date,
    *,
    region: str = "",
    lender_id: int | None = None,
) -> PolicyValue:
    """Let ``key`` have the value entered as ``text`` from ``starts_on`` on; ``day`` is the business date.

    One that begins on the same day for the same place and lender is replaced. Raises PolicyRefused.
    """
    value = parse(key, text)
    if starts_on < day:
        raise PolicyRefused(
            T("A value holds from today or a later day on, never from the past."), "starts_on"
        )
    reason = _checked_reason(reason)
    _check_place(session, actor, region)
    if lender_id is not None and session.get(Lender, lender_id) is None:
        raise PolicyRefused(T("There is no such lender."), "lender")
    for row in rows_of(session, key, region, lender_id):
        if row.starts_on == starts_on < row.until:
            row.until = starts_on
    made = PolicyValue(
        key=key,
        region_code=region,
        lender_id=lender_id,
        starts_on=starts_on,
        value=value,
        reason=reason,
        set_by_id=actor.id,
        set_at=now(),
    )
    session.add(made)
    session.flush()
    audit.record(
        session, actor.username, "policies.set", "policy", made.id, key=key.value, value=value, region=region,
        lender=lender_id, starts_on=starts_on.isoformat(),
    )  # fmt: skip
    return made


def end_value(session: Session, row: PolicyValue, on: date, reason: str, actor: User, day: date) -> None:
    """Let a value hold no more from ``on``; one that has not begun yet never does. Raises PolicyRefused.

    The older ones of the same place and lender end with it: what holds then is the next wider one, or the default.
    """
    if on < day:
        raise PolicyRefused(T("A value ends today or on a later day, never in the past."), "on")
    reason = _checked_reason(reason)
    _check_place(session, actor, row.region_code)
    if row.until <= on:
        raise PolicyRefused(T("This value has ended already."), "on")
    if row.starts_on > day:
        row.until = row.starts_on
    else:
        for older in rows_of(session, row.key, row.region_code, row.lender_id):
            if older.starts_on <= row.starts_on:
                older.until = min(older.until, on)
    audit.record(
        session, actor.username, "policies.end", "policy", row.id, key=row.key.value,
        until=row.until.isoformat(), reason=reason,
    )  # fmt: skip


def _checked_reason(reason: str) -> str:
    reason = reason.strip()
    if not reason:
        raise PolicyRefused(T("Give the reason."), "reason")
    if len(reason) > REASON_LENGTH:
        raise PolicyRefused(T("A reason has at most %(n)s characters.", n=REASON_LENGTH), "reason")
    return reason


def _check_place(session: Session, actor: User, region: str) -> None:
    """A county or township within the actor's area; everywhere ("") only for who answers for everywhere."""
    if not actor.scope.covers_region(region):
        raise PolicyRefused(T("This place is not within your area."), "region")
    found = session.get(Region, region) if region else None
    if region and (found is None or found.level not in (Level.COUNTY, Level.TOWNSHIP)):
        raise PolicyRefused(T("Choose a county or a township."), "region")
