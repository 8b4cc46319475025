"""Tables in a text: lines of cells between tabs, bars or wide gaps, under a head that names figures. Pure.

Word, Excel and web tables come as such lines (``documents``), and so does what is copied from one. Lines without a
head that is understood stay text.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import TypeAlias

from app.bulletin.proofread.columns import Column, read_columns
from app.bulletin.proofread.figures import AMOUNTS, HOUSEHOLDS, Aspect
from app.bulletin.proofread.printed import Printed, Section
from app.money import FEN_PER_WAN, FEN_PER_YUAN, to_fen

Field: TypeAlias = tuple[int, int]  # where a cell's text starts and ends
Grid: TypeAlias = list[list[Field]]

_WIDE_GAP = re.compile(r"\S {2,}\S")
_GAPS = re.compile(r" {2,}")
_RULE = re.compile(r"[\s|:+\-─]*")
_NUMBER = re.compile(
    r"(第?)\s?([+\-−－↑↓]?)\s?(\d{1,12}(?:,\d{3})*(?:\.\d{1,12})?)\s?(%|户|亿元|万元|元|个百分点|百分点|名|位)?"
)
_HAN = re.compile(r"[\u4e00-\u9fff]")
_CLEARED = re.compile(r"已?清零|无逾期")
_UNITS = {"亿元": 10_000 * FEN_PER_WAN, "万元": FEN_PER_WAN, "元": FEN_PER_YUAN}
_CAPTION = re.compile(r"(?:填报|制表|计量)?(?:单位|时间|日期|人)\s?:|截[至止]")
_LONGEST_CELL, _LONGEST_NAME = 60, 20
_MOST_COLUMNS, _CAPTION_LINES = 60, 4
_NAME_COLUMNS = 4  # the place's name is in one of the first


@dataclass(slots=True)
class TableRow:
    """A row with the place's name as printed and its figures by column."""

    name: str
    start: int
    end: int
    figures: dict[int, Printed] = field(default_factory=dict)
    cleared: Field | None = None
    region: str | None = None
    section: Section = Section.TABLE


@dataclass(slots=True)
class Table:
    start: int
    end: int
    columns: dict[int, Column]
    rows: list[TableRow]
    strange: list[tuple[TableRow, Field]]  # cells with digits that are no figure
    partial: bool = False


def find_tables(text: str, plain: str) -> list[Table]:
    """All tables, in their order."""
    found = []
    caption: list[str] = []
    for start, end, grid in _blocks(plain):
        if grid is None:
            caption = [*caption[1 - _CAPTION_LINES :], plain[start : min(end, start + _LONGEST_CELL)]]
            continue
        table = _table(text, plain, grid, "\n".join(caption))
        if table:
            found.append(table)
        caption = []
    return found


def _blocks(plain: str) -> Iterator[tuple[int, int, Grid | None]]:
    """Runs of lines with cells, and (None) each other line."""
    block: Grid = []
    start = at = 0
    for line in plain.splitlines(keepends=True):
        fields = _fields(plain, at, at + len(line))
        if fields is None:
            if block:
                yield start, at, block
                block = []
            if line.strip():
                yield at, at + len(line), None
        else:
            start = start if block else at
            block += [fields] if fields else []
        at += len(line)
    if block:
        yield start, at, block


def _fields(plain: str, start: int, end: int) -> list[Field] | None:
    """The cells of a line; none ([]) for a ruled line; None if it is no line of cells."""
    line = plain[start:end].rstrip("\r\n")
    if "\t" in line:
        cuts = re.compile(r"\t")
    elif "|" in line:
        inner = line.strip().strip("|")
        if _RULE.fullmatch(line):
            return []
        start, line, cuts = start + line.index(inner), inner, re.compile(r"\|")
    elif _WIDE_GAP.search(line):
        start, line, cuts = start + len(line) - len(line.lstrip()), line.strip(), _GAPS
    else:
        return None
    edges, at = [], 0
    for cut in cuts.finditer(line):
        edges.append((at, cut.start()))
        at = cut.end()
        if len(edges) > _MOST_COLUMNS:
            return None
    return [_stripped(plain, start + a, start + b) for a, b in [*edges, (at, len(line))]]


def _stripped(plain: str, start: int, end: int) -> Field:
    cell = plain[start:end]
    left = len(cell) - len(cell.lstrip())
    return (start + left, start + left + len(cell.strip()))


