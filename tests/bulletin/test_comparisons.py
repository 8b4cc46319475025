"""A month against the one before, last year's same and the year's start: pure rules, then the queries behind them."""

from datetime import date
from decimal import Decimal

import pytest
from sqlalchemy.orm import Session

from app.accounts.rules import EVERYTHING, Scope
from app.bulletin.comparisons import Against, Change, change, counts_on, month_of
from app.bulletin.earlier import compared, earlier
from app.bulletin.figures import FigureRow
from app.bulletin.queries import figures
from tests.intake.world import OCTOBER, SEPTEMBER, take
from tests.ledger.factory import AGANG, COUNTY, ledger_row


@pytest.mark.parametrize(
    ("month", "against", "earlier_month"),
    [
        (OCTOBER, Against.LAST_MONTH, SEPTEMBER),
        (date(2024, 3, 31), Against.LAST_MONTH, date(2024, 2, 29)),
        (date(2024, 2, 29), Against.LAST_YEAR, date(2023, 2, 28)),
        (date(2024, 1, 31), Against.LAST_MONTH, date(2023, 12, 31)),
        (OCTOBER, Against.YEAR_START, date(2022, 12, 31)),
        (date(2023, 12, 31), Against.YEAR_START, date(2022, 12, 31)),
    ],
)
def test_the_month_that_is_compared_with(month: date, against: Against, earlier_month: date) -> None:
    assert month_of(against, month) == earlier_month


def test_new_lending_begins_anew_each_january() -> None:
    assert counts_on(OCTOBER, SEPTEMBER) and counts_on(OCTOBER, date(2022, 10, 31))
    assert not counts_on(date(2024, 1, 31), date(2023, 12, 31))
    now, before = (FigureRow("1", "甲", 5, 500, 3, 300, 600), FigureRow("1", "甲", 4, 700, 9, 900, 600))
    told = change(now, before, date(2024, 1, 31), date(2023, 12, 31))
    assert (told.new_households, told.new_fen, told.completion_points) == (None, None, None)
    assert (told.stock_households, told.stock_fen) == (1, -200)


def test_rates_are_compared_as_printed() -> None:
    now = FigureRow("1", "甲", 1, 100_000, overdue_fen=4_365, overdue_households=1, overdue_loans=1)
    before = FigureRow("1", "甲", 1, 100_000, overdue_fen=4_344, overdue_households=1, overdue_loans=1)
    assert (now.overdue_rate_pct, before.overdue_rate_pct) == (Decimal("4.37"), Decimal("4.34"))
    assert change(now, before, OCTOBER, SEPTEMBER).rate_points == Decimal(
        "0.03"
    )  # not 0.02 of the exact rates


def test_without_figures_of_then_there_is_nothing_to_tell() -> None:
    assert change(FigureRow("1", "甲", 1, 1), None, OCTOBER, SEPTEMBER) == Change()
    cleared = change(FigureRow("1", "甲"), FigureRow("1", "甲"), OCTOBER, SEPTEMBER)
    assert cleared.rate_points is None and cleared.stock_fen == 0


def test_a_target_of_nought_has_no_completion() -> None:
    row = FigureRow("1", "甲", new_fen=5, target_fen=0)
    assert row.completion_pct is None
    assert row.to_json()["target_wan"] == "0.00" and row.to_json()["completion_pct"] is None


def test_every_row_is_compared(session: Session) -> None:
    take(session, [ledger_row(contract_no="A", balance=500)], SEPTEMBER)
    take(session, [ledger_row(contract_no="A", balance=300, overdue=30)], OCTOBER)
    found = figures(session, COUNTY, OCTOBER)
    told = compared(session, found, EVERYTHING)
    assert told[Against.LAST_MONTH][AGANG].stock_fen == told[Against.LAST_MONTH][COUNTY].stock_fen == -200
    assert told[Against.LAST_MONTH][AGANG].rate_points == Decimal("10.00")
    assert told[Against.LAST_YEAR][AGANG] == told[Against.YEAR_START][COUNTY] == Change()
    township = compared(session, figures(session, AGANG, OCTOBER), EVERYTHING)
    assert township[Against.LAST_MONTH][AGANG].stock_fen == -200
    of_a_branch = earlier(session, found, Scope(region=None, branch_id=1))
    assert set(of_a_branch.values()) == {None}
