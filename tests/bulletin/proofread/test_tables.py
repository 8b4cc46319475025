"""Tables as counties draw them: heads over two lines, parts with their own lines, places on top, odd cells."""

import pytest

from app.bulletin.proofread import Proof, proofread
from app.places.rules import PlaceIndex

NOWHERE = PlaceIndex([])


def proof(*lines: str) -> Proof:
    return proofread("\n".join(line.replace(" ", "\t") for line in lines), NOWHERE)


TWO_LINES = (
    "附件1：脱贫人口小额信贷情况表（单位：户、万元）",
    "乡镇 存量  新增   逾期  ",
    " 户数 金额 户数 金额 完成率（%） 户数 金额 逾期率",
    "石桥镇 120 600.00 12 60.00 80 15 40.00 6.67%",
    "清溪镇 80 400.00 8 40.00 90 5 10.00 2.50%",
    "全县 200 1000.00 20 100.00 83 20 50.00 5.00%",
)


def test_a_head_over_two_lines() -> None:
    checked = proof(*TWO_LINES)
    assert (checked.findings, checked.figures, checked.region_name) == ((), 24, "全县")
    assert [each.printed for each in checked.unchecked] == ["80", "90", "83"]
    assert {str(each.reason) for each in checked.unchecked} == {"Its target is not printed."}


@pytest.mark.parametrize(
    ("old", "new", "finding"),
    [
        ("2.50%", "2.05%", ("清溪镇", "overdue_rate_pct", "2.05", "2.50")),
        ("全县 200", "全县 210", ("全县", "stock_households", "210", "200")),
        ("1000.00", "1100.00", ("全县", "stock_wan", "1100.00", "1000.00")),
        ("5 10.00", "85 10.00", ("清溪镇", "overdue_households", "85", "5")),
    ],
)
def test_a_wrong_cell(old: str, new: str, finding: tuple[str, str, str, str]) -> None:
    checked = proof(*(line.replace(old, new) for line in TWO_LINES))
    first = checked.findings[0]
    assert (first.region, first.figure, first.printed, first.expected) == finding
    assert first.section == "table"


def test_parts_of_a_table_add_up_to_their_own_lines() -> None:
    lines = [
        "片区 乡镇 存量金额（万元）", "东片 石桥镇 10.00", "东片 清溪镇 20.00", "东片 小计 30.00",
        "西片 大坝乡 5.00", "西片 白云乡 6.00", "西片 小计 11.00", "合计 合计 41.00",
    ]  # fmt: skip
    assert proof(*lines).findings == ()
    wrong = proof(*(line.replace("11.00", "12.00") for line in lines))
    assert [(f.printed, f.expected) for f in wrong.findings] == [("12.00", "11.00")]


def test_places_on_top() -> None:
    lines = ["项目 石桥镇 清溪镇 合计", "存量户数 120 80 200", "存量金额（万元） 600.00 400.00 1000.00"]
    assert (proof(*lines).findings, proof(*lines).figures) == ((), 6)
    (finding,) = proof(*(line.replace("200", "210") for line in lines)).findings
    assert (finding.printed, finding.expected) == ("210", "200")


def test_a_row_that_is_marked_as_cleared_but_has_a_figure() -> None:
    lines = [
        "乡镇 逾期户数 逾期金额（万元） 备注",
        "石桥镇 2 4.00 ",
        "清溪镇 1 1.00 已清零",
        "大坝乡 0 0.00 已清零",
        "合计 3 5.00 ",
    ]
    (finding,) = proof(*lines).findings
    assert (finding.region, finding.figure) == ("清溪镇", "cleared")


def test_a_column_that_falls_a_column_that_is_unknown_and_a_cell_that_is_none() -> None:
    lines = [
        "乡镇 上月逾期户数 逾期户数 较上月减少（户） 责任人电话 逾期利息（元）",
        "石桥镇 5 3 2 1540000 77", "清溪镇 4 4 0 1540001 8x", "合计 9 7 2 0 85",
    ]  # fmt: skip
    assert proof(*lines).findings == ()
    (finding,) = proof(*(line.replace("石桥镇 5 3 2", "石桥镇 5 3 4") for line in lines)).findings[:1]
    assert finding.aspect == "over_last_month"


def test_numbers_with_their_units_and_thousands() -> None:
    lines = [
        "乡镇 存量户数 存量金额",
        "石桥镇 1,120户 6,000.00万元",
        "清溪镇 80户 4000000元",
        "全县 1,200户 6,400.00万元",
    ]
    assert proof(*lines).findings == ()


def test_lines_without_a_head_that_names_figures_are_text() -> None:
    people = "姓名\t电话\n张三\t1540000\n李四\t1540001\n"
    text = f"{people}（一）存量贷款情况\n全县存量3户6.00万元，其中：石桥镇1户2.00万元，清溪镇2户4.00万元。"
    assert proofread(text, NOWHERE).findings == ()


def test_a_table_without_a_total_is_held_against_the_texts_where_it_has_all_places() -> None:
    text = "（一）存量贷款情况\n全县存量200户。\n"
    table = "乡镇\t存量户数\n石桥镇\t120\n清溪镇\t80\n"
    assert proofread(text + table, NOWHERE).findings == ()
    (finding,) = proofread(text + table.replace("120", "140"), NOWHERE).findings
    assert (finding.printed, finding.expected) == ("200", "220")
    some = proofread(text + table.replace("120", "33"), NOWHERE)  # a table of some places only
    assert (some.findings, [each.printed for each in some.unchecked]) == ((), ["200", "33", "80"])


def test_independent_errors_are_each_told_once() -> None:
    lines = [line.replace("6.67", "6.76").replace("2.50", "2.05") for line in TWO_LINES]
    assert [(f.region, f.expected) for f in proof(*lines).findings] == [
        ("石桥镇", "6.67"),
        ("清溪镇", "2.50"),
    ]
