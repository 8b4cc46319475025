"""The bulletin's tables as printed cells: what its attachments show in Word, on the web page and in the text. Pure.

Every cell is what ``FigureRow.to_json`` says, so that no medium rounds for itself.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from app.bulletin.figures import FigureRow, Figures
from app.bulletin.narrative import CLEARED, NO_FIGURE
from app.editions.document import Correction

TOTAL = "合计"
CORRECTIONS = "对以往通报的更正"
# By the length of a row's code: what its rows are.
_KINDS = {4: "市（州）", 6: "县（市、区）", 9: "乡镇（街道）", 12: "村（社区）"}
_KIND = "地区"


@dataclass(frozen=True, slots=True)
class Column:
    """``key`` is the figure's name in ``FigureRow.to_json``; ``share`` of the table's width."""

    key: str
    title: str
    share: int
    numeric: bool = True


@dataclass(frozen=True, slots=True)
class Row:
    code: str
    cells: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Table:
    """``rows`` in the printed order, ``total`` below them (None where nothing is added up)."""

    number: int
    title: str
    columns: tuple[Column, ...]
    rows: tuple[Row, ...]
    total: Row | None = None

    @property
    def heads(self) -> tuple[str, ...]:
        return tuple(column.title for column in self.columns)


_STOCK = (Column("stock_households", "存量户数（户）", 5), Column("stock_wan", "存量金额（万元）", 5))
_NEW = (
    Column("new_households", "新增户数（户）", 5),
    Column("new_wan", "新增金额（万元）", 5),
    Column("target_wan", "年度目标任务（万元）", 6),
    Column("completion_pct", "完成率（%）", 5),
)
_OVERDUE = (
    Column("overdue_households", "逾期户数（户）", 5),
    Column("overdue_loans", "逾期笔数（笔）", 5),
    Column("overdue_wan", "逾期金额（万元）", 5),
    Column("stock_wan", "存量金额（万元）", 5),
    Column("overdue_rate_pct", "逾期率（%）", 5),
    Column("cleared", "备注", 4, numeric=False),
)
_CORRECTION = (
    Column("number", "原通报文号", 8, numeric=False),
    Column("month", "月份", 4, numeric=False),
    Column("region", "地区", 3, numeric=False),
    Column("figure", "指标", 3, numeric=False),
    Column("old", "原数", 2),
    Column("new", "更正为", 2),
    Column("cause", "原因", 6, numeric=False),
)


def tables(figures: Figures) -> tuple[Table, Table, Table]:
    """Stock, new lending and overdue, each in its printed order."""
    overdue = [*figures.by_overdue(), *figures.cleared()]
    return (
        _table(1, "存量贷款情况表", _STOCK, figures.by_stock(), figures),
        _table(2, "新增贷款情况表", _NEW, figures.by_new(), figures),
        _table(3, "逾期情况表", _OVERDUE, overdue, figures),
    )


def _table(
    number: int, title: str, columns: tuple[Column, ...], rows: Sequence[FigureRow], figures: Figures
) -> Table:
    kind = _KINDS.get(len(rows[0].code), _KIND) if rows else _KIND
    return Table(
        number,
        title,
        (Column("", "序号", 3, numeric=False), Column("name", kind, 8, numeric=False), *columns),
        tuple(_row(at, row, columns) for at, row in enumerate(rows, start=1)),
        _row(None, figures.total, columns),
    )


def _row(at: int | None, row: FigureRow, columns: tuple[Column, ...]) -> Row:
    values = row.to_json()
    first = ("", TOTAL) if at is None else (str(at), row.name)
    return Row(row.code, (*first, *(_cell(column.key, values[column.key], at) for column in columns)))


def _cell(key: str, value: object, at: int | None) -> str:
    if key == "cleared":
        return CLEARED if value and at is not None else ""
    return NO_FIGURE if value is None else str(value)


def correction_table(corrections: Sequence[Correction]) -> Table:
    """What earlier bulletins got wrong, as an attachment of its own."""
    rows = [
        Row("", (c.number, f"{c.month.year}年{c.month.month}月", c.region, c.figure, c.old, c.new, c.cause))
        for c in corrections
    ]
    return Table(4, CORRECTIONS, _CORRECTION, tuple(rows))
