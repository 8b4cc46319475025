"""What every script in deploy/ stands on: the paths, the one-sentence problem, running a command."""

import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from types import FrameType

from deploy.words import words

ROOT = Path(__file__).resolve().parent.parent
VENV = ROOT / ".venv"
PYTHON = VENV / "bin" / "python"
MEGABYTE = 1024 * 1024
NO_SPACE_LEFT = "No space left on device"


class Problem(Exception):
    """Something the person at the keyboard can put right. Its message is one clear sentence."""


def require_space(megabytes: int, path: Path = ROOT) -> None:
    """Refuse to begin what the disk cannot hold."""
    free = shutil.disk_usage(path).free // MEGABYTE
    if free < megabytes:
        raise Problem(no_space_sentence(megabytes, free))


def no_space_sentence(megabytes: int, free: int) -> str:
    """The sentence for a disk that is, or became, too full."""
    return words(
        f"Not enough disk space: {megabytes} MB are needed where the project lies ({ROOT}) and {free} MB are "
        "free; delete something and run the same command again.",
        f"磁盘空间不足：项目所在磁盘（{ROOT}）需要 {megabytes} MB，现仅剩 {free} MB；"
        "请清理后重新运行同一命令。",
    )


def environment(**extra: str) -> dict[str, str]:
    """The environment for our commands: the caller's, without what would lead .venv to other packages."""
    foreign = {"PYTHONHOME", "PYTHONPATH", "__PYVENV_LAUNCHER__"}
    kept = {name: value for name, value in os.environ.items() if name not in foreign}
    return {**kept, "PYTHONUNBUFFERED": "1", **extra}


def run(command: Sequence[str | Path], **extra_environment: str) -> subprocess.CompletedProcess[str]:
    """Run from the project's root and keep the output, for the caller to judge."""
    return subprocess.run(
        command,
        cwd=ROOT,
        env=environment(**extra_environment),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        encoding="utf-8",
        errors="replace",
        check=False,
    )


def last_lines(output: str, count: int = 15) -> str:
    """The end of a failed command's output, where its reason stands."""
    return "\n".join(output.rstrip().splitlines()[-count:])


def exit_on_sigterm(_signal: int, _frame: FrameType | None) -> None:
    """Turn SIGTERM into an exception, so that a command being run is ended with us."""
    sys.exit(128 + signal.SIGTERM)


def command_line(main: Callable[[], int]) -> None:
    """Run an entry point: a Problem becomes one sentence and exit code 1, never a traceback."""
    signal.signal(signal.SIGTERM, exit_on_sigterm)
    try:
        sys.exit(main())
    except Problem as problem:
        sys.exit(str(problem))
    except KeyboardInterrupt:
        sys.exit(128 + signal.SIGINT)
