"""``make setup``: everything the program needs, made once and only where its inputs changed.

    python3 -m deploy.setup          to run it
    python3 -m deploy.setup --dev    to work on it

1. .venv with the packages of requirements/, each checked against its locked hash.
2. node_modules and app/static/build, by the Node that one of those packages brings.
3. The translations, compiled.

Written in the syntax of Python 3.6, like all that runs before the first import has judged the version.
"""

import deploy.gate  # noqa: F401, I001 - first, on purpose

import argparse
import fcntl
from collections.abc import Iterator
from contextlib import contextmanager

from deploy import assets, catalogs, packages
from deploy.ground import ROOT, command_line
from deploy.stamps import Stamps
from deploy.words import say


def ensure(dev: bool = False) -> bool:
    """Do what is missing; True when there was something to do. Nothing missing costs some milliseconds."""
    if is_current(dev):
        return False
    with one_at_a_time():
        stamps = Stamps()
        if not packages.are_current(stamps, dev):
            packages.install(stamps, dev)
        if not assets.are_current(stamps):
            assets.install_and_build(stamps)
        if catalogs.stale():
            catalogs.compile_in_venv()
    return True


def is_current(dev: bool) -> bool:
    stamps = Stamps()
    return packages.are_current(stamps, dev) and assets.are_current(stamps) and not catalogs.stale()


@contextmanager
def one_at_a_time() -> Iterator[None]:
    """Wait for another set-up of this clone to end. The lock is on this file, and ends with the process."""
    with (ROOT / "deploy" / "setup.py").open("rb") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            say(
                "Another set-up is under way here; waiting for it to end …",
                "此目录下另一个安装正在进行，请稍候……",
            )
            fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def main() -> int:
    parser = argparse.ArgumentParser(prog="python3 -m deploy.setup", description="Set the project up.")
    parser.add_argument("--dev", action="store_true", help="with the tools to test and check")
    parser.add_argument("--quiet", action="store_true", help="say nothing when there is nothing to do")
    options = parser.parse_args()
    if ensure(options.dev):
        say("Set up.", "安装完成。")
    elif not options.quiet:
        say("Already set up.", "已安装，无需重复。")
    return 0


if __name__ == "__main__":
    command_line(main)
