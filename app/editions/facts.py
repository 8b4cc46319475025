"""What a month shows, beyond its own figures: the month before, the lines, the collection. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal

from app.bulletin.figures import FigureRow, Figures
from app.editions.clauses import Condition
from app.lines.rules import NO_LINES, Lines, is_above
from app.remedies.rules import Cause

_MONTHS = 12
_ROWS = {2: "市（州）", 4: "县（市、区）", 6: "乡镇（街道）"}  # by the length of the code above them


@dataclass(frozen=True, slots=True)
class Untouched:
    """Cases of one row that were open at the month's end, by the lines that made no contact in it."""

    open: int = 0
    neither: int = 0
    township_only: int = 0  # the branch has not touched these
    branch_only: int = 0  # the township has not touched these

    @property
    def some(self) -> int:
        return self.neither + self.township_only + self.branch_only


@dataclass(frozen=True, slots=True)
class Facts:
    """All that a draft may say. ``untouched`` by a row's code; ``judged`` and ``kept`` count the month's promises."""

    figures: Figures
    before: Figures | None = None
    lines: Lines = NO_LINES
    untouched: Mapping[str, Untouched] = field(default_factory=dict)
    causes: tuple[tuple[Cause, int], ...] = ()
    judged: int = 0
    kept: int = 0

    @property
    def rows_are(self) -> str:
        """What the rows are called in the text."""
        return _ROWS.get(len(self.figures.region_code), "地区")

    @property
    def line(self) -> Decimal | None:
        """What rates are held against: the provincial average, else the region's own rate."""
        provincial = self.lines.provincial_rate
        return self.figures.total.overdue_rate_pct if provincial is None else provincial

    def above(self) -> list[FigureRow]:
        """Rows whose rate is above the line, the highest first."""
        line = self.line
        if line is None:
            return []
        rows = [row for row in self.figures.rows if is_above(row.overdue_rate_pct, line)]
        return sorted(rows, key=lambda row: (-(row.overdue_rate_pct or Decimal(0)), row.code))

    def row_before(self, code: str) -> FigureRow | None:
        """The same row at the end of the month before; None where it was not there or nothing is known."""
        if self.before is None:
            return None
        rows = (self.before.total, *self.before.rows)
        return next((row for row in rows if row.code == code), None)

    def grew(self) -> list[tuple[FigureRow, int]]:
        """Rows that have more overdue than a month before, with how much more (分), the most first."""
        before = {row.code: row for row in self.before.rows} if self.before else {}
        found = []
        for row in self.figures.rows:
            earlier = before.get(row.code)
            if earlier is not None and row.overdue_fen > earlier.overdue_fen:
                found.append((row, row.overdue_fen - earlier.overdue_fen))
        return sorted(found, key=lambda pair: (-pair[1], pair[0].code))

    def neglected(self) -> list[tuple[FigureRow, Untouched]]:
        """Rows with cases that a line has not touched this month, the most first."""
        found = [(row, self.untouched.get(row.code, Untouched())) for row in self.figures.rows]
        return sorted((f for f in found if f[1].some), key=lambda pair: (-pair[1].some, pair[0].code))

    def behind_target(self) -> list[FigureRow]:
        """Rows whose completion is below the share of the year that has passed, the least first."""
        share = Decimal(self.figures.month.month * 100) / _MONTHS
        rows = [r for r in self.figures.rows if r.completion_pct is not None and r.completion_pct < share]
        return sorted(rows, key=lambda row: (row.completion_pct or Decimal(0), row.code))

    def holds(self, condition: Condition) -> bool:
        """Is a clause's condition met?"""
        total, provincial = self.figures.total, self.lines.provincial_rate
        match condition:
            case Condition.ALWAYS:
                return True
            case Condition.ABOVE:
                return provincial is not None and is_above(total.overdue_rate_pct, provincial)
            case Condition.SOME_ABOVE:
                return bool(self.above())
            case Condition.GREW:
                return bool(self.grew())
            case Condition.UNTOUCHED:
                return bool(self.neglected())
            case Condition.BROKEN:
                return self.judged > self.kept
            case Condition.CAUSES:
                return bool(self.causes)
            case Condition.BEHIND_TARGET:
                return bool(self.behind_target())
            case Condition.OVERDUE:
                return not total.cleared
            case Condition.NOTHING_OVERDUE:
                return total.cleared
