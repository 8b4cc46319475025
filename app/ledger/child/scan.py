"""A look at the XML of an .xlsx before and beside calamine, which shows neither hidden rows nor formulas.

Everything is streamed in blocks, and searched for a few patterns instead of being parsed: a hundred megabytes
take half a second. What is looked for: archives that inflate without end, document types (entities), macros,
cells so far apart that a dense table of them would not fit, hidden rows, and the cells without a value of
their own: formulas never calculated, errors, and true or false.
"""

import html
import posixpath
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from zipfile import ZIP_DEFLATED, ZIP_STORED, ZipFile

from .protocol import Refuse

BLOCK = 1 << 20
MAX_ENTRIES = 5000
MAX_DIRECTORY = 2 << 20  # bytes; one entry takes about 80
MAX_ROW_XML = 16 << 20
MAX_ROWS, MAX_COLUMNS = 1_048_576, 16_384
MAX_CELLS = 20_000_000  # of the rectangle that all values of a sheet lie in; calamine holds each of its cells
MAX_MARKS = 200_000

_TAIL = 22 + 65_535  # the end record of an archive, behind it at most this much comment
_ENCRYPTED = 1
_USUAL_WIDTH = 52  # columns A to AZ; wider sheets are measured

_DTD = (b"<!DOCTYPE", b"<!ENTITY")
_ATTRIBUTE = re.compile(rb"([\w:]+)\s*=\s*(?:\"([^\"]*)\"|'([^']*)')")
_REF = re.compile(rb"\br=[\"']([A-Z]{1,3})([0-9]{1,9})[\"']")
_ROW_NUMBER = re.compile(rb"\br=[\"']([0-9]{1,9})[\"']")
_HIDDEN = re.compile(rb"\bhidden=[\"'](?:1|true)[\"']")
_ODD_TYPE = re.compile(rb"t=[\"'][eb][\"']")
_WIDE = re.compile(rb"r=[\"'](?:[B-Z][A-Z]|[A-Z]{3})[0-9]")


@dataclass
class Look:
    """What was seen in one sheet. Cells are [row from 1, column from 0]."""

    sheet: str
    hidden: list[int] = field(default_factory=list)
    formulas: list[tuple[int, int]] = field(default_factory=list)
    errors: list[tuple[int, int]] = field(default_factory=list)
    booleans: list[tuple[int, int]] = field(default_factory=list)
    last_row: int = 0


def look(path: Path, max_inflated: int) -> dict[str, Any]:
    """All worksheets of the workbook. Raises Refuse, or what zipfile raises for a damaged archive."""
    _check_end(path)
    with ZipFile(path) as zip_file:
        names = _checked_names(zip_file, max_inflated)
        archive = _Archive(zip_file, max_inflated)
        sheets = [(name, part) for name, part in archive.worksheets() if part in names]
        for name in names.difference(part for _, part in sheets):
            if name.lower().endswith((".xml", ".rels")):
                for _ in archive.blocks(name):
                    pass
        return {"looks": [_look(archive, name, part) for name, part in sheets]}


def _check_end(path: Path) -> None:
    """Refuse an archive whose directory alone would fill the memory, before zipfile reads it."""
    with path.open("rb") as file:
        size = file.seek(0, 2)
        file.seek(max(0, size - _TAIL))
        tail = file.read()
    at = tail.rfind(b"PK\x05\x06")
    if at < 0 or len(tail) - at < 22 or b"PK\x06\x07" in tail:
        raise Refuse("damaged")
    if int.from_bytes(tail[at + 12 : at + 16], "little") > MAX_DIRECTORY:
        raise Refuse("entries")


