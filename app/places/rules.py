"""Finding a place by the names people write: full, printed short, cut, or an alias. Pure.

A statistical code names a place and its parents at once: 530324101 is a township of 530324 (a county) of
5303 (a prefecture) of 53 (a province). "Region R and its children" is therefore "code starts with R".
"""

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from app.labels import Labelled, T

SHIPPED = Path(__file__).parent / "data"
NAME_LENGTH = 64
_STREET, _OFFICE = "街道", "办事处"
_SUFFIXES = (_STREET + _OFFICE, _STREET, "镇", "乡")


class Level(Labelled):
    PROVINCE = "province", T("Province")
    PREFECTURE = "prefecture", T("Prefecture")
    COUNTY = "county", T("County")
    TOWNSHIP = "township", T("Township")
    VILLAGE = "village", T("Village")


CODE_LENGTHS = {Level.PROVINCE: 2, Level.PREFECTURE: 4, Level.COUNTY: 6, Level.TOWNSHIP: 9, Level.VILLAGE: 12}
_PARENT_LENGTH = {4: 2, 6: 4, 9: 6, 12: 9}


@dataclass(frozen=True, slots=True)
class Place:
    """One place: ``name`` is the official full name, ``short`` the one printed in bulletins."""

    code: str
    level: Level
    name: str
    short: str
    aliases: tuple[str, ...] = ()


def parent_code(code: str) -> str | None:
    """The code of the place above, None for a province. Raises KeyError for no valid length."""
    return None if len(code) == CODE_LENGTHS[Level.PROVINCE] else code[: _PARENT_LENGTH[len(code)]]


def level_of(code: str) -> Level:
    """The level that a code of this length has. Raises ValueError otherwise."""
    for level, length in CODE_LENGTHS.items():
        if len(code) == length and code.isascii() and code.isdigit():
            return level
    raise ValueError(f"no statistical code: {code!r}")


def stem(name: str) -> str:
    """A township's name without its kind: 阿岗镇 → 阿岗. A name that is nothing but its kind stays."""
    for suffix in _SUFFIXES:
        if name.endswith(suffix) and len(name) > len(suffix):
            return name[: -len(suffix)]
    return name


class PlaceIndex:
    """Places by every name they go by.

    ``find`` answers only what is certain; ``suggest`` offers what a person may accept.
    """

    def __init__(self, places: Iterable[Place]) -> None:
        self._by_code = {place.code: place for place in places}
        self._by_name: dict[str, set[str]] = {}
        for place in self._by_code.values():
            for name in self._names(place):
                self._by_name.setdefault(name, set()).add(place.code)

    @staticmethod
    def _names(place: Place) -> set[str]:
        names = {place.name, place.short, *place.aliases}
        if place.level is Level.TOWNSHIP:
            names |= {name + _OFFICE for name in names if name.endswith(_STREET)}
            names |= {stem(name) for name in names}
        return names

    def __iter__(self) -> Iterator[Place]:
        return iter(self._by_code.values())

    def __getitem__(self, code: str) -> Place:
        return self._by_code[code]

    def __contains__(self, code: object) -> bool:
        return code in self._by_code

    def children(self, code: str) -> list[Place]:
        """The places one level below, in the order of their codes."""
        return sorted(
            (p for p in self if p.code != code and parent_code(p.code) == code), key=lambda p: p.code
        )

    def find(self, text: str, within: str = "", level: Level | None = Level.TOWNSHIP) -> Place | None:
        """The one place that goes by exactly this name (spaces ignored) in ``within``; None if none or several.

        ``罗平县阿岗镇`` finds 阿岗镇 too: the names of the places above may stand in front.
        """
        text = "".join(text.split())
        hits = self._named(text, within, level) or self._below_a_named_place(text, within, level)
        return hits[0] if len(hits) == 1 else None

    def _below_a_named_place(self, text: str, within: str, level: Level | None) -> list[Place]:
        hits: dict[str, Place] = {}
        for end in range(2, len(text) - 1):
            for above in self._by_name.get(text[:end], ()):
                if above.startswith(within) or within.startswith(above):
                    place = self.find(text[end:], max(above, within, key=len), level)
                    if place is not None and place.code != above:
                        hits[place.code] = place
        return list(hits.values())

    def _named(self, text: str, within: str, level: Level | None) -> list[Place]:
        places = (self._by_code[code] for code in sorted(self._by_name.get(text, ())))
        return [p for p in places if p.code.startswith(within) and level in (None, p.level)]

    def suggest(self, text: str, within: str = "", level: Level | None = Level.TOWNSHIP) -> Place | None:
        """The one place of which ``text`` can be a cut or mistyped form (水井乡 → 大水井乡); None if unclear."""
        text = "".join(text.split())
        if not text:
            return None
        candidates = [p for p in self if p.code.startswith(within) and level in (None, p.level)]
        cut = [p for p in candidates if any(_is_cut(text, name) for name in self._names(p))]
        if not cut:
            cut = [p for p in candidates if any(_one_wrong(text, name) for name in self._names(p))]
        return cut[0] if len(cut) == 1 else None


def _is_cut(text: str, name: str) -> bool:
    return len(text) >= 2 and len(text) < len(name) and (name.endswith(text) or name.startswith(text))


def _one_wrong(text: str, name: str) -> bool:
    return len(text) == len(name) >= 3 and sum(a != b for a, b in zip(text, name, strict=True)) == 1


def read_places(path: Path) -> list[Place]:
    """The places of a shipped or given JSON file. Raises ValueError with what is wrong in it."""
    try:
        return [_place(item) for item in json.loads(path.read_text("utf-8"))["places"]]
    except (KeyError, TypeError, ValueError) as error:
        raise ValueError(f"{path.name}: not a list of places ({error})") from error


def _place(item: Any) -> Place:
    code, name, aliases = item["code"], item["name"], item.get("aliases", [])
    place = Place(code, level_of(code), name, item.get("short") or name, tuple(aliases))
    for text in (name, place.short, *place.aliases):
        if not isinstance(text, str) or not 0 < len(text) <= NAME_LENGTH:
            raise ValueError(f"no name: {text!r}")
    if not isinstance(aliases, list):
        raise ValueError(f"no list of names: {aliases!r}")
    return place


def shipped(county_code: str | None = None) -> PlaceIndex:
    """The places that come with the program: of one county, or of all."""
    files = [SHIPPED / f"{county_code}.json"] if county_code else sorted(SHIPPED.glob("*.json"))
    return PlaceIndex(place for path in files for place in read_places(path))
