"""The measurements measure what they say, at tiny sizes; and their controls can fail."""

import json
import subprocess
import sys
import time
from pathlib import Path

import pytest
from sqlalchemy import text

from app.bulletin import queries
from app.db import db
from app.intake import Request, import_file
from app.ledger.people import check_character
from benchmarks import day, invented, portfolio, results, workbook
from benchmarks.__main__ import PARTS, Plan, measure
from benchmarks.databases import databases, opened
from benchmarks.importing import _Watch
from benchmarks.measure import NotTheSame, Result, compare, percentile
from benchmarks.pages import counted

pytestmark = pytest.mark.slow  # they measure, and the collector of garbage looks through all that tests hold

DAYS = day.Sizes(loans=(400, 3_000), turns=1, rounds=1)
TINY = Plan(
    imports=(20, 40),
    sweeps=(),
    promises=5,
    small=100,
    large=300,
    runs=1,
    import_runs=1,
    requests=2,
    messages=10,
    receipts=20,
    outbox=(200,),
    days=DAYS,
)
KINDS = ["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)]
MACHINE = results.Machine("SQLite", "3.11.0", {"Flask": "3.1"}, 2, 24, 0.1)


def test_sides_that_do_not_the_same_work_have_no_ratio() -> None:
    with pytest.raises(NotTheSame, match="floor: 1, ours: 2"):
        compare(lambda: 1, lambda: 2, runs=1)


def test_an_answer_found_afterwards_is_compared_and_not_measured() -> None:
    def slow_answer() -> int:
        time.sleep(0.05)
        return 1

    floor, ours = compare(lambda: slow_answer, lambda: slow_answer, runs=1)
    assert max(floor, ours) < 0.05
    with pytest.raises(NotTheSame):
        compare(lambda: slow_answer, lambda: 2, runs=1)


def test_a_slow_side_misses_its_aim_and_a_fast_one_meets_it() -> None:
    floor, ours = compare(lambda: time.sleep(0.002), lambda: time.sleep(0.02), runs=3)
    assert Result("control", "slow", ours, "s", floor, aim=3).met is False
    assert Result("control", "itself", floor, "s", floor, aim=3).met is True


def test_an_aim_without_a_floor_bounds_the_value_itself() -> None:
    assert Result("import", "memory", 701, "MB", aim=700).met is False
    assert Result("import", "memory", 700, "MB", aim=700).met is True
    assert Result("pages", "p50", 5, "ms", 4).met is None


def test_sides_are_run_in_turn_and_put_back_after_each() -> None:
    calls: list[str] = []
    compare(lambda: calls.append("floor"), lambda: calls.append("ours"), 2, lambda: calls.append("back"))
    assert calls == ["floor", "back", "ours", "back", "ours", "back", "floor", "back"]


def test_percentile_is_a_value_that_was_measured() -> None:
    values = [float(n) for n in range(1, 21)]
    assert (percentile(values, 50), percentile(values, 95), percentile([7.0], 95)) == (10.0, 19.0, 7.0)


def test_invented_people_are_valid_and_nobody() -> None:
    numbers = [invented.id_number(n) for n in range(0, 20_000, 7)]
    assert len(set(numbers)) == len(numbers)
    assert all(n.startswith("530399") and check_character(n[:17]) == n[17] for n in numbers)


def test_the_share_of_overdue_loans_is_the_one_asked_for() -> None:
    lines = list(invented.lines(5000, overdue_per_mille=40))
    due = [line for line in lines if line.balance and line.due_on < invented.SWEEP_DAY]
    assert len(due) == 200
    assert sum(line.overdue == 0 for line in due) == 5  # those due on the ledger's own date
    assert sum(a != b for a, b in zip(map(invented.a_month_later, lines), lines, strict=True)) in range(
        400, 501
    )


@pytest.mark.parametrize("kind", KINDS)
def test_a_portfolio_put_in_directly_is_what_importing_its_workbook_gives(kind: str, tmp_path: Path) -> None:
    path = workbook.write(tmp_path / "l.xlsx", invented.lines(300), invented.AS_OF)
    with databases(kind) as made:
        found = []
        for imported in (True, False):
            with opened(made.copy()):
                if imported:
                    outcome = import_file(Request(path, None), today=invented.NEXT_MONTH, actor="test")
                    assert outcome.counts["accepted"] == 300, outcome.findings
                    assert not outcome.findings
                else:
                    portfolio.fill(300, with_cases=True)
                rows = queries.figures(db.session(), invented.county, invented.AS_OF).rows
                loans = db.session.execute(
                    text(
                        "SELECT contract_no, township_code, balance, overdue, due_on FROM loan ORDER BY contract_no"
                    )
                )
                found.append((rows, loans.all()))
    assert found[0] == found[1]
    assert sum(row.stock_fen for row in found[0][0]) > 0


def test_the_statements_of_a_page_are_counted(tmp_path: Path) -> None:
    with databases("sqlite") as made, opened(made.copy()), counted(db.engine) as count:
        for _ in range(3):
            db.session.execute(text("SELECT 1"))
    assert count.number == 3


@pytest.mark.skipif(
    not Path("/proc/self/statm").exists(), reason="memory is watched only where there is /proc"
)
def test_the_memory_of_a_child_s_child_is_seen() -> None:
    hold = "import time; held = b'x' * (80 << 20); print(flush=True); time.sleep(10)"
    outer = f"import subprocess, sys; subprocess.run([sys.executable, '-c', {hold!r}])"
    process = subprocess.Popen([sys.executable, "-c", outer], stdout=subprocess.PIPE)
    watch = _Watch(process.pid)
    watch.start()
    try:
        assert process.stdout is not None
        process.stdout.readline()
        time.sleep(0.2)
    finally:
        watch.ended.set()
        watch.join()
        _end_with_children(process)
    assert watch.peak > 80 << 20


def _end_with_children(process: "subprocess.Popen[bytes]") -> None:
    import os
    import signal

    for child in Path("/proc", str(process.pid), "task", str(process.pid), "children").read_text().split():
        os.kill(int(child), signal.SIGKILL)
    process.wait(10)
    assert process.stdout is not None
    process.stdout.close()


@pytest.mark.slow
@pytest.mark.parametrize("kind", KINDS)
def test_everything_is_measured_and_kept(kind: str, tmp_path: Path) -> None:
    # Reading a workbook in processes of its own is no matter of the database; a web server is started by "day" too.
    parts = PARTS if kind == "sqlite" else tuple(part for part in PARTS if part not in ("import", "receipts"))
    with databases(kind) as made:
        measured = list(measure(made, parts, TINY))
    assert {result.part for result in measured} == set(parts)
    assert all(result.ours > 0 for result in measured)
    statements = [r for r in measured if r.what.endswith("SQL statements")]
    assert statements and all(r.met for r in statements)
    path = results.keep(measured, MACHINE, tmp_path, kind)
    kept = json.loads(path.with_suffix(".json").read_text("utf-8"))
    assert [line["what"] for line in kept["results"]] == [result.what for result in measured]
    for line in path.read_text("utf-8").splitlines():
        assert "/tmp" not in line and str(Path.cwd()) not in line


def test_results_say_what_was_missed_and_whether_others_were_at_work() -> None:
    measured = [
        Result("sweep", "10 loans", 4.0, "s", 1.0, 3.0),
        Result("figures", "10 loans", 1.0, "s", 1.0, 1.5),
    ]
    busy = results.Machine("SQLite", "3.11.0", {}, 2, 24, 3.0)
    text_ = results.markdown(measured, busy, "Measured")
    assert "| 10 loans | 1 s | 4 s | 4.00× | ≤ 3× | missed |" in text_
    assert "| 10 loans | 1 s | 1 s | 1.00× | ≤ 1.5× | met |" in text_
    assert "not quiet" in text_ and "not quiet" not in results.markdown(measured, MACHINE, "Measured")
