"""Timing two sides in turn, and what comes of it: a ratio, an aim, and whether it is met."""

import gc
import statistics
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Any


class NotTheSame(AssertionError):
    """The two sides of a comparison did not do the same work, so that a ratio would mean nothing."""


@dataclass(frozen=True, slots=True)
class Result:
    """One line of the results: ``ours`` against ``floor`` in ``unit``; ``aim`` is the highest ratio wished for.

    Without a floor, ``aim`` is a bound on ``ours`` itself; without an aim it is there to be known.
    """

    part: str
    what: str
    ours: float
    unit: str
    floor: float | None = None
    aim: float | None = None
    note: str = ""

    @property
    def ratio(self) -> float | None:
        return self.ours / self.floor if self.floor else None

    @property
    def met(self) -> bool | None:
        if self.aim is None:
            return None
        return (self.ours if self.ratio is None else self.ratio) <= self.aim

    def to_json(self) -> dict[str, Any]:
        rounded = None if self.ratio is None else round(self.ratio, 3)
        return {**asdict(self), "ours": round(self.ours, 4), "ratio": rounded, "met": self.met}


Side = Callable[[], Any]


def timed(side: Side) -> tuple[float, Any]:
    """Seconds that ``side`` takes, and what it returns. Garbage of before is collected before."""
    gc.collect()
    start = time.perf_counter()
    answer = side()
    return time.perf_counter() - start, answer


def compare(
    floor: Side, ours: Side, runs: int, after_each: Callable[[], None] = lambda: None
) -> tuple[float, float]:
    """Median seconds of both sides, run in turn; whichever begins changes from round to round.

    Raises NotTheSame when they come to different answers; a side may return a function that finds its answer,
    which is not measured. Nor is ``after_each``, which puts things back.
    """
    sides = {"floor": floor, "ours": ours}
    seconds: dict[str, list[float]] = {name: [] for name in sides}
    for number in range(runs):
        answers = {}
        for name in sides if number % 2 == 0 else reversed(sides):
            spent, answer = timed(sides[name])
            seconds[name].append(spent)
            answers[name] = answer() if callable(answer) else answer
            after_each()
        if answers["floor"] != answers["ours"]:
            raise NotTheSame(f"floor: {answers['floor']!r}, ours: {answers['ours']!r}"[:500])
    return statistics.median(seconds["floor"]), statistics.median(seconds["ours"])


def percentile(values: list[float], percent: int) -> float:
    """The value that ``percent`` of the values do not exceed (nearest rank)."""
    ordered = sorted(values)
    return ordered[max(0, -(-len(ordered) * percent // 100) - 1)]
