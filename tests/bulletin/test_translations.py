"""What the proof-reader says is said in Chinese as well, with every number in it."""

import re
from pathlib import Path

import pytest
from babel.messages.extract import extract_from_dir
from babel.messages.pofile import read_po

import app.bulletin
from app.bulletin.proofread import Figure, Section, proofread
from app.labels import Text
from tests.bulletin.published import CORRECTED, PAGE, PLACES, PROBLEMS

SLICE = Path(app.bulletin.__file__).parent
CLEAN = CORRECTED + PROBLEMS

with (SLICE / "translations/zh_Hans/LC_MESSAGES/messages.po").open("rb") as file:
    CATALOG = read_po(file, locale="zh_Hans")


def chinese(msgid: str) -> str:
    message = CATALOG.get(msgid)
    assert message is not None and message.string, f"no translation: {msgid!r}"
    return str(message.string)


def test_every_sentence_is_translated_with_its_parameters() -> None:
    found = [
        str(message) for _, _, message, _, _ in extract_from_dir(SLICE / "proofread", keywords={"T": None})
    ]
    assert len(found) > 40
    for msgid in found:
        names = re.findall(r"%\(\w+\)s", msgid)
        assert sorted(re.findall(r"%\(\w+\)s", chinese(msgid))) == sorted(names), msgid


@pytest.mark.parametrize("enum", [Figure, Section])
def test_labels_are_translated(enum: type[Figure] | type[Section]) -> None:
    assert all(re.search(r"[\u4e00-\u9fff]", member.label.render(chinese)) for member in enum)


@pytest.mark.parametrize(
    "text",
    [
        PAGE,
        CLEAN.replace("阿岗镇230户", "阿岗镇330户"),
        CLEAN.replace("阿岗镇39户", "阿岗镇29户"),
        CLEAN.replace("逾期率5.49", "逾期率5.50"),
        CLEAN.replace("年度目标任务的83%", "年度目标任务的63%", 1),
        CLEAN.replace("75户235.15万元，逾期率4.36%，", "75户235.51万元，逾期率4.36%，"),
        CLEAN.replace("、旧屋基乡、", "、").replace("（二）新增贷款情况", "").replace("新增贷款", ""),
        CLEAN.replace("户", "").replace("累计存量10485390.04万元", ""),
    ],
)
def test_findings_and_notes_read_as_chinese(text: str) -> None:
    def render(sentence: Text) -> str:
        return sentence.render(chinese)

    proof = proofread(text, PLACES)
    said = [render(finding.reason) for finding in proof.findings] + [
        render(note.text) for note in proof.notes
    ]
    assert said
    for sentence in said:
        assert not re.search(r"[A-Za-z]|%\(|%%", sentence), sentence
        assert sentence.endswith("。")
    assert proof.to_json(chinese)["findings"] == [
        finding.to_json() | {"reason": render(finding.reason)} for finding in proof.findings
    ]
