"""What stops an approval: typed numbers that are wrong, persons; and what is listed and stops nothing."""

import pytest

from app.editions.checking import check
from app.editions.findings import Found, Kinds, blocking
from app.editions.persons import People
from app.editions.rules import Written, blocks_of
from tests.bulletin.published import PLACES
from tests.editions.facts import FACTS

PHONE, ID_NUMBER = "15412345678", "530399198001011234"


def found_in(text: str, people: People | None = None) -> list[Found]:
    written = Written("通报", "现将有关情况通报如下：", text, "")
    return check(written, blocks_of(written, FACTS), FACTS, PLACES, people or People())


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("全县逾期率4.63%。", "4.36"),
        ("阿岗镇逾期率11.89%，居全县首位。", "11.99"),
        ("阿岗逾期93户118.25万元。", "39"),
        ("阿岗镇逾期39户118.52万元，逾期率11.99%。", "118.25"),
        ("富乐镇存量75户347.69万元。", "374.69"),
        ("九龙街道新增165户850.01万元。", "805.01"),
        ("钟山乡完成率47%。", "44"),
        ("罗雄街道完成年度目标任务的54%。", "45"),
        ("全县逾期率4.36%，高于全省平均逾期率2.90%。", "2.09"),
        ("阿岗镇{阿岗镇·逾期率}，富乐镇逾期率7.38%。", "7.83"),
    ],
)
def test_a_typed_number_that_contradicts_the_figures_stops_the_approval(text: str, expected: str) -> None:
    assert [one.expected for one in blocking(found_in(text)) if one.kind is Kinds.FIGURE] == [expected]


@pytest.mark.parametrize(
    "text",
    [
        "全县逾期率4.36%，阿岗镇逾期率11.99%。",
        "阿岗镇逾期39户118.25万元，逾期率11.99%。",
        "阿岗镇本月收回逾期贷款12户30.50万元。",
        "与上月相比，阿岗镇逾期率下降0.50%。",
        "各乡镇逾期率要控制在2%以内。",
        "年初全县逾期率5.10%，上月4.80%。",
        "富乐镇、罗雄街道逾期率分别为7.83%、5.43%。",
        "阿岗镇新增逾期3户。",
        "5月底前逐户联系，3个月内完成。",
        "比全省平均高2.27个百分点。",
        "全省逾期率2.09%。",
    ],
)
def test_what_is_right_or_another_figure_is_left_alone(text: str) -> None:
    assert [one for one in found_in(text) if one.kind is Kinds.FIGURE] == []


@pytest.mark.parametrize("text", ["全县逾期率4.4%。", "阿岗镇逾期金额118万元。", "阿岗镇逾期率12%。"])
def test_what_rounding_could_explain_is_listed_and_stops_nothing(text: str) -> None:
    found = found_in(text)
    assert [one.kind for one in found] == [Kinds.FIGURE] and blocking(found) == []


def test_the_proof_reader_reads_the_whole_text() -> None:
    found = found_in("（一）逾期率居高不下\n全县脱贫人口小额信贷贷款逾期75户235.15万元，逾期率4.63%。")
    assert blocking(found) and {one.expected for one in found} == {"4.36"}


@pytest.mark.parametrize(
    "text",
    [
        f"请联系{PHONE}。",
        f"请联系{PHONE[:3]} {PHONE[3:7]} {PHONE[7:]}。",
        f"身份证{ID_NUMBER}。",
        "身份证５３０３９９１９８００１０１１２３４。",
    ],
)
def test_numbers_of_persons_never_pass(text: str) -> None:
    found = blocking(found_in(text))
    assert [one.kind for one in found] == [Kinds.PERSON]
    assert PHONE not in found[0].words and ID_NUMBER not in found[0].words


def test_a_borrowers_name_stops_the_approval_however_it_is_spaced() -> None:
    people = People(names=["王小明", "张三", "赵六"])
    assert [one.words for one in blocking(found_in("王 小　明逾期未还，张三也是。", people))] == [
        "张三",
        "王小明",
    ]
    assert blocking(found_in("各乡镇要压实责任。", people)) == []


def test_two_characters_may_be_a_word_and_three_may_not() -> None:
    names = ["高明", "高小明"]
    found = found_in("办法高明，高小明要学。", People(names, [("高明", "意为巧妙"), ("高小明", "不是人名")]))
    assert [(one.words, one.blocks, one.aside) for one in found] == [
        ("高小明", True, ""),
        ("高明", False, "意为巧妙"),
    ]
    assert not found[0].may_be_set_aside and found[1].may_be_set_aside


def test_the_figures_part_names_no_borrower_whatever_the_township_is_called() -> None:
    assert [
        one for one in found_in("各乡镇要压实责任。", People(["马街", "阿岗"])) if one.kind is Kinds.NAME
    ] == []


def test_an_unknown_field_stops_the_approval_at_its_paragraph() -> None:
    [one] = blocking(found_in("全县{逾期比}。"))
    assert one.kind is Kinds.FIELD and one.block is not None
