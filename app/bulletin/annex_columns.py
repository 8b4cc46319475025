"""The columns of the annex's sheets: what a row shows in each, and the formula that computes it. Pure."""

from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from typing import TypeAlias

from app.bulletin.figures import FigureRow, Figures
from app.bulletin.narrative import CLEARED, NO_FIGURE
from app.money import FEN_PER_WAN

Content: TypeAlias = int | float | str | None

STOCK, NEW, OVERDUE = "存量贷款", "新增贷款", "逾期情况"
REMARK = "备注"
RECEIVED = "据其通报"  # no loans here are behind the row


@dataclass(frozen=True, slots=True)
class Column:
    """One column: what a row shows in it, and the formula that computes it, if one does."""

    title: str
    width: float
    style: str
    value: Callable[[FigureRow], Content]
    formula: Callable[[int, FigureRow], str] | None = None  # given the row's number in Excel
    summed: bool = False
    checked: bool = False  # printed in the bulletin's total
    opens: str | None = None  # the measure or rate whose loans are behind it


def _amount(fen: int) -> float:
    return fen / FEN_PER_WAN


def _share(value: Decimal | None) -> Content:
    return NO_FIGURE if value is None else float(value / 100)


def _mean(row: FigureRow) -> Content:
    return _amount(row.stock_fen) / row.stock_households if row.stock_households else NO_FIGURE


def stock_columns() -> list[Column]:
    return [
        Column("存量户数（户）", 18, "count", lambda row: row.stock_households, None, True, True, "stock"),
        Column(
            "存量金额（万元）", 20, "amount", lambda row: _amount(row.stock_fen), None, True, True, "stock"
        ),
        Column(
            "户均存量（万元）",
            20,
            "amount",
            _mean,
            lambda at, _: f'=IF(C{at}>0,D{at}/C{at},"{NO_FIGURE}")',
            opens="mean",
        ),
    ]


def new_columns(figures: Figures) -> list[Column]:
    """The total's target is a sum only where every row has one and the region has none of its own."""
    summed = figures.own_target_fen is None and figures.total.target_fen is not None
    return [
        Column("新增户数（户）", 16, "count", lambda row: row.new_households, None, True, True, "new"),
        Column("新增金额（万元）", 18, "amount", lambda row: _amount(row.new_fen), None, True, True, "new"),
        Column(
            "年度目标任务（万元）",
            22,
            "amount",
            lambda row: NO_FIGURE if row.target_fen is None else _amount(row.target_fen),
            summed=summed,
        ),
        Column(
            "完成率",
            14,
            "whole",
            lambda row: _share(row.completion_pct),
            lambda at, _: f'=IF(N(E{at})>0,ROUND(D{at}/E{at},2),"{NO_FIGURE}")',
            checked=True,
            opens="completion",
        ),
    ]


def overdue_columns(stock_at: dict[str, int], received: Callable[[str], bool]) -> list[Column]:
    """The stock is taken from its own sheet; a row's place there is looked up by its code."""

    def stock(at: int, row: FigureRow) -> str:
        return f"='{STOCK}'!D{stock_at[row.code]}"

    return [
        Column(
            "逾期户数（户）", 15, "count", lambda row: row.overdue_households, None, True, True, "overdue"
        ),
        Column("逾期笔数（笔）", 15, "count", lambda row: row.overdue_loans, None, True, True, "overdue"),
        Column(
            "逾期金额（万元）",
            17,
            "amount",
            lambda row: _amount(row.overdue_fen),
            None,
            True,
            True,
            "overdue",
        ),
        Column(
            "存量金额（万元）", 17, "amount", lambda row: _amount(row.stock_fen), stock, True, True, "stock"
        ),
        Column(
            "逾期率",
            12,
            "rate",
            lambda row: _share(row.overdue_rate_pct),
            lambda at, _: f'=IF(F{at}>0,ROUND(E{at}/F{at},4),"{NO_FIGURE}")',
            checked=True,
            opens="overdue_rate",
        ),
        Column(REMARK, 12, "centre", lambda row: _remark(row, received)),
    ]


def _remark(row: FigureRow, received: Callable[[str], bool]) -> str | None:
    words = [CLEARED] * row.cleared + [RECEIVED] * received(row.code)
    return "，".join(words) or None
