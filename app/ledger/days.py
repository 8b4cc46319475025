"""Dates in a cell, in every form that ledgers use."""

import re
from datetime import date, timedelta

from app.labels import T
from app.ledger.cells import Bad, Cell, Outcome, Parser, compact, is_blank, unreadable

EARLIEST, LATEST = date(1990, 1, 1), date(2100, 12, 31)

_EXCEL_EPOCH = date(1899, 12, 30)  # counts right from 1900-03-01 on
_FIRST_SERIAL, _LAST_SERIAL = (EARLIEST - _EXCEL_EPOCH).days, (LATEST - _EXCEL_EPOCH).days
_DATE = re.compile(
    r"([0-9]{4})(?:[-/.年]([0-9]{1,2})[-/.月]([0-9]{1,2})[日号]?|([0-9]{2})([0-9]{2}))"
    r"(?:T?[0-9]{1,2}:[0-9]{2}(?::[0-9]{2}(?:\.[0-9]{1,9})?)?)?"
)
_ISO = re.compile(r"([0-9]{4})-([0-9]{2})-([0-9]{2})")
_SERIAL = re.compile(r"[0-9]{5}(?:\.[0-9]{1,20})?")
# How an empty date looks once a program has made a number, a time or the first day that Excel knows of it.
_NO_DATE = frozenset(("0", "0.0", "00:00:00", "1900-01-00", "1900/1/0", "1900-01-01"))

_BLANK = Bad(T("The date is blank. Fill it in, for example 2023-10-31."))
_UNREADABLE = Bad(T("No date can be read here. Write year, month and day, for example 2023-10-31."))
_NO_SUCH_DAY = Bad(T("There is no such day. Correct it."))
_OUT_OF_RANGE = Bad(T("The date lies before 1990 or after 2100. Correct it."))


def day(required: bool) -> Parser:
    """A date; a time of day beside it is dropped."""
    blank = _BLANK if required else None

    def parse(cell: Cell) -> Outcome:
        if not isinstance(cell, str):
            return _number(cell) if cell else blank
        if problem := unreadable(cell):
            return problem
        if match := _ISO.fullmatch(cell):
            value = cell
        else:
            value = compact(cell)
            if is_blank(value):
                return blank
            match = _DATE.fullmatch(value)
        if value in _NO_DATE or value.startswith("1899-12-3"):
            return blank
        if match is None:
            return _number(float(value)) if _SERIAL.fullmatch(value) else _UNREADABLE
        year, month, day_of_month = (int(part) for part in match.groups() if part)
        return _day(year, month, day_of_month)

    return parse


def _number(number: float) -> Outcome:
    """A date as Excel counts it, or written without separators: 20231031."""
    whole = int(number)
    if _FIRST_SERIAL <= whole <= _LAST_SERIAL:
        return _EXCEL_EPOCH + timedelta(whole)
    if whole == number and 10_000_000 <= whole <= 99_999_999:
        return _day(whole // 10_000, whole // 100 % 100, whole % 100)
    return _UNREADABLE


def _day(year: int, month: int, day_of_month: int) -> Outcome:
    try:
        value = date(year, month, day_of_month)
    except ValueError:
        return _NO_SUCH_DAY
    return value if EARLIEST <= value <= LATEST else _OUT_OF_RANGE
