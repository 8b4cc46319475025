"""The proof-reader on the real page, on corrected text, and on texts that are wrong in one way each."""

import re
from dataclasses import replace
from time import perf_counter

import pytest

from app.bulletin.narrative import basic_situation_text
from app.bulletin.proofread import Finding, NotABulletin, proofread
from app.places.rules import PlaceIndex
from tests.bulletin.published import (
    CORRECTED,
    CORRECTED_PAGE,
    MONTH_END,
    PAGE,
    PLACES,
    PROBLEMS,
    TARGETS_WAN,
    code,
    fen,
    october,
)

CLEAN = CORRECTED + PROBLEMS
TARGETS = {name: fen(wan) for name, wan in TARGETS_WAN.items()}
NOWHERE = PlaceIndex([])


def the_finding(text: str, **options: object) -> tuple[str, str, str, str, str]:
    """Region, section, figure, printed and expected of the only finding, whose place in the text is right."""
    findings = proofread(text, PLACES, **options).findings  # type: ignore[arg-type]
    assert len(findings) == 1, [finding.to_json() for finding in findings]
    (finding,) = findings
    assert text[finding.start : finding.end] == finding.printed
    return finding.region, finding.section, finding.figure, finding.printed, finding.expected


def reason(text: str) -> str:
    (finding,) = proofread(text, PLACES).findings
    return str(finding.reason)


# The real page


@pytest.mark.parametrize("places", [PLACES, NOWHERE], ids=["shipped places", "no places"])
def test_the_real_page_has_exactly_one_finding(places: PlaceIndex) -> None:
    (finding,) = proofread(PAGE, places).findings
    assert finding.to_json() == {
        "region": "老厂乡", "section": "overdue", "figure": "overdue_rate_pct", "printed": "0", "expected": "0.84",
        "start": PAGE.index("0%水井乡"), "end": PAGE.index("0%水井乡") + 1,
        "reason": "5.38 ÷ 642.99 is 0.84%, not 0%.",
    }  # fmt: skip


def test_the_real_page_with_the_targets_that_were_behind_it_has_the_same_finding() -> None:
    assert the_finding(PAGE, targets=TARGETS)[0] == "老厂乡"
    assert the_finding(PAGE, targets={code(name): target for name, target in TARGETS.items()})[0] == "老厂乡"


def test_what_the_page_tells_of_itself() -> None:
    proof = proofread(PAGE, PLACES)
    assert (proof.region_code, proof.region_name, proof.as_of) == ("530324", "罗平县", MONTH_END)
    # 14 × 2 of stock, 14 × 3 of new lending, 9 × 3 of overdue, 3 said again
    assert proof.figures == 28 + 42 + 27 + 3


def test_repaired_names_are_noted_and_nothing_else() -> None:
    proof = proofread(PAGE, PLACES)
    assert [str(note.text) for note in proof.notes] == [
        "“水井乡” was read as 大水井乡.", "“乐镇” was read as 富乐镇.", "“阿岗” was read as 阿岗镇.",
        "“水井乡” was read as 大水井乡.",
    ]  # fmt: skip
    assert [PAGE[note.start : note.end] for note in proof.notes] == ["水井乡", "乐镇", "阿岗", "水井乡"]


def test_the_real_page_is_read_fast() -> None:
    start = perf_counter()
    proofread(PAGE, PLACES)
    assert perf_counter() - start < 1


# Right texts


@pytest.mark.parametrize(
    "text",
    [
        CORRECTED_PAGE,
        CLEAN,
        CORRECTED,
        CLEAN.replace("户", ""),
        CLEAN.replace("户", " "),
        CLEAN.replace("户", "户，金额"),
        CLEAN.replace("\n\n", "\n"),
        CLEAN.replace("\n", "\r\n"),
        CLEAN.replace("（一）存量贷款情况", "").replace("（二）新增贷款情况", "").replace("（三）逾期情况", ""),
        CLEAN.replace("1048户5390.04", "1,048户5,390.04").replace("4551.98", "4,551.98"),
        CLEAN.translate(str.maketrans("0123456789.%", "０１２３４５６７８９．％")),
        CLEAN.replace("鲁布革乡", "鲁布革布依族苗族乡").replace("全县", "罗平县"),
    ],
    ids=[
        "the page put right", "clean", "without problems", "run together", "spaces for 户", "户，金额", "dense",
        "lines of Windows",
        "without headings", "thousands", "full width", "official names",
    ],
)  # fmt: skip
@pytest.mark.parametrize("targets", [None, TARGETS], ids=["", "targets"])
def test_a_right_text_has_no_findings(text: str, targets: dict[str, int] | None) -> None:
    assert proofread(text, PLACES, targets).findings == ()


