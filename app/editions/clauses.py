"""The library of clauses: what a bulletin says besides its figures, and when. Pure.

A county keeps its own clauses; until it does, these hold. The wording is ours.
"""

from dataclasses import dataclass

from app.labels import Labelled, T


class ClauseKind(Labelled):
    """Which part of the bulletin a clause belongs to."""

    PROBLEM = "problem", T("Problems")
    DEMAND = "demand", T("Demands")


class Condition(Labelled):
    """When a clause is drafted; each is answered by ``facts.Facts``."""

    ALWAYS = "always", T("Always")
    ABOVE = "above", T("The whole region is above the provincial average")
    SOME_ABOVE = "some_above", T("A row is above the line")
    GREW = "grew", T("Somewhere more is overdue than last month")
    UNTOUCHED = "untouched", T("A line has left cases untouched")
    BROKEN = "broken", T("Promises were broken")
    CAUSES = "causes", T("The disposal ledger names causes")
    BEHIND_TARGET = "behind_target", T("New lending is behind the year's target")
    OVERDUE = "overdue", T("Something is overdue")
    NOTHING_OVERDUE = "nothing_overdue", T("Nothing is overdue")


CLAUSE_LENGTH = 1000


@dataclass(frozen=True, slots=True)
class Wording:
    """One clause: a heading on its first line where it has several, then its text, with fields in braces."""

    kind: ClauseKind
    condition: Condition
    text: str
    active: bool = True


DEFAULTS: tuple[Wording, ...] = (
    Wording(
        ClauseKind.DEMAND,
        Condition.OVERDUE,
        "压实双线清收责任\n"
        "各乡镇（街道）和承贷银行各支行对辖区逾期贷款实行双线包案，逐户明确乡镇和支行责任人，每月至少共同联系一次，"
        "联系情况及时记入系统，做到户户有人管、笔笔有记录。",
    ),
    Wording(
        ClauseKind.DEMAND,
        Condition.SOME_ABOVE,
        "限期压降逾期率\n"
        "逾期率高于全省平均水平的{高于线乡镇}，要逐笔分析原因，制定压降计划，明确时限和责任人，"
        "主要负责同志亲自调度，下月通报前将逾期率降到全省平均水平以内。",
    ),
    Wording(
        ClauseKind.DEMAND,
        Condition.UNTOUCHED,
        "补齐联系空白\n"
        "对本月尚未联系的逾期户，责任乡镇和支行要在十个工作日内完成首次联系，查清原因，商定还款安排；"
        "外出务工的，通过电话、视频等方式联系本人，不得向无关人员透露借款情况。",
    ),
    Wording(
        ClauseKind.DEMAND,
        Condition.CAUSES,
        "坚持分类处置\n"
        "对照分类处置台账一户一策：确有困难且到期前提出申请的，依规办理续贷或展期；有还款意愿但一时周转困难的，"
        "商定分期还款；符合条件的，及时启动风险补偿；恶意拖欠的，先行司法预警，再依法清收。",
    ),
    Wording(
        ClauseKind.DEMAND,
        Condition.BROKEN,
        "盯紧还款承诺\n"
        "对已到期未兑现的承诺，三日内回访，问明原因，重新商定可以做到的还款时间和金额；"
        "对即将到期的承诺，提前三天提醒，减少失约。",
    ),
    Wording(
        ClauseKind.DEMAND,
        Condition.BEHIND_TARGET,
        "加快新增投放\n"
        "完成年度目标任务进度偏慢的乡镇（街道），要会同承贷银行摸清有产业、有需求、符合条件的脱贫户和监测对象，"
        "按程序应贷尽贷，同时把好用途和还款能力关，防止边投放边逾期。",
    ),
    Wording(
        ClauseKind.DEMAND,
        Condition.ALWAYS,
        "提前做好到期提醒\n"
        "承贷银行对三个月内到期的贷款逐户建立清单，提前一个月提醒借款人准备还款；"
        "需要续贷、展期的，指导其在到期前提出申请，从源头上减少新增逾期。",
    ),
    Wording(
        ClauseKind.DEMAND,
        Condition.ALWAYS,
        "做细政策宣传\n"
        "各乡镇（街道）和各支行利用村民会议、入户走访、广播等形式，讲清贷款对象、用途、期限、贴息和按期还款的要求，"
        "引导群众珍惜信用；宣传中不得公布借款人的姓名和欠款情况。",
    ),
)
