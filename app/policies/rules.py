"""What a county may set: every number of the rules that no statute fixes, with its default and its source. Pure."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

from app.labels import Declined, Labelled, T, Text
from app.money import to_fen, yuan


class Unit(Labelled):
    DAYS = "days", T("days")
    TIMES = "times", T("times")
    MINUTES = "minutes", T("minutes")
    CLOCK = "clock", T("time of day")  # minutes since midnight
    FEN = "fen", T("yuan")  # kept in 分, entered and shown in 元
    PERCENT = "percent", T("percent")
    YEARS = "years", T("years")
    FLAG = "flag", T("yes or no")


class Key(Labelled):
    """A number that rules read. Its definition is in ``KEYS``."""

    CONTACT_FROM = "contact_from", T("Contact from")
    CONTACT_UNTIL = "contact_until", T("Contact until")
    CALLS_PER_DAY = "calls_per_day", T("Effective calls a day for each borrower")
    UNANSWERED_PER_DAY = "unanswered_per_day", T("Unanswered attempts a day for each number")
    JUST_CALLED = "just_called", T("Wait after somebody has called")
    SMS_FROM = "sms_from", T("Messages from")
    SMS_UNTIL = "sms_until", T("Messages until")
    SMS_PER_DAY = "sms_per_day", T("Messages a day for each borrower")
    SMS_PER_WEEK = "sms_per_week", T("Messages a week for each borrower")
    SMS_DAYS_OFF = "sms_days_off", T("Messages on days off too")
    CAMPAIGNS_PER_MONTH = "campaigns_per_month", T("Campaign messages in thirty days for each borrower")
    HOLD_OUT = "hold_out", T("Share of loans not reminded, to learn whether reminding helps")
    NO_CONTACT_DAYS = "no_contact_days", T("A line must make contact within")
    LARGE_AMOUNT = "large_amount", T("A large overdue amount")
    NEW_CASE_DAYS = "new_case_days", T("A case is new for")
    PROMISE_GRACE = "promise_grace", T("A promise is in time until")
    PROMISE_TOLERANCE = "promise_tolerance", T("A promise is kept when short of it by no more than")
    PROMISE_HORIZON = "promise_horizon", T("A promise may lie ahead by at most")
    LIMITATION_WARNING = "limitation_warning", T("Warn before the limitation period ends")
    MOST_RENEWALS = "most_renewals", T("Renewals or extensions of one loan")
    COMPENSATION_DAYS = "compensation_days", T("Risk compensation after more days overdue than")
    COMPENSATION_FUND = "compensation_fund", T("The fund's share of a risk compensation")
    REVEALS_PER_DAY = "reveals_per_day", T("Full numbers a day that one person may see")
    BULK_READING = "bulk_reading", T("Full numbers within an hour that are told to the office")
    CONTACT_YEARS = "contact_years", T("Contact records are kept after the case has closed for")


@dataclass(frozen=True, slots=True)
class Definition:
    """``low`` and ``high`` bound what may be entered, in the unit."""

    unit: Unit
    default: int
    low: int
    high: int
    source: Text


_OWN = T("our default")
_GBT = T("GB/T 45251-2025")
_BANKERS = T("GB/T 45251-2025; China Banking Association 2026")

KEYS: dict[Key, Definition] = {
    Key.CONTACT_FROM: Definition(Unit.CLOCK, 8 * 60, 8 * 60, 12 * 60, _GBT),
    Key.CONTACT_UNTIL: Definition(Unit.CLOCK, 22 * 60, 17 * 60, 22 * 60, _GBT),
    Key.CALLS_PER_DAY: Definition(Unit.TIMES, 3, 1, 3, _BANKERS),
    Key.UNANSWERED_PER_DAY: Definition(Unit.TIMES, 6, 1, 6, _BANKERS),
    Key.JUST_CALLED: Definition(Unit.MINUTES, 30, 0, 24 * 60, _OWN),
    Key.SMS_FROM: Definition(Unit.CLOCK, 8 * 60, 8 * 60, 12 * 60, _OWN),
    Key.SMS_UNTIL: Definition(Unit.CLOCK, 20 * 60, 12 * 60, 22 * 60, _OWN),
    Key.SMS_PER_DAY: Definition(Unit.TIMES, 1, 0, 3, _OWN),
    Key.SMS_PER_WEEK: Definition(Unit.TIMES, 3, 0, 7, _OWN),
    Key.SMS_DAYS_OFF: Definition(Unit.FLAG, 1, 0, 1, _OWN),
    Key.CAMPAIGNS_PER_MONTH: Definition(Unit.TIMES, 1, 0, 4, _OWN),
    Key.HOLD_OUT: Definition(Unit.PERCENT, 0, 0, 20, _OWN),
    Key.NO_CONTACT_DAYS: Definition(Unit.DAYS, 14, 1, 180, _OWN),
    Key.LARGE_AMOUNT: Definition(Unit.FEN, 5_000_000, 0, 100_000_000, _OWN),
    Key.NEW_CASE_DAYS: Definition(Unit.DAYS, 7, 1, 60, _OWN),
    Key.PROMISE_GRACE: Definition(Unit.DAYS, 0, 0, 15, _OWN),
    Key.PROMISE_TOLERANCE: Definition(Unit.PERCENT, 0, 0, 20, _OWN),
    Key.PROMISE_HORIZON: Definition(Unit.DAYS, 365, 7, 1095, _OWN),
    Key.LIMITATION_WARNING: Definition(
        Unit.DAYS, 180, 30, 365, T("Civil Code §188; the warning is our default")
    ),
    Key.MOST_RENEWALS: Definition(Unit.TIMES, 1, 0, 3, _OWN),
    Key.COMPENSATION_DAYS: Definition(Unit.DAYS, 90, 0, 360, T("the usual agreement with the lenders")),
    Key.COMPENSATION_FUND: Definition(Unit.PERCENT, 80, 0, 100, T("the usual agreement with the lenders")),
    Key.REVEALS_PER_DAY: Definition(Unit.TIMES, 30, 1, 200, _OWN),
    Key.BULK_READING: Definition(Unit.TIMES, 10, 2, 100, _OWN),
    Key.CONTACT_YEARS: Definition(Unit.YEARS, 5, 5, 30, T("kept five years, then deletable")),
}


class Group(Labelled):
    """How a page orders the numbers."""

    CONTACT = "contact", T("Contact with borrowers")
    MESSAGES = "messages", T("Reminders by message")
    QUEUE = "queue", T("The day's list")
    PROMISES = "promises", T("Promises and the limitation period")
    ROUTES = "routes", T("Routes")
    DATA = "data", T("Personal data")
    OTHER = "other", T("Other numbers")


_GROUPS: dict[Group, tuple[Key, ...]] = {
    Group.CONTACT: (
        Key.CONTACT_FROM, Key.CONTACT_UNTIL, Key.CALLS_PER_DAY, Key.UNANSWERED_PER_DAY, Key.JUST_CALLED,
    ),
    Group.MESSAGES: (
        Key.SMS_FROM, Key.SMS_UNTIL, Key.SMS_DAYS_OFF, Key.SMS_PER_DAY, Key.SMS_PER_WEEK, Key.CAMPAIGNS_PER_MONTH,
        Key.HOLD_OUT,
    ),
    Group.QUEUE: (Key.NO_CONTACT_DAYS, Key.LARGE_AMOUNT, Key.NEW_CASE_DAYS),
    Group.PROMISES: (
        Key.PROMISE_GRACE, Key.PROMISE_TOLERANCE, Key.PROMISE_HORIZON, Key.LIMITATION_WARNING,
    ),
    Group.ROUTES: (Key.MOST_RENEWALS, Key.COMPENSATION_DAYS, Key.COMPENSATION_FUND),
    Group.DATA: (Key.REVEALS_PER_DAY, Key.BULK_READING, Key.CONTACT_YEARS),
}  # fmt: skip


def groups() -> dict[Group, tuple[Key, ...]]:
    """Every key once; one that no group names yet stands under the last."""
    named = {key for keys in _GROUPS.values() for key in keys}
    rest = tuple(key for key in KEYS if key not in named)
    return _GROUPS | ({Group.OTHER: rest} if rest else {})


@dataclass(frozen=True, slots=True)
class Entered:
    """A value somebody set: for a region ("" everywhere) and perhaps one lender, from ``starts_on`` until ``until``."""

    key: Key
    region: str
    lender_id: int | None
    starts_on: date
    until: date
    value: int


def value_at(key: Key, entered: Iterable[Entered], *, region: str, lender_id: int | None, on: date) -> int:
    """The value that holds for ``region`` and lender on a day: the most local one, its lender's before everybody's.

    Where nobody set one it is the default of ``KEYS``. Of two equally local ones the later start wins.
    """
    fitting = [
        e
        for e in entered
        if e.key is key
        and region.startswith(e.region)
        and e.lender_id in (None, lender_id)
        and e.starts_on <= on < e.until
    ]
    best = max(fitting, key=lambda e: (len(e.region), e.lender_id is not None, e.starts_on), default=None)
    return KEYS[key].default if best is None else best.value


class PolicyRefused(Declined):
    """What cannot be set as it was entered; ``field`` is the part of the entry that the sentence belongs to."""

    field = "value"


def entry(unit: Unit, value: int) -> str:
    """A value as a person enters it: 元 for 分, 8:30 for minutes since midnight, yes or no for a flag."""
    if unit is Unit.FEN:
        return yuan(value)
    if unit is Unit.CLOCK:
        return f"{value // 60:02}:{value % 60:02}"
    if unit is Unit.FLAG:
        return "yes" if value else "no"
    return str(value)


def parse(key: Key, text: str) -> int:
    """The value, in the key's unit, that a person entered. Raises PolicyRefused for what is none or out of bounds.

    The bounds are those of ``KEYS``: where they come from a standard, a county may be stricter, never looser.
    """
    definition = KEYS[key]
    try:
        value = _read(definition.unit, text.strip())
    except ValueError:
        raise PolicyRefused(_HOW[definition.unit]) from None
    if not definition.low <= value <= definition.high:
        raise PolicyRefused(
            T(
                "%(key)s: from %(low)s to %(high)s (%(unit)s); source: %(source)s.",
                key=key.label,
                low=entry(definition.unit, definition.low),
                high=entry(definition.unit, definition.high),
                unit=definition.unit.label,
                source=definition.source,
            )
        )
    return value


_HOW = dict.fromkeys(Unit, T("Enter a whole number.")) | {
    Unit.FEN: T("Enter an amount in yuan, such as 50000 or 50000.00."),
    Unit.CLOCK: T("Enter a time of day, such as 08:30."),
    Unit.FLAG: T("Enter yes or no."),
}


def _read(unit: Unit, text: str) -> int:
    if unit is Unit.FEN:
        return to_fen(text)
    if unit is Unit.FLAG:
        return ("no", "yes").index(text.lower())
    if unit is Unit.CLOCK:
        hours, _, minutes = text.partition(":")
        if not (_digits(hours) and _digits(minutes) and len(minutes) == 2) or int(minutes) > 59:
            raise ValueError(text)
        return int(hours) * 60 + int(minutes)
    if not _digits(text):
        raise ValueError(text)
    return int(text)


def _digits(text: str) -> bool:
    return text.isascii() and text.isdigit() and len(text) <= 12
