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

    An empty span (something is missing here) becomes an empty piece of its own. One pass over the cuts.
    """
    begins: dict[int, list[int]] = {}
    empty: dict[int, list[int]] = {}
    for number, (start, end) in enumerate(spans, 1):
        (begins if end > start else empty).setdefault(start, []).append(number)
    cuts = sorted({0, len(text), *(edge for span in spans for edge in span)})
    found: list[Piece] = []
    inside: list[int] = []
    for start, end in pairwise([*cuts, len(text)]):
        if missing := tuple(empty.pop(start, ())):
            found.append(Piece("", missing, missing))
        if end > start:
            starts = tuple(begins.get(start, ()))
            inside = sorted([*(n for n in inside if spans[n - 1][1] > start), *starts])
            found.append(Piece(text[start:end], tuple(inside), starts))
    return found
