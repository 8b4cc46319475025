"""Bulletins of invented counties in the forms that counties use, with the place of every figure known.

A ``Layout`` prints a ``Month`` whose amounts add up exactly. ``Sheet`` notes where each figure stands while the text
grows, so that a test can change one figure and say where the proof-reader must point.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from decimal import ROUND_HALF_UP, Decimal
from typing import TypeAlias

from hypothesis import strategies as st

WHOLE = "全县"
NAMES = (
    "石桥镇", "清溪镇", "大坝乡", "龙泉街道", "白云乡", "马店镇", "红土乡", "柳河镇", "金沙街道",
    "双井乡", "太平镇", "高峰乡",
)  # fmt: skip
COUNTIES = ("北山县", "临江县", "东川区", "永安市", "青石县", "云峰县")
Key: TypeAlias = tuple[str, str]  # whose, and which figure: ("石桥镇", "overdue_wan")

HOUSEHOLDS = ("stock_hh", "new_hh", "overdue_hh", "last_hh")
AMOUNTS = ("stock", "new", "target", "overdue", "last")


@dataclass(frozen=True)
class Row:
    """One place's figures; amounts in hundredths of 万元."""

    name: str
    stock_hh: int
    stock: int
    new_hh: int
    new: int
    target: int
    overdue_hh: int
    overdue: int
    last_hh: int
    last: int

    @property
    def rate(self) -> str:
        return _percent(self.overdue, self.stock, 2)

    @property
    def completion(self) -> str:
        return _percent(self.new, self.target, 0)


def _percent(part: int, whole: int, decimals: int) -> str:
    step = Decimal(1).scaleb(-decimals)
    return str((Decimal(part) * 100 / whole).quantize(step, ROUND_HALF_UP))


@dataclass(frozen=True)
class Month:
    rows: tuple[Row, ...]

    @property
    def total(self) -> Row:
        fields = [*HOUSEHOLDS, *AMOUNTS]
        return Row(WHOLE, **{name: sum(getattr(row, name) for row in self.rows) for name in fields})

    @property
    def everyone(self) -> tuple[Row, ...]:
        return (*self.rows, self.total)


