"""Dates as the programme counts them; the vectors are the statute's and the county's."""

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.clock import (
    DueDateRule,
    add_months,
    days_past_due,
    effective_due_date,
    month_end,
    parse_month,
    workday,
)

DAYS = st.dates(date(2020, 1, 1), date(2035, 12, 31))


@pytest.mark.parametrize(
    "text",
    ["", "2023", "2023-13", "2023-00", "10-2023", "2023-10-31", "2023/10", "十月", "0000-01", "2023-10 "],
)
def test_what_is_no_month_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"match|remains|out of range"):
        parse_month(text)


@pytest.mark.parametrize(
    ("text", "last"),
    [
        ("2023-10", date(2023, 10, 31)),
        ("2023-02", date(2023, 2, 28)),
        ("2024-02", date(2024, 2, 29)),
        ("2100-02", date(2100, 2, 28)),
        ("9999-12", date(9999, 12, 31)),  # the last month there is still has a last day
    ],
)
def test_a_month_is_known_by_its_last_day(text: str, last: date) -> None:
    assert parse_month(text) == last


@given(st.dates())
def test_month_end_is_the_last_day_of_its_own_month(day: date) -> None:
    last = month_end(day)
    assert (last.year, last.month) == (day.year, day.month)
    assert last == date.max or (last + timedelta(days=1)).day == 1


@pytest.mark.parametrize(
    ("due", "rule", "effective"),
    [
        # 民法典 §203, for a lender that follows it:
        (date(2026, 2, 14), DueDateRule.NEXT_WORKDAY, date(2026, 2, 14)),  # a Saturday, but worked
        (date(2026, 2, 15), DueDateRule.NEXT_WORKDAY, date(2026, 2, 24)),  # Spring Festival
        (date(2026, 10, 1), DueDateRule.NEXT_WORKDAY, date(2026, 10, 8)),  # National Day
        (date(2023, 10, 27), DueDateRule.NEXT_WORKDAY, date(2023, 10, 27)),  # a Friday
        (date(2023, 10, 28), DueDateRule.NEXT_WORKDAY, date(2023, 10, 30)),  # a plain weekend
        # and for one that does not:
        (date(2026, 2, 15), DueDateRule.NONE, date(2026, 2, 15)),
        (date(2026, 10, 1), DueDateRule.NONE, date(2026, 10, 1)),
    ],
)
def test_due_date_on_a_day_off(due: date, rule: DueDateRule, effective: date) -> None:
    assert effective_due_date(due, rule) == effective


@given(DAYS)
def test_the_next_working_day_is_the_first_one_not_before(due: date) -> None:
    effective = effective_due_date(due, DueDateRule.NEXT_WORKDAY)
    between = [due + timedelta(days=n) for n in range((effective - due).days)]
    assert workday(effective).is_workday and not any(workday(day).is_workday for day in between)


def test_an_announced_year_is_certain() -> None:
    answer = workday(date(2023, 10, 7))  # a Saturday, worked to make up for the holiday
    assert (answer.is_workday, answer.provisional) == (True, False)


@pytest.mark.parametrize(
    ("day", "worked"), [(date(2090, 10, 2), True), (date(2090, 9, 30), False), (date(1995, 5, 1), True)]
)
def test_beyond_the_announced_years_weekends_count_and_it_is_said(day: date, worked: bool) -> None:
    answer = workday(day)
    assert (answer.is_workday, answer.provisional) == (worked, True)


@pytest.mark.parametrize(
    ("day", "months", "later"),
    [
        (date(2024, 2, 29), 12, date(2025, 2, 28)),  # 民法典 §202: that day is missing, so the month's last
        (date(2024, 2, 29), 48, date(2028, 2, 29)),
        (date(2023, 1, 31), 1, date(2023, 2, 28)),
        (date(2023, 10, 31), 36, date(2026, 10, 31)),
        (date(2023, 12, 15), 1, date(2024, 1, 15)),
        (date(2023, 3, 31), -1, date(2023, 2, 28)),
        (date(2023, 1, 15), -1, date(2022, 12, 15)),
        (date(2023, 10, 31), 0, date(2023, 10, 31)),
    ],
)
def test_months_later(day: date, months: int, later: date) -> None:
    assert add_months(day, months) == later


@pytest.mark.parametrize(
    ("due", "today", "days"),
    [
        (date(2023, 10, 31), date(2023, 10, 30), 0),
        (date(2023, 10, 31), date(2023, 10, 31), 0),  # the due date itself is still in time
        (date(2023, 10, 31), date(2023, 11, 1), 1),
        (date(2022, 10, 31), date(2023, 10, 31), 365),
    ],
)
def test_overdue_starts_the_day_after(due: date, today: date, days: int) -> None:
    assert days_past_due(due, today) == days
