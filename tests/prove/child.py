"""A planner or a worker of the proof: the real code, told when to die by the harness and by nothing in the program."""

import contextlib
import os
import random
import signal
import time
from pathlib import Path
from typing import Any

from flask import Flask
from sqlalchemy.exc import OperationalError

from app import sending
from app.db import db
from app.reminders.rules import Timings
from app.sms.twilio import Account, Twilio

TIMINGS = Timings(lease=2.0, deadline=0.6, backoff=0.05, backoff_most=0.5, review_after=3.0, look_again=0.4)
HANG = 1.0  # longer than the deadline
POINTS = (
    "claim before commit", "claim after commit", "send before", "send after", "finish before", "finish before commit",
    "finish after commit", "look-up before write",
)  # fmt: skip
PLAN_POINTS = ("plan before commit", "plan after commit")


def killer(point: str, at_call: int, note: Path) -> Any:
    """A hook that kills this very process at the ``at_call``-th passing of ``point``, with a note of where."""
    passed = 0

    def at(here: str) -> None:
        nonlocal passed
        if here != point:
            return
        passed += 1
        if passed == at_call:
            with note.open("a", encoding="utf-8") as file:
                file.write(point + "\n")
            os.kill(os.getpid(), signal.SIGKILL)

    return at


def life(app: Flask, role: str, url: str, number: int, seed: int, doomed: bool, note: Path) -> None:
    """Work until killed; ``doomed`` dies at a point of its own choosing, reproducibly."""
    chance = random.Random(f"{seed}/{role}/{number}")
    points = PLAN_POINTS if role == "planner" else POINTS
    at = killer(chance.choice(points), chance.randint(1, 3), note) if doomed else lambda _point: None
    provider = Twilio(Account("AC1", "secret", "+8610000", "", url), TIMINGS.deadline)
    with app.app_context():
        while True:
            try:
                if role == "planner":
                    sending.plan_due(at)
                    time.sleep(0.2)
                    continue
                looked = sending.reconcile_due(provider, TIMINGS, at)
                if not sending.send_due(provider, f"{role}-{number}", TIMINGS, at, count=4) and not looked:
                    time.sleep(0.1)
            except OperationalError:
                with contextlib.suppress(OperationalError):
                    db.session.rollback()
                time.sleep(0.05)
