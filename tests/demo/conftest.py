import csv
from pathlib import Path

import pytest

from app.demo import Demo, Row, county

PUBLISHED = Path(__file__).parents[1] / "data" / "luoping-2023-10.csv"


@pytest.fixture(scope="session")
def demo() -> Demo:
    return county()


@pytest.fixture(scope="session")
def months(demo: Demo) -> list[dict[str, Row]]:
    """September, October and November: rows by contract number."""
    return [{row.contract_no: row for row in ledger.rows} for ledger in demo.ledgers]


@pytest.fixture(scope="session")
def published() -> dict[str, dict[str, str]]:
    """The published table: a line for each township's printed name, and one for 全县."""
    with PUBLISHED.open(encoding="utf-8", newline="") as file:
        return {line["township"]: line for line in csv.DictReader(file)}
