"""What the files of a bundle tell: the tables and the text of Word, Excel, plain text and web page. Pure.

Nothing here knows how the files were written, and nothing in them is believed: a document type is refused, sizes are
bounded.
"""

import re
import zipfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from html.parser import HTMLParser
from io import BytesIO
from xml.parsers import expat

from python_calamine import CalamineError, CalamineWorkbook

Grid = list[list[str]]  # a table's rows, head first
MOST_XML = 64 * 1024 * 1024
TOTAL = "合计"
_WORD = "http://schemas.openxmlformats.org/wordprocessingml/2006/main\x1f"
# A column by the beginning of its head: the figure's name in FigureRow.to_json.
HEADS = {
    "存量户数": "stock_households",
    "存量金额": "stock_wan",
    "新增户数": "new_households",
    "新增金额": "new_wan",
    "年度目标任务": "target_wan",
    "完成率": "completion_pct",
    "逾期户数": "overdue_households",
    "逾期笔数": "overdue_loans",
    "逾期金额": "overdue_wan",
    "逾期率": "overdue_rate_pct",
}


class Unreadable(ValueError):
    """The file is not what its name says."""


@dataclass(frozen=True, slots=True)
class Told:
    """What a file tells: its tables, the figures in its text that say which they are, and the text."""

    grids: list[Grid]
    marked: Sequence[tuple[str, str]] = ()
    prose: str = ""


def columns(grid: Grid) -> list[str | None]:
    """For each column of a table the figure it tells; none of them in a table of something else."""
    if not grid:
        return []
    keys = [
        next((key for head, key in HEADS.items() if re.sub(r"\s", "", cell).startswith(head)), None)
        for cell in grid[0]
    ]
    return keys if any(keys) else []


def _word(content: bytes) -> Told:
    try:
        with zipfile.ZipFile(BytesIO(content)) as archive, archive.open("word/document.xml") as part:
            xml = part.read(MOST_XML + 1)
        if len(xml) > MOST_XML:
            raise Unreadable
        return _WordTables().read(xml)
    except (
        KeyError,
        OSError,
        zipfile.BadZipFile,
        expat.ExpatError,
        RuntimeError,
        NotImplementedError,
    ) as error:
        raise Unreadable from error


class _WordTables:
    """The tables of a Word document, cell by cell, and its text, from the XML."""

    def __init__(self) -> None:
        self.tables: list[Grid] = []
        self.prose: list[str] = []
        self.in_text = self.in_cell = False

    def read(self, xml: bytes) -> Told:
        parser = expat.ParserCreate(namespace_separator="\x1f")
        parser.StartElementHandler, parser.EndElementHandler = self._start, self._end
        parser.CharacterDataHandler = self._data
        parser.StartDoctypeDeclHandler = self._refuse
        parser.Parse(xml, True)
        return Told(self.tables, prose="".join(self.prose))

    def _start(self, name: str, _attributes: object) -> None:
        tag = name.removeprefix(_WORD)
        if tag == "tbl":
            self.tables.append([])
        elif tag == "tr" and self.tables:
            self.tables[-1].append([])
        elif tag == "tc" and self.tables and self.tables[-1]:
            self.tables[-1][-1].append("")
            self.in_cell = True
        self.in_text = tag == "t"

    def _end(self, name: str) -> None:
        self.in_text = False
        if name == _WORD + "tc":
            self.in_cell = False
        elif name == _WORD + "p" and not self.in_cell:
            self.prose.append("\n")

    def _data(self, data: str) -> None:
        if self.in_text and self.in_cell:
            self.tables[-1][-1][-1] += data
        elif self.in_text:
            self.prose.append(data)

    def _refuse(self, *_declaration: object) -> None:
        raise Unreadable


def _excel(content: bytes) -> Told:
    try:
        book = CalamineWorkbook.from_filelike(BytesIO(content))
        sheets = [book.get_sheet_by_name(name).to_python() for name in book.sheet_names]
    except (CalamineError, OSError, ValueError) as error:
        raise Unreadable from error
    grids = []
    for sheet in sheets:
        rows = [[_cell(value) for value in row] for row in sheet]
        head = next((at for at, row in enumerate(rows) if any(columns([row]))), None)
        if head is None:
            continue
        total = next((at for at, row in enumerate(rows) if at > head and TOTAL in row[:2]), len(rows) - 1)
        body = [
            [row[0], TOTAL if TOTAL in row[:2] else row[1], *row[2:]] for row in rows[head + 1 : total + 1]
        ]
        grids.append([rows[head], *body])
    return Told(grids)


def _cell(value: object) -> str:
    return repr(value) if isinstance(value, float) else str(value)


def _text(content: bytes) -> Told:
    try:
        lines = content.decode().split("\n")
    except UnicodeDecodeError as error:
        raise Unreadable from error
    grids: list[Grid] = []
    table: Grid = []
    for line in (*lines, ""):
        cells = ["" if cell == "-" else cell for cell in re.split(r" {2,}", line.strip())]
        if cells[0] == "序号":
            table = [cells]
        elif table and line.strip():
            table.append(cells)
        elif table:
            grids.append(table)
            table = []
    return Told(grids, prose=re.sub(r"\n+", "\n", "\n".join(lines)))


def _page(content: bytes) -> Told:
    reader = _PageReader()
    try:
        reader.feed(content.decode())
        reader.close()
    except (UnicodeDecodeError, AssertionError) as error:
        raise Unreadable from error
    return Told(reader.tables, reader.marked, "".join(reader.prose))


class _PageReader(HTMLParser):
    """The tables of a page, its text, and the figures that name themselves."""

    def __init__(self) -> None:
        super().__init__()
        self.tables: list[Grid] = []
        self.marked: list[tuple[str, str]] = []
        self.prose: list[str] = []
        self._in_cell = False
        self._figure: str | None = None

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag == "table":
            self.tables.append([])
        elif tag == "tr" and self.tables:
            self.tables[-1].append([])
        elif tag in ("td", "th") and self.tables and self.tables[-1]:
            self.tables[-1][-1].append("")
            self._in_cell = True
        if figure := dict(attrs).get("data-figure"):
            self._figure = figure
            self.marked.append((figure, ""))

    def handle_endtag(self, tag: str) -> None:
        if tag in ("td", "th"):
            self._in_cell = False
        if tag in ("a", "span"):
            self._figure = None
        if tag in ("p", "h1", "h2", "h3"):
            self.prose.append("\n")

    def handle_data(self, data: str) -> None:
        if self._in_cell:
            self.tables[-1][-1][-1] += data
        else:
            self.prose.append(data.strip("\n"))
        if self._figure:
            self.marked[-1] = (self._figure, self.marked[-1][1] + data)


READERS: dict[str, Callable[[bytes], Told]] = {
    "bulletin.docx": _word,
    "annex.xlsx": _excel,
    "bulletin.txt": _text,
    "bulletin.html": _page,
}
