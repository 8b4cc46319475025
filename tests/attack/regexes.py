"""Every regular expression of the program on inputs made to make it slow: time must not grow like a power."""

import importlib
import pkgutil
import re
import time
from collections.abc import Iterator

import app

SHAPES = (
    "a",
    " ",
    "1",
    "0",
    ",",
    "一",
    "万",
    "户",
    ".",
    "-",
    "{",
    "<",
    "%",
    "，",
    "\t",
    "(",
    "1,",
    "a ",
    "1.",
    "户1",
    "，1",
    "/*",
    "ab",
)
SHORT, LONG = 400, 1_600
LONGEST = 0.5  # seconds for the long one
TOO_LONG = 0.1  # for the short one: what takes so long there is not asked about the long one


def patterns() -> Iterator[tuple[str, "re.Pattern[str]"]]:
    """Each compiled expression that a module of the program keeps, in tuples and mappings too."""
    seen: set[str] = set()
    for found in pkgutil.walk_packages(app.__path__, "app."):
        module = importlib.import_module(found.name)
        for name, value in vars(module).items():
            for one in _within(value):
                if isinstance(one.pattern, str) and one.pattern not in seen:
                    seen.add(one.pattern)
                    yield f"{found.name}.{name}", one


def _within(value: object) -> Iterator["re.Pattern[str]"]:
    if isinstance(value, re.Pattern):
        yield value
    elif isinstance(value, tuple | list | set | frozenset):
        for one in value:
            yield from _within(one)
    elif isinstance(value, dict):
        for one in (*value.keys(), *value.values()):
            yield from _within(one)


def slow_ones(found: Iterator[tuple[str, "re.Pattern[str]"]]) -> list[str]:
    """Those that take longer than half a second for 1,600 characters: a square is bearable there, more is not."""
    bad = []
    for name, pattern in found:
        for shape in SHAPES:
            took = _time(pattern, shape * (SHORT // len(shape)) + "!")
            if took > TOO_LONG or _time(pattern, shape * (LONG // len(shape)) + "!") > LONGEST:
                bad.append(
                    f"{name}: {pattern.pattern[:60]!r} on {shape!r}: {took:.3f} s for {SHORT} characters"
                )
                break
    return bad


def _time(pattern: "re.Pattern[str]", text: str) -> float:
    start = time.perf_counter()
    pattern.search(text)
    pattern.fullmatch(text)
    return time.perf_counter() - start
