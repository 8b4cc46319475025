"""Routes and causes as tables."""

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.remedies.rules import (
    EXTENDING,
    RECOMMENDED,
    Cause,
    Limits,
    LoanFacts,
    Route,
    longest_extension,
    route_findings,
    unusual,
)

TODAY = date(2023, 12, 5)
LIMITS = Limits(1, 90, 80)


def facts(
    days: int = 10, balance: int = 5_000_000, asked: date | None = None, extended: bool = False
) -> LoanFacts:
    due = TODAY - timedelta(days=days)
    first = due - timedelta(days=90) if extended else due
    return LoanFacts(balance, balance, first - timedelta(days=365), first, due, asked)


def refused(one: LoanFacts, route: Route) -> bool:
    return any(finding.refuses for finding in route_findings(one, route, TODAY, LIMITS))


@pytest.mark.parametrize("route", sorted(EXTENDING))
@pytest.mark.parametrize(
    ("one", "refuses"),
    [
        (facts(0), False),  # the due date itself is in time
        (facts(1), True),
        (facts(30, asked=TODAY - timedelta(days=30)), False),
        (facts(30, asked=TODAY - timedelta(days=29)), True),
        (facts(0, asked=TODAY + timedelta(days=1)), True),
        (facts(0, extended=True), True),
    ],
)
def test_before_maturity_and_once(route: Route, one: LoanFacts, refuses: bool) -> None:
    assert refused(one, route) is refuses


@pytest.mark.parametrize(
    ("disbursed", "due", "until"),
    [
        (date(2022, 1, 1), date(2023, 1, 1), date(2024, 1, 1)),
        (date(2024, 2, 29), date(2025, 2, 28), date(2026, 2, 28)),
        (date(2020, 1, 1), date(2023, 1, 1), date(2024, 7, 1)),
    ],
)
def test_the_longest_extension(disbursed: date, due: date, until: date) -> None:
    assert abs((longest_extension(disbursed, due) - until).days) <= 1
    assert longest_extension(disbursed, due) - due <= due - disbursed


@pytest.mark.parametrize(("days", "refuses"), [(90, True), (91, False)])
def test_compensation_after_so_many_days(days: int, refuses: bool) -> None:
    assert refused(facts(days), Route.COMPENSATION) is refuses


@given(balance=st.integers(0, 10_000_000))
def test_fund_and_bank_bear_it_all_up_to_the_cap(balance: int) -> None:
    found = route_findings(facts(100, balance), Route.COMPENSATION, TODAY, LIMITS)
    shares = [float(str(value).replace(",", "")) for _, value in found[0].sentence.params]
    assert sum(shares) == pytest.approx(min(balance, 5_000_000) / 100, abs=0.01)


def test_every_cause_has_its_routes() -> None:
    assert set(RECOMMENDED) == set(Cause) and all(RECOMMENDED.values())
    assert unusual(Cause.WILFUL, Route.WARNING) is None
    assert "wilful default" in str(unusual(Cause.ILLNESS, Route.SUIT))
    assert unusual(Cause.WILFUL, Route.RENEWAL) is not None
