"""A block cut for a page: its figures, which open their loans, and the words that something was found in. Pure."""

from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate, pairwise

from app.bulletin.marks import pieces
from app.editions.document import Block

# The loans behind a figure: which measure it counts, by the beginning of its name.
_MEASURES = (("stock", "stock"), ("new", "new"), ("completion", "new"), ("overdue", "overdue"))


@dataclass(frozen=True, slots=True)
class Piece:
    """Some words: the figure they print, and the numbers of the findings they lie in (``starts``: begin with)."""

    text: str
    figure: str | None = None
    numbers: tuple[int, ...] = ()
    starts: tuple[int, ...] = ()


def read(block: Block, words: Sequence[tuple[int, str]]) -> list[Piece]:
    """The block in pieces; ``words`` are numbered findings, each marked where it stands first."""
    text = block.text
    found = [(number, text.find(one), one) for number, one in words if one]
    found = [each for each in found if each[1] >= 0]
    edges = [0, *accumulate(len(run.text) for run in block.runs)]
    figures = {start: run.figure for start, run in zip(edges, block.runs, strict=False)}
    cut = pieces(text, [(at, at + len(one)) for _, at, one in found])
    result: list[Piece] = []
    start = 0
    for piece in cut:
        numbers = tuple(found[n - 1][0] for n in piece.numbers)
        starts = tuple(found[n - 1][0] for n in piece.starts)
        end = start + len(piece.text)
        inner = [start, *edges[bisect_right(edges, start) : bisect_left(edges, end)], end]
        for first, last in pairwise(inner):
            if last > first:
                run = edges[bisect_right(edges, first) - 1]
                result.append(
                    Piece(text[first:last], figures.get(run), numbers, starts if first == start else ())
                )
        start = end
    return result


def behind(figure: str) -> tuple[str, str] | None:
    """The measure and the region whose loans a figure is made of; None for what no loans stand behind."""
    code, _, name = figure.partition(".")
    measure = next((measure for start, measure in _MEASURES if name.startswith(start)), None)
    return (measure, code) if measure else None


def place_of(block: int, quote: str, blocks: Sequence[Block]) -> int | None:
    """Where a remark belongs now: the paragraph with its words, for they may have moved; None where they are gone."""
    if quote:
        near = sorted(range(len(blocks)), key=lambda n: abs(n - block))
        return next((n for n in near if quote in blocks[n].text), None)
    return block if block < len(blocks) else None
