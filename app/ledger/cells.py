"""What a cell holds, and how it is told: a value, a value that is odd, or no value and why.

A parser takes a raw cell and returns the value itself, ``Odd`` (kept, and shown) or ``Bad`` (the row is
refused). Most cells of a column repeat, so a parser is asked through a ``Memo``: it makes large ledgers fast.
"""

import re
import unicodedata
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from app.labels import T, Text

Cell = str | float | int

# What the reading child puts in place of a cell that has no value of its own.
NO_STORED_VALUE = "\0formula"
ERROR_CELL = "\0error"
_EXCEL_ERRORS = frozenset(
    ("#REF!", "#N/A", "#VALUE!", "#DIV/0!", "#NAME?", "#NUM!", "#NULL!", "#SPILL!", "#CALC!", "#####")
)

# A long number as Excel shows it, and saves it in a .csv.
SCIENTIFIC = re.compile(r"[+-]?[0-9](?:\.[0-9]+)?[Ee]\+?[0-9]{1,3}")
_PROBLEM_MARKS = ("#", "\0", " ", "\u3000", "\t")

MEMO_SIZE = 20_000
EXACT_DIGITS = 15  # a number in a workbook is a binary double: it keeps 15 decimal digits for certain

_BLANKS = frozenset(("", "-", "--", "—", "——", "/", "\\", "无", "空", "null", "none", "nan"))
_DIRTY = re.compile(r"[\s\x00-\x1f\x7f-\xa0\u200b-\u200f\u2028-\u202e\u2060\ufeff'＇０-９Ａ-Ｚａ-ｚ]")
_CONTROL = re.compile(r"[\x00-\x08\x0e-\x1f\x7f-\x84\x86-\x9f\u200b-\u200f\u202a-\u202e\u2060\ufeff]")
_SPACES = re.compile(r"\s+")
_BETWEEN_HAN = re.compile(r"(?<=[\u3400-\u9fff]) (?=[\u3400-\u9fff])")
_FULL_TO_HALF = 0xFEE0
_HALF_WIDTH = {
    code: code - _FULL_TO_HALF
    for first, last in ("０９", "ＡＺ", "ａｚ")
    for code in range(ord(first), ord(last) + 1)
}
_LEADING = " '＇"


@dataclass(frozen=True, slots=True)
class Bad:
    """No value: the row is refused. ``suggestion`` is what a person may accept instead, once and for all."""

    reason: Text
    suggestion: str | None = None


@dataclass(frozen=True, slots=True)
class Odd:
    """A value that is taken and shown to a person."""

    value: Any
    message: Text


Outcome = Any  # the value, Bad or Odd; told apart by class on the hot path
Parser = Callable[[Cell], Outcome]


class Direct:
    """Asks a parser about each cell of a column: for values that hardly ever repeat."""

    irregular = True  # whether an answer may be Bad or Odd

    def __init__(self, parse: Parser) -> None:
        self._parse = parse

    def column(self, cells: Iterable[Cell]) -> list[Outcome]:
        return list(map(self._parse, cells))


class Memo(dict[Cell, Outcome]):
    """Remembers what a parser said. ``irregular`` turns true with the first answer that is Bad or Odd."""

    def __init__(self, parse: Parser) -> None:
        super().__init__()
        self.parse = parse
        self.irregular = False

    def __missing__(self, cell: Cell) -> Outcome:
        if len(self) >= MEMO_SIZE:
            self.clear()
        outcome = self[cell] = self.parse(cell)
        if outcome.__class__ is Bad or outcome.__class__ is Odd:
            self.irregular = True
        return outcome

    def column(self, cells: Iterable[Cell]) -> list[Outcome]:
        return list(map(self.__getitem__, cells))


_NO_VALUE = Bad(
    T(
        "The cell holds a formula without a stored value. Open the file in Excel or WPS, save it, and upload it "
        "again."
    )
)
_ERROR = Bad(T("The cell shows an error instead of a value. Mend the formula, or type the value itself."))


def unreadable(cell: str) -> Bad | None:
    """Why nothing at all can be read in this text, whatever its column."""
    if cell == NO_STORED_VALUE:
        return _NO_VALUE
    return _ERROR if cell == ERROR_CELL or cell.strip().upper() in _EXCEL_ERRORS else None


def compact(cell: str) -> str:
    """A text without any space, in half-width: what a number, a date or a code is read from."""
    if cell.isascii() and cell.isalnum():
        return cell
    text = "".join(unicodedata.normalize("NFKC", _CONTROL.sub("", cell)).split())
    return unicodedata.normalize("NFKC", text).lstrip(
        _LEADING
    )  # once more: without spaces, accents join anew


def is_blank(text: str) -> bool:
    """Nothing, or one of the signs that people write for nothing."""
    return text in _BLANKS or text.lower() in _BLANKS


def number_text(number: float) -> str:
    """A number as a person would type it: 3.0 is 3."""
    if abs(number) < 10**EXACT_DIGITS and number == int(number):
        return str(int(number))
    return repr(number)


def tidy(cell: str) -> str:
    """Running text without control characters, double spaces and full-width digits."""
    if _DIRTY.search(cell) is None:
        return cell
    return _SPACES.sub(" ", _CONTROL.sub("", cell)).translate(_HALF_WIDTH).lstrip(_LEADING).rstrip()


def text(limit: int, name: bool = False, blank: str | None = "") -> Parser:
    """Running text of at most ``limit`` characters; a longer one is cut, and that is said.

    ``name``: a space between Chinese characters is padding (张 三). ``blank``: what stands for no text.
    """
    cut = T("The text is longer than %(limit)s characters; only the first are kept.", limit=limit)

    def parse(cell: Cell) -> Outcome:
        if not isinstance(cell, str):
            return number_text(cell)
        if cell[:1] in _PROBLEM_MARKS and (problem := unreadable(cell)):
            return problem
        value = tidy(cell)
        if name and " " in value:
            value = _BETWEEN_HAN.sub("", value)
        if blank is None and is_blank(value):
            return None
        return value if len(value) <= limit else Odd(value[:limit].rstrip(), cut)

    return parse


def contract_no(limit: int) -> Parser:
    """A contract number: required, without spaces, never a number that may have lost digits."""
    missing = Bad(T("The contract number is missing. Fill it in: a loan is known by it."))
    number = Bad(
        T(
            "The contract number is stored as a number and may have lost digits. Format the column as text and "
            "enter it again."
        )
    )
    too_long = Bad(T("The contract number is longer than %(limit)s characters. Correct it.", limit=limit))

    def parse(cell: Cell) -> Outcome:
        if isinstance(cell, str):
            value = compact(cell)
            if cell[:1] in _PROBLEM_MARKS and (problem := unreadable(cell)):
                return problem
            if value in _BLANKS:
                return missing
            if SCIENTIFIC.fullmatch(value):
                return number
            return value if len(value) <= limit else too_long
        value = number_text(cell)
        return value if value.isdigit() and len(value) <= EXACT_DIGITS else number

    return parse
