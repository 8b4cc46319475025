"""Rows that are no loans: totals, signatures, notes."""

import re
import unicodedata
from collections.abc import Sequence

from app.ledger.cells import Cell

_LENGTH = 60  # a longer text is no such line
_TOTAL = re.compile(r".{0,20}(?:合计|小计|总计|共计)(?:[:(0-9].{0,30}|数|金额|户数)?")
_SIGNATURE = re.compile(
    r"(?:制表|填表|审核|复核|填报|单位负责|负责|经办|联系|统计|报送|编制|主管|分管|签字|签章|盖章|打印)"
    r"(?:人|员|单位|部门|日期|时间|电话|领导|签字|签章|盖章|\([^()]{0,6}\)){0,3}(?::.{0,50})?"
    r"|(?:日期|时间|电话|签字|签章|盖章):.{0,50}"
)
_NOTE = re.compile(r"(?:注|备注|说明|填表说明|注意)[:0-9]")


def is_footer(row: Sequence[Cell], has_key: bool) -> bool:
    """Is this row a total, a signature, a note, or nothing but spaces?

    ``has_key``: it has a contract or an ID number. Then only its first cell can say so.
    """
    cells = [unicodedata.normalize("NFKC", cell[:_LENGTH]) for cell in row if isinstance(cell, str)]
    texts = [text for cell in cells if (text := "".join(cell.split()))]
    if not texts:
        return not any(cell for cell in row if not isinstance(cell, str))
    if has_key:
        return _says_so(texts[0])
    return any(map(_says_so, texts)) or bool(_NOTE.match(texts[0]))


def _says_so(text: str) -> bool:
    return bool(_TOTAL.fullmatch(text) or _SIGNATURE.fullmatch(text))
