"""The small form of ``make prove``, and its control, which must fail."""

from pathlib import Path

import pytest

from tests.conftest import Instances
from tests.prove.naive import naive
from tests.prove.supervisor import prove

pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("socket_enabled")]


def test_killed_workers_lose_nothing_and_send_nothing_twice(
    instances: Instances, tmp_path: Path, db_kind: str
) -> None:
    result = prove(instances, tmp_path, db_kind, messages=30, kills=12, seed=5, seconds=60)
    assert result.good, result
    assert result.kills >= 12 and result.faults


def test_the_naive_sender_fails_the_same(tmp_path: Path) -> None:
    assert naive(tmp_path, 40, seed=5).twice > 0
