"""The initials of a name in pinyin: 陈小明 → cxm. Pure; each character is looked up once."""

from functools import lru_cache

_HAN = ("\u3400", "\u9fff")
# Characters that are read otherwise as a surname: their initial.
SURNAMES = {
    "单": "s", "曾": "z", "仇": "q", "解": "x", "查": "z", "区": "o", "盖": "g", "尉": "w", "种": "c", "朴": "p",
    "翟": "z", "缪": "m", "乐": "y", "召": "s", "折": "s", "秘": "b", "繁": "p", "员": "y", "洗": "x", "冼": "x",
    "宓": "m", "黑": "h", "隗": "w", "祭": "z", "适": "k", "句": "g", "阚": "k", "费": "f", "佴": "n", "么": "y",
    "万": "w", "沈": "s", "葛": "g", "石": "s", "牟": "m", "晁": "c", "车": "c", "重": "c", "令": "l", "覃": "q",
}  # fmt: skip
DOUBLE = {"尉迟": "yc", "万俟": "mq", "澹台": "tt", "单于": "cy", "长孙": "zs", "令狐": "lh"}


@lru_cache(maxsize=32_768)
def _initial(character: str) -> str:
    if _HAN[0] <= character <= _HAN[1] or ord(character) > 0xFFFF:
        from pypinyin import (
            Style,
            lazy_pinyin,
        )  # a quarter of a second, which only an import of a ledger needs

        read = lazy_pinyin(character, style=Style.FIRST_LETTER, errors="ignore")
        return read[0][:1].lower() if read else ""
    return character.lower() if character.isascii() and character.isalnum() else ""


def initials(name: str) -> str:
    """``cxm`` for 陈小明, with the surname's own reading; "" where nothing of the name can be read."""
    if (double := DOUBLE.get(name[:2])) is not None:
        return double + "".join(map(_initial, name[2:]))
    first = SURNAMES.get(name[:1])
    return first + "".join(map(_initial, name[1:])) if first else "".join(map(_initial, name))
