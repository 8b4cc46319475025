"""make run: what it refuses, in a sentence and before it begins; and the real thing, started and stopped."""

import os
import re
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

from deploy import launch, setup
from deploy.ground import Problem
from tests.deploy.conftest import ROOT

ADDRESS = re.compile(r"http://127\.0\.0\.1:(\d+)/")
FIRST_START_SECONDS = 120  # migrates and loads the demonstration county, on a busy machine
PROMISED_SECONDS = 3.0


@pytest.fixture
def taken_port() -> Iterator[int]:
    with socket.create_server(("127.0.0.1", 0)) as other:
        yield other.getsockname()[1]


def make_run(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["make", "--no-print-directory", "run", f"PYTHON={sys.executable}", *arguments],
        cwd=ROOT,
        env={**os.environ, "MAKEFLAGS": "", **environment},
        capture_output=True,
        text=True,
        timeout=30,
    )


@pytest.mark.parametrize("text", ["abc", "", "-1", "65536", "80 80", "８０１０"])
def test_what_is_no_port_is_refused(text: str) -> None:
    with pytest.raises(Problem, match="PORT is a number up to 65535"):
        launch.read_port(text)


@pytest.mark.parametrize("text", ["maybe", "", "2"])
def test_what_is_no_switch_is_refused(text: str) -> None:
    with pytest.raises(Problem, match="DEMO is 1 or 0"):
        launch.read_switch(text)


@pytest.mark.parametrize(("text", "meaning"), [("1", True), ("yes", True), ("0", False), ("No", False)])
def test_the_demonstration_can_be_declined(text: str, meaning: bool) -> None:
    assert launch.read_switch(text) is meaning


def test_a_port_in_use_is_one_sentence_that_names_another(taken_port: int) -> None:
    done = make_run(f"PORT={taken_port}")
    assert done.returncode != 0
    sentence, *rest = done.stderr.splitlines()
    assert sentence == (
        f"Port {taken_port} is in use (by another `make run`, perhaps): stop that, "
        "or choose another port: make run PORT=8010"
    )
    assert [line for line in rest if not line.startswith("make")] == [], "no traceback"


def test_that_sentence_in_chinese(taken_port: int) -> None:
    assert "已被占用" in make_run(f"PORT={taken_port}", LC_ALL="zh_CN.UTF-8").stderr


def test_the_port_is_held_from_the_first_moment() -> None:
    with launch.reserve(0) as held, pytest.raises(Problem, match="is in use"):
        launch.reserve(held.getsockname()[1])


def test_make_help_lists_every_target() -> None:
    done = subprocess.run(["make", "help"], cwd=ROOT, capture_output=True, text=True, check=True)
    for target in ("setup", "run", "test", "quick", "check", "bench", "clean"):
        assert f"make {target} " in done.stdout


# --- the real thing ---


class Launched:
    """A real ``make run`` on an instance of its own."""

    def __init__(self, instance: Path) -> None:
        self.instance = instance
        begun = time.monotonic()
        self.process = subprocess.Popen(
            [sys.executable, "-m", "deploy.launch", "--port", "0"],
            cwd=ROOT,
            env={**os.environ, "QINGSHOU_INSTANCE_PATH": str(instance), "DATABASE_URL": ""},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        self.output = ""
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self.output += line
            if "Ctrl-C" in line:
                break
        self.seconds = time.monotonic() - begun
        found = ADDRESS.search(self.output)
        assert found, self.output
        self.address = found[0]

    def get(self, path: str) -> bytes:
        with urllib.request.urlopen(self.address + path, timeout=10) as answer:
            return bytes(answer.read())

    def stop(self, signum: int) -> float:
        begun = time.monotonic()
        self.process.send_signal(signum)
        self.process.communicate(timeout=20)
        return time.monotonic() - begun

    def remaining(self) -> list[str]:
        """The command lines of living processes that were given this instance (Linux tells)."""
        found = []
        for process in Path("/proc").glob("[0-9]*"):
            try:
                given = str(self.instance).encode() in (process / "environ").read_bytes()
                found += [(process / "cmdline").read_text()] if given else []
            except OSError:
                continue
        return found


@pytest.fixture
def instance(tmp_path: Path) -> Path:
    if not setup.is_current(dev=False):
        pytest.skip("this clone is not set up: make setup")
    return tmp_path / "instance"


@pytest.mark.slow
def test_start_stop_and_start_again(instance: Path) -> None:
    """The first start migrates and fills the county; the second finds it; neither leaves anything behind."""
    first = Launched(instance)
    assert first.seconds < FIRST_START_SECONDS
    assert first.get("healthz")
    assert b"<form" in first.get("login")
    assert len(first.remaining()) > 3, "launcher, watchdog, web and worker can be seen"
    assert first.stop(signal.SIGINT) < PROMISED_SECONDS
    assert first.process.returncode == 0
    assert first.remaining() == []

    second = Launched(instance)
    announced = second.output.replace(second.address, first.address)
    assert first.output.endswith(announced), "the same address and sign-in, and nothing loaded again"
    assert len(first.output) > len(announced)
    second.process.kill()
    second.process.communicate(timeout=20)
    deadline = time.monotonic() + PROMISED_SECONDS
    while second.remaining() and time.monotonic() < deadline:
        time.sleep(0.1)
    assert second.remaining() == [], "also when the launcher itself is killed"