@st.composite
def months(draw: st.DrawFn, names: tuple[str, ...] = NAMES, least: int = 4) -> Month:
    """A month that adds up; its first place always has something overdue."""
    rows = []
    for at, name in enumerate(draw(st.permutations(names))[: draw(st.integers(least, len(names)))]):
        stock_hh = draw(st.integers(20, 400))
        overdue_hh = draw(st.integers(1 if at < 2 else 0, min(stock_hh, 60) // 2))
        last_hh = draw(st.integers(1, 30))
        new_hh = draw(st.integers(1, 400))
        new = new_hh * draw(st.integers(211, 699))
        rows.append(
            Row(
                name,
                stock_hh,
                stock_hh * draw(st.integers(211, 699)),
                new_hh,
                new,
                max(100, new * 100 // draw(st.integers(40, 130)) // 100 * 100),
                overdue_hh,
                overdue_hh * draw(st.integers(23, 199)),
                last_hh,
                last_hh * draw(st.integers(23, 199)),
            )
        )
    return Month(tuple(rows))


@dataclass(frozen=True)
class Place:
    """Where a figure is printed: ``text[start:end]`` is its digits."""

    key: Key
    start: int
    end: int


@dataclass
class Sheet:
    """A text that grows; ``put`` notes a figure's place."""

    text: str = ""
    places: list[Place] = field(default_factory=list)

    def say(self, *parts: "str | tuple[Key, str]") -> "Sheet":
        for part in parts:
            if isinstance(part, str):
                self.text += part
            else:
                key, digits = part
                self.places.append(Place(key, len(self.text), len(self.text) + len(digits)))
                self.text += digits
        return self

    def find(self, key: Key, nth: int = 0) -> Place:
        return [place for place in self.places if place.key == key][nth]

    def changed(self, place: Place, digits: str) -> "Sheet":
        """The same with one figure printed otherwise; all places stay true."""
        more = len(digits) - (place.end - place.start)
        text = self.text[: place.start] + digits + self.text[place.end :]
        moved = [
            Place(p.key, p.start + more * (p.start > place.start), p.end + more * (p.end >= place.end))
            for p in self.places
        ]
        return Sheet(text, moved)


Said: TypeAlias = "str | tuple[Key, str]"


def hh(row: Row, figure: str) -> Said:
    return ((row.name, figure), str(getattr(row, figure)))


def wan(row: Row, figure: str) -> Said:
    value = getattr(row, figure)
    return ((row.name, figure), f"{value // 100}.{value % 100:02d}")


def yuan(row: Row, figure: str) -> Said:
    return ((row.name, figure), str(getattr(row, figure) * 100))


def rate(row: Row) -> Said:
    return ((row.name, "rate"), row.rate)


def done(row: Row) -> Said:
    return ((row.name, "completion"), row.completion)


def owing(month: Month) -> list[Row]:
    return sorted((row for row in month.rows if row.overdue), key=lambda row: (-row.overdue_hh, -row.overdue))


def cleared(month: Month) -> list[str]:
    return [row.name for row in month.rows if not row.overdue]


def stock(row: Row) -> tuple[Said, ...]:
    return (hh(row, "stock_hh"), "户", wan(row, "stock"), "万元")


def overdue(row: Row) -> tuple[Said, ...]:
    return (hh(row, "overdue_hh"), "户", wan(row, "overdue"), "万元")


# Sentences


def sentences(month: Month, households: str = "户", whole: str = WHOLE) -> Sheet:
    """The form that 罗平县 publishes; without 户 the digits run together, as on its page."""
    sheet, total = Sheet(), month.total
    sheet.say("一、基本情况\n（一）存量贷款情况\n截至2023年10月31日，", whole, "脱贫人口小额信贷累计存量")
    sheet.say(hh(total, "stock_hh"), households, wan(total, "stock"), "万元，其中：")
    for row in month.rows:
        sheet.say(row.name, hh(row, "stock_hh"), households, wan(row, "stock"), "万元，")
    sheet.say("\n（二）新增贷款情况\n截至2023年10月31日，", whole, "2023年新增贷款")
    sheet.say(hh(total, "new_hh"), households, wan(total, "new"), "万元，其中：")
    for row in month.rows:
        sheet.say(row.name, hh(row, "new_hh"), households, wan(row, "new"), "万元；")
    sheet.say("\n（三）逾期情况\n截至2023年10月31日，", whole, "脱贫人口小额信贷贷款逾期")
    sheet.say(
        hh(total, "overdue_hh"), households, wan(total, "overdue"), "万元，逾期率", rate(total), "%。其中："
    )
    for row in owing(month):
        sheet.say(
            row.name, hh(row, "overdue_hh"), households, wan(row, "overdue"), "万元，逾期率", rate(row), "%；"
        )
    if names := cleared(month):
        sheet.say("、".join(names), "已清零")
    return sheet.say("。\n")


def numbered_sections(month: Month) -> Sheet:
    """A heading for each subject, each place on a numbered line."""
    sheet, total = Sheet(), month.total
    sheet.say("（一）存量贷款情况\n全县存量", *stock(total), "。\n")
    for at, row in enumerate(month.rows, 1):
        sheet.say(f"{at}. {row.name}", hh(row, "stock_hh"), "户，金额", wan(row, "stock"), "万元\n")
    sheet.say("（二）逾期情况\n全县逾期", *overdue(total), "，逾期率", rate(total), "%。\n")
    for at, row in enumerate(owing(month), 1):
        sheet.say(f"{at}. {row.name}", hh(row, "overdue_hh"), "户，金额", wan(row, "overdue"))
        sheet.say("万元，逾期率", rate(row), "%\n")
    return sheet


def place_by_place(month: Month) -> Sheet:
    """Everything of one place, then of the next; targets are told."""
    sheet = Sheet("脱贫人口小额信贷工作通报\n截至2023年10月31日，有关情况如下：\n")
    for at, row in enumerate((month.total, *month.rows)):
        sheet.say(
            f"{at}. " if at else "",
            row.name,
            "：存量",
            hh(row, "stock_hh"),
            "户、",
            wan(row, "stock"),
            "万元；",
        )
        sheet.say(
            "年度目标任务", wan(row, "target"), "万元，新增", hh(row, "new_hh"), "户、", wan(row, "new")
        )
        sheet.say("万元，完成年度目标任务的", done(row), "%；")
        if row.overdue:
            sheet.say(
                "逾期", hh(row, "overdue_hh"), "户、", wan(row, "overdue"), "万元，逾期率", rate(row), "%。\n"
            )
        else:
            sheet.say("逾期已清零。\n")
    return sheet


def joined(month: Month) -> Sheet:
    """Names first, then their figures, joined by 、."""
    sheet, total = Sheet(), month.total
    names = "、".join(row.name for row in month.rows)
    sheet.say("截至2023年10月31日，全县小额信贷存量", *stock(total), "，")
    sheet.say(names, "存量分别为")
    for at, row in enumerate(month.rows):
        sheet.say("、" if at else "", *stock(row))
    sheet.say("。全县逾期", *overdue(total), "，逾期率", rate(total), "%，")
    sheet.say(names, "逾期分别为")
    for at, row in enumerate(month.rows):
        sheet.say("、" if at else "", *overdue(row))
    sheet.say("，逾期率分别为")
    for at, row in enumerate(month.rows):
        sheet.say("、" if at else "", rate(row), "%")
    return sheet.say("。\n")


def compared(month: Month) -> Sheet:
    """Last month's overdue, this month's, and the change, for the county and each place."""
    sheet = Sheet("截至2023年10月31日：\n")
    for row in (month.total, *month.rows):
        more, amount = row.overdue_hh - row.last_hh, row.overdue - row.last
        sheet.say(row.name, "上月逾期", hh(row, "last_hh"), "户", wan(row, "last"), "万元，本月逾期")
        sheet.say(hh(row, "overdue_hh"), "户", wan(row, "overdue"), "万元，较上月")
        sheet.say("增加" if more >= 0 else "减少", ((row.name, "change_hh"), str(abs(more))), "户、")
        sheet.say("增加" if amount >= 0 else "减少", ((row.name, "change"), as_wan(abs(amount))), "万元。\n")
    average = Decimal("3.15")
    above = Decimal(month.total.rate) - average
    sheet.say(
        "全县存量", wan(month.total, "stock"), "万元，逾期", wan(month.total, "overdue"), "万元，逾期率"
    )
    sheet.say(rate(month.total), "%，比全省平均水平", (("省", "average"), str(average)), "%")
    sheet.say("高" if above >= 0 else "低", ((WHOLE, "above"), str(abs(above))), "个百分点。\n")
    return sheet


def as_wan(hundredths: int) -> str:
    return f"{hundredths // 100}.{hundredths % 100:02d}"


def counties(month: Month) -> Sheet:
    """A prefecture with its counties."""
    return sentences(month, whole="全市")


def sentences_in_yuan(month: Month) -> Sheet:
    sheet, total = Sheet(), month.total
    sheet.say("（一）存量贷款情况\n全县存量", hh(total, "stock_hh"), "户", yuan(total, "stock"), "元，其中：")
    for row in month.rows:
        sheet.say(row.name, hh(row, "stock_hh"), "户", yuan(row, "stock"), "元，")
    return sheet.say("\n")


def slips(digits: str) -> Iterator[str]:
    """The figure with one digit changed, each digit to two others."""
    for at, digit in enumerate(digits):
        if digit.isdigit():
            for other in {(int(digit) + 1) % 10, (int(digit) + 6) % 10}:
                yield f"{digits[:at]}{other}{digits[at + 1 :]}"
