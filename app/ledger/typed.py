"""The rows of one sheet, typed column by column: each column's parser runs over a whole chunk at once."""

from collections.abc import Set
from dataclasses import dataclass
from datetime import date
from itertools import compress, repeat
from typing import Any

from app.labels import T, Text
from app.ledger import columns
from app.ledger.cells import ERROR_CELL, NO_STORED_VALUE, Bad, Cell, Direct, Memo, Odd, number_text
from app.ledger.checks import Facts, contradictions, oddities, suspects
from app.ledger.fields import ALIASES, AMOUNTS, PERSONAL, F, LedgerField, Unit
from app.ledger.footers import is_footer
from app.ledger.headers import Header, header_key
from app.ledger.merges import Merges
from app.ledger.rows import Finding, LedgerRow, Reading, RefusedRow, RowError
from app.ledger.sheets import RawSheet, Row
from app.ledger.townships import Townships
from app.money import FEN_PER_WAN, FEN_PER_YUAN

_FIELDS = tuple(LedgerField(name) for name in LedgerRow._fields[2:])
_FACTS = tuple(LedgerField(name) for name in Facts._fields)
_SHORTEST_MASKED, _LONG = 7, 14

# No unit stated and no amount above the first: most likely 万元. In 万元 and none below the second: 元.
_SMALL, _HUGE = 100 * FEN_PER_YUAN, 1000 * FEN_PER_WAN
_LIKELY_WAN = T(
    "No unit is stated, so the amounts count as yuan, and none is above 100. If they are in 10,000 yuan, "
    "write 万元 into the column's title and upload the file again."
)
_LIKELY_YUAN = T(
    "The unit is stated as 10,000 yuan, and no amount is below 10 million yuan. If they are in yuan, correct "
    "the column's title and upload the file again."
)

_Columns = dict[LedgerField, list[Any]]
_BadCells = dict[int, list[tuple[LedgerField, Bad]]]  # by position in the chunk
_OddCells = list[tuple[int, LedgerField, Odd]]


@dataclass(frozen=True, slots=True)
class Frame:
    """What holds for every row of a sheet."""

    sheet: RawSheet
    name: str
    header: Header
    unit: Unit | None
    as_of: date | None
    townships: Townships
    township: str | None


