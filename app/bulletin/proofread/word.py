"""The text of a Word document in reading order, and where each piece of it stands in the file. Pure.

Deleted text is not read, inserted text is. A text box follows the paragraph that it is anchored in. A table's row is a
line with tabs between its cells.
"""

from dataclasses import dataclass, field
from typing import TypeAlias

from app.bulletin.proofread.packages import SEPARATOR, Package, parse
from app.labels import T, Text

WORD = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"
_COMPATIBILITY = "http://schemas.openxmlformats.org/markup-compatibility/2006"
_PREFIX = WORD + SEPARATOR
_FALLBACK = f"{_COMPATIBILITY}{SEPARATOR}Fallback"  # repeats what stands beside it, for old readers
_TRACKED = {"ins", "del", "moveFrom", "moveTo"}
_UNREAD = {"del", "moveFrom"}
TRACKED = T("The file has tracked changes: deleted text was not read, inserted text was.")

Piece: TypeAlias = tuple[str, int]  # text, and the number of its w:t in the file; -1 for none


@dataclass(frozen=True, slots=True)
class WordText:
    """The text, where each w:t of the file starts in it (start, number), and what a reader should know."""

    text: str
    places: list[tuple[int, int]]
    hints: list[Text]


def read_word(data: bytes) -> WordText:
    """Read word/document.xml. Raises NotABulletin."""
    reader = _Reader()
    parse(Package(data).read("word/document.xml"), reader.start, reader.end, reader.data)
    pieces, places, at = reader.flows[0].pieces, [], 0
    for text, number in pieces:
        if number >= 0:
            places.append((at, number))
        at += len(text)
    hints = [TRACKED] if reader.tracked else []
    if reader.pictures:
        hints.append(T("Pictures in the file (%(n)s) were not read.", n=reader.pictures))
    return WordText("".join(text for text, _ in pieces), places, hints)


@dataclass(slots=True)
class _Flow:
    """Text that runs on: the body, a text box, or a cell, whose paragraphs share a line."""

    pieces: list[Piece] = field(default_factory=list)
    cell: bool = False
    after: list[Piece] = field(default_factory=list)  # of text boxes, for the paragraph's end
    row: list[list[Piece]] = field(default_factory=list)
    span: int = 1
    joined: bool = False  # the paragraph's mark is deleted


class _Reader:
    """Hears the file's elements one after the other."""

    def __init__(self) -> None:
        self.flows = [_Flow()]
        self.path: list[str] = []
        self.count = -1  # the number of the present w:t
        self.unread = 0  # depth inside deleted text or alternate content
        self.tracked, self.pictures = False, 0

    def start(self, name: str, attributes: dict[str, str]) -> None:
        word = name.removeprefix(_PREFIX) if name.startswith(_PREFIX) else ""
        self.path.append(word)
        self.tracked = self.tracked or word in _TRACKED
        if word == "del" and self.path[-3:-1] == ["pPr", "rPr"]:
            self.flows[-1].joined = True
        if self.unread or word in _UNREAD or name == _FALLBACK:
            self.unread += 1
        self.count += word == "t"
        if self.unread:
            return
        flow = self.flows[-1]
        if word in ("tab", "br", "cr") and self.path[-2:-1] == ["r"]:
            flow.pieces.append((" " if flow.cell else "\t" if word == "tab" else "\n", -1))
        elif word in ("tc", "txbxContent"):
            self.flows.append(_Flow(cell=word == "tc"))
        elif word == "gridSpan":
            span = attributes.get(f"{_PREFIX}val", "1")
            flow.span = min(int(span), 60) if span.isascii() and span.isdigit() else 1
        elif name.endswith(f"{SEPARATOR}blip"):
            self.pictures += 1

    def end(self, name: str) -> None:
        word = self.path.pop()
        if self.unread:
            self.unread -= 1
            return
        flow = self.flows[-1]
        if word == "p":
            flow.pieces += [] if flow.joined else [(" " if flow.cell else "\n", -1)]
            flow.joined = False
            if not flow.cell:
                flow.pieces += flow.after
                flow.after = []
        elif word == "tc":
            self.flows.pop()
            outer = self.flows[-1]
            outer.row += [flow.pieces, *([] for _ in range(flow.span - 1))]
            outer.after += flow.after
        elif word == "tr":
            self._end_row(flow)
        elif word == "txbxContent":
            self.flows.pop()
            self.flows[-1].after += [*flow.pieces, *flow.after]

    def _end_row(self, flow: _Flow) -> None:
        line: list[Piece] = []
        for at, cell in enumerate(flow.row):
            while cell and cell[-1] == (" ", -1):
                cell.pop()
            line += [("\t", -1), *cell] if at else cell
        line.append(("\n", -1))
        flow.row = []
        if flow.cell:  # a table in a cell is read after the row around it
            flow.after += line
        else:
            flow.pieces += [*line, *flow.after]
            flow.after = []

    def data(self, data: str) -> None:
        if self.path and self.path[-1] == "t" and not self.unread:
            flow = self.flows[-1]
            flow.pieces.append((" ".join(data.split("\n")) if flow.cell else data, self.count))
