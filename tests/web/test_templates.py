"""What every template of the project must hold, read from its source."""

import re
from pathlib import Path

import pytest
from babel.messages.extract import extract_from_dir
from babel.messages.pofile import read_po

ROOT = Path(__file__).resolve().parents[2]
TEMPLATES = ROOT / "templates"
CATALOG = ROOT / "app/translations/zh_Hans/LC_MESSAGES/messages.po"
SHARED = (
    "base.html",
    "styleguide.html",
    "accounts/login.html",
    "accounts/threshold.html",
    "components/",
    "errors/",
)


def sources() -> list[tuple[str, str]]:
    return [(str(p.relative_to(TEMPLATES)), p.read_text("utf-8")) for p in sorted(TEMPLATES.rglob("*.html"))]


@pytest.mark.parametrize(
    ("what", "pattern"),
    [
        ("a style attribute", r"\sstyle="),
        ("an event attribute", r"<[^>]*\son[a-z]+="),
        ("an inline script", r"<script(?![^>]*\ssrc=)"),
        ("an inline style sheet", r"<style"),
        ("a script address", r"javascript:"),
        ("another host", r"(?:src|href)=\"(?:https?:)?//"),
        ("unescaped text", r"\|\s*safe\b"),
    ],
)
def test_no_template_holds_what_the_content_security_policy_forbids(what: str, pattern: str) -> None:
    assert [name for name, text in sources() if re.search(pattern, text)] == [], what


def test_every_icon_that_is_named_is_in_the_sprite() -> None:
    listed = {line.split("=")[0] for line in (ROOT / "app/static/img/icons.txt").read_text("utf-8").split()}
    named = {
        (file, name) for file, text in sources() for name in re.findall(r'(?<!\w)icon\("([\w-]+)"\)', text)
    }
    assert named and {(file, name) for file, name in named if name not in listed} == set()


def test_every_shared_text_has_its_chinese() -> None:
    with CATALOG.open("rb") as source:
        catalog = read_po(source, locale="zh_Hans")
    translated = {m.id for m in catalog if m.id and m.string and not m.fuzzy}
    found = extract_from_dir(
        TEMPLATES,
        [("**.html", "jinja2")],
        {"**.html": {"silent": "false"}},
        {"_": None, "gettext": None, "ngettext": (1, 2)},
    )
    missing = {m for file, _, m, _, _ in found if file.startswith(SHARED) and m not in translated}
    assert missing == set()


def test_chinese_keeps_every_placeholder() -> None:
    with CATALOG.open("rb") as source:
        for message in read_po(source, locale="zh_Hans"):
            if message.id:
                names = re.findall(r"%\((\w+)\)s", str(message.id))
                assert sorted(names) == sorted(re.findall(r"%\((\w+)\)s", str(message.string))), message.id