@pytest.mark.parametrize("text", [CLEAN, CLEAN.replace("户", "")], ids=["clean", "run together"])
def test_a_county_whose_places_are_not_shipped_is_read_as_written(text: str) -> None:
    proof = proofread(text, NOWHERE)
    assert (proof.findings, proof.region_code, proof.region_name) == ((), None, "全县")


def test_one_name_in_common_does_not_make_it_our_county() -> None:
    total = "（一）存量贷款情况\n全县累计存量6户12.00万元，其中："
    text = f"{total}石桥镇3户6.00万元，板桥镇2户4.00万元，马店乡1户2.00万元。"
    proof = proofread(text, PLACES)
    assert (proof.region_code, proof.region_name, proof.findings) == (None, "全县", ())
    assert not [note for note in proof.notes if "was read as" in str(note.text)]


def test_a_prefecture_with_counties_as_rows() -> None:
    text = "（一）存量贷款情况\n全市累计存量612.00万元，其中：罗平县36.00万元，师宗县24.10万元，麒麟区12.00万元。"
    (finding,) = proofread(text, PLACES).findings
    assert (finding.region, finding.figure, finding.printed, finding.expected) == (
        "全市",
        "stock_wan",
        "12.00",
        "12.10",
    )


def test_a_month_without_anything_overdue_has_no_findings() -> None:
    figures = october(lambda row: replace(row, overdue_households=0, overdue_fen=0, overdue_loans=0))
    assert proofread(basic_situation_text(figures), PLACES).findings == ()


def test_no_completion_printed_is_no_finding() -> None:
    assert (
        proofread(basic_situation_text(october(lambda row: replace(row, target_fen=None))), PLACES).findings
        == ()
    )


# One thing wrong


@pytest.mark.parametrize("run_together", [False, True])
@pytest.mark.parametrize(
    ("right", "wrong", "finding"),
    [
        ("5390.04万元", "5490.04万元", ("罗平县", "stock", "stock_wan", "5490.04", "5390.04")),
        ("阿岗镇230户985.92", "阿岗镇230户885.92", ("阿岗镇", "stock", "stock_wan", "885.92", "985.92")),
        ("长底乡17户79.70", "长底乡11户79.70", ("罗平县", "stock", "stock_households", "1048", "1042")),
        ("1047户4551.98", "1047户4951.98", ("罗平县", "new", "new_wan", "4951.98", "4551.98")),
        ("75户235.15万元，逾期率4.36%。", "75户253.15万元，逾期率4.36%。",
         ("罗平县", "overdue", "overdue_wan", "253.15", "235.15")),
        ("75户235.15万元，逾期率4.36%。", "76户235.15万元，逾期率4.36%。",
         ("罗平县", "overdue", "overdue_households", "76", "75")),
        ("75户235.15万元，逾期率4.36%，", "75户235.15万元，逾期率4.63%，",
         ("罗平县", "problems", "overdue_rate_pct", "4.63", "4.36")),
        ("75户235.15万元，逾期率4.36%，", "78户235.15万元，逾期率4.36%，",
         ("罗平县", "problems", "overdue_households", "78", "75")),
        ("九龙街道13户34.41", "九龙街道13户44.41", ("九龙街道", "overdue", "overdue_wan", "44.41", "34.41")),
        ("马街镇4户", "马街镇9户", ("马街镇", "overdue", "overdue_households", "9", "4")),
        ("逾期率7.83%", "逾期率7.38%", ("富乐镇", "overdue", "overdue_rate_pct", "7.38", "7.83")),
    ],
)  # fmt: skip
def test_the_figure_that_all_evidence_singles_out_is_named(
    right: str, wrong: str, finding: tuple[str, ...], run_together: bool
) -> None:
    assert CLEAN.count(right) == 1
    text = CLEAN.replace(right, wrong)
    assert the_finding(text.replace("户", "") if run_together else text) == finding


def test_where_the_culprit_is_open_the_reason_says_what_else_it_may_be() -> None:
    text = CLEAN.replace("阿岗镇230户", "阿岗镇330户")
    assert the_finding(text) == ("罗平县", "stock", "stock_households", "1048", "1148")
    assert reason(text) == (
        "The rows add up to 1148, the total says 1048. It may also be a single digit in: 阿岗镇 330→230."
    )


def test_a_total_that_other_figures_confirm_is_not_corrected() -> None:
    """75 stands in two places, so one of the rows is wrong; which one cannot be told."""
    text = CLEAN.replace("阿岗镇39户", "阿岗镇29户")
    assert the_finding(text) == ("罗平县", "overdue", "overdue_households", "75", "")
    assert (
        "so it is one of the rows. It may also be a single digit in: 九龙街道 13→23、阿岗镇 29→39."
        in reason(text)
    )


