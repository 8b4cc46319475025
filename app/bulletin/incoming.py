"""A published bundle's manifest, read as figures; and which figures count where several sources have some. Pure.

A county sends its townships' figures, a prefecture its counties'. Amounts in 分. Nothing in a manifest is believed
because it is there: sums must agree with the rows, and what cannot be a figure is refused with a sentence.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from hashlib import sha256
from typing import Any

from app.bulletin.figures import FigureRow, ReceivedRow
from app.clock import parse_month
from app.labels import Declined, T
from app.places.rules import CODE_LENGTHS, NAME_LENGTH, Level

FORMAT = 1
SENDS = {Level.COUNTY: Level.TOWNSHIP, Level.PREFECTURE: Level.COUNTY}  # a bundle's level: that of its rows
_COUNTY = CODE_LENGTHS[Level.COUNTY]
_LARGEST = 2**63 - 1  # what a database column holds
_COUNTS = ("stock_households", "new_households", "overdue_households", "overdue_loans")
_AMOUNTS = ("stock_fen", "new_fen", "overdue_fen")
_TEXT_LENGTHS = {"number": 64, "public_key": 128}


class ManifestRefused(Declined):
    """What was sent is no manifest whose figures can be taken; ``message`` says what is wrong with it."""


@dataclass(frozen=True, slots=True)
class Incoming:
    """The figures of a bundle, one row for each region below. ``total`` carries the region's own target."""

    region: str
    name: str
    month: date
    as_of: date
    number: str | None
    public_key: str
    rows: tuple[FigureRow, ...]
    total: FigureRow


def read_manifest(manifest: Mapping[str, Any]) -> Incoming:
    """The figures of a manifest. Raises ManifestRefused."""
    if not isinstance(manifest, Mapping) or manifest.get("format") != FORMAT:
        raise ManifestRefused(T("This is no manifest of a bulletin, or one of a later version."))
    if manifest.get("draft") is not False:
        raise ManifestRefused(T("The bundle is a draft. Only a published one can be taken."))
    region, level = _region(manifest)
    figures = _part(manifest, "figures", Mapping)
    rows = tuple(_row(one) for one in _part(figures, "rows", list))
    total = _row(_part(figures, "total", Mapping))
    _check_rows(region, CODE_LENGTHS[SENDS[level]], rows, total)
    return Incoming(
        region=region,
        name=_name(_part(manifest, "region_name", str)),
        month=_month(manifest),
        as_of=_day(_part(manifest, "as_of", str)),
        number=_text(manifest, "number"),
        public_key=_text(manifest, "public_key") or "",
        rows=rows,
        total=total,
    )


def _part(values: Mapping[str, Any], name: str, kind: type) -> Any:
    value = values.get(name) if isinstance(values, Mapping) else None
    if not isinstance(value, kind):
        raise ManifestRefused(T("The manifest lacks “%(name)s”, or it is not what it should be.", name=name))
    return value


def _region(manifest: Mapping[str, Any]) -> tuple[str, Level]:
    code = _part(manifest, "region", str)
    for level in SENDS:
        if len(code) == CODE_LENGTHS[level] and code.isascii() and code.isdigit():
            return code, level
    raise ManifestRefused(T("“%(code)s” is the code of no county and of no prefecture.", code=code[:20]))


def _name(name: str) -> str:
    if not 0 < len(name) <= NAME_LENGTH:
        raise ManifestRefused(T("“%(name)s” is no name of a region.", name=name[:NAME_LENGTH]))
    return name


def _month(manifest: Mapping[str, Any]) -> date:
    text = _part(manifest, "month", str)
    try:
        return parse_month(text)
    except (ValueError, OverflowError):
        raise ManifestRefused(T("“%(text)s” is no month like 2023-10.", text=text[:20])) from None


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise ManifestRefused(T("“%(text)s” is no date like 2023-10-31.", text=text[:20])) from None


def _text(manifest: Mapping[str, Any], name: str) -> str | None:
    value = manifest.get(name)
    if value is not None and (not isinstance(value, str) or len(value) > _TEXT_LENGTHS[name]):
        raise ManifestRefused(T("The manifest lacks “%(name)s”, or it is not what it should be.", name=name))
    return value


def _row(values: Mapping[str, Any]) -> FigureRow:
    code, name = _part(values, "code", str), _name(_part(values, "name", str))
    numbers = {key: _number(values, key) for key in (*_COUNTS, *_AMOUNTS)}
    target = None if values.get("target_fen") is None else _number(values, "target_fen")
    return FigureRow(code=code, name=name, target_fen=target, **numbers)


def _number(values: Mapping[str, Any], name: str) -> int:
    value = values.get(name)
    if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value <= _LARGEST:
        raise ManifestRefused(T("The manifest lacks “%(name)s”, or it is not what it should be.", name=name))
    return value


def _check_rows(region: str, length: int, rows: tuple[FigureRow, ...], total: FigureRow) -> None:
    codes = [row.code for row in rows]
    for code in codes:
        if not (len(code) == length and code.isascii() and code.isdigit() and code.startswith(region)):
            raise ManifestRefused(T("“%(code)s” is no region just below the bundle's own.", code=code[:20]))
    if len(set(codes)) < len(codes):
        raise ManifestRefused(T("The manifest names a region twice."))
    for key in (*_COUNTS, *_AMOUNTS):
        if sum(getattr(row, key) for row in rows) != getattr(total, key):
            raise ManifestRefused(
                T("The manifest contradicts itself: “%(name)s” does not add up to its total.", name=key)
            )


def chosen(given: Iterable[ReceivedRow], here: set[str]) -> list[ReceivedRow]:
    """The rows that count: none of a county whose loans are ``here``, and a county's own before its prefecture's."""
    rows = list(given)
    own = {one.sender for one in rows if len(one.sender) == _COUNTY}
    return [
        one
        for one in rows
        if one.row.code[:_COUNTY] not in here and (one.sender in own or one.row.code not in own)
    ]


def differing(here: FigureRow, received: FigureRow) -> list[tuple[str, int, int]]:
    """What a region's figures are here and in its bundle, where they are not the same: key, here, received."""
    pairs = ((key, getattr(here, key), getattr(received, key)) for key in (*_COUNTS, *_AMOUNTS))
    return [(key, ours, theirs) for key, ours, theirs in pairs if ours != theirs]


def fingerprint(public_key: str) -> str:
    """A key's name as people compare it: the beginning of the SHA-256 over it, in groups of four."""
    if not public_key:
        return ""
    digest = sha256(public_key.encode()).hexdigest()[:16].upper()
    return " ".join(digest[at : at + 4] for at in range(0, len(digest), 4))
