"""What the overdue rate will be at the coming month ends, in three ways, and how well each has told before. Pure.

nothing paid   every loan that falls due becomes overdue, no balance falls, nothing is lent: the ceiling
roll           loans roll between days past due, fall due and are lent anew as in the past months
promises       nothing paid but the promises: each instalment due by then is paid, up to what the loan owes
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import ROUND_HALF_UP, Decimal
from math import sqrt

from app.accounts.rules import NOTHING, Scope
from app.clock import add_months, month_end
from app.lines.rules import printed_rate
from app.measures.rules import LATE, Flow, Stage
from app.money import wan
from app.outlook.rolling import Interval, Standing

HORIZON = 3  # month ends ahead
WAVE = 12  # months ahead in which loans fall due
HISTORY = 6  # months that the roll learns from
TESTED = 5  # months that are told again from the one before
LEAST_JUDGED = 10
_Z = 1.6449  # of a two-sided interval of 90 %


def narrowed(scope: Scope, region: str, branch_id: int | None = None) -> Scope:
    """What somebody of ``scope`` sees of a region, or of a branch's loans in it; nothing where that is not theirs."""
    foreign = branch_id is not None and scope.branch_id not in (None, branch_id)
    if foreign or not scope.touches_region(region):
        return NOTHING
    return Scope(
        max(scope.region or "", region, key=len), scope.branch_id if branch_id is None else branch_id
    )


def coming(start: date, count: int) -> list[date]:
    """The month ends after ``start``, the day of the newest ledger: from the month of the day after on."""
    first = month_end(start + timedelta(days=1))
    return [month_end(add_months(first, n)) for n in range(count)]


@dataclass(frozen=True, slots=True)
class State:
    """Stock and overdue amount on a day, and what turns overdue by each coming month end if nothing is paid, 分."""

    stock: int
    overdue: int
    turning: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Rate:
    """A rate in percent with the overdue amount (分) it stands for."""

    rate: Decimal | None
    overdue: int


def nothing_paid(state: State, month: int) -> Rate:
    """At the coming month end of that number, from 0."""
    overdue = state.overdue + sum(state.turning[: month + 1])
    return Rate(printed_rate(overdue, state.stock), overdue)


def promises_kept(state: State, month: int, promised: int) -> Rate:
    """The same less what is promised by then, 分: it lowers what is overdue, and the stock with it."""
    overdue = state.overdue + sum(state.turning[: month + 1]) - promised
    return Rate(printed_rate(overdue, state.stock - promised), overdue)


def wilson(kept: int, judged: int) -> tuple[float, float] | None:
    """The share of promises kept, as an interval of 90 % (Wilson); None for too few."""
    if judged < LEAST_JUDGED:
        return None
    share, square = kept / judged, _Z * _Z
    centre = share + square / (2 * judged)
    width = _Z * sqrt(share * (1 - share) / judged + square / (4 * judged * judged))
    whole = 1 + square / judged
    return max(0.0, (centre - width) / whole), min(1.0, (centre + width) / whole)


def kept_as_before(state: State, month: int, promised: int, shares: tuple[float, float] | None) -> Interval:
    """The rate if all promises are kept, and the interval if they are kept as often as in the past months."""
    sure = promises_kept(state, month, promised).rate
    if shares is None:
        return Interval(sure)
    low, high = (promises_kept(state, month, int(promised * share)).rate for share in reversed(shares))
    return Interval(sure, low, high)


@dataclass(frozen=True, slots=True)
class Ahead:
    """One coming month end."""

    month: date
    nothing_paid: Rate
    roll: Interval | None
    promises: Interval
    promised: int


@dataclass(frozen=True, slots=True)
class BackTest:
    """A month that is over, told from the month end before, beside what came (percent)."""

    month: date
    actual: Decimal | None
    nothing_paid: Decimal | None
    roll: Interval | None
    promises: Decimal | None

    def error(self, told: Decimal | None) -> Decimal | None:
        """Told less actual, in percentage points."""
        return None if told is None or self.actual is None else told - self.actual


@dataclass(frozen=True, slots=True)
class Forecast:
    """``start`` is the day of the newest ledger; ``learnt`` how many past months the roll learnt from."""

    region: str
    start: date
    state: State
    months: tuple[Ahead, ...]
    tests: tuple[BackTest, ...]
    learnt: int
    judged: int
    kept: int

    @property
    def has_interval(self) -> bool:
        return any(ahead.roll is not None and ahead.roll.low is not None for ahead in self.months)

    def mean_error(self, name: str) -> Decimal | None:
        """How far ``nothing_paid``, ``roll`` or ``promises`` were off on average, percentage points."""
        told = [_rate(getattr(test, name)) for test in self.tests]
        errors = [
            e for test, rate in zip(self.tests, told, strict=True) if (e := test.error(rate)) is not None
        ]
        if not errors:
            return None
        return (sum(map(abs, errors), Decimal(0)) / len(errors)).quantize(Decimal("0.01"), ROUND_HALF_UP)

    def to_json(self) -> dict[str, object]:
        """Rates and 万元 as text, so that nobody rounds them."""
        return {
            "region": self.region,
            "as_of": self.start.isoformat(),
            "learnt_months": self.learnt,
            "promises_judged": self.judged,
            "promises_kept": self.kept,
            "months": [_ahead(each) for each in self.months],
            "backtest": [_test(each) for each in self.tests],
        }


def _rate(told: Interval | Decimal | None) -> Decimal | None:
    return told.rate if isinstance(told, Interval) else told


def _ahead(each: Ahead) -> dict[str, object]:
    return {
        "month": f"{each.month:%Y-%m}",
        "nothing_paid": {
            "rate_pct": _text(each.nothing_paid.rate),
            "overdue_wan": wan(each.nothing_paid.overdue),
        },
        "roll": _interval(each.roll),
        "promises": {**(_interval(each.promises) or {}), "promised_wan": wan(each.promised)},
    }


def _test(each: BackTest) -> dict[str, object]:
    return {
        "month": f"{each.month:%Y-%m}",
        "actual_pct": _text(each.actual),
        "nothing_paid": {"rate_pct": _text(each.nothing_paid), "error": _text(each.error(each.nothing_paid))},
        "roll": None
        if each.roll is None
        else {**(_interval(each.roll) or {}), "error": _text(each.error(each.roll.rate))},
        "promises": {"rate_pct": _text(each.promises), "error": _text(each.error(each.promises))},
    }


def _interval(told: Interval | None) -> dict[str, object] | None:
    return (
        None
        if told is None
        else {"rate_pct": _text(told.rate), "low": _text(told.low), "high": _text(told.high)}
    )


def _text(value: Decimal | None) -> str | None:
    return None if value is None else str(value)


def standing_before(flows: Sequence[Flow]) -> tuple[Standing, State]:
    """How the loans of a month's flows stood at the month end before it, with one month ahead."""
    due = sum(f.before for f in flows if f.start is Stage.CURRENT and f.falls_due)
    current = sum(f.before for f in flows if f.start is Stage.CURRENT)
    late = {stage: sum(f.before for f in flows if f.start is stage) for stage in LATE}
    overdue = sum(f.overdue_before for f in flows)
    return Standing((due,), current - due, late), State(current + sum(late.values()), overdue, (due,))
