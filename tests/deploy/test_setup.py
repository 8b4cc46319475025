"""Set-up does each step once, again only when its inputs changed, and says in a sentence what hinders it."""

import fcntl
import os
import shutil
import subprocess
import threading
from collections import namedtuple
from pathlib import Path

import pytest

from tests.deploy.conftest import MiniProject

EVERYTHING = ["venv", "pip", "ci", "build", "deploy.catalogs"]
DiskUsage = namedtuple("DiskUsage", "total used free")


def touch_later(path: Path) -> None:
    later = path.stat().st_mtime + 10
    os.utime(path, (later, later))


# --- what hinders it ---


def test_a_full_disk_is_said_before_anything_is_made(
    project: MiniProject, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shutil, "disk_usage", lambda _path: DiskUsage(10**12, 10**12, 100 * 1024 * 1024))
    with pytest.raises(project.modules["ground"].Problem, match=r"700 MB are needed .* 100 MB are free"):
        project.ensure()
    assert project.commands == []


def test_a_python_without_venv_is_told_what_to_install(
    project: MiniProject, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None if name == "ensurepip" else object())
    with pytest.raises(project.modules["ground"].Problem, match="apt install python3-venv"):
        project.ensure()
    assert project.commands == []


@pytest.mark.parametrize(
    ("output", "sentence"),
    [
        ("WARNING: Retrying … NewConnectionError: Failed to establish a new connection", "check the network"),
        ("ERROR: Could not fetch URL", "check the network"),
        ("OSError: [Errno 28] No space left on device", "Not enough disk space"),
        ("ERROR: THESE PACKAGES DO NOT MATCH THE HASHES FROM THE REQUIREMENTS FILE", "its hash differs"),
        ("ERROR: something never seen before", "something never seen before"),
    ],
)
def test_what_pip_could_not_do_becomes_a_sentence(project: MiniProject, output: str, sentence: str) -> None:
    project.failures["pip"] = output
    with pytest.raises(project.modules["ground"].Problem, match=sentence):
        project.ensure()
    project.failures.clear()
    assert project.ensure() == ["pip", "ci", "build", "deploy.catalogs"], "goes on where it stopped"


@pytest.mark.parametrize(
    ("step", "output", "sentence"),
    [
        ("ci", "npm error code ENOTFOUND", "check the network"),
        ("ci", "npm error code ENOSPC", "The disk is full"),
        ("build", "error: main.css:3: network of nonsense", "npm run build:\nerror: main.css:3"),
    ],
)
def test_what_npm_could_not_do_becomes_a_sentence(
    project: MiniProject, step: str, output: str, sentence: str
) -> None:
    project.failures[step] = output
    with pytest.raises(project.modules["ground"].Problem, match=sentence):
        project.ensure()


# --- each step once, and again only where its inputs changed ---


def test_the_second_time_there_is_nothing_to_do(project: MiniProject) -> None:
    assert project.ensure() == EVERYTHING
    assert project.ensure() == []


@pytest.mark.parametrize(
    ("path", "steps"),
    [
        ("requirements/app.txt", ["pip"]),
        ("requirements/assets.txt", ["pip"]),
        ("requirements/dev.txt", []),
        ("app/static/css/main.css", ["build"]),
        ("app/static/js/new.js", ["build"]),
        ("deploy/assets.mjs", ["build"]),
        ("package-lock.json", ["ci", "build"]),
    ],
)
def test_a_change_repeats_only_what_depends_on_it(project: MiniProject, path: str, steps: list[str]) -> None:
    project.ensure()
    project.write(path, "changed")
    assert project.ensure() == steps
    assert project.ensure() == []


def test_a_fresh_checkout_of_the_same_files_changes_nothing(project: MiniProject) -> None:
    project.ensure()
    touch_later(project.root / "requirements/app.txt")
    touch_later(project.root / "app/static/css/main.css")
    assert project.ensure() == []


