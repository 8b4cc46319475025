"""From a text that is read and split to the board of printed figures and the checks between them. Pure."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import pairwise

from app.bulletin.proofread.checks import Change, Check, Completion, Ordered, Rate, Same, Sum, Within
from app.bulletin.proofread.figures import AVERAGES, BASES, COUNTED, Aspect, Board, Cell, Figure, Values
from app.bulletin.proofread.implied import Implied
from app.bulletin.proofread.layout import FIGURES, Layout, by_meaning, lay_out, rows_of, total_elsewhere
from app.bulletin.proofread.naming import Names, base_region, is_repeat
from app.bulletin.proofread.phrases import Phrases
from app.bulletin.proofread.printed import TOTAL, Printed, Section
from app.bulletin.proofread.reading import Reading
from app.bulletin.proofread.splitting import Chosen

COLUMNS = tuple(
    (section, figure)
    for section in (Section.STOCK, Section.NEW, Section.OVERDUE)
    for figure in FIGURES[section][:2]
)
# (rows, inversions): with more of these in so many rows, the list may be in any order, which then is no evidence.
_INVERSIONS = ((12, 2), (8, 1), (5, 0))
_MOST_DECIMALS = 4
_LISTS = (Section.STOCK, Section.NEW, Section.OVERDUE, Section.TABLE)  # where one precision holds for all


@dataclass(frozen=True, slots=True)
class Prepared:
    """What is to be diagnosed."""

    board: Board
    values: Values
    checks: list[Check]
    order: list[Ordered]
    layout: Layout
    cleared: frozenset[str]  # regions that are said to have nothing overdue


def prepare(
    reading: Reading,
    chosen: Chosen,
    names: Names,
    targets: Mapping[str, int],
    skip: set[Section],
    phrases: Phrases | None = None,
) -> Prepared:
    """Lay out the printed figures and all relations between them, but no sums of the sections in ``skip``."""
    layout = lay_out(reading, chosen, phrases or Phrases())
    values: Values = {cell: figure.value for cell, figure in layout.printed.items()}
    checks: list[Check] = [
        *_sums(reading, layout, skip | reading.partial),
        *_rates(layout),
        *_completions(layout, names, targets),
        *_changes(layout),
        *_repeated(layout.printed),
    ]
    board = Board(layout.printed, names)
    cleared = frozenset(item.region for item in reading.cleared if item.region)
    return Prepared(board, values, checks, list(_order(reading, layout.printed, values)), layout, cleared)


def _sums(reading: Reading, layout: Layout, skip: set[Section]) -> Iterator[Check]:
    printed = layout.printed
    for section, figure in COLUMNS:
        parts = [Cell(section, row.region or TOTAL, figure) for row in rows_of(reading, section)]
        total = Cell(section, TOTAL, figure)
        if total not in printed and all(part in printed for part in parts):
            total = total_elsewhere(layout, figure, Aspect.NOW, parts) or total
        if parts and section not in skip and all(cell in printed for cell in (total, *parts)):
            yield Sum(total, tuple(parts))
    for total, cells in layout.sums:
        yield Sum(total, cells)


def _rates(layout: Layout) -> Iterator[Check]:
    rates = [c for c in layout.printed if c.figure is Figure.OVERDUE_RATE_PCT and c.aspect in COUNTED]
    usual = {
        section: min(
            max((layout.printed[c].decimals for c in rates if c.section is section), default=0),
            _MOST_DECIMALS,
        )
        for section in _LISTS
    }
    for cell in layout.printed:
        if cell.figure in (Figure.OVERDUE_HOUSEHOLDS, Figure.OVERDUE_WAN) and cell.aspect is Aspect.NOW:
            stock = Figure.STOCK_WAN if cell.figure is Figure.OVERDUE_WAN else Figure.STOCK_HOUSEHOLDS
            whole = layout.primary(base_region(cell.region), stock, near=cell)
            if whole:
                yield Within(cell, whole)
    for rate in rates:
        region = base_region(rate.region)
        part = layout.primary(region, Figure.OVERDUE_WAN, rate.aspect, near=rate)
        whole = layout.primary(region, Figure.STOCK_WAN, rate.aspect, near=rate)
        if part and whole and layout.printed[whole].value:
            yield Rate(rate, part, whole, usual.get(rate.section, layout.printed[rate].decimals))


def _completions(layout: Layout, names: Names, targets: Mapping[str, int]) -> Iterator[Check]:
    printed = layout.printed
    rates = [c for c in printed if c.figure is Figure.COMPLETION_PCT and c.aspect in COUNTED]
    for section in dict.fromkeys(cell.section for cell in rates):
        here = [cell for cell in rates if cell.section is section and cell.aspect is Aspect.NOW]
        yield from _completions_of(section, here, layout, names, targets)
    for rate in rates:
        if rate.aspect is not Aspect.NOW:
            region = base_region(rate.region)
            part = layout.primary(region, Figure.NEW_WAN, rate.aspect, near=rate)
            target = layout.primary(region, Figure.TARGET_WAN, rate.aspect, near=rate)
            if part and target:
                yield Completion(rate, part, target, printed[rate].decimals)


def _completions_of(
    section: Section, rates: list[Cell], layout: Layout, names: Names, targets: Mapping[str, int]
) -> Iterator[Check]:
    """The completions of one list or table: by printed targets, by given ones, else by what they imply together."""
    printed = layout.printed
    pairs = [
        (rate, amount)
        for rate in rates
        if (amount := layout.primary(base_region(rate.region), Figure.NEW_WAN, near=rate))
    ]
    rows = [pair for pair in pairs if base_region(pair[0].region) != TOTAL]
    known: dict[Cell, Cell | int] = {}
    for rate in rates:
        target = layout.primary(base_region(rate.region), Figure.TARGET_WAN, near=rate)
        given = _target(rate.region, names, targets)
        if given is not None or target:
            known[rate] = given if given is not None else target or 0
    total = Cell(section, TOTAL, Figure.COMPLETION_PCT)
    given_rows = [known[rate] for rate, _ in rows if isinstance(known.get(rate), int)]
    if total in rates and total not in known and rows and len(given_rows) == len(rows):
        known[total] = sum(target for target in given_rows if isinstance(target, int))
    decimals = max((printed[rate].decimals for rate in rates), default=0) if section in _LISTS else None
    for rate, amount in pairs:
        if rate in known:
            yield Completion(
                rate, amount, known[rate], printed[rate].decimals if decimals is None else decimals
            )
    if total in rates and total not in known and len(rows) > 1:
        amounts = [
            c
            for c in printed
            if c.section is section and c.figure is Figure.NEW_WAN and c.aspect is Aspect.NOW
        ]
        if len(amounts) == len(pairs) and dict(pairs).get(total):
            least = min(printed[rate].decimals for rate, _ in pairs)
            yield Implied(total, dict(pairs)[total], tuple(rows), least)


def _target(region: str, names: Names, targets: Mapping[str, int]) -> int | None:
    """A given target, by the region's code or by its printed name."""
    region = base_region(region)
    code = names.within if region == TOTAL else region
    return targets.get(code) if code in targets else targets.get(names(region))


