"""The figures that a bulletin prints, by place, region, kind and aspect, and how each is written. Pure."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from typing import NamedTuple, TypeAlias

from app.bulletin.proofread.printed import Printed, Section
from app.labels import Labelled, T, Text


class Figure(Labelled):
    """The figures of a bulletin, by the names they have in the JSON of figures."""

    STOCK_HOUSEHOLDS = "stock_households", T("Households in stock")
    STOCK_WAN = "stock_wan", T("Amount in stock")
    NEW_HOUSEHOLDS = "new_households", T("Households with new loans")
    NEW_WAN = "new_wan", T("Amount newly lent")
    TARGET_WAN = "target_wan", T("Target of new lending")
    COMPLETION_PCT = "completion_pct", T("Completion of the target")
    OVERDUE_HOUSEHOLDS = "overdue_households", T("Households overdue")
    OVERDUE_WAN = "overdue_wan", T("Amount overdue")
    OVERDUE_RATE_PCT = "overdue_rate_pct", T("Overdue rate")
    CLEARED = "cleared", T("Cleared")
    NAME = "name", T("Printed name")
    AS_OF = "as_of", T("As-of date")


class Aspect(Labelled):
    """What a printed number says of its figure: the figure itself, that of another time or place, a change, a rank."""

    NOW = "now", T("this month")
    LAST_MONTH = "last_month", T("last month")
    YEAR_START = "year_start", T("the year's start")
    YEAR_AGO = "year_ago", T("a year ago")
    PROVINCE = "province", T("provincial average")
    PREFECTURE = "prefecture", T("prefectural average")
    OVER_LAST_MONTH = "over_last_month", T("change since last month")
    OVER_YEAR_START = "over_year_start", T("change since the year's start")
    OVER_YEAR_AGO = "over_year_ago", T("change within a year")
    OVER_PROVINCE = "over_province", T("difference from the provincial average")
    OVER_PREFECTURE = "over_prefecture", T("difference from the prefectural average")
    RANK = "rank", T("rank")


BASES = {
    Aspect.OVER_LAST_MONTH: Aspect.LAST_MONTH,
    Aspect.OVER_YEAR_START: Aspect.YEAR_START,
    Aspect.OVER_YEAR_AGO: Aspect.YEAR_AGO,
    Aspect.OVER_PROVINCE: Aspect.PROVINCE,
    Aspect.OVER_PREFECTURE: Aspect.PREFECTURE,
}
OVER = {base: over for over, base in BASES.items()}
AVERAGES = {Aspect.PROVINCE, Aspect.PREFECTURE}
COUNTED = {Aspect.NOW, Aspect.LAST_MONTH, Aspect.YEAR_START, Aspect.YEAR_AGO}

HOUSEHOLDS = {Figure.STOCK_HOUSEHOLDS, Figure.NEW_HOUSEHOLDS, Figure.OVERDUE_HOUSEHOLDS}
AMOUNTS = {Figure.STOCK_WAN, Figure.NEW_WAN, Figure.OVERDUE_WAN, Figure.TARGET_WAN}
ADDING = HOUSEHOLDS | AMOUNTS  # what rows add up to in a total
_DECIMALS = 2  # of an amount in 万元 that is printed without any

Value: TypeAlias = int | Decimal


class Cell(NamedTuple):
    """Where a figure is printed (a section, a table, other text), whose, which, and in which aspect."""

    section: Section
    region: str
    figure: Figure
    aspect: Aspect = Aspect.NOW


Values: TypeAlias = dict[Cell, Value]


def meaning(figure: Figure, aspect: Aspect) -> Text:
    """What a number is, as a reader would call it."""
    if aspect is Aspect.NOW:
        return figure.label
    return T("%(figure)s, %(aspect)s", figure=figure.label, aspect=aspect.label)


@dataclass(frozen=True, slots=True)
class Board:
    """The printed figures by cell, and how they are written."""

    printed: Mapping[Cell, Printed]
    names: Callable[[str], str]  # a region's key → what the text calls it

    def show(self, cell: Cell, value: Value) -> str:
        """A value as the text would print it: in the printed unit, with at least its usual decimals.

        Where words carry the sign (增加, 下降), they are named only if they must change.
        """
        printed = self.printed[cell]
        if not printed.worded:
            return self._number(cell, value)
        turned = value != 0 and (value < 0) != (printed.value < 0)
        size: Value = -value if value < 0 else value
        return (_verb(cell, value) if turned else "") + self._number(cell, size)

    def _number(self, cell: Cell, value: Value) -> str:
        printed = self.printed[cell]
        if cell.figure not in AMOUNTS or cell.aspect is Aspect.RANK:
            return str(value)
        exact = Decimal(value) / printed.unit
        usual = _DECIMALS if printed.unit > YUAN else 0
        step = Decimal(1).scaleb(-(printed.decimals or usual))
        return str(exact.quantize(step, ROUND_HALF_UP))

    def slack(self, cell: Cell) -> Decimal:
        """How far the printed value may be from the true one by rounding."""
        return self.printed[cell].slack

    def name(self, cell: Cell) -> str:
        """The printed short name of the cell's region."""
        return self.names(cell.region)


YUAN = 100  # 分


def _verb(cell: Cell, value: Value) -> str:
    if cell.figure in ADDING:
        return "增加" if value > 0 else "减少"
    return "上升" if value > 0 else "下降"
