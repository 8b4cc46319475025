"""Every sentence of the ledger import is said in Chinese as well, with every value in it."""

import re
from pathlib import Path

import pytest
from babel.messages.extract import extract_from_dir
from babel.messages.pofile import read_po

import app.ledger
from app.ledger.fields import REASON_ALIASES, REASON_HEADER, LedgerField, Unit
from app.ledger.headers import header_key

SLICE = Path(app.ledger.__file__).parent
NAMES = re.compile(r"%\(\w+\)s")
HAN = re.compile(r"[\u4e00-\u9fff%‰]")

with (SLICE / "translations/zh_Hans/LC_MESSAGES/messages.po").open("rb") as file:
    CATALOG = read_po(file, locale="zh_Hans")

SENTENCES = sorted({str(message) for _, _, message, _, _ in extract_from_dir(SLICE, keywords={"T": None})})


def chinese(msgid: str) -> str:
    message = CATALOG.get(msgid)
    assert message is not None and message.string, f"no translation: {msgid!r}"
    return str(message.string)


def test_there_is_something_to_translate() -> None:
    assert len(SENTENCES) > 100


@pytest.mark.parametrize("sentence", SENTENCES)
def test_a_sentence_is_translated_with_its_values(sentence: str) -> None:
    translated = chinese(sentence)
    assert sorted(NAMES.findall(translated)) == sorted(NAMES.findall(sentence))
    assert HAN.search(translated)


def test_the_reason_column_is_known_again_in_both_languages() -> None:
    assert {header_key(str(REASON_HEADER)), header_key(REASON_HEADER.render(chinese))} == set(REASON_ALIASES)


@pytest.mark.parametrize("enum", [LedgerField, Unit])
def test_labels_are_translated(enum: type[LedgerField] | type[Unit]) -> None:
    assert len({member.label.render(chinese) for member in enum}) == len(enum)
