"""What has changed between two texts, paragraph by paragraph and within one. Pure."""

from collections.abc import Iterator
from dataclasses import dataclass
from difflib import SequenceMatcher
from enum import Enum

_ALIKE = 0.4  # paragraphs that have less in common are one taken out and one put in


class Change(Enum):
    SAME = "same"
    REMOVED = "removed"
    ADDED = "added"


@dataclass(frozen=True, slots=True)
class Bit:
    """Some words that stayed, went or came."""

    change: Change
    text: str


@dataclass(frozen=True, slots=True)
class Line:
    """A paragraph as bits; ``changed`` where any of them went or came."""

    bits: tuple[Bit, ...]

    @property
    def changed(self) -> bool:
        return any(bit.change is not Change.SAME for bit in self.bits)


def compare(old: str, new: str) -> list[Line]:
    """The new text's paragraphs with what is new in them, and those that are gone."""
    before, after = old.split("\n"), new.split("\n")
    lines: list[Line] = []
    for tag, i, j, k, m in SequenceMatcher(None, before, after, autojunk=False).get_opcodes():
        if tag == "equal":
            lines += [Line((Bit(Change.SAME, text),)) for text in before[i:j] if text]
        else:
            lines += _replaced(before[i:j], after[k:m])
    return lines


def _replaced(before: list[str], after: list[str]) -> Iterator[Line]:
    left = [text for text in before if text]
    for text in after:
        if not text:
            continue
        near = max(left, key=lambda one: _ratio(one, text), default="")
        if near and _ratio(near, text) >= _ALIKE:
            for gone in left[: left.index(near)]:
                yield Line((Bit(Change.REMOVED, gone),))
            left = left[left.index(near) + 1 :]
            yield Line(tuple(_within(near, text)))
        else:
            yield Line((Bit(Change.ADDED, text),))
    for gone in left:
        yield Line((Bit(Change.REMOVED, gone),))


def _ratio(one: str, other: str) -> float:
    return SequenceMatcher(None, one, other, autojunk=False).ratio()


def _within(old: str, new: str) -> Iterator[Bit]:
    for tag, i, j, k, m in SequenceMatcher(None, old, new, autojunk=False).get_opcodes():
        if tag == "equal":
            yield Bit(Change.SAME, old[i:j])
            continue
        if j > i:
            yield Bit(Change.REMOVED, old[i:j])
        if m > k:
            yield Bit(Change.ADDED, new[k:m])
