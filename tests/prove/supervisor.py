"""Runs several workers and two planners against the failing provider, kills them, and judges the provider's history."""

import json
import os
import random
import signal
import subprocess
import sys
import time
import traceback
import urllib.request
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path

from flask import Flask
from sqlalchemy import select

from app import create_app
from app.clock import SHANGHAI
from app.db import db, reading
from app.reminders.models import OutboxMessage
from app.reminders.states import State
from tests.conftest import Instances
from tests.prove import county
from tests.prove.child import HANG, life

ROLES = ("worker", "worker", "worker", "planner", "planner")
SHARE = 1 / 3
OPEN = (State.PENDING, State.SENDING, State.UNKNOWN)
PERSON = (State.REVIEW, State.FAILED, State.EXPIRED)


@dataclass
class Result:
    messages: int
    kills: int = 0
    lost: int = 0
    twice: int = 0
    unknown: int = 0
    person: int = 0
    seconds: float = 0
    faults: Counter[str] = field(default_factory=Counter)
    points: Counter[str] = field(default_factory=Counter)

    @property
    def good(self) -> bool:
        return self.lost == self.twice == self.unknown == 0


class Provider:
    """The emulator in a process of its own, with its history in a file."""

    def __init__(self, folder: Path, seed: int) -> None:
        self.history = folder / "history.jsonl"
        self.history.touch()
        address = folder / "address"
        arguments = [str(address), str(self.history), str(seed), str(SHARE), str(HANG), "0.2"]
        self.process = subprocess.Popen([sys.executable, "-m", "tests.sms.emulator", *arguments])
        while not (address.exists() and address.read_text()):
            time.sleep(0.02)
        self.url = address.read_text()

    def faults(self) -> Counter[str]:
        with urllib.request.urlopen(self.url + "/__stats", timeout=5) as answer:
            return Counter(json.load(answer)["faults"])

    def taken(self) -> Counter[str]:
        """How often each number was written to."""
        lines = self.history.read_text("utf-8").splitlines()
        return Counter(json.loads(line)["to"].removeprefix("+86") for line in lines)

    def stop(self) -> None:
        self.process.kill()
        self.process.wait()


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
    """Keeps one living process for each role; ``kills`` counts the dead."""

    def __init__(self, app: Flask, url: str, seed: int, most: int, note: Path) -> None:
        self.app, self.url, self.seed, self.most, self.note = app, url, seed, most, note
        self.chance = random.Random(seed)
        self.living: dict[int, tuple[str, float]] = {}
        self.stopped: dict[int, float] = {}
        self.points: Counter[str] = Counter()
        self.kills = self.born = 0

    def start(self, role: str) -> None:
        number = self.born = self.born + 1
        killing = self.kills < self.most
        doomed = killing and self.chance.random() < 0.6
        child = fork(lambda: life(self.app, role, self.url, number, self.seed, doomed, self.note))
        outside = killing and not doomed
        self.living[child] = (
            role,
            time.monotonic() + self.chance.uniform(0.05, 0.8) if outside else float("inf"),
        )

    def turn(self) -> None:
        """Bury the dead, kill whose time has come (or stop them past their lease), start others."""
        for child, (role, dies) in list(self.living.items()):
            ended, how = os.waitpid(child, os.WNOHANG)
            if ended:
                if not os.WIFSIGNALED(how):
                    raise RuntimeError(f"a {role} ended by itself")
                del self.living[child]
                self.kills += 1
                self.start(role)
            elif child in self.stopped:
                if time.monotonic() > self.stopped[child]:
                    os.kill(child, signal.SIGCONT)
                    del self.stopped[child]
            elif time.monotonic() > dies:
                if self.chance.random() < 0.1:
                    os.kill(child, signal.SIGSTOP)
                    self.points["stopped past its lease"] += 1
                    self.stopped[child] = time.monotonic() + 2.3
                    self.living[child] = (role, time.monotonic() + 4)
                else:
                    self.points["any instant"] += 1
                    os.kill(child, signal.SIGKILL)

    def end(self) -> None:
        for child in self.living:
            os.kill(child, signal.SIGKILL)
            os.waitpid(child, 0)


def prove(
    instances: Instances, folder: Path, kind: str, messages: int, kills: int, seed: int, seconds: float
) -> Result:
    """One run: lost, sent twice and left open, by the provider's own history."""

    def prepare() -> None:
        from app.places.actions import load_places
        from app.places.rules import shipped

        load_places(db.session(), shipped("530324"))
        county.fill(db.session(), messages)

    settings = instances.make(kind, f"prove{messages}", prepare)
    app = create_app(replace(settings, now=datetime.fromisoformat(county.NOW).replace(tzinfo=SHANGHAI)))
    place = folder / f"{kind}-{seed}"
    place.mkdir()
    provider, note = Provider(place, seed), place / "killed-at"
    note.touch()
    crew = Crew(app, provider.url, seed, kills, note)
    begun = time.monotonic()
    most = seconds or 60 + messages * 0.2 + kills * 0.8
    try:
        with app.app_context():
            db.engine.dispose()
            for role in ROLES:
                crew.start(role)
            while time.monotonic() - begun < most:
                for _ in range(20):
                    crew.turn()
                    time.sleep(0.02)
                if len(states()) == messages and not any(s in OPEN for s in states().values()):
                    break
            crew.end()
            time.sleep(HANG + 0.3)  # what the provider is still working on
            result = judge(states(), provider, messages)
            db.session.remove()
        result.faults = provider.faults()
    finally:
        provider.stop()
    result.kills, result.seconds = crew.kills, time.monotonic() - begun
    result.points = crew.points + Counter(note.read_text("utf-8").splitlines())
    return result


def states() -> dict[str, State]:
    """The state of today's message for each number; connections are left to nobody."""
    with reading():
        query = select(OutboxMessage.phone, OutboxMessage.state).where(OutboxMessage.day == county.TODAY)
        found = dict(db.session.execute(query).all())
        db.session.remove()
    db.engine.dispose()
    return found


def judge(ours: dict[str, State], provider: Provider, messages: int) -> Result:
    """Against what had to be sent, which no table of ours decides."""
    taken, result = provider.taken(), Result(messages)
    for number in map(county.phone, range(messages)):
        state, times = ours.get(number), taken[number]
        result.twice += times > 1
        result.unknown += state in OPEN
        result.person += state in PERSON
        result.lost += times == 0 and state not in OPEN + PERSON
    result.lost += len(set(taken) - {county.phone(n) for n in range(messages)})
    return result
