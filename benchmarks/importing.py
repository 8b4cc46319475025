"""Importing ledgers, against reading the cells and inserting them as they are into one plain table."""

import json
import os
import statistics
import subprocess
import sys
import threading
import time
from collections import defaultdict
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

from app.config import Settings
from benchmarks import invented, workbook
from benchmarks.databases import Databases
from benchmarks.measure import NotTheSame, Result

AIM, MEMORY_AIM_MB = 3.0, 700.0
GROWTH_AIM = 1.2  # seconds a row at one size against those at the size before
_MEGABYTE = 1 << 20
_SAMPLE_SECONDS = 0.02
_LIMIT_SECONDS = 900
_MONTHS = (("empty database", invented.AS_OF), ("next month, 10 % changed", invented.NEXT_MONTH))


def measure(made: Databases, sizes: tuple[int, ...], runs: int) -> Iterator[Result]:
    """For each size: the first month's ledger, then the next one's, into a fresh instance each run."""
    per_row: dict[str, float] = {}
    for size in sizes:
        files = _files(made.folder, size)
        seconds, memory = _runs(made, files, size, runs)
        for month, _ in _MONTHS:
            ours, floor = (statistics.median(seconds[side, month]) for side in ("app", "floor"))
            yield Result("import", f"{size:,} rows, {month}", ours, "s", floor, AIM)
        if memory["app"]:
            note = f"own and child processes together; floor {max(memory['floor']):.0f} MB"
            what = f"{size:,} rows, peak memory"
            yield Result("import", what, max(memory["app"]), "MB", aim=MEMORY_AIM_MB, note=note)
        for month, _ in _MONTHS:
            a_row = statistics.median(seconds["app", month]) / size * 1e6
            if month in per_row:
                yield Result(
                    "import", f"{size:,} rows, growth, {month}", a_row, "µs a row", per_row[month], GROWTH_AIM
                )
            per_row[month] = a_row


def _files(folder: Path, size: int) -> dict[str, Path]:
    first, later = (folder / f"{size}-{day}.xlsx" for _, day in _MONTHS)
    workbook.write(first, invented.lines(size), invented.AS_OF)
    workbook.write(later, map(invented.a_month_later, invented.lines(size)), invented.NEXT_MONTH)
    return dict(zip((month for month, _ in _MONTHS), (first, later), strict=True))


def _runs(
    made: Databases, files: dict[str, Path], size: int, runs: int
) -> tuple[dict[tuple[str, str], list[float]], dict[str, list[float]]]:
    """Seconds by side and month, and peak memory by side; the sides take turns."""
    seconds: dict[tuple[str, str], list[float]] = defaultdict(list)
    memory: dict[str, list[float]] = {"app": [], "floor": []}
    for _ in range(runs):
        settings = made.copy()
        bare = made.copy()
        for month, as_of in _MONTHS:
            for side, instance in (("floor", bare), ("app", settings)):
                answer, peak = _child(side, files[month], as_of, made, instance)
                if answer["answer"] != size:
                    raise NotTheSame(f"{side} took {answer['answer']} of {size} rows")
                seconds[side, month].append(answer["seconds"])
                memory[side] += [peak] if peak else []
        made.drop(settings)
        made.drop(bare)
    return seconds, memory


def _child(
    side: str, path: Path, as_of: date, made: Databases, instance: Settings
) -> tuple[dict[str, Any], float | None]:
    """What the child measured, and the peak memory (MB) of it and its own children together."""
    name = instance.instance.name
    environment = {**os.environ, "QINGSHOU_INSTANCE_PATH": str(instance.instance)}
    environment["FLOOR_DATABASE"] = made.url(name)
    if made.kind == "postgresql":
        environment["DATABASE_URL"] = made.url(name)
    command = [sys.executable, "-m", "benchmarks.child", side, str(path), as_of.isoformat()]
    child = subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True)
    watch = _Watch(child.pid)
    watch.start()
    try:
        output, _ = child.communicate(timeout=_LIMIT_SECONDS)
    finally:
        child.kill()
        watch.ended.set()
        watch.join()
    if child.returncode:
        raise RuntimeError(f"the measured {side} import ended with {child.returncode}")
    return json.loads(output), watch.peak / _MEGABYTE if watch.peak else None


class _Watch(threading.Thread):
    """Adds up, again and again, the resident memory of a process and of all below it. Only where there is /proc.

    The database server is none of them. (``ru_maxrss`` would tell only the largest child, and counts what a
    parent held when it started the child.)
    """

    def __init__(self, process: int) -> None:
        super().__init__(daemon=True)
        self._process = process
        self.peak = 0
        self.ended = threading.Event()

    def run(self) -> None:
        while not self.ended.is_set():
            self.peak = max(self.peak, _resident(self._process))
            time.sleep(_SAMPLE_SECONDS)


def _resident(process: int) -> int:
    """Bytes held by the process and its descendants; 0 for one that is gone."""
    folder = Path("/proc", str(process))
    try:
        pages = int((folder / "statm").read_text().split()[1])
        children = [
            int(child) for task in folder.glob("task/*/children") for child in task.read_text().split()
        ]
    except (OSError, IndexError, ValueError):
        return 0
    return pages * os.sysconf("SC_PAGE_SIZE") + sum(map(_resident, children))
