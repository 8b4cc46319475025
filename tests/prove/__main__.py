"""``make prove``: workers killed while they send through a failing provider, and the provider's history judged.

A naive sender goes through the same; a proof that could not fail would prove nothing. Exit 0: nothing lost, nothing
sent twice, nothing sent against a wish, and the naive sender did fail. The seed repeats who is killed where and the
order of the faults; which message meets which is up to the machine, so a failing run keeps its whole history.
"""

import argparse
import shutil
import sys
import tempfile
from pathlib import Path

from tests.conftest import Instances
from tests.prove.judge import Result
from tests.prove.naive import naive
from tests.prove.points import reached
from tests.prove.supervisor import prove


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
    tell(f"our sender on {asked.db}", result)
    tell_points(result)
    tell("naive sender (send, then mark; retry blindly)", control)
    if result.good and not control.good:
        print("proved: nothing lost, nothing sent twice; the same test fails the naive sender.")
        shutil.rmtree(folder, ignore_errors=True)
        return 0
    print(f"NOT proved; the history is kept in {folder}")
    return 1


def tell(name: str, result: Result) -> None:
    print(f"{name}: {result.messages} messages, {result.kills} kills, {result.seconds:.0f} s")
    print("  faults: " + ", ".join(f"{kind} {n}" for kind, n in sorted(result.faults.items())))
    print(
        f"  lost {result.lost}, sent twice {result.twice}, unknown {result.unknown}, "
        f"left to a person {result.person} (the provider has {result.arrived} of them, "
        f"{result.never_arrived} never arrived)"
    )


def tell_points(result: Result) -> None:
    print(
        f"  sent against a wish {result.against}, sent at night {result.at_night}, "
        f"receipts taken without effect {result.unheard}, forgeries believed {result.believed}"
    )
    met = reached(result.points + result.faults)
    print("  met: " + ", ".join(f"{what} {times}" for what, times in met.items() if times))
    if missing := [what for what, times in met.items() if not times]:
        print("  not met in this run: " + ", ".join(missing))
    more = {
        word: n
        for word, n in result.points.items()
        if word.startswith(("log", "rounds", "a step", "gave up"))
    }
    print("  said: " + (", ".join(f"{word} ×{n}" for word, n in sorted(more.items())) or "nothing"))


if __name__ == "__main__":
    sys.exit(main())
