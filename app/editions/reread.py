"""The figures of a bundle's files, read back from what lies there: Word, Excel, text and page. Pure.

None of this uses what wrote them. A file that says another figure than its manifest is named with place and figure.
"""

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from functools import lru_cache

from app.bulletin.figures import FigureRow, Figures, JsonValue
from app.editions.readers import HEADS, READERS, TOTAL, Grid, columns
from app.money import FEN_PER_WAN

_NONE = "—"
_UNITS = ("", "户", "笔", "万元", "%")
_TABLES = (  # the figures that some table of each file must tell of every row
    frozenset({"stock_households", "stock_wan"}),
    frozenset({"new_households", "new_wan", "target_wan", "completion_pct"}),
    frozenset({"overdue_households", "overdue_loans", "overdue_wan", "stock_wan", "overdue_rate_pct"}),
)


@dataclass(frozen=True, slots=True)
class Gap:
    """A figure that a file tells otherwise than the manifest; ``printed`` is "" where it is not told."""

    place: str
    figure: str
    printed: str
    expected: str


def differences(name: str, content: bytes, figures: Figures) -> list[Gap]:
    """What the file ``name`` of a bundle tells otherwise than ``figures``. Raises Unreadable."""
    told = READERS[name](content)
    tell = _tell_excel if name.endswith(".xlsx") else _tell
    gaps = [gap for grid in told.grids for gap in _compare(grid, figures, tell)]
    tables = [frozenset(filter(None, columns(grid))) for grid in told.grids]
    if not all(any(wanted <= each for each in tables) for wanted in _TABLES):
        gaps.append(Gap("", "", "", ""))
    return [*gaps, *_marked(told.marked, figures), *_sentences(told.prose, figures)]


def _compare(grid: Grid, figures: Figures, tell: Callable[[str, FigureRow, str], bool]) -> Iterator[Gap]:
    keys = columns(grid)
    if not any(keys):
        return
    rows: dict[str, list[FigureRow]] = {TOTAL: [figures.total]}
    for row in figures.rows:  # a name may stand for two places
        rows.setdefault(_name(row.name), []).append(row)
    for cells in grid[1:]:
        name = _name(cells[1]) if len(cells) > 1 else ""
        pairs = [(key, cell) for key, cell in zip(keys, cells, strict=False) if key]
        meant = rows.get(name)
        if not meant:
            yield Gap(name or "?", "", name, "")
            continue
        row = next((row for row in meant if all(tell(cell, row, key) for key, cell in pairs)), meant[0])
        meant.remove(row)
        yield from (
            Gap(name, key, cell, _expected(row, key)) for key, cell in pairs if not tell(cell, row, key)
        )
    yield from (Gap(name, "", "", name) for name, meant in rows.items() if meant)


def _name(text: str) -> str:
    return " ".join(text.split())


@lru_cache(maxsize=4096)
def _printed(row: FigureRow) -> dict[str, JsonValue]:
    return row.to_json()


def _expected(row: FigureRow, key: str) -> str:
    value = _printed(row)[key]
    return _NONE if value is None else str(value)


def _tell(cell: str, row: FigureRow, key: str) -> bool:
    return cell.strip() == _expected(row, key)


def _tell_excel(cell: str, row: FigureRow, key: str) -> bool:
    """A workbook keeps amounts to the 分 and rates as shares."""
    expected = _expected(row, key)
    if expected == _NONE or not cell:
        return cell == expected
    try:
        value = Decimal(cell)
    except InvalidOperation:
        return False
    if key.endswith("_wan"):
        return round(value * FEN_PER_WAN) == int(getattr(row, key.replace("_wan", "_fen")))
    return value * (100 if key.endswith("_pct") else 1) == Decimal(expected)


def _marked(marked: Iterable[tuple[str, str]], figures: Figures) -> Iterator[Gap]:
    """Figures within the text that say which they are: 逾期率 of a place, with its unit behind it or not."""
    rows = {row.code: row for row in (*figures.rows, figures.total)}
    for name, text in marked:
        code, _, key = name.partition(".")
        if code not in rows or key not in HEADS.values():
            continue
        expected = _expected(rows[code], key)
        if text.strip() not in {expected + unit for unit in _UNITS}:
            yield Gap(rows[code].name, key, text, expected)


# The paragraph of the basic situation under each heading: what follows a place's name there.
_SENTENCES = (
    ("存量贷款情况", ("stock_households", "stock_wan", "")),
    ("新增贷款情况", ("new_households", "new_wan", "completion_pct")),
    ("逾期情况", ("overdue_households", "overdue_wan", "overdue_rate_pct")),
)
_AMOUNT = r"(\d+)户(\d+\.\d\d)万元(?:，(?:完成年度目标任务的|逾期率)(\d+(?:\.\d+)?)%)?"


def _sentences(prose: str, figures: Figures) -> Iterator[Gap]:
    """The figures behind each place's name in the three paragraphs of the basic situation."""
    rows = {row.name: row for row in figures.rows}
    if not prose or len(rows) < len(figures.rows):
        return
    names = "|".join(re.escape(name) for name in sorted(rows, key=len, reverse=True))
    pattern = re.compile(rf"(?:^|[，。；：、\s])({names}){_AMOUNT}")
    for heading, keys in _SENTENCES:
        paragraph = re.search(rf"^[（(].{{1,3}}[）)]{heading}\s+(.+)$", prose, re.MULTILINE)
        for found in pattern.finditer(paragraph[1]) if paragraph else ():
            for key, printed in zip(keys, found.groups()[1:], strict=True):
                if key and printed is not None and printed != (expected := _expected(rows[found[1]], key)):
                    yield Gap(found[1], key, printed, expected)