def _checked_names(archive: ZipFile, max_inflated: int) -> set[str]:
    infos = archive.infolist()
    names = {info.filename for info in infos}
    lower = {name.lower() for name in names}
    if any(name.endswith("vbaproject.bin") or name.startswith("xl/macrosheets/") for name in lower):
        raise Refuse("macros")
    if "xl/workbook.xml" not in names:
        raise Refuse("not_workbook")
    if len(infos) > MAX_ENTRIES:
        raise Refuse("entries")
    if len(names) != len(infos):
        raise Refuse("damaged")
    if any(info.flag_bits & _ENCRYPTED for info in infos):
        raise Refuse("password")
    if any(info.compress_type not in (ZIP_STORED, ZIP_DEFLATED) for info in infos):
        raise Refuse("damaged")
    if sum(info.file_size for info in infos) > max_inflated:
        raise Refuse("inflated")
    return names


class _Archive:
    """Reads the parts of the archive in blocks, each of them checked, and counts what they inflate to."""

    def __init__(self, archive: ZipFile, max_inflated: int) -> None:
        self._archive = archive
        self._left = max_inflated

    def blocks(self, name: str) -> Iterator[bytes]:
        """The part's blocks. zipfile fails where a part is not of the size that the directory declares."""
        carry: bytes | None = None
        with self._archive.open(name) as part:
            while block := part.read(BLOCK):
                if carry is None and (block[:2] in (b"\xff\xfe", b"\xfe\xff") or b"\0" in block[:4]):
                    raise Refuse("damaged")  # not in UTF-8, so that nothing below would be seen
                self._left -= len(block)
                if self._left < 0:
                    raise Refuse("inflated")
                if any(mark in block or mark in (carry or b"") + block[:16] for mark in _DTD):
                    raise Refuse("dtd")
                carry = block[-16:]
                yield block

    def worksheets(self) -> Iterator[tuple[str, str]]:
        """Each worksheet's name and the part it is in."""
        parts = {}
        for tag in self._tags("xl/_rels/workbook.xml.rels", b"Relationship"):
            target = tag.get("Target", "")
            parts[tag.get("Id")] = posixpath.normpath(posixpath.join("/xl", target)).lstrip("/")
        for tag in self._tags("xl/workbook.xml", b"sheet"):
            if tag.get("id") in parts:
                yield tag.get("name", ""), parts[tag["id"]]

    def _tags(self, name: str, tag: bytes) -> Iterator[dict[str, str]]:
        try:
            xml = b"".join(self.blocks(name))
        except KeyError as error:
            raise Refuse("damaged") from error
        return map(_attributes, re.findall(rb"<(?:\w+:)?" + tag + rb"\s([^>]*)>", xml))


def _attributes(tag: bytes) -> dict[str, str]:
    return {
        name.decode().rpartition(":")[2]: html.unescape((double or single).decode("utf-8", "replace"))
        for name, double, single in _ATTRIBUTE.findall(tag)
    }


def _look(archive: _Archive, name: str, part: str) -> dict[str, Any]:
    scan: _SheetScan | None = None
    rest = b""
    for block in archive.blocks(part):
        if scan is None:
            root = re.search(rb"<(?:(\w+):)?worksheet\b", block)
            scan = _SheetScan(name, (root[1] + b":") if root and root[1] else b"")
        rest += block
        cut = rest.rfind(scan.row_start)
        if cut > 0:
            scan.feed(rest[:cut])
            rest = rest[cut:]
        if len(rest) > MAX_ROW_XML:
            raise Refuse("damaged")
    if scan is None:
        return vars(Look(name))
    scan.feed(rest)
    return vars(scan.found)


