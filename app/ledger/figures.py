"""Amounts, terms, rates and counts in a cell."""

import re
import unicodedata
from decimal import Decimal

from app.labels import T
from app.ledger.cells import Bad, Cell, Odd, Outcome, Parser, compact, is_blank, number_text, unreadable
from app.ledger.fields import Unit
from app.money import FEN_PER_WAN, FEN_PER_YUAN, to_fen

MAX_FEN = 10**13  # 1000 亿元: far above any loan, far below what a database column holds
MAX_MONTHS = 1200
MAX_HOUSEHOLD = 50
MAX_RATE = 100

_AMOUNT = re.compile(
    r"(?:人民币|CNY|RMB)?¥?([+-])?"
    r"([0-9]{1,3}(?:,[0-9]{3})+(?:\.[0-9]*)?|[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(万元|万|元整|元)?"
)
_NUMERALS = re.compile(r"[零〇一二三四五六七八九十百千万亿壹贰叁肆伍陆柒捌玖拾佰仟两点角分元圆整]+")
_TERM = re.compile(r"(?:([0-9]{1,3})(?:年|Y))?(?:([0-9]{1,4})(?:个月|月|期|M))?", re.IGNORECASE)
_NUMBER = re.compile(r"[0-9]{1,6}(?:\.[0-9]{1,8})?")
_RATE = re.compile(r"(年|月)?(?:利率)?:?([0-9]{1,6}(?:\.[0-9]{1,12})?)([%‰])?")
_YEARS = str.maketrans("一二两三四五", "122345")
_EXACT_UP_TO = 1e9  # below it, a double times its unit is within a millionth of the true number of 分
_NEARLY = 1e-6
_FRACTION = Decimal("0.2")  # a rate below it is a cell that Excel formats as percent: 0.0385 shows as 3.85 %
_MONTHS_A_YEAR = 12

_BLANK = Bad(T("The amount is blank. Fill it in; where it is nothing, write 0."))
_CHINESE = Bad(T("The amount is written in Chinese numerals. Write it in digits."))
_UNREADABLE = Bad(T("No amount can be read here. Write digits only, for example 50000.00."))
_NEGATIVE = Bad(T("The amount is negative. Correct it."))
_TOO_LARGE = Bad(T("The amount is too large to be one loan's. Check its unit: yuan, or 10,000 yuan."))
_ODD_TERM = Odd(None, T("No term can be read here; it is left out."))
_ODD_RATE = Odd(None, T("No yearly rate can be read here; it is left out."))
_ODD_SIZE = Odd(None, T("No number of members can be read here; it is left out."))


def amount(unit: Unit | None, blank: int | Bad | None = _BLANK) -> Parser:
    """分 from an amount in the column's unit (元 where none is stated). A unit in the cell itself wins."""
    scale = FEN_PER_WAN if unit is Unit.WAN else FEN_PER_YUAN

    def parse(cell: Cell) -> Outcome:
        if isinstance(cell, str):
            return _amount_text(cell, scale, blank)
        scaled = cell * scale
        if not -1 < scaled <= MAX_FEN:
            return _NEGATIVE if scaled < 0 else _TOO_LARGE
        fen = round(scaled) if scaled < _EXACT_UP_TO else 0
        if not -_NEARLY < scaled - fen < _NEARLY:
            fen = to_fen(repr(cell), scale)
        return fen if fen >= 0 else _NEGATIVE

    return parse


def _amount_text(cell: str, scale: int, blank: int | Bad | None) -> Outcome:
    if problem := unreadable(cell):
        return problem
    value = compact(cell)
    if is_blank(value):
        return blank
    match = _AMOUNT.fullmatch(value)
    if match is None:
        negative = value[0] == "(" and value[-1] == ")" and _AMOUNT.fullmatch(value[1:-1])
        return _NEGATIVE if negative else _CHINESE if _NUMERALS.fullmatch(value) else _UNREADABLE
    sign, digits, own_unit = match.groups()
    if own_unit:
        scale = FEN_PER_WAN if own_unit.startswith("万") else FEN_PER_YUAN
    try:
        fen = to_fen(digits.replace(",", ""), scale)
    except ValueError:  # no column holds it
        return _TOO_LARGE
    if sign == "-" and fen:
        return _NEGATIVE
    return fen if fen <= MAX_FEN else _TOO_LARGE


def term(unit: Unit | None) -> Parser:
    """Months. A bare number counts in the column's unit, months where none is stated."""
    factor = _MONTHS_A_YEAR if unit is Unit.YEAR else 1

    def parse(cell: Cell) -> Outcome:
        value = number_text(cell) if not isinstance(cell, str) else compact(cell)
        if isinstance(cell, str) and (problem := unreadable(cell)):
            return problem
        if is_blank(value) or value == "0":
            return None
        months: Decimal | int | None = None
        if _NUMBER.fullmatch(value):
            months = Decimal(value) * factor
        elif match := _TERM.fullmatch(value.translate(_YEARS)):
            months = int(match[1] or 0) * _MONTHS_A_YEAR + int(match[2] or 0)
        if months is None or months != int(months) or not 0 < months <= MAX_MONTHS:
            return _ODD_TERM
        return int(months)

    return parse


def rate(unit: Unit | None) -> Parser:
    """Percent a year. ‰ is the banks' sign for a monthly rate."""

    def parse(cell: Cell) -> Outcome:
        if isinstance(cell, str) and (problem := unreadable(cell)):
            return problem
        value = compact(cell) if isinstance(cell, str) else number_text(cell)
        if is_blank(value):
            return None
        match = _RATE.fullmatch(unicodedata.normalize("NFKC", value))
        if match is None:
            return _ODD_RATE
        period, digits, sign = match.groups()
        per_year = _per_year(Decimal(digits), sign or "", period == "月", unit)
        return per_year if per_year < MAX_RATE else _ODD_RATE

    return parse


def _per_year(number: Decimal, sign: str, monthly: bool, unit: Unit | None) -> Decimal:
    if not sign and number < _FRACTION:
        number *= 100
    elif sign == "‰" or (not sign and unit is Unit.PER_MILLE):
        return number * _MONTHS_A_YEAR / 10
    return number * _MONTHS_A_YEAR if monthly else number


def household_size(cell: Cell) -> Outcome:
    """How many people; a sign after the number (人) is ignored."""
    if isinstance(cell, str) and (problem := unreadable(cell)):
        return problem
    value = compact(cell).removesuffix("人") if isinstance(cell, str) else number_text(cell)
    if is_blank(value) or value == "0":
        return None
    if not (value.isascii() and value.isdigit() and len(value) <= 3 and 0 < int(value) <= MAX_HOUSEHOLD):
        return _ODD_SIZE
    return int(value)
