"""The parser of each column, and what stands for a column that a ledger does not have."""

from collections.abc import Callable

from app.ledger import cells, days, figures, people
from app.ledger.cells import Direct, Memo, Parser
from app.ledger.fields import F, LedgerField, Unit
from app.ledger.headers import Header

# As long as the database keeps them.
CONTRACT_LENGTH, NAME_LENGTH, SHORT_LENGTH = 64, 64, 32
GRADE_LENGTH, PURPOSE_LENGTH, REMARK_LENGTH = 16, 128, 256

_Make = Callable[[Unit | None], Parser]


def _name(limit: int) -> _Make:
    return lambda unit: cells.text(limit, name=True)


def _optional_name(limit: int) -> _Make:
    return lambda unit: cells.text(limit, name=True, blank=None)


_PARSERS: dict[LedgerField, _Make] = {
    F.VILLAGE: _name(NAME_LENGTH),
    F.GROUP: _name(SHORT_LENGTH),
    F.HEAD_NAME: _name(NAME_LENGTH),
    F.HEAD_ID: lambda unit: people.id_number(required=False),
    F.HOUSEHOLD_SIZE: lambda unit: figures.household_size,
    F.NAME: _name(NAME_LENGTH),
    F.ID_NUMBER: lambda unit: people.id_number(required=True),
    F.RELATION: _name(SHORT_LENGTH),
    F.CATEGORY: lambda unit: people.category,
    F.LENDER: _optional_name(NAME_LENGTH),
    F.BRANCH: _optional_name(NAME_LENGTH),
    F.PHONE: lambda unit: people.phone,
    F.CONTRACT_NO: lambda unit: cells.contract_no(CONTRACT_LENGTH),
    F.PRINCIPAL: figures.amount,
    F.BALANCE: figures.amount,
    F.OVERDUE: lambda unit: figures.amount(unit, blank=0),
    F.INTEREST_OWED: lambda unit: figures.amount(unit, blank=None),
    F.REPAID: lambda unit: figures.amount(unit, blank=None),
    F.REPAID_ON: lambda unit: days.day(required=False),
    F.DISBURSED_ON: lambda unit: days.day(required=True),
    F.DUE_ON: lambda unit: days.day(required=True),
    F.TERM: figures.term,
    F.RATE: figures.rate,
    F.GRADE: _name(GRADE_LENGTH),
    F.PURPOSE: lambda unit: cells.text(PURPOSE_LENGTH),
    F.REMARK: lambda unit: cells.text(REMARK_LENGTH),
}

_TEXTS = (F.VILLAGE, F.GROUP, F.HEAD_NAME, F.NAME, F.RELATION, F.GRADE, F.PURPOSE, F.REMARK)
_UNIQUE = (F.CONTRACT_NO, F.NAME, F.ID_NUMBER, F.HEAD_NAME, F.HEAD_ID, F.PHONE)
_MONEY_UNITS = (Unit.YUAN, Unit.WAN)


def money_unit(header: Header, field: LedgerField, sheet_unit: Unit | None) -> Unit | None:
    """元 or 万元 as the column's title says, else as the sheet's title says, else None."""
    unit = header.unit(field)
    return unit if unit in _MONEY_UNITS else sheet_unit


def parser(field: LedgerField, unit: Unit | None) -> Memo | Direct:
    """The parser of a column, with a memory where the same cells come again and again."""
    parse = _PARSERS[field](unit)
    return Direct(parse) if field in _UNIQUE else Memo(parse)


def default(field: LedgerField) -> str | None:
    """What every row has for a field without a column."""
    return "" if field in _TEXTS else None
