"""基本情况 of the bulletin as text, in the wording that 罗平县 publishes. Pure.

The text is Chinese whatever language the page is read in: it is the draft of an official document.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

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


@dataclass(frozen=True, slots=True)
class Paragraph:
    """One numbered paragraph: ``（一）存量贷款情况`` and its text."""

    heading: str
    text: str


def basic_situation(figures: Figures) -> tuple[Paragraph, Paragraph, Paragraph]:
    """The three paragraphs on stock, new lending and overdue, in the published wording and order."""
    return (
        Paragraph("（一）存量贷款情况", _stock(figures)),
        Paragraph("（二）新增贷款情况", _new(figures)),
        Paragraph("（三）逾期情况", _overdue(figures)),
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


def _households_and_amount(households: int, fen: int) -> str:
    return f"{households}户{wan(fen)}万元"


def _rate(row: FigureRow) -> str:
    return "逾期率" + (NO_FIGURE if row.overdue_rate_pct is None else f"{row.overdue_rate_pct}%")


def _completion(row: FigureRow) -> str:
    done = NO_FIGURE if row.completion_pct is None else f"{row.completion_pct}%"
    return f"完成年度目标任务的{done}"


def _sentence(total: str, parts: Iterable[str], separator: str, lead: str = "，其中：") -> str:
    listed = separator.join(parts)
    return f"{total}{lead}{listed}。" if listed else f"{total}。"


def _stock(figures: Figures) -> str:
    total = figures.total
    return _sentence(
        f"截至{chinese_date(figures.as_of)}，{whole(total.name)}脱贫人口小额信贷累计存量"
        + _households_and_amount(total.stock_households, total.stock_fen),
        (
            row.name + _households_and_amount(row.stock_households, row.stock_fen)
            for row in figures.by_stock()
        ),
        "，",
    )


def _new(figures: Figures) -> str:
    total = figures.total
    scope = whole(total.name)
    return _sentence(
        f"截至{chinese_date(figures.as_of)}，{scope}{figures.as_of.year}年新增贷款"
        f"{_households_and_amount(total.new_households, total.new_fen)}，{_completion(total)}",
        (
            f"{row.name}{_households_and_amount(row.new_households, row.new_fen)}，{_completion(row)}"
            for row in figures.by_new()
        ),
        "；",
    )


def _overdue(figures: Figures) -> str:
    total = figures.total
    opening = f"截至{chinese_date(figures.as_of)}，{whole(total.name)}脱贫人口小额信贷贷款"
    cleared = "、".join(row.name for row in figures.cleared())
    if total.cleared:
        return f"{opening}无逾期" + (f"，{cleared}均已清零。" if cleared else "。")
    parts = [
        f"{row.name}{_households_and_amount(row.overdue_households, row.overdue_fen)}，{_rate(row)}"
        for row in figures.by_overdue()
    ]
    if cleared:
        parts.append(cleared + CLEARED)
    amount = _households_and_amount(total.overdue_households, total.overdue_fen)
    return _sentence(f"{opening}逾期{amount}，{_rate(total)}", parts, "；", "。其中：")
