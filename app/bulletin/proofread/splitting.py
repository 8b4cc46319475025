"""Choosing how run-together digits are split: the splits under which totals and rates agree.

``230985.92`` may be 230户 985.92万元 or 2309户 85.92万元. All splits of a section under which both columns
add up exactly are searched for. Where a figure is wrong there may be none: then the reading with the fewest
contradictions is taken, so that the contradiction is found by the checks. A plausible mean per household
decides only where arithmetic does not, and the notes say so.
"""

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import combinations, islice, pairwise, product
from typing import TypeAlias

from app.bulletin.proofread.printed import TOTAL, Section, one_digit_off
from app.bulletin.proofread.reading import Reading, Row, Split
from app.money import FEN_PER_WAN, percent

Choice: TypeAlias = tuple[int, ...]  # for each row of a section, the number of its split

MAX_STEPS = 60_000  # nodes of the exact search over one section
MAX_SOLUTIONS = 200
MAX_NEIGHBOURS = 4_000

# Prices of a reading. A contradiction outweighs one implausible row, not two: splits move in pairs.
CONTRADICTION = 1.0
ODD = 0.9
IMPLAUSIBLE = 0.75
INVERSION = 0.25
TASTE = 0.01

# Mean per household in 万元; the cap for one household is 10.
_TYPICAL = {Section.STOCK: 5.0, Section.NEW: 4.5, Section.OVERDUE: 2.5, Section.PROBLEMS: 2.5}
_PLAUSIBLE = {
    Section.STOCK: (0.1, 10.0),
    Section.NEW: (0.1, 10.0),
    Section.OVERDUE: (0.03, 10.0),
    Section.PROBLEMS: (0.03, 10.0),
}


@dataclass(slots=True)
class Chosen:
    """The split of every row, whether arithmetic proves it, and what else would be possible."""

    splits: dict[int, Split] = field(default_factory=dict)  # by id() of the row
    unproven: list[Section] = field(default_factory=list)
    open: list[tuple[Row, list[Split]]] = field(default_factory=list)

    def __getitem__(self, row: Row) -> Split:
        return self.splits[id(row)]


def choose_splits(reading: Reading) -> Chosen:
    """Choose each section's splits, twice in turn, for the rates tie overdue to stock."""
    chosen = Chosen()
    _leave_whole(reading)
    sections = {section: _Sums(section, rows) for section, rows in reading.rows.items() if rows}
    options = {section: list(sums.options()) for section, sums in sections.items()}
    ranked: dict[Section, list[tuple[float, int, Choice]]] = {}
    for _ in range(2):
        for section, sums in sections.items():
            ranked[section] = _rank(sums, options[section], chosen.splits, sections)
            chosen.splits |= {
                id(row): row.splits[at] for row, at in zip(sums.rows, ranked[section][0][2], strict=True)
            }
    for section, sums in sections.items():
        _note_doubt(sums, ranked[section], chosen)
    return chosen


def _leave_whole(reading: Reading) -> None:
    """Take the digits of a section as amounts alone where they add up as such, or nearly, and no split is better.

    A text may print no households at all. Digits that run together are far from adding up.
    """
    split = set()
    for section, rows in reading.rows.items():
        sums = _Sums(section, rows)
        wholes = [_values(row.whole)[1] if row.whole else 0 for row in rows]
        if not sums.runs:
            continue
        if sums.total_at is None or not sums.parts:
            if reading.keeps_households:
                _take_whole(rows)
            continue
        total, parts = wholes[sums.total_at], sum(wholes[at] for at in sums.parts)
        nearly = one_digit_off(total - parts)
        exact = next(sums.exact_choices(), None) if nearly else None
        plausible = exact and all(
            taste(section, row.splits[at]) < IMPLAUSIBLE for row, at in zip(rows, exact, strict=True)
        )
        if nearly and not plausible:
            _take_whole(rows)
        else:
            split.add(section)
    for rows in reading.rows.values():
        if not split and rows and all(row.region == TOTAL for row in rows):
            _take_whole(rows)


def _take_whole(rows: Sequence[Row]) -> None:
    for row in rows:
        if row.whole:
            row.splits = (row.whole,)


