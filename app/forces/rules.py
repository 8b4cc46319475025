"""The two lines, and how cases are shared among collectors. Pure.

``choose`` and ``share_out`` are the reference that the set-based assignment in ``cases.assignment`` must agree with.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from app.accounts.rules import Role
from app.labels import Labelled, T, Text


class Line(Labelled):
    """双线: the two lines that collect together."""

    TOWNSHIP = "township", T("Township line")
    BRANCH = "branch", T("Branch line")


ROLE_OF = {Line.TOWNSHIP: Role.TOWNSHIP, Line.BRANCH: Role.BRANCH}
LINE_OF = {role: line for line, role in ROLE_OF.items()}  # the office and leaders are on neither line


class Method(Labelled):
    """How a rule chooses among several collectors."""

    LEAST_LOADED = "least_loaded", T("To whoever has the fewest open cases")
    ROUND_ROBIN = "round_robin", T("In turn")


MAX_REASON = 200


@dataclass(frozen=True, slots=True)
class Facts:
    """What the assignment asks about a case; ``overdue`` in 分."""

    township: str
    village: str | None
    branch_id: int | None
    due_on: date
    overdue: int


@dataclass(frozen=True, slots=True)
class Which:
    """A condition on cases; None asks nothing. Days past due and amounts (分) include both bounds.

    ``area`` is the code of a village, a township, or anything above it.
    """

    area: str | None = None
    branch_id: int | None = None
    min_days: int | None = None
    max_days: int | None = None
    min_amount: int | None = None
    max_amount: int | None = None

    def fits(self, case: Facts, day: date) -> bool:
        """Is a case meant on ``day``?"""
        days = (day - case.due_on).days
        return (
            (case.township.startswith(self.area or "") or case.village == self.area)
            and (self.branch_id is None or case.branch_id == self.branch_id)
            and _between(days, self.min_days, self.max_days)
            and _between(case.overdue, self.min_amount, self.max_amount)
        )


def wrong_bounds(which: Which) -> tuple[str, Text] | None:
    """The field of a bound that lets nothing fit, and why; None where there is none."""
    bounds = (
        ("max_days", which.min_days, which.max_days),
        ("max_amount", which.min_amount, which.max_amount),
    )
    for field, least, most in bounds:
        if min(least or 0, most or 0) < 0:
            return field, T("Numbers below zero fit nothing.")
        if least is not None and most is not None and least > most:
            return field, T("The upper bound is below the lower one.")
    return None


def _between(value: int, least: int | None, most: int | None) -> bool:
    return (least is None or value >= least) and (most is None or value <= most)


@dataclass(frozen=True, slots=True)
class Slot:
    """Collectors of one place who take the cases that fit, and why.

    A collector sees only the cases of his or her own place, so a rule that names collectors of several places
    becomes one slot for each. ``turn`` says whose turn it is first. ``rule_id`` is None where no rule made the slot.
    """

    which: Which
    township: str | None
    branch_id: int | None
    users: tuple[int, ...]
    why: Text
    method: Method = Method.LEAST_LOADED
    turn: int = 0
    rule_id: int | None = None

    def fits(self, case: Facts, day: date) -> bool:
        """Is a case meant, and do these collectors see it?"""
        sees = case.township == self.township if self.township else case.branch_id == self.branch_id
        return sees and self.which.fits(case, day)


def choose(slots: Sequence[Slot], case: Facts, day: date) -> Slot | None:
    """The first slot that fits; None leaves the case to the collector of its place."""
    return next((slot for slot in slots if slot.fits(case, day)), None)


def share_out(slot: Slot, count: int, loads: Mapping[int, int]) -> list[int]:
    """How many of ``count`` cases each of the slot's collectors gets; ``loads``: the open cases each has now.

    As if they came one after the other, each to whoever had the fewest then (the first named of equals), or in turn.
    """
    size = len(slot.users)
    if slot.method is Method.ROUND_ROBIN:
        return [count // size + ((n - slot.turn) % size < count % size) for n in range(size)]
    order = sorted(range(size), key=lambda n: (loads.get(slot.users[n], 0), n))
    have = [loads.get(slot.users[n], 0) for n in order]
    left, filled = count, 1
    # Raise the lowest to the level of the next, as long as there is enough to do so.
    while filled < size and left >= filled * (have[filled] - have[filled - 1]):
        left -= filled * (have[filled] - have[filled - 1])
        filled += 1
    level, over = have[filled - 1] + left // filled, left % filled
    shares = [0] * size
    lowest = sorted(order[:filled])
    for place, n in enumerate(lowest):
        shares[n] = level + (place < over) - loads.get(slot.users[n], 0)
    return shares
