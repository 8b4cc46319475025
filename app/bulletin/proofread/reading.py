"""Finding the figures in a published text: sections, rows, and every way their digits can be split.

Web pages lose characters: ``230户985.92万元`` becomes ``230985.92``, commas and even 万元 vanish. So a row
carries all its possible splits; which one is right is decided later, by arithmetic (``splitting``).
Nothing in the text is moved: every offset is one in the text as it was given.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from decimal import Decimal

from app.bulletin.proofread.printed import NUMBER, WIDTH, Printed, Section, amount_unit
from app.bulletin.proofread.tables import Table, find_tables
from app.money import to_fen

MAX_ROWS = 100  # a county has at most some fifty townships; more rows in a sentence are no bulletin
MAX_TABLE_ROWS, MAX_FIGURES = 5_000, 30_000

# Repetitions are bounded everywhere: a page of a hundred thousand blanks must cost no more than any other.
_NUMBERING = r"(?:\(?[一二三四五六七八九十\d]{0,3}[)、.]?)"
_LINE_START = r"(?:(?m:^)|(?<=[。;]))[ \t]{0,20}"
_HEADINGS = {
    Section.STOCK: r"存量(?:贷款)?情况",
    Section.NEW: r"新增(?:贷款)?(?:发放)?情况",
    Section.OVERDUE: r"(?:贷款)?逾期(?:贷款)?情况",
    Section.PROBLEMS: r"存在的?(?:主要)?问题",
    None: r"(?:工作要求|下一?步工作|工作打算|工作建议)",
}
# Where a heading was lost, the sentence that carries the total starts the section.
_ANCHORS = {
    Section.STOCK: re.compile(r"存量(?:贷款)?(?:余额)?为?\d"),
    Section.NEW: re.compile(r"新增(?:发放)?贷款为?\d"),
    Section.OVERDUE: re.compile(r"(?:逾期(?:贷款)?\d|贷款无逾期)"),
}
_DATE = re.compile(
    r"截[至止] {0,2}(\d{4}) {0,2}年? {0,2}(\d{2}|\d(?= {0,2}月)) {0,2}月? {0,2}(\d{2}|\d(?= {0,2}日))"
)
_LENDING_YEAR = re.compile(r"(\d{4}) {0,2}年度? {0,2}(?:累计|共)?(?:新增|新发放)")
_HAN = re.compile(r"[\u4e00-\u9fff]")
_BETWEEN = re.compile(
    r"\s*+户?+\s*+(?:\d++\s*+笔)?+\s*+[,、:]?+\s*+(?:贷款|金额|余额|资金|存量|逾期|共计|共|计){0,3}+\s*+"
)
_PERCENT_WORDS = re.compile(
    r"\s*+(?:[万亿]?+元?+)[\s,;。:]*+(?:完成[^\d%]{0,16}|逾期率[\s为是达到约:,]{0,4})"
)
# What stands before a number that is no row of a list: a comparison, an average, a target.
_NO_ROW = re.compile(
    r"(?:较|比)(?:上|年|去|全|同|前)|[同环]比|上月|上个月|年初|上年|去年|平均|增加|减少|上升|下降|增长|降低|[高低]于"
    r"|目标|任务|[户人]均|收回|化解|新增逾期|名次|排名|^(?:户|元|万元|名|位|个|户数|金额|共|计)$"
)
_SUBJECTS = {
    Section.STOCK: re.compile(r"存量|余额"),
    Section.NEW: re.compile(r"新增|发放|投放"),
    Section.OVERDUE: re.compile(r"逾期"),
    Section.PROBLEMS: re.compile(r"逾期"),
}
_NO_FIGURE = frozenset("年月日号个名位次家人天条批期")  # a number of these is none of the bulletin's
_SOME_ONLY = re.compile(
    r"较[多大高重少小低慢差]|[最居]|前[一二三四五六七八九十\d]|主要"
)  # a list of the worst, not of all
_WHOLE = re.compile(r"全[省市州县区旗](?!级|平均)")
_KEPT = re.compile(r"\d户")
_TOLD = re.compile(r"分别[为是有]")
_CLEARED = re.compile(r"清零|无逾期")
_CLEARED_WORDS = re.compile(r"(?:均|都|全部|已){0,3}$")
_LONGESTNUMBER = 16  # characters: 户 and amount of a province, run together
_LONGEST_NAME = 40  # with the words that lead up to a total
_LONGEST_LIST = 2_000


@dataclass(frozen=True, slots=True)
class Split:
    """One way to read a row's digits. ``odd`` if a part has a leading zero, which nobody prints."""

    households: Printed | None
    amount: Printed | None
    odd: bool = False

    @property
    def end(self) -> int:
        """Where the row's figures end in the text."""
        return max(part.end for part in (self.households, self.amount) if part)

    @property
    def length(self) -> int:
        """The number of printed characters."""
        return self.end - min(part.start for part in (self.households, self.amount) if part)


