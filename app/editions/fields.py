"""Live fields in a text that people write: ``{逾期率}``, ``{阿岗镇·逾期率}``, ``{全省平均逾期率}``. Pure.

A field prints the month's figure with its unit; where the unit is typed behind it, it is not said twice. A field of a
place stands before the dot, without one it is the whole region's. The names are Chinese, as the text is.
"""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from decimal import Decimal
from difflib import get_close_matches

from app.bulletin.figures import FigureRow
from app.bulletin.narrative import NO_FIGURE, chinese_date, whole
from app.editions.facts import Facts
from app.labels import T, Text
from app.money import wan
from app.places.rules import stem

DOT = "·"
_FIELD = re.compile(r"[{｛]([^{}｛｝\n]*)[}｝]")
_BRACE = re.compile(r"[{}｛｝]")
_DOTS = str.maketrans({"•": DOT, "・": DOT, ".": DOT, "．": DOT, "‧": DOT})
_LIST = "、"
MOST_OFFERED = 60  # places


def _percent(value: Decimal | None) -> str:
    return NO_FIGURE if value is None else str(value)


@dataclass(frozen=True, slots=True)
class RowField:
    """A figure of one row: its name in ``FigureRow.to_json``, how it is printed, the unit behind it."""

    key: str
    unit: str
    show: Callable[[FigureRow], str]


ROW_FIELDS: dict[str, RowField] = {
    "存量户数": RowField("stock_households", "户", lambda row: str(row.stock_households)),
    "存量金额": RowField("stock_wan", "万元", lambda row: wan(row.stock_fen)),
    "新增户数": RowField("new_households", "户", lambda row: str(row.new_households)),
    "新增金额": RowField("new_wan", "万元", lambda row: wan(row.new_fen)),
    "目标任务": RowField(
        "target_wan", "万元", lambda row: NO_FIGURE if row.target_fen is None else wan(row.target_fen)
    ),
    "完成率": RowField("completion_pct", "%", lambda row: _percent(row.completion_pct)),
    "逾期户数": RowField("overdue_households", "户", lambda row: str(row.overdue_households)),
    "逾期笔数": RowField("overdue_loans", "笔", lambda row: str(row.overdue_loans)),
    "逾期金额": RowField("overdue_wan", "万元", lambda row: wan(row.overdue_fen)),
    "逾期率": RowField("overdue_rate_pct", "%", lambda row: _percent(row.overdue_rate_pct)),
}
BEFORE = "上月"  # in front of a row's field: the same a month earlier
CHANGE = "逾期金额变化"


@dataclass(frozen=True, slots=True)
class Printed:
    """What a field prints. ``figure`` names it as in ``document.Run``."""

    text: str
    unit: str = ""
    figure: str | None = None


_REGION: dict[str, Callable[[Facts], Printed]] = {
    "全省平均逾期率": lambda f: _line(f, "provincial_rate"),
    "全市平均逾期率": lambda f: _line(f, "prefectural_rate"),
    "与全省差距": lambda f: Printed(_gap(f)),
    "黄牌线": lambda f: _line(f, "yellow"),
    "红牌线": lambda f: _line(f, "red"),
    "排名": lambda f: Printed(str(f.lines.rank or NO_FIGURE), "", f"{f.figures.region_code}.rank"),
    "排名总数": lambda f: Printed(str(f.lines.of or NO_FIGURE)),
    "截至日期": lambda f: Printed(chinese_date(f.figures.as_of)),
    "月份": lambda f: Printed(f"{f.figures.month.year}年{f.figures.month.month}月"),
    "年度": lambda f: Printed(f"{f.figures.month.year}年"),
    "地区": lambda f: Printed(whole(f.figures.region_name)),
    "高于线乡镇": lambda f: Printed(_LIST.join(row.name for row in f.above()) or "无"),
    "已清零乡镇": lambda f: Printed(_LIST.join(row.name for row in f.figures.cleared()) or "无"),
}


def _gap(facts: Facts) -> str:
    """How far the printed rate is from the provincial average, whichever is the higher."""
    own, provincial = facts.figures.total.overdue_rate_pct, facts.lines.provincial_rate
    return NO_FIGURE if own is None or provincial is None else f"{abs(own - provincial)}个百分点"


def _line(facts: Facts, name: str) -> Printed:
    rate = getattr(facts.lines, name)
    return Printed(_percent(rate), "%" if rate is not None else "", f"{facts.figures.region_code}.{name}")


@dataclass(frozen=True, slots=True)
class Part:
    """A piece of a resolved text: from ``start`` to ``end`` of what was typed. ``live``: a field printed it."""

    text: str
    start: int
    end: int
    figure: str | None = None
    live: bool = False


@dataclass(frozen=True, slots=True)
class FieldError:
    """A field that cannot be printed, as typed, and why."""

    typed: str
    start: int
    end: int
    reason: Text


