"""The plain text: no character lost, the proof-reader finds nothing in it, its tables can be read again."""

from app.bulletin.proofread import proofread
from app.editions import plain
from app.places.rules import shipped
from tests.bulletin.published import CORRECTED
from tests.editions.sample import CORRECTION, NUMBER, bulletin, published


def test_the_basic_situation_is_there_word_by_word() -> None:
    text = plain.write(published()).decode()
    for line in filter(None, CORRECTED.split("\n")):
        assert line in text
    assert NUMBER in text and "230户985.92万元" in text
    assert "草稿" not in text
    assert plain.write(bulletin()).decode().startswith("【草稿】")


def test_the_proof_reader_finds_nothing_in_it() -> None:
    text = plain.write(published()).decode()
    proof = proofread(text, shipped())
    assert proof.findings == ()
    assert proof.figures >= 100
    wrong = text.replace("老厂乡2户5.38万元，逾期率0.84%", "老厂乡2户5.38万元，逾期率0%")
    assert proofread(wrong, shipped()).findings


def test_corrections_are_told() -> None:
    text = plain.write(published(corrections=(CORRECTION,))).decode()
    assert "罗乡振联发〔2023〕11号" in text.split("附件4　对以往通报的更正")[1]