class SheetTyper:
    """Takes chunks of raw rows; what it makes of them goes to the reading."""

    def __init__(self, frame: Frame, reading: Reading) -> None:
        self._frame = frame
        self._reading = reading
        self._lacking = frame.header.lacking
        self._index = frame.header.index
        self._contract_title = "" if self._lacking else frame.header.columns[self._index[F.CONTRACT_NO]].key
        self._merges = Merges(frame.sheet.merges, frame.header, frame.sheet.first_col)
        self._parsers = {f: self._parser(f) for f in _FIELDS if f is F.TOWNSHIP or f in self._index}
        self._ranges: dict[LedgerField, tuple[int, int]] = {}
        self._hidden = 0

    def _parser(self, field: LedgerField) -> Memo | Direct:
        frame = self._frame
        if field is F.TOWNSHIP:
            return Memo(frame.townships.parser(frame.township))
        header_unit = frame.header.unit(field)
        unit = columns.money_unit(frame.header, field, frame.unit) if field in AMOUNTS else header_unit
        return columns.parser(field, unit)

    def take(self, first_row: int, raw: list[Row]) -> None:
        """Type the rows below the header; empty ones are passed over."""
        self.fill(first_row, raw)
        start = max(self._frame.header.last_row + 1 - first_row, 0)
        pairs = [(number, row) for number, row in enumerate(raw[start:], first_row + start) if any(row)]
        if not pairs:
            return
        numbers, rows = map(list, zip(*pairs, strict=True))
        if self._frame.sheet.hidden_rows:
            self._hidden += sum(number in self._frame.sheet.hidden_rows for number in numbers)
        if self._lacking:
            self._refuse_all(numbers, rows)
        else:
            self._type(numbers, rows)

    def finish(self) -> None:
        """What can be said of the sheet once all its rows are known."""
        frame, reading = self._frame, self._reading
        reading.hidden_rows += self._hidden
        if self._hidden:
            message = T("The sheet has hidden rows with data. They are read like all others.")
            self._find(None, None, str(self._hidden), message)
        if frame.sheet.is_hidden:
            self._find(None, None, "", T("The sheet is hidden. It is read like all others."))
        for field, letter in frame.header.doubles:
            self._find(None, field, letter, T("Two columns are titled the same; this one is not read."))
        for field, (low, high) in self._ranges.items():
            unit = columns.money_unit(frame.header, field, frame.unit)
            if unit is None and 0 < high <= _SMALL:
                self._find(None, field, "", _LIKELY_WAN)
            elif unit is Unit.WAN and low >= _HUGE:
                self._find(None, field, "", _LIKELY_YUAN)

    def fill(self, first_row: int, raw: list[Row]) -> None:
        """Put the marks of cells without a value in their places, and merged values into all their rows."""
        marks = self._frame.sheet.marks
        if marks:
            for number, row in enumerate(raw, first_row):
                for column, mark in marks.get(number, ()):
                    if 0 <= column < len(row):
                        row[column] = mark or ("TRUE" if row[column] else "FALSE")
        self._merges.fill(first_row, raw)

    def _type(self, numbers: list[int], rows: list[Row]) -> None:
        """1. parse each column, 2. sort out what is no value, 3. check within rows, 4. build the rows."""
        typed, bad, odd = self._parse(list(zip(*rows, strict=True)), len(rows))
        skipped = {at for at in bad if self._is_no_loan(rows[at])}
        self._reading.skipped += sum(any(str(cell).strip() for cell in rows[at]) for at in skipped)
        for at in skipped:
            del bad[at]
        for at in sorted(bad):
            for field, why in bad[at]:
                self._error(numbers[at], field, self._found(rows[at], field), why.reason, why.suggestion)
        refused = bad.keys() | self._check(numbers, typed, bad.keys(), skipped)
        for at, field, value in odd:
            if at not in refused and at not in skipped:
                self._find(numbers[at], field, self._found(rows[at], field), value.message)
        for at in sorted(refused):
            self._refuse(numbers[at], rows[at], typed[F.CONTRACT_NO][at])
        self._build(numbers, typed, refused | skipped)

    def _parse(self, raw: list[tuple[Cell, ...]], count: int) -> tuple[_Columns, _BadCells, _OddCells]:
        """The typed columns; where there is no value they have None, and the reason is beside them."""
        typed: _Columns = {}
        bad: _BadCells = {}
        odd: _OddCells = []
        for field, parser in self._parsers.items():
            at = self._index.get(field)
            values = typed[field] = parser.column(repeat("", count) if at is None else raw[at])
            if not parser.irregular:
                continue
            for row, value in enumerate(values):
                if value.__class__ is Bad:
                    values[row] = None
                    bad.setdefault(row, []).append((field, value))
                elif value.__class__ is Odd:
                    values[row] = value.value
                    odd.append((row, field, value))
        return typed, bad, odd

    def _check(self, numbers: list[int], typed: _Columns, bad: Set[int], skipped: Set[int]) -> set[int]:
        """Look at each row as a whole; gives the rows that contradict themselves."""
        as_of, refused = self._frame.as_of, set()
        columns_ = [typed.get(field, repeat(None)) for field in _FACTS]
        for at in suspects(zip(*columns_, strict=False), as_of):
            if at in skipped:
                continue
            facts = Facts._make(typed[field][at] if field in typed else None for field in _FACTS)
            for field, found, reason in contradictions(facts):
                self._error(numbers[at], field, found, reason)
                refused.add(at)
            if at not in refused and at not in bad:
                for field, found, message in oddities(facts, as_of):
                    self._find(numbers[at], field, found, message)
        return refused

    def _build(self, numbers: list[int], typed: _Columns, without: Set[int]) -> None:
        if without:
            taken = [at not in without for at in range(len(numbers))]
            numbers = list(compress(numbers, taken))
            typed = {field: list(compress(values, taken)) for field, values in typed.items()}
        if not numbers:
            return
        for field in (F.PRINCIPAL, F.BALANCE):
            low, high = self._ranges.get(field, (typed[field][0], 0))
            self._ranges[field] = min(low, *typed[field]), max(high, *typed[field])
        values = (typed.get(field) or repeat(columns.default(field)) for field in _FIELDS)
        rows = zip(repeat(self._frame.name), numbers, *values, strict=False)
        self._reading.rows.extend(map(LedgerRow._make, rows))

    def _is_no_loan(self, row: Row) -> bool:
        contract, person = row[self._index[F.CONTRACT_NO]], row[self._index[F.ID_NUMBER]]
        if isinstance(contract, str) and header_key(contract) == self._contract_title:
            return True  # the header once more, as on every printed page
        filled = [cell for cell in row if str(cell).strip()]
        if len(filled) == 1 and self._frame.townships.find(str(filled[0])):
            return True  # the name of a township above its rows
        return is_footer(row, has_key=any(str(cell).strip() for cell in (contract, person)))

    def _refuse_all(self, numbers: list[int], rows: list[Row]) -> None:
        """Nothing can be taken from a sheet that lacks a column, but nothing is lost either."""
        lacking = "、".join(ALIASES[field].split()[0] for field in self._lacking)
        reason = T(
            "The sheet has no column for %(titles)s. Title the column so, or say which column it is.",
            titles=lacking,
        )
        for number, row in zip(numbers, rows, strict=True):
            if is_footer(row, has_key=False):
                self._reading.skipped += 1
                continue
            self._error(number, self._lacking[0], "", reason)
            self._refuse(number, row)

    def _refuse(self, number: int, row: Row, contract_no: str | None = None) -> None:
        cells = tuple("" if cell in (NO_STORED_VALUE, ERROR_CELL) else cell for cell in row)
        self._reading.refused.append(RefusedRow(self._frame.name, number, cells, contract_no))

    def _error(
        self, number: int, field: LedgerField, found: str, reason: Text, suggestion: str | None = None
    ) -> None:
        self._reading.errors.append(RowError(self._frame.name, number, field, found, reason, suggestion))

    def _find(self, number: int | None, field: LedgerField | None, found: str, message: Text) -> None:
        self._reading.findings.append(Finding(self._frame.name, number, field, found, message))

    def _found(self, row: Row, field: LedgerField) -> str:
        at = self._index.get(field)
        cell = self._frame.name if at is None else row[at]
        if cell in (NO_STORED_VALUE, ERROR_CELL):
            return ""
        if field in PERSONAL:
            return masked(cell if isinstance(cell, str) else f"{cell:.0f}")
        return cell if isinstance(cell, str) else number_text(cell)


def masked(number: str) -> str:
    """Enough of an ID or phone number to know it again, whatever it looks like."""
    shown = 6 if len(number) > _LONG else 3 if len(number) > _SHORTEST_MASKED else 0
    return number[:shown] + "*" * (len(number) - shown - 4) + number[-4:] if shown else "*" * len(number)
