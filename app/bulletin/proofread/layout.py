"""Every printed figure gets its cell: those of the lists, the tables, the running text; and which add up. Pure."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from app.bulletin.proofread.figures import ADDING, AVERAGES, Aspect, Cell, Figure
from app.bulletin.proofread.naming import OTHER, SUBTOTAL, base_region
from app.bulletin.proofread.phrases import Claim, Phrases
from app.bulletin.proofread.printed import TOTAL, Printed, Section, one_digit_off
from app.bulletin.proofread.reading import Reading, Row
from app.bulletin.proofread.splitting import Chosen
from app.bulletin.proofread.tables import Table
from app.money import FEN_PER_WAN

# households, amount and percentage of each section
FIGURES = {
    Section.STOCK: (Figure.STOCK_HOUSEHOLDS, Figure.STOCK_WAN, None),
    Section.NEW: (Figure.NEW_HOUSEHOLDS, Figure.NEW_WAN, Figure.COMPLETION_PCT),
    Section.OVERDUE: (Figure.OVERDUE_HOUSEHOLDS, Figure.OVERDUE_WAN, Figure.OVERDUE_RATE_PCT),
    Section.PROBLEMS: (Figure.OVERDUE_HOUSEHOLDS, Figure.OVERDUE_WAN, Figure.OVERDUE_RATE_PCT),
}
SUBJECTS = {
    Figure.STOCK_HOUSEHOLDS: Section.STOCK,
    Figure.STOCK_WAN: Section.STOCK,
    Figure.NEW_HOUSEHOLDS: Section.NEW,
    Figure.NEW_WAN: Section.NEW,
    Figure.TARGET_WAN: Section.NEW,
    Figure.COMPLETION_PCT: Section.NEW,
    Figure.OVERDUE_HOUSEHOLDS: Section.OVERDUE,
    Figure.OVERDUE_WAN: Section.OVERDUE,
    Figure.OVERDUE_RATE_PCT: Section.OVERDUE,
}
_FEWEST = 2  # places that a list has


@dataclass(slots=True)
class Layout:
    """The printed figures by cell, the sums that must hold, and the claims that no cell takes."""

    printed: dict[Cell, Printed] = field(default_factory=dict)
    sums: list[tuple[Cell, tuple[Cell, ...]]] = field(default_factory=list)
    listed: list[Cell] = field(default_factory=list)  # of the paragraphs' lists
    strange: list[Printed] = field(default_factory=list)
    _seen: Counter[Cell] = field(default_factory=Counter)

    def put(self, cell: Cell, printed: Printed) -> Cell:
        """Keep a figure; one that is there already is kept beside the first."""
        self._seen[cell] += 1
        if self._seen[cell] > 1:
            cell = cell._replace(region=f"{cell.region}{OTHER}{self._seen[cell]}")
        self.printed[cell] = printed
        return cell

    def primary(
        self, region: str, figure: Figure, aspect: Aspect = Aspect.NOW, near: Cell | None = None
    ) -> Cell | None:
        """Where a figure is printed first: beside ``near``, else in its list, a table, or other text."""
        own = [Cell(near.section, near.region, figure, aspect)] if near else []
        own += [
            Cell(section, region, figure, aspect)
            for section in (SUBJECTS[figure], Section.TABLE, Section.TEXT, Section.PROBLEMS)
        ]
        return next((cell for cell in own if cell in self.printed), None)


def lay_out(reading: Reading, chosen: Chosen, phrases: Phrases) -> Layout:
    """All cells, in the order: lists, tables, text."""
    layout = Layout()
    for cell, printed in _listed(reading, chosen):
        layout.listed.append(layout.put(cell, printed))
    columns = [column for table in reading.tables for column in _columns(layout, table)]
    tabled = {cell.figure for cell in layout.printed if cell.section is Section.TABLE}
    spoken = [_claim(layout, claim, reading, tabled) for claim in phrases.claims]
    layout.sums += _table_sums(layout, columns)
    layout.sums += _spoken_sums(layout, [cell for cell in spoken if cell], reading)
    return layout


def rows_of(reading: Reading, section: Section) -> list[Row]:
    """The rows of a section without its total."""
    return [row for row in reading.rows.get(section, ()) if base_region(row.region or TOTAL) != TOTAL]


def _listed(reading: Reading, chosen: Chosen) -> Iterator[tuple[Cell, Printed]]:
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
                    yield Cell(section, region, figure), value
    if reading.none_overdue and not any(row.region == TOTAL for row in reading.rows[Section.OVERDUE]):
        yield Cell(Section.OVERDUE, TOTAL, Figure.OVERDUE_HOUSEHOLDS), reading.none_overdue
        amount_of_none = replace(reading.none_overdue, unit=FEN_PER_WAN, decimals=2)
        yield Cell(Section.OVERDUE, TOTAL, Figure.OVERDUE_WAN), amount_of_none


def _columns(layout: Layout, table: Table) -> Iterator[tuple[Cell | Figure, list[Cell], Aspect]]:
    """Put a table's figures; for each column that adds up its total (or whose it is) and its rows."""
    for at, column in table.columns.items():
        cells = []
        for row in table.rows:
            if at in row.figures:
                cell = Cell(Section.TABLE, row.region or TOTAL, column.figure, column.aspect)
                cells.append(layout.put(cell, row.figures[at]))
        if column.figure not in ADDING or column.aspect in {*AVERAGES, Aspect.RANK} or table.partial:
            continue
        total = next((cell for cell in cells if base_region(cell.region) == TOTAL), None)
        yield total or column.figure, cells, column.aspect