@dataclass(slots=True)
class Row:
    """One row of a section: the name as printed and the ways to read its figures."""

    section: Section
    name: str
    start: int
    end: int
    splits: tuple[Split, ...]
    percent: Printed | None = None
    whole: Split | None = None  # the digits as an amount alone
    region: str | None = None  # filled in by ``naming``: a place's code, a name as written, or TOTAL


@dataclass(slots=True)
class Cleared:
    """A name in the list of cleared townships, or several whose separators were lost."""

    name: str
    start: int
    end: int
    region: str | None = None
    section: Section = Section.OVERDUE


@dataclass(slots=True)
class Reading:
    """All that was found in a text."""

    rows: dict[Section, list[Row]]
    cleared: list[Cleared]
    cleared_at: int | None
    none_overdue: Printed | None
    dates: dict[Section, Printed]
    sections: dict[Section, tuple[int, int]]
    lending_year: Printed | None = None
    tables: list[Table] = field(default_factory=list)
    whole_name: str = ""  # 全县, 全市 …, as the text says it first
    plans: tuple[int, int] = (0, 0)  # the paragraph on what is to be done, whose numbers are no figures
    keeps_households: bool = False  # the text has numbers with 户, so digits need not run together
    partial: set[Section] = field(default_factory=set)  # sections that list only some places

    @property
    def used(self) -> dict[int, Row]:
        """Where the numbers of the rows start."""
        starts: dict[int, Row] = {}
        for rows in self.rows.values():
            for row in rows:
                for split in row.splits:
                    starts |= {part.start: row for part in (split.households, split.amount) if part}
                starts |= {row.percent.start: row} if row.percent else {}
        return starts


def read(text: str) -> Reading:
    """Find sections, rows, the cleared list and the dates."""
    plain = text.translate(WIDTH)
    tables = find_tables(text, plain)
    plain = without_tables(plain, tables)
    keeps = len(_KEPT.findall(plain)) > 1
    parts = _sections(plain, not keeps and not tables and not _TOLD.search(plain))
    sections = {section: span for section, span in parts.items() if section}
    reading = Reading({}, [], None, None, {}, sections, tables=tables, keeps_households=keeps)
    reading.plans = parts.get(None, (0, 0))
    reading.whole_name = found[0] if (found := _WHOLE.search(plain)) else ""
    for section, (start, end) in sections.items():
        reading.rows[section] = rows = list(_rows(text, plain, section, start, end))
        if len(rows) > 1 and _SOME_ONLY.search(plain, start, rows[1].end):
            reading.partial.add(section)
        if (date := _DATE.search(plain, start, end)) and section is not Section.PROBLEMS:
            reading.dates[section] = _dated(text, date)
    if not reading.dates and (date := _DATE.search(plain)):
        reading.dates[Section.TEXT] = _dated(text, date)
    if Section.NEW in sections and (year := _LENDING_YEAR.search(plain, *sections[Section.NEW])):
        reading.lending_year = Printed(
            year.start(1), year.end(1), text[year.start(1) : year.end(1)], int(year[1])
        )
    if Section.OVERDUE in sections:
        _read_cleared(text, plain, sections[Section.OVERDUE], reading)
    return reading


def _dated(text: str, date: re.Match[str]) -> Printed:
    year, month, day = map(int, date.groups())
    value = year * 10_000 + month * 100 + day
    return Printed(date.start(1), date.end(3), text[date.start(1) : date.end(3)], value)


def without_tables(plain: str, tables: list[Table]) -> str:
    """The running text alone; every offset stays."""
    pieces, at = [], 0
    for table in tables:
        pieces += [plain[at : table.start], "\n" * (table.end - table.start)]
        at = table.end
    return "".join([*pieces, plain[at:]])


def _sections(plain: str, lost: bool) -> dict[Section | None, tuple[int, int]]:
    """Where each section starts and ends; where headings are ``lost`` it starts at the sentence with its total."""
    starts: list[tuple[int, Section | None]] = []
    for section, words in _HEADINGS.items():
        if found := re.search(_LINE_START + _NUMBERING + r"\s{0,3}" + words, plain):
            starts.append((found.end(), section))
    headed = {section for _, section in starts}
    for section, anchor in _ANCHORS.items() if lost else ():
        if section not in headed and (found := anchor.search(plain)):
            starts.append((max(plain.rfind(mark, 0, found.start()) for mark in "。\n") + 1, section))
    starts.sort(key=lambda item: item[0])
    ends = [*(start for start, _ in starts[1:]), len(plain)][: len(starts)]
    return {section: (start, end) for (start, section), end in zip(starts, ends, strict=True)}


