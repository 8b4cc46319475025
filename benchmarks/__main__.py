"""``python -m benchmarks``: measure, print a table, keep the results."""

import argparse
import os
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path

from rich.console import Console

from benchmarks import (
    backing,
    closing,
    counting,
    day,
    drilling,
    growing,
    importing,
    pages,
    planning,
    portfolio,
    promising,
    receiving,
    results,
    sweeping,
    texting,
)
from benchmarks.databases import KINDS, Databases, databases, opened
from benchmarks.measure import Result

PARTS = (
    "import", "sweep", "figures", "close", "pages", "promises", "backup", "planning", "sending", "receipts", "outbox",
    "day",
)  # fmt: skip
QUICK = 100  # a quick run has sizes this many times smaller
SMALL, LARGE = 1_000, 1_000_000
PER_MILLE = 40  # loans of a thousand that are overdue
SMALL_PER_MILLE = 900  # in the small portfolio, so that its lists fill a page too


@dataclass(frozen=True, slots=True)
class Plan:
    """How large, and how often."""

    imports: tuple[int, ...] = (1_000, 10_000, 100_000)
    sweeps: tuple[int, ...] = (10_000, 100_000)
    promises: int = 5_000  # due on one day, of twenty times as many loans
    backup: int = 100_000  # loans
    messages: int = 4_000  # sent
    receipts: int = 10_000
    outbox: tuple[int, ...] = (10_000, 1_000_000, 10_000_000)  # old messages
    small: int = SMALL
    large: int = LARGE
    runs: int = 5
    import_runs: int = 3
    requests: int = 60
    days: day.Sizes = field(default_factory=day.Sizes)

    @classmethod
    def divided(cls, by: int) -> "Plan":
        """The same with smaller sizes and fewer runs: to see that it works, not to know."""
        return cls(
            tuple(size // by for size in cls().imports),
            tuple(size // by for size in cls().sweeps),
            promises=cls().promises // by,
            backup=cls().backup // by,
            messages=cls().messages // by,
            receipts=cls().receipts // by,
            outbox=(10_000, 20_000),
            large=LARGE // by,
            runs=3,
            import_runs=1,
            requests=10,
            days=day.Sizes(tuple(max(size // by, SMALL) for size in day.Sizes().loans), turns=1, rounds=2),
        )


def measure(made: Databases, parts: tuple[str, ...], plan: Plan) -> Iterator[Result]:
    """All the parts on one database."""
    if "import" in parts:
        yield from importing.measure(made, plan.imports, plan.import_runs)
    if "sweep" in parts:
        yield from sweeping.measure(made, plan.sweeps, plan.runs)
    if {"sweep", "figures", "close", "pages"} & set(parts):
        yield from _on_large(made, parts, plan)
    if "promises" in parts:
        yield from promising.measure(made, plan.promises * 20, plan.promises, plan.runs)
    if "backup" in parts:
        yield from backing.measure(made, plan.backup)
    yield from _reminders(made, parts, plan)
    if "day" in parts:
        yield from day.measure(made, plan.days, plan.runs)


def _reminders(made: Databases, parts: tuple[str, ...], plan: Plan) -> Iterator[Result]:
    """From what falls due to what arrived."""
    if "planning" in parts:
        yield from planning.measure(made, plan.large, plan.runs)
    if "sending" in parts:
        yield from texting.measure(made, plan.messages, plan.runs)
    if "receipts" in parts:
        yield from receiving.measure(made, plan.receipts)
    if "outbox" in parts:
        yield from growing.measure(made, plan.outbox, plan.runs)


def _on_large(made: Databases, parts: tuple[str, ...], plan: Plan) -> Iterator[Result]:
    """The parts that share one large portfolio, in the order in which it can be used for each."""
    large = made.copy()
    with opened(large):
        portfolio.fill(plan.large, PER_MILLE)
        if "sweep" in parts:
            yield from sweeping.measure_open_app(plan.large, plan.runs)
        if "figures" in parts:
            yield from counting.measure_open_app(plan.large, plan.runs)
            yield from drilling.measure_open_app(plan.large, plan.runs)
        if "close" in parts:
            yield from closing.measure_open_app(plan.large, plan.runs)
        if "pages" in parts:
            portfolio.settle_now()
    if "pages" not in parts:
        return
    small = made.copy()
    with opened(small):
        portfolio.fill(plan.small, SMALL_PER_MILLE, with_cases=True)
    with ExitStack() as both:
        visitors = [pages.visitor(both.enter_context(opened(settings))) for settings in (small, large)]
        yield from pages.measure(visitors[0], visitors[1], (plan.small, plan.large), plan.requests)


def main(arguments: list[str] | None = None) -> int:
    options = _options().parse_args(arguments)
    plan = Plan.divided(QUICK) if options.quick else Plan()
    console = Console()
    kinds = KINDS if options.db == "both" else (options.db,)
    for kind in kinds:
        load = os.getloadavg()[0]
        with databases(kind) as made:
            measured = []
            for result in measure(made, tuple(options.only or PARTS), plan):
                measured.append(result)
                console.print(f"{kind} {result.part}: {result.what}", style="dim")
            machine = results.Machine.here(made.version(), load)
        results.show(measured, machine, console)
        kept = results.keep(measured, machine, options.out, kind, "-quick" if options.quick else "")
        console.print(f"kept in {kept.relative_to(Path.cwd()) if kept.is_relative_to(Path.cwd()) else kept}")
    return 0


def _options() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--db", choices=(*KINDS, "both"), default="both", help="the database to measure on")
    parser.add_argument("--only", choices=PARTS, action="append", help="only this part; may be given again")
    parser.add_argument("--quick", action="store_true", help="a hundredth of the sizes: to see that it works")
    parser.add_argument(
        "--out", type=Path, default=Path(__file__).parent / "results", help="folder for the results"
    )
    return parser


if __name__ == "__main__":
    raise SystemExit(main())
