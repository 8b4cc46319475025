"""When a reminder is due, when it has become untrue, and whether a message may leave now. Pure.

Days are the county's; every moment carries its zone. Amounts are 分.
"""

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

from app.clock import SHANGHAI

DEFAULT_LEADS = (30, 7, 1)
AFTER_DUE_DAYS = 7  # how long a message after the due date stays true
NIGHT_ENDS, NIGHT_BEGINS = 8 * 60, 22 * 60  # no message outside, whatever a county sets (GB/T 45251-2025)
MOST_ATTEMPTS = 8


@dataclass(frozen=True, slots=True)
class Timings:
    """Seconds: how long a claim holds, when a try is repeated, when a person is asked. A proof shortens them."""

    lease: float = 60.0
    deadline: float = 20.0
    backoff: float = 30.0
    backoff_most: float = 3600.0
    review_after: float = 30 * 60.0
    look_again: float = 60.0
    unconfirmed_after: float = 72 * 3600.0

    def __post_init__(self) -> None:
        if self.lease <= self.deadline:
            raise ValueError("a lease must outlast the deadline of a send")


@dataclass(frozen=True, slots=True)
class Policy:
    """A county's policy of reminding: ``leads`` in days before the due date (negative: after it)."""

    region: str
    lender_id: int | None
    starts_on: date
    until: date
    leads: tuple[int, ...]


def policy_at(policies: list[Policy], *, region: str, lender_id: int, on: date) -> tuple[int, ...]:
    """The lead times that hold: of the most local policy, its lender's before everybody's; else the default."""
    fitting = [
        p
        for p in policies
        if region.startswith(p.region) and p.lender_id in (None, lender_id) and p.starts_on <= on < p.until
    ]
    best = max(fitting, key=lambda p: (len(p.region), p.lender_id is not None, p.starts_on), default=None)
    return DEFAULT_LEADS if best is None else best.leads


def read_leads(text: str) -> tuple[int, ...]:
    """``"30,7,1"`` as days, the longest first. Raises ValueError for what is none."""
    days = tuple(sorted({int(part) for part in text.split(",") if part.strip()}, reverse=True))
    if any(not -30 <= day <= 90 for day in days):
        raise ValueError("lead times run from 90 days before the due date to 30 after it")
    return days


def untrue_from(due: date, lead: int, leads: tuple[int, ...]) -> date:
    """The first day on which the reminder of ``lead`` is no longer the right one to send."""
    later = [other for other in leads if other < lead]
    end = due + timedelta(days=AFTER_DUE_DAYS - lead if lead < 0 else 1)
    return min([end, *(due - timedelta(days=other) for other in later)])


def day_of(due: date, lead: int, leads: tuple[int, ...], today: date, horizon: int) -> date | None:
    """The day to send the reminder on; None when it lies beyond the horizon or has become untrue.

    Never "exactly today": what was due while nothing ran is sent as long as it is true.
    """
    planned = due - timedelta(days=lead)
    if planned > today + timedelta(days=horizon) or untrue_from(due, lead, leads) <= today:
        return None
    return max(planned, today)


def at(day: date, minutes: int) -> datetime:
    """Minutes since midnight of a day, on the county's clock."""
    return datetime.combine(day, time(), SHANGHAI) + timedelta(minutes=minutes)


@dataclass(frozen=True, slots=True)
class Hours:
    """The county's window in minutes since midnight, and its caps for each borrower over all loans."""

    start: int = 8 * 60
    end: int = 20 * 60
    per_day: int = 1
    per_week: int = 3

    def window(self, day: date) -> tuple[datetime, datetime]:
        return at(day, max(self.start, NIGHT_ENDS)), at(day, min(self.end, NIGHT_BEGINS))


def may_leave(now: datetime, hours: Hours, sent_on: list[date]) -> datetime | None:
    """None when a message may leave now; else the moment to look again. ``sent_on``: the borrower's messages so far."""
    local = now.astimezone(SHANGHAI)
    today = local.date()
    opens, closes = hours.window(today)
    tomorrow = hours.window(today + timedelta(days=1))[0]
    if local < opens:
        return opens
    if local >= closes:
        return tomorrow
    week = [day for day in sent_on if today - timedelta(days=7) < day <= today]
    if len(week) >= hours.per_week or sum(day == today for day in week) >= hours.per_day:
        return tomorrow
    return None


def backoff(attempt: int, chance: float, timings: Timings) -> timedelta:
    """Full jitter: a share ``chance`` (0 to 1) of the doubled wait after try number ``attempt`` (from 1)."""
    most = min(timings.backoff * 2 ** min(attempt, 30), timings.backoff_most)
    return timedelta(seconds=most * chance)
