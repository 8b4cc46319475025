"""The control: send, then mark, and retry whatever was not acknowledged. It must send twice."""

import os
import random
import signal
import time
from collections import Counter
from pathlib import Path

from app.sms.protocol import Accepted
from app.sms.twilio import Account, Twilio
from tests.prove import county
from tests.prove.child import TIMINGS
from tests.prove.crew import fork
from tests.prove.judge import Result
from tests.prove.provider import Provider

KILLS = 10


def naive(folder: Path, messages: int, seed: int) -> Result:
    place = folder / "naive"
    place.mkdir()
    marks = place / "marks"
    marks.touch()
    provider, begun, result = Provider(place, seed, secret=""), time.monotonic(), Result(messages)
    chance = random.Random(seed)
    try:
        while len(set(marks.read_text().split())) < messages:
            child = fork(lambda: _send_all(provider.url, messages, marks))
            deadline = time.monotonic() + (chance.uniform(0.3, 1.0) if result.kills < KILLS else 600)
            while not os.waitpid(child, os.WNOHANG)[0]:
                if time.monotonic() > deadline:
                    os.kill(child, signal.SIGKILL)
                    os.waitpid(child, 0)
                    result.kills += 1
                    break
                time.sleep(0.01)
        taken = provider.taken()
        result.faults = provider.faults()
    finally:
        provider.stop()
    result.twice = sum(times > 1 for times in taken.values())
    result.lost = sum(taken[county.phone(n)] == 0 for n in range(messages))
    result.seconds, result.points = time.monotonic() - begun, Counter({"any instant": result.kills})
    return result


def _send_all(url: str, messages: int, marks: Path) -> None:
    twilio = Twilio(Account("AC1", "secret", "+8610000", "", url), TIMINGS.deadline)
    for number in map(county.phone, range(messages)):
        if number in marks.read_text().split():
            continue
        while not isinstance(twilio.send(number, "您好", ""), Accepted):
            pass
        with marks.open("a") as file:
            file.write(number + "\n")
