"""A text of a megabyte, whatever it holds, is read in seconds or refused in a sentence."""

from contextlib import suppress
from time import perf_counter

import pytest

from app.bulletin.proofread import NotABulletin, proofread
from tests.bulletin.published import PAGE, PLACES

LENGTH = 333_000  # characters: a megabyte of Chinese
SECONDS = 4  # twice what is promised, for machines that are busy

PIECES = [
    "阿岗镇、", "1,", "\t", "阿\t1\n", " ", "a  ", "\n", "完成年度目标任务", "镇", "其中", "阿岗镇、老厂乡分别为",
    "截至2023年", "存量1户", "清零", "一、存量情况\n", "排名前三的是", "全县逾期75户235.15万元，逾期率4.36%；",
    "阿岗镇排名第3名，较上月上升1.2个百分点。", "乡镇\t存量户数\n阿岗镇\t1\n老厂乡\t2\n\n",
]  # fmt: skip


@pytest.mark.slow
@pytest.mark.parametrize("piece", PIECES)
def test_a_third_of_a_megabyte_of_anything(piece: str) -> None:
    """What grows with the square of the length would take longer than this."""
    start = perf_counter()
    with suppress(NotABulletin):
        proofread(piece * (LENGTH // 3 // len(piece)), PLACES)
    assert perf_counter() - start < SECONDS / 2


def test_a_megabyte_around_the_page_changes_nothing() -> None:
    text = PAGE + "各乡镇要切实加强组织领导，压实清收责任。\n" * (LENGTH // 20)
    start = perf_counter()
    (finding,) = proofread(text, PLACES).findings
    assert finding.region == "老厂乡"
    assert perf_counter() - start < SECONDS


def test_a_table_of_two_thousand_townships_that_contradicts_everywhere() -> None:
    names = [
        f"{a}{b}{c}镇"
        for a in "甲乙丙丁戊己庚辛壬癸"
        for b in "一二三四五六七八九十"
        for c in "东南西北中山川林泽湖"
    ]
    rows = "".join(
        f"{name}\t1{at}\t{at}.00\t9{at}\t7.00\t1.{at % 90 + 10}\n" for at, name in enumerate(names * 2)
    )
    head = "乡镇\t存量户数\t存量金额\t逾期户数\t逾期金额\t逾期率\n"
    start = perf_counter()
    assert len(proofread(f"{head}{rows}合计\t1\t2.00\t3\t4.00\t5.00\n", PLACES).findings) > len(names)
    assert perf_counter() - start < SECONDS
