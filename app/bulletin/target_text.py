"""Targets as people paste them: a region's name and an amount in 万元 on each line. Pure."""

import re
from dataclasses import dataclass

from app.labels import T, Text
from app.money import FEN_PER_WAN, to_fen
from app.places.rules import PlaceIndex

_LINE = re.compile(r"^\s*(?P<name>\S.*?)[\s,，:：;；\t]+(?P<amount>[\d,，.]+)\s*(?:万元|万)?\s*$")
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
        match = _LINE.match(line)
        if match is None:
            refused.append(TargetLine(number, line.strip(), _FORM))
            continue
        name = match["name"].strip()
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
                targets[place.code] = to_fen(match["amount"].replace(",", "").replace("，", ""), FEN_PER_WAN)
            except ValueError:
                refused.append(TargetLine(number, line.strip(), _FORM))
    return targets, refused
