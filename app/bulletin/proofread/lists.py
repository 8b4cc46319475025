"""What is wrong with the lists: a township twice, missing, or both overdue and cleared; the order."""

from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal

from app.bulletin.proofread.figures import Aspect, Cell, Figure, Values
from app.bulletin.proofread.naming import SUBTOTAL, Names, base_region
from app.bulletin.proofread.outcome import Finding
from app.bulletin.proofread.printed import TOTAL, Section
from app.bulletin.proofread.reading import Reading
from app.labels import T
from app.money import wan

TABLES = (Section.STOCK, Section.NEW, Section.OVERDUE)
CLEARED = "已清零"
_FEWEST_SORTED = 10  # rows whose order is taken for one: a few stand in any order by chance
_MOST_STRAY = 2  # rows out of order; with more the list is sorted by something else


def regions_of(reading: Reading, section: Section) -> set[str]:
    """The regions with a row in a section."""
    return {base_region(row.region or TOTAL) for row in reading.rows.get(section, ())} - {TOTAL}


def everywhere(reading: Reading) -> set[str]:
    """All the regions that the text names in a table or in the cleared list."""
    found = {item.region or TOTAL for item in reading.cleared} - {TOTAL}
    found |= {base_region(row.region or TOTAL) for table in reading.tables for row in table.rows} - {
        TOTAL,
        SUBTOTAL,
    }
    return found.union(*(regions_of(reading, section) for section in TABLES))


def check_repeats(reading: Reading, names: Names) -> Iterator[Finding]:
    """Each township once in a section."""
    for section in TABLES:
        missing = everywhere(reading) - regions_of(reading, section)
        if section is Section.OVERDUE:
            missing -= {item.region for item in reading.cleared}
        for row in reading.rows.get(section, ()):
            region = row.region or TOTAL
            if region != base_region(region):
                expected = names(next(iter(missing))) if len(missing) == 1 else ""
                yield Finding(
                    names(region),
                    section,
                    Figure.NAME,
                    row.name,
                    expected,
                    row.start,
                    row.end,
                    T("%(name)s stands in this section twice.", name=names(region)),
                )


def check_cleared(reading: Reading, names: Names, values: Values) -> Iterator[Finding]:
    """A township is in the list of the cleared exactly if it has nothing overdue, in any list or table."""
    told = {
        base_region(cell.region): bool(value) or None
        for cell, value in sorted(values.items(), key=lambda item: bool(item[1]))
        if cell.figure in (Figure.OVERDUE_HOUSEHOLDS, Figure.OVERDUE_WAN) and cell.aspect is Aspect.NOW
    }
    overdue = {region for region, much in told.items() if much}
    seen: set[str] = set()
    for item in reading.cleared:
        region = item.region or TOTAL
        place = (item.name, "", item.start, item.end)
        if region in overdue:
            reason = T("%(name)s is among the cleared, and has overdue loans as well.", name=names(region))
            yield Finding(names(region), Section.OVERDUE, Figure.CLEARED, *place, reason)
        elif item.section is Section.OVERDUE and region in seen:
            reason = T("%(name)s stands in this section twice.", name=names(region))
            yield Finding(names(region), Section.OVERDUE, Figure.NAME, *place, reason)
        if item.section is Section.OVERDUE:
            seen.add(region)
    at = reading.cleared_at
    if at is None or (reading.none_overdue and not reading.cleared):
        return
    for region in sorted(everywhere(reading) - seen - set(told)):
        reason = T("%(name)s is neither among the overdue nor among the cleared.", name=names(region))
        yield Finding(names(region), Section.OVERDUE, Figure.CLEARED, "", CLEARED, at, at, reason)