class _SheetScan:
    """Searches the rows of one sheet, block by block, each block made of whole rows."""

    def __init__(self, name: str, prefix: bytes) -> None:
        p = re.escape(prefix)
        self.found = Look(name)
        self.row_start = b"<" + prefix + b"row"
        self._formula_start = b"<" + prefix + b"f"
        self._row = re.compile(rb"<" + p + rb"row(?=[\s>/])([^>]*)>")
        self._cell = re.compile(rb"<" + p + rb"c(?=[\s>])([^>]*)>")
        self._valued = re.compile(rb"<" + p + rb"c\s([^>]*[^>/])>")
        self._value = re.compile(rb"<" + p + rb"(?:v|is|f)(?=[\s>/])")
        self._never_calculated = re.compile(
            rb"<"
            + p
            + rb"c(?=[\s>])([^>]*)>\s*<"
            + p
            + rb"f(?:\s[^>]*/>|/>|(?:\s[^>]*)?>[^<]*</"
            + p
            + rb"f>)\s*"
            rb"(<" + p + rb"v\s*/>|<" + p + rb"v[^>]*></" + p + rb"v>)?\s*</" + p + rb"c>"
        )
        self._rows_before = 0
        self._first_row = 0
        self._width = _USUAL_WIDTH

    def feed(self, block: bytes) -> None:
        if b"hidden" in block:
            self._see_hidden(block)
        if _ODD_TYPE.search(block):
            self._see_odd_types(block)
        if self._formula_start in block:
            self._see_formulas(block)
        self._measure(block)
        self._rows_before += block.count(self.row_start)

    def _see_hidden(self, block: bytes) -> None:
        for count, match in enumerate(self._row.finditer(block), start=self._rows_before + 1):
            if _HIDDEN.search(match[1]):
                number = _ROW_NUMBER.search(match[1])
                self.found.hidden.append(int(number[1]) if number else count)

    def _see_odd_types(self, block: bytes) -> None:
        for match in self._cell.finditer(block):
            if odd := _ODD_TYPE.search(match[1]):
                self._mark(self.found.errors if b"e" in odd[0] else self.found.booleans, match[1])

    def _see_formulas(self, block: bytes) -> None:
        for match in self._never_calculated.finditer(block):
            if match[2] and re.search(rb"\bt=[\"']str[\"']", match[1]):
                continue  # calculated, and the result is an empty text
            self._mark(self.found.formulas, match[1])

    def _mark(self, marks: list[tuple[int, int]], attributes: bytes) -> None:
        ref = _REF.search(attributes)
        if ref is None:
            raise Refuse("no_references", sheet=self.found.sheet)
        if len(marks) >= MAX_MARKS:
            raise Refuse("marks", sheet=self.found.sheet)
        marks.append((int(ref[2]), _column(ref[1])))

    def _measure(self, block: bytes) -> None:
        """Grow the rectangle that holds all values; refuse when it gets too large."""
        first = self._value.search(block)
        if first is None:
            return
        if _WIDE.search(block):
            refs = (_REF.search(match[1]) for match in self._valued.finditer(block))
            self._width = max(self._width, max((_column(ref[1]) + 1 for ref in refs if ref), default=0))
        if not self._first_row:
            self._first_row = self._row_at(block, first.start())
        self.found.last_row = self._row_at(block, self._last_value(block))
        rows = self.found.last_row - self._first_row + 1
        if self.found.last_row > MAX_ROWS or self._width > MAX_COLUMNS or rows * self._width > MAX_CELLS:
            raise Refuse("far", sheet=self.found.sheet, row=self.found.last_row, columns=self._width)

    def _last_value(self, block: bytes) -> int:
        last = 0
        at = len(block)
        while at > 0 and not last:  # the last rows may be a long run of empty ones
            start = max(0, at - BLOCK // 16)
            for match in self._value.finditer(block, start, min(len(block), at + 8)):
                last = match.start()
            at = start
        return last

    def _row_at(self, block: bytes, position: int) -> int:
        start = block.rfind(self.row_start, 0, position)
        match = self._row.match(block, start) if start >= 0 else None
        number = _ROW_NUMBER.search(match[1]) if match else None
        return int(number[1]) if number else self._rows_before + block.count(self.row_start, 0, position)


def _column(letters: bytes) -> int:
    number = 0
    for code in letters:
        number = number * 26 + code - ord("A") + 1
    return number - 1
