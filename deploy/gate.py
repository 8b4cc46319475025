"""Goes no further on a system or a Python that cannot run the project, and says in a sentence what can.

Every entry point imports this first. It keeps to the syntax and library of Python 3.6, as words.py, setup.py
and launch.py do in their syntax, so that an old Python can read far enough to say so.
"""

import os
import subprocess
import sys

import __main__
from deploy.words import words

MINIMUM = (3, 11)
NEWER_NAMES = ("python3.14", "python3.13", "python3.12", "python3.11")
IS_NEW_ENOUGH = f"import sys; sys.exit(sys.version_info < {MINIMUM!r})"


def newer_python() -> "str | None":
    """The first newer interpreter on the PATH that really runs (a version manager's shim may not)."""
    for name in NEWER_NAMES:
        try:
            status = subprocess.call([name, "-c", IS_NEW_ENOUGH], stderr=subprocess.DEVNULL)
        except OSError:
            continue
        if status == 0:
            return name
    return None


def require_new_python() -> None:
    """Return under Python 3.11 or newer; otherwise go on under such a one, or exit with the sentence."""
    if sys.version_info >= MINIMUM:
        return
    found = f"{sys.version_info[0]}.{sys.version_info[1]}"
    newer = newer_python()
    if newer is not None:
        sys.stderr.write(
            words(
                f"Python {found} is too old for Qingshou; going on with {newer}.\n",
                f"Python {found} 版本过低，改用 {newer}。\n",
            )
        )
        sys.stderr.flush()
        module = getattr(__main__.__spec__, "name", "deploy.setup")
        os.execvp(newer, [newer, "-m", module, *sys.argv[1:]])
    sys.exit(
        words(
            f"Qingshou needs Python 3.11 or newer, and this is Python {found}: install a newer one, "
            "or name the one to use, as in: make run PYTHON=/path/to/python3",
            f"本系统需要 Python 3.11 或更高版本，当前为 {found}：请安装新版本，"
            "或指明所用的 Python，例如：make run PYTHON=/path/to/python3",
        )
    )


def require_posix() -> None:
    """Servers, locks and signals here are those of Linux and macOS."""
    if os.name != "posix":
        sys.exit(
            words(
                "Qingshou runs on Linux and macOS; on Windows, run it inside WSL.",
                "本系统运行于 Linux 与 macOS；在 Windows 上请在 WSL 中运行。",
            )
        )


require_posix()
require_new_python()