def check_dates(reading: Reading, names: Names) -> Iterator[Finding]:
    """The three paragraphs are as of one date, the one that most of them print, else the first; of its year is
    the new lending.
    """
    printed = [int(date.value) for date in reading.dates.values()]
    if not printed:
        return
    common = max(printed, key=lambda value: (printed.count(value), -printed.index(value)))
    expected = next(date.text for date in reading.dates.values() if date.value == common)
    for section, date in reading.dates.items():
        if date.value != common:
            reason = T("The other paragraphs are as of %(date)s.", date=expected)
            yield Finding(
                names(TOTAL), section, Figure.AS_OF, date.text, expected, date.start, date.end, reason
            )
    year, as_of = reading.lending_year, str(common // 10_000)
    if year and str(year.value) != as_of:
        reason = T("New lending is counted in the year of the as-of date, %(year)s.", year=as_of)
        place = (year.text, as_of, year.start, year.end)
        yield Finding(names(TOTAL), Section.NEW, Figure.AS_OF, *place, reason)


@dataclass(frozen=True, slots=True)
class Missing:
    """A row that one section lacks, with what the total says that it must have been."""

    region: str
    section: Section
    households: int
    fen: int


def missing_rows(reading: Reading, values: Values) -> Iterator[Missing]:
    """Where a section lacks one township and the total exceeds the rows, the rest is that township's."""
    columns = {
        Section.STOCK: (Figure.STOCK_HOUSEHOLDS, Figure.STOCK_WAN),
        Section.NEW: (Figure.NEW_HOUSEHOLDS, Figure.NEW_WAN),
    }
    for section, figures in columns.items():
        lacking = everywhere(reading) - regions_of(reading, section)
        gaps = [_gap(section, figure, values) for figure in figures]
        if (
            len(lacking) == 1
            and section not in reading.partial
            and regions_of(reading, section)
            and all(gap is not None and gap > 0 for gap in gaps)
        ):
            yield Missing(lacking.pop(), section, int(gaps[0] or 0), int(gaps[1] or 0))


def missing_findings(missing: Missing, reading: Reading, names: Names) -> Iterator[Finding]:
    """The two figures of a missing row, placed at the end of the section's last row."""
    rows = reading.rows[missing.section]
    at = max(row.percent.end if row.percent else row.splits[0].end for row in rows)
    new = missing.section is Section.NEW
    expected = {
        Figure.NEW_HOUSEHOLDS if new else Figure.STOCK_HOUSEHOLDS: str(missing.households),
        Figure.NEW_WAN if new else Figure.STOCK_WAN: wan(missing.fen),
    }
    for figure, value in expected.items():
        reason = T("%(name)s is missing; the total leaves this for it.", name=names(missing.region))
        yield Finding(names(missing.region), missing.section, figure, "", value, at, at, reason)


def _gap(section: Section, figure: Figure, values: Values) -> Decimal | None:
    total = values.get(Cell(section, TOTAL, figure))
    parts = [
        value
        for cell, value in values.items()
        if cell[:1] + cell[2:] == (section, figure, Aspect.NOW) and base_region(cell.region)
    ]
    return None if total is None else Decimal(total) - sum(parts)


def out_of_order(cells: Sequence[Cell], values: Values) -> list[tuple[Cell, str]]:
    """The rows that stand where their percentage does not belong, each with the range that would.

    None at all if so many do that the list must be sorted by something else.
    """
    kept = _longest_falling([Decimal(values[cell]) for cell in cells])
    if len(cells) < _FEWEST_SORTED or len(cells) - len(kept) > _MOST_STRAY:
        return []
    found = []
    for at, cell in enumerate(cells):
        if at not in kept:
            above = max((other for other in kept if other < at), default=None)
            below = min((other for other in kept if other > at), default=None)
            low, high = (None if other is None else values[cells[other]] for other in (below, above))
            found.append(
                (cell, f"≤{high}" if low is None else f"≥{low}" if high is None else f"{low}–{high}")
            )
    return found


def _longest_falling(numbers: list[Decimal]) -> set[int]:
    """The positions of a longest subsequence that never rises."""
    tails: list[Decimal] = []
    ends: list[int] = []
    before: list[int | None] = []
    for at, number in enumerate(numbers):
        length = bisect_right(tails, -number)
        before.append(ends[length - 1] if length else None)
        tails[length : length + 1], ends[length : length + 1] = [-number], [at]
    kept, last = set(), ends[-1] if ends else None
    while last is not None:
        kept.add(last)
        last = before[last]
    return kept
