"""What reading a ledger gives: typed rows, rows refused with their reasons, findings, sheets."""

from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import NamedTuple

from app.labels import Text
from app.ledger.cells import Cell
from app.ledger.fields import LedgerField
from app.ledger.headers import Column
from app.loans.rules import Category


class LedgerRow(NamedTuple):
    """One loan as the ledger has it. Amounts are 分; ``row_no`` counts from 1, as Excel shows it."""

    sheet: str
    row_no: int
    contract_no: str
    township_code: str
    village: str
    group: str
    head_name: str
    head_id: str | None
    name: str
    id_number: str
    relation: str
    household_size: int | None
    category: Category | None
    lender: str | None
    branch: str | None
    phone: str | None
    principal: int
    balance: int
    overdue: int | None  # None: the ledger has no such column; a blank in the column is 0
    interest_owed: int | None
    repaid: int | None
    repaid_on: date | None
    disbursed_on: date
    due_on: date
    term_months: int | None
    rate: Decimal | None  # percent a year
    grade: str
    purpose: str
    remark: str

    @property
    def said(self) -> tuple[object, ...]:
        """What the ledger says of the loan, wherever it stands."""
        return self[_PLACE:]


_PLACE = 2  # the sheet and the row number come first


@dataclass(frozen=True, slots=True)
class RowError:
    """Why a row is refused. ID and phone numbers in ``found`` are masked; the refused row has them whole."""

    sheet: str
    row_no: int
    field: LedgerField
    found: str
    reason: Text
    suggestion: str | None = None


@dataclass(frozen=True, slots=True)
class Finding:
    """Something to look at that stops nothing. Without ``row_no`` it is about the whole sheet."""

    sheet: str
    row_no: int | None
    field: LedgerField | None
    found: str
    message: Text


@dataclass(frozen=True, slots=True)
class RefusedRow:
    """A refused row as it stood in the file. ``contract_no``: as far as it could be read."""

    sheet: str
    row_no: int
    cells: tuple[Cell, ...]
    contract_no: str | None = None


@dataclass(frozen=True, slots=True)
class SheetInfo:
    """A sheet that was read as a ledger. ``top`` is everything down to its header, as it stood."""

    name: str
    header_row: int
    columns: tuple[Column, ...]
    top: tuple[tuple[Cell, ...], ...]
    lacking: tuple[LedgerField, ...] = ()

    @property
    def unrecognised(self) -> tuple[Column, ...]:
        return tuple(column for column in self.columns if not column.known)


@dataclass(slots=True)
class Reading:
    """Everything that one file says."""

    sheets: list[SheetInfo] = field(default_factory=list)
    as_of: date | None = None
    reporting_unit: str | None = None
    supplements: int | None = None  # the batch whose refused rows these are, corrected
    rows: list[LedgerRow] = field(default_factory=list)
    errors: list[RowError] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)
    refused: list[RefusedRow] = field(default_factory=list)
    skipped: int = 0
    hidden_rows: int = 0

    @property
    def refused_contracts(self) -> list[str]:
        """Contracts that the file does list, in rows that are refused: they are not missing from it."""
        return [row.contract_no for row in self.refused if row.contract_no]

    @property
    def unrecognised(self) -> list[tuple[str, Column]]:
        """The columns nobody has given a meaning to, with the sheet each is in."""
        return [(sheet.name, column) for sheet in self.sheets for column in sheet.unrecognised]


class FileRefused(Exception):
    """The file cannot be read as a ledger at all; ``message`` says what to do."""

    def __init__(self, message: Text) -> None:
        super().__init__(str(message))
        self.message = message