def test_a_difference_that_rounding_could_explain_is_a_finding_that_says_so() -> None:
    assert "add up to 5390.07" in reason(CLEAN.replace("阿岗镇230户985.92", "阿岗镇230户985.95"))
    assert "rounding alone could explain it" in reason(
        CLEAN.replace("阿岗镇230户985.92", "阿岗镇230户985.95")
    )
    # 14 figures to two decimals are at most 0.07 off together.
    assert "rounding" not in reason(CLEAN.replace("板桥镇75户474.60", "板桥镇75户474.80"))
    # 18.195 ÷ 331.115 is 5.4951.
    assert "5.49%, not 5.50%; rounding alone" in reason(CLEAN.replace("逾期率5.49", "逾期率5.50"))
    assert "rounding" not in reason(CLEAN.replace("逾期率7.83", "逾期率7.93"))


def test_amounts_of_unrounded_figures_show_rounding_only() -> None:
    """What the program itself would print of a month whose 分 are not whole ten-thousandths."""
    figures = october(lambda row: replace(row, stock_fen=row.stock_fen + 4999, new_fen=row.new_fen + 4999))
    findings = proofread(basic_situation_text(figures), PLACES).findings
    assert findings
    assert all("rounding alone could explain it" in str(finding.reason) for finding in findings)


@pytest.mark.parametrize(
    ("right", "wrong", "targets", "expected"),
    [
        ("目标任务的93%", "目标任务的95%", TARGETS, ("富乐镇", "new", "completion_pct", "95", "93")),
        ("年度目标任务的83%", "年度目标任务的84%", TARGETS, ("罗平县", "new", "completion_pct", "84", "83")),
        ("年度目标任务的83%", "年度目标任务的63%", None, ("罗平县", "new", "completion_pct", "63", "83–84")),
        ("目标任务的93%", "目标任务的39%", None, ("富乐镇", "new", "completion_pct", "39", "91–113")),
    ],
)
def test_completion(
    right: str, wrong: str, targets: dict[str, int] | None, expected: tuple[str, ...]
) -> None:
    assert the_finding(CLEAN.replace(right, wrong, 1), targets=targets) == expected


def test_the_countys_own_target_is_used_where_it_is_given() -> None:
    targets = TARGETS | {"530324": fen("6000")}
    assert the_finding(CLEAN, targets=targets) == ("罗平县", "new", "completion_pct", "83", "76")


def test_rows_in_no_order_at_all_are_not_held_against_the_text() -> None:
    head, rows = CLEAN.split("83%，其中：")
    listed, rest = rows.split("。", 1)
    by_name = "；".join(sorted(listed.split("；")))
    assert proofread(f"{head}83%，其中：{by_name}。{rest}", PLACES).findings == ()


def _only(text: str) -> Finding:
    (finding,) = proofread(text, PLACES).findings
    return finding


def test_more_overdue_than_stock() -> None:
    moved = CLEAN.replace("大水井乡1户3.82", "大水井乡53户3.82").replace("阿岗镇39户", "阿岗镇3户")
    findings = proofread(moved.replace("75户235.15", "91户235.15"), PLACES).findings
    assert [(f.region, f.figure, f.printed, f.expected) for f in findings] == [
        ("大水井乡", "overdue_households", "53", "≤52")
    ]


def test_a_township_both_overdue_and_cleared() -> None:
    finding = _only(CLEAN.replace("长底乡已清零", "长底乡、马街镇已清零"))
    assert (finding.region, finding.section, finding.figure) == ("马街镇", "overdue", "cleared")


def test_a_township_neither_overdue_nor_cleared() -> None:
    finding = _only(CLEAN.replace("、旧屋基乡、", "、"))
    assert (finding.region, finding.figure, finding.printed, finding.expected) == (
        "旧屋基乡",
        "cleared",
        "",
        "已清零",
    )


def test_a_township_twice_in_a_section_points_at_the_name() -> None:
    text = CLEAN.replace("钟山乡43户", "马街镇43户")
    assert the_finding(text) == ("马街镇", "stock", "name", "马街镇", "钟山乡")


def test_a_missing_row_is_what_the_total_leaves() -> None:
    findings = proofread(CLEAN.replace("钟山乡43户223.20万元，", ""), PLACES).findings
    assert [(f.region, f.section, f.figure, f.expected) for f in findings] == [
        ("钟山乡", "stock", "stock_households", "43"), ("钟山乡", "stock", "stock_wan", "223.20"),
    ]  # fmt: skip


def test_one_paragraph_of_another_date() -> None:
    text = re.sub(r"（三）逾期情况\s+截至2023年10月31日", "（三）逾期情况\n\n截至2023年9月30日", CLEAN)
    assert the_finding(text) == ("罗平县", "overdue", "as_of", "2023年9月30", "2023年10月31")


