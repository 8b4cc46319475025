"""What must hold between the printed figures: sums, rates, completion, changes, the same figure said twice. Pure.

Every check knows its cells, whether it holds, which single value of one of its cells would make it hold, whether
rounding alone could be why it does not, and how to say what is wrong. Who is to blame is decided in ``diagnosis``,
from all checks together.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from typing import Protocol

from app.bulletin.proofread.figures import HOUSEHOLDS, Board, Cell, Value
from app.bulletin.proofread.printed import Printed
from app.labels import T, Text
from app.money import percent, wan


class Check(Protocol):
    """One relation between printed figures; ``subject`` is where to point when the culprit is unclear."""

    @property
    def cells(self) -> tuple[Cell, ...]: ...
    @property
    def subject(self) -> Cell: ...
    def holds(self, values: Mapping[Cell, Value]) -> bool: ...
    def solve(self, cell: Cell, values: Mapping[Cell, Value]) -> Value | None: ...
    def expected(self, values: Mapping[Cell, Value], board: Board) -> str: ...
    def reason(self, values: Mapping[Cell, Value], board: Board) -> Text: ...
    def rounding(self, values: Mapping[Cell, Value], board: Board) -> bool: ...


class _Solvable:
    """What most checks share: the expected text is the subject's only possible value."""

    __slots__ = ()

    def expected(self: Check, values: Mapping[Cell, Value], board: Board) -> str:
        value = self.solve(self.subject, values)
        return "" if value is None else board.show(self.subject, value)


@dataclass(frozen=True, slots=True)
class Sum(_Solvable):
    """The rows of a column add up to the total, exactly."""

    subject: Cell
    parts: tuple[Cell, ...]

    @property
    def cells(self) -> tuple[Cell, ...]:
        return (self.subject, *self.parts)

    def _gap(self, values: Mapping[Cell, Value]) -> Value:
        return sum((values[part] for part in self.parts), 0) - values[self.subject]

    def holds(self, values: Mapping[Cell, Value]) -> bool:
        return self._gap(values) == 0

    def solve(self, cell: Cell, values: Mapping[Cell, Value]) -> Value | None:
        gap = self._gap(values)
        return values[cell] + gap if cell == self.subject else values[cell] - gap

    def solutions(self, values: Mapping[Cell, Value]) -> list[tuple[Cell, Value]]:
        """``solve`` for every cell, with the rows added up once."""
        gap = self._gap(values)
        return [(self.subject, values[self.subject] + gap), *((c, values[c] - gap) for c in self.parts)]

    def reason(self, values: Mapping[Cell, Value], board: Board) -> Text:
        found = {
            "sum": board.show(self.subject, values[self.subject] + self._gap(values)),
            "total": board.show(self.subject, values[self.subject]),
        }
        if self.rounding(values, board):
            return T(
                "The rows add up to %(sum)s, the total says %(total)s; rounding alone could explain it.",
                **found,
            )
        return T("The rows add up to %(sum)s, the total says %(total)s.", **found)

    def rounding(self, values: Mapping[Cell, Value], board: Board) -> bool:
        slack = sum((board.slack(cell) for cell in self.cells), Decimal(0))
        return abs(Decimal(self._gap(values))) <= slack


