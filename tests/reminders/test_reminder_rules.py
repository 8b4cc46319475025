"""Due days, hours, backoff, and wording."""

from datetime import date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.clock import SHANGHAI
from app.reminders.rules import (
    DEFAULT_LEADS,
    Hours,
    Policy,
    Timings,
    at,
    backoff,
    day_of,
    may_leave,
    policy_at,
    read_leads,
    untrue_from,
)
from app.reminders.wording import DEFAULT, Due, complaints, render

DUE = date(2023, 12, 31)


@given(st.lists(st.integers(0, 45), max_size=12))
def test_whenever_the_planner_runs_each_reminder_that_can_still_be_true_has_one_day(gaps: list[int]) -> None:
    """However long it was down: a reminder is planned at the first run while it is true, and never before its day."""
    day, runs = DUE - timedelta(days=60), []
    for gap in gaps:
        day += timedelta(days=gap)
        runs.append(day)
    for lead in DEFAULT_LEADS:
        begins, ends = DUE - timedelta(days=lead), untrue_from(DUE, lead, DEFAULT_LEADS)
        first = next((run for run in runs if begins <= run < ends), None)
        planned = next(
            (found for run in runs if (found := day_of(DUE, lead, DEFAULT_LEADS, run, 0)) is not None), None
        )
        assert planned == first


def test_no_two_reminders_of_a_loan_are_true_on_one_day() -> None:
    for ahead in range(-10, 95):
        today = DUE - timedelta(days=ahead)
        true = [lead for lead in DEFAULT_LEADS if day_of(DUE, lead, DEFAULT_LEADS, today, 0) is not None]
        assert len(true) == (0 <= ahead <= 30)


@given(st.datetimes(datetime(2023, 1, 1), datetime(2024, 12, 31)), st.lists(st.integers(0, 8), max_size=6))
def test_never_at_night_never_over_the_caps(naive: datetime, ago: list[int]) -> None:
    now = naive.replace(tzinfo=SHANGHAI)
    sent = [now.date() - timedelta(days=days) for days in ago]
    later = may_leave(now, Hours(0, 24 * 60), sent)  # a county may not loosen the night
    if later is None:
        assert 8 <= now.hour < 22
        assert 0 not in ago and sum(days < 7 for days in ago) < 3
    else:
        assert later > now and later - now < timedelta(hours=48)


def test_policies_are_chosen_by_place_lender_and_day() -> None:
    first, forever = date(2023, 1, 1), date(9999, 1, 1)
    everywhere = Policy("", None, first, forever, (15,))
    county = Policy("530324", None, first, forever, (20,))
    lender = Policy("530324", 2, date(2023, 6, 1), forever, (25,))
    rows = [everywhere, county, lender]
    assert policy_at([], region="530324", lender_id=1, on=first) == DEFAULT_LEADS
    assert policy_at(rows, region="5303", lender_id=2, on=DUE) == (15,)
    assert policy_at(rows, region="530324101", lender_id=1, on=DUE) == (20,)
    assert policy_at(rows, region="530324101", lender_id=2, on=DUE) == (25,)
    assert policy_at(rows, region="530324101", lender_id=2, on=first) == (20,)


def test_leads_as_they_are_kept() -> None:
    assert read_leads("1, 30,7") == (30, 7, 1) and read_leads("") == ()
    for wrong in ("91", "-31", "x"):
        with pytest.raises(ValueError):  # noqa: PT011
            read_leads(wrong)


def test_backoff_is_jittered_doubled_and_bounded() -> None:
    usual = Timings()
    assert [backoff(n, 1.0, usual).total_seconds() for n in (1, 2, 6, 7, 99)] == [60, 120, 1920, 3600, 3600]
    assert backoff(5, 0.0, usual) == timedelta(0)
    with pytest.raises(ValueError, match="outlast"):
        Timings(lease=20, deadline=20)


def test_a_message_as_it_is_read() -> None:
    fixed = {"signature": "【罗平农商行】", "phone": "0874-8220001"}
    text, empty = render(DEFAULT, "张三", [Due(5_000_000, date(2023, 11, 30))], fixed)
    assert text == "【罗平农商行】张*,您的小额信贷5.00万元2023年11月30日到期,请存足本息,咨询0874-8220001。"
    assert empty == []
    assert render(DEFAULT, " ", [Due(1, DUE)], {})[1] == ["name", "phone", "signature"]
    two, _ = render(
        "{amount}|{due}", "张", [Due(5_000_000, DUE), Due(1_000_000, DUE + timedelta(days=3))], {}
    )
    assert two == "6.00|2023年12月31日起"


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("{name}再不还款后果自负", "threatens"),
        ("法院通知：{name}", "authority"),
        ("不还将公示名单", "made public"),
        ("{surname}您好", "no field"),
        ("{name", "brace"),
        ("  ", "empty"),
        ("详见 www.bank.com", "link"),
    ],
)
def test_wording_that_is_refused_with_the_reason(text: str, told: str) -> None:
    assert told in str(complaints(text)[0])


def test_good_wording_and_a_provider_that_carries_no_loans() -> None:
    assert complaints(DEFAULT) == []
    assert "does not carry" in str(complaints(DEFAULT, loans=False)[0])


def test_where_a_county_wants_it_nothing_leaves_on_days_off() -> None:
    friday, saturday = at(date(2023, 9, 22), 10 * 60), at(date(2023, 9, 23), 10 * 60)
    resting = Hours(days_off=False)
    assert may_leave(friday, resting, []) is None and may_leave(saturday, Hours(), []) is None
    assert may_leave(saturday, resting, []) == at(date(2023, 9, 25), 8 * 60)
    assert may_leave(at(date(2023, 9, 28), 21 * 60), resting, []) == at(
        date(2023, 10, 7), 8 * 60
    )  # National Day
