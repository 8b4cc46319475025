"""What is typed where something else was expected."""

import random

from tests.attack.victim import MARK

TEXTS = (
    "", " ", "0", "-1", "1", "9" * 30, "1e309", "NaN", "½", "一二三", "2023-02-30", "9999-12-31", "0001-01-01",
    "2023-13", "10000-01", "24:61", "\x00", "a\x00b", "\ud800", "\u202etxt.exe", "\ufeff", "é" * 500,
    "长" * 20_000,
    f"<script src=//x/{MARK}></script>", f'"><img src=x onerror=alert({MARK})>', f"<svg/onload={MARK}>", "{{7*7}}",
    "${7*7}", "%s%s%n", "%00", "../../../../etc/passwd", "..\\..\\data.key", "' OR '1'='1", "1; DROP TABLE loan--",
    "') UNION SELECT 1--", f"=cmd|'/c {MARK}'!A1", "+1+1", "-1+1", "@SUM(1)", "\t=1+1", "\r\nSet-Cookie: a=b",
    "//evil.example", "/\\evil.example", "https://evil.example", "javascript:alert(1)", "true", "null", "[]", '{"a":1}',
    "530324", "530325", "530324106", "99", "999999999999", "١٢٣", "１２３", "1_000", "0x10", "1,5", "1.005", "1e3",
)  # fmt: skip
PATHS = ("0", "-1", "1", "2", "999999999", "9223372036854775807", "99999999999999999999", "1e3", "abc", "%00", "..%2f",
         "1%0d%0aX: y", "2023-10", "9999-99", "0000-00", "530324", "5303", "53", "x" * 300)  # fmt: skip


def field(rng: random.Random, name: str, value: str) -> list[tuple[str, str]]:
    """A field as it is sent: mostly as it stands, else gone, doubled, or with something else in it."""
    drawn = rng.random()
    if drawn < 0.45:
        return [(name, value)]
    if drawn < 0.5:
        return []
    if drawn < 0.55:
        return [(name, value), (name, rng.choice(TEXTS))]
    return [(name, rng.choice(TEXTS))]
