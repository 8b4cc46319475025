"""Ranks: a place's printed rank, and lists of the first or the last, against the figures that the text gives. Pure.

Whether the first has the most or the least is not always said; it is taken as that with which more ranks agree.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal

from app.bulletin.proofread.board import Prepared
from app.bulletin.proofread.figures import Aspect, Cell, Figure, Values
from app.bulletin.proofread.naming import SUBTOTAL, Names, base_region
from app.bulletin.proofread.outcome import Finding
from app.bulletin.proofread.phrases import Phrases, Said
from app.bulletin.proofread.printed import TOTAL
from app.bulletin.proofread.tops import Top
from app.labels import T

_FEWEST = 2  # places between which ranks mean something


@dataclass(frozen=True, slots=True)
class _Order:
    """The values of one figure from the first to the last; ``signs`` -1 where the first has the most."""

    sorted: tuple[Decimal, ...]
    distinct: tuple[Decimal, ...]
    sign: int

    def ranks(self, value: Decimal) -> set[int]:
        """Every rank that a value may be given: of equals any, or counted without gaps."""
        signed = self.sign * value
        low, high = bisect_left(self.sorted, signed), bisect_right(self.sorted, signed)
        return {*range(low + 1, high + 1), bisect_left(self.distinct, signed) + 1}


def _ranks_of(prepared: Prepared) -> dict[Figure, list[Cell]]:
    found: dict[Figure, list[Cell]] = {}
    for cell in prepared.board.printed:
        if cell.aspect is Aspect.RANK and cell.region != TOTAL and _own(prepared, cell):
            found.setdefault(cell.figure, []).append(cell)
    return {
        figure: cells
        for figure, cells in found.items()
        if len(_with_cleared(prepared, figure, prepared.values)) >= _FEWEST
    }


def _own(prepared: Prepared, cell: Cell) -> Cell | None:
    return prepared.layout.primary(base_region(cell.region), cell.figure)


def _column(prepared: Prepared, figure: Figure, values: Values) -> dict[str, Decimal]:
    """The first printed value of every place."""
    column: dict[str, Decimal] = {}
    for cell in prepared.board.printed:
        region = base_region(cell.region)
        if cell.figure is figure and cell.aspect is Aspect.NOW and region not in (TOTAL, SUBTOTAL):
            first = prepared.layout.primary(region, figure)
            column.setdefault(region, Decimal(values[first or cell]))
    return column


def ranked(prepared: Prepared) -> set[Cell]:
    """The ranks that can be checked."""
    return {cell for cells in _ranks_of(prepared).values() for cell in cells}


def rank_findings(prepared: Prepared, values: Values, names: Names) -> Iterator[Finding]:
    """Each printed rank that is not the figure's."""
    for figure, cells in _ranks_of(prepared).items():
        column = _with_cleared(prepared, figure, values)
        orders = [_order(column, sign) for sign in (-1, 1)]
        agree = [
            sum(int(values[cell]) in order.ranks(column[base_region(cell.region)]) for cell in cells)
            for order in orders
        ]
        order = orders[agree.index(max(agree))]
        for cell in cells:
            right = order.ranks(column[base_region(cell.region)])
            if int(values[cell]) not in right:
                yield _finding(prepared, cell, min(right), names)


def _with_cleared(prepared: Prepared, figure: Figure, values: Values) -> dict[str, Decimal]:
    """The column, with nothing for places that are said to have nothing overdue."""
    column = _column(prepared, figure, values)
    if figure in (Figure.OVERDUE_RATE_PCT, Figure.OVERDUE_WAN, Figure.OVERDUE_HOUSEHOLDS):
        column |= dict.fromkeys(prepared.cleared - column.keys(), Decimal(0))
    return column


def top_findings(prepared: Prepared, values: Values, names: Names, phrases: Phrases) -> Iterator[Finding]:
    """Each name in a list of the first or the last that does not belong there."""
    for top, said in phrases.tops:
        column = _with_cleared(prepared, top.figure, values)
        if len(column) < max(_FEWEST, len(said)) or any(one.region not in column for one in said):
            continue
        signs = (-1, 1) if top.most is None else (-1,) if top.most else (1,)
        wrong = [_misplaced(top, said, column, _order(column, sign)) for sign in signs]
        fewest = min(wrong, key=len)
        if any(not misplaced for misplaced in wrong):
            continue
        for one, right in fewest:
            reason = T(
                "By the printed figures (%(figure)s) it is %(names)s.",
                figure=top.figure.label,
                names="、".join(names(region) for region in right),
            )
            place = (one.name, names(right[0]) if len(right) == 1 else "", one.start, one.end)
            yield Finding(names(one.region or TOTAL), one.section, top.figure, *place, reason, Aspect.RANK)


def _misplaced(
    top: Top, said: list[Said], column: dict[str, Decimal], order: "_Order"
) -> list[tuple[Said, list[str]]]:
    """The names out of place, each with those that could stand there."""
    ranks = {one.start: order.ranks(column[one.region or TOTAL]) for one in said}
    listed = {one.region for one in said}
    by_rank = sorted(column, key=lambda region: order.sign * column[region])
    found = []
    for at, one in enumerate(said, 1):
        if top.ordered and at not in ranks[one.start]:
            found.append((one, [region for region in by_rank if at in order.ranks(column[region])][:_FEWEST]))
        elif not top.ordered and min(ranks[one.start]) > len(said):
            found.append((one, [region for region in by_rank[: len(said)] if region not in listed][:_FEWEST]))
    return found


def _order(column: dict[str, Decimal], sign: int) -> _Order:
    signed = sorted(sign * value for value in column.values())
    return _Order(tuple(signed), tuple(sorted(set(signed))), sign)


def _finding(prepared: Prepared, cell: Cell, right: int, names: Names) -> Finding:
    printed = prepared.board.printed[cell]
    reason = T(
        "By the printed figures (%(figure)s) %(name)s is number %(rank)s.",
        figure=cell.figure.label,
        name=names(cell.region),
        rank=right,
    )
    return Finding(
        names(cell.region),
        cell.section,
        cell.figure,
        printed.text,
        str(right),
        printed.start,
        printed.end,
        reason,
        Aspect.RANK,
    )
