"""The lines that an overdue rate is to stay under, and on which side of them a region stands. Pure.

A rate is compared as it is printed, to two decimals, so that a mark never contradicts the two numbers beside it.
"Not above" is the rule: a rate equal to a line is under it.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Protocol

from app.labels import Labelled, T
from app.money import percent

RATE_DECIMALS = 2  # as the bulletin prints it


class LineKind(Labelled):
    """What somebody else has set or counted, and a region is held against."""

    PROVINCIAL = "provincial", T("Provincial average")
    PREFECTURAL = "prefectural", T("Prefectural average")
    RANK = "rank", T("Rank in the prefecture")
    YELLOW = "yellow", T("Yellow card")
    RED = "red", T("Red card")


RATES = (LineKind.PROVINCIAL, LineKind.PREFECTURAL, LineKind.YELLOW, LineKind.RED)


class Mark(Labelled):
    """Where a region's rate stands; the later ones are the worse. ``UNKNOWN``: there is no line to hold it against."""

    UNKNOWN = "unknown", T("No line")
    OK = "ok", T("Not above")
    ABOVE = "above", T("Above the provincial average")
    YELLOW = "yellow", T("Yellow card")
    RED = "red", T("Red card")


@dataclass(frozen=True, slots=True)
class Held:
    """A value as entered: for ``month`` alone or, ``ongoing``, from it on, for the region and all below it.

    ``rate`` is percent. A rank is ``rank`` of ``of``, and holds for the region itself alone.
    """

    kind: LineKind
    region_code: str
    month: date
    ongoing: bool
    source: str
    dated_on: date
    rate: Decimal | None = None
    rank: int | None = None
    of: int | None = None

    @property
    def text(self) -> str:
        """As it is typed: ``1.08``, or ``7/9``."""
        return f"{self.rank}/{self.of}" if self.kind is LineKind.RANK else str(self.rate)

    def holds(self, region: str, month: date) -> bool:
        there = (
            region == self.region_code if self.kind is LineKind.RANK else region.startswith(self.region_code)
        )
        return there and (self.month <= month if self.ongoing else self.month == month)


class Rated(Protocol):
    """A row of figures, as far as a mark needs it; rate in percent, None where there is no stock."""

    @property
    def code(self) -> str: ...
    @property
    def overdue_rate_pct(self) -> Decimal | None: ...


@dataclass(frozen=True, slots=True)
class Lines:
    """What holds for one region and month. ``held`` has each kind that is known, with its source and date."""

    held: dict[LineKind, Held]

    def _rate(self, kind: LineKind) -> Decimal | None:
        return self.held[kind].rate if kind in self.held else None

    @property
    def provincial_rate(self) -> Decimal | None:
        """全省平均逾期率, percent."""
        return self._rate(LineKind.PROVINCIAL)

    @property
    def prefectural_rate(self) -> Decimal | None:
        """全市平均逾期率, percent."""
        return self._rate(LineKind.PREFECTURAL)

    @property
    def yellow(self) -> Decimal | None:
        """黄牌: above this rate, percent."""
        return self._rate(LineKind.YELLOW)

    @property
    def red(self) -> Decimal | None:
        """红牌: above this rate, percent."""
        return self._rate(LineKind.RED)

    @property
    def rank(self) -> int | None:
        """排名 of the region within its prefecture, 1 the first named."""
        return self.held[LineKind.RANK].rank if LineKind.RANK in self.held else None

    @property
    def of(self) -> int | None:
        """How many were ranked."""
        return self.held[LineKind.RANK].of if LineKind.RANK in self.held else None

    def source(self, kind: LineKind) -> str:
        """Where the value of ``kind`` is from, "" where there is none."""
        return self.held[kind].source if kind in self.held else ""

    def mark(self, rate: Decimal | None) -> Mark:
        """The mark of a printed rate; without stock nothing is overdue, so it is above no line."""
        steps = ((Mark.RED, self.red), (Mark.YELLOW, self.yellow), (Mark.ABOVE, self.provincial_rate))
        if all(line is None for _, line in steps):
            return Mark.UNKNOWN
        return next((m for m, line in steps if line is not None and is_above(rate, line)), Mark.OK)


NO_LINES = Lines({})


def is_above(rate: Decimal | None, line: Decimal) -> bool:
    """Is a printed rate above ``line``, both percent?"""
    return rate is not None and rate > line


def printed_rate(overdue: int, stock: int) -> Decimal | None:
    """逾期率 in percent as it is printed, from 分."""
    return percent(overdue, stock, RATE_DECIMALS)


def mark(row: Rated, lines: Lines) -> Mark:
    """On which side of the lines a row of figures stands."""
    return lines.mark(row.overdue_rate_pct)


@dataclass(frozen=True, slots=True)
class Book:
    """All that is known for the regions of one table in one month, so that each row can be marked."""

    month: date
    values: tuple[Held, ...]

    def at(self, region: str) -> Lines:
        """What holds for ``region``: the nearest region's value, of these the latest, the month's own first."""
        return resolve(self.values, region, self.month)

    def mark(self, row: Rated) -> Mark:
        return mark(row, self.at(row.code))


def resolve(values: Iterable[Held], region: str, month: date) -> Lines:
    """The one value of each kind that holds."""
    found: dict[LineKind, Held] = {}
    for value in values:
        if value.holds(region, month):
            other = found.get(value.kind)
            if other is None or _nearness(value) > _nearness(other):
                found[value.kind] = value
    return Lines({kind: found[kind] for kind in LineKind if kind in found})


def _nearness(value: Held) -> tuple[int, date, bool]:
    return len(value.region_code), value.month, not value.ongoing
