"""When a reminder is due, when it has become untrue, and whether a message may leave now. Pure.

Days are the county's; every moment carries its zone. Amounts are 分.
"""

import hashlib
import math
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

from app.clock import SHANGHAI, workday
from app.labels import Labelled, T

DEFAULT_LEADS = (30, 7, 1)
AFTER_DUE_DAYS = 7  # how long a message after the due date stays true
NIGHT_ENDS, NIGHT_BEGINS = 8 * 60, 22 * 60  # no message outside, whatever a county sets (GB/T 45251-2025)
MOST_ATTEMPTS = 8
_Z = 1.959964  # of a 95 % interval
USUAL_PRICE = 5  # 分 a part, as a channel has it before its first use


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


class CampaignKind(Labelled):
    YEAR_END = "year_end", T("Loans that fall due before the year ends")
    PUBLICITY = "publicity", T("Making policy known")


class CampaignState(Labelled):
    DRAFT = "draft", T("Waits for approval")
    APPROVED = "approved", T("Approved")
    STOPPED = "stopped", T("Stopped")


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
    days_off: bool = True  # may messages leave on Saturdays, Sundays and holidays?

    def window(self, day: date) -> tuple[datetime, datetime]:
        return at(day, max(self.start, NIGHT_ENDS)), at(day, min(self.end, NIGHT_BEGINS))


def _next_window(day: date, hours: Hours) -> datetime:
    """When the window of the next day on which messages leave opens, after ``day``."""
    day += timedelta(days=1)
    while not hours.days_off and not workday(day).is_workday:
        day += timedelta(days=1)
    return hours.window(day)[0]


def may_leave(now: datetime, hours: Hours, sent_on: list[date]) -> datetime | None:
    """None when a message may leave now; else the moment to look again. ``sent_on``: the borrower's messages so far."""
    local = now.astimezone(SHANGHAI)
    today = local.date()
    opens, closes = hours.window(today)
    tomorrow = _next_window(today, hours)
    if not hours.days_off and not workday(today).is_workday:
        return tomorrow
    if local < opens:
        return opens
    if local >= closes:
        return tomorrow
    week = [day for day in sent_on if today - timedelta(days=7) < day <= today]
    if len(week) >= hours.per_week or sum(day == today for day in week) >= hours.per_day:
        return tomorrow
    return None


def is_held_out(loan_id: int, due_on: date, share: int) -> bool:
    """Does chance leave this loan without reminders of this due date? ``share`` in percent; always the same answer."""
    if share <= 0:
        return False
    drawn = hashlib.sha256(f"{loan_id}:{due_on.isoformat()}".encode()).digest()
    return int.from_bytes(drawn[:8]) % 10_000 < share * 100


@dataclass(frozen=True, slots=True)
class Share:
    """``paid`` of ``loans``, with Wilson's 95 % interval; all as shares from 0 to 1."""

    paid: int
    loans: int

    @property
    def value(self) -> float:
        return self.paid / self.loans if self.loans else 0.0

    @property
    def interval(self) -> tuple[float, float]:
        """(0, 1) where there is no loan."""
        if not self.loans:
            return 0.0, 1.0
        n, z2 = self.loans, _Z * _Z
        middle = (self.paid + z2 / 2) / (n + z2)
        half = _Z / (n + z2) * math.sqrt(self.paid * (n - self.paid) / n + z2 / 4)
        return max(0.0, min(self.value, middle - half)), min(1.0, max(self.value, middle + half))


def difference(treated: Share, control: Share) -> tuple[float, float, float] | None:
    """How much larger the first share is, and Newcombe's 95 % interval of it; None where one has no loan."""
    if not treated.loans or not control.loans:
        return None
    d = treated.value - control.value
    (low_t, high_t), (low_c, high_c) = treated.interval, control.interval
    low = d - math.hypot(treated.value - low_t, high_c - control.value)
    high = d + math.hypot(high_t - treated.value, control.value - low_c)
    return d, low, high


def backoff(attempt: int, chance: float, timings: Timings) -> timedelta:
    """Full jitter: a share ``chance`` (0 to 1) of the doubled wait after try number ``attempt`` (from 1)."""
    most = min(timings.backoff * 2 ** min(attempt, 30), timings.backoff_most)
    return timedelta(seconds=most * chance)
