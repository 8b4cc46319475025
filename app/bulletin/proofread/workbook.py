"""The shown sheets of an Excel file as lines of cells, each number as Excel shows it. Pure.

A table is proof-read as it is printed: 0.1199 in a cell for percentages is 11.99%, and hidden rows are not there.
"""

import posixpath
import re
from dataclasses import dataclass, field
from decimal import ROUND_HALF_UP, Decimal, InvalidOperation

from app.bulletin.proofread.errors import NotABulletin
from app.bulletin.proofread.packages import DAMAGED, SEPARATOR, Package, parse
from app.labels import T, Text

MAX_LINES = 20_000
_MAX_COLUMNS = 60
_MAX_DIGITS = 30
_HIDDEN = T("Hidden sheets, rows and columns of the file were not read.")
_LONG = T("The file has more than %(n)s rows. Save the bulletin's tables alone.", n=MAX_LINES)
_SHEET = "xl/workbook.xml"
_FORMATS = {1: "0", 2: "0.00", 3: "#,##0", 4: "#,##0.00", 9: "0%", 10: "0.00%"}
_CELL = re.compile(r"([A-Z]{1,3})\d{1,7}")


@dataclass(slots=True)
class _Book:
    """What the sheets share."""

    strings: list[str] = field(default_factory=list)
    formats: list[str] = field(default_factory=list)  # by style
    hidden: bool = False
    empty: int = 0  # formulas without a value
    lines: list[str] = field(default_factory=list)


def read_workbook(data: bytes) -> tuple[str, list[Text]]:
    """The text of all shown sheets, and what a reader should know. Raises NotABulletin."""
    package, book = Package(data), _Book()
    if "xl/sharedStrings.xml" in package.names:
        book.strings = _strings(package.read("xl/sharedStrings.xml"))
    if "xl/styles.xml" in package.names:
        book.formats = _formats(package.read("xl/styles.xml"))
    for name, part in _sheets(package, book):
        book.lines.append(name)
        reader = _Sheet(book)
        parse(package.read(part), reader.start, reader.end, reader.data)
        book.lines.append("")  # so that the next sheet's table is another
    hints = [_HIDDEN] if book.hidden else []
    if book.empty:
        hints.append(
            T(
                "Formulas in the file hold no value yet (%(n)s cells). Open it in Excel, save it, and give it again.",
                n=book.empty,
            )
        )
    return "\n".join(book.lines) + "\n", hints


def _local(name: str) -> str:
    return name.rpartition(SEPARATOR)[2]


def _sheets(package: Package, book: _Book) -> list[tuple[str, str]]:
    """The shown sheets: name and part."""
    targets: dict[str, str] = {}
    found: list[tuple[str, str]] = []

    def relation(name: str, attributes: dict[str, str]) -> None:
        if _local(name) == "Relationship":
            target = attributes.get("Target", "")
            inner = target.lstrip("/") if target.startswith("/") else posixpath.join("xl", target)
            targets[attributes.get("Id", "")] = posixpath.normpath(inner)

    def sheet(name: str, attributes: dict[str, str]) -> None:
        if _local(name) != "sheet":
            return
        if attributes.get("state", "visible") != "visible":
            book.hidden = True
            return
        number = next((value for key, value in attributes.items() if _local(key) == "id"), "")
        if number in targets:
            found.append((" ".join(attributes.get("name", "").split()), targets[number]))

    parse(package.read("xl/_rels/workbook.xml.rels"), relation)
    parse(package.read(_SHEET), sheet)
    if not found:
        raise NotABulletin(DAMAGED)
    return found


def _strings(xml: bytes) -> list[str]:
    found: list[str] = []
    path: list[str] = []

    def start(name: str, _attributes: dict[str, str]) -> None:
        path.append(_local(name))
        if path[-1] == "si":
            found.append("")

    def end(_name: str) -> None:
        path.pop()

    def data(text: str) -> None:
        if path and path[-1] == "t" and found and "rPh" not in path[-3:]:  # rPh: how it is pronounced
            found[-1] += text

    parse(xml, start, end, data)
    return found


