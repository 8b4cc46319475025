"""Promises to pay, how they are judged, and how a payment is allocated. Pure. Amounts in 分."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from app.clock import add_months, month_end
from app.labels import Labelled, T, Text
from app.money import yuan

MOST_INSTALMENTS = 12


class PromiseState(Labelled):
    OPEN = "open", T("Not settled yet")
    KEPT = "kept", T("Kept")
    PARTIAL = "partial", T("Kept in part")
    BROKEN = "broken", T("Broken")
    CANCELLED = "cancelled", T("Cancelled")


JUDGED = (PromiseState.KEPT, PromiseState.PARTIAL, PromiseState.BROKEN)


class ReportState(Labelled):
    """What the ledger has said of a repayment that a collector reported."""

    REPORTED = "reported", T("Reported, not in a ledger yet")
    CONFIRMED = "confirmed", T("Confirmed by the ledger")
    CONTRADICTED = "contradicted", T("The ledger does not show it")
    WITHDRAWN = "withdrawn", T("Withdrawn")


class When(Labelled):
    """When something promised is to be paid, in one tap."""

    WEEK = "week", T("In a week")
    MONTH = "month", T("In a month")
    MONTH_END = "month_end", T("At the end of the month")
    DAY = "day", T("On a day")


def usual_day(when: When, today: date) -> date:
    """The day that ``when`` means; of a month's last day the next month's end."""
    match when:
        case When.MONTH:
            return add_months(today, 1)
        case When.MONTH_END:
            return month_end(today if today < month_end(today) else add_months(today, 1))
        case _:
            return today + timedelta(days=7)


class Restart(Labelled):
    """What begins the limitation period anew (民法典 §195)."""

    PROMISE = "promise", T("Promise to pay")
    PAYMENT = "payment", T("Part payment")
    DEMAND = "demand", T("Demand delivered")


@dataclass(frozen=True, slots=True)
class Part:
    """One instalment: ``amount`` by ``due_on``."""

    due_on: date
    amount: int


@dataclass(frozen=True, slots=True)
class Payment:
    on: date
    amount: int


@dataclass(frozen=True, slots=True)
class Judged:
    """An instalment with what was paid on it in time."""

    part: Part
    paid: int
    state: PromiseState


def equal_parts(amount: int, first: date, count: int) -> list[Part]:
    """``amount`` in ``count`` monthly parts from ``first`` on; what does not divide falls due first."""
    part, rest = divmod(amount, count)
    return [Part(add_months(first, n), part + (n < rest)) for n in range(count)]


def refusal(
    amount: int, parts: Sequence[Part], owed: int, today: date, horizon: int
) -> tuple[str, Text] | None:
    """Why terms cannot be promised, and the field it belongs to; None when they can. ``horizon`` in days."""
    if amount <= 0 or any(part.amount <= 0 for part in parts):
        return "amount", T("Enter an amount above zero.")
    if amount > owed:
        return "amount", T("This is more than is owed: %(owed)s yuan.", owed=yuan(owed))
    if not 1 <= len(parts) <= MOST_INSTALMENTS:
        return "count", T("A promise has 1 to %(n)s instalments.", n=MOST_INSTALMENTS)
    if (total := sum(part.amount for part in parts)) != amount:
        return "parts", T(
            "The instalments add up to %(sum)s yuan, not to %(amount)s.", sum=yuan(total), amount=yuan(amount)
        )
    if len({part.due_on for part in parts}) < len(parts):
        return "parts", T("Two instalments fall due on the same day. Make them one.")
    if min(part.due_on for part in parts) < today:
        return "on", T("A promise cannot lie in the past.")
    last = today + timedelta(days=horizon)
    if max(part.due_on for part in parts) > last:
        return "on", T("A promise may reach to %(day)s at the latest.", day=last.isoformat())
    return None


# What came of an instalment whose time is over: the first that holds of its amount, what was paid in time (both 分)
# and the tolerance (percent of it that may be short), else UNPAID. They hold of numbers and of columns alike.
VERDICTS: tuple[tuple[PromiseState, Callable[[Any, Any, Any], Any]], ...] = (
    (PromiseState.KEPT, lambda amount, paid, tolerance: paid * 100 >= amount * (100 - tolerance)),
    (PromiseState.PARTIAL, lambda _amount, paid, _tolerance: paid > 0),
)
UNPAID = PromiseState.BROKEN


def verdict(amount: int, paid: int, tolerance: int) -> PromiseState:
    """What came of an instalment whose time is over. ``tolerance``: percent of it that may be short."""
    return next((state for state, holds in VERDICTS if holds(amount, paid, tolerance)), UNPAID)


def whole(states: Iterable[PromiseState]) -> PromiseState:
    """What came of a promise: open until its last instalment is judged."""
    seen = set(states)
    if PromiseState.OPEN in seen:
        return PromiseState.OPEN
    return seen.pop() if len(seen) == 1 else PromiseState.PARTIAL


def judge(
    parts: Sequence[Part],
    payments: Iterable[Payment],
    grace_days: int,
    tolerance: int,
    taken_on: date,
    today: date,
) -> tuple[PromiseState, list[Judged]]:
    """Judge a promise on ``today``: each instalment from the day after its due date and the grace on.

    Payments fill the oldest instalment that is not yet paid, late ones too; those before ``taken_on`` do not count.
    """
    left = [Payment(p.on, p.amount) for p in sorted(payments, key=lambda p: p.on) if p.on >= taken_on]
    judged = []
    for part in sorted(parts, key=lambda part: part.due_on):
        last, in_time, open_amount = part.due_on + timedelta(days=grace_days), 0, part.amount
        while left and open_amount:
            taken = min(left[0].amount, open_amount)
            open_amount -= taken
            in_time += taken if left[0].on <= last else 0
            left[0] = Payment(left[0].on, left[0].amount - taken)
            if not left[0].amount:
                left.pop(0)
        state = verdict(part.amount, in_time, tolerance) if today > last else PromiseState.OPEN
        judged.append(Judged(part, in_time, state))
    return whole(one.state for one in judged), judged


@dataclass(frozen=True, slots=True)
class Allocation:
    costs: int
    interest: int
    principal: int


def allocate(amount: int, costs: int, interest: int) -> Allocation:
    """A payment by what it pays: costs, then interest, then principal (民法典 §561)."""
    on_costs = min(amount, costs)
    on_interest = min(amount - on_costs, interest)
    return Allocation(on_costs, on_interest, amount - on_costs - on_interest)
