"""``make attack``: tries the usual and the unusual for some minutes; exit 1 when something was found."""

import argparse
import sys
import tempfile
import time
from pathlib import Path

from app import create_app
from tests.attack import fuzz, races, regexes, tricks
from tests.attack.victim import Log, Victim
from tests.conftest import Instances

UPLOADS = [
    ("/ledger/", "file"), ("/bulletin/proofread", "file"), ("/disposal/import", "file"),
    ("/reminders/batches/results", "file"), ("/bulletin/bundles/", "file"),
]  # fmt: skip


def attack(kind: str, requests: int, seed: int, folder: Path, short: bool = False) -> tuple[Log, float]:
    """All of it against one instance: what was tried and found, and the seconds it took.

    ``short``: without the slow clients and the load.
    """
    instances, log, start = Instances(folder), Log(), time.monotonic()
    try:
        victim = Victim(instances, kind)
        app = create_app(victim.settings)
        try:
            fuzz.strangers(victim, log, app)
            tricks.headers(victim, log)
            tricks.cookies(victim, log)
            tricks.redirects(victim, log)
            tricks.files(victim, log, UPLOADS)
            races.races(victim, log, app)
            fuzz.fuzz(victim, log, app, requests, seed)
            if not short:
                tricks.slow(victim, log)
                tricks.load(victim, log)
        finally:
            said = victim.stop()
        for line in [line for line in said.splitlines() if "Error" in line or "Traceback" in line]:
            if "the database is away" in line:
                continue  # answered by a page that says when to try again
            log.find(f"the server's log: {line[:300]}")
    finally:
        instances.close()
    return log, time.monotonic() - start


def main() -> int:
    parser = argparse.ArgumentParser(prog="make attack")
    parser.add_argument("--db", choices=("sqlite", "postgresql"), default="sqlite")
    parser.add_argument("--requests", type=int, default=20_000)
    parser.add_argument("--seed", type=int, default=1)
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="qs-attack-") as folder:
        log, seconds = attack(asked.db, asked.requests, asked.seed, Path(folder))
    slow = regexes.slow_ones(regexes.patterns())
    log.findings += [f"a slow expression: {one}" for one in slow]
    times = sorted(log.times)
    print(f"{asked.db}: {sum(log.tried.values()):,} requests in {seconds:.0f} s, seed {asked.seed}")
    print("  tried: " + ", ".join(f"{kind} {n:,}" for kind, n in log.tried.most_common()))
    print("  answers: " + ", ".join(f"{status} {n:,}" for status, n in sorted(log.statuses.items())))
    print(
        f"  p95 {times[int(len(times) * 0.95)]:.0f} ms; {sum(1 for _ in regexes.patterns())} expressions timed"
    )
    for finding in log.findings:
        print(f"  FOUND {finding}")
    print(f"  {len(log.findings)} findings" if log.findings else "  nothing found")
    return 1 if log.findings else 0


if __name__ == "__main__":
    sys.exit(main())
