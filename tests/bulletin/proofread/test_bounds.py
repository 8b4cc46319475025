"""A text of a megabyte, whatever it holds, is read in seconds or refused in a sentence."""

from contextlib import suppress
from time import process_time

import pytest

from app.bulletin.proofread import NotABulletin, proofread
from tests.bulletin.published import PAGE, PLACES

LENGTH = 333_000  # characters: a megabyte of Chinese
SECONDS = 3  # of the processor; promised are two on one that has nothing else to do

PIECES = [
    "阿岗镇、", "1,", "\t", "a  ", "完成年度目标任务", "阿岗镇、老厂乡分别为", "截至2023年", "清零",
    "一、存量情况\n", "排名前三的是",
    "阿岗镇排名第3名，较上月上升1.2个百分点。", "乡镇\t存量户数\n阿岗镇\t1\n老厂乡\t2\n\n",
]  # fmt: skip


@pytest.mark.slow
@pytest.mark.parametrize("piece", PIECES)
def test_a_megabyte_of_anything(piece: str) -> None:
    """What grows with the square of the length would take longer than this."""
    start = process_time()
    with suppress(NotABulletin):
        proofread(piece * (LENGTH // len(piece)), PLACES)
    assert process_time() - start < SECONDS


def test_a_megabyte_around_the_page_changes_nothing() -> None:
    text = PAGE + "各乡镇要切实加强组织领导，压实清收责任。\n" * (LENGTH // 20)
    start = process_time()
    (finding,) = proofread(text, PLACES).findings
    assert finding.region == "老厂乡"
    assert process_time() - start < SECONDS


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
    start = process_time()
    assert len(proofread(f"{head}{rows}合计\t1\t2.00\t3\t4.00\t5.00\n", PLACES).findings) > len(names)
    assert process_time() - start < SECONDS


def test_more_than_a_bulletin_can_be_is_refused_in_a_sentence() -> None:
    with pytest.raises(NotABulletin, match="too long for a bulletin"):
        proofread("存" * 1_000_001, PLACES)
    with pytest.raises(NotABulletin, match="more than 30000 figures"):
        proofread("全县逾期1户1元，" * 16_000, PLACES)
    with pytest.raises(NotABulletin, match="more than 5000 rows"):
        proofread("乡镇\t存量户数\n" + "阿岗镇\t1\n" * 5_001, PLACES)
