"""Targets as people paste them: a region's name and an amount in 万元 on each line. Pure."""

import re
from dataclasses import dataclass

from app.labels import T, Text
from app.money import FEN_PER_WAN, to_fen
from app.places.rules import PlaceIndex

_AMOUNT = re.compile(r"[\d,，.]{1,40}\s{0,9}(?:万元|万)?\s{0,9}$")
_BETWEEN = " ,，:：;；\t\u3000"
_FORM = T("A line is a name and an amount in units of 10,000 yuan.")
_TOTALS = ("合计", "总计", "小计", "全县", "全市", "全省")


@dataclass(frozen=True, slots=True)
class TargetLine:
    """One line that cannot be read: its number, its text, and why."""

    number: int
    text: str
    reason: Text


def read_targets(text: str, places: PlaceIndex, within: str) -> tuple[dict[str, int], list[TargetLine]]:
    """Targets in 分 by region code, and the lines that say nothing certain.

    A line is a name and an amount, divided by a tab, a comma or spaces, as copied from a sheet. Lines without a
    digit (titles) and lines of totals are passed over.
    """
    targets: dict[str, int] = {}
    refused: list[TargetLine] = []
    for number, line in enumerate(text.splitlines(), 1):
        if not any(character.isdigit() for character in line):
            continue
        parted = _parted(line.strip())
        if parted is None:
            refused.append(TargetLine(number, line.strip(), _FORM))
            continue
        name, amount = parted
        if name in _TOTALS:
            continue
        place = places.find(name, within=within, level=None)
        if place is None:
            refused.append(TargetLine(number, line.strip(), T("There is no %(name)s here.", name=name)))
        elif place.code in targets:
            refused.append(
                TargetLine(number, line.strip(), T("%(name)s stands here twice.", name=place.short))
            )
        else:
            try:
                targets[place.code] = to_fen(amount, FEN_PER_WAN)
            except ValueError:
                refused.append(TargetLine(number, line.strip(), _FORM))
    return targets, refused


def _parted(line: str) -> tuple[str, str] | None:
    """The name and the amount at the end of a line, without the commas of its thousands; None for another line."""
    found = _AMOUNT.search(line)
    if found is None:
        return None
    written = found.group().rstrip(" 万元\t\u3000")
    amount = written.lstrip(",，")
    before = line[: found.start() + len(written) - len(amount)]
    name = before.rstrip(_BETWEEN)
    if not name or name == before:
        return None
    return name, amount.replace(",", "").replace("，", "")
