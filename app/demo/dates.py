"""When the invented loans were lent and fall due."""

from collections.abc import Iterator
from datetime import date, timedelta

from app.clock import add_months, workday
from app.demo.dice import Dice

Window = tuple[date, date]

# Loans of earlier years, as far back as the ledgers reach.
EARLIER = (date(2020, 11, 2), date(2022, 12, 30))
THIS_YEAR = (date(2023, 1, 4), date(2023, 10, 30))
SPRING = (date(2023, 1, 4), date(2023, 5, 31))
TO_BE_REPAID_EARLY = (date(2023, 1, 4), date(2023, 8, 18))

# Where overdue loans fell due, recent ones more often; each loan takes the next. None in the last days of
# October: where due dates move to the next working day, the same loans are overdue at the month's end.
OVERDUE_WINDOWS = (
    (date(2023, 8, 1), date(2023, 9, 22)),
    (date(2023, 5, 1), date(2023, 7, 31)),
    (date(2023, 10, 9), date(2023, 10, 25)),
    (date(2023, 1, 20), date(2023, 4, 30)),
    (date(2023, 8, 1), date(2023, 9, 22)),
    (date(2022, 9, 1), date(2023, 1, 20)),
    (date(2023, 10, 9), date(2023, 10, 25)),
    (date(2022, 2, 1), date(2022, 8, 31)),
)
RECENT = (date(2023, 8, 1), date(2023, 9, 22))
CLEARED = (date(2023, 6, 1), date(2023, 9, 20))
RENEGOTIATED = (date(2023, 7, 10), date(2023, 8, 31))
PAYING_IN_OCTOBER = (date(2023, 10, 9), date(2023, 10, 30))
PAYING_IN_NOVEMBER = (date(2023, 11, 2), date(2023, 11, 28))
EXTENDED = (date(2023, 10, 12), date(2023, 10, 24))

# Where loans in good order fall due, with a percentage each: the wave at the year's end, then later years.
DEFAULTING = (date(2023, 11, 3), date(2023, 11, 23))
DUE_IN_NOVEMBER = (date(2023, 11, 3), date(2023, 11, 28))
GOOD_WINDOWS = (
    (22, DUE_IN_NOVEMBER),
    (3, (date(2023, 12, 1), date(2023, 12, 4))),
    (29, (date(2023, 12, 6), date(2023, 12, 28))),
    (8, (date(2024, 1, 2), date(2024, 1, 12))),
    (22, (date(2024, 1, 15), date(2024, 9, 28))),
    (16, (date(2024, 10, 8), date(2025, 11, 28))),
)

_LAST_COMMON_DAY = 28  # a contract of the 29th to the 31st would move in shorter months
_TERMS = (36, 24, 12)


def _days_from_a_random_one(dice: Dice, first: date, last: date) -> Iterator[date]:
    """Every day from ``first`` to ``last`` once, in order from a random one on."""
    count = (last - first).days + 1
    start = dice.below(count)
    for step in range(count):
        yield first + timedelta(days=(start + step) % count)


def lent_on(dice: Dice, first: date, last: date) -> date:
    """A working day on which a branch could lend."""
    for day in _days_from_a_random_one(dice, first, last):
        if day.day <= _LAST_COMMON_DAY and workday(day).is_workday:
            return day
    raise ValueError(f"no working day from {first} to {last}")


def _is_earlier(day: date) -> bool:
    return EARLIER[0] <= day <= EARLIER[1]


def earlier_loan(dice: Dice, first: date, last: date) -> tuple[date, date, int]:
    """Lending date, due date (from ``first`` to ``last``) and term in months of a loan of an earlier year."""
    for due in _days_from_a_random_one(dice, first, last):
        if due.day > _LAST_COMMON_DAY:
            continue
        lent = [(add_months(due, -term), due, term) for term in _TERMS]
        possible = [loan for loan in lent if _is_earlier(loan[0]) and workday(loan[0]).is_workday]
        if possible:
            return dice.pick(possible)
    raise ValueError(f"no loan of an earlier year can fall due from {first} to {last}")


def this_years_term(dice: Dice, disbursed_on: date) -> int:
    """12 to 36 months; sometimes half a year, where that does not end before the business date."""
    if disbursed_on >= date(2023, 6, 6) and dice.chance(12):
        return 6
    return dice.pick((12, 12, 12, 24, 24, 36, 36))


def good_window(dice: Dice) -> Window:
    """Where a loan in good order falls due."""
    drawn = dice.below(100)
    for percent, window in GOOD_WINDOWS:
        if drawn < percent:
            return window
        drawn -= percent
    raise AssertionError("the percentages of GOOD_WINDOWS add up to 100")


def rate(term_months: int, disbursed_on: date) -> int:
    """The yearly rate in basis points: the reference rate of its time, higher for more than a year."""
    steps = ((date(2022, 1, 20), 385, 435), (date(2022, 8, 22), 370, 430), (date(2023, 6, 20), 365, 430))
    for until, short, long in steps:
        if disbursed_on < until:
            return short if term_months <= 12 else long
    return 365 if term_months <= 12 else 420
