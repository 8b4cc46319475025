"""Results as a table on the screen, and kept as Markdown and JSON with the facts of the machine."""

import json
import os
import platform
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

from rich.console import Console
from rich.table import Table

from benchmarks.measure import Result

_PACKAGES = ("SQLAlchemy", "psycopg", "python-calamine", "Flask")
_VERDICTS = {True: "met", False: "missed", None: ""}
_BUSY = 0.5  # processes waiting for a core before the first measurement that make the machine no quiet one


@dataclass(frozen=True, slots=True)
class Machine:
    """What the numbers depend on besides the program. ``load`` is from before the first measurement."""

    database: str
    python: str
    packages: dict[str, str]
    cores: int
    memory_gb: int
    load: float

    @classmethod
    def here(cls, database: str, load: float) -> "Machine":
        memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / (1 << 30)
        return cls(
            database,
            platform.python_version(),
            {name: version(name) for name in _PACKAGES},
            os.cpu_count() or 0,
            round(memory),
            round(load, 2),
        )

    def lines(self) -> list[str]:
        packages = ", ".join(f"{name} {number}" for name, number in self.packages.items())
        quiet = "a quiet machine" if self.load < _BUSY else "not quiet: others were using it"
        return [
            f"{self.database}; Python {self.python}; {packages}",
            f"{self.cores} cores, {self.memory_gb} GB of memory; load {self.load} before the start ({quiet})",
        ]


def _cells(result: Result) -> tuple[str, ...]:
    def amount(value: float | None) -> str:
        return (
            ""
            if value is None
            else f"{value:,.3g} {result.unit}"
            if value < 100
            else f"{value:,.0f} {result.unit}"
        )

    aim = "" if result.aim is None else f"≤ {result.aim:g}" + ("×" if result.floor else f" {result.unit}")
    ratio = "" if result.ratio is None else f"{result.ratio:.2f}×"
    return result.what, amount(result.floor), amount(result.ours), ratio, aim, _VERDICTS[result.met]


_RULE = "| --- | ---: | ---: | ---: | --- | --- |"
_HEADS = ("what", "floor", "ours", "ratio", "aim", "")


def show(results: Iterable[Result], machine: Machine, console: Console) -> None:
    """The table, for whoever waits."""
    table = Table(*_HEADS, title=machine.database)
    before = ""
    for result in results:
        if result.part != before:
            table.add_section()
            before = result.part
        table.add_row(*_cells(result), style="red" if result.met is False else "")
    console.print(table)


def markdown(results: Iterable[Result], machine: Machine, title: str) -> str:
    """The same as a file to read, with a heading for each part."""
    out = [f"# {title}", "", *(f"- {line}" for line in machine.lines())]
    before = ""
    for result in results:
        if result.part != before:
            out += ["", f"## {result.part}", "", "| " + " | ".join(_HEADS) + " |", _RULE]
            before = result.part
        out.append("| " + " | ".join(_cells(result)) + " |")
        if result.note:
            out[-1] = out[-1].replace(result.what, f"{result.what} ({result.note})", 1)
    return "\n".join([*out, ""])


def keep(results: list[Result], machine: Machine, folder: Path, kind: str, label: str = "") -> Path:
    """Write ``<date>-<database>.md`` and ``.json``; returns the first."""
    today = f"{datetime.now(UTC):%Y-%m-%d}"
    path = folder / f"{today}-{kind}{label}.md"
    folder.mkdir(parents=True, exist_ok=True)
    path.write_text(markdown(results, machine, f"Measured on {today}: {kind}"), "utf-8")
    content = {
        "date": today,
        "machine": {"lines": machine.lines()},
        "results": [r.to_json() for r in results],
    }
    path.with_suffix(".json").write_text(json.dumps(content, ensure_ascii=False, indent=1) + "\n", "utf-8")
    return path