def test_a_newer_catalog_is_compiled_again(project: MiniProject) -> None:
    project.ensure()
    touch_later(project.root / "app/places/translations/zh_Hans/LC_MESSAGES/messages.po")
    assert project.ensure() == ["deploy.catalogs"]


def test_lost_results_are_made_again(project: MiniProject) -> None:
    project.ensure()
    shutil.rmtree(project.root / "app/static/build")
    assert project.ensure() == ["build"]
    shutil.rmtree(project.root / "node_modules")
    assert project.ensure() == ["ci", "build"]


def test_a_moved_project_gets_a_new_venv(project: MiniProject) -> None:
    project.ensure()
    stamp = project.modules["stamps"].Stamps()
    stamp.put(root="/where/it/was")
    assert project.ensure() == ["venv", "pip", "ci", "build"]


def test_a_venv_whose_python_is_gone_is_made_again(project: MiniProject) -> None:
    project.ensure()
    project.write(".venv/pyvenv.cfg", "executable = /usr/bin/python-of-yesterday\n")
    assert project.ensure() == ["venv", "pip", "ci", "build"]


def test_who_once_had_the_tools_keeps_them(project: MiniProject) -> None:
    project.ensure(dev=True)
    assert project.ensure(dev=False) == []
    project.write("requirements/dev.txt", "changed")
    assert project.ensure(dev=False) == ["pip"]


def test_a_garbled_stamp_counts_as_none(project: MiniProject) -> None:
    project.ensure()
    project.write(".venv/set-up.json", "{")
    assert project.ensure() == ["pip", "ci", "build"]


# --- one at a time ---


def test_a_second_set_up_waits_for_the_first(
    project: MiniProject, capsys: pytest.CaptureFixture[str]
) -> None:
    with (project.root / "deploy/setup.py").open("rb") as other:
        fcntl.flock(other, fcntl.LOCK_EX)
        waiting = threading.Thread(target=project.ensure)
        waiting.start()
        waiting.join(0.3)
        assert waiting.is_alive()
        assert project.commands == []
        fcntl.flock(other, fcntl.LOCK_UN)
        waiting.join(10)
    assert project.commands == EVERYTHING
    assert "Another set-up is under way here" in capsys.readouterr().out


# --- translations ---


def test_a_catalog_becomes_a_compiled_one(project: MiniProject) -> None:
    catalog = project.root / "app/places/translations/zh_Hans/LC_MESSAGES/messages.po"
    catalog.write_text('msgid ""\nmsgstr ""\n\nmsgid "Stock"\nmsgstr "存量"\n', encoding="utf-8")
    project.modules["catalogs"].compile_catalog(catalog)
    assert "存量".encode() in catalog.with_suffix(".mo").read_bytes()
    assert not project.modules["catalogs"].is_stale(catalog)


def test_an_unreadable_catalog_is_named(project: MiniProject) -> None:
    catalog = project.root / "app/places/translations/zh_Hans/LC_MESSAGES/messages.po"
    catalog.write_text('msgid "Stock\n', encoding="utf-8")
    with pytest.raises(project.modules["ground"].Problem, match=r"messages\.po"):
        project.modules["catalogs"].compile_catalog(catalog)
    assert not catalog.with_suffix(".mo").exists()


# --- the commands that the stand-ins above hide ---


def test_pip_takes_only_what_is_locked(project: MiniProject, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[list[str]] = []

    def note(command: list[str], **environment: str) -> subprocess.CompletedProcess[str]:
        seen.append([str(word) for word in command])
        return project.run(list(command), **environment)

    monkeypatch.setattr(project.modules["packages"], "run", note)
    project.ensure()
    pip = seen[1]
    assert {"--require-hashes", "--no-deps"} <= set(pip)
    assert [word for word in pip if word.endswith(".txt")] == [
        str(project.root / "requirements" / name) for name in ("app.txt", "assets.txt")
    ]
