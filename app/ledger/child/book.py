"""The cells of a workbook, by calamine, which reads a whole sheet before it gives the first row."""

from itertools import islice
from pathlib import Path

from python_calamine import (
    CalamineError,
    CalamineSheet,
    CalamineWorkbook,
    PasswordError,
    SheetTypeEnum,
    SheetVisibleEnum,
)

from .protocol import Refuse, Send

CHUNK = 2000
MAX_MERGES = 50_000


def read(path: Path, send: Send) -> None:
    """Each worksheet: first what it is, then its rows from row 1 on, in chunks."""
    try:
        with path.open("rb") as file:
            book = CalamineWorkbook.from_filelike(file)
            for meta in book.sheets_metadata:
                if meta.typ == SheetTypeEnum.WorkSheet:
                    sheet = book.get_sheet_by_name(meta.name)
                    _send_sheet(sheet, meta.visible != SheetVisibleEnum.Visible, send)
                    del sheet
    except PasswordError as error:
        raise Refuse("password") from error
    except CalamineError as error:
        raise Refuse("damaged") from error


def _send_sheet(sheet: CalamineSheet, hidden: bool, send: Send) -> None:
    start, end = sheet.start, sheet.end
    if start is None or end is None:
        send({"sheet": sheet.name, "hidden": hidden, "first_col": 0, "rows": 0, "merges": []})
        return
    down = [(a, b) for a, b in (sheet.merged_cell_ranges or ()) if b[0] > a[0]]
    send(
        {
            "sheet": sheet.name,
            "hidden": hidden,
            "first_col": start[1],
            "rows": end[0] + 1,
            "merges": down[:MAX_MERGES],
        }
    )
    rows = sheet.iter_rows()
    for number in range(1, end[0] + 2, CHUNK):
        send({"row": number, "cells": list(islice(rows, CHUNK))})
