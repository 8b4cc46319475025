"""What is wrong with a bulletin's text, as a value. Pure."""

from collections.abc import Iterable
from dataclasses import dataclass

from app.editions.document import Block, Kind
from app.labels import Labelled, T, Text

ORDINARY_WORD = 2  # characters of a name that may be one
_SITUATION = "一、"


class Kinds(Labelled):
    FIELD = "field", T("Field")
    FIGURE = "figure", T("Figure")
    PROOF = "proof", T("Proof-reader")
    PERSON = "person", T("Personal data")
    NAME = "name", T("A borrower's name")


@dataclass(frozen=True, slots=True)
class Found:
    """What is wrong with some words, in which block of the text (None: in none alone). ``aside``: why it may stay."""

    kind: Kinds
    words: str
    reason: Text
    block: int | None = None
    blocks: bool = True
    expected: str = ""
    aside: str = ""

    @property
    def may_be_set_aside(self) -> bool:
        return self.kind is Kinds.PROOF or (self.kind is Kinds.NAME and len(self.words) == ORDINARY_WORD)

    @property
    def key(self) -> str:
        """What it is known by when it is set aside: the name, or the number with what it should be."""
        return f"{self.words} → {self.expected}"[:64] if self.kind is Kinds.PROOF else self.words


def blocking(found: Iterable[Found]) -> list[Found]:
    return [one for one in found if one.blocks]


def written_by_people(blocks: Iterable[Block]) -> list[tuple[int, Block]]:
    """The blocks with their positions, without 基本情况, which follows from the figures."""
    part, found = "", []
    for number, block in enumerate(blocks):
        part = block.text if block.kind is Kind.PART else part
        if not part.startswith(_SITUATION):
            found.append((number, block))
    return found
