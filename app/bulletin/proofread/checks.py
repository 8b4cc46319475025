"""What must hold between the printed figures: sums, rates, completion, the same figure said twice. Pure.

Every check knows its cells, whether it holds, which single value of one of its cells would make it hold, and
how to say what is wrong. Who is to blame is decided in ``diagnosis``, from all checks together.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from typing import Protocol, TypeAlias

from app.bulletin.proofread.naming import Names
from app.bulletin.proofread.reading import Printed, Section
from app.labels import Labelled, T, Text
from app.money import percent, wan


class Figure(Labelled):
    """The figures of a bulletin, by the names they have in the JSON of figures."""

    STOCK_HOUSEHOLDS = "stock_households", T("Households in stock")
    STOCK_WAN = "stock_wan", T("Amount in stock")
    NEW_HOUSEHOLDS = "new_households", T("Households with new loans")
    NEW_WAN = "new_wan", T("Amount newly lent")
    COMPLETION_PCT = "completion_pct", T("Completion of the target")
    OVERDUE_HOUSEHOLDS = "overdue_households", T("Households overdue")
    OVERDUE_WAN = "overdue_wan", T("Amount overdue")
    OVERDUE_RATE_PCT = "overdue_rate_pct", T("Overdue rate")
    CLEARED = "cleared", T("Cleared")
    NAME = "name", T("Printed name")
    AS_OF = "as_of", T("As-of date")


HOUSEHOLDS = {Figure.STOCK_HOUSEHOLDS, Figure.NEW_HOUSEHOLDS, Figure.OVERDUE_HOUSEHOLDS}
_DECIMALS = 2  # of an amount that is printed without any
AMOUNTS = {Figure.STOCK_WAN, Figure.NEW_WAN, Figure.OVERDUE_WAN}

Value: TypeAlias = int | Decimal
Cell: TypeAlias = tuple[Section, str, Figure]
Values: TypeAlias = dict[Cell, Value]


@dataclass(frozen=True, slots=True)
class Board:
    """The printed figures by cell, and how they are written."""

    printed: Mapping[Cell, Printed]
    names: Names

    def show(self, cell: Cell, value: Value) -> str:
        """A value as the text would print it: in the printed unit, with at least its usual decimals."""
        if cell[2] in HOUSEHOLDS:
            return str(value)
        printed = self.printed[cell]
        if cell[2] in AMOUNTS:
            exact = Decimal(value) / printed.unit
            step = Decimal(1).scaleb(-(printed.decimals or _DECIMALS))
            return str(exact.quantize(step, ROUND_HALF_UP))
        return str(value)

    def slack(self, cell: Cell) -> Decimal:
        """How far the printed value may be from the true one by rounding."""
        return self.printed[cell].slack

    def name(self, cell: Cell) -> str:
        """The printed short name of the cell's region."""
        return self.names(cell[1])


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

    def reason(self, values: Mapping[Cell, Value], board: Board) -> Text:
        gap = self._gap(values)
        slack = sum((board.slack(cell) for cell in self.cells), Decimal(0))
        found = {
            "sum": board.show(self.subject, values[self.subject] + gap),
            "total": board.show(self.subject, values[self.subject]),
        }
        if abs(Decimal(gap)) <= slack:
            return T(
                "The rows add up to %(sum)s, the total says %(total)s; rounding alone could explain it.",
                **found,
            )
        return T("The rows add up to %(sum)s, the total says %(total)s.", **found)


@dataclass(frozen=True, slots=True)
class Rate(_Solvable):
    """逾期率 = overdue ÷ stock, to two decimals."""

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
        if self._rounding(values, board):
            return T(
                "%(part)s ÷ %(whole)s is %(rate)s%%, not %(printed)s%%; rounding alone could explain it.",
                **found,
            )
        return T("%(part)s ÷ %(whole)s is %(rate)s%%, not %(printed)s%%.", **found)

    def _rounding(self, values: Mapping[Cell, Value], board: Board) -> bool:
        part, whole = Decimal(values[self.part]), Decimal(values[self.whole])
        more, less = board.slack(self.part), board.slack(self.whole)
        half = Decimal("0.5").scaleb(-self.decimals)
        if whole <= less:
            return False
        low, high = (part - more) * 100 / (whole + less), (part + more) * 100 / (whole - less)
        return low - half <= Decimal(values[self.subject]) <= high + half


