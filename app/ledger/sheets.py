"""A file's sheets as raw cells. Child processes with little memory and time open the file, never this one.

1. What the first bytes say it is, and how large it is, are judged here: many a file ends its journey there.
2. Two children start at once, on two cores: one looks at the raw XML or records (hidden rows, cells without a
   value, traps), the other reads the cells. What the first sees is known before the second gives a row.
3. Rows come in chunks while the child still converts the rest, so that typing them costs little extra time.
"""

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from threading import Timer
from typing import IO, Any

import orjson

from app.labels import Text
from app.ledger.cells import ERROR_CELL, NO_STORED_VALUE, Cell
from app.ledger.child.protocol import FRAME
from app.ledger.refusals import DIED, EMPTY, TOO_LARGE, TOO_LONG, kind_of, sentence
from app.ledger.rows import FileRefused

MAX_FILE_BYTES = 100 * 1024 * 1024
MAX_INFLATED = 1 << 30
CHILD_MEMORY = 3 << 29  # 1.5 GiB: enough for some 400 000 rows of 30 columns
CHILD_SECONDS = 300
_HEAD = 4096
# Not as a module of the application, whose package would import all of Flask.
_START = "import sys; sys.path.append(sys.argv.pop(1)); from child.main import main; main()"
_HERE = str(Path(__file__).parent)
_PASSED_ON = ("PATH", "LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH", "LANG")

Row = list[Cell]
Marks = dict[int, list[tuple[int, str]]]  # by row: the column, and what to put there


@dataclass(slots=True)
class RawSheet:
    """A sheet before its rows. ``marks`` holds what stands in place of a cell's value, by row and column."""

    name: str
    is_hidden: bool
    first_col: int
    total: int  # rows of the whole file, as far as known
    merges: list[tuple[tuple[int, int], tuple[int, int]]]
    hidden_rows: frozenset[int] = frozenset()
    marks: Marks = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class RawChunk:
    """Rows of the sheet before it as they came: decoded to be typed, and again if one is refused later."""

    body: bytes

    def rows(self) -> tuple[int, list[Row]]:
        """The number of the first row, and the rows."""
        message = orjson.loads(self.body)
        return message["row"], message["cells"]


def read_raw(path: Path) -> Iterator[RawSheet | RawChunk]:
    """The sheets of the file, each followed by its rows in chunks. Raises FileRefused."""
    kind = _judge(path)
    if kind == "text":
        with _child("read", kind, path) as child:
            yield from _sheets(child, [])
        return
    with _child("look", kind, path) as looker, _child("read", kind, path) as reader:
        looks: list[dict[str, Any]] = []
        for frame in _frames(looker):
            looks = orjson.loads(frame)["looks"]
        yield from _sheets(reader, looks)


def _judge(path: Path) -> str:
    size = path.stat().st_size
    if not size:
        raise FileRefused(EMPTY)
    if size > MAX_FILE_BYTES:
        raise FileRefused(TOO_LARGE)
    with path.open("rb") as file:
        return kind_of(file.read(_HEAD))


@contextmanager
def _child(task: str, kind: str, path: Path) -> Iterator["_Child"]:
    """A running child that is gone, one way or the other, when the block ends."""
    environment = {name: os.environ[name] for name in _PASSED_ON if name in os.environ}
    limits = (str(CHILD_MEMORY), str(max(1, int(CHILD_SECONDS))), str(MAX_INFLATED))
    process = subprocess.Popen(
        [sys.executable, "-I", "-c", _START, _HERE, task, kind, str(path.resolve()), *limits],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        env=environment,
    )
    assert process.stdout is not None
    child = _Child(process.stdout)
    watchdog = Timer(CHILD_SECONDS, child.time_out, [process])
    watchdog.daemon = True
    watchdog.start()
    try:
        yield child
    finally:
        watchdog.cancel()
        process.kill()
        process.stdout.close()
        process.wait()


class _Child:
    def __init__(self, out: IO[bytes]) -> None:
        self.out = out
        self.timed_out = False

    def time_out(self, process: "subprocess.Popen[bytes]") -> None:
        self.timed_out = True
        process.kill()

    @property
    def fate(self) -> Text:
        """What to say of a child that ended in the middle of its answer."""
        return TOO_LONG if self.timed_out else DIED


def _frames(child: _Child) -> Iterator[bytes]:
    """The child's frames up to its last. Raises FileRefused when it refuses, or ends without a word."""
    while True:
        header = child.out.read(FRAME.size)
        body = child.out.read(FRAME.unpack(header)[0]) if len(header) == FRAME.size else b""
        if not body:
            raise FileRefused(child.fate)
        if body.startswith(b'{"refused"'):
            raise FileRefused(sentence(orjson.loads(body)))
        if body.startswith(b'{"end"'):
            return
        yield body


def _sheets(child: _Child, looks: list[dict[str, Any]]) -> Iterator[RawSheet | RawChunk]:
    by_name = {look["sheet"]: look for look in looks}
    total = sum(look["last_row"] for look in looks)
    for body in _frames(child):
        if body.startswith(b'{"row"'):
            yield RawChunk(body)
            continue
        head = orjson.loads(body)
        hidden_rows, marks = _seen(by_name.get(head["sheet"]), head["first_col"])
        yield RawSheet(
            head["sheet"],
            head["hidden"],
            head["first_col"],
            total or head["rows"],
            head["merges"],
            hidden_rows,
            marks,
        )


def _seen(look: dict[str, Any] | None, first_col: int) -> tuple[frozenset[int], Marks]:
    if look is None:
        return frozenset(), {}
    marks: Marks = {}
    for kind, mark in (("formulas", NO_STORED_VALUE), ("errors", ERROR_CELL), ("booleans", "")):
        for row, column in look[kind]:
            marks.setdefault(row, []).append((column - first_col, mark))
    return frozenset(look["hidden"]), marks
