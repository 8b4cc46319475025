"""A number as it is printed, and where. Pure."""

import re
from dataclasses import dataclass
from decimal import Decimal

from app.labels import Labelled, T
from app.money import FEN_PER_WAN, FEN_PER_YUAN

TOTAL = ""  # the region key of the line for the whole county

# One character for one character, so that offsets stay true.
WIDTH = str.maketrans("０１２３４５６７８９．，％（）：；－＋｜\u3000\xa0", "0123456789.,%():;-+|  ")
NUMBER = re.compile(r"\d+(?:,\d{3}(?!\d))*(?:\.\d+)?")
_UNIT = re.compile(r" ?([万亿]?)(元?)")
_SIZES = {"亿": FEN_PER_WAN * 10_000, "万": FEN_PER_WAN}


class Section(Labelled):
    STOCK = "stock", T("Paragraph on stock")
    NEW = "new", T("Paragraph on new lending")
    OVERDUE = "overdue", T("Paragraph on overdue")
    PROBLEMS = "problems", T("Paragraph on problems")
    TABLE = "table", T("Table")
    TEXT = "text", T("Other text")


@dataclass(frozen=True, slots=True)
class Printed:
    """A number as printed: its place in the text and its value.

    ``value`` counts households, 分 (``unit`` 分 to the printed unit, with ``decimals``), percent or ranks; it is
    below zero for a decrease, which is ``worded`` if a word says so and no sign.
    """

    start: int
    end: int
    text: str
    value: int | Decimal
    unit: int = 1
    decimals: int = 0
    worded: bool = False

    @property
    def step(self) -> Decimal:
        """One unit of the last printed digit."""
        return Decimal(self.unit).scaleb(-self.decimals)

    @property
    def slack(self) -> Decimal:
        """How far rounding may have moved the value: half a unit of the last printed digit."""
        return self.step / 2 if self.decimals or self.unit > 1 else Decimal(0)


def one_digit_off(gap: int) -> bool:
    """Whether one wrong digit can make such a difference, or none is there."""
    return len(str(abs(gap)).rstrip("0")) <= 1


def amount_unit(plain: str, end: int) -> int:
    """分 to the unit that follows an amount: 万元 where none does, for pages lose characters."""
    unit = _UNIT.match(plain, end)
    if unit is None or not unit[0].strip():
        return FEN_PER_WAN
    return _SIZES.get(unit[1], FEN_PER_YUAN)