class _Sums:
    """One section's rows with the two sums that must hold. Clean rows have one split and cost nothing."""

    def __init__(self, section: Section, rows: list[Row]) -> None:
        self.section, self.rows = section, rows
        self.total_at = next((at for at, row in enumerate(rows) if row.region == TOTAL), None)
        self.parts = [at for at, row in enumerate(rows) if row.region != TOTAL]
        self.values = [[_values(split) for split in row.splits] for row in rows]
        self.runs = [at for at, row in enumerate(rows) if len(row.splits) > 1]
        self.exact = False

    def options(self) -> Iterator[Choice]:
        """Readings worth comparing: all exact ones, and those near the most plausible one."""
        if not self.runs:
            yield (0,) * len(self.rows)
            return
        exact = list(islice(self.exact_choices(), MAX_SOLUTIONS))
        self.exact = bool(exact)
        yield from exact
        best = tuple(
            min(range(len(row.splits)), key=lambda at, row=row: taste(self.section, row.splits[at]))  # type: ignore[misc]
            for row in self.rows
        )
        yield from islice(self._near(best), MAX_NEIGHBOURS)

    def exact_choices(self) -> Iterator[Choice]:
        """The readings under which both columns add up."""
        if self.total_at is not None and self.parts:
            yield from self._exact()

    def _exact(self) -> Iterator[Choice]:
        """Depth first over the rows, longest number first, cut off where the sums are out of reach."""
        assert self.total_at is not None
        order = sorted(self.parts, key=lambda at: -self.rows[at].splits[0].length)
        reach = _reach([self.values[at] for at in order])
        picked = [0] * len(self.rows)
        steps = 0

        def walk(depth: int, households: int, fen: int) -> Iterator[Choice]:
            nonlocal steps
            steps += 1
            if steps > MAX_STEPS:
                return
            if depth == len(order):
                yield tuple(picked)
                return
            low, high = reach[depth + 1]
            for at, (more, amount) in enumerate(self.values[order[depth]]):
                left, rest = households - more, fen - amount
                if low[0] <= left <= high[0] and low[1] <= rest <= high[1]:
                    picked[order[depth]] = at
                    yield from walk(depth + 1, left, rest)

        total = self.rows[self.total_at]
        for at in sorted(range(len(total.splits)), key=lambda at: taste(self.section, total.splits[at])):
            picked[self.total_at] = at
            yield from walk(0, *self.values[self.total_at][at])

    def _near(self, best: Choice) -> Iterator[Choice]:
        """The reading itself, then with any one row split otherwise, then with any two that stay plausible."""
        yield best
        anything = {at: range(len(self.rows[at].splits)) for at in self.runs}
        plausible = {
            at: [pick for pick in picks if taste(self.section, self.rows[at].splits[pick]) < IMPLAUSIBLE]
            for at, picks in anything.items()
        }
        for at, picks in anything.items():
            yield from (_changed(best, at, pick) for pick in picks if pick != best[at])
        for (first, ones), (second, others) in combinations(plausible.items(), 2):
            for one, other in product(ones, others):
                if one != best[first] and other != best[second]:
                    yield _changed(_changed(best, first, one), second, other)

    def off(self, choice: Choice) -> int:
        """How many of the two columns fail to add up."""
        if self.total_at is None or not self.parts:
            return 0
        total = self.values[self.total_at][choice[self.total_at]]
        return sum(
            total[column] != sum(self.values[at][choice[at]][column] for at in self.parts)
            for column in (0, 1)
        )


def taste(section: Section, split: Split) -> float:
    """What speaks against a split by itself: zeros in front, a mean per household that no loan has."""
    if split.households is None or split.amount is None:
        return 0.0
    households, fen = _values(split)
    if not households or not fen:
        return ODD
    mean = fen / FEN_PER_WAN / households
    low, high = _PLAUSIBLE[section]
    price = TASTE * abs(math.log(mean / _TYPICAL[section]))
    return price + (ODD if split.odd else 0.0) + (0.0 if low <= mean <= high else IMPLAUSIBLE)


def _values(split: Split) -> tuple[int, int]:
    return (
        int(split.households.value) if split.households else 0,
        int(split.amount.value) if split.amount else 0,
    )


