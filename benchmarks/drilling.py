"""The loans behind any figure, the figures of the levels above, and the bridge, on a large portfolio."""

import time
from collections.abc import Iterator

from app.accounts.rules import EVERYTHING
from app.bulletin import queries
from app.bulletin.bridging import bridge
from app.bulletin.drill import loans_behind, loans_here
from app.db import db, reading
from app.web import PAGE_SIZE
from benchmarks import invented
from benchmarks.measure import Result, percentile

DRILL_MS = 300.0  # for any figure of a month


def measure_open_app(size: int, runs: int) -> Iterator[Result]:
    """On the open app's database, whose months are counted."""
    with reading():
        spent = [
            _drill(code, measure) for _ in range(runs) for code in _places() for measure in queries.Measure
        ]
        yield Result(
            "figures",
            f"loans behind any figure, p95, {size:,} loans",
            percentile(spent, 95),
            "ms",
            None,
            DRILL_MS,
        )
        for name, code in (("prefecture", invented.county[:4]), ("province", invented.county[:2])):
            start = time.perf_counter()
            queries.figures(db.session(), code, invented.AS_OF, EVERYTHING)
            yield Result("figures", f"{name}, {size:,} loans, read as kept", time.perf_counter() - start, "s")
        start = time.perf_counter()
        bridge(db.session(), invented.county, invented.AS_OF, EVERYTHING)
        yield Result("figures", f"the bridge of a county, {size:,} loans", time.perf_counter() - start, "s")
    db.session.rollback()


def _places() -> list[str]:
    return [invented.county, *(place[0] for place in invented.townships[:3])]


def _drill(code: str, measure: queries.Measure) -> float:
    """Milliseconds for one page of the loans, its figures and its count."""
    start = time.perf_counter()
    found = queries.figures(db.session(), code, invented.AS_OF, EVERYTHING)
    loans_behind(db.session(), measure, code, invented.AS_OF, EVERYTHING, 0, PAGE_SIZE + 1)
    loans_here(db.session(), found, measure, EVERYTHING)
    return (time.perf_counter() - start) * 1000
