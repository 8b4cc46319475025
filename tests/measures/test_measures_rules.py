"""The stages of a loan and the shares, as tables."""

from datetime import date
from decimal import Decimal

import pytest

from app.measures.rules import MEASURES, Count, Kind, Stage, month_bounds, months_back, rate, stage

DAY = date(2023, 11, 30)


@pytest.mark.parametrize(
    ("balance", "overdue", "due", "expected"),
    [
        (0, 0, date(2023, 1, 1), Stage.REPAID),
        (100, 0, date(2023, 1, 1), Stage.CURRENT),  # an extension that the ledger has not dated
        (100, 100, date(2023, 12, 1), Stage.B30),  # interest in arrears before the end of the loan
        (100, 100, date(2023, 11, 30), Stage.B30),
        (100, 100, date(2023, 10, 31), Stage.B30),  # 30 days
        (100, 100, date(2023, 10, 30), Stage.B90),
        (100, 100, date(2023, 9, 1), Stage.B90),  # 90
        (100, 100, date(2023, 8, 31), Stage.B270),
        (100, 100, date(2023, 3, 5), Stage.B270),  # 270
        (100, 100, date(2023, 3, 4), Stage.B360),
        (100, 100, date(2022, 12, 5), Stage.B360),  # 360
        (100, 100, date(2022, 12, 4), Stage.OVER),
    ],
)
def test_where_a_loan_stands(balance: int, overdue: int, due: date, expected: Stage) -> None:
    assert stage(balance=balance, overdue=overdue, due=due, day=DAY) is expected


def test_a_share_has_no_percentage_without_a_whole() -> None:
    coverage = MEASURES[0]
    assert rate(coverage, {}) is None
    assert rate(coverage, {Kind.OPEN: Count(3), Kind.BOTH: Count(1)}) == Decimal("33.3")


def test_the_cured_share_is_of_amounts() -> None:
    cured = next(measure for measure in MEASURES if measure.in_fen)
    counts = {Kind.OPENING: Count(10, 1000), Kind.CURED: Count(1, 500)}
    assert rate(cured, counts) == Decimal("50.0")


def test_a_month_ends_with_the_business_date() -> None:
    assert month_bounds(date(2023, 12, 31), date(2023, 12, 5)) == (date(2023, 12, 1), date(2023, 12, 5))
    assert month_bounds(date(2023, 11, 30), date(2023, 12, 5)) == (date(2023, 11, 1), DAY)


def test_months_go_back_to_the_first_ledger() -> None:
    assert months_back(date(2023, 10, 31), date(2023, 12, 5), 13) == [
        date(2023, 12, 31),
        DAY,
        date(2023, 10, 31),
    ]
    assert len(months_back(date(2000, 1, 1), DAY, 13)) == 13
