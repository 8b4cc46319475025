"""Under an old Python: one sentence, or a newer Python found beside it."""

import ast
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.deploy.conftest import ROOT

READ_BY_OLD_PYTHONS = ("__init__", "gate", "words", "setup", "launch")
PRETEND = (
    "import runpy, sys; sys.version_info = (3, 9, 18, 'final', 0); sys.argv = ['x', '--quiet'];"
    "runpy.run_module('deploy.{}', run_name='__main__', alter_sys=True)"
)


def under_old_python(module: str, path: Path, language: str = "C.UTF-8") -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", PRETEND.format(module)],
        cwd=ROOT,
        env={**os.environ, "PATH": str(path), "LC_ALL": language},
        capture_output=True,
        text=True,
        timeout=30,
    )


def script(folder: Path, name: str, text: str) -> None:
    (folder / name).write_text(f"#!/bin/sh\n{text}\n")
    (folder / name).chmod(0o755)


@pytest.mark.parametrize("module", ["setup", "launch"])
def test_an_old_python_is_told_what_is_needed(module: str, tmp_path: Path) -> None:
    done = under_old_python(module, tmp_path)
    assert done.returncode == 1
    assert done.stderr.count("\n") == 1, "one sentence, no traceback"
    assert "needs Python 3.11 or newer, and this is Python 3.9" in done.stderr
    assert "make run PYTHON=" in done.stderr


def test_the_sentence_is_chinese_on_a_chinese_terminal(tmp_path: Path) -> None:
    assert "需要 Python 3.11 或更高版本" in under_old_python("setup", tmp_path, "zh_CN.UTF-8").stderr


def test_a_newer_python_on_the_path_takes_over(tmp_path: Path) -> None:
    script(tmp_path, "python3.12", '[ "$1" = -c ] || echo "took over: $*"')
    done = under_old_python("setup", tmp_path)
    assert "took over: -m deploy.setup --quiet" in done.stdout
    assert "Python 3.9 is too old for Qingshou; going on with python3.12." in done.stderr


def test_a_name_that_does_not_run_is_passed_over(tmp_path: Path) -> None:
    script(tmp_path, "python3.13", "exit 127")
    assert "needs Python 3.11" in under_old_python("setup", tmp_path).stderr


@pytest.mark.parametrize("name", READ_BY_OLD_PYTHONS)
def test_an_old_python_can_read_that_far(name: str) -> None:
    ast.parse((ROOT / "deploy" / f"{name}.py").read_text(encoding="utf-8"), feature_version=(3, 6))


def test_the_reading_test_would_notice_newer_syntax() -> None:
    with pytest.raises(SyntaxError):
        ast.parse("if (x := 1): pass", feature_version=(3, 6))
