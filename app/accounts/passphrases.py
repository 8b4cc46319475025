"""Which passphrases are taken. Pure."""

from collections.abc import Iterable

from app.labels import T, Text

MIN_PASSWORD = 12
MAX_PASSWORD = 256
_JUDGED = 64  # characters; what comes after cannot make it weaker, and judging takes longer with each
_ENOUGH = 3  # of zxcvbn's 0 to 4: at least a hundred million guesses by one who knows how people choose
_EVERYWHERE = (
    "qingshou",
    "清收",
    "luoping",
    "罗平",
    "qujing",
    "曲靖",
    "yunnan",
    "云南",
    "fupin",
    "xiaoe",
    "daikuan",
)

TOO_SHORT = T("A password has at least %(n)s characters.", n=MIN_PASSWORD)
TOO_LONG = T("A password has at most %(n)s characters.", n=MAX_PASSWORD)
COMMON = T(
    "This password is easy to guess: it is common, repeats itself, or is made of names. Take a few unrelated words."
)


def weakness(passphrase: str, known: Iterable[str] = ()) -> Text | None:
    """Why this passphrase is refused, None when it is taken. ``known``: names that a guesser would try first."""
    if len(passphrase) < MIN_PASSWORD:
        return TOO_SHORT
    if len(passphrase) > MAX_PASSWORD:
        return TOO_LONG
    from zxcvbn import zxcvbn  # its lists of words are read when a passphrase is chosen, not at every start

    words = [word for word in _spelled({*_EVERYWHERE, *known}) if len(word) > 1]
    if (
        _without(passphrase.lower(), words)
        or zxcvbn(passphrase[:_JUDGED], user_inputs=words)["score"] < _ENOUGH
    ):
        return COMMON
    return None


def _without(text: str, words: list[str]) -> bool:
    """Is it nothing but known words, digits and signs?"""
    for word in sorted(words, key=len, reverse=True):
        text = text.replace(word, "")
    return sum(letter.isalpha() for letter in text) < 3


def _spelled(names: Iterable[str]) -> set[str]:
    """Each name as it is, in pinyin, and its parts."""
    from pypinyin import lazy_pinyin

    found = set()
    for name in names:
        lower = name.lower()
        found |= {lower, "".join(lazy_pinyin(lower)), *lower.replace("-", " ").replace("_", " ").split()}
    return found