def _changes(layout: Layout) -> Iterator[Check]:
    for cell in layout.printed:
        base = BASES.get(cell.aspect)
        if base is None:
            continue
        region = base_region(cell.region)
        now = layout.primary(region, cell.figure, near=cell)
        whose = TOTAL if base in AVERAGES else region
        then = layout.primary(whose, cell.figure, base, near=cell)
        if now and then:
            yield Change(cell, now, then)


def _repeated(printed: Mapping[Cell, Printed]) -> Iterator[Check]:
    for cells in by_meaning(printed).values():
        own = [cell for cell in cells if not is_repeat(cell.region)]
        yield from (Same(other, own[0], printed[other], printed[own[0]]) for other in own[1:])


def _order(reading: Reading, printed: Mapping[Cell, Printed], values: Values) -> Iterator[Ordered]:
    """The falling order of households in stock and overdue, where the list follows it but for a slip."""
    for section in (Section.STOCK, Section.OVERDUE):
        cells = [
            Cell(section, row.region or TOTAL, FIGURES[section][0] or Figure.NAME)
            for row in rows_of(reading, section)
        ]
        if all(cell in printed for cell in cells):
            pairs = [Ordered(first, second) for first, second in pairwise(cells)]
            inversions = sum(not pair.holds(values) for pair in pairs)
            if any(len(cells) >= rows and inversions <= most for rows, most in _INVERSIONS):
                yield from pairs
