"""``make check``: what can be judged without running the program. One line each, details on failure."""

import argparse
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass

from deploy.ground import PYTHON, VENV, command_line, run

BIN = VENV / "bin"


@dataclass(frozen=True, slots=True)
class Outcome:
    """Whether a check passed, and what it printed."""

    passed: bool
    output: str


@dataclass(frozen=True, slots=True)
class Check:
    """A promise about the code, and how to see whether it holds."""

    name: str
    promise: str
    judge: Callable[[], Outcome]


def command(*arguments: str, **environment: str) -> Outcome:
    """Run a tool of .venv: ``command("ruff", "check")``, or one of Python's modules: ``command("-m", …)``."""
    program = PYTHON if arguments[0] == "-m" else BIN / arguments[0]
    rest = arguments if arguments[0] == "-m" else arguments[1:]
    done = run([program, *rest], **environment)
    return Outcome(done.returncode == 0, done.stdout.rstrip())


def migrations_match_models() -> Outcome:
    """Migrate a new instance, of which nothing stays, and compare it with the models."""
    with tempfile.TemporaryDirectory() as instance:
        settings = {
            "QINGSHOU_INSTANCE_PATH": instance,
            "DATABASE_URL": "",
            "QINGSHOU_TODAY": "",
            "QINGSHOU_NOW": "",
        }
        upgraded = command("flask", "db", "upgrade", **settings)
        return command("flask", "db", "check", **settings) if upgraded.passed else upgraded


CHECKS = (
    Check("ruff", "no finding of the linter", lambda: command("ruff", "check", "--output-format", "concise")),
    Check(
        "format",
        "the code is in ruff's shape (make format)",
        lambda: command("ruff", "format", "--check", "--output-format", "concise"),
    ),
    Check("mypy", "types hold, strictly", lambda: command("mypy")),
    Check(
        "architecture",
        "who may import whom",
        lambda: command("-m", "pytest", "-q", "-p", "no:cacheprovider", "tests/test_architecture.py"),
    ),
    Check("locks", "requirements/ fits pyproject.toml", lambda: command("-m", "deploy.lock", "--check")),
    Check("migrations", "the migrations make what the models say", migrations_match_models),
)


def perform(check: Check) -> bool:
    """Run one check and print how it went; a skip is shown although it passed."""
    begun = time.monotonic()
    outcome = check.judge()
    verdict = "ok    " if outcome.passed else "FAILED"
    print(f"{verdict} {check.name:13} {check.promise}  ({time.monotonic() - begun:.1f} s)", flush=True)
    if not outcome.passed or "SKIPPED" in outcome.output:
        print(outcome.output, flush=True)
    return outcome.passed


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m deploy.check", description=__doc__)
    parser.add_argument("names", nargs="*", help=f"only these: {', '.join(check.name for check in CHECKS)}")
    names = parser.parse_args().names
    if unknown := set(names) - {check.name for check in CHECKS}:
        parser.error(f"no such check: {', '.join(sorted(unknown))}")
    chosen = [check for check in CHECKS if not names or check.name in names]
    results = [perform(check) for check in chosen]
    if not all(results):
        print(f"{results.count(False)} of {len(results)} checks failed.", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    command_line(main)
