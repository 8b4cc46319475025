"""What a saved web page shows: a line for each block, tabs between the cells of a table. Pure.

One pass, only forward, whatever the page holds. Tables that only lay out a page (long cells, tables in them) become
plain lines.
"""

import re
from dataclasses import dataclass, field
from html import unescape

_TAG = re.compile(r"<!--|</?([a-zA-Z][a-zA-Z0-9]{0,20})|<[!?]")
_SPAN = re.compile(r"(col|row)span\s{0,3}=\s{0,3}[\"']?(\d{1,3})", re.IGNORECASE)
_BLOCKS = frozenset(
    [
        "p",
        "div",
        "br",
        "li",
        "ul",
        "ol",
        "h1",
        "h2",
        "h3",
        "h4",
        "h5",
        "h6",
        "section",
        "article",
        "header",
        "footer",
    ]
)
_TABLE = frozenset(["table", "tr", "td", "th"])
_HIDDEN = frozenset({"script", "style", "title", "template", "noscript"})
_MOST_NESTED, _MOST_SPANNED, _LONGEST_CELL = 12, 60, 80


@dataclass(slots=True)
class _Table:
    before: list[str]  # what stands before it; the text goes on there
    cells: list[str] = field(default_factory=list)
    pieces: list[str] | None = None  # of the open cell
    spanned: dict[int, int] = field(default_factory=dict)  # rows that a cell above still covers, by column
    covers: tuple[int, int] = (1, 1)  # columns and rows of the open cell
    holds_table: bool = False


def page_text(page: str) -> str:
    """The visible text of a page."""
    return _Page(page).read()


class _Page:
    def __init__(self, page: str) -> None:
        self.page, self.pieces = page, list[str]()
        self.tables: list[_Table] = []

    def read(self) -> str:
        at = 0
        while (tag := _TAG.search(self.page, at)) is not None:
            self._text(at, tag.start())
            name, closes = (tag[1] or "").lower(), tag[0].startswith("</")
            after = _after(self.page, "-->" if tag[0] == "<!--" else ">", tag.end())
            if name in _TABLE:
                self._table_tag(name, closes, self.page[tag.end() : min(after, tag.end() + 300)])
            elif name in _BLOCKS:
                self.pieces.append("\n")
            at = after
            if name in _HIDDEN and not closes:
                at = _after(self.page, f"</{name}", at)
        self._text(at, len(self.page))
        while self.tables:
            self._close_table()
        lines = (line.strip("\n\r ") for line in unescape("".join(self.pieces)).split("\n"))
        return "\n".join(line for line in lines if line.strip())

    def _text(self, start: int, end: int) -> None:
        self.pieces.append(" ".join(self.page[start:end].splitlines()).replace("\t", " "))

    def _table_tag(self, name: str, closes: bool, attributes: str) -> None:
        if name == "table" and not closes and len(self.tables) < _MOST_NESTED:
            for outer in self.tables[-1:]:
                outer.holds_table = True
            self.tables.append(_Table(self.pieces))
            self.pieces = []
        elif not self.tables:
            self.pieces.append("\n")
        elif name == "table" and closes:
            self._close_table()
        elif name == "tr":
            self._end_row()
        else:
            self._end_cell()
            if not closes:
                self._begin_cell(attributes)

    def _begin_cell(self, attributes: str) -> None:
        spans = {kind.lower(): min(int(n), _MOST_SPANNED) for kind, n in _SPAN.findall(attributes)}
        table = self.tables[-1]
        table.covers = (max(1, spans.get("col", 1)), max(1, spans.get("row", 1)))
        table.pieces, self.pieces = self.pieces, []

    def _end_cell(self) -> None:
        table = self.tables[-1]
        if table.pieces is None:
            return
        self._skip_covered(table)
        columns, rows = table.covers
        for column in range(len(table.cells), len(table.cells) + columns):
            if rows > 1:
                table.spanned[column] = rows - 1
        table.cells += ["".join(self.pieces), *[""] * (columns - 1)]
        self.pieces, table.pieces = table.pieces, None

    def _skip_covered(self, table: _Table) -> None:
        while left := table.spanned.pop(len(table.cells), 0):
            if left > 1:
                table.spanned[len(table.cells)] = left - 1
            table.cells.append("")

    def _end_row(self) -> None:
        self._end_cell()
        table = self.tables[-1]
        if not table.cells:
            return
        self._skip_covered(table)
        cells = [" ".join(cell.split()) for cell in table.cells]
        plain = table.holds_table or max(map(len, cells)) > _LONGEST_CELL or len(cells) == 1
        self.pieces += ["\n", "\n".join(table.cells) if plain else "\t".join(cells), "\n"]
        table.cells, table.holds_table = [], False

    def _close_table(self) -> None:
        self._end_row()
        table = self.tables.pop()
        table.before += ["\n", "".join(self.pieces), "\n"]
        self.pieces = table.before


def _after(text: str, mark: str, start: int) -> int:
    """Where the next ``mark`` ends, in small or capital letters; the end of the text if there is none."""
    found = re.compile(re.escape(mark), re.IGNORECASE).search(text, start)
    return found.end() if found else len(text)
