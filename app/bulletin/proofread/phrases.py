"""Figures in running text: each number with the place, the subject, the time and the direction that words give it.

What the paragraphs' lists (``reading``) and tables use is context here; the other numbers become claims. A number of
households, money, percent or a rank that no word explains is a claim without a figure, and stays unchecked. Pure.
"""

import re
from collections import deque
from dataclasses import dataclass, field
from decimal import Decimal
from typing import TypeAlias

from app.bulletin.proofread.figures import AMOUNTS, AVERAGES, OVER, Aspect, Figure
from app.bulletin.proofread.printed import WIDTH, Printed, Section, amount_unit
from app.bulletin.proofread.reading import Cleared, Reading, Row, without_tables
from app.bulletin.proofread.tops import Top, read_tops
from app.bulletin.proofread.wording import BASES, SUBJECTS, UNIT, ordinal, words
from app.money import to_fen


@dataclass(slots=True)
class Said:
    """A place's name in running text."""

    name: str
    start: int
    end: int
    region: str | None = None
    section: Section = Section.TEXT


Who: TypeAlias = Said | Row | None  # None: the whole


@dataclass(frozen=True, slots=True)
class Claim:
    """A number in running text, and what it says of whom; ``figure`` is None where no word tells."""

    who: Who
    section: Section
    figure: Figure | None
    aspect: Aspect
    printed: Printed


@dataclass(slots=True)
class Phrases:
    """All claims, the names they carry, and those that are said to be cleared."""

    claims: list[Claim] = field(default_factory=list)
    said: list[Said] = field(default_factory=list)
    cleared: list[Cleared] = field(default_factory=list)
    tops: list[tuple[Top, list[Said]]] = field(default_factory=list)


_LONGEST_NUMBER = 16
_OF = {
    "stock": (Figure.STOCK_HOUSEHOLDS, Figure.STOCK_WAN),
    "new": (Figure.NEW_HOUSEHOLDS, Figure.NEW_WAN),
    "overdue": (Figure.OVERDUE_HOUSEHOLDS, Figure.OVERDUE_WAN),
    "target": (None, Figure.TARGET_WAN),
    "completion": (None, Figure.TARGET_WAN),
}
_PERCENT = {
    "rate": Figure.OVERDUE_RATE_PCT,
    "completion": Figure.COMPLETION_PCT,
    "target": Figure.COMPLETION_PCT,
}
_SUBJECT_OF = {
    Section.STOCK: "stock",
    Section.NEW: "new",
    Section.OVERDUE: "overdue",
    Section.PROBLEMS: "overdue",
}
_PERCENT_OF = {Section.NEW: "completion", Section.OVERDUE: "rate", Section.PROBLEMS: "rate"}
_PERCENTS = ("%", "个百分点", "百分点")
_WANS = ("万元", "亿元", "元")


def read_phrases(text: str, reading: Reading) -> Phrases:
    """The claims of all running text."""
    plain = without_tables(text.translate(WIDTH), reading.tables)
    listed = [
        row for section, rows in reading.rows.items() for row in rows if section is not Section.PROBLEMS
    ]
    known = {row.name for row in listed} if len(reading.used) < 400 else set()
    known = {name for name in known if len(name) <= 6}
    known |= {row.name for table in reading.tables for row in table.rows}
    listener = _Listener(text, plain, reading)
    for found in words(known).finditer(plain):
        listener.hear(found)
    for top in read_tops(plain):
        said = [Said(text[start:end], start, end) for start, end in top.names]
        listener.found.tops.append((top, said))
        listener.found.said += said
    return listener.found


