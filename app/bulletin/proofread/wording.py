"""The words of running text that tell what a number is: subject, time, direction, place. Pure.

One regular expression finds them all, from the left, each with a kind (the name of its group); repetitions in it are
bounded, so that a text of any shape is read in one pass.
"""

import re
from collections.abc import Iterable

from app.bulletin.proofread.figures import Aspect

PLACE_ENDS = r"街道(?:办事处)?|镇|乡|县|市|区|旗|州|农场|林场|管委会"
NAME = (
    r"(?:(?<![\u4e00-\u9fff])|(?<=其中)|(?<=[和及与是为的]))(?!全|我|各|本|部分|其中|个|按照?|根据|由|在|对|向|于)"
    rf"[\u4e00-\u9fff]{{1,9}}?(?<!各)(?:{PLACE_ENDS})(?<!乡镇)(?<!县区)(?<!区县)(?<!城市)(?![级委政办直属镇乡])"
)
_KINDS = {
    "stop": r"[。!?！？;\n]",
    "comma": r",",
    "ordinal": r"第\s?(?:\d{1,4}|[一二三四五六七八九十百]{1,5})\s?(?:名|位)?",
    "number": r"\d+(?:,\d{3}(?!\d))*(?:\.\d+)?",
    "province": r"全?省级?平均(?:水平|数)?",
    "prefecture": r"(?:全[市州]|[市州]级)平均(?:水平|数)?",
    "last": r"上个?月末?|环比",
    "start": r"年初|上年末|去年底|上年底",
    "ago": r"上年同[期月]|去年同[期月]|同比",
    "among": r"其中(?![:,]?[\u4e00-\u9fff]{1,8}(?:街道|镇|乡|县|区|市|旗))|脱贫户(?![^,。]{0,8}小额信贷)"
    r"|监测(?:对象|户)(?![^,。]{0,8}小额信贷)|边缘易致贫户?|突发严重困难户?|[支分银]行|农商行|信用社"
    r"|因|其余|另有|其他|仍有|还有|剩余|承诺|兑现|失信|联系|亏损|拖欠|占比"
    r"|新增逾期|收回|清收|化解|续贷|展期|代偿|到期|风险补偿"
    r"|力争|争取|控制在|不[高低]于|不超过|预计|拟|计划(?=新增|发放|投放)",
    "now": r"本月|目前|截[至止]|当前|本期",
    "other": r"[户人]均|授信|贴息|欠息|占|覆盖率|获贷率|(?<!年)累计(?:发放|投放)",
    "rate": r"逾期率|不良率",
    "completion": r"完成率|完成(?=\d{1,3}(?:\.\d{1,4})?%)"
    r"|完成(?:了)?(?:比例|(?:全年|年度|年初|市级|下达|目标|任务|计划|数|的){1,8})",
    "target": r"(?:年度|全年)?(?:目标任务|任务目标|目标|任务)(?:数|量)?",
    "overdue": r"逾期(?:贷款)?(?:余额|金额|存量)?|不良(?:贷款)?(?:余额)?",
    "new": r"新增|(?:累计)?(?:新?发放|投放|放贷)|完成(?=\d)",
    "stock": r"存量|余额|在贷|结余|小额信贷(?=\d)",
    "level": r"(?:增加|上升|增长|提高|下降|减少|降低|增|升|降|减)[到至为]",
    "up": r"净?增加|上升|增长|提高|提升|高于|高出|扩大|多出|[高多增升](?=(?:了|出|约)?\d)",
    "down": r"净?减少|下降|降低|低于|回落|缩小|压降|[低少减降](?=(?:了|出|约)?\d)",
    "each": r"分别",
    "cleared": r"(?<!未)(?<!未能)已?清零|无逾期",
    "name": NAME,
    "whole": r"全(?:[县市省州区旗镇乡域]|街道)|合计|我[县市州区省]|本[县市]",
    "rank": r"排名|位列|位居|排在?|居",
    "join": r"[、和及与]",
    "ratio": r"率",  # of something else: 兑现率, 利率
}
BASES = {
    "last": Aspect.LAST_MONTH,
    "start": Aspect.YEAR_START,
    "ago": Aspect.YEAR_AGO,
    "province": Aspect.PROVINCE,
    "prefecture": Aspect.PREFECTURE,
}
SUBJECTS = {"rate", "completion", "target", "overdue", "new", "stock", "other"}
UNIT = re.compile(r"\s?(户|万元|亿元|元|个百分点|百分点|%|[^\s\d])?")
_MOST_KNOWN = 60  # names without a usual ending, looked for besides


def words(known: Iterable[str]) -> re.Pattern[str]:
    """The expression, with the names besides that tables and lists have shown."""
    ends = re.compile(rf"(?:{PLACE_ENDS})$")
    odd = sorted({name for name in known if len(name) > 1 and not ends.search(name)}, key=len, reverse=True)
    kinds = dict(_KINDS)
    if odd:
        kinds["name"] = "|".join([*map(re.escape, odd[:_MOST_KNOWN]), kinds["name"]])
    return re.compile("|".join(f"(?P<{kind}>{pattern})" for kind, pattern in kinds.items()))


_DIGITS = {digit: value for value, digit in enumerate("零一二三四五六七八九")} | {"两": 2}


def ordinal(text: str) -> int | None:
    """第12名, 第十二: 12; None for a word that is no number below a hundred."""
    return counted(text.strip("第名位 "))


def counted(inner: str) -> int | None:
    """12, 十二: 12; None for a word that is no number below a hundred."""
    if inner.isdigit():
        return int(inner)
    tens, ten, ones = inner.rpartition("十")
    if not ten:
        return _DIGITS.get(inner)
    return (_DIGITS.get(tens, 0) if tens else 1) * 10 + (_DIGITS.get(ones, 0) if ones else 0)
