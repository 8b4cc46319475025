"""Which column is which: titles are compared in a short form; what they leave open, their order decides."""

import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

from app.ledger.cells import Cell
from app.ledger.fields import (
    FIELD_OF_TITLE,
    REQUIRED,
    SOMEBODYS_ID,
    SOMEBODYS_NAME,
    UNUSED,
    F,
    LedgerField,
    Unit,
)

HEADER_ROWS = 12  # a header is looked for in the first rows only; real ones stand on rows 1 to 6
KEY_LENGTH = 64

_SPACE = re.compile(r"[\s\u200b-\u200f\ufeff]+")
_BRACKETED = re.compile(r"[(\[{〔【]([^()\[\]{}〔〕【】]*)[)\]}〕】]")
_EDGE = "*:;,.、·'\"-_/|"
_NUMBERING = re.compile(r"^[0-9]{1,2}[.、]")
_UNIT_WORDS = (
    ("万元", Unit.WAN),
    ("万", Unit.WAN),
    ("元", Unit.YUAN),
    ("‰", Unit.PER_MILLE),
    ("%", Unit.PERCENT),
    ("个月", Unit.MONTH),
    ("月", Unit.MONTH),
    ("年", Unit.YEAR),
)
_USUAL_WORDS = (("借款人", "贷款人"), ("客户", "贷款人"), ("号码", "号"), ("编号", "号"))
_UNIT_NOTE = 8  # a longer note in brackets is an explanation, not a unit
_LEDGER_PARTS = ({F.CONTRACT_NO, F.ID_NUMBER, F.HEAD_ID}, {F.PRINCIPAL, F.BALANCE, F.DUE_ON})
_LEAST_FIELDS = 4


@dataclass(frozen=True, slots=True)
class Column:
    """A column as the user sees it. ``key`` is what a choice for this title is remembered under."""

    letter: str
    header: str
    field: LedgerField | None
    unit: Unit | None
    key: str = ""
    known: bool = True  # False: neither recognised, nor mapped, nor known to be of no use here


@dataclass(frozen=True, slots=True)
class Header:
    """The header of a sheet: ``index`` says where in a raw row each field stands."""

    first_row: int
    last_row: int
    columns: tuple[Column, ...]
    index: Mapping[LedgerField, int]
    doubles: tuple[tuple[LedgerField, str], ...]

    @property
    def lacking(self) -> tuple[LedgerField, ...]:
        """The fields without which no row can be taken, and which no column gives."""
        return tuple(field for field in REQUIRED if field not in self.index)

    def unit(self, field: LedgerField) -> Unit | None:
        return self.columns[self.index[field]].unit


def letter(index: int) -> str:
    """A → 0, Z → 25, AA → 26, the other way round."""
    name = ""
    index += 1
    while index:
        index, rest = divmod(index - 1, 26)
        name = chr(ord("A") + rest) + name
    return name


def header_key(title: str) -> str:
    """A column title without what people vary at will: spaces, line breaks, full-width signs, case."""
    return _SPACE.sub("", unicodedata.normalize("NFKC", title)).lower().strip(_EDGE)[:KEY_LENGTH]


def short_form(key: str) -> str:
    """The form that aliases are written in: no brackets, no unit, one word for each thing."""
    text = _NUMBERING.sub("", _BRACKETED.sub("", key).replace("其中", "")).strip(_EDGE)
    for unit in ("万元", "元"):
        text = text.removesuffix(unit).rstrip(_EDGE)
    for word, usual in _USUAL_WORDS:
        text = text.replace(word, usual)
    for ending in ("日期", "时间"):
        if text.endswith(ending):
            text = text.removesuffix(ending) + "日"
    return text


def unit_of(key: str) -> Unit | None:
    """The unit that a title states, in brackets or at its end."""
    notes = [note for note in _BRACKETED.findall(key) if len(note) <= _UNIT_NOTE]
    for word, unit in _UNIT_WORDS:
        if any(word in note for note in notes):
            return unit
    bare = _BRACKETED.sub("", key)
    return Unit.WAN if bare.endswith("万元") else Unit.YUAN if bare.endswith("元") else None


