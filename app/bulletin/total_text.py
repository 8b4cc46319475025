"""Lenders' own sums as people paste them: lender, loans, stock and overdue in 元 on each line. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass
from unicodedata import normalize

from app.labels import T, Text
from app.money import FEN_PER_YUAN, to_fen

MAX_LOANS, MAX_YUAN = 100_000_000, 10**12  # more than any lender has; a slip of the key
_NAMES = ("loans", "stock", "overdue")


def typed_totals(typed: Mapping[str, str]) -> tuple[dict[str, int | None], dict[str, Text]]:
    """What a lender says of its loans (分 typed in 元; None: nothing said), and what is wrong, by field."""
    values: dict[str, int | None] = {}
    errors: dict[str, Text] = {}
    for name in _NAMES:
        number = normalize("NFKC", typed.get(name, "")).strip().removesuffix("元").replace(",", "").strip()
        counts = name == "loans"
        try:
            values[name] = None if not number else int(number) if counts else to_fen(number)
        except ValueError:
            errors[name] = (
                T("Give a number of loans.") if counts else T("Give an amount in yuan, such as 1234.50.")
            )
            continue
        if not 0 <= (values[name] or 0) <= (MAX_LOANS if counts else MAX_YUAN * FEN_PER_YUAN):
            errors[name] = T("That is too much, or below zero.")
    return values, errors


@dataclass(frozen=True, slots=True)
class TotalLine:
    """One line: the lender's number and its sums (分), or why it cannot be read."""

    number: int
    lender: int | None
    values: dict[str, int | None]
    reason: Text | None = None


def read_totals(text: str, lenders: Mapping[str, int]) -> list[TotalLine]:
    """The lines that hold a digit; a value that is left empty was not said. ``lenders``: numbers by name."""
    return [
        _read(number, line, lenders)
        for number, line in enumerate(text.splitlines(), 1)
        if any(character.isdigit() for character in line)
    ]


def _read(number: int, line: str, lenders: Mapping[str, int]) -> TotalLine:
    separator = "\t" if "\t" in line else ","
    name, *cells = (cell.strip() for cell in line.replace("，", ",").split(separator))
    if name not in lenders:
        return TotalLine(number, None, {}, T("No lender with loans here is called %(name)s.", name=name))
    if len(cells) != len(_NAMES):
        return TotalLine(number, None, {}, T("A line is a lender, its loans, stock and overdue in yuan."))
    values, errors = typed_totals(dict(zip(_NAMES, cells, strict=True)))
    return TotalLine(number, lenders[name], values, next(iter(errors.values()), None))
