"""Numbers that belong to people: ID numbers (GB 11643), phones; and the programme's categories."""

import re
from datetime import date

from app.labels import T
from app.ledger.cells import (
    SCIENTIFIC,
    Bad,
    Cell,
    Odd,
    Outcome,
    Parser,
    compact,
    is_blank,
    number_text,
    tidy,
    unreadable,
)
from app.loans.rules import Category

ID_LENGTH, OLD_ID_LENGTH = 18, 15
_WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)  # GB 11643-1999, ISO 7064 MOD 11-2
_CHECK_CHARACTERS = "10X98765432"
_FORM = re.compile(r"[0-9]{17}[0-9X]")
_FIRST_BIRTH = date(1900, 1, 1)

_AS_NUMBER = Bad(
    T(
        "The ID number is stored as a number, so its last digits may be lost. Format the column as text and "
        "enter all 18 characters again."
    )
)
_BLANK = Bad(T("The ID number is blank. Fill it in."))
_OLD = Bad(T("This is an ID number of the old kind with 15 digits. Enter the one with 18."))
_NO_FORM = Bad(T("An ID number is 17 digits and then a digit or X. Correct it."))
_NO_BIRTHDAY = Bad(T("Digits 7 to 14 of the ID number are no date of birth. Correct it."))
_WRONG = Bad(
    T(
        "The check digit does not fit: at least one character of the ID number is wrong. Compare it with the "
        "card."
    )
)

MOBILE = re.compile(r"1[3-9][0-9]{9}")  # the ranges of the numbering plan that are given to mobile networks
_COUNTRY = re.compile(r"(?:\+|00)86-?|86(?=1[3-9][0-9]{9}$)")
_PHONE_SIGNS = re.compile(r"[-‐-―－ー()（）. ]")
_PHONES = re.compile(r"[/、,;|，；]")
_PHONE_DIGITS = range(5, 21)
_NO_MOBILE = T("The phone number is no mobile number: no text message can reach it.")
_NO_PHONE = Odd(None, T("No phone number can be read here; it is left out."))
_SECOND_PHONE = T("There is more than one phone number; the first mobile number is kept.")

_CATEGORIES = (
    ("不稳定", Category.UNSTABLE),
    ("边缘", Category.MARGINAL),
    ("突发", Category.SUDDEN),
    ("严重困难", Category.SUDDEN),
    ("脱贫", Category.LIFTED),
    ("建档立卡", Category.LIFTED),
    ("贫困户", Category.LIFTED),
)
_DENIALS = ("非", "未", "不是")
_NO_CATEGORY = Odd(None, T("This is none of the four categories of the programme; it is left out."))


def check_character(first17: str) -> str:
    """The 18th character of an ID number."""
    return _CHECK_CHARACTERS[sum(w * int(digit) for w, digit in zip(_WEIGHTS, first17, strict=True)) % 11]


class _Shares(dict[str, int]):
    """The share of one part of an ID number in its check sum. Parts repeat, so each is added up once.

    Raises KeyError for a part that is no digits, or no date where it should be one.
    """

    def __init__(self, start: int, is_birthday: bool = False) -> None:
        super().__init__()
        self._start = start
        self._is_birthday = is_birthday

    def __missing__(self, part: str) -> int:
        if not (part.isascii() and part.isdigit()) or (self._is_birthday and not _birthday(part)):
            raise KeyError(part)
        share = sum(w * int(digit) for w, digit in zip(_WEIGHTS[self._start :], part, strict=False))
        self[part] = share
        return share


def _birthday(part: str) -> date | None:
    try:
        born = date(int(part[:4]), int(part[4:6]), int(part[6:]))
    except ValueError:
        return None
    return born if born >= _FIRST_BIRTH else None


_region, _birth, _order = _Shares(0), _Shares(6, is_birthday=True), _Shares(14)


def id_number(required: bool) -> Parser:
    """An ID number with 18 characters whose check digit fits. A small x is X."""
    blank = _BLANK if required else None

    def parse(cell: Cell) -> Outcome:
        if not isinstance(cell, str):
            return _AS_NUMBER
        if len(cell) == ID_LENGTH:
            try:
                total = _region[cell[:6]] + _birth[cell[6:14]] + _order[cell[14:17]]
            except KeyError:
                return _id_text(cell, blank)
            if _CHECK_CHARACTERS[total % 11] == cell[17]:
                return cell
        return _id_text(cell, blank)

    return parse


def _id_text(cell: str, blank: Bad | None) -> Outcome:
    if problem := unreadable(cell):
        return problem
    value = compact(cell).upper()
    if is_blank(value):
        return blank
    if SCIENTIFIC.fullmatch(value):
        return _AS_NUMBER
    if len(value) == OLD_ID_LENGTH and value.isdigit():
        return _OLD
    if len(value) != ID_LENGTH:
        return Bad(T("An ID number has 18 characters, this one has %(count)s. Correct it.", count=len(value)))
    if not _FORM.fullmatch(value):
        return _NO_FORM
    if not _birthday(value[6:14]):
        return _NO_BIRTHDAY
    return value if check_character(value[:17]) == value[17] else _WRONG


def phone(cell: Cell) -> Outcome:
    """The first mobile number in the cell as 11 digits, else the digits that are there."""
    if not isinstance(cell, str):
        return _one_phone(number_text(cell))
    if len(cell) == 11 and MOBILE.fullmatch(cell):
        return cell
    if problem := unreadable(cell):
        return problem
    value = tidy(cell)
    if is_blank(value):
        return None
    parts = [part for part in _PHONES.split(value) if part.strip()]
    outcomes = [_one_phone(part) for part in parts] or [_NO_PHONE]
    mobiles = [outcome for outcome in outcomes if isinstance(outcome, str)]
    if len(parts) > 1 and mobiles:
        return Odd(mobiles[0], _SECOND_PHONE)
    return outcomes[0]


def _one_phone(text: str) -> Outcome:
    digits = _COUNTRY.sub("", _PHONE_SIGNS.sub("", compact(text)), count=1)
    if MOBILE.fullmatch(digits):
        return digits
    if digits.isascii() and digits.isdigit() and len(digits) in _PHONE_DIGITS and digits.strip("0"):
        return Odd(digits, _NO_MOBILE)
    return _NO_PHONE


def category(cell: Cell) -> Outcome:
    """脱贫属性, also where the ledger says more around it."""
    if not isinstance(cell, str):
        return _NO_CATEGORY
    if problem := unreadable(cell):
        return problem
    value = compact(cell)
    if is_blank(value):
        return None
    if any(denial in value for denial in _DENIALS):
        return _NO_CATEGORY
    return next((kind for word, kind in _CATEGORIES if word in value), _NO_CATEGORY)