def _table_sums(
    layout: Layout, columns: list[tuple[Cell | Figure, list[Cell], Aspect]]
) -> Iterator[tuple[Cell, tuple[Cell, ...]]]:
    """Each column with its total, which may stand in the text; and the parts of a table with their own lines."""
    for total, cells, aspect in columns:
        group: list[Cell] = []
        parts: list[Cell] = []
        for cell in cells:
            base = base_region(cell.region)
            if base == SUBTOTAL:
                if len(group) >= _FEWEST:
                    yield cell, tuple(group)
                group = []
            elif base != TOTAL:
                group.append(cell)
                parts.append(cell)
        whole = total_elsewhere(layout, total, aspect, parts) if isinstance(total, Figure) else total
        if whole and len(parts) >= _FEWEST:
            yield whole, tuple(parts)


def total_elsewhere(layout: Layout, figure: Figure, aspect: Aspect, parts: list[Cell]) -> Cell | None:
    """The total that the text has for a column without one; None if these must be a part of the places only."""
    total = layout.primary(TOTAL, figure, aspect)
    if total is None:
        return None
    return total if _adds_up(layout, total, parts) else None


def _claim(layout: Layout, claim: Claim, reading: Reading, tabled: set[Figure]) -> Cell | None:
    """The cell of a claim: that of its subject where neither a list nor a table has it."""
    region = TOTAL if claim.who is None else claim.who.region
    if claim.figure is None or region is None:
        layout.strange.append(claim.printed)
        return None
    section = claim.section
    subject = SUBJECTS[claim.figure]
    if section is Section.TEXT and not reading.rows.get(subject) and claim.figure not in tabled:
        section = subject
    cell = Cell(section, base_region(region), claim.figure, claim.aspect)
    if section is subject and cell in layout.printed:
        cell = cell._replace(section=Section.TEXT)
    return layout.put(cell, claim.printed)


def _spoken_sums(
    layout: Layout, spoken: list[Cell], reading: Reading
) -> Iterator[tuple[Cell, tuple[Cell, ...]]]:
    """Figures that the text tells of every place add up to what it tells of the whole.

    That these are all the places is seen from one column that adds up, at least nearly.
    """
    first = [cell for cell in spoken if cell.section not in (Section.TEXT, Section.PROBLEMS)]
    columns: dict[tuple[Section, Figure, Aspect], list[Cell]] = {}
    for cell in first:
        if cell.region != TOTAL and cell.figure in ADDING and cell.aspect not in {*AVERAGES, Aspect.RANK}:
            columns.setdefault((cell.section, cell.figure, cell.aspect), []).append(cell)
    whole = {cell.region for cell in first if cell.region != TOTAL and cell.aspect is Aspect.NOW}
    cleared = {item.region for item in reading.cleared}
    sums: list[tuple[Cell, tuple[Cell, ...]]] = []
    for (section, figure, aspect), cells in columns.items():
        total = Cell(section, TOTAL, figure, aspect)
        told = {cell.region for cell in cells}
        if section is Section.OVERDUE:
            told |= {region for region in cleared if region}
        if total in layout.printed and len(cells) >= _FEWEST and told >= whole:
            sums.append((total, tuple(cells)))
    if any(_adds_up(layout, total, cells) for total, cells in sums):
        yield from sums


def _adds_up(layout: Layout, total: Cell, parts: Sequence[Cell]) -> bool:
    """But for one digit, perhaps; a list of some places only is farther off."""
    gap = layout.printed[total].value - sum(layout.printed[cell].value for cell in parts)
    return one_digit_off(int(gap))


def by_meaning(printed: Mapping[Cell, Printed]) -> dict[tuple[str, Figure, Aspect], list[Cell]]:
    """The cells that say the same, in the order in which they are believed."""
    order = [Section.STOCK, Section.NEW, Section.OVERDUE, Section.TABLE, Section.TEXT, Section.PROBLEMS]
    found: dict[tuple[str, Figure, Aspect], list[Cell]] = {}
    for cell in printed:
        found.setdefault((base_region(cell.region), cell.figure, cell.aspect), []).append(cell)
    for cells in found.values():
        cells.sort(key=lambda cell: order.index(cell.section))
    return found
