"""Every sentence that a person can read has its Chinese, and keeps its placeholders and marks there."""

import re
from functools import cache
from pathlib import Path

from babel.messages.catalog import Catalog
from babel.messages.extract import extract_from_dir
from babel.messages.pofile import read_po

ROOT = Path(__file__).parents[1]
METHODS = [("app/**.py", "python"), ("templates/**.html", "jinja2.ext:babel_extract")]
KEYWORDS = {"T": None, "_": None, "_l": None, "gettext": None, "lazy_gettext": None, "ngettext": (1, 2)}
PLACEHOLDER = re.compile(r"%\((\w+)\)[sd]")
HAN = re.compile(r"[\u4e00-\u9fff]")
WORD = re.compile("[A-Za-z]{3}")
# Said the same in both languages.
SAME = {"—", "English", "中文"}


@cache
def used() -> dict[str, str]:
    """Every marked message with the first place it stands in."""
    found: dict[str, str] = {}
    for folder in ("app", "templates"):
        for name, line, message, _, _ in extract_from_dir(
            ROOT / folder,
            [(pattern.partition("/")[2], method) for pattern, method in METHODS],
            keywords=KEYWORDS,
        ):
            for text in message if isinstance(message, tuple) else (message,):
                if text:
                    found.setdefault(text, f"{folder}/{name}:{line}")
    return found


@cache
def chinese() -> dict[str, str]:
    """All catalogs together, as Flask-Babel merges them."""
    merged: dict[str, str] = {}
    for path in sorted(ROOT.glob("app/**/messages.po")):
        with path.open("rb") as source:
            catalog: Catalog = read_po(source, locale="zh_Hans")
        for message in catalog:
            if message.id and message.string and not message.fuzzy:
                one = message.string if isinstance(message.string, str) else message.string[0]
                sources = (message.id,) if isinstance(message.id, str) else message.id
                merged |= dict.fromkeys(map(str, sources), str(one))
    return merged


def test_messages_are_found_at_all() -> None:
    messages = used()
    assert "Sign in" in messages and "Balance" in messages and len(messages) > 300


def test_every_message_has_its_chinese() -> None:
    translated = chinese()
    lacking = [
        f"{place}: {text}" for text, place in used().items() if text not in translated and text not in SAME
    ]
    assert not lacking, "add these to the catalog of their slice:\n" + "\n".join(lacking)


def test_chinese_keeps_the_placeholders() -> None:
    for source, target in chinese().items():
        assert set(PLACEHOLDER.findall(source)) == set(PLACEHOLDER.findall(target)), source


def test_chinese_is_chinese() -> None:
    for source, target in chinese().items():
        says_words = WORD.search(PLACEHOLDER.sub("", target)) is not None
        assert HAN.search(target) or not says_words or source in SAME, f"{source} → {target}"


def test_nothing_is_translated_that_nobody_says() -> None:
    unused = chinese().keys() - used().keys()
    assert not unused, f"remove from the catalogs: {sorted(unused)}"
