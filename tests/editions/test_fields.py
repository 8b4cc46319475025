"""Live fields: what they print, units said once, and a clear sentence for what there is not."""

from dataclasses import replace
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.editions.facts import Facts
from app.editions.fields import offered, offered_rows, resolve
from tests.bulletin.published import october
from tests.editions.facts import FACTS, LINES


def printed(text: str, facts: Facts = FACTS) -> str:
    parts, errors = resolve(text, facts)
    assert not errors
    return "".join(part.text for part in parts)


@pytest.mark.parametrize(
    ("typed", "expected"),
    [
        ("全县逾期率{逾期率}。", "全县逾期率4.36%。"),
        ("{阿岗镇·逾期率}", "11.99%"),
        ("{阿岗·逾期金额}", "118.25万元"),
        ("{阿岗镇.逾期户数}", "39户"),
        ("{全县·存量户数}", "1048户"),
        ("{罗平县·存量金额}", "5390.04万元"),
        ("{ 阿岗镇 · 完成率 }", "82%"),
        ("｛逾期率｝", "4.36%"),
        ("{全省平均逾期率}", "2.09%"),
        ("比全省高{与全省差距}", "比全省高2.27个百分点"),
        ("第{排名}位，共{排名总数}个", "第8位，共9个"),
        ("{截至日期}", "2023年10月31日"),
        ("{月份}{地区}", "2023年10月全县"),
        ("{已清零乡镇}", "板桥镇、钟山乡、鲁布革乡、旧屋基乡、长底乡"),
        ("{阿岗镇·逾期金额变化}", "增加18.25万元"),
        ("{阿岗镇·上月逾期金额}", "100.00万元"),
        # the unit typed behind a field is not said twice
        ("{逾期率}%，{逾期金额}万元，{逾期户数}户", "4.36%，235.15万元，75户"),
        ("没有字段", "没有字段"),
        ("", ""),
    ],
)
def test_a_field_prints_the_figure(typed: str, expected: str) -> None:
    assert printed(typed) == expected


@pytest.mark.parametrize(
    ("typed", "sentence"),
    [
        ("{逾期比率}", "The nearest is “逾期率”"),
        ("{阿岗乡·逾期率}", "Is it “阿岗镇”?"),
        ("{昆明·逾期率}", "There is no place “昆明”"),
        ("{阿岗镇·逾率}", "The nearest is “逾期率”"),
        ("{}", "There is no field “”"),
        ("{阿岗镇·}", "There is no field “”"),
        ("{逾期率", "A brace stands alone"),
        ("逾期率}", "A brace stands alone"),
        ("{逾期\n率}", "A brace stands alone"),
        ("{{逾期率}", "A brace stands alone"),
    ],
)
def test_an_unknown_field_is_told_and_stays(typed: str, sentence: str) -> None:
    parts, errors = resolve(typed, FACTS)
    assert any(sentence in str(error.reason) for error in errors)
    assert all(typed[error.start : error.end] == error.typed for error in errors)
    assert all(error.typed in "".join(part.text for part in parts) for error in errors)


def test_what_is_not_known_is_a_dash_without_unit() -> None:
    bare = Facts(october(lambda row: replace(row, target_fen=None)))
    assert printed("{完成率}，{全省平均逾期率}，{排名}，{阿岗镇·上月逾期率}", bare) == "—，—，—，—"


def test_each_figure_is_named_for_its_loans() -> None:
    parts, _ = resolve("{阿岗镇·逾期率}、{全省平均逾期率}", FACTS)
    assert [part.figure for part in parts] == ["530324106.overdue_rate_pct", None, "530324.provincial_rate"]


@given(st.text(alphabet="逾期率阿岗镇·{}｛%户 \n.", max_size=40))
def test_nothing_typed_is_ever_lost(typed: str) -> None:
    parts, errors = resolve(typed, FACTS)
    assert "".join(typed[part.start : part.end] for part in parts) == typed
    assert all(typed[e.start : e.end] == e.typed for e in errors)
    if not errors:
        assert not any(brace in part.text for part in parts for brace in "{}｛｝")


def test_every_field_that_is_offered_can_be_printed() -> None:
    for typed, value in [*offered(FACTS), *(pair for _, pairs in offered_rows(FACTS) for pair in pairs)]:
        assert printed(typed) == value
    assert LINES.provincial_rate == Decimal("2.09")