class _Listener:
    """Reads word by word and remembers what the next number is about."""

    def __init__(self, text: str, plain: str, reading: Reading) -> None:
        self.text, self.plain, self.found = text, plain, Phrases()
        self.used = reading.used
        self.spans = sorted((span, section) for section, span in reading.sections.items())
        self.listed = reading.sections.get(Section.OVERDUE)  # its list of the cleared is read already
        self.plans = reading.plans
        self.section: Section | None = None
        self.next_span = 0
        self.as_of = next((int(date.value) for date in reading.dates.values()), 0)
        self.until = 0  # where a number ends that a list has taken whole
        self._paragraph()

    def _paragraph(self) -> None:
        self.who: Who = None
        self.names: list[Said] = []
        self.each: deque[Said] = deque()
        self.heard: set[str] = set()  # kinds of unit that the present one of ``each`` has
        self.subject = _SUBJECT_OF.get(self.section) if self.section else None
        self.percent = _PERCENT_OF.get(self.section) if self.section else None
        self.ranks = False
        self.average: Aspect | None = None  # the last that was named
        self.among = self.elsewhen = False  # of a part of the borrowers, a plan; of another date
        self._clause()
        self.names_end = -1

    def _clause(self) -> None:
        self.base, self.sign, self.above = Aspect.NOW, 0, False
        self.spent = False  # a number has used the base; before, 与上月相比, goes on behind its comma
        self.fresh = True  # nothing of this clause was heard yet

    def hear(self, found: re.Match[str]) -> None:
        kind, at = found.lastgroup or "", found.start()
        while self.next_span < len(self.spans) and at >= self.spans[self.next_span][0][0]:
            self.section = self.spans[self.next_span][1]
            self.next_span += 1
            self._paragraph()
        if self.section and at >= self.spans[self.next_span - 1][0][1]:
            self.section = None
            self._paragraph()
        if kind == "stop":
            self._paragraph() if found[0] == "\n" else self._sentence(found[0])
        elif kind == "comma":
            self.fresh = self.fresh or self.spent or self.base is Aspect.NOW or self.base in AVERAGES
        elif kind in ("number", "ordinal"):
            self._number(found) if kind == "number" else self._ordinal(found)
        elif kind == "name":
            self._name(found)
        elif kind == "whole":
            if self.plain[at - 1 : at] not in ("在", "列", "居", "排", "占"):
                self._begin()
                self.who, self.names, self.among = None, [], False
        elif kind == "among":
            self.among = True
        elif kind == "each":
            self.each, self.heard = deque(self.names if len(self.names) > 1 else ()), set()
        elif kind == "cleared":
            self._cleared(found)
        elif kind != "join":
            self._word(kind, found[0])

    def _sentence(self, mark: str) -> None:
        self._clause()
        self.among, self.elsewhen = False, self.elsewhen and mark == ";"
        self.names, self.each, self.ranks = [], deque(), False

    def _begin(self) -> None:
        """The first word of a clause that is of another subject ends a comparison."""
        if self.fresh:
            self._clause()
        self.fresh = False

    def _word(self, kind: str, word: str) -> None:
        if kind in BASES:
            begins = self.fresh  # 高于全省平均 keeps its direction, 比全省平均 begins anew
            self.base, self.fresh, self.spent = BASES[kind], False, False
            if self.base in AVERAGES:
                self.average = self.base
            if begins or self.base not in AVERAGES:
                self.sign = 0
        elif kind in ("now", "level"):
            self._clause()
            self.fresh = False
        elif kind in ("up", "down"):
            self.sign, self.fresh = (1 if kind == "up" else -1), False
            self.above = word[:1] in "高低"
        elif kind == "rank":
            self.ranks = True
        elif kind == "ratio":
            self.percent = None
        elif kind in SUBJECTS:
            self._begin()
            if kind in ("rate", "completion", "target", "other"):
                self.percent = None if kind == "other" else kind
            if kind != "rate":
                self.subject = None if kind == "other" else kind
                self.percent = self.percent if kind in ("completion", "target") else None

    def _name(self, found: re.Match[str]) -> None:
        self._begin()
        if self.base in AVERAGES:
            self._clause()  # 高于全省平均水平的有石桥镇
        said = Said(self.text[found.start() : found.end()], found.start(), found.end())
        between = self.plain[self.names_end : found.start()] if self.names_end >= 0 else ""
        joined = bool(self.names) and re.fullmatch(r"[、和及与 ]{1,3}", between)
        if not joined:
            self.names = []
        self.names.append(said)
        self.names_end = found.end()
        self.who, self.among = said, False
        self.found.said.append(said)

    def _cleared(self, found: re.Match[str]) -> None:
        if self.listed and self.listed[0] <= found.start() < self.listed[1]:
            return
        whose = self.names if len(self.names) > 1 else [self.who] if self.who else []
        self.found.cleared += [Cleared(one.name, one.start, one.end, section=Section.TEXT) for one in whose]

    def _ordinal(self, found: re.Match[str]) -> None:
        ranked = found[0][-1] in "名位" or self.ranks
        value = ordinal(found[0])
        if not ranked or value is None or found.start() < self.until:
            return
        figure = _PERCENT.get(self.percent or "") or _OF.get(self.subject or "", (None, None))[1]
        digits = found[0].lstrip("第 ").rstrip("名位 ")
        start = found.start() + found[0].index(digits)
        printed = Printed(start, start + len(digits), self.text[start : start + len(digits)], value)
        self._claim(figure, Aspect.RANK, printed)

    def _number(self, found: re.Match[str]) -> None:
        if found.start() < self.until or len(found[0]) > _LONGEST_NUMBER:
            return
        if row := self.used.get(found.start()):
            self._listed(row, found)
            return
        after = UNIT.match(self.plain, found.end())
        unit = (after and after[1]) or ""
        if unit in ("年", "月"):
            self._date(int(Decimal(found[0].replace(",", ""))), unit)
        self.among = self.among or unit == "天"  # 逾期超过90天的
        if unit not in ("户", *_WANS, *_PERCENTS):
            return
        self._take_turn("%" if unit in _PERCENTS else "万元" if unit in _WANS else unit)
        figure = self._figure(unit)
        aspect = self._aspect()
        if self.base in AVERAGES and unit == "%" and self.plain[found.start() - 1] == "(":
            aspect = self.base  # 高于全省平均水平(3.90%)1.10个百分点
        if unit == "%" and self.sign and self.base not in AVERAGES and figure is not Figure.OVERDUE_RATE_PCT:
            figure = None  # growth by so many percent
        if unit.endswith("百分点") and aspect is Aspect.NOW:
            figure = None
        if self.plans[0] <= found.start() < self.plans[1]:
            figure = None
        if aspect is None or self.among or self.elsewhen or (len(self.names) > 1 and not self.each):
            figure = None
        self._claim(figure, aspect or Aspect.NOW, self._printed(found, unit, figure))
        self.fresh, self.spent = False, True

    def _date(self, number: int, unit: str) -> None:
        """Whether what follows is of another month or year than the bulletin."""
        year, month = divmod(self.as_of // 100, 100)
        if self.as_of:
            self.elsewhen = (self.elsewhen and unit == "月") or number != (year if unit == "年" else month)

    def _listed(self, row: Row, found: re.Match[str]) -> None:
        """A number of a list: what follows is of the same place."""
        self.who, self.names, self.each, self.among = row, [], deque(), False
        self._clause()
        self.subject = _SUBJECT_OF.get(row.section)
        self.percent = _PERCENT_OF.get(row.section)
        self.until, self.fresh = found.end(), False

    def _take_turn(self, kind: str) -> None:
        """分别为39户118.25万元、13户34.41万元: the next place's turn when a kind of unit comes again."""
        if not self.each:
            return
        if kind in self.heard:
            self.each.popleft()
            self.heard = set()
        self.heard.add(kind)
        if self.each:
            self.who = self.each[0]

    def _figure(self, unit: str) -> Figure | None:
        if unit in _PERCENTS:
            return _PERCENT.get(self.percent or "")
        households, amount = _OF.get(self.subject or "", (None, None))
        return households if unit == "户" else amount

    def _aspect(self) -> Aspect | None:
        """None for a change against nothing that is named; 高, 低 are against the average named before."""
        if not self.sign:
            return self.base
        if self.base is Aspect.NOW and self.above and self.average:
            return OVER[self.average]
        return OVER.get(self.base)

    def _printed(self, found: re.Match[str], unit: str, figure: Figure | None) -> Printed:
        start, end = found.span()
        digits = found[0].replace(",", "")
        sign = self.sign or 1
        decimals = len(digits.partition(".")[2])
        worded = bool(self.sign)
        if unit == "户":
            return Printed(start, end, self.text[start:end], sign * int(Decimal(digits)), worded=worded)
        if figure in AMOUNTS or unit in _WANS:
            size = amount_unit(self.plain, end)
            value = sign * to_fen(digits, size)
            return Printed(start, end, self.text[start:end], value, size, decimals, worded)
        return Printed(start, end, self.text[start:end], sign * Decimal(digits), 1, decimals, worded)

    def _claim(self, figure: Figure | None, aspect: Aspect, printed: Printed) -> None:
        section = Section.PROBLEMS if self.section is Section.PROBLEMS else Section.TEXT
        who = None if aspect in AVERAGES else self.who
        self.found.claims.append(Claim(who, section, figure, aspect, printed))
