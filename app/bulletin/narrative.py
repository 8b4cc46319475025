"""基本情况 of the bulletin as text, in the wording that 罗平县 publishes. Pure.

The text is Chinese whatever language the page is read in: it is the draft of an official document.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date
from typing import NamedTuple

from app.bulletin.figures import FigureRow, Figures
from app.money import wan

HEADING = "一、基本情况"
NO_FIGURE = "—"
CLEARED = "已清零"

# 全县, 全市 … by the end of the region's own name, the longer ending first.
_WHOLE = {
    "街道": "全街道",
    "地区": "全地区",
    "县": "全县",
    "市": "全市",
    "州": "全州",
    "省": "全省",
    "区": "全区",
    "旗": "全旗",
    "镇": "全镇",
    "乡": "全乡",
}


class Words(NamedTuple):
    """A piece of a sentence; ``figure`` names the one it prints, ``530324101.overdue_wan``, None for plain words.

    It is the region's code and the figure's name in ``FigureRow.to_json``.
    """

    text: str
    figure: str | None = None


@dataclass(frozen=True, slots=True)
class Paragraph:
    """One numbered paragraph: ``（一）存量贷款情况`` and its text, with each figure a piece of its own."""

    heading: str
    words: tuple[Words, ...]

    @property
    def text(self) -> str:
        return "".join(words.text for words in self.words)


def basic_situation(figures: Figures) -> tuple[Paragraph, Paragraph, Paragraph]:
    """The three paragraphs on stock, new lending and overdue, in the published wording and order."""
    return (
        Paragraph("（一）存量贷款情况", tuple(_stock(figures))),
        Paragraph("（二）新增贷款情况", tuple(_new(figures))),
        Paragraph("（三）逾期情况", tuple(_overdue(figures))),
    )


def basic_situation_text(figures: Figures) -> str:
    """The same as one text that can be copied into the document."""
    blocks = [HEADING]
    for paragraph in basic_situation(figures):
        blocks += [paragraph.heading, paragraph.text]
    return "\n\n".join(blocks) + "\n"


def whole(region_name: str) -> str:
    """全县 for a county, 全市 for a city …, by the region's own name."""
    return next((word for suffix, word in _WHOLE.items() if region_name.endswith(suffix)), "全域")


def chinese_date(day: date) -> str:
    """2023年10月31日, without leading zeros."""
    return f"{day.year}年{day.month}月{day.day}日"


def _households_and_amount(row: FigureRow, measure: str) -> tuple[Words, ...]:
    households, fen = getattr(row, f"{measure}_households"), getattr(row, f"{measure}_fen")
    return (
        Words(f"{households}户", f"{row.code}.{measure}_households"),
        Words(f"{wan(fen)}万元", f"{row.code}.{measure}_wan"),
    )


def _rate(row: FigureRow) -> tuple[Words, ...]:
    printed = NO_FIGURE if row.overdue_rate_pct is None else f"{row.overdue_rate_pct}%"
    return Words("逾期率"), Words(printed, f"{row.code}.overdue_rate_pct")


def _completion(row: FigureRow) -> tuple[Words, ...]:
    done = NO_FIGURE if row.completion_pct is None else f"{row.completion_pct}%"
    return Words("完成年度目标任务的"), Words(done, f"{row.code}.completion_pct")


def _sentence(
    total: Iterable[Words], parts: Iterable[Iterable[Words]], separator: str, lead: str = "，其中："
) -> Iterator[Words]:
    yield from total
    between = lead
    for part in parts:
        yield Words(between)
        yield from part
        between = separator
    yield Words("。")


def _stock(figures: Figures) -> Iterator[Words]:
    total = figures.total
    opening = f"截至{chinese_date(figures.as_of)}，{whole(total.name)}脱贫人口小额信贷累计存量"
    return _sentence(
        (Words(opening), *_households_and_amount(total, "stock")),
        ((Words(row.name), *_households_and_amount(row, "stock")) for row in figures.by_stock()),
        "，",
    )


def _new(figures: Figures) -> Iterator[Words]:
    total = figures.total
    opening = f"截至{chinese_date(figures.as_of)}，{whole(total.name)}{figures.as_of.year}年新增贷款"
    return _sentence(
        (Words(opening), *_households_and_amount(total, "new"), Words("，"), *_completion(total)),
        (
            (Words(row.name), *_households_and_amount(row, "new"), Words("，"), *_completion(row))
            for row in figures.by_new()
        ),
        "；",
    )


def _overdue(figures: Figures) -> Iterator[Words]:
    total = figures.total
    opening = f"截至{chinese_date(figures.as_of)}，{whole(total.name)}脱贫人口小额信贷贷款"
    cleared = "、".join(row.name for row in figures.cleared())
    if total.cleared:
        return iter((Words(f"{opening}无逾期" + (f"，{cleared}均已清零。" if cleared else "。")),))
    parts = [
        (Words(row.name), *_households_and_amount(row, "overdue"), Words("，"), *_rate(row))
        for row in figures.by_overdue()
    ]
    if cleared:
        parts.append((Words(cleared + CLEARED),))
    whole_of_it = (
        Words(f"{opening}逾期"),
        *_households_and_amount(total, "overdue"),
        Words("，"),
        *_rate(total),
    )
    return _sentence(whole_of_it, parts, "；", "。其中：")
