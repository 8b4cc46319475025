"""The processes of a run: one alive for each role, killed from outside, by themselves, or stopped past their lease."""

import os
import random
import signal
import time
import traceback
from collections import Counter
from collections.abc import Callable
from dataclasses import replace

from flask import Flask

from tests.prove.child import TIMINGS, Birth, life

ROLES = ("worker", "worker", "worker", "planner", "planner", "web")
FOREVER = float("inf")


def fork(work: Callable[[], None]) -> int:
    """A child process that does ``work`` and nothing after it."""
    if child := os.fork():
        return child
    try:
        work()
        os._exit(0)
    except BaseException:
        traceback.print_exc()
        os._exit(1)


class Crew:
    """``kills`` counts the dead. ``clocks``: each child is born at one of these moments."""

    def __init__(self, app: Flask, model: Birth, most: int) -> None:
        self.app, self.model, self.most = app, model, most
        self.clocks: tuple[str, ...] = (model.clock,)
        self.chance = random.Random(model.seed)
        self.living: dict[int, tuple[str, float]] = {}
        self.stopped: dict[int, float] = {}
        self.points: Counter[str] = Counter()
        self.kills = self.born = 0

    def start(self, role: str) -> None:
        number = self.born = self.born + 1
        killing = self.kills < self.most
        doomed = killing and self.chance.random() < 0.6
        clock = self.clocks[number % len(self.clocks)]
        birth = replace(self.model, role=role, number=number, doomed=doomed, clock=clock)
        child = fork(lambda: life(self.app, birth))
        least, most = (1.5, 2.5) if doomed else (0.05, 0.8)  # who is doomed may never come to its point
        self.living[child] = (
            role,
            time.monotonic() + self.chance.uniform(least, most) if killing else FOREVER,
        )

    def turn(self) -> None:
        """Bury the dead, kill whose time has come (or stop them past their lease), start others."""
        for child, (role, dies) in list(self.living.items()):
            ended, how = os.waitpid(child, os.WNOHANG)
            if ended:
                if not os.WIFSIGNALED(how):
                    raise RuntimeError(f"a {role} ended by itself")
                self._bury(child)
                self.start(role)
            elif child in self.stopped:
                if time.monotonic() > self.stopped[child]:
                    os.kill(child, signal.SIGCONT)
                    self.points["resumed past its lease"] += 1
                    del self.stopped[child]
            elif time.monotonic() > dies:
                self._end_from_outside(child, role)

    def _end_from_outside(self, child: int, role: str) -> None:
        if role == "worker" and self.chance.random() < 0.15:
            os.kill(child, signal.SIGSTOP)
            self.stopped[child] = time.monotonic() + TIMINGS.lease + 0.3
            self.living[child] = (role, self.stopped[child] + 1.5)
        else:
            self.points["any instant"] += 1
            self.living[child] = (role, FOREVER)
            os.kill(child, signal.SIGKILL)

    def _bury(self, child: int) -> None:
        del self.living[child]
        self.stopped.pop(child, None)
        self.kills += 1

    def move_clock(self, *moments: str) -> None:
        """Everybody dies, and whoever follows is born at one of these moments."""
        self.clocks = moments
        self.points["clock moved"] += 1
        for child, (role, _dies) in list(self.living.items()):
            os.kill(child, signal.SIGKILL)
            os.waitpid(child, 0)
            self._bury(child)
            self.start(role)

    def end(self) -> None:
        for child in self.living:
            os.kill(child, signal.SIGKILL)
            os.waitpid(child, 0)
