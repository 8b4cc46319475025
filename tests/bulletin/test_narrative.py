"""基本情况 in the published wording."""

from dataclasses import replace

import pytest

from app.bulletin.figures import FigureRow, Figures
from app.bulletin.narrative import basic_situation, basic_situation_text, chinese_date, whole
from tests.bulletin.published import CORRECTED, MONTH_END, fen, october


def test_reproduces_the_published_text_with_its_faults_put_right() -> None:
    assert basic_situation_text(october()) == CORRECTED


def test_completion_without_a_target_is_a_dash() -> None:
    text = basic_situation(october(lambda row: replace(row, target_fen=None)))[1].text
    assert "4551.98万元，完成年度目标任务的—，其中：" in text
    assert "%" not in text


def test_nothing_overdue_at_all() -> None:
    text = basic_situation(
        october(lambda row: replace(row, overdue_households=0, overdue_fen=0, overdue_loans=0))
    )[2].text
    assert text.startswith("截至2023年10月31日，全县脱贫人口小额信贷贷款无逾期，阿岗镇、九龙街道、")
    assert text.endswith("长底乡均已清零。")


def test_nobody_cleared_leaves_no_list() -> None:
    text = basic_situation(
        october(lambda row: replace(row, overdue_households=1, overdue_fen=1, overdue_loans=1))
    )[2].text
    assert "清零" not in text
    assert text.endswith("逾期率0.00%。")


def test_a_region_without_rows_is_still_a_sentence() -> None:
    stock, new, overdue = basic_situation(Figures("530324", "罗平县", MONTH_END, MONTH_END, ()))
    assert stock.text == "截至2023年10月31日，全县脱贫人口小额信贷累计存量0户0.00万元。"
    assert new.text.endswith("新增贷款0户0.00万元，完成年度目标任务的—。")
    assert overdue.text.endswith("贷款无逾期。")


def test_a_prefecture_lists_its_counties() -> None:
    row = FigureRow(
        "530324", "罗平县", 1048, fen("5390.04"), overdue_households=1, overdue_fen=1, overdue_loans=1
    )
    figures = Figures("5303", "曲靖市", MONTH_END, MONTH_END, (row,))
    assert (
        "全市脱贫人口小额信贷累计存量1048户5390.04万元，其中：罗平县1048户"
        in basic_situation(figures)[0].text
    )


@pytest.mark.parametrize(
    ("name", "word"),
    [
        ("罗平县", "全县"),
        ("麒麟区", "全区"),
        ("宣威市", "全市"),
        ("楚雄彝族自治州", "全州"),
        ("云南省", "全省"),
        ("阿岗镇", "全镇"),
        ("老厂乡", "全乡"),
        ("罗雄街道", "全街道"),
        ("广西壮族自治区", "全区"),
        ("", "全域"),
    ],
)
def test_whole_is_named_after_the_region(name: str, word: str) -> None:
    assert whole(name) == word


def test_dates_have_no_leading_zeros() -> None:
    assert chinese_date(MONTH_END.replace(month=1, day=8)) == "2023年1月8日"
