"""Whose figures a row carries: names found in the region tree, repaired where the page cut them.

A place is known by its code; a name that the tree does not hold is taken as written when it ends like a
place (镇, 乡, 街道 …), so that a county whose places are not shipped is read as well.
"""

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import TypeAlias

from app.bulletin.proofread.phrases import Phrases, Said
from app.bulletin.proofread.printed import TOTAL, Section
from app.bulletin.proofread.reading import Cleared, Reading, Row
from app.bulletin.proofread.tables import TableRow
from app.places.rules import PlaceIndex, parent_code, stem

Named: TypeAlias = Row | Cleared | TableRow | Said

_PLACE_ENDS = "街道|镇|乡|县|市|区|旗|州"
_ENDS_LIKE_A_PLACE = re.compile(rf"[\u4e00-\u9fff]{{1,10}}(?:{_PLACE_ENDS})$")
_SHORTEST_PLACE = re.compile(rf"[\u4e00-\u9fff]{{1,10}}?(?:{_PLACE_ENDS})")
_FILLERS = re.compile(r"(?:脱贫人口|小额信贷|贷款|存量|余额|累计|新增|发放|当年|年|逾期|有|为|共|计){1,8}$")
_TOTAL_WORDS = re.compile(r"存量|新增|发放|逾期")
_AGAIN = "#"  # marks a repeated region within a section
OTHER = "@"  # marks a figure of the region that is said elsewhere again
SUBTOTAL = "小计"  # the region key of a line that adds up a part of a table
_SUMS = re.compile(r"^(?:合计|总计|共计|总数|总和)")
_MOST_COMPLETED = 400  # names, beyond which cut ones are not looked for
_WHOLE = re.compile(r"全(?:[省市州县区旗镇乡域]|街道|地区)(?![镇乡县]|街道)")


@dataclass(slots=True)
class Names:
    """What the regions of a text are called. ``within`` is the region whose bulletin it is, if known."""

    places: PlaceIndex
    within: str
    total_name: str
    repaired: list[Named] = field(default_factory=list)
    unknown: list[Row] = field(default_factory=list)

    def __call__(self, region: str) -> str:
        """The printed short name of a region key."""
        region = base_region(region)
        if region == TOTAL:
            return self.total_name
        return self.places[region].short if region in self.places else region


def name_regions(reading: Reading, places: PlaceIndex, phrases: Phrases | None = None) -> Names:
    """Give every row and every cleared name its region; what is no place is put aside.

    1. Find the county (or prefecture) whose places the text names. 2. Split cleared names that run together.
    3. Take exact names and totals. 4. Repair cut names by the tree, where the section lacks that place.
    5. Take names as written, completed by the longer form that another section has.
    """
    phrases = phrases or Phrases()
    reading.cleared += [*phrases.cleared, *_cleared_in(reading)]
    within = _scope(reading, places, phrases)
    tree = _Tree(places, within)
    reading.cleared = [part for run in reading.cleared for part in tree.parts(run)]
    named: list[Named] = [row for rows in reading.rows.values() for row in rows]
    named += [row for table in reading.tables for row in table.rows]
    named += reading.cleared
    for item in named:
        item.region = tree.find(item)
    for item in named:
        if item.region is None:
            item.region = tree.repair(item, _regions(named, item.section))
    for item in named:
        if item.region is None and item.section is not Section.PROBLEMS:
            found = _ENDS_LIKE_A_PLACE.search(_FILLERS.sub("", item.name))
            item.region = found[0] if found else item.name if isinstance(item, TableRow) else None
    _complete(named, tree)
    _name_said(phrases, tree, {item.region for item in named if item.region})
    names = Names(places, within, places[within].short if within else _whole(reading))
    names.repaired = [item for item in named if item.region and not tree.is_whole(item)]
    for section, rows in reading.rows.items():
        names.unknown += [row for row in rows if row.region is None]
        reading.rows[section] = [row for row in rows if row.region is not None]
        _number_repeats(reading.rows[section])
    for table in reading.tables:
        _number_repeats([row for row in table.rows if row.region not in (TOTAL, SUBTOTAL)])
        _number_repeats([row for row in table.rows if row.region == SUBTOTAL])
    reading.cleared = [item for item in reading.cleared if item.region]
    return names


def _cleared_in(reading: Reading) -> Iterator[Cleared]:
    """Rows of tables that are marked as cleared."""
    for table in reading.tables:
        for row in table.rows:
            if row.cleared:
                yield Cleared(row.name, row.start, row.end, section=Section.TABLE)


def _name_said(phrases: Phrases, tree: "_Tree", known: set[str]) -> None:
    """Names in running text: as the tree or a list or table has them, else as written."""
    found: dict[str, str | None] = {}
    endings = sorted(known - {TOTAL, SUBTOTAL}, key=len, reverse=True)[:_MOST_COMPLETED]
    for said in phrases.said:
        if said.name not in found:
            found[said.name] = said.name if said.name in known else tree.find(said)
        if found[said.name] is None:
            ends = [region for region in endings if said.name.endswith(region) or is_cut(said.name, region)]
            found[said.name] = ends[0] if ends else said.name
        said.region = found[said.name]


