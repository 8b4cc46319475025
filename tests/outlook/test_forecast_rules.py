"""The three ways of looking ahead, on portfolios small enough to reckon by hand."""

from datetime import date
from decimal import Decimal

import pytest

from app.accounts.rules import EVERYTHING, NOTHING, Scope
from app.measures.rules import LATE, Flow, Stage
from app.outlook.rolling import Interval, Standing, roll
from app.outlook.rules import (
    BackTest,
    Forecast,
    State,
    coming,
    kept_as_before,
    narrowed,
    nothing_paid,
    promises_kept,
    standing_before,
    wilson,
)

MONTH = date(2023, 11, 30)


def flow(
    start: Stage, end: Stage, due: bool, before: int, now: int | None = None, place: str = "a", n: int = 20
) -> Flow:
    now = before if now is None else now
    late = end in LATE
    return Flow(place, start, end, due, n, before, before if start in LATE else 0, now, now if late else 0)


def month(unpaid: int = 10, place: str = "a") -> list[Flow]:
    """Of 100 that fell due ``unpaid`` became overdue; of 50 overdue half was repaid, half stayed; 850 waited."""
    return [
        flow(Stage.CURRENT, Stage.B30, True, unpaid, place=place),
        flow(Stage.CURRENT, Stage.REPAID, True, 100 - unpaid, 0, place),
        flow(Stage.CURRENT, Stage.CURRENT, False, 850, place=place),
        flow(Stage.B30, Stage.B90, False, 25, place=place),
        flow(Stage.B30, Stage.REPAID, False, 25, 0, place),
    ]


def test_the_month_ends_ahead() -> None:
    assert coming(date(2023, 11, 30), 3) == [date(2023, 12, 31), date(2024, 1, 31), date(2024, 2, 29)]
    assert coming(date(2023, 11, 15), 1) == [date(2023, 11, 30)]


def test_if_nothing_is_paid_all_that_falls_due_is_overdue() -> None:
    state = State(stock=100_000, overdue=4_000, turning=(1_000, 500))
    assert (nothing_paid(state, 0).overdue, nothing_paid(state, 0).rate) == (5_000, Decimal("5.00"))
    assert nothing_paid(state, 1).rate == Decimal("5.50")
    assert nothing_paid(State(0, 0, (0,)), 0).rate is None


def test_a_kept_promise_lowers_what_is_overdue_and_the_stock() -> None:
    state = State(stock=100_000, overdue=4_000, turning=(1_000,))
    assert promises_kept(state, 0, 1_000).rate == Decimal("4.04")  # 4000 of 99 000
    told = kept_as_before(state, 0, 1_000, (0.25, 0.75))
    assert told == Interval(Decimal("4.04"), Decimal("4.28"), Decimal("4.76"))
    assert kept_as_before(state, 0, 1_000, None).low is None


def test_loans_roll_as_they_did() -> None:
    told = roll(Standing((100,), 850, {Stage.B30: 50}), [month(), month()], 0.0)
    assert told is not None
    # 10 of the 100 and 25 of the 50 are overdue, of a stock of 10 + 25 + 850.
    assert told[0].rate == Decimal("3.95")
    assert told[0].low == told[0].high == told[0].rate  # both months alike: nothing is unsure


def test_months_that_differ_make_an_interval_around_the_rate() -> None:
    standing = Standing((100, 100), 750, {Stage.B30: 50})
    past = [month(5) + month(9, "b"), month(15) + month(11, "b")]
    told = roll(standing, past, 0.0)
    assert told is not None
    for each in told:
        assert each.rate is not None
        assert each.low is not None
        assert each.high is not None
        assert each.low < each.rate < each.high
    assert roll(standing, past, 0.0) == told  # the same draws each time
    assert told[1].rate != told[0].rate


def test_new_lending_thins_the_rate() -> None:
    standing = Standing((100,), 850, {Stage.B30: 50})
    plain, grown = roll(standing, [month(), month()], 0.0), roll(standing, [month(), month()], 0.1)
    assert plain is not None
    assert grown is not None
    assert grown[0].rate == Decimal("3.55")  # 35 of 885 + 100
    assert plain[0].rate == Decimal("3.95")


def test_too_little_history() -> None:
    standing = Standing((100,), 850, {})
    assert roll(standing, [], 0.0) is None
    assert roll(standing, [[flow(Stage.CURRENT, Stage.CURRENT, False, 100)]], 0.0) is None  # none fell due
    one = roll(standing, [month()], 0.0)
    assert one is not None
    assert (one[0].rate is not None, one[0].low) == (True, None)
    few = [[flow(Stage.CURRENT, Stage.B30, True, 10, n=1)], [flow(Stage.CURRENT, Stage.B30, True, 10, n=1)]]
    told = roll(standing, few, 0.0)
    assert told is not None
    assert told[0].low is None


def test_a_bucket_nobody_was_in_stays_where_it_is() -> None:
    told = roll(Standing((0,), 900, {Stage.OVER: 100}), [month()], 0.0)
    assert told is not None
    assert told[0].rate == Decimal("10.00")


def test_how_a_past_month_stood() -> None:
    standing, state = standing_before(month())
    assert (standing.due, standing.rest, standing.late[Stage.B30]) == ((100,), 850, 50)
    assert (state.stock, state.overdue, state.turning) == (1000, 50, (100,))


@pytest.mark.parametrize(
    ("kept", "judged", "low", "high"), [(5, 10, 0.270, 0.730), (0, 20, 0.0, 0.119), (20, 20, 0.881, 1.0)]
)
def test_the_share_of_promises_kept(kept: int, judged: int, low: float, high: float) -> None:
    found = wilson(kept, judged)
    assert found is not None
    assert found == pytest.approx((low, high), abs=0.001)
    assert wilson(4, 9) is None


def test_the_error_is_told_less_actual() -> None:
    test = BackTest(MONTH, Decimal("4.00"), Decimal("9.00"), Interval(Decimal("3.50")), None)
    other = BackTest(MONTH, Decimal("4.00"), Decimal("5.00"), None, None)
    told = Forecast("530324", MONTH, State(0, 0, ()), (), (test, other), 2, 0, 0)
    assert test.error(test.nothing_paid) == Decimal("5.00")
    assert told.mean_error("nothing_paid") == Decimal("3.00")
    assert told.mean_error("roll") == Decimal("0.50")
    assert told.mean_error("promises") is None


@pytest.mark.parametrize(
    ("scope", "region", "branch", "expected"),
    [
        (EVERYTHING, "530324", None, Scope("530324")),
        (Scope("530324106"), "530324", None, Scope("530324106")),
        (Scope("530324106"), "530324102", None, NOTHING),
        (Scope(None, 7), "530324106", None, Scope("530324106", 7)),
        (Scope("530324"), "530324", 7, Scope("530324", 7)),
        (Scope(None, 7), "530324", 8, NOTHING),
        (NOTHING, "530324", None, NOTHING),
    ],
)
def test_what_is_seen_of_a_place(scope: Scope, region: str, branch: int | None, expected: Scope) -> None:
    assert narrowed(scope, region, branch) == expected
