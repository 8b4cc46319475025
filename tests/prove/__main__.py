"""``make prove``: workers killed while they send through a failing provider, and the provider's history judged.

A naive sender goes through the same; a proof that could not fail would prove nothing. Exit 0: nothing lost, nothing
sent twice, and the naive sender did fail.
"""

import argparse
import sys
import tempfile
from pathlib import Path

from tests.conftest import Instances
from tests.prove.naive import naive
from tests.prove.supervisor import Result, prove


def main() -> int:
    parser = argparse.ArgumentParser(prog="make prove")
    parser.add_argument("--messages", type=int, default=200)
    parser.add_argument("--kills", type=int, default=50)
    parser.add_argument("--db", choices=("sqlite", "postgresql"), default="sqlite")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--seconds", type=float, default=0, help="give up after; 0: by the size of the run")
    asked = parser.parse_args()
    folder = Path(tempfile.mkdtemp(prefix="qs-prove-"))
    instances = Instances(folder)
    try:
        result = prove(instances, folder, asked.db, asked.messages, asked.kills, asked.seed, asked.seconds)
        control = naive(folder, min(asked.messages, 100), asked.seed)
    finally:
        instances.close()
    tell("our sender", result)
    tell("naive sender (send, then mark; retry blindly)", control)
    if result.good and not control.good:
        print("proved: nothing lost, nothing sent twice; the same test fails the naive sender.")
        return 0
    print(f"NOT proved; the history is kept in {folder}")
    return 1


def tell(name: str, result: Result) -> None:
    print(f"{name}: {result.messages} messages, {result.kills} kills, {result.seconds:.0f} s")
    print("  faults: " + ", ".join(f"{kind} {n}" for kind, n in sorted(result.faults.items())))
    print("  killed at: " + ", ".join(f"{point} {n}" for point, n in sorted(result.points.items())))
    print(
        f"  lost {result.lost}, sent twice {result.twice}, unknown {result.unknown}, "
        f"left to a person {result.person}"
    )


if __name__ == "__main__":
    sys.exit(main())
