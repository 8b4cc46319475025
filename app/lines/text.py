"""Lines as people type or paste them: a rate ``1.08``, a rank ``7/9``, a month ``2023-10`` or ``2023-10起``. Pure."""

import csv
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal, InvalidOperation
from unicodedata import normalize

from app.clock import month_end
from app.labels import Declined, T, Text
from app.lines.rules import Held, LineKind
from app.places.rules import PlaceIndex

SOURCE_LENGTH = 200
MOST_RANKED = 3000
FIELDS = 6  # region, month, line, value, source, date of the source
_MONTH = re.compile(r"(\d{4})[-/.年](\d{1,2})月?\s*(起|\+|on)?")
_DAY = re.compile(r"(\d{4})[-/.年](\d{1,2})[-/.月](\d{1,2})日?")
_RANK = re.compile(r"第?(\d{1,4})[位名]?[\s/,，共]+(\d{1,4})个?")
NAMES: dict[str, LineKind] = {
    **{kind.value: kind for kind in LineKind},
    "全省平均": LineKind.PROVINCIAL, "省平均": LineKind.PROVINCIAL, "全省平均逾期率": LineKind.PROVINCIAL,
    "全市平均": LineKind.PREFECTURAL, "市平均": LineKind.PREFECTURAL, "州平均": LineKind.PREFECTURAL,
    "全市平均逾期率": LineKind.PREFECTURAL, "排名": LineKind.RANK, "全市排名": LineKind.RANK,
    "黄牌": LineKind.YELLOW, "黄牌线": LineKind.YELLOW, "红牌": LineKind.RED, "红牌线": LineKind.RED,
}  # fmt: skip


class LinesRefused(Declined):
    """What was entered cannot hold; ``message`` says why."""


@dataclass(frozen=True, slots=True)
class RefusedLine:
    """One line that cannot be read: its number, its text, and why."""

    number: int
    text: str
    reason: Text


@dataclass(frozen=True, slots=True)
class Value:
    """A rate in percent, or a rank."""

    rate: Decimal | None = None
    rank: int | None = None
    of: int | None = None


def plain(text: str) -> str:
    return normalize("NFKC", text).strip()


def read_value(kind: LineKind, text: str) -> Value:
    """Raises LinesRefused with what is expected."""
    text = plain(text)
    if kind is LineKind.RANK:
        match = _RANK.fullmatch(text)
        if match is None:
            raise LinesRefused(T("Give the rank and how many were ranked, such as 7/9."))
        rank, of = int(match[1]), int(match[2])
        if not 1 <= rank <= of <= MOST_RANKED:
            raise LinesRefused(T("A rank lies between 1 and the number that were ranked."))
        return Value(rank=rank, of=of)
    try:
        rate = Decimal(text.removesuffix("%").strip())
        exponent = rate.as_tuple().exponent
    except InvalidOperation:
        raise LinesRefused(T("Give a rate in percent, such as 1.08.")) from None
    if not isinstance(exponent, int) or not 0 <= rate <= 100:
        raise LinesRefused(T("A rate lies between 0 and 100 percent."))
    if rate != rate.quantize(Decimal("0.01")):
        raise LinesRefused(T("A rate has at most two decimals, as the bulletin prints it."))
    return Value(rate=rate.quantize(Decimal("0.01")))


def read_month(text: str) -> tuple[date, bool]:
    """The month's last day, and whether the value holds from then on. Raises LinesRefused."""
    match = _MONTH.fullmatch(plain(text))
    try:
        if match is None:
            raise ValueError(text)
        return month_end(date(int(match[1]), int(match[2]), 1)), bool(match[3])
    except ValueError:
        raise LinesRefused(T("Give the month such as 2023-10, or 2023-10起 for from then on.")) from None


def read_day(text: str) -> date:
    """Raises LinesRefused."""
    match = _DAY.fullmatch(plain(text))
    try:
        if match is None:
            raise ValueError(text)
        return date(*(int(part) for part in match.groups()))
    except ValueError:
        raise LinesRefused(T("Give the date of the source, such as 2023-11-08.")) from None


