"""How policy was made known in the demonstration county: what its collectors have entered."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from zlib import crc32


@dataclass(frozen=True, slots=True)
class DemoPublicity:
    """The means by its value; the author by user name, the place by code."""

    author: str
    region: str
    on: date
    means: str
    people: int
    text: str


_SAID = (
    ("brochure", 120, "赶集日在集市发放过渡期小额信贷政策宣传册，讲解到期还本付息要求。"),
    ("home_visit", 9, "入户解答逾期户关于展期、续贷和贴息的疑问。"),
    ("meeting", 64, "村民小组会上讲解信贷政策与诚信还款。"),
    ("blackboard", 0, "更新村务公开栏黑板报：到期贷款如何办理续贷。"),
    ("wechat", 210, "村微信群发布还款渠道和咨询电话，提醒谨防诈骗。"),
    ("broadcast", 300, "村广播早晚各播一次小额信贷政策问答。"),
)
_EACH_MONTH = 3


def publicity_of(username: str, places: list[str], until: date) -> Iterator[DemoPublicity]:
    """What a township collector did in the month of ``until`` and the one before, at places of the township."""
    seed = crc32(username.encode())
    for number in range(2 * _EACH_MONTH):
        means, people, text = _SAID[(seed + number) % len(_SAID)]
        on = until - timedelta(days=1 + seed % 3 + number * 9)
        yield DemoPublicity(
            username, places[(seed + number) % len(places)], on, means, people and people + seed % 17, text
        )
