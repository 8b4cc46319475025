"""What the lines above the header say of the whole sheet: its date, its sender, its unit."""

import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from itertools import pairwise

from app.clock import month_end
from app.ledger.cells import Cell
from app.ledger.fields import Unit

_DAY = r"([12][0-9]{3})(?:[-/.年]([0-9]{1,2})(?:[-/.月]([0-9]{1,2}|底|末)?)?|([01][0-9])([0-3][0-9]))"
_AS_OF = re.compile(rf"(?:截[至止][到至]?|统计|数据)(?:时间|日期|日)?[:是为]?{_DAY}")
_LABEL_ONLY = re.compile(r"(?:截[至止](?:时间|日期|日)?|统计(?:时间|日期)|填报单位|报送单位|编制单位)[:]?$")
_SENDER = re.compile(r"(?:填报单位|报送单位|编制单位|填报机构)(?:\([^()]{0,8}\))?[::](.{2,64})")
_SENDER_ENDS = re.compile(
    r"\s{2,}|[|;。]|\((?:盖章|公章|签章)\)|(?:填报|报送|统计|截[至止]|单位|制表|日期|时间)"
)
_UNIT = re.compile(r"单位[::](?:[户人笔个、,/%]|\s)*(万元|元)(?![\u4e00-\u9fff])")
_MARK = re.compile(r"〔QS-([0-9]{1,18})〕")
_TITLE_LENGTH = 500  # a longer text above the header is no title


@dataclass(frozen=True, slots=True)
class Titles:
    """``supplements``: the batch whose refused rows this workbook holds."""

    as_of: date | None = None
    reporting_unit: str | None = None
    unit: Unit | None = None
    supplements: int | None = None


def supplement_mark(batch_id: int) -> str:
    """The mark by which a workbook of a batch's refused rows is known again."""
    return f"〔QS-{batch_id}〕"


def read_titles(rows: Iterable[list[Cell]], extra: Iterable[str] = ()) -> Titles:
    """What the rows above the header say. A label and its value may stand in neighbouring cells."""
    texts = [text for row in rows for text in _texts(row)] + list(extra)
    lines = [unicodedata.normalize("NFKC", text)[:_TITLE_LENGTH].strip() for text in texts]
    return Titles(
        as_of=next(filter(None, map(_as_of, lines)), None),
        reporting_unit=next(filter(None, map(_sender, lines)), None),
        unit=next((Unit(match[1]) for line in lines if (match := _UNIT.search(line))), None),
        supplements=next((int(match[1]) for text in texts if (match := _MARK.search(text))), None),
    )


def _texts(row: list[Cell]) -> list[str]:
    cells = [str(cell) for cell in row if cell != ""]
    joined = [
        label + ("" if label.endswith((":", "：")) else "：") + value
        for label, value in pairwise(cells)
        if _LABEL_ONLY.search(unicodedata.normalize("NFKC", label[:_TITLE_LENGTH]).strip())
    ]
    return joined + cells


def _as_of(line: str) -> date | None:
    match = _AS_OF.search("".join(line.split()))
    if match is None:
        return None
    year, month, day = match[1], match[2] or match[4], match[3] or match[5]
    try:
        if day is None or not day.isdigit():
            return month_end(date(int(year), int(month), 1))
        return date(int(year), int(month), int(day))
    except ValueError:
        return None


def _sender(line: str) -> str | None:
    match = _SENDER.search(line)
    if match is None:
        return None
    name = _SENDER_ENDS.split(match[1].strip(), maxsplit=1)[0].strip(" (:,、")
    return name or None