def resolve(text: str, facts: Facts) -> tuple[list[Part], list[FieldError]]:
    """The text with every field printed; one that is unknown stays as it was typed, and is told."""
    parts: list[Part] = []
    errors: list[FieldError] = []
    at = 0
    for match in _FIELD.finditer(text):
        if match.start() > at:
            parts.append(Part(text[at : match.start()], at, match.start()))
        at = match.end()
        try:
            printed = _print(match[1].strip().translate(_DOTS), facts)
        except _UnknownField as unknown:
            errors.append(FieldError(match[0], match.start(), at, unknown.reason))
            parts.append(Part(match[0], match.start(), at))
            continue
        unit = "" if text.startswith(printed.unit, at) or printed.text == NO_FIGURE else printed.unit
        parts.append(Part(printed.text + unit, match.start(), at, printed.figure, live=True))
    if at < len(text):
        parts.append(Part(text[at:], at, len(text)))
    errors += _stray(parts, errors)
    return parts, errors


def _stray(parts: list[Part], known: list[FieldError]) -> Iterator[FieldError]:
    """Braces that no field begins or ends with."""
    wrong = {error.start for error in known}
    for part in parts:
        if part.live or part.start in wrong:
            continue
        for brace in _BRACE.finditer(part.text):
            start = part.start + brace.start()
            reason = T("A brace stands alone here. A field is written {like this}, in one line.")
            yield FieldError(brace[0], start, start + 1, reason)


class _UnknownField(Exception):
    def __init__(self, reason: Text) -> None:
        super().__init__(str(reason))
        self.reason = reason


def _print(name: str, facts: Facts) -> Printed:
    place, dot, figure = name.rpartition(DOT)
    if dot:
        return _row_figure(_row_of(place.strip(), facts), figure.strip(), facts)
    if name in _REGION:
        return _REGION[name](facts)
    return _row_figure(facts.figures.total, name, facts)


def _row_of(place: str, facts: Facts) -> FigureRow:
    total = facts.figures.total
    if place in (total.name, whole(total.name)):
        return total
    rows = {row.name: row for row in facts.figures.rows}
    if place in rows:
        return rows[place]
    short = [row for name, row in rows.items() if stem(name) == place]
    if len(short) == 1:
        return short[0]
    near = get_close_matches(place, rows, 1, 0.3)
    if near:
        raise _UnknownField(
            T("There is no place “%(name)s” in this bulletin. Is it “%(near)s”?", name=place, near=near[0])
        )
    raise _UnknownField(T("There is no place “%(name)s” in this bulletin.", name=place))


def _row_figure(row: FigureRow, name: str, facts: Facts) -> Printed:
    if name == CHANGE:
        return Printed(_change(row, facts))
    before = name.startswith(BEFORE) and name.removeprefix(BEFORE) in ROW_FIELDS
    field = ROW_FIELDS.get(name.removeprefix(BEFORE) if before else name)
    if field is None:
        names = [*ROW_FIELDS, CHANGE, *_REGION]
        near = get_close_matches(name, names, 1, 0.3) or ["逾期率"]
        raise _UnknownField(
            T("There is no field “%(name)s”. The nearest is “%(near)s”.", name=name, near=near[0])
        )
    if not before:
        return Printed(field.show(row), field.unit, f"{row.code}.{field.key}")
    earlier = facts.row_before(row.code)
    return Printed(NO_FIGURE if earlier is None else field.show(earlier), field.unit)


def _change(row: FigureRow, facts: Facts) -> str:
    earlier = facts.row_before(row.code)
    if earlier is None:
        return NO_FIGURE
    # as a reader would subtract the two printed amounts
    change = Decimal(wan(row.overdue_fen)) - Decimal(wan(earlier.overdue_fen))
    if not change:
        return "持平"
    return f"{'增加' if change > 0 else '减少'}{abs(change)}万元"


def offered(facts: Facts) -> list[tuple[str, str]]:
    """The fields of the whole region, as they are typed, with what they print now."""
    names = [*ROW_FIELDS, CHANGE, *_REGION]
    return [(f"{{{name}}}", resolve(f"{{{name}}}", facts)[0][0].text) for name in names]


def offered_rows(facts: Facts) -> list[tuple[str, list[tuple[str, str]]]]:
    """For each place its fields on overdue and completion, as typed, with what they print now; most overdue first.

    Of a large region only ``MOST_OFFERED``: the others are typed the same way.
    """
    shown = ("逾期户数", "逾期金额", "逾期率", "完成率")
    return [
        (
            row.name,
            [
                (f"{{{row.name}{DOT}{name}}}", resolve(f"{{{row.name}{DOT}{name}}}", facts)[0][0].text)
                for name in shown
            ],
        )
        for row in (facts.figures.by_overdue() + facts.figures.cleared())[:MOST_OFFERED]
    ]