@dataclass(frozen=True, slots=True)
class Rate(_Solvable):
    """逾期率 = overdue ÷ stock, to so many decimals."""

    subject: Cell
    part: Cell
    whole: Cell
    decimals: int

    @property
    def cells(self) -> tuple[Cell, ...]:
        return (self.subject, self.part, self.whole)

    def holds(self, values: Mapping[Cell, Value]) -> bool:
        return self._rate(values) == values[self.subject]

    def _rate(self, values: Mapping[Cell, Value]) -> Decimal | None:
        return percent(int(values[self.part]), int(values[self.whole]), self.decimals)

    def solve(self, cell: Cell, values: Mapping[Cell, Value]) -> Value | None:
        return self._rate(values) if cell == self.subject else None

    def reason(self, values: Mapping[Cell, Value], board: Board) -> Text:
        found = {
            "part": board.show(self.part, values[self.part]),
            "whole": board.show(self.whole, values[self.whole]),
            "rate": self.expected(values, board) or "—",
            "printed": str(values[self.subject]),
        }
        if self.rounding(values, board):
            return T(
                "%(part)s ÷ %(whole)s is %(rate)s%%, not %(printed)s%%; rounding alone could explain it.",
                **found,
            )
        return T("%(part)s ÷ %(whole)s is %(rate)s%%, not %(printed)s%%.", **found)

    def rounding(self, values: Mapping[Cell, Value], board: Board) -> bool:
        part, whole = Decimal(values[self.part]), Decimal(values[self.whole])
        more, less = board.slack(self.part), board.slack(self.whole)
        if whole <= less:
            return False
        return _covers(part - more, part + more, whole + less, whole - less, self, values)


def _covers(
    low: Decimal,
    high: Decimal,
    most: Decimal,
    least: Decimal,
    check: "Rate | Completion",
    values: Mapping[Cell, Value],
) -> bool:
    """Whether the printed percentage can be between low ÷ most and high ÷ least, itself rounded."""
    half = Decimal("0.5").scaleb(-check.decimals)
    return low * 100 / most - half <= Decimal(values[check.subject]) <= high * 100 / least + half


@dataclass(frozen=True, slots=True)
class Completion(_Solvable):
    """年度目标任务完成率 = new lending ÷ target, which is printed (a cell) or given (分)."""

    subject: Cell
    part: Cell
    target: Cell | int
    decimals: int

    @property
    def cells(self) -> tuple[Cell, ...]:
        return (
            (self.subject, self.part)
            if isinstance(self.target, int)
            else (self.subject, self.part, self.target)
        )

    def _target(self, values: Mapping[Cell, Value]) -> int:
        return self.target if isinstance(self.target, int) else int(values[self.target])

    def _rate(self, values: Mapping[Cell, Value]) -> Decimal | None:
        return percent(int(values[self.part]), self._target(values), self.decimals)

    def holds(self, values: Mapping[Cell, Value]) -> bool:
        rate = self._rate(values)
        return rate is None or rate == values[self.subject]

    def solve(self, cell: Cell, values: Mapping[Cell, Value]) -> Value | None:
        return self._rate(values) if cell == self.subject else None

    def reason(self, values: Mapping[Cell, Value], board: Board) -> Text:
        return T(
            "%(part)s of the target of %(target)s is %(rate)s%%, not %(printed)s%%.",
            part=board.show(self.part, values[self.part]),
            target=wan(self.target)
            if isinstance(self.target, int)
            else board.show(self.target, values[self.target]),
            rate=self.expected(values, board),
            printed=values[self.subject],
        )

    def rounding(self, values: Mapping[Cell, Value], board: Board) -> bool:
        part, whole = Decimal(values[self.part]), Decimal(self._target(values))
        more = board.slack(self.part)
        less = Decimal(0) if isinstance(self.target, int) else board.slack(self.target)
        return whole > less and _covers(part - more, part + more, whole + less, whole - less, self, values)