def _table(text: str, plain: str, grid: Grid, caption: str) -> Table | None:
    span = (min(row[0][0] for row in grid), max(row[-1][1] for row in grid))
    for candidate in (grid, _turned(grid)):
        first = next((at for at, row in enumerate(candidate) if _is_data(plain, row)), 0)
        if not first:
            continue
        name_at = _name_column(plain, candidate[first:])
        heads = _heads(plain, candidate[:first])
        caption += "".join(
            plain[slice(*cell)] for row in candidate[:first] for cell in row if _is_caption(plain, cell)
        )
        columns = read_columns([head if at != name_at else "" for at, head in enumerate(heads)], caption)
        if columns and any(column.aspect is Aspect.NOW for column in columns.values()):
            table = Table(*span, columns, [], [], bool(re.search(r"前[一二三四五六七八九十\d]", caption)))
            for row in candidate[first:]:
                _add_row(table, text, plain, row, name_at)
            return table if len(table.rows) > 1 else None
    return None


def _turned(grid: Grid) -> Grid:
    """Rows as columns, for a table that has the places on top."""
    width = max(len(row) for row in grid)
    if width * len(grid) > _MOST_COLUMNS * 200:
        return []
    return [[row[at] if at < len(row) else (row[-1][1], row[-1][1]) for row in grid] for at in range(width)]


def _is_data(plain: str, row: Sequence[Field]) -> bool:
    named = any(_is_name(plain[start:end]) for start, end in row[:_NAME_COLUMNS])
    return named and any(_NUMBER.fullmatch(plain, start, end) for start, end in row[1:])


def _is_name(cell: str) -> bool:
    return bool(_HAN.search(cell)) and not re.search(r"\d", cell) and len(cell) <= _LONGEST_NAME


def _name_column(plain: str, rows: Grid) -> int:
    """The one of the first columns that has the most different names."""
    names = [{plain[row[at][0] : row[at][1]] for row in rows if at < len(row)} for at in range(_NAME_COLUMNS)]
    counts = [sum(_is_name(name) for name in column) for column in names]
    return counts.index(max(counts))


def _is_caption(plain: str, place: Field) -> bool:
    return bool(_CAPTION.match(plain, *place))


def _heads(plain: str, rows: Grid) -> list[str]:
    """The head of each column, from several lines; a word over several columns counts for each of them."""
    width = max(len(row) for row in rows)
    heads = [""] * width
    for depth, row in enumerate(rows):
        cells = [plain[start:end] for start, end in row] + [""] * (width - len(row))
        if any(_is_caption(plain, place) for place in row):
            continue
        if sum(bool(cell) for cell in cells) < 2:
            continue  # a title
        carried = ""
        below = rows[depth + 1 :]
        for at, cell in enumerate(cells):
            spans = any(at < len(other) and other[at][1] > other[at][0] for other in below)
            carried = cell or (carried if spans else "")
            heads[at] += carried[:_LONGEST_CELL]
    return heads


def _add_row(table: Table, text: str, plain: str, cells: Sequence[Field], name_at: int) -> None:
    if name_at >= len(cells) or not _is_name(plain[slice(*cells[name_at])]):
        return
    start, end = cells[name_at]
    row = TableRow("".join(text[start:end].split()), start, end)
    for at, place in enumerate(cells):
        cell = plain[slice(*place)]
        if at == name_at or not cell:
            continue
        column = table.columns.get(at)
        printed = column and read_cell(text, plain, place, column)
        if printed:
            row.figures[at] = printed
        elif _CLEARED.search(cell):
            row.cleared = place
        elif column and re.search(r"\d", cell):
            table.strange.append((row, place))
    if row.figures or row.cleared:
        table.rows.append(row)


def read_cell(text: str, plain: str, place: Field, column: Column) -> Printed | None:
    """The number in a cell, in the unit that itself or else its column says."""
    found = _NUMBER.fullmatch(plain, *place)
    if found is None:
        return None
    sign, digits, unit = found[2], found[3].replace(",", ""), found[4] or ""
    down = sign in {"-", "−", "－", "↓"} and bool(sign)
    start, end = found.start(2 if sign else 3), found.end(3)
    decimals = len(digits.partition(".")[2])
    factor = (-1 if down else 1) * (1 if sign else column.sign)
    value: int | Decimal
    fen = 1
    if column.aspect is Aspect.RANK or column.figure in HOUSEHOLDS:
        if decimals and digits.rpartition(".")[2].strip("0"):
            return None
        value, decimals = int(Decimal(digits)), 0
    elif column.figure in AMOUNTS:
        fen = _UNITS.get(unit, column.unit)
        value = to_fen(digits, fen)
    else:
        value = Decimal(digits)
    worded = column.sign < 0 and not sign
    return Printed(start, end, text[start:end], value * factor, fen, decimals, worded)
