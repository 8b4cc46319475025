"""Lists of the first and the last: 排名前三的是…, 最高的是…, 末位为…. Pure."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from app.bulletin.proofread.figures import Figure
from app.bulletin.proofread.wording import NAME, counted

_LEAD = re.compile(
    r"(?:(?:前|后|末|倒数|最后)(?P<count>[一二两三四五六七八九十]|\d{1,2})(?:名|位)?"
    r"|(?P<worst>末位|最后一[名位]|倒数第一|垫底)|最(?P<most>[高多大])|最(?P<least>[低少小]))"
    r"(?:的|乡镇|街道|\(街道\)|乡|县区|县市区|县|地方|单位){0,4}(?P<order>依次|分别)?(?:[为是有]:?|:)"
)
_STOPS = re.compile(r"[。;\n!?！？]")
_NAMES = re.compile(NAME)
_BETWEEN = re.compile(r"[、和及与 ]{1,3}|(?:\([^()\n]{0,20}\)|\d[\d.]{0,9}(?:%|万元|户)?){1,2}[、,和及与]?")
_SORTED = re.compile(r"[由从][高大多低小少]到")
_SUBJECTS = (
    (re.compile(r"逾期率|不良率"), Figure.OVERDUE_RATE_PCT, Figure.OVERDUE_RATE_PCT),
    (re.compile(r"完成率|完成"), Figure.COMPLETION_PCT, Figure.COMPLETION_PCT),
    (re.compile(r"逾期"), Figure.OVERDUE_WAN, Figure.OVERDUE_HOUSEHOLDS),
    (re.compile(r"新增|发放|投放"), Figure.NEW_WAN, Figure.NEW_HOUSEHOLDS),
    (re.compile(r"存量|余额"), Figure.STOCK_WAN, Figure.STOCK_HOUSEHOLDS),
)
_LONGEST_SENTENCE, _LONGEST_LIST = 60, 300


@dataclass(frozen=True, slots=True)
class Top:
    """Names that are said to come first or last, each with its place; in their order if ``ordered``.

    ``most``: True for the most, False for the least, None where the words leave it open.
    """

    figure: Figure
    names: tuple[tuple[int, int], ...]
    ordered: bool
    most: bool | None


def read_tops(plain: str) -> Iterator[Top]:
    """All such lists whose subject and names are found."""
    for lead in _LEAD.finditer(plain):
        before = plain[max(0, lead.start() - _LONGEST_SENTENCE) : lead.end()]
        before = _STOPS.split(before)[-1]
        figure = _subject(before)
        count = counted(lead["count"]) if lead["count"] else 1
        names = tuple(_names(plain, lead.end(), count or 1))
        if figure and names:
            most = True if lead["most"] else False if lead["least"] else None
            ordered = bool(lead["order"] or _SORTED.search(before))
            yield Top(figure, names, ordered, most)


def _subject(before: str) -> Figure | None:
    found = [
        (match.start(), -rank, amount, households)
        for rank, (words, amount, households) in enumerate(_SUBJECTS)
        for match in words.finditer(before)
    ]
    if not found:
        return None
    _, _, amount, households = max(found, key=lambda item: item[:2])
    return households if "户" in before else amount


def _names(plain: str, at: int, count: int) -> Iterator[tuple[int, int]]:
    end = at + _LONGEST_LIST
    for _ in range(count):
        name = _NAMES.match(plain, at, end)
        if name is None:
            return
        yield name.span()
        between = _BETWEEN.match(plain, name.end(), end)
        if between is None:
            return
        at = between.end()