@dataclass(frozen=True, slots=True)
class Same(_Solvable):
    """A figure that is said again elsewhere is the same there, as far as both are rounded."""

    subject: Cell
    first: Cell
    here: Printed
    there: Printed

    @property
    def cells(self) -> tuple[Cell, ...]:
        return (self.subject, self.first)

    def holds(self, values: Mapping[Cell, Value]) -> bool:
        return _rounded(values[self.subject], self._coarse) == _rounded(values[self.first], self._coarse)

    @property
    def _coarse(self) -> Decimal:
        """One unit of the last digit that both print."""
        return max(self.here.step, self.there.step)

    def solve(self, cell: Cell, values: Mapping[Cell, Value]) -> Value | None:
        other, own = (self.first, self.here) if cell == self.subject else (self.subject, self.there)
        if own.step < self._coarse:
            return None
        value = _rounded(values[other], own.step)
        return value if isinstance(values[cell], Decimal) else int(value)

    def expected(self, values: Mapping[Cell, Value], board: Board) -> str:
        value = self.solve(self.subject, values)
        return board.show(self.subject, values[self.first] if value is None else value)

    def reason(self, values: Mapping[Cell, Value], board: Board) -> Text:
        return T(
            "“%(one)s” says %(first)s, “%(other)s” says %(second)s.",
            one=self.first.section.label,
            first=board.show(self.first, values[self.first]),
            other=self.subject.section.label,
            second=board.show(self.subject, values[self.subject]),
        )

    def rounding(self, values: Mapping[Cell, Value], board: Board) -> bool:
        return False


def _rounded(value: Value, step: Decimal) -> Decimal:
    return (Decimal(value) / step).quantize(Decimal(1), ROUND_HALF_UP) * step


@dataclass(frozen=True, slots=True)
class Change(_Solvable):
    """What is printed as a change is the figure less that of the other time or place."""

    subject: Cell
    now: Cell
    base: Cell

    @property
    def cells(self) -> tuple[Cell, ...]:
        return (self.subject, self.now, self.base)

    def holds(self, values: Mapping[Cell, Value]) -> bool:
        return values[self.subject] == values[self.now] - values[self.base]

    def solve(self, cell: Cell, values: Mapping[Cell, Value]) -> Value | None:
        if cell == self.subject:
            return values[self.now] - values[self.base]
        if cell == self.now:
            return values[self.base] + values[self.subject]
        return values[self.now] - values[self.subject]

    def reason(self, values: Mapping[Cell, Value], board: Board) -> Text:
        found = {
            "now": board.show(self.now, values[self.now]),
            "base": board.show(self.base, values[self.base]),
            "change": self.expected(values, board),
            "printed": board.show(self.subject, values[self.subject]),
        }
        if self.rounding(values, board):
            return T(
                "%(now)s − %(base)s is %(change)s, not %(printed)s; rounding alone could explain it.", **found
            )
        return T("%(now)s − %(base)s is %(change)s, not %(printed)s.", **found)

    def rounding(self, values: Mapping[Cell, Value], board: Board) -> bool:
        if self.subject.figure in HOUSEHOLDS:
            return False
        gap = Decimal(values[self.now]) - Decimal(values[self.base]) - Decimal(values[self.subject])
        return abs(gap) <= sum(board.printed[cell].step for cell in self.cells) / 2


@dataclass(frozen=True, slots=True)
class Within:
    """What is overdue is part of the stock, in households and in amount."""

    subject: Cell
    whole: Cell

    @property
    def cells(self) -> tuple[Cell, ...]:
        return (self.subject, self.whole)

    def holds(self, values: Mapping[Cell, Value]) -> bool:
        return values[self.subject] <= values[self.whole]

    def solve(self, cell: Cell, values: Mapping[Cell, Value]) -> Value | None:
        return None

    def expected(self, values: Mapping[Cell, Value], board: Board) -> str:
        return f"≤{board.show(self.whole, values[self.whole])}"

    def reason(self, values: Mapping[Cell, Value], board: Board) -> Text:
        return T(
            "More is overdue (%(part)s) than there is stock (%(whole)s).",
            part=board.show(self.subject, values[self.subject]),
            whole=board.show(self.whole, values[self.whole]),
        )

    def rounding(self, values: Mapping[Cell, Value], board: Board) -> bool:
        return False


@dataclass(frozen=True, slots=True)
class Ordered:
    """Two neighbouring rows are in the printed order. Evidence for a diagnosis, never a finding."""

    first: Cell
    second: Cell

    @property
    def cells(self) -> tuple[Cell, ...]:
        return (self.first, self.second)

    def holds(self, values: Mapping[Cell, Value]) -> bool:
        return values[self.first] >= values[self.second]
