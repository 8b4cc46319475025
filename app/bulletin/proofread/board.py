"""From a text that is read and split to the board of printed figures and the checks between them. Pure."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from itertools import pairwise

from app.bulletin.proofread.checks import (
    Board,
    Cell,
    Check,
    Completion,
    Figure,
    Implied,
    Ordered,
    Rate,
    Same,
    Sum,
    Values,
    Within,
)
from app.bulletin.proofread.naming import Names, base_region
from app.bulletin.proofread.reading import TOTAL, Printed, Reading, Row, Section
from app.bulletin.proofread.splitting import Chosen
from app.money import FEN_PER_WAN

# households, amount and percentage of each section
FIGURES = {
    Section.STOCK: (Figure.STOCK_HOUSEHOLDS, Figure.STOCK_WAN, None),
    Section.NEW: (Figure.NEW_HOUSEHOLDS, Figure.NEW_WAN, Figure.COMPLETION_PCT),
    Section.OVERDUE: (Figure.OVERDUE_HOUSEHOLDS, Figure.OVERDUE_WAN, Figure.OVERDUE_RATE_PCT),
    Section.PROBLEMS: (Figure.OVERDUE_HOUSEHOLDS, Figure.OVERDUE_WAN, Figure.OVERDUE_RATE_PCT),
}
COLUMNS = tuple(
    (section, figure)
    for section in (Section.STOCK, Section.NEW, Section.OVERDUE)
    for figure in FIGURES[section][:2]
)
_MOST_INVERSIONS = 2  # with more, the list is not ordered by households, and its order is no evidence
_MOST_DECIMALS = 4


@dataclass(frozen=True, slots=True)
class Prepared:
    """What is to be diagnosed."""

    board: Board
    values: Values
    checks: list[Check]
    order: list[Ordered]


def prepare(
    reading: Reading, chosen: Chosen, names: Names, targets: Mapping[str, int], skip: set[Section]
) -> Prepared:
    """Lay out the printed figures and all relations between them, but no sums of the sections in ``skip``."""
    printed = dict(_cells(reading, chosen))
    values: Values = {cell: figure.value for cell, figure in printed.items()}
    board = Board(printed, names)
    checks: list[Check] = [
        *_sums(reading, printed, skip),
        *_rates(reading, printed),
        *_completions(printed, names, targets),
        *_repeated(printed),
    ]
    return Prepared(board, values, checks, list(_order(reading, printed, values)))


def _cells(reading: Reading, chosen: Chosen) -> Iterator[tuple[Cell, Printed]]:
    for section, rows in reading.rows.items():
        households, amount, rate = FIGURES[section]
        for row in rows:
            split, region = chosen[row], row.region or TOTAL
            for figure, value in (
                (households, split.households),
                (amount, split.amount),
                (rate, row.percent),
            ):
                if figure and value:
                    yield (section, region, figure), value
    if reading.none_overdue and not any(row.region == TOTAL for row in reading.rows[Section.OVERDUE]):
        yield (Section.OVERDUE, TOTAL, Figure.OVERDUE_HOUSEHOLDS), reading.none_overdue
        amount_of_none = replace(reading.none_overdue, unit=FEN_PER_WAN, decimals=2)
        yield (Section.OVERDUE, TOTAL, Figure.OVERDUE_WAN), amount_of_none


def rows_of(reading: Reading, section: Section) -> list[Row]:
    """The rows of a section without its total."""
    return [row for row in reading.rows.get(section, ()) if row.region != TOTAL]


def _sums(reading: Reading, printed: Mapping[Cell, Printed], skip: set[Section]) -> Iterator[Check]:
    for section, figure in COLUMNS:
        total: Cell = (section, TOTAL, figure)
        parts: list[Cell] = [(section, row.region or TOTAL, figure) for row in rows_of(reading, section)]
        if parts and section not in skip and all(cell in printed for cell in (total, *parts)):
            yield Sum(total, tuple(parts))


def _rates(reading: Reading, printed: Mapping[Cell, Printed]) -> Iterator[Check]:
    rates = {cell: figure for cell, figure in printed.items() if cell[2] is Figure.OVERDUE_RATE_PCT}
    decimals = min(max((figure.decimals for figure in rates.values()), default=0), _MOST_DECIMALS)
    for section in (Section.OVERDUE, Section.PROBLEMS):
        for row in reading.rows.get(section, ()):
            region = row.region or TOTAL
            rate: Cell = (section, region, Figure.OVERDUE_RATE_PCT)
            pairs: list[tuple[Cell, Cell]] = [
                ((section, region, overdue), (Section.STOCK, region, stock))
                for overdue, stock in (
                    (Figure.OVERDUE_HOUSEHOLDS, Figure.STOCK_HOUSEHOLDS),
                    (Figure.OVERDUE_WAN, Figure.STOCK_WAN),
                )
            ]
            yield from (Within(*pair) for pair in pairs if printed.keys() >= set(pair))
            if printed.keys() >= {rate, *pairs[1]}:
                yield Rate(rate, *pairs[1], decimals)


def _completions(
    printed: Mapping[Cell, Printed], names: Names, targets: Mapping[str, int]
) -> Iterator[Check]:
    rates: list[Cell] = [cell for cell in printed if cell[2] is Figure.COMPLETION_PCT]
    pairs: list[tuple[Cell, Cell]] = [(cell, (Section.NEW, cell[1], Figure.NEW_WAN)) for cell in rates]
    pairs = [pair for pair in pairs if pair[1] in printed]
    rows = [pair for pair in pairs if pair[0][1] != TOTAL]
    known = {cell: target for cell in rates if (target := _target(cell[1], names, targets)) is not None}
    total: Cell = (Section.NEW, TOTAL, Figure.COMPLETION_PCT)
    if total in rates and total not in known and rows and all(rate in known for rate, _ in rows):
        known[total] = sum(known[rate] for rate, _ in rows)
    for rate, amount in pairs:
        if rate in known:
            yield Completion(rate, amount, known[rate], printed[rate].decimals)
    if total in rates and total not in known and len(rows) > 1:
        decimals = min(printed[rate].decimals for rate, _ in pairs)
        amounts = [cell for cell in printed if cell[2] is Figure.NEW_WAN]
        if len(amounts) == len(pairs):
            yield Implied(total, (Section.NEW, TOTAL, Figure.NEW_WAN), tuple(rows), decimals)


def _target(region: str, names: Names, targets: Mapping[str, int]) -> int | None:
    """A given target, by the region's code or by its printed name."""
    region = base_region(region)
    code = names.within if region == TOTAL else region
    return targets.get(code) if code in targets else targets.get(names(region))


def _repeated(printed: Mapping[Cell, Printed]) -> Iterator[Check]:
    for cell in printed:
        first: Cell = (Section.OVERDUE, cell[1], cell[2])
        if cell[0] is Section.PROBLEMS and first in printed:
            yield Same(cell, first)


def _order(reading: Reading, printed: Mapping[Cell, Printed], values: Values) -> Iterator[Ordered]:
    """The falling order of households in stock and overdue, where the list follows it but for a slip."""
    for section in (Section.STOCK, Section.OVERDUE):
        cells: list[Cell] = [
            (section, row.region or TOTAL, FIGURES[section][0] or Figure.NAME)
            for row in rows_of(reading, section)
        ]
        if all(cell in printed for cell in cells):
            pairs = [Ordered(first, second) for first, second in pairwise(cells)]
            if sum(not pair.holds(values) for pair in pairs) <= _MOST_INVERSIONS:
                yield from pairs
