"""The figures of one bulletin as frozen values: what is printed, in which order, in which shape. Pure.

A bulletin of region R has one row for each region one level below R: a county's lists townships, a
prefecture's lists counties. Amounts are 分; percentages are rounded once, half up, from 分.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import TypeAlias

from app.money import percent, wan

COMPLETION_DECIMALS = 0
RATE_DECIMALS = 2

JsonValue: TypeAlias = str | int | bool | None


@dataclass(frozen=True, slots=True)
class FigureRow:
    """One region's figures. ``name`` is the printed short name; ``target_fen`` is None if none is set."""

    code: str
    name: str
    stock_households: int = 0
    stock_fen: int = 0
    new_households: int = 0
    new_fen: int = 0
    target_fen: int | None = None
    overdue_households: int = 0
    overdue_fen: int = 0
    overdue_loans: int = 0

    @property
    def completion_pct(self) -> Decimal | None:
        """年度目标任务完成率, a whole percent; None without a target."""
        return percent(self.new_fen, self.target_fen or 0, COMPLETION_DECIMALS)

    @property
    def overdue_rate_pct(self) -> Decimal | None:
        """逾期率 to two decimals; None where there is no stock to be overdue."""
        return percent(self.overdue_fen, self.stock_fen, RATE_DECIMALS)

    @property
    def cleared(self) -> bool:
        """已清零: no overdue loan at the date."""
        return self.overdue_loans == 0 and self.overdue_households == 0 and self.overdue_fen == 0

    def to_json(self) -> dict[str, JsonValue]:
        """The row as other programs read it: amounts and percentages are strings, so nobody rounds them."""
        return {
            "name": self.name,
            "stock_households": self.stock_households,
            "stock_wan": wan(self.stock_fen),
            "new_households": self.new_households,
            "new_wan": wan(self.new_fen),
            "target_wan": None if self.target_fen is None else wan(self.target_fen),
            "completion_pct": _text(self.completion_pct),
            "overdue_households": self.overdue_households,
            "overdue_wan": wan(self.overdue_fen),
            "overdue_rate_pct": _text(self.overdue_rate_pct),
            "overdue_loans": self.overdue_loans,
            "cleared": self.cleared,
        }


@dataclass(frozen=True, slots=True)
class ReceivedRow:
    """One row of another region's published bundle: ``sender`` is whose, ``sender_target_fen`` its own target."""

    bundle_id: int
    sender: str
    sender_target_fen: int | None
    as_of: date
    row: FigureRow


@dataclass(frozen=True, slots=True)
class Figures:
    """The figures of one region and month end. ``own_target_fen`` is the target set for the region itself.

    ``received``: those parts of the rows that come from bundles, so that no loan here is behind them.
    """

    region_code: str
    region_name: str
    month: date
    as_of: date
    rows: tuple[FigureRow, ...]
    own_target_fen: int | None = None
    received: tuple[ReceivedRow, ...] = ()

    def is_received(self, code: str) -> bool:
        """Does the row of ``code``, or a part of it, come from a bundle?"""
        return any(one.row.code.startswith(code) for one in self.received)

    @property
    def total(self) -> FigureRow:
        """The region's own row: the sums of its children's, 户 included."""
        return FigureRow(
            code=self.region_code,
            name=self.region_name,
            stock_households=sum(row.stock_households for row in self.rows),
            stock_fen=sum(row.stock_fen for row in self.rows),
            new_households=sum(row.new_households for row in self.rows),
            new_fen=sum(row.new_fen for row in self.rows),
            target_fen=self._target_fen(),
            overdue_households=sum(row.overdue_households for row in self.rows),
            overdue_fen=sum(row.overdue_fen for row in self.rows),
            overdue_loans=sum(row.overdue_loans for row in self.rows),
        )

    def _target_fen(self) -> int | None:
        """The region's own target, else the sum of its children's.

        A sum over only some of the children would make the completion look better than it is: then None.
        """
        if self.own_target_fen is not None:
            return self.own_target_fen
        targets = [row.target_fen for row in self.rows if row.target_fen is not None]
        return sum(targets) if targets and len(targets) == len(self.rows) else None

    def by_stock(self) -> list[FigureRow]:
        """As printed: most households first, then the larger amount."""
        return sorted(self.rows, key=lambda row: (-row.stock_households, -row.stock_fen, row.code))

    def by_new(self) -> list[FigureRow]:
        """As printed: best completion first, at the same percent the larger amount; no target last."""
        return sorted(self.rows, key=_completion_order)

    def by_overdue(self) -> list[FigureRow]:
        """Rows that have overdue loans, as printed: most households first, then the larger amount."""
        rows = (row for row in self.rows if not row.cleared)
        return sorted(rows, key=lambda row: (-row.overdue_households, -row.overdue_fen, row.code))

    def cleared(self) -> list[FigureRow]:
        """Rows without any overdue loan, in the order of the stock."""
        return [row for row in self.by_stock() if row.cleared]

    def to_json(self) -> dict[str, object]:
        """The shape that ``flask bulletin figures --json`` prints."""
        marked = [row.code for row in self.rows if self.is_received(row.code)]
        return {
            "region": self.region_code,
            "month": f"{self.month:%Y-%m}",
            "as_of": self.as_of.isoformat(),
            "total": self.total.to_json(),
            "rows": [row.to_json() for row in self.by_stock()],
            **({"received": marked} if marked else {}),
        }

    def charts(self) -> dict[str, list[dict[str, JsonValue]]]:
        """The bars of the page, in the printed orders; cleared rows close the overdue bars with 0."""
        return {
            "stock": _bars(self.by_stock(), "stock_wan", "stock_households"),
            "new": _bars(self.by_new(), "completion_pct", "new_wan", "target_wan"),
            "overdue": _bars([*self.by_overdue(), *self.cleared()], "overdue_wan", "overdue_rate_pct"),
        }


def _text(value: Decimal | None) -> str | None:
    return None if value is None else str(value)


def _completion_order(row: FigureRow) -> tuple[bool, Decimal, int, str]:
    completion = row.completion_pct
    return completion is None, -(completion or Decimal(0)), -row.new_fen, row.code


def _bars(rows: Iterable[FigureRow], *fields: str) -> list[dict[str, JsonValue]]:
    shown = [(row.code, row.to_json()) for row in rows]
    return [{"code": code, "name": row["name"], **{key: row[key] for key in fields}} for code, row in shown]
