"""A ledger file becomes a ``Reading``: typed rows, refused rows with their reasons, findings. No database."""

import gc
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from app.labels import T, Text
from app.ledger.duplicates import sift
from app.ledger.fields import ALIASES, REQUIRED
from app.ledger.headers import HEADER_ROWS, find_header
from app.ledger.rows import FileRefused, Finding, Reading, RefusedRow, SheetInfo
from app.ledger.sheets import RawChunk, RawSheet, read_raw
from app.ledger.titles import Titles, read_titles
from app.ledger.townships import Townships
from app.ledger.typed import Frame, SheetTyper
from app.places.rules import PlaceIndex

Progress = Callable[[int, int], None]


def read(
    path: Path,
    *,
    places: PlaceIndex,
    within: str = "",
    as_of: date | None = None,
    mapping: Mapping[str, str] | None = None,
    aliases: Mapping[str, str] | None = None,
    settle: Callable[[Reading], None] | None = None,
    progress: Progress | None = None,
    filename: str = "",
) -> Reading:
    """Read the ledger in ``path``. Raises FileRefused where there is nothing to be read.

    ``within``: the county that township names belong to. ``as_of``: the date the user gave; it wins over the
    sheet's. ``mapping``: what the lender's own titles mean, by ``Column.key``; "" is a title to ignore.
    ``aliases``: township names accepted before. ``settle`` gives every row its lender, before the same
    contract is looked for twice. ``filename``: what the user calls the file; for a .csv it is its only sheet's name.
    """
    townships = Townships(places, within, aliases or {})
    reader = _Reader(townships, as_of, mapping or {}, Path(filename).stem if filename else path.stem)
    with _no_garbage_collection():
        for item in read_raw(path):
            done = reader.take(item)
            if progress:
                progress(*done)
        return reader.finish(as_of, settle)


@contextmanager
def _no_garbage_collection() -> Iterator[None]:
    """A million short-lived lists without a cycle among them: looking for cycles would take half the time."""
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if enabled:
            gc.enable()


@dataclass(slots=True)
class _Kept:
    """A chunk as it came, until it is known that none of its rows is refused for contradicting another."""

    sheet: str
    typer: SheetTyper
    numbers: range
    chunk: RawChunk


class _Reader:
    """Goes through the sheets in order, and puts what they say into one reading."""

    def __init__(
        self, townships: Townships, as_of: date | None, mapping: Mapping[str, str], filename: str
    ) -> None:
        self._townships = townships
        self._as_of = as_of
        self._mapping = mapping
        self._filename = filename
        self._reading = Reading()
        self._sheet: RawSheet | None = None
        self._typer: SheetTyper | None = None
        self._kept: list[_Kept] = []
        self._done = 0

    def take(self, item: RawSheet | RawChunk) -> tuple[int, int]:
        """Take the next sheet or chunk; gives the rows done, and those to do as far as known."""
        if isinstance(item, RawSheet):
            self._end_sheet()
            self._sheet = item
            return self._done, max(self._done, item.total)
        assert self._sheet is not None
        first_row, rows = item.rows()
        if first_row == 1:
            self._typer = self._start(self._sheet, rows[:HEADER_ROWS])
        if self._typer is not None:
            name = self._sheet.name or self._filename
            self._kept.append(_Kept(name, self._typer, range(first_row, first_row + len(rows)), item))
            self._typer.take(first_row, rows)
        self._done += len(rows)
        return self._done, max(self._done, self._sheet.total)

    def _start(self, sheet: RawSheet, top: list[list[str | float | int]]) -> SheetTyper | None:
        """The typer for a sheet whose first rows these are; None if they hold no ledger's header."""
        name = sheet.name or self._filename
        header = find_header(list(enumerate(top, start=1)), self._mapping, sheet.first_col)
        if header is None:
            if any(any(row) for row in top):
                message = T("The sheet is no ledger and is not read.")
                self._reading.findings.append(Finding(name, None, None, "", message))
            return None
        above = top[: header.first_row - 1]
        titles = read_titles(above, extra=(name,))
        self._note(titles, name)
        lines = [str(cell) for row in above for cell in row if cell != ""]
        frame = Frame(
            sheet,
            name,
            header,
            titles.unit,
            self._as_of or titles.as_of,
            self._townships,
            self._townships.named_in(name, *lines),
        )
        above_and_header = tuple(map(tuple, top[: header.last_row]))
        info = SheetInfo(name, header.last_row, header.columns, above_and_header, header.lacking)
        self._reading.sheets.append(info)
        return SheetTyper(frame, self._reading)

    def _note(self, titles: Titles, sheet: str) -> None:
        reading = self._reading
        if titles.as_of and reading.as_of and titles.as_of != reading.as_of:
            message = T("The sheet is of another date than the first one. Import each date by itself.")
            reading.findings.append(Finding(sheet, None, None, titles.as_of.isoformat(), message))
        reading.as_of = reading.as_of or titles.as_of
        reading.reporting_unit = reading.reporting_unit or titles.reporting_unit
        reading.supplements = reading.supplements or titles.supplements

    def _end_sheet(self) -> None:
        if self._typer is not None:
            self._typer.finish()
        self._typer = None

    def finish(self, as_of: date | None, settle: Callable[[Reading], None] | None) -> Reading:
        self._end_sheet()
        reading = self._reading
        if not reading.sheets:
            raise FileRefused(_no_header())
        if as_of and reading.as_of and as_of != reading.as_of:
            message = T("The sheet says that it is of another date than the one given. Check which is right.")
            found = reading.as_of.isoformat()
            reading.findings.append(Finding(reading.sheets[0].name, None, None, found, message))
        if settle:
            settle(reading)
        out, errors, findings = sift(reading.rows)
        if errors:
            contradicting = {(error.sheet, error.row_no): error.found for error in errors}
            reading.refused += self._raw_rows(contradicting)
            order = {sheet.name: at for at, sheet in enumerate(reading.sheets)}
            reading.refused.sort(key=lambda row: (order[row.sheet], row.row_no))
        reading.errors += errors
        reading.findings += findings
        if out:
            reading.rows = [row for at, row in enumerate(reading.rows) if at not in out]
        return reading

    def _raw_rows(self, wanted: Mapping[tuple[str, int], str]) -> Iterator[RefusedRow]:
        """The rows at these places as they stood in the file, with their contract numbers."""
        for kept in self._kept:
            here = [row_no for row_no in kept.numbers if (kept.sheet, row_no) in wanted]
            if not here:
                continue
            first_row, rows = kept.chunk.rows()
            kept.typer.fill(first_row, rows)
            for row_no in here:
                cells = tuple(rows[row_no - first_row])
                yield RefusedRow(kept.sheet, row_no, cells, wanted[kept.sheet, row_no])


def _no_header() -> Text:
    titles = "、".join(ALIASES[field].split()[0] for field in REQUIRED)
    return T(
        "No sheet has a header in its first %(rows)s rows that names a ledger's columns. Title the columns "
        "like this and upload the file again: %(titles)s.",
        rows=HEADER_ROWS,
        titles=titles,
    )
