"""What the printed percentages imply together where no target is printed or given. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal

from app.bulletin.proofread.figures import Board, Cell, Value
from app.labels import T, Text


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

    def rounding(self, values: Mapping[Cell, Value], board: Board) -> bool:
        return False
