"""Sharing among several: as if the cases came one after the other."""

from hypothesis import given
from hypothesis import strategies as st

from app.forces.rules import Method, Slot, Which, share_out
from app.labels import T

LOADS = st.lists(st.integers(0, 9), min_size=1, max_size=5)


def slot(size: int, method: Method = Method.LEAST_LOADED, turn: int = 0) -> Slot:
    return Slot(Which(), "530324106", None, tuple(range(1, size + 1)), T("By rule %(n)s", n=1), method, turn)


@given(loads=LOADS, count=st.integers(0, 40))
def test_the_least_loaded_gets_the_next_one(loads: list[int], count: int) -> None:
    have = list(loads)
    for _ in range(count):
        have[min(range(len(have)), key=lambda n: (have[n], n))] += 1
    shares = share_out(slot(len(loads)), count, {n + 1: load for n, load in enumerate(loads)})
    assert shares == [after - before for after, before in zip(have, loads, strict=True)]


@given(size=st.integers(1, 5), turn=st.integers(0, 20), count=st.integers(0, 40))
def test_in_turn(size: int, turn: int, count: int) -> None:
    got = [0] * size
    for number in range(count):
        got[(turn + number) % size] += 1
    assert share_out(slot(size, Method.ROUND_ROBIN, turn), count, {}) == got