def _reach(columns: Sequence[Sequence[tuple[int, int]]]) -> list[tuple[tuple[int, int], tuple[int, int]]]:
    """For each depth, the least and the most that the remaining rows can add to both columns."""
    reach = [((0, 0), (0, 0))]
    for values in reversed(columns):
        low, high = reach[-1]
        households, amounts = [value[0] for value in values], [value[1] for value in values]
        reach.append(
            (
                (low[0] + min(households), low[1] + min(amounts)),
                (high[0] + max(households), high[1] + max(amounts)),
            )
        )
    return reach[::-1]


def _changed(choice: Choice, at: int, pick: int) -> Choice:
    return (*choice[:at], pick, *choice[at + 1 :])


def _rank(
    sums: _Sums, options: list[Choice], known: Mapping[int, Split], sections: Mapping[Section, _Sums]
) -> list[tuple[float, int, Choice]]:
    """The readings of a section, best first, as (price, contradictions, choice)."""
    against = _contradictions(sums, known, sections)
    contradictions = [[against(row, split) for split in row.splits] for row in sums.rows]
    tastes = [[taste(sums.section, split) for split in row.splits] for row in sums.rows]
    ranked = []
    for choice in dict.fromkeys(options):
        found = sums.off(choice) + sum(contradictions[at][pick] for at, pick in enumerate(choice))
        price = CONTRADICTION * found + sum(tastes[at][pick] for at, pick in enumerate(choice))
        ranked.append((price + INVERSION * _inversions(sums, choice), found, choice))
    return sorted(ranked)


def _inversions(sums: _Sums, choice: Choice) -> int:
    """Rows with more households than the one before; new lending is ordered otherwise."""
    if sums.section is Section.NEW:
        return 0
    households = [sums.values[at][choice[at]][0] for at in sums.parts]
    return sum(before < after for before, after in pairwise(households))


def _contradictions(
    sums: _Sums, known: Mapping[int, Split], sections: Mapping[Section, _Sums]
) -> Callable[[Row, Split], int]:
    """How many other printed figures a split contradicts: the rate, 户 ≤ stock, the figure said twice."""
    stock = _by_region(sections.get(Section.STOCK), known)
    overdue = _by_region(sections.get(Section.OVERDUE), known)
    rates = {row.region: row.percent for row in sections[Section.OVERDUE].rows} if overdue else {}

    def against(row: Row, split: Split) -> int:
        if sums.section is Section.NEW:
            return 0
        part: Split | None
        whole: Split | None
        if sums.section is Section.STOCK:
            part, whole, rate = overdue.get(row.region), split, rates.get(row.region)
        else:
            part, whole, rate = split, stock.get(row.region), row.percent
        found = 0
        if part and whole:
            found += any(left > right for left, right in zip(_values(part), _values(whole), strict=True))
            found += (
                rate is not None and percent(_values(part)[1], _values(whole)[1], rate.decimals) != rate.value
            )
        if sums.section is Section.PROBLEMS and row.region in overdue:
            said = zip(_values(split), _values(overdue[row.region]), strict=True)
            found += sum(again != first for again, first in said)
        return found

    return against


def _by_region(sums: _Sums | None, known: Mapping[int, Split]) -> dict[str | None, Split]:
    return {row.region: known[id(row)] for row in sums.rows if id(row) in known} if sums else {}


def _note_doubt(sums: _Sums, ranked: list[tuple[float, int, Choice]], chosen: Chosen) -> None:
    """Keep what could also be: other readings that contradict no more; or that nothing proves the best."""
    _, fewest, best = ranked[0]
    if not sums.runs or sums.section is Section.PROBLEMS:
        return
    if not sums.exact or sums.off(best):
        chosen.unproven.append(sums.section)
        return
    possible = [choice for _, found, choice in ranked if found == fewest and not sums.off(choice)]
    for at in sums.runs:
        row = sums.rows[at]
        others = {
            choice[at] for choice in possible if choice[at] != best[at] and not row.splits[choice[at]].odd
        }
        if others:
            chosen.open.append((row, [row.splits[other] for other in sorted(others)]))
