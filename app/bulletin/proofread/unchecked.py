"""What is printed and cannot be checked: no sum, rate, change or second mention in the text tells of it. Pure."""

from collections.abc import Iterator

from app.bulletin.proofread.board import Prepared
from app.bulletin.proofread.checks import Within
from app.bulletin.proofread.figures import AVERAGES, BASES, Aspect, Cell, Figure
from app.bulletin.proofread.implied import Implied
from app.bulletin.proofread.naming import Names
from app.bulletin.proofread.outcome import Unchecked
from app.bulletin.proofread.printed import TOTAL
from app.bulletin.proofread.ranks import ranked
from app.bulletin.proofread.reading import Reading
from app.labels import T, Text

_STRANGE = T("The text does not tell which figure this is.")
_ELSEWHERE = T("It comes from elsewhere and is printed once.")
_ALONE = T("Nothing else in the text depends on it.")
_NO_TARGET = T("Its target is not printed.")
_NO_RATE = T("The stock or the amount overdue is not printed.")
_NO_BASE = T("The figure that it is compared with is not printed.")
_NO_RANKS = T("The figures that it is ranked among are not printed.")


def unchecked(text: str, reading: Reading, prepared: Prepared, names: Names) -> Iterator[Unchecked]:
    """All such numbers, in the order of the text."""
    sure = {
        cell for check in prepared.checks if not isinstance(check, Within | Implied) for cell in check.cells
    }
    sure |= ranked(prepared)
    found = [
        Unchecked(
            names(cell.region), cell.figure, cell.aspect, printed.text, printed.start, printed.end, _why(cell)
        )
        for cell, printed in prepared.board.printed.items()
        if cell not in sure and printed is not reading.none_overdue
    ]
    strange = [(printed.start, printed.end) for printed in prepared.layout.strange]
    for row in names.unknown:
        split = row.splits[0]
        parts = [split.households, split.amount] if row.whole is None else [row.whole.amount]
        strange += [(part.start, part.end) for part in (*parts, row.percent) if part]
    strange += [place for table in reading.tables for _, place in table.strange]
    found += [
        Unchecked(names(TOTAL), None, Aspect.NOW, text[start:end], start, end, _STRANGE)
        for start, end in strange
    ]
    yield from sorted(found, key=lambda number: (number.start, number.end))


def _why(cell: Cell) -> Text:
    if cell.aspect is Aspect.RANK:
        return _NO_RANKS
    if cell.aspect in BASES:
        return _NO_BASE
    if cell.aspect in AVERAGES:
        return _ELSEWHERE
    if cell.figure is Figure.COMPLETION_PCT:
        return _NO_TARGET
    return _NO_RATE if cell.figure is Figure.OVERDUE_RATE_PCT else _ALONE
