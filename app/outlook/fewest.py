"""The fewest cases whose repayment brings a rate under a line. Pure.

Whoever pays ``x`` lowers what is overdue and the stock alike: (O − x) ÷ (S − x) must not be above the line, as printed.
That falls with the sum of what is paid alone, so the largest amounts reach it with the fewest cases. Where their sum
leaves room, cases that are easier to collect take the place of harder ones, without one more.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal

from app.lines.rules import is_above, printed_rate

_MOST_COMPARED = 500  # cases on either side that are weighed against one another


@dataclass(frozen=True, slots=True)
class Candidate:
    """An overdue loan with its open case: ``overdue`` in 分; what tells how collectable it is."""

    case_id: int
    overdue: int
    due_on: date
    promised: bool = False
    reached: bool = False
    household_id: int = 0

    @property
    def ease(self) -> tuple[bool, bool, int]:
        """The larger the more collectable: a promise stands, the borrower was reached, fewer days past due."""
        return self.promised, self.reached, self.due_on.toordinal()


@dataclass(frozen=True, slots=True)
class Plan:
    """``cases`` to collect, largest first, and the rates before and after (percent); None where none reaches it."""

    line: Decimal
    before: Decimal | None
    after: Decimal | None
    cases: tuple[Candidate, ...]
    reachable: bool

    @property
    def paid(self) -> int:
        return sum(case.overdue for case in self.cases)

    @property
    def households(self) -> int:
        return len({case.household_id for case in self.cases})


def fewest(stock: int, overdue: int, candidates: Sequence[Candidate], line: Decimal) -> Plan:
    """The smallest number of ``candidates`` that bring ``overdue`` of ``stock`` (分) to the line (percent) or under."""
    before = printed_rate(overdue, stock)
    ordered = sorted(candidates, key=lambda c: (c.overdue, c.ease, -c.case_id), reverse=True)
    chosen: list[Candidate] = []
    paid = 0
    for candidate in ordered:
        if not is_above(printed_rate(overdue - paid, stock - paid), line):
            break
        chosen.append(candidate)
        paid += candidate.overdue
    after = printed_rate(overdue - paid, stock - paid)
    plan = Plan(line, before, after, tuple(chosen), not is_above(after, line))
    return _easier(plan, stock, overdue, ordered[len(chosen) :]) if plan.reachable else plan


def _easier(plan: Plan, stock: int, overdue: int, others: Sequence[Candidate]) -> Plan:
    """The same number of cases, the hardest replaced by easier ones as far as their sum still reaches the line."""
    chosen, left, paid = list(plan.cases), list(others[:_MOST_COMPARED]), plan.paid
    for hard in sorted(plan.cases, key=lambda c: c.ease)[:_MOST_COMPARED]:
        fitting = [
            c for c in left
            if c.ease > hard.ease
            and not is_above(_rate(stock, overdue, paid - hard.overdue + c.overdue), plan.line)
        ]  # fmt: skip
        if fitting:
            easy = max(fitting, key=lambda c: (c.ease, c.overdue, -c.case_id))
            chosen[chosen.index(hard)] = easy
            left.remove(easy)
            paid += easy.overdue - hard.overdue
    ordered = sorted(chosen, key=lambda c: (c.overdue, c.ease, -c.case_id), reverse=True)
    return replace(plan, cases=tuple(ordered), after=_rate(stock, overdue, paid))


def _rate(stock: int, overdue: int, paid: int) -> Decimal | None:
    return printed_rate(overdue - paid, stock - paid)
