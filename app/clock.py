"""Dates as the programme counts them: the business date, months, working days. Pure; no state.

The business date is always a parameter of a rule. Where it comes from (the real clock in Asia/Shanghai,
``QINGSHOU_TODAY``, or the date a demonstration instance carries) is decided in ``app/db.py``'s settings.
"""

from calendar import monthrange
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

import chinese_calendar

from app.labels import Labelled, T

SHANGHAI = ZoneInfo("Asia/Shanghai")


class DueDateRule(Labelled):
    """What a lender does with a due date on a day off (民法典 §203)."""

    NONE = "none", T("Stays on the day")
    NEXT_WORKDAY = "next_workday", T("Moves to the next working day")


@dataclass(frozen=True, slots=True)
class WorkdayAnswer:
    """Whether a day is worked; ``provisional`` beyond the last year the State Council has announced."""

    is_workday: bool
    provisional: bool


@lru_cache(maxsize=4096)
def workday(day: date) -> WorkdayAnswer:
    """Is ``day`` a working day in mainland China, make-up Saturdays counted? Falls back to weekends."""
    try:
        return WorkdayAnswer(chinese_calendar.is_workday(day), provisional=False)
    except NotImplementedError:
        return WorkdayAnswer(day.weekday() < 5, provisional=True)


def effective_due_date(due: date, rule: DueDateRule) -> date:
    """The last day on which paying is still in time, under the lender's rule for days off."""
    if rule is DueDateRule.NEXT_WORKDAY:
        while not workday(due).is_workday:
            due += timedelta(days=1)
    return due


def month_end(day: date) -> date:
    """The last day of the month of ``day``."""
    return day.replace(day=monthrange(day.year, day.month)[1])


def add_months(day: date, months: int) -> date:
    """The same day ``months`` later, or the month's last day where that day is missing (民法典 §202)."""
    index = day.year * 12 + day.month - 1 + months
    first = date(index // 12, index % 12 + 1, 1)
    return first.replace(day=min(day.day, month_end(first).day))


def parse_month(text: str) -> date:
    """The last day of a month written ``2023-10``. Raises ValueError otherwise."""
    return month_end(datetime.strptime(text, "%Y-%m").date())


def days_past_due(due: date, today: date) -> int:
    """逾期天数: days after the (effective) due date, never below 0."""
    return max((today - due).days, 0)
