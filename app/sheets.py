"""The cells of a workbook that a form takes; the children that read ledgers read it, so that no file does harm."""

import tempfile
from pathlib import Path

from app.labels import T, Text
from app.ledger.cells import Cell
from app.ledger.rows import FileRefused
from app.ledger.sheets import RawChunk, RawSheet, read_raw

MOST_BYTES = 5 * 1024 * 1024
MOST_ROWS = 20_000
TOO_LARGE = T("The file is larger than 5 MB. Export and import it township by township.")


def first_sheet(content: bytes) -> list[list[Cell]] | Text:
    """The rows of the first sheet that is shown, from its row 1 on, or why there are none."""
    if len(content) > MOST_BYTES:
        return TOO_LARGE
    rows: list[list[Cell]] = []
    sheet: RawSheet | None = None
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "file"
        path.write_bytes(content)
        try:
            for part in read_raw(path):
                if isinstance(part, RawSheet):
                    if sheet is not None and rows:
                        break
                    sheet = None if part.is_hidden else part
                elif isinstance(part, RawChunk) and sheet is not None:
                    number, cells = part.rows()
                    rows += [[] for _ in range(number - 1 - len(rows))]
                    rows += cells
                    _mark(rows, number, sheet)
                    if len(rows) > MOST_ROWS:
                        break
        except FileRefused as refused:
            return refused.message
    return rows


def _mark(rows: list[list[Cell]], first: int, sheet: RawSheet) -> None:
    """A formula without a value, or an error, is no empty cell: it says so."""
    for number, marks in sheet.marks.items():
        row = rows[number - 1] if first <= number <= len(rows) else []
        for column, mark in marks:
            if mark and 0 <= column < len(row):
                row[column] = mark
