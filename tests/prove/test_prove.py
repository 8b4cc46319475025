"""The small form of ``make prove``, and its control, which must fail."""

from collections import Counter
from pathlib import Path

import pytest

from app.reminders.states import State
from tests.conftest import Instances
from tests.prove import county
from tests.prove.judge import Ours, judge
from tests.prove.naive import naive
from tests.prove.points import ALL, BAD_LUCK, reached
from tests.prove.provider import Provider, lines_of, number_of
from tests.prove.supervisor import prove

pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("socket_enabled")]


def test_killed_workers_lose_nothing_and_send_nothing_twice(
    instances: Instances, tmp_path: Path, db_kind: str
) -> None:
    result = prove(instances, tmp_path, db_kind, messages=30, kills=12, seed=5, seconds=60)
    assert result.good, result
    assert result.kills >= 12 and result.faults
    assert result.points["receipts taken"]


def test_the_naive_sender_fails_the_same(tmp_path: Path) -> None:
    assert naive(tmp_path, 40, seed=5).twice > 0


class Told(Provider):
    """A history that a test has written."""

    def __init__(self, sent: list[str], receipts: list[dict[str, object]]) -> None:
        self.sent, self.told = sent, receipts

    def taken(self) -> Counter[str]:
        return Counter(map(number_of, self.sent))

    def receipts(self) -> list[dict[str, object]]:
        return self.told


def test_the_judge_sees_what_is_wrong(tmp_path: Path) -> None:
    numbers = [county.phone(n) for n in range(7)]
    lost, twice, person, opted, repaid, unheard, forged = numbers
    rows = dict.fromkeys(numbers, Ours(State.ACCEPTED, 1, "SM", (10.0,)))
    rows[person] = Ours(State.REVIEW, 1, None, (10.0,))
    rows[opted] = Ours(State.ACCEPTED, 1, "SM", (10.0, 30.0))
    sent = [twice, twice, person, opted, repaid, unheard, forged]
    wishes = tmp_path / "wishes"
    wishes.write_text(
        f'{{"kind": "stop", "phone": "{opted}", "at": 20}}\n{{"kind": "repaid", "phone": "{repaid}", "at": 1, '
        f'"never": true}}\n{{"kind": "forged", "phone": "{forged}", "at": 1, "answer": 200}}\n{{"cut sho'
    )
    assert len(lines_of(wishes)) == 3
    receipts = [
        {"to": f"+86{unheard}", "status": "delivered", "answer": 200},
        {"to": f"+86{unheard}", "status": "sent", "answer": 0},
        {"to": f"+86{forged}", "status": "forged", "answer": 403},
    ]
    found = judge(rows, Told(sent, receipts), 7, wishes)
    assert (found.lost, found.twice, found.arrived, found.never_arrived) == (1, 1, 1, 0)
    assert (found.against, found.unheard, found.believed) == (2, 1, 1)
    assert not found.good and rows[lost].state is State.ACCEPTED


def test_every_point_that_kills_is_one_of_those_that_are_told() -> None:
    words = {word for counted in BAD_LUCK.values() for word in counted}
    assert {point for points in ALL.values() for point in points} <= words
    assert all(times == 0 for times in reached(Counter()).values())
