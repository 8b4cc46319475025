"""One run: the crew works and dies, trouble comes in its order, and at the end the provider's history is judged."""

import json
import os
import random
import signal
import time
from collections import Counter
from dataclasses import asdict, replace
from datetime import datetime
from pathlib import Path

from flask import Flask
from sqlalchemy import func, select

from app import create_app
from app.clock import SHANGHAI
from app.db import db, reading
from app.loans.models import Loan
from app.reminders.models import OutboxMessage, Reminder
from app.reminders.states import State
from tests.conftest import Instances
from tests.prove import county, trouble
from tests.prove.child import BUSY, HANG, Birth, wait_little
from tests.prove.crew import ROLES, Crew, fork
from tests.prove.judge import OPEN, Ours, Result, judge, ours, tally
from tests.prove.provider import Provider

MISSED = 5  # of so many borrowers one was to be told three days ago
NIGHT = ("2023-12-05T23:59+08:00", "2023-12-06T00:10+08:00")
MORNING = "2023-12-06T09:30+08:00"
QUIET = 0.8  # seconds of night in which nothing may arrive


class Run:
    """What has happened so far, and what comes next."""

    def __init__(self, app: Flask, crew: Crew, provider: Provider, messages: int) -> None:
        self.app, self.crew, self.provider, self.messages = app, crew, provider, messages
        self.chance = random.Random(crew.model.seed)
        self.helpers: set[int] = set()
        self.busy_at = time.monotonic() + 1
        self.night = (0.0, 0.0)
        self.acts = [(0.2, self._storm), (0.3, self._wrong_key), (0.45, self._pass_midnight)]

    def go(self, seconds: float) -> None:
        ends, found = time.monotonic() + seconds, Counter[State]()
        while time.monotonic() < ends:
            self.turn(0.4)
            found = tally()
            planned, open_ = sum(found.values()), sum(found[state] for state in OPEN)
            if self.acts and planned and (planned - open_) / self.messages >= self.acts[0][0]:
                self.acts.pop(0)[1]()
            if planned == self.messages and not open_ and not self.acts and not self.helpers:
                return
            if trouble.mend_channel():
                self.crew.points["channel mended"] += 1
            db.engine.dispose()
        self.crew.points[f"gave up: {dict(found)}, acts {len(self.acts)}, helpers {len(self.helpers)}"] += 1

    def turn(self, seconds: float) -> None:
        ends = time.monotonic() + seconds
        while time.monotonic() < ends:
            self.crew.turn()
            self.helpers -= {child for child in self.helpers if os.waitpid(child, os.WNOHANG)[0]}
            if time.monotonic() > self.busy_at:
                self.busy_at = time.monotonic() + self.chance.uniform(2, 4)
                self.crew.points["database busy"] += 1
                self.help(lambda: trouble.hold_database(self.app, BUSY * 2))
            time.sleep(0.02)

    def help(self, work: "trouble.Work") -> None:
        self.helpers.add(fork(work))

    def _storm(self) -> None:
        self.provider.play("429", max(self.messages // 20, 3))

    def _wrong_key(self) -> None:
        self.provider.play("401", 3)

    def _pass_midnight(self) -> None:
        """Midnight comes while messages wait, the clock goes back over it once, and then it is morning."""
        self.crew.move_clock(*NIGHT)
        self.turn(HANG + 0.4)  # what was on its way arrives
        begun = time.time()
        self.turn(QUIET)
        self.night = (begun, time.time())
        self.crew.move_clock(county.NOW + "+08:00")
        self.turn(0.5)
        self.crew.move_clock(MORNING)

    def end(self) -> None:
        self.crew.end()
        for child in self.helpers:
            os.kill(child, signal.SIGKILL)
            os.waitpid(child, 0)


def prove(
    instances: Instances, folder: Path, kind: str, messages: int, kills: int, seed: int, seconds: float
) -> Result:
    """One run: lost, sent twice, left open, by the provider's own history. It is kept in ``folder``."""

    def prepare() -> None:
        from app.places.actions import load_places
        from app.places.rules import shipped

        load_places(db.session(), shipped("530324"))
        county.fill(db.session(), messages, MISSED)

    settings = instances.make(kind, f"prove{messages}", prepare)
    app = create_app(replace(settings, now=datetime.fromisoformat(county.NOW).replace(tzinfo=SHANGHAI)))
    place = folder / f"{kind}-{seed}"
    place.mkdir()
    provider, note, wishes = Provider(place, seed), place / "notes", place / "wishes.jsonl"
    note.touch()
    door = trouble.listening()
    url = f"http://127.0.0.1:{door.getsockname()[1]}"
    model = Birth("", 0, seed, False, county.NOW + "+08:00", provider.url, url, door.fileno(), note)
    crew, begun = Crew(app, model, kills), time.monotonic()
    run = Run(app, crew, provider, messages)
    try:
        with app.app_context():
            db.engine.dispose()
            wait_little(db.engine)
            for role in ROLES:
                crew.start(role)
            run.help(lambda: trouble.village(app, url, messages, seed, wishes))
            try:
                run.go(seconds or 60 + messages * 0.2 + kills * 0.8)
            finally:
                run.end()
            time.sleep(HANG + 0.3)  # what the provider is still working on
            rows = ours()
            result = judge(rows, provider, messages, wishes)
            result.points += _planned()
        result.faults = provider.faults()
        result.at_night = sum(run.night[0] < message["at"] < run.night[1] for message in provider.messages())
    finally:
        provider.stop()
        door.close()
    result.kills, result.seconds = crew.kills, time.monotonic() - begun
    result.points += crew.points + Counter(note.read_text("utf-8").splitlines())
    _keep(place / "ours.jsonl", rows)
    return result


def _planned() -> Counter[str]:
    """What the planners had to do: two at once, and what nobody had planned for three days."""
    with reading():
        query = (
            select(func.count(func.distinct(Reminder.message_id)))
            .join(Loan, Loan.id == Reminder.loan_id)
            .join(OutboxMessage, OutboxMessage.id == Reminder.message_id)
            .where(Loan.due_on == county.MISSED, OutboxMessage.day <= county.TODAY)
        )
        late = db.session.scalar(query) or 0
        db.session.remove()
    db.engine.dispose()
    return Counter({"planned three days late": late, "two planners": ROLES.count("planner")})


def _keep(path: Path, rows: dict[str, Ours]) -> None:
    with path.open("w", encoding="utf-8") as file:
        for phone, row in sorted(rows.items()):
            file.write(json.dumps({"phone": phone, **asdict(row)}) + "\n")