@dataclass(frozen=True, slots=True)
class Completion(_Solvable):
    """完成率 = new lending ÷ a target that was given, to the printed decimals."""

    subject: Cell
    part: Cell
    target_fen: int
    decimals: int = 0

    @property
    def cells(self) -> tuple[Cell, ...]:
        return (self.subject, self.part)

    def holds(self, values: Mapping[Cell, Value]) -> bool:
        return self.solve(self.subject, values) == values[self.subject]

    def solve(self, cell: Cell, values: Mapping[Cell, Value]) -> Value | None:
        return (
            percent(int(values[self.part]), self.target_fen, self.decimals) if cell == self.subject else None
        )

    def reason(self, values: Mapping[Cell, Value], board: Board) -> Text:
        return T(
            "%(part)s of the target of %(target)s is %(rate)s%%, not %(printed)s%%.",
            part=board.show(self.part, values[self.part]),
            target=wan(self.target_fen),
            rate=self.expected(values, board),
            printed=values[self.subject],
        )


@dataclass(frozen=True, slots=True)
class Implied:
    """Without targets: a row's percent bounds its target, and the targets' sum bounds the total's percent."""

    subject: Cell
    total: Cell
    rows: tuple[tuple[Cell, Cell], ...]  # (percent, amount)
    decimals: int

    @property
    def half(self) -> Decimal:
        """How far rounding may have moved a printed percentage."""
        return Decimal(1).scaleb(-self.decimals) / 2

    @property
    def cells(self) -> tuple[Cell, ...]:
        return (self.subject, self.total, *(cell for row in self.rows for cell in row))

    def _bounds(self, values: Mapping[Cell, Value]) -> tuple[Decimal, Decimal | None]:
        """The least and the most that the total's percent can be; None if the rows allow anything above."""
        least, most = Decimal(0), Decimal(0)
        open_ended = False
        for rate, amount in self.rows:
            printed, fen = Decimal(values[rate]), Decimal(values[amount])
            least += fen * 100 / (printed + self.half)
            if printed <= self.half:
                open_ended = True
            else:
                most += fen * 100 / (printed - self.half)
        new = Decimal(values[self.total])
        return Decimal(
            0
        ) if open_ended or not most else new * 100 / most, new * 100 / least if least else None

    def holds(self, values: Mapping[Cell, Value]) -> bool:
        low, high = self._bounds(values)
        printed = Decimal(values[self.subject])
        return low - self.half <= printed and (high is None or printed <= high + self.half)

    def solve(self, cell: Cell, values: Mapping[Cell, Value]) -> Value | None:
        return None

    def expected(self, values: Mapping[Cell, Value], board: Board) -> str:
        low, high = self._bounds(values)
        step = Decimal(1).scaleb(-self.decimals)
        texts = [str(bound.quantize(step, ROUND_HALF_UP)) for bound in (low, high) if bound is not None]
        return "–".join(dict.fromkeys(texts)) if high is not None else f"≥{texts[0]}"

    def reason(self, values: Mapping[Cell, Value], board: Board) -> Text:
        return T(
            "The rows' amounts and percentages allow %(range)s%% for the total, "
            "unless it has a target of its own.",
            range=self.expected(values, board),
        )


@dataclass(frozen=True, slots=True)
class Same(_Solvable):
    """A figure that is said again elsewhere is the same there. ``subject`` is the later one."""

    subject: Cell
    first: Cell

    @property
    def cells(self) -> tuple[Cell, ...]:
        return (self.subject, self.first)

    def holds(self, values: Mapping[Cell, Value]) -> bool:
        return values[self.subject] == values[self.first]

    def solve(self, cell: Cell, values: Mapping[Cell, Value]) -> Value | None:
        return values[self.first if cell == self.subject else self.subject]

    def reason(self, values: Mapping[Cell, Value], board: Board) -> Text:
        return T(
            "“%(one)s” says %(first)s, “%(other)s” says %(second)s.",
            one=self.first[0].label,
            first=board.show(self.first, values[self.first]),
            other=self.subject[0].label,
            second=board.show(self.subject, values[self.subject]),
        )


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