def _scope(reading: Reading, places: PlaceIndex, phrases: Phrases) -> str:
    """The region one level above the places that the text names; "" if the tree knows fewer than half of them.

    板桥镇 alone does not make a text one about 罗平县: many counties have one.
    """
    rows = [row.name for rows in reading.rows.values() for row in rows]
    rows += [row.name for table in reading.tables for row in table.rows if not _SUMS.search(row.name)]
    rows += [claim.who.name for claim in phrases.claims if claim.figure and isinstance(claim.who, Said)]
    named = {name for name in rows if not _WHOLE.search(name) and not _TOTAL_WORDS.search(name)}
    named |= {item.name for item in reading.cleared}
    votes: Counter[str] = Counter()
    for place in places:
        above = parent_code(place.code)
        if above and above in places and named & {place.name, place.short, *place.aliases, stem(place.short)}:
            votes[above] += 1
    best = max(votes, key=lambda code: (votes[code], code)) if votes else ""
    return best if 2 * votes[best] >= len(named) else ""


def _whole(reading: Reading) -> str:
    """全县, as the text calls a county that the tree does not hold."""
    rows: list[Named] = [row for rows in reading.rows.values() for row in rows if row.region == TOTAL]
    rows += [row for table in reading.tables for row in table.rows if row.region == TOTAL]
    return next(
        (found[0] for row in rows if (found := _WHOLE.search(row.name))), reading.whole_name or "合计"
    )


def _regions(named: list[Named], section: Section) -> set[str]:
    return {item.region for item in named if item.section is section and item.region}


class _Tree:
    """The places one level below one region, by all their names."""

    def __init__(self, places: PlaceIndex, within: str) -> None:
        self.places, self.within = places, within
        self.children = places.children(within) if within else []
        self.whole = {
            name: place.code for place in self.children for name in (place.name, place.short, *place.aliases)
        }
        self.stems = {stem(name): code for name, code in self.whole.items()}

    def find(self, item: Named) -> str | None:
        """A place by its exact name or at the end of a run of words; the total by the words of a total."""
        bare = _FILLERS.sub("", item.name)
        if isinstance(item, TableRow) and SUBTOTAL in item.name:
            return SUBTOTAL
        for text in (item.name, bare):
            if code := self.whole.get(text) or self.stems.get(text):
                return code
        if ends := [name for name in self.whole if bare.endswith(name)]:
            return self.whole[max(ends, key=len)]
        return TOTAL if self._is_total(item.name, bare) else None

    def _is_total(self, name: str, bare: str) -> bool:
        """全县脱贫人口小额信贷累计存量, 年新增贷款, 罗平县…: the line of the region itself."""
        if _WHOLE.search(name) or _SUMS.search(name) or "小额信贷" in name:
            return True
        if self.within and bare in (self.places[self.within].name, self.places[self.within].short):
            return True
        return bool(_TOTAL_WORDS.search(name)) and not _ENDS_LIKE_A_PLACE.search(bare)

    def repair(self, item: Named, present: set[str]) -> str | None:
        """The one place of which the name is a cut form; of two, the one that the section still lacks."""
        if not self.within or item.section is Section.PROBLEMS:
            return None
        if place := self.places.suggest(item.name, self.within, self.children[0].level):
            return place.code
        fits = {code for name, code in self.whole.items() if is_cut(item.name, name)} - present
        return fits.pop() if len(fits) == 1 else None

    def is_whole(self, item: Named) -> bool:
        """Whether the name is printed in full."""
        region, bare = item.region or "", _FILLERS.sub("", item.name)
        if region == TOTAL:
            return True
        return bare.endswith(tuple(name for name, code in self.whole.items() if code == region) or region)

    def parts(self, run: Cleared) -> Iterator[Cleared]:
        """The names in a run whose separators may be lost (钟山乡旧屋基乡), the longest known name first."""
        known = sorted((*self.whole, *self.stems), key=len, reverse=True)
        at, text = 0, run.name
        while at < len(text):
            found = next((name for name in known if text.startswith(name, at)), None)
            shortest = _SHORTEST_PLACE.match(text, at)
            end = at + len(found) if found else shortest.end() if shortest else len(text)
            yield replace(run, name=text[at:end], start=run.start + at, end=run.start + end)
            at = end


def is_cut(text: str, name: str) -> bool:
    """Whether ``text`` is ``name`` without its beginning or its end, and two characters or more."""
    return 2 <= len(text) < len(name) and (name.endswith(text) or name.startswith(text))


def base_region(region: str) -> str:
    """The region of a row that is the second or third of its name in a section."""
    return region.partition(OTHER)[0].partition(_AGAIN)[0]


def is_repeat(region: str) -> bool:
    """Whether a section or a table has had the region before."""
    return _AGAIN in region


def _number_repeats(rows: Sequence[Row | TableRow]) -> None:
    """Let every row of a section have a key of its own: the second 阿岗镇 is 阿岗镇#2.

    The second total is the whole, said again.
    """
    seen: Counter[str] = Counter()
    for row in rows:
        region = row.region or TOTAL
        seen[region] += 1
        if seen[region] > 1:
            row.region = f"{region}{_AGAIN if region != TOTAL else OTHER}{seen[region]}"


def _complete(named: list[Named], tree: _Tree) -> None:
    """Where one section prints 水井乡 and another 大水井乡, and none prints both, they are one place."""
    sections: dict[str, set[Section]] = {}
    for item in named:
        if item.region and item.section is not Section.PROBLEMS:
            sections.setdefault(item.region, set()).add(item.section)
    if len(sections) > _MOST_COMPLETED:
        return
    for item in named:
        name = item.region if item.region is not None else item.name
        if name == TOTAL or name in tree.places or item.section is Section.PROBLEMS:
            continue
        here = sections.get(name, {item.section})
        longer = [full for full in sections if is_cut(name, full) and not sections[full] & here]
        item.region = longer[0] if len(longer) == 1 else item.region
