"""Child processes that start, are watched, and end together, whatever ends first.

Three ways out, and none leaves anything running:
1. SIGINT, SIGTERM or SIGHUP: ``Supervisor.wait`` raises Stopped; leaving the ``with`` block ends them.
2. A child ends by itself: ``wait`` raises ChildEnded, which says which.
3. This process is killed outright: a watchdog, forked at the beginning, sees its pipe close and ends them.

A target is a number as kill(2) takes it: a process, or the negative number of a process group.
"""

import contextlib
import os
import selectors
import signal
import subprocess
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from types import FrameType, TracebackType
from typing import Self

from deploy.ground import ROOT, Problem, environment
from deploy.words import words

GRACE_SECONDS = 1.8  # between asking to end and ending by force; Ctrl-C promises three seconds in all
LAST_SECONDS = 0.5  # for the kernel to take away what was ended by force
HEARTBEAT_SECONDS = 1.0  # a signal wakes at once; this only bounds what a missed one could cost
STOP_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class Stopped(Exception):
    """The person, or the system, asked to stop."""


class ChildEnded(Problem):
    """A child that should have gone on has ended."""


def send(target: int, signum: int) -> bool:
    """Signal a process or a group; False when it is gone."""
    try:
        os.kill(target, signum)
    except (ProcessLookupError, PermissionError):  # macOS answers the latter for a group of zombies
        return False
    return True


def end_all(targets: Sequence[int], reap: Callable[[], None] = lambda: None) -> None:
    """Ask the targets to end, wait a little, then end by force whatever is left."""
    for signum, seconds in ((signal.SIGTERM, GRACE_SECONDS), (signal.SIGKILL, LAST_SECONDS)):
        targets = [target for target in targets if send(target, signum)]
        deadline = time.monotonic() + seconds
        while targets and time.monotonic() < deadline:
            time.sleep(0.02)
            reap()
            targets = [target for target in targets if send(target, 0)]


class Watchdog:
    """A forked process that outlives us by a moment: it ends our children if we could not."""

    def __init__(self) -> None:
        reading, self.pipe = os.pipe()
        self.pid = os.fork()
        if self.pid == 0:
            self._watch(reading)
        os.close(reading)

    def _watch(self, reading: int) -> None:
        """In the child: note what is running until the pipe closes, then end it. Never returns."""
        os.setsid()
        for signum in STOP_SIGNALS:
            signal.signal(signum, signal.SIG_IGN)
        null = os.open(os.devnull, os.O_RDWR)
        for standard in (0, 1, 2):
            os.dup2(null, standard)
        os.dup2(reading, 3)
        os.closerange(4, 256)
        targets: set[int] = set()
        with os.fdopen(3, encoding="ascii") as orders:
            for order in orders:
                verb, target = order.split()
                (targets.add if verb == "watch" else targets.discard)(int(target))
        end_all(list(targets))
        os._exit(0)

    def tell(self, verb: str, target: int) -> None:
        with contextlib.suppress(BrokenPipeError):
            os.write(self.pipe, f"{verb} {target}\n".encode())

    def dismiss(self) -> None:
        os.close(self.pipe)
        os.waitpid(self.pid, 0)


def target_of(pid: int, terminal: bool) -> int:
    """A child at the terminal shares our group, so it alone is the target; any other one leads a group."""
    return pid if terminal else -pid


class Child:
    """A running command, its name for people, and what to signal to end it with all its own children."""

    def __init__(self, name: str, process: subprocess.Popen[bytes], target: int) -> None:
        self.name, self.process, self.target = name, process, target

    @property
    def exit_code(self) -> int | None:
        return self.process.poll()


class Supervisor:
    """``with Supervisor() as processes:`` start, wait; leaving the block leaves nothing running."""

    def __init__(self) -> None:
        self.children: list[Child] = []
        self.stop_asked = False

    def __enter__(self) -> Self:
        self.watchdog = Watchdog()
        self.bell, wake = os.pipe()
        os.set_blocking(self.bell, False)
        os.set_blocking(wake, False)
        signal.set_wakeup_fd(wake, warn_on_full_buffer=False)
        for signum in STOP_SIGNALS:
            signal.signal(signum, self._ask_to_stop)
        signal.signal(signal.SIGCHLD, lambda _signum, _frame: None)  # so that a child's end rings the bell
        return self

    def _ask_to_stop(self, _signum: int, _frame: FrameType | None) -> None:
        self.stop_asked = True

    def start(
        self,
        name: str,
        command: Sequence[str | Path],
        *,
        pass_fds: Sequence[int] = (),
        terminal: bool = False,
    ) -> Child:
        """Start a child in a session of its own; with ``terminal``, in ours, able to ask questions."""
        process = subprocess.Popen(
            command,
            cwd=ROOT,
            env=environment(),
            stdin=None if terminal else subprocess.DEVNULL,
            pass_fds=pass_fds,
            start_new_session=not terminal,
            # Told by the child itself before it becomes the command: were it told by us, we could be killed
            # in between. This process has no threads, which is what makes running Python there safe.
            preexec_fn=lambda: self.watchdog.tell("watch", target_of(os.getpid(), terminal)),  # noqa: PLW1509
        )
        child = Child(name, process, target_of(process.pid, terminal))
        self.children.append(child)
        return child

    def wait(self, descriptor: int | None = None, seconds: float | None = None) -> bool:
        """Until ``descriptor`` can be read (True) or the time is over (False), while all children live."""
        deadline = None if seconds is None else time.monotonic() + seconds
        with selectors.DefaultSelector() as selector:
            selector.register(self.bell, selectors.EVENT_READ)
            if descriptor is not None:
                selector.register(descriptor, selectors.EVENT_READ)
            while True:
                self._check()
                remaining = HEARTBEAT_SECONDS if deadline is None else deadline - time.monotonic()
                if remaining <= 0:
                    return False
                ready = {key.fd for key, _ in selector.select(min(remaining, HEARTBEAT_SECONDS))}
                if self.bell in ready:
                    with contextlib.suppress(BlockingIOError):
                        os.read(self.bell, 512)
                if descriptor in ready:
                    return True

    def wait_for(self, child: Child) -> int:
        """Until this child, which is meant to end, has ended; its exit code."""
        self.children.remove(child)
        try:
            while (status := child.exit_code) is None:
                self.wait(seconds=0.05)
        except BaseException:
            self.children.append(child)
            raise
        self.watchdog.tell("forget", child.target)
        return status

    def _check(self) -> None:
        if self.stop_asked:
            raise Stopped
        for child in self.children:
            if (status := child.exit_code) is not None:
                raise ChildEnded(
                    words(
                        f"{child.name} ended unexpectedly ({describe(status)}), so everything was stopped.",
                        f"{child.name}意外退出（{describe(status)}），已全部停止。",
                    )
                )

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        end_all([child.target for child in self.children], reap=self._reap)
        for child in self.children:
            self.watchdog.tell("forget", child.target)
        self.watchdog.dismiss()
        signal.set_wakeup_fd(-1)

    def _reap(self) -> None:
        for child in self.children:
            child.process.poll()


def describe(status: int) -> str:
    """An exit code, or the signal's name where a signal ended it."""
    return f"exit {status}" if status >= 0 else signal.Signals(-status).name
