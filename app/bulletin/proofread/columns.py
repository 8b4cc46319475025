"""What a table's head says of its columns: which figure, in which aspect and unit. Pure."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from app.bulletin.proofread.figures import ADDING, AMOUNTS, HOUSEHOLDS, OVER, Aspect, Figure
from app.money import FEN_PER_WAN, FEN_PER_YUAN


@dataclass(frozen=True, slots=True)
class Column:
    """A column that is understood. ``sign`` is -1 where the head itself says 减少; ``percent`` where it says %."""

    figure: Figure
    aspect: Aspect
    unit: int = 1  # 分 to the unit of an amount
    sign: int = 1
    percent: bool = False


# The subject of a column, by the first word that its head holds.
_SUBJECTS = (
    (
        re.compile(r"户均|人均|新增逾期|收回|化解|清收|续贷|展期|代偿|授信|贴息|欠息|利息|本息|占比|笔|人数"),
        None,
    ),
    (re.compile(r"逾期[^完]{0,6}率|不良[^完]{0,6}率"), Figure.OVERDUE_RATE_PCT),
    (
        re.compile(r"完成[^额户]{0,10}(?:率|比例|比|%)|完成(?:年度)?(?:目标)?任务(?:情况)?$"),
        Figure.COMPLETION_PCT,
    ),
    (re.compile(r"完成(?:金额|额|户数)"), Figure.NEW_WAN),
    (re.compile(r"目标|任务"), Figure.TARGET_WAN),
    (re.compile(r"逾期|不良"), Figure.OVERDUE_WAN),
    (re.compile(r"新增|发放|投放|放贷"), Figure.NEW_WAN),
    (re.compile(r"存量|余额|在贷|结余"), Figure.STOCK_WAN),
)
_OF_HOUSEHOLDS = {
    Figure.STOCK_WAN: Figure.STOCK_HOUSEHOLDS,
    Figure.NEW_WAN: Figure.NEW_HOUSEHOLDS,
    Figure.OVERDUE_WAN: Figure.OVERDUE_HOUSEHOLDS,
}
_BASES = (
    (re.compile(r"全?省(?:级)?平均"), Aspect.PROVINCE),
    (re.compile(r"(?:全市|市级|市|全州|州)平均"), Aspect.PREFECTURE),
    (re.compile(r"上年同[期月]|去年同[期月]|同比"), Aspect.YEAR_AGO),
    (re.compile(r"年初|上年末|去年底|上年底"), Aspect.YEAR_START),
    (re.compile(r"上个?月|上期|环比"), Aspect.LAST_MONTH),
)
_CHANGES = re.compile(
    r"增减|增加|减少|变化|变动|上升|下降|升降|增幅|降幅|净增|净减|[环同]比|较|比(?!例)|±|\+/?-|差"
)
_FALLS = re.compile(r"减少|下降|降幅|净减|压降")
_RISES = re.compile(r"增|升")
_GROWTH = re.compile(r"增长率|增幅|增速|降幅")
_RANK = re.compile(r"排名|名次|位次|排位")
_NOT_FIGURES = re.compile(r"序号|编号|备注|责任|联系|电话|日期|代码")
_HOUSEHOLD = re.compile(r"户")
_PERCENT = re.compile(r"%|百分")
_UNITS = (
    (re.compile(r"亿元"), 10_000 * FEN_PER_WAN),
    (re.compile(r"万元"), FEN_PER_WAN),
    (re.compile(r"元"), FEN_PER_YUAN),
)


def read_columns(heads: Sequence[str], caption: str) -> dict[int, Column]:
    """The columns that are understood, by position; ``caption`` (单位：万元) tells the unit of the others."""
    found: dict[int, Column] = {}
    for at, head in enumerate(heads):
        before = [found[column] for column in sorted(found)]
        column = _column("".join(head.split()), before, _unit(caption) or FEN_PER_WAN)
        if column:
            found[at] = column
    return found


def _column(head: str, before: Sequence[Column], usual: int) -> Column | None:
    if not head or _NOT_FIGURES.search(head):
        return None
    if _RANK.search(head):
        return _rank(head, before)
    base = next((aspect for words, aspect in _BASES if words.search(head)), None)
    changes = bool(_CHANGES.search(head))
    if _GROWTH.search(head):
        return None
    known, figure = _subject(head)
    if known and figure is None:
        return None
    if figure is None:
        if not changes and base is None:
            return None
        figure = _like_before(head, before)
    if figure is None:
        return None
    aspect = base or Aspect.NOW
    if changes:
        aspect = OVER[base or Aspect.LAST_MONTH]
    falls = changes and _FALLS.search(head) and not _RISES.search(head)
    unit = (_unit(head) or usual) if figure in AMOUNTS else 1
    return Column(figure, aspect, unit, -1 if falls else 1, bool(_PERCENT.search(head)))


def _subject(head: str) -> tuple[bool, Figure | None]:
    for words, figure in _SUBJECTS:
        if words.search(head):
            if figure in _OF_HOUSEHOLDS and _HOUSEHOLD.search(head) and not re.search(r"元|金额", head):
                return True, _OF_HOUSEHOLDS[figure]
            if figure is Figure.TARGET_WAN and (_HOUSEHOLD.search(head) or _PERCENT.search(head)):
                return True, Figure.COMPLETION_PCT if _PERCENT.search(head) else None
            if figure in AMOUNTS and _PERCENT.search(head) and not _unit(head):
                return True, None
            return True, figure
    return False, None


def _like_before(head: str, before: Sequence[Column]) -> Figure | None:
    """A change that does not say of what: of the nearest column with the same unit to its left."""
    kinds = [column.figure for column in reversed(before) if column.aspect is not Aspect.RANK]
    if _PERCENT.search(head):
        return next((figure for figure in kinds if figure not in ADDING), None)
    if _HOUSEHOLD.search(head):
        return next((figure for figure in kinds if figure in HOUSEHOLDS), None)
    if _unit(head):
        return next((figure for figure in kinds if figure in AMOUNTS), None)
    return kinds[0] if kinds else None


def _rank(head: str, before: Sequence[Column]) -> Column | None:
    known, figure = _subject(
        re.sub(r"排名|名次|位次|排位", "率", head) if re.search(r"逾期|完成", head) else head
    )
    if not known:
        figure = next((column.figure for column in reversed(before) if column.aspect is Aspect.NOW), None)
    return Column(figure, Aspect.RANK) if figure else None


def _unit(text: str) -> int | None:
    return next((unit for words, unit in _UNITS if words.search(text)), None)
