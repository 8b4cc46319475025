"""Drafts name what the figures show, nothing else, and never contradict them."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.bulletin.figures import FigureRow, Figures
from app.editions.changes import Change, compare
from app.editions.checking import check
from app.editions.clauses import DEFAULTS, Condition
from app.editions.document import Kind
from app.editions.facts import Facts, Untouched
from app.editions.findings import blocking
from app.editions.persons import People
from app.editions.rules import Written, blocks_of, document_number, kind_of, tidy
from app.editions.wording import demands, numeral, opening, problems, title
from app.places.rules import shipped
from tests.bulletin.published import PLACES, october
from tests.editions.facts import FACTS, FULE


def drafted(facts: Facts) -> Written:
    month, name = facts.figures.month, facts.figures.region_name
    return Written(title("办公室", month), opening(name, month), problems(facts), demands(facts, DEFAULTS))


def text_of(facts: Facts) -> str:
    return "\n".join(block.text for block in blocks_of(drafted(facts), facts))


def test_a_draft_names_what_the_figures_show() -> None:
    text = text_of(FACTS)
    for said in (
        "逾期率4.36%，比全省平均逾期率2.09%高2.27个百分点",
        "在全市9个县（市、区）中排第8位",
        "阿岗镇（11.99%）、富乐镇（7.83%）",
        "阿岗镇由100.00万元增加到118.25万元",
        "本月阿岗镇31件双线均未联系、2件乡镇未联系、4件银行未联系",
        "外出务工（15件）、产业亏损（12件）",
        "还款承诺5笔，其中3笔没有按期足额兑现",
        "罗雄街道（45%）",
    ):
        assert said in text
    assert "{" not in text


def test_a_month_without_trouble_says_so() -> None:
    calm = replace(
        FACTS,
        figures=october(lambda row: replace(row, overdue_fen=0, overdue_households=0, overdue_loans=0, target_fen=1)),
        untouched={}, causes=(), judged=2, kept=2,
    )  # fmt: skip
    assert "总体平稳" in text_of(calm) and "限期压降" not in text_of(calm)
    assert "{" not in text_of(calm)


def test_without_a_line_rows_are_held_against_the_region_itself() -> None:
    text = text_of(Facts(october()))
    assert "高于全县平均水平" in text and "全省平均逾期率" not in text


def test_what_is_drafted_passes_its_own_checks() -> None:
    written = drafted(FACTS)
    found = check(written, blocks_of(written, FACTS), FACTS, PLACES, People(names=["王小明", "李四"]))
    assert blocking(found) == []


amounts = st.integers(0, 10**9)


@st.composite
def portfolios(draw: st.DrawFn) -> Facts:
    rows = []
    for place in list(shipped("530324").children("530324"))[: draw(st.integers(1, 13))]:
        overdue = draw(st.integers(0, 10**8))
        rows.append(
            FigureRow(
                place.code, place.short, 50, draw(st.integers(overdue, 10**9)), 20, draw(amounts),
                draw(st.none() | amounts), 5 if overdue else 0, overdue, 6 if overdue else 0,
            )
        )  # fmt: skip
    figures = Figures("530324", "罗平县", FACTS.figures.month, FACTS.figures.as_of, tuple(rows))
    return replace(FACTS, figures=figures, before=draw(st.none() | st.just(FACTS.before)),
                   untouched={FULE: Untouched(3, 1, 1, 1)})  # fmt: skip


@given(portfolios())
def test_whatever_the_figures_a_draft_has_no_unknown_field_and_no_wrong_number(facts: Facts) -> None:
    written = drafted(facts)
    blocks = blocks_of(written, facts)
    assert "{" not in "".join(block.text for block in blocks)
    found = blocking(check(written, blocks, facts, PLACES, People()))
    assert [one for one in found if one.kind.value != "proof"] == []


@pytest.mark.parametrize("condition", list(Condition))
def test_every_condition_can_be_met_and_not(condition: Condition) -> None:
    nothing = Facts(Figures("530324", "罗平县", FACTS.figures.month, FACTS.figures.as_of, ()))
    cleared = replace(
        FACTS, figures=october(lambda r: replace(r, overdue_fen=0, overdue_households=0, overdue_loans=0))
    )
    answers = {facts.holds(condition) for facts in (nothing, FACTS, cleared)}
    assert answers == ({True} if condition is Condition.ALWAYS else {True, False})


def test_how_lines_are_set_and_numbers_written() -> None:
    assert kind_of("（一）逾期率居高不下") is Kind.SECTION
    assert kind_of("（一）逾期率居高不下。全县逾期75户。") is Kind.BODY
    assert kind_of("1.逐户联系。") is Kind.ITEM
    assert tidy("  一 \r\n\r\n\u3000(二)二\n") == "一\n（二）二"
    assert [numeral(n) for n in (1, 10, 11, 20, 21)] == ["一", "十", "十一", "二十", "二十一"]
    assert document_number("罗乡振联发", 2023, 12) == "罗乡振联发〔2023〕12号"


def bits(old: str, new: str) -> list[list[tuple[str, str]]]:
    return [[(bit.change.value, bit.text) for bit in line.bits] for line in compare(old, new)]


def test_a_change_is_shown_within_its_paragraph() -> None:
    assert bits("甲\n全县逾期75户。\n丙", "甲\n全县逾期71户。\n丁丁丁") == [
        [("same", "甲")],
        [("same", "全县逾期7"), ("removed", "5"), ("added", "1"), ("same", "户。")],
        [("added", "丁丁丁")],
        [("removed", "丙")],
    ]


@given(st.text("甲乙丙\n", max_size=30), st.text("甲乙丙\n", max_size=30))
def test_both_texts_can_be_read_from_what_changed(old: str, new: str) -> None:
    def side(without: Change) -> list[str]:
        lines = ("".join(b.text for b in line.bits if b.change is not without) for line in compare(old, new))
        return [line for line in lines if line]

    assert side(Change.REMOVED) == [line for line in new.split("\n") if line]
    assert side(Change.ADDED) == [line for line in old.split("\n") if line]
