"""Which figure is wrong, from all violated checks together.

A figure is singled out when one change of it alone settles more violated checks than a change of any other,
and breaks none: if the total disagrees with its rows *and* with its rate, and one value settles both, the
total is wrong. The order of rows, then a change of a single digit, decide between equals. Where that leaves
several, the finding stands at the check's own subject and says that it is open.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from app.bulletin.proofread.checks import Check, Ordered, Sum
from app.bulletin.proofread.figures import BASES, HOUSEHOLDS, Board, Cell, Value, Values
from app.bulletin.proofread.printed import Section
from app.labels import T, Text

MAX_DIAGNOSED = 20  # beyond that the text is wrong everywhere, and every check speaks for itself
MAX_NAMED = 5
MAX_WEIGHED = 400  # violated checks whose repairs are compared at once


@dataclass(frozen=True, slots=True)
class Diagnosis:
    """One contradiction: the cell to look at, what it should say ("" if that is open), and why."""

    cell: Cell
    expected: str
    reason: Text
    rounding: bool = False  # rounding alone could explain it


@dataclass(frozen=True, slots=True)
class _Repair:
    cell: Cell
    value: Value
    settles: tuple[Check, ...]
    rank: tuple[int, int, int]


def diagnose(
    board: Board, checks: Sequence[Check], order: Sequence[Ordered], values: Values
) -> tuple[list[Diagnosis], Values]:
    """Explain the violated checks one after the other; also the values with all that could be repaired."""
    ward = _Ward(board, checks, order, dict(values))
    found: list[Diagnosis] = []
    while violated := [
        check for check in checks if id(check) not in ward.closed and not check.holds(ward.values)
    ]:
        if len(found) < MAX_DIAGNOSED:
            found.append(ward.next(violated))
        else:
            found += [ward.undecided(check, ()) for check in violated]
    return found, ward.values


class _Ward:
    """The figures under diagnosis: as printed at first, repaired one by one."""

    def __init__(
        self, board: Board, checks: Iterable[Check], order: Iterable[Ordered], values: Values
    ) -> None:
        self.board, self.values = board, values
        self.closed: set[int] = set()  # ids of checks that are told
        self.touching: dict[Cell, list[Check]] = defaultdict(list)
        self.order: dict[Cell, list[Ordered]] = defaultdict(list)
        for check in checks:
            for cell in check.cells:
                self.touching[cell].append(check)
        for pair in order:
            for cell in pair.cells:
                self.order[cell].append(pair)

    def next(self, violated: list[Check]) -> Diagnosis:
        """Explain one or more violated checks by the best repair, or leave it open whose fault it is."""
        repairs = self._repairs(violated)
        if not repairs:
            return self.undecided(violated[0], ())
        best = max(repair.rank for repair in repairs)
        equals = [repair for repair in repairs if repair.rank == best]
        told = set(map(id, equals[0].settles))  # what is equally good elsewhere is another matter
        equals = [repair for repair in equals if not told.isdisjoint(map(id, repair.settles))]
        if len(equals) > 1:
            shared = [
                check for check in equals[0].settles if all(check in repair.settles for repair in equals)
            ]
            self.closed.update(map(id, shared))
            check = (shared or equals[0].settles)[0]
            return self.undecided(
                check, equals, sound=all(repair.cell != check.subject for repair in repairs)
            )
        repair = equals[0]
        reason = _join([check.reason(self.values, self.board) for check in repair.settles])
        rounding = all(check.rounding(self.values, self.board) for check in repair.settles)
        self.values[repair.cell] = repair.value
        return Diagnosis(repair.cell, self.board.show(repair.cell, repair.value), reason, rounding)

    def undecided(self, check: Check, repairs: Sequence[_Repair], sound: bool = False) -> Diagnosis:
        """A finding at the check's own subject, naming what else could be wrong by a single digit.

        The subject itself is ``sound`` if changing it would break another check: then what it should be is open.
        """
        self.closed.add(id(check))
        reasons = [check.reason(self.values, self.board)]
        others = [repair for repair in repairs if repair.cell != check.subject]
        slips = [repair for repair in others if repair.rank[-1]]
        if sound:
            reasons.append(T("The total agrees with its other figures, so it is one of the rows."))
        if slips and len(slips) <= MAX_NAMED:
            named = "、".join(self._named(repair) for repair in slips)
            reasons.append(T("It may also be a single digit in: %(figures)s.", figures=named))
        elif others:
            reasons.append(T("The text does not tell which of the figures is wrong."))
        expected = "" if sound else check.expected(self.values, self.board)
        rounding = check.rounding(self.values, self.board)
        return Diagnosis(check.subject, expected, _join(reasons), rounding)

    def _named(self, repair: _Repair) -> str:
        before, after = self._shown(repair.cell), self._shown(repair.cell, repair.value)
        return f"{self.board.name(repair.cell)} {before}→{after}"

    def _shown(self, cell: Cell, value: Value | None = None) -> str:
        printed = self.board.printed[cell]
        if value is None and self.values[cell] == printed.value:
            return printed.text
        return self.board.show(cell, self.values[cell] if value is None else value)

    def _repairs(self, violated: list[Check]) -> list[_Repair]:
        """Every single change of a figure that settles a violated check and breaks no other."""
        proposals: dict[tuple[Cell, Value], set[int]] = defaultdict(set)
        for check in violated[:MAX_WEIGHED]:
            for cell, value in _solutions(check, self.values):
                if self._possible(cell, value):
                    proposals[cell, value].add(id(check))
        open_checks = set(map(id, violated))
        repairs = (
            self._repair(*proposal, open_checks, by)
            for proposal, by in sorted(proposals.items(), key=lambda i: i[0])
        )
        return [repair for repair in repairs if repair]

    def _repair(self, cell: Cell, value: Value, violated: set[int], by: set[int]) -> _Repair | None:
        """What changing one figure would do; the checks in ``by`` (their ids) proposed it, and so hold."""
        changed = _Changed(self.values, cell, value)
        settles, order = [], 0
        for check in self.touching[cell]:
            if id(check) in self.closed:
                continue
            if id(check) in by or check.holds(changed):
                settles += [check] if id(check) in violated else []
            elif id(check) not in violated:
                return None
        for pair in self.order[cell]:
            order += pair.holds(changed) - pair.holds(self.values)
        slip = _slip(self._shown(cell), self._shown(cell, value))
        return _Repair(cell, value, tuple(settles), (len(settles), order, slip)) if settles else None

    def _possible(self, cell: Cell, value: Value) -> bool:
        """Whether a figure can be so at all: a row has a household and an amount."""
        if value == self.values[cell]:
            return False
        if cell.aspect in BASES:
            return True
        listed = cell.section not in (Section.TABLE, Section.TEXT)
        return value >= 1 if cell.figure in HOUSEHOLDS and listed else value >= 0


class _Changed(Mapping[Cell, Value]):
    """The values with one of them changed, without copying the rest."""

    def __init__(self, values: Values, cell: Cell, value: Value) -> None:
        self._values, self._cell, self._value = values, cell, value

    def __getitem__(self, cell: Cell) -> Value:
        return self._value if cell == self._cell else self._values[cell]

    def __iter__(self):  # type: ignore[no-untyped-def]
        return iter(self._values)

    def __len__(self) -> int:
        return len(self._values)


def _solutions(check: Check, values: Values) -> list[tuple[Cell, Value]]:
    """Each single value that would make the check hold."""
    if isinstance(check, Sum):
        return check.solutions(values)
    found = ((cell, check.solve(cell, values)) for cell in check.cells)
    return [(cell, value) for cell, value in found if value is not None]


def _slip(printed: str, meant: str) -> int:
    """How much a repair looks like a slip: 1 for a single wrong digit, 2 where that digit is a 0 in front."""
    if len(printed) != len(meant) or sum(a != b for a, b in zip(printed, meant, strict=True)) != 1:
        return 0
    return 2 if printed[:1] == "0" and printed[1:2].isdigit() else 1


def _join(reasons: list[Text]) -> Text:
    first, *rest = reasons
    for reason in rest:
        first = T("%(first)s %(second)s", first=first, second=reason)
    return first