def _rows(text: str, plain: str, section: Section, start: int, end: int) -> Iterator[Row]:
    """The rows of a section, in one pass over its numbers.

    A number is a date, a percentage of the row before, 户 (then the next number is its amount), or 户 and
    amount run together.
    """
    last, row, households, skipped = start, None, None, False
    for number in NUMBER.finditer(plain, start, end):
        if len(number[0]) > _LONGESTNUMBER:
            continue
        gap, after = plain[last : number.start()], plain[number.end() : number.end() + 4].lstrip()
        if after[:1] == "笔":
            continue
        if after[:1] in _NO_FIGURE or (len(number[0]) == 8 and "截" in gap):
            last = number.end()
            continue
        if after[:1] == "%":
            if row and row.percent is None and _fits(_PERCENT_WORDS, gap):
                row.percent = _percent(text, number)
        elif row and households and _fits(_BETWEEN, gap):
            row.splits = (Split(households, _amount(text, plain, number)),)
            households = None
        elif skipped and _fits(_BETWEEN, gap):
            skipped = False
        elif name := _name_before(plain, last, number.start(), start):
            if skipped := _is_no_row(section, plain[name[0] : name[1]]):
                last = number.end()
                continue
            if row:
                yield row
            row = Row(section, text[name[0] : name[1]], *name, ())
            if after[:1] == "户" or re.match(r"\s+\d", plain[number.end() : number.end() + 12]):
                households = _households(text, number.start(), number.end())
                row.splits = (Split(households, None),)
            else:
                households, row.whole = None, Split(None, _amount(text, plain, number))
                row.splits = _all_splits(text, plain, number)
        last = number.end()
    if row:
        yield row


def _is_no_row(section: Section, name: str) -> bool:
    others = any(words.search(name) for words in _SUBJECTS.values())
    return bool(_NO_ROW.search(name)) or (others and not _SUBJECTS[section].search(name))


def _fits(pattern: re.Pattern[str], gap: str) -> bool:
    return len(gap) <= _LONGEST_NAME and bool(pattern.fullmatch(gap))


def _name_before(plain: str, last: int, end: int, section_start: int) -> tuple[int, int] | None:
    """The run of Chinese characters that ends at ``end``, without what belongs to the number before it."""
    lowest = max(last, end - _LONGEST_NAME)
    stop = end
    while stop > lowest and plain[stop - 1] in " \t\r\n:":
        stop -= 1
    start = stop
    while start > lowest and _HAN.match(plain[start - 1]):
        start -= 1
    if start == last > section_start and (unit := re.match(r"[万亿]元|元", plain[start:stop])):
        start += unit.end()
    if plain.startswith("其中", start):
        start += len("其中")
    return (start, stop) if start < stop else None


def _households(text: str, start: int, end: int) -> Printed:
    return Printed(start, end, text[start:end], int(re.sub(r"\D", "", text[start:end])))


def _amount(text: str, plain: str, number: re.Match[str], skip: int = 0) -> Printed:
    start, end = number.start() + skip, number.end()
    digits = plain[start:end].replace(",", "")
    unit = amount_unit(plain, end)
    return Printed(start, end, text[start:end], to_fen(digits, unit), unit, len(digits.partition(".")[2]))


def _percent(text: str, number: re.Match[str]) -> Printed:
    digits = number[0].replace(",", "")
    decimals = len(digits.partition(".")[2])
    return Printed(
        number.start(), number.end(), text[number.start() : number.end()], Decimal(digits), 1, decimals
    )


def _all_splits(text: str, plain: str, number: re.Match[str]) -> tuple[Split, ...]:
    """Every cut of a run-together number into 户 and amount; just an amount where it has a single digit."""
    whole = number[0].partition(".")[0]
    splits = []
    for cut in range(1, len(whole)):
        left, right = whole[:cut].rstrip(","), whole[cut:].lstrip(",")
        if whole[cut] == ",":
            continue
        households = _households(text, number.start(), number.start() + len(left))
        amount = _amount(text, plain, number, len(whole) - len(right))
        odd = left.startswith("0") or (right.startswith("0") and len(right) > 1)
        splits.append(Split(households, amount, odd or amount.value == 0))
    return tuple(splits) or (Split(None, _amount(text, plain, number)),)


def _read_cleared(text: str, plain: str, span: tuple[int, int], reading: Reading) -> None:
    """The names joined by 、 before 已清零, and whether the whole county is said to have nothing overdue."""
    lowest = span[0]
    for found in _CLEARED.finditer(plain, *span):
        said = Printed(found.start(), found.end(), text[found.start() : found.end()], 0)
        start = found.start()
        while start > max(lowest, found.start() - _LONGEST_LIST) and _in_list(plain[start - 1]):
            start -= 1
        lowest = found.end()
        listed = _CLEARED_WORDS.sub("", plain[start : found.start()])
        reading.cleared_at = found.start()
        for piece in re.finditer(r"[^、,\s]+", listed):
            if "小额信贷" in piece[0] or piece[0].startswith("全"):
                reading.none_overdue = said
            else:
                at = start + piece.start()
                reading.cleared.append(Cleared(text[at : at + len(piece[0])], at, at + len(piece[0])))


def _in_list(character: str) -> bool:
    return character in "、, \t\r\n" or bool(_HAN.match(character))