def find_header(
    rows: Sequence[tuple[int, list[Cell]]], mapping: Mapping[str, str], first_col: int = 0
) -> Header | None:
    """The row among the first that names most fields; None where none is a ledger's.

    Two rows together are a header only if they name more than any single row does.
    """
    top = [(number, cells) for number, cells in rows if number <= HEADER_ROWS]
    singles = [_header(number, number, list(map(str, cells)), mapping, first_col) for number, cells in top]
    pairs = [
        header
        for (number, upper), (below, lower) in pairwise(top)
        if below == number + 1
        for header in _two_storeys(number, upper, lower, mapping, first_col)
    ]
    ledgers = [header for header in singles + pairs if _is_ledger(header)]
    return max(ledgers, key=lambda header: len(header.index), default=None)


def _two_storeys(
    number: int, upper: list[Cell], lower: list[Cell], mapping: Mapping[str, str], first_col: int
) -> list[Header]:
    """A header whose upper row holds groups (贷款情况) over the titles proper (金额, 期限)."""
    if not all(isinstance(cell, str) for cell in lower):
        return []
    group, plain, joined = "", [], []
    for above, below in zip(map(str, upper), map(str, lower), strict=False):
        group = above or group
        plain.append(below or above)
        joined.append(group + below if below else above)
    return [_header(number, number + 1, titles, mapping, first_col) for titles in (plain, joined)]


def _is_ledger(header: Header) -> bool:
    named = header.index.keys()
    return len(named) >= _LEAST_FIELDS and all(part & named for part in _LEDGER_PARTS)


def _header(
    first_row: int, last_row: int, titles: list[str], mapping: Mapping[str, str], first_col: int
) -> Header:
    keys = [header_key(title) for title in titles]
    index: dict[LedgerField, int] = {}
    doubles: list[tuple[LedgerField, str]] = []
    fields: list[LedgerField | None] = [None] * len(keys)
    for at, field in _assigned(keys, mapping):
        if field in index:
            doubles.append((field, letter(first_col + at)))
        else:
            index[field] = at
            fields[at] = field
    columns = tuple(
        Column(
            letter(first_col + at),
            title.strip(),
            fields[at],
            unit_of(keys[at]),
            keys[at],
            known=fields[at] is not None or _needs_no_meaning(keys[at], mapping),
        )
        for at, title in enumerate(titles)
    )
    return Header(first_row, last_row, columns, _with_head_as_borrower(index), tuple(doubles))


def _needs_no_meaning(key: str, mapping: Mapping[str, str]) -> bool:
    return not key or key in mapping or short_form(key) in UNUSED


def _assigned(keys: list[str], mapping: Mapping[str, str]) -> list[tuple[int, LedgerField]]:
    """Each column with its field. The user's own choices come first, so that they win over a double."""
    chosen: list[tuple[int, LedgerField]] = []
    found: list[tuple[int, LedgerField]] = []
    person: LedgerField | None = None
    for at, key in enumerate(keys):
        if not key:
            continue
        if key in mapping:
            if mapping[key]:
                chosen.append((at, LedgerField(mapping[key])))
            continue
        short = short_form(key)
        field = FIELD_OF_TITLE.get(key) or FIELD_OF_TITLE.get(short)
        if field is None and short in SOMEBODYS_NAME:
            field = F.NAME
        elif field is None and short in SOMEBODYS_ID:
            field = F.HEAD_ID if person is F.HEAD_NAME else F.ID_NUMBER
        if field is not None:
            found.append((at, field))
            person = field if field in (F.HEAD_NAME, F.NAME) else person
    return _preferred(chosen, found)


def _preferred(
    chosen: list[tuple[int, LedgerField]], found: list[tuple[int, LedgerField]]
) -> list[tuple[int, LedgerField]]:
    taken = {field for _, field in chosen}
    return chosen + [(at, field) for at, field in found if field not in taken]


def _with_head_as_borrower(index: dict[LedgerField, int]) -> dict[LedgerField, int]:
    """A ledger that names only the household's head means that the head has borrowed."""
    if F.NAME not in index and F.HEAD_NAME in index:
        index[F.NAME] = index[F.HEAD_NAME]
        if F.ID_NUMBER not in index and F.HEAD_ID in index:
            index[F.ID_NUMBER] = index[F.HEAD_ID]
    return index
