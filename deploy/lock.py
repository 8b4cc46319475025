"""The locked requirements: ``python -m deploy.lock`` writes them, ``--check`` tells whether they fit.

Three sets, so that nobody installs more than needed: app (to run), assets (Node, to build the pages), dev
(both, and the tools). Versions already locked are kept unless ``--upgrade``; every file is universal (any
system, any Python we support) and carries hashes, but no address of a registry.
"""

import argparse
import difflib
import os
import re
import subprocess
import tempfile
import tomllib
from pathlib import Path

from deploy.ground import ROOT, VENV, Problem, command_line, environment, last_lines

REQUIREMENTS = ROOT / "requirements"
SETS = ("app", "assets", "dev")
COMPILE = (
    *("pip", "compile", "--quiet", "--universal", "--generate-hashes", "--python-version", "3.11"),
    *("--no-header", "--no-annotate"),
)
UNREACHABLE = re.compile(r"failed to fetch|error sending request|dns error|connection refused", re.IGNORECASE)


class Unreachable(Problem):
    """The package registry did not answer."""


def inputs(name: str) -> str:
    """The unlocked requirements of a set, from pyproject.toml."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    extras = project["optional-dependencies"]
    wanted = {
        "app": project["dependencies"],
        "assets": extras["assets"],
        "dev": [*project["dependencies"], *extras["assets"], *extras["dev"]],
    }[name]
    return "\n".join(line for line in wanted if not line.startswith(project["name"] + "["))


def compile_set(name: str, folder: Path, *options: str) -> str:
    """Lock one set into ``folder``, starting from the versions locked there; return the file's text.

    dev is constrained by the other two, so that what is tested is what runs.
    """
    output = folder / f"{name}.txt"
    smaller = [f"--constraint={folder / other}.txt" for other in SETS[:-1]] if name == "dev" else []
    done = subprocess.run(
        [VENV / "bin" / "uv", *COMPILE, *smaller, *options, "-o", output, "-"],
        cwd=ROOT,
        env=environment(),
        input=inputs(name),
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode != 0:
        if UNREACHABLE.search(done.stderr):
            raise Unreachable("The package registry is out of reach.")
        raise Problem(f"requirements/{name}.txt could not be compiled:\n{last_lines(done.stderr)}")
    return output.read_text(encoding="utf-8")


def difference(name: str, folder: Path) -> str:
    """How a fresh lock of the set differs from the committed one; empty when it does not."""
    committed = (REQUIREMENTS / f"{name}.txt").read_text(encoding="utf-8")
    (folder / f"{name}.txt").write_text(committed, encoding="utf-8")
    fresh = compile_set(name, folder)
    changes = difflib.unified_diff(
        committed.splitlines(), fresh.splitlines(), "locked", "fresh", n=0, lineterm=""
    )
    return "\n".join(changes)


def check() -> int:
    """Lock again from the committed versions, elsewhere, and compare.

    Out of reach of the registry nothing can be said: in CI that is a failure, elsewhere a loud skip.
    """
    with tempfile.TemporaryDirectory() as folder:
        try:
            differences = {name: found for name in SETS if (found := difference(name, Path(folder)))}
        except Unreachable:
            if os.environ.get("CI"):
                raise
            print("SKIPPED: the package registry is out of reach, so the locks were NOT compared.")
            return 0
    for name, found in differences.items():
        print(f"requirements/{name}.txt does not fit pyproject.toml; run: make lock\n{last_lines(found)}")
    return 1 if differences else 0


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m deploy.lock", description="Lock the requirements.")
    parser.add_argument("--check", action="store_true", help="change nothing, compare")
    parser.add_argument("--upgrade", action="store_true", help="take the newest versions that fit")
    options = parser.parse_args()
    if options.check:
        return check()
    for name in SETS:
        compile_set(name, REQUIREMENTS, *(["--upgrade"] if options.upgrade else []))
    return 0


if __name__ == "__main__":
    command_line(main)