def test_several_wrong_figures_are_all_found() -> None:
    text = CLEAN.replace("逾期率7.83%", "逾期率7.38%").replace("1047户4551.98", "1046户4551.98")
    text = text.replace("阿岗镇230户985.92", "阿岗镇230户885.92")
    assert [(f.region, f.figure, f.expected) for f in proofread(text, PLACES).findings] == [
        ("阿岗镇", "stock_wan", "985.92"), ("罗平县", "new_households", "1047"), ("富乐镇", "overdue_rate_pct", "7.83"),
    ]  # fmt: skip


# What cannot be decided is said


AMBIGUOUS = """\
（一）存量贷款情况
截至2023年10月31日，全县脱贫人口小额信贷累计存量1212.00万元，其中：甲镇111.00万元，乙镇111.00万元。
"""


def test_where_two_splits_stay_possible_it_says_so() -> None:
    """1户 11.00 and 11户 1.00, or the other way round: the totals agree with both."""
    proof = proofread(AMBIGUOUS, PLACES)
    assert proof.findings == ()
    texts = [str(note.text) for note in proof.notes]
    assert "乙镇 was read as 11户1.00万元; totals and rates would also agree with 1户11.00万元." in texts or (
        "乙镇 was read as 1户11.00万元; totals and rates would also agree with 11户1.00万元." in texts
    )
    assert sum("would also agree" in text for text in texts) == 2


def test_a_rate_decides_between_splits_that_the_sums_leave_open() -> None:
    overdue = "（三）逾期情况\n全县逾期1户1.10万元，逾期率9.17%。其中：甲镇1户1.10万元，逾期率10.00%；乙镇已清零。\n"
    proof = proofread(AMBIGUOUS + overdue, PLACES)
    assert proof.findings == ()
    assert not [note for note in proof.notes if "would also agree" in str(note.text)]


def test_without_a_total_the_split_is_called_a_guess() -> None:
    text = CLEAN.replace("户", "").replace("累计存量10485390.04万元", "")
    assert any("most plausible one was taken" in str(note.text) for note in proofread(text, PLACES).notes)


def test_missing_sections_are_noted() -> None:
    text = CLEAN.split("（二）")[0]
    notes = [str(note.text) for note in proofread(text, PLACES).notes]
    assert notes == ["“Paragraph on new lending” was not found.", "“Paragraph on overdue” was not found."]


def test_a_name_that_is_no_place_is_noted() -> None:
    text = CLEAN.replace("，长底乡17户", "，脱贫产业17户")
    assert any("脱贫产业" in str(note.text) for note in proofread(text, PLACES).notes)


# No bulletin


@pytest.mark.parametrize(
    "text",
    [
        "",
        "罗平县",
        "今天天气很好。" * 1000,
        "存量贷款情况\n罗平县12户34.56万元",
        "1 " * 50_000,
        "（一）存量贷款情况" * 9_000,
    ],
)
def test_a_text_without_figures_is_refused_with_what_is_needed(text: str) -> None:
    with pytest.raises(NotABulletin, match="No figures of a bulletin were found"):
        proofread(text, PLACES)


HOSTILE = {
    "too long": "存" * 200_001,
    "one name": "（三）逾期情况 " + "阿" * 180_000 + "清零",
    "one number": "（一）存量贷款情况 阿岗镇" + "1" * 150_000 + ".11万元",
    "blank lines": "\n" * 199_000,
    "blanks": "截至2023" + " " * 190_000,
    "rows without end": "（二）新增贷款情况 " + "阿岗镇1户1万元" * 20_000,
    "cleared without end": "（三）逾期情况 " + "岗、已清零" * 30_000,
    "commas": "（一）存量贷款情况 " + "阿岗镇1,000," * 15_000,
}


@pytest.mark.slow
@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE.keys())
def test_a_hostile_text_is_refused_in_bounded_time(text: str) -> None:
    start = perf_counter()
    with pytest.raises(NotABulletin):
        proofread(text, PLACES)
    assert perf_counter() - start < 3


@pytest.mark.slow
def test_a_hundred_rows_that_contradict_everywhere_end_in_bounded_time() -> None:
    names = [f"{first}{second}镇" for first in "一二三四五六七八九十" for second in "甲乙丙丁戊己庚辛壬"]
    overdue = "，".join(f"{name}2309854.92万元，逾期率3.77%" for name in names)
    stock = "，".join(f"{name}1111111.11万元" for name in names)
    text = (
        f"（一）存量贷款情况\n全县累计存量11111111111.11万元，{stock}\n"
        f"（三）逾期情况\n全县逾期10485390.04万元，逾期率3.11%。{overdue}"
    )
    start = perf_counter()
    assert len(proofread(text, PLACES).findings) > len(names)
    assert perf_counter() - start < 5
