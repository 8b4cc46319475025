"""Numbers that somebody typed into a bulletin's text, held against the figures. Pure.

A number is compared only where the sentence says which figure it is: a word such as 逾期率 near before it, and no word
that makes it another one (上月, 收回, 目标 …). What it cannot place it leaves alone.
"""

import re
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal

from app.bulletin.figures import FigureRow
from app.bulletin.narrative import whole
from app.editions.document import Block
from app.editions.facts import Facts
from app.editions.fields import ROW_FIELDS
from app.editions.findings import Found, Kinds, written_by_people
from app.labels import T, Text
from app.places.rules import stem

_UNITS = ("户", "笔", "万元", "%")
_DIGITS = re.compile(r"[^\d.]")
_NUMBER = re.compile(r"(?<![\d.])(\d{1,3}(?:,\d{3})+(?:\.\d+)?|\d+(?:\.\d+)?)(户|笔|万元|%|％)")
# What a number is of, by the words before it; the longer first.
_KEYS = (
    ("全省平均逾期率", {"%": "provincial_rate"}),
    ("全省平均水平", {"%": "provincial_rate"}),
    ("全市平均逾期率", {"%": "prefectural_rate"}),
    ("逾期率", {"%": "逾期率"}),
    ("逾期", {"户": "逾期户数", "笔": "逾期笔数", "万元": "逾期金额"}),
    ("完成率", {"%": "完成率"}),
    ("目标任务的", {"%": "完成率"}),
    ("目标任务", {"万元": "目标任务"}),
    ("存量", {"户": "存量户数", "万元": "存量金额"}),
    ("新增", {"户": "新增户数", "万元": "新增金额"}),
)
_KEY = re.compile("|".join(key for key, _ in _KEYS))
_SENTENCE = re.compile(r"[^。；！？\n]+")
# Words that make it another figure: a change, an aim, another time, a part of it.
_OTHER = re.compile(
    r"上月|上年|去年|年初|同期|前期|收回|清收|化解|压降|下降|减少|增加|增长|上升|回落|新增逾期|高出|相差|差距|目标|计划|力争|"
    r"降至|降到|控制|不超过|不高于|以内|以上|以下|超过|每户|户均|分别|其他|其余|平均每|占|承诺|到期|续贷|展期|代偿|补偿"
)
_NEAR = 12  # characters between the word and its number


@dataclass(frozen=True, slots=True)
class Typed:
    """A number with its unit as somebody typed it, from ``start`` on in the text of a block."""

    block: int
    start: int
    text: str
    sentence: tuple[int, int]


def typed_numbers(blocks: tuple[Block, ...]) -> list[Typed]:
    """The numbers that people typed; what live fields print is none of them."""
    found: list[Typed] = []
    for number, block in written_by_people(blocks):
        live = _live(block)
        for sentence in _SENTENCE.finditer(block.text):
            found += [
                Typed(number, match.start(), match[0], sentence.span())
                for match in _NUMBER.finditer(block.text, *sentence.span())
                if match.start() not in live
            ]
    return found


def typed_figures(
    blocks: tuple[Block, ...], typed: list[Typed], facts: Facts
) -> dict[tuple[int, int], Found | None]:
    """Where it is said which figure a typed number is: what is wrong with it, None where it is right."""
    judged: dict[tuple[int, int], Found | None] = {}
    for number in typed:
        found = _figure_meant(blocks[number.block].text, number, facts)
        if found is not None:
            wrong = _compare(number.text, *found, facts)
            judged[number.block, number.start] = (
                None
                if wrong is None
                else Found(Kinds.FIGURE, number.text, wrong[0], number.block, wrong[1], wrong[2])
            )
    return judged


def _live(block: Block) -> set[int]:
    """Where in the block's text a live field stands."""
    at = 0
    places: set[int] = set()
    for run in block.runs:
        if run.figure is not None:
            places.update(range(at, at + len(run.text)))
        at += len(run.text)
    return places


def _figure_meant(text: str, number: Typed, facts: Facts) -> tuple[str, FigureRow] | None:
    """The field and the row that a typed number is said to be; None where the sentence does not tell."""
    first, last = number.sentence
    sentence, at = text[first:last], number.start - first
    key = _key_before(sentence, at)
    if key is None or sentence[at + len(number.text) :].startswith(("以内", "以上", "以下", "左右")):
        return None
    unit = next(unit for unit in _UNITS if number.text.replace("％", "%").endswith(unit))
    name = dict(_KEYS)[key[0]].get(unit)
    row = _row_before(sentence[: key[1]], facts)
    return None if name is None or row is None else (name, row)


def _key_before(sentence: str, at: int) -> tuple[str, int] | None:
    """The word that says what a number is, near before it, and where it begins; None where another may be meant."""
    keys = list(_KEY.finditer(sentence, 0, at))
    if not keys:
        return None
    last = keys[-1]
    between = _NUMBER.sub("", sentence[last.end() : at])
    clause = max(sentence.rfind(mark, 0, last.start()) for mark in "，,、：:") + 1
    around = sentence[clause : last.start()] + "|" + between
    if len(between) > _NEAR or "，" in between or _OTHER.search(around):
        return None
    if keys[-2:-1] and last.group() == "逾期" and keys[-2].end() == last.start():
        return None  # 新增逾期: neither the one nor the other
    return last.group(), last.start()


def _row_before(words: str, facts: Facts) -> FigureRow | None:
    """The place that is spoken of: the last one named before, else the whole region."""
    total = facts.figures.total
    named = [(words.rfind(name), row) for row in facts.figures.rows for name in {row.name, stem(row.name)}]
    named += [(words.rfind(name), total) for name in (total.name, whole(total.name))]
    place, row = max(named, key=lambda pair: pair[0], default=(-1, total))
    if any(words.rfind(other) > place for other in ("全省", "全市", "全国") if other != whole(total.name)):
        return None
    return row if place >= 0 else total


def _compare(printed: str, name: str, row: FigureRow, facts: Facts) -> tuple[Text, bool, str] | None:
    """Why a typed number is wrong, whether that blocks, and what it should be; None when it is right."""
    if name in ROW_FIELDS:
        field = ROW_FIELDS[name]
        actual, unit, of = field.show(row), field.unit, f"{row.name}·{name}"
    else:
        rate = getattr(facts.lines, name)
        actual, unit, of = "—" if rate is None else str(rate), "%", ""
    if actual == "—":
        return None
    exact, typed = Decimal(actual), Decimal(_DIGITS.sub("", printed))
    if typed == exact:
        return None
    exponent = typed.as_tuple().exponent
    step = Decimal(1).scaleb(exponent if isinstance(exponent, int) else 0)
    rounded = exact.quantize(step, ROUND_HALF_UP) == typed
    said = {"printed": printed, "expected": actual + unit, "field": "{" + of + "}" if of else actual + unit}
    if rounded:
        return (
            T("%(printed)s is %(expected)s, rounded. Rounding alone could explain it.", **said),
            False,
            actual,
        )
    if not of:
        return T("%(printed)s is not the line that holds: %(expected)s.", **said), True, actual
    sentence = T(
        "%(printed)s is not the figure: %(expected)s. Write %(field)s, and it follows the figures.", **said
    )
    return sentence, True, actual