def _formats(xml: bytes) -> list[str]:
    """The number format of each cell style."""
    own: dict[int, str] = {}
    found: list[str] = []
    path: list[str] = []

    def start(name: str, attributes: dict[str, str]) -> None:
        path.append(_local(name))
        if path[-1] == "numFmt":
            own[_whole(attributes.get("numFmtId"))] = attributes.get("formatCode", "")
        elif path[-2:] == ["cellXfs", "xf"]:
            number = _whole(attributes.get("numFmtId"))
            found.append(own.get(number, _FORMATS.get(number, "")))

    def end(_name: str) -> None:
        path.pop()

    parse(xml, start, end)
    return found


def _whole(text: str | None) -> int:
    return int(text) if text and text.isascii() and text.isdigit() and len(text) < 10 else 0


class _Sheet:
    """Collects the cells of a sheet, line by line."""

    def __init__(self, book: _Book) -> None:
        self.book = book
        self.hidden_columns: set[int] = set()
        self.row: dict[int, str] = {}
        self.skip = False
        self.kind, self.style, self.column = "", 0, 0
        self.text: str = ""
        self.taking = self.formula = False

    def start(self, name: str, attributes: dict[str, str]) -> None:
        name = _local(name)
        if name == "col" and attributes.get("hidden") in ("1", "true"):
            first, last = _whole(attributes.get("min")), _whole(attributes.get("max"))
            self.hidden_columns |= set(range(first - 1, min(last, _MAX_COLUMNS)))
            self.book.hidden = True
        elif name == "row":
            self.row, self.column = {}, -1
            self.skip = attributes.get("hidden") in ("1", "true")
            self.book.hidden = self.book.hidden or self.skip
        elif name == "c":
            at = _CELL.fullmatch(attributes.get("r", ""))
            self.column = _column(at[1]) if at else self.column + 1
            self.kind, self.style = attributes.get("t", "n"), _whole(attributes.get("s"))
            self.text, self.formula = "", False
        elif name == "f":
            self.formula = True
        self.taking = name in ("v", "t")

    def data(self, data: str) -> None:
        if self.taking:
            self.text += data

    def end(self, name: str) -> None:
        name = _local(name)
        self.taking = False
        if name == "c":
            self.book.empty += self.formula and not self.text
            if self.column < _MAX_COLUMNS and self.column not in self.hidden_columns:
                shown = " ".join(self._shown().split())
                self.row |= {self.column: shown} if shown else {}
        elif name == "row" and not self.skip:
            width = max(self.row, default=-1) + 1
            columns = [at for at in range(width) if at not in self.hidden_columns]
            self.book.lines.append("\t".join(self.row.get(at, "") for at in columns))
            if len(self.book.lines) > MAX_LINES:
                raise NotABulletin(_LONG)

    def _shown(self) -> str:
        if self.kind == "s":
            at = _whole(self.text)
            return self.book.strings[at] if at < len(self.book.strings) else ""
        if self.kind != "n" or not self.text:
            return self.text
        style = self.book.formats[self.style] if self.style < len(self.book.formats) else ""
        return as_shown(self.text, style)


def _column(letters: str) -> int:
    number = 0
    for letter in letters:
        number = number * 26 + ord(letter) - 64
    return number - 1


def as_shown(number: str, style: str) -> str:
    """A stored number as its format shows it: ``as_shown("0.119938", "0.00%") == "11.99%"``."""
    try:
        value = Decimal(f"{Decimal(number):.15g}") if len(number) <= _MAX_DIGITS else Decimal(0)
    except InvalidOperation:
        return number
    if not value.is_finite() or abs(value.adjusted()) > _MAX_DIGITS:
        return number
    code = re.sub(r"\[[^\]]*\]|\\.|_.|\*.", "", style.partition(";")[0])
    words = "".join(re.findall(r'"([^"]*)"', code))
    code = re.sub(r'"[^"]*"', "", code)
    if not re.search(r"[0#]", code):
        return f"{value.normalize():f}" if value else "0"
    if "%" in code:
        value, words = value * 100, f"%{words}"
    decimals = len(re.sub(r"[^0]", "", code.partition(".")[2]))
    shown = value.quantize(Decimal(1).scaleb(-decimals), ROUND_HALF_UP)
    return (f"{shown:,f}" if "," in code.partition(".")[0] else f"{shown:f}") + words
