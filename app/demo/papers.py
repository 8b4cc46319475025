"""Which papers the demonstration county printed after November's ledger, and what became of them."""

from dataclasses import dataclass
from datetime import date, datetime

PRINTED, PRINTED_LAST = date(2023, 12, 1), date(2023, 12, 4)


@dataclass(frozen=True, slots=True)
class DemoDelivery:
    """How the paper was delivered, by its value; ``at`` on the county's clock."""

    how: str
    at: datetime
    witness: str = ""
    text: str = ""


@dataclass(frozen=True, slots=True)
class DemoRun:
    """Papers for the ``cases`` of a township that are overdue longest; the first of them were delivered."""

    author: str
    kind: str
    printed_on: date
    cases: int
    deliveries: tuple[DemoDelivery, ...] = ()


def _at(day: int, hour: int, minute: int) -> datetime:
    return datetime(2023, 12, day, hour, minute)


RUNS = (
    DemoRun(
        "laochang",
        "demand",
        PRINTED,
        6,
        (
            DemoDelivery("signed", _at(2, 9, 20), text="本人签名按指印，称年前卖猪后归还。"),
            DemoDelivery("left", _at(2, 15, 40), witness="村民小组长", text="家中只有老人，留置并说明来意。"),
            DemoDelivery(
                "refused", _at(3, 10, 5), witness="驻村工作队员", text="本人在家，不愿签字，已当面说明内容。"
            ),
            DemoDelivery("signed", _at(4, 11, 30)),
        ),
    ),
    DemoRun("agang", "demand", PRINTED_LAST, 4),
    DemoRun("agang", "promise", PRINTED_LAST, 1),
)
