"""A text cut into pieces, so that a page can mark what the proof-reader found in it. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise


@dataclass(frozen=True, slots=True)
class Piece:
    """Some text and the numbers (from 1) of the findings it lies in; ``starts`` are those that begin with it."""

    text: str
    numbers: tuple[int, ...] = ()
    starts: tuple[int, ...] = ()


def pieces(text: str, spans: Sequence[tuple[int, int]]) -> list[Piece]:
    """The whole text, cut wherever a span begins or ends. Spans may overlap.

    An empty span (something is missing here) becomes an empty piece of its own.
    """
    numbered = list(enumerate(spans, 1))
    cuts = sorted({0, len(text), *(edge for span in spans for edge in span)})
    found: list[Piece] = []
    for start, end in pairwise([*cuts, len(text)]):
        empty = tuple(n for n, span in numbered if span == (start, start))
        if empty:
            found.append(Piece("", empty, empty))
        if end > start:
            inside = tuple(n for n, (first, last) in numbered if first <= start and end <= last)
            starts = tuple(n for n in inside if spans[n - 1][0] == start)
            found.append(Piece(text[start:end], inside, starts))
    return found
