"""Why the demonstration county's loans are overdue, and what is done about them."""

from dataclasses import dataclass
from datetime import timedelta
from zlib import crc32


@dataclass(frozen=True, slots=True)
class DemoDisposal:
    """Cause and route by their values, the measure, and how long it may take."""

    cause: str
    route: str
    measure: str
    within: timedelta


def _days(number: int) -> timedelta:
    return timedelta(days=number)


# One for each case, by its contract number; None is left to be set.
_SAID = (
    DemoDisposal("long_cycle", "instalments", "核桃、花椒尚未进入盛产期，待采收后分次归还。", _days(90)),
    None,
    DemoDisposal("loss", "instalments", "生猪价格下跌致亏损，按季分期归还。", _days(60)),
    DemoDisposal("away_for_work", "collection", "在外务工，已电话联系，春节返乡后归还。", _days(75)),
    DemoDisposal("illness", "compensation", "户主重病，医疗支出大，按程序申报风险补偿。", _days(45)),
    DemoDisposal("loss", "collection", "烤烟减产，待烟叶款到账后归还。", _days(30)),
    DemoDisposal("family_accident", "instalments", "家中突发意外，经协商分期归还。", _days(60)),
    DemoDisposal("wilful", "warning", "有还款能力，多次催收未还，拟由司法所送达预警。", _days(20)),
    DemoDisposal("out_of_contact", "collection", "通过亲属核实去向，继续联系本人。", _days(15)),
    DemoDisposal("away_for_work", "instalments", "已与本人约定按月归还。", _days(120)),
    None,
    DemoDisposal("other_use", "collection", "资金用于建房，督促筹款归还。", _days(40)),
)


def disposal_of(contract_no: str) -> DemoDisposal | None:
    return _SAID[crc32(contract_no.encode()) % len(_SAID)]
