"""The failing provider in a process of its own, and its own account of what it took and what it was answered."""

import json
import subprocess
import sys
import time
import urllib.request
from collections import Counter
from pathlib import Path
from typing import Any

from tests.prove.child import HANG, SECRET

SHARE = 1 / 3  # of its answers are faults
LAG = 0.2  # seconds until what it took stands in its list


class Provider:
    """Its history is a file, written before each answer."""

    def __init__(self, folder: Path, seed: int, secret: str = SECRET) -> None:
        self.history = folder / "history.jsonl"
        self.history.touch()
        address = folder / "address"
        arguments = [str(address), str(self.history), str(seed), str(SHARE), str(HANG), str(LAG), secret]
        self.process = subprocess.Popen([sys.executable, "-m", "tests.sms.emulator", *arguments])
        while not (address.exists() and address.read_text()):
            time.sleep(0.02)
        self.url = address.read_text()

    def faults(self) -> Counter[str]:
        with urllib.request.urlopen(self.url + "/__stats", timeout=5) as answer:
            return Counter(json.load(answer)["faults"])

    def play(self, fault: str, times: int) -> None:
        """Nothing but this fault for the next sends."""
        urllib.request.urlopen(f"{self.url}/__play?fault={fault}&times={times}", timeout=5).close()

    def messages(self) -> list[dict[str, Any]]:
        """What it took, in order."""
        return lines_of(self.history)

    def receipts(self) -> list[dict[str, Any]]:
        """What it reported, and what it was answered."""
        return lines_of(self.history.with_suffix(".receipts"))

    def taken(self) -> Counter[str]:
        """How often each number was written to."""
        return Counter(number_of(line["to"]) for line in self.messages())

    def stop(self) -> None:
        self.process.kill()
        self.process.wait()


def number_of(to: str) -> str:
    return to.removeprefix("+86")


def lines_of(path: Path) -> list[dict[str, Any]]:
    """The whole lines of a file, which its writer may be killed in the middle of."""
    if not path.exists():
        return []
    found = []
    for line in path.read_text("utf-8").splitlines():
        try:
            found.append(json.loads(line))
        except ValueError:
            continue
    return found
