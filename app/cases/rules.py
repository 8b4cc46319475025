"""When a case opens and closes. Pure: the reference that the bulk sweep must agree with."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from typing import TypeAlias, assert_never

from app.cases.states import CloseReason
from app.clock import add_months
from app.labels import Labelled, T


class Bucket(Labelled):
    """Days past due, in the steps of the five-grade floor (令〔2023〕1号)."""

    B30 = "1-30", T("1–30 days")
    B90 = "31-90", T("31–90 days")
    B270 = "91-270", T("91–270 days")
    B360 = "271-360", T("271–360 days")
    OVER = "361-", T("over 360 days")

    def bounds(self) -> tuple[int, int | None]:
        """First and last day past due, None without end."""
        first, _, last = self.value.partition("-")
        return int(first), int(last) if last else None


@dataclass(frozen=True, slots=True)
class Open:
    """Open a case for an overdue loan that has none."""


@dataclass(frozen=True, slots=True)
class Keep:
    """Leave things as they are, refreshing the amounts of an open case."""


@dataclass(frozen=True, slots=True)
class Close:
    reason: CloseReason


Decision: TypeAlias = Open | Keep | Close


def decide(
    *, overdue: int, balance: int, has_open_case: bool, case_due: date | None, effective_due: date
) -> Decision:
    """What the sweep does with one loan: ``overdue`` and ``balance`` in 分 on the sweep's date."""
    if overdue > 0:
        return Keep() if has_open_case else Open()
    if not has_open_case:
        return Keep()
    if balance == 0:
        return Close(CloseReason.REPAID)
    if case_due is not None and effective_due > case_due:
        return Close(CloseReason.EXTENDED)
    return Close(CloseReason.CAUGHT_UP)


def decision_name(decision: Decision) -> str:
    """For reports and tests."""
    match decision:
        case Open():
            return "open"
        case Keep():
            return "keep"
        case Close(reason):
            return f"close:{reason.value}"
        case _:
            assert_never(decision)


LIMITATION_MONTHS = 36  # 民法典 §188


def limitation_end(due_on: date, restarts: Iterable[date]) -> date:
    """The last day of the limitation period of a loan due on ``due_on`` (民法典 §188).

    A delivered demand, a promise and a part payment begin it anew from their day, unless it had run out (§195).
    """
    end = add_months(due_on, LIMITATION_MONTHS)
    for on in sorted(restarts):
        if on <= end:
            end = max(end, add_months(on, LIMITATION_MONTHS))
    return end
