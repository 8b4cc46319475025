"""Whatever ends first, nothing stays: a signal, a child's own end, or the supervisor killed outright."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from deploy.processes import GRACE_SECONDS, describe
from tests.deploy.conftest import ROOT

PROMISED_SECONDS = 3.0

# A supervisor of two children: one polite, one with a child of its own, each noting its process number.
SUPERVISE = """
import sys
from deploy.ground import command_line
from deploy.processes import Stopped, Supervisor

def main():
    try:
        with Supervisor() as processes:
            for name, script in zip(sys.argv[1::2], sys.argv[2::2]):
                processes.start(name, ["/bin/sh", "-c", script])
            processes.wait()
    except Stopped:
        return 0

command_line(main)
"""
POLITE = "echo $$ >> pids; exec sleep 60"
PARENT = "echo $$ >> pids; (echo $(exec sh -c 'echo $PPID') >> pids; exec sleep 60) & wait"
STUBBORN = "trap '' TERM; echo $$ >> pids; while :; do sleep 0.1; done"


class Supervised:
    """A supervisor in a process of its own, and the processes that it started."""

    def __init__(self, folder: Path, **children: str) -> None:
        self.notes = folder / "pids"
        scripts = [part for name, script in children.items() for part in (name, f"cd {folder}; {script}")]
        self.process = subprocess.Popen(
            [sys.executable, "-c", SUPERVISE, *scripts], cwd=ROOT, stderr=subprocess.PIPE, text=True
        )

    def await_children(self, count: int) -> list[int]:
        deadline = time.monotonic() + 10
        while time.monotonic() < deadline:
            if self.notes.exists() and len(pids := self.notes.read_text().split()) == count:
                return [int(pid) for pid in pids]
            time.sleep(0.02)
        raise AssertionError("the children did not start")

    def end(self, signum: int) -> float:
        """Signal the supervisor; the seconds until it was gone."""
        begun = time.monotonic()
        self.process.send_signal(signum)
        self.process.wait(10)
        return time.monotonic() - begun


@pytest.fixture
def supervised(tmp_path: Path) -> Iterator[type[Supervised]]:
    begun: list[Supervised] = []

    class Tracked(Supervised):
        def __init__(self, **children: str) -> None:
            super().__init__(tmp_path, **children)
            begun.append(self)

    yield Tracked  # type: ignore[misc]
    for one in begun:
        one.process.kill()
        one.process.communicate()


def is_running(pid: int) -> bool:
    """Zombies, which only their new parent can take away, are not running."""
    done = subprocess.run(["ps", "-o", "stat=", "-p", str(pid)], capture_output=True, text=True)
    return bool(done.stdout.strip()) and not done.stdout.strip().startswith("Z")


def all_gone_within(pids: list[int], seconds: float) -> bool:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if not any(is_running(pid) for pid in pids):
            return True
        time.sleep(0.05)
    return False


@pytest.mark.parametrize("signum", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_signal_ends_everything_in_time(supervised: type[Supervised], signum: int) -> None:
    one = supervised(web=POLITE, worker=POLITE)
    pids = one.await_children(2)
    assert one.end(signum) < PROMISED_SECONDS
    assert one.process.returncode == 0
    assert not any(is_running(pid) for pid in pids)


@pytest.mark.slow
def test_grandchildren_end_too(supervised: type[Supervised]) -> None:
    one = supervised(web=POLITE, worker=PARENT)
    pids = one.await_children(3)
    assert one.end(signal.SIGINT) < PROMISED_SECONDS
    assert not any(is_running(pid) for pid in pids)


@pytest.mark.slow
def test_who_does_not_listen_is_ended_by_force(supervised: type[Supervised]) -> None:
    one = supervised(web=STUBBORN)
    pids = one.await_children(1)
    assert GRACE_SECONDS < one.end(signal.SIGINT) < PROMISED_SECONDS
    assert not any(is_running(pid) for pid in pids)


def test_one_that_ends_takes_the_others_along_and_is_named(supervised: type[Supervised]) -> None:
    one = supervised(web=POLITE, worker="sleep 0.3; exit 3")
    pids = one.await_children(1)
    _, message = one.process.communicate(timeout=10)
    assert one.process.returncode == 1
    assert message == "worker ended unexpectedly (exit 3), so everything was stopped.\n"
    assert not any(is_running(pid) for pid in pids)


def test_nothing_survives_a_supervisor_that_was_killed(supervised: type[Supervised]) -> None:
    one = supervised(web=POLITE, worker=PARENT)
    pids = one.await_children(3)
    one.end(signal.SIGKILL)
    assert all_gone_within(pids, PROMISED_SECONDS)


def test_the_test_for_running_processes_can_tell() -> None:
    assert is_running(os.getpid())
    gone = subprocess.Popen(["true"])
    gone.wait()
    assert not is_running(gone.pid)


@pytest.mark.parametrize(("status", "text"), [(3, "exit 3"), (-9, "SIGKILL"), (-15, "SIGTERM")])
def test_how_an_end_is_described(status: int, text: str) -> None:
    assert describe(status) == text
