"""What running text says: changes, averages, ranks, the first and the last, and what is no figure of the month."""

import pytest

from app.bulletin.proofread import Proof, proofread
from app.places.rules import PlaceIndex

NOWHERE = PlaceIndex([])
BASE = (
    "截至2023年10月31日，全县存量200户1000.00万元，逾期20户50.00万元，逾期率5.00%。\n"
    "石桥镇存量120户600.00万元，逾期15户40.00万元，逾期率6.67%。\n"
    "清溪镇存量60户300.00万元，逾期5户10.00万元，逾期率3.33%。\n"
    "大坝乡存量20户100.00万元，已清零。\n"
)


def proof(*sentences: str) -> Proof:
    return proofread(BASE + "\n".join(sentences), NOWHERE)


def found(*sentences: str) -> list[tuple[str, str, str, str]]:
    return [(f.region, str(f.what), f.printed, f.expected) for f in proof(*sentences).findings]


def test_the_text_alone_is_right() -> None:
    assert found() == []
    assert proof().unchecked == ()


LAST = "上月逾期18户42.00万元，本月较上月增加2户8.00万元。"
AVERAGE = "全省平均逾期率4.36%，全县逾期率比全省平均水平高0.64个百分点。"
COUNTY = "全省平均逾期率为4.36%，我县逾期率5.00%，高0.64个百分点。"
BELOW = "全省平均逾期率4.36%，清溪镇逾期率低于全省平均水平1.03个百分点。"
RANKS = "石桥镇逾期率6.67%，排名第1；清溪镇逾期率3.33%，排名第2。"


@pytest.mark.parametrize(
    ("right", "old", "new", "finding"),
    [
        (LAST, "增加2", "增加3", ("全县", "Households overdue, change since last month", "3", "2")),
        (LAST, "8.00", "8.60", ("全县", "Amount overdue, change since last month", "8.60", "8.00")),
        ("上月逾期率4.20%，本月逾期率较上月上升0.80个百分点。", "0.80", "0.70",
         ("全县", "Overdue rate, change since last month", "0.70", "0.80")),
        (AVERAGE, "0.64", "0.46", ("全县", "Overdue rate, difference from the provincial average", "0.46", "0.64")),
        (COUNTY, "0.64", "0.46", ("全县", "Overdue rate, difference from the provincial average", "0.46", "0.64")),
        (COUNTY, "5.00", "5.50", ("全县", "Overdue rate", "5.50", "5.00")),
        (BELOW, "低于", "高于",
         ("清溪镇", "Overdue rate, difference from the provincial average", "1.03", "下降1.03")),
        ("年初逾期8户20.00万元，全县逾期比年初增加12户30.00万元。", "30", "31",
         ("全县", "Amount overdue, change since the year's start", "31.00", "30.00")),
        (RANKS, "第2", "第3", ("清溪镇", "Overdue rate, rank", "3", "2")),
        ("逾期率排名第一位的石桥镇逾期40.00万元。", "40", "44", ("石桥镇", "Amount overdue", "44.00", "40.00")),
        ("石桥镇、清溪镇逾期率分别为6.67%、3.33%。", "3.33", "3.83", ("清溪镇", "Overdue rate", "3.83", "3.33")),
        ("逾期率最高的是石桥镇。", "石桥", "清溪", ("清溪镇", "Overdue rate, rank", "清溪镇", "石桥镇")),
        ("逾期率由高到低排名前两名依次为：石桥镇、清溪镇。", "清溪镇", "大坝乡",
         ("大坝乡", "Overdue rate, rank", "大坝乡", "清溪镇")),
        ("存量末位的是大坝乡。", "大坝乡", "清溪镇", ("清溪镇", "Amount in stock, rank", "清溪镇", "石桥镇")),
        ("全县逾期500000元。", "500000", "510000", ("全县", "Amount overdue", "510000", "500000")),
        ("全县逾期率约5%。", "5", "6", ("全县", "Overdue rate", "6", "5")),
    ],
)  # fmt: skip
def test_one_thing_wrong(right: str, old: str, new: str, finding: tuple[str, str, str, str]) -> None:
    assert right.count(old) == 1
    assert found(right) == []
    assert found(right.replace(old, new)) == [finding]


def test_a_change_the_wrong_way_is_told_with_its_direction() -> None:
    assert found(LAST.replace("增加", "减少")) == [
        ("全县", "Households overdue, change since last month", "2", "增加2"),
        ("全县", "Amount overdue, change since last month", "8.00", "增加8.00"),
    ]


@pytest.mark.parametrize(
    "sentence",
    [
        "其中脱贫户逾期12户30.00万元。",
        "全县逾期中，农商行逾期18户45.00万元。",
        "确保逾期率控制在3.00%以内。",
        "力争新增贷款500户2000.00万元。",
        "截至2023年9月30日，全县逾期18户42.00万元。",
        "石桥镇、清溪镇逾期19户49.00万元。",
        "今年以来收回逾期贷款9户21.00万元。",
        "逾期贷款增长12.5%。",
        "户均贷款5.00万元。",
    ],
)
def test_what_is_no_figure_of_the_month_is_listed_and_not_compared(sentence: str) -> None:
    checked = proof(sentence)
    assert checked.findings == ()
    assert checked.unchecked
    for each in checked.unchecked:
        assert (BASE + sentence)[each.start : each.end] == each.printed
        assert str(each.reason)


def test_what_is_compared_with_nothing_printed_is_not_checkable() -> None:
    checked = proof("全县逾期较上月增加2户8.00万元，在全市排名第8位。")
    assert checked.findings == ()
    assert [(each.printed, str(each.reason)) for each in checked.unchecked] == [
        ("2", "The figure that it is compared with is not printed."),
        ("8.00", "The figure that it is compared with is not printed."),
        ("8", "The figures that it is ranked among are not printed."),
    ]


def test_a_place_that_is_cleared_but_has_a_figure() -> None:
    (finding,) = proof("清溪镇、大坝乡已清零。").findings
    assert (finding.region, str(finding.what), finding.printed) == ("清溪镇", "Cleared", "清溪镇")


def test_rounding_is_said_and_blocks_no_approval() -> None:
    off = BASE.replace("600.00", "600.01")
    checked = proofread(off, NOWHERE)
    assert [finding.rounding for finding in checked.findings] == [True]
    assert not checked.blocks and checked.findings[0].to_json()["rounding"] is True
    assert proofread(BASE.replace("600.00", "620.00"), NOWHERE).blocks


def test_a_list_of_the_worst_alone_is_not_added_up() -> None:
    worst = "石桥镇15户40.00万元，清溪镇3户5.00万元，白云乡1户2.00万元。"
    text = f"（三）逾期情况\n全县逾期20户50.00万元，其中逾期较多的{worst}"
    checked = proofread(text, NOWHERE)
    assert checked.findings == ()
    assert any("lists only some places" in str(note.text) for note in checked.notes)


def test_the_json_keeps_its_findings_and_adds_what_cannot_be_checked() -> None:
    told = proof("全县逾期较上月增加2户。").to_json()
    assert told["findings"] == []
    assert told["unchecked"] == [
        {
            "region": "全县",
            "figure": "overdue_households",
            "aspect": "over_last_month",
            "printed": "2",
            "start": len(BASE) + 9,
            "end": len(BASE) + 10,
            "reason": "The figure that it is compared with is not printed.",
        }
    ]
