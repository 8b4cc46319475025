"""What a bulletin's two written parts start from: sentences that name what the figures show. Pure.

Figures stand in them as live fields, so they follow the month until it is closed. The wording is ours, Chinese, and
never names a person.
"""

from collections.abc import Iterable, Iterator, Sequence
from datetime import date

from app.bulletin.figures import FigureRow
from app.bulletin.narrative import whole
from app.editions.clauses import ClauseKind, Wording
from app.editions.facts import Facts, Untouched
from app.remedies.rules import Cause

MOST_NAMED = 6  # places named one by one; the rest are counted
_NUMERALS = "零一二三四五六七八九"
CAUSES: dict[Cause, str] = {
    Cause.LONG_CYCLE: "产业周期长",
    Cause.LOSS: "产业亏损",
    Cause.FAMILY_ACCIDENT: "家庭意外",
    Cause.ILLNESS: "重病",
    Cause.DEATH: "死亡",
    Cause.OUT_OF_CONTACT: "失联",
    Cause.PRISON: "服刑",
    Cause.AWAY_FOR_WORK: "外出务工",
    Cause.OTHER_USE: "用途变更",
    Cause.WILFUL: "恶意拖欠",
    Cause.OTHER: "其他",
}
Said = tuple[str, str]  # a heading and its text


def title(signatory: str, month: date) -> str:
    return f"{signatory}关于{month.year}年{month.month}月份脱贫人口小额信贷工作情况的通报"


def opening(region_name: str, month: date) -> str:
    return (
        f"按照小额信贷工作情况每月通报的要求，现将{whole(region_name)}{month.year}年{month.month}月份"
        "脱贫人口小额信贷工作情况通报如下："
    )


def numeral(n: int) -> str:
    """一 … 九十九, as paragraphs are numbered."""
    tens, ones = divmod(n, 10)
    if not tens:
        return _NUMERALS[ones]
    return ("" if tens == 1 else _NUMERALS[tens]) + "十" + (_NUMERALS[ones] if ones else "")


def numbered(said: Iterable[Said]) -> str:
    """The paragraphs as text: a heading with its number, the text below it."""
    lines: list[str] = []
    for n, (heading, text) in enumerate(said, 1):
        lines.append(f"（{numeral(n)}）{heading}")
        lines += [text] if text else []
    return "\n".join(lines)


def problems(facts: Facts, clauses: Sequence[Wording] = ()) -> str:
    """存在问题 as a draft: what the figures and the collection show, then the library's clauses that hold."""
    said = [
        *_rate(facts),
        *_growth(facts),
        *_lines(facts),
        *_causes(facts),
        *_promises(facts),
        *_lending(facts),
    ]
    said += _clauses(facts, clauses, ClauseKind.PROBLEM)
    if not said:
        said = [
            ("总体情况平稳", "{月份}各项指标总体平稳，没有发现突出问题，但对即将到期的贷款仍需提前做好准备。")
        ]
    return numbered(said)


def demands(facts: Facts, clauses: Sequence[Wording]) -> str:
    """工作要求 as a draft, from the library's clauses that hold."""
    return numbered(_clauses(facts, clauses, ClauseKind.DEMAND))


def _clauses(facts: Facts, clauses: Sequence[Wording], kind: ClauseKind) -> list[Said]:
    holding = [c for c in clauses if c.kind is kind and c.active and facts.holds(c.condition)]
    return [_split(clause.text) for clause in holding]


def _split(text: str) -> Said:
    heading, _, rest = text.strip().partition("\n")
    return heading.strip(), rest.strip()


def _named(rows: Sequence[FigureRow], field: str, facts: Facts) -> str:
    """阿岗镇（{阿岗镇·逾期率}）、… and how many more."""
    shown = "、".join(f"{row.name}（{{{row.name}·{field}}}）" for row in rows[:MOST_NAMED])
    return shown + (f"等{len(rows)}个{facts.rows_are}" if len(rows) > MOST_NAMED else "")


def _rate(facts: Facts) -> Iterator[Said]:
    total, lines, above = facts.figures.total, facts.lines, facts.above()
    if total.cleared or total.overdue_rate_pct is None:
        return
    scope = whole(total.name)
    text = f"截至{{截至日期}}，{scope}逾期{{逾期户数}}{{逾期金额}}，逾期率{{逾期率}}"
    provincial = lines.provincial_rate
    if provincial is not None:
        if total.overdue_rate_pct > provincial:
            text += "，比全省平均逾期率{全省平均逾期率}高{与全省差距}，没有达到不高于全省平均水平的要求"
        else:
            text += "，不高于全省平均逾期率{全省平均逾期率}"
    if lines.rank is not None and lines.of is not None:
        text += "，在全市{排名总数}个县（市、区）中排第{排名}位"
    if above:
        level = "全省平均水平" if provincial is not None else f"{scope}平均水平"
        text += f"。其中{_named(above, '逾期率', facts)}逾期率高于{level}"
    over = provincial is not None and total.overdue_rate_pct > provincial
    if over or above:
        yield ("逾期率仍然偏高" if over else f"部分{facts.rows_are}逾期率偏高"), text + "。"


def _growth(facts: Facts) -> Iterator[Said]:
    grew = facts.grew()
    if not grew:
        return
    listed = "、".join(
        f"{row.name}由{{{row.name}·上月逾期金额}}增加到{{{row.name}·逾期金额}}"
        for row, _ in grew[:MOST_NAMED]
    )
    more = f"，共{len(grew)}个{facts.rows_are}逾期金额增加" if len(grew) > MOST_NAMED else ""
    yield f"部分{facts.rows_are}逾期金额增加", f"与上月末相比，{listed}{more}。"


def _lines(facts: Facts) -> Iterator[Said]:
    neglected = facts.neglected()
    if not neglected:
        return
    listed = "；".join(f"{row.name}{_untouched(found)}" for row, found in neglected[:MOST_NAMED])
    more = (
        f"；其余{len(neglected) - MOST_NAMED}个{facts.rows_are}也有空白"
        if len(neglected) > MOST_NAMED
        else ""
    )
    yield "双线清收还有空白", f"{{月份}}末未结的逾期案件中，本月{listed}{more}。"


def _untouched(found: Untouched) -> str:
    parts = [
        f"{count}件{words}"
        for count, words in (
            (found.neither, "双线均未联系"),
            (found.branch_only, "乡镇未联系"),
            (found.township_only, "银行未联系"),
        )
        if count
    ]
    return "、".join(parts)


def _causes(facts: Facts) -> Iterator[Said]:
    if facts.causes:
        listed = "、".join(f"{CAUSES[cause]}（{count}件）" for cause, count in facts.causes[:MOST_NAMED])
        yield "逾期成因需要分类化解", f"分类处置台账显示，逾期成因主要有{listed}，需要按成因分类施策。"


def _promises(facts: Facts) -> Iterator[Said]:
    broken = facts.judged - facts.kept
    if broken > 0:
        which = f"其中{broken}笔" if facts.kept else "均"
        yield (
            "部分还款承诺没有兑现",
            f"{{月份}}到期的还款承诺{facts.judged}笔，{which}没有按期足额兑现，承诺之后的跟进不够及时。",
        )


def _lending(facts: Facts) -> Iterator[Said]:
    behind = facts.behind_target()
    if behind:
        yield (
            f"部分{facts.rows_are}新增投放偏慢",
            f"{_named(behind, '完成率', facts)}完成年度目标任务的进度慢于时间进度。",
        )
