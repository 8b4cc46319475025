"""Reading telephone numbers as people type them. Pure."""

import re
import unicodedata

_MOBILE = re.compile(r"1[3-9]\d{9}")
_LANDLINE = re.compile(r"0\d{2,3}\d{7,8}")
_PUNCTUATION = re.compile(r"[\s\-‐–—－()（）.·]")
_ABROAD = re.compile(r"(?:\+|00)?86(?=1[3-9]\d{9}$|0?\d{2,3}\d{7,8}$)")


def normal_number(typed: str) -> str | None:
    """``13812345678`` or ``08748220001`` from what was typed, None when it is neither."""
    digits = _ABROAD.sub("", _PUNCTUATION.sub("", unicodedata.normalize("NFKC", typed)))
    if not digits.isascii():
        return None
    return digits if _MOBILE.fullmatch(digits) or _LANDLINE.fullmatch(digits) else None
