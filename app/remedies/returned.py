"""The disposal ledger as it comes back: which rows name a case, and what they say about it. Pure."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from app.labels import T, Text
from app.remedies.register import TAKEN_BACK, Column

MOST_ROWS = 5_000
_SEARCHED = 30  # rows, for the titles
_EPOCH = date(1899, 12, 30)  # of a workbook's days
_DAY = re.compile(r"(\d{4})\s*[-/.年]\s*(\d{1,2})\s*[-/.月]\s*(\d{1,2})\s*日?(?:[ T]00:00(?::00)?(?:\.0+)?)?")
_NUMBER = re.compile(r"\d{1,18}")
NO_HEADS = T(
    "The workbook has no row with the titles “Case number” and “Cause”. Export the disposal ledger and edit that file."
)
TOO_MANY = T("The workbook has more than %(n)s rows. Export and import it township by township.", n=MOST_ROWS)

Cell = str | float | int


@dataclass(frozen=True, slots=True)
class Said:
    """What one row says: texts as typed, None for a column that the workbook lacks. ``row`` as Excel counts."""

    row: int
    case: str
    cells: Mapping[Column, Cell]

    def text(self, column: Column) -> str | None:
        """The cell as a text, without the spaces around it."""
        return _text(self.cells[column]) if column in self.cells else None


def _text(cell: Cell) -> str:
    if isinstance(cell, float) and cell.is_integer():
        return str(int(cell))
    return str(cell).replace("\r\n", "\n").strip()


def day_of(cell: Cell) -> date | None:
    """A day as Excel keeps it or as people write it. Raises ValueError where it is none."""
    if isinstance(cell, bool):
        raise ValueError(cell)
    if isinstance(cell, int | float):
        if not 20_000 < cell < 80_000:
            raise ValueError(cell)
        return _EPOCH + timedelta(days=int(cell))
    text = cell.strip()
    if not text:
        return None
    match = _DAY.fullmatch(text)
    if match is None:
        raise ValueError(text)
    return date(*map(int, match.groups()))


def rows_said(sheet: Sequence[Sequence[Cell]], titles: Mapping[str, Column]) -> list[Said] | Text:
    """The rows that name a case, or why the sheet cannot be read. ``titles``: every language's title of a column."""
    first, places = _heads(sheet, titles)
    if not places:
        return NO_HEADS
    kept = {column: n for column, n in places.items() if column in TAKEN_BACK}
    found = []
    for number, row in enumerate(sheet[first:], first + 1):
        case = _text(row[places[Column.CASE]]) if places[Column.CASE] < len(row) else ""
        cells = {column: row[n] if n < len(row) else "" for column, n in kept.items()}
        if case or any(_text(cell) for cell in cells.values()):
            found.append(Said(number, case, cells))
    return TOO_MANY if len(found) > MOST_ROWS else found


def _heads(sheet: Sequence[Sequence[Cell]], titles: Mapping[str, Column]) -> tuple[int, dict[Column, int]]:
    """Where the rows below the titles begin, and the place of each column; empty where there are no titles."""
    for below, row in enumerate(sheet[:_SEARCHED], 1):
        named = reversed(list(enumerate(map(_text, row))))
        places = {titles[text]: at for at, text in named if text in titles}
        if Column.CASE in places and Column.CAUSE in places:
            return below, places
    return 0, {}


def unreadable(said: Said) -> bool:
    """A cell holds a formula without its value, or an error."""
    return any(isinstance(cell, str) and cell.startswith("\0") for cell in said.cells.values())


def case_number(text: str) -> int | None:
    return int(text) if _NUMBER.fullmatch(text) else None