def read_source(text: str) -> str:
    """Raises LinesRefused."""
    text = " ".join(text.split())
    if not 1 <= len(text) <= SOURCE_LENGTH:
        raise LinesRefused(T("Say where the value is from, in at most %(n)s characters.", n=SOURCE_LENGTH))
    return text


def read_lines(text: str, places: PlaceIndex, within: str) -> tuple[list[Held], list[RefusedLine]]:
    """The values of a table, and the lines that say nothing certain.

    A line is region (code or name), month, line, value, source, date of the source, divided by tabs or commas as
    copied from a sheet or saved as CSV. A heading is passed over.
    """
    found: dict[tuple[str, LineKind, date, bool], Held] = {}
    refused: list[RefusedLine] = []
    for number, line in enumerate(text.lstrip("\ufeff").splitlines(), 1):
        if not any(character.isdigit() for character in line):
            continue
        try:
            value = _line(line, places, within)
            key = value.region_code, value.kind, value.month, value.ongoing
            if key in found:
                raise LinesRefused(T("The same line of the same month stands here twice."))
            found[key] = value
        except LinesRefused as reason:
            refused.append(RefusedLine(number, line.strip(), reason.message))
    return list(found.values()), refused


def _line(line: str, places: PlaceIndex, within: str) -> Held:
    separator = "\t" if "\t" in line else ","
    source_line = line if separator == "\t" else line.replace("，", ",")
    parts = [part.strip() for part in next(csv.reader([source_line], delimiter=separator))]
    if len(parts) != FIELDS:
        raise LinesRefused(T("A line is region, month, line, value, source and date of the source."))
    name, month_text, kind_name, typed, source, day = parts
    place = places[name] if name in places else places.find(name, within="", level=None)
    if place is None or not place.code.startswith(within):
        raise LinesRefused(T("There is no %(name)s here.", name=name))
    kind = NAMES.get(plain(kind_name).removesuffix("(%)").strip())
    if kind is None:
        raise LinesRefused(T("There is no line called %(name)s.", name=kind_name))
    month, ongoing = read_month(month_text)
    value = read_value(kind, typed)
    return Held(
        kind, place.code, month, ongoing, read_source(source), read_day(day), value.rate, value.rank, value.of
    )


def read_form(
    typed: Mapping[str, str], region: str, month: date
) -> tuple[dict[LineKind, Held | None], dict[str, Text]]:
    """The values of a page's fields (``rank``, ``rank-source``, ``rank-on``, ``rank-ongoing``), and errors by field.

    None is a value that was left empty. An empty source or date is that of the value before it.
    """
    values: dict[LineKind, Held | None] = {}
    errors: dict[str, Text] = {}
    before: dict[str, str] = {"source": "", "on": ""}
    for kind in LineKind:
        if not typed.get(kind, "").strip():
            values[kind] = None
            continue
        told = {part: typed.get(f"{kind}-{part}", "").strip() or before[part] for part in before}
        before = told
        got: dict[str, object] = {}
        for field, read in _readers(kind, typed[kind], told):
            try:
                got[field] = read()
            except LinesRefused as reason:
                errors[field] = reason.message
        if len(got) == len(before) + 1:
            value, source, on = got.values()
            assert isinstance(value, Value)
            assert isinstance(on, date)
            values[kind] = Held(
                kind, region, month, bool(typed.get(f"{kind}-ongoing")), str(source), on,
                value.rate, value.rank, value.of,
            )  # fmt: skip
    return values, errors


def _readers(
    kind: LineKind, value: str, told: Mapping[str, str]
) -> Iterator[tuple[str, Callable[[], object]]]:
    yield kind.value, lambda: read_value(kind, value)
    yield f"{kind}-source", lambda: read_source(told["source"])
    yield f"{kind}-on", lambda: read_day(told["on"])
