"""Setting and ending numbers: never in the past, never outside one's area, each with a reason."""

from datetime import date, timedelta

import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app.accounts.models import User
from app.accounts.rules import Role
from app.audit import AuditEntry
from app.policies.actions import end_value, set_value
from app.policies.models import PolicyValue
from app.policies.queries import Policies
from app.policies.rules import KEYS, Key, PolicyRefused
from tests.loans.portfolio import AGANG, collector

COUNTY, DAY = "530324", date(2023, 12, 5)
TOMORROW = DAY + timedelta(days=1)
DEFAULT = KEYS[Key.CALLS_PER_DAY].default


@pytest.fixture
def office(session: Session) -> User:
    return collector(session, COUNTY, "luoping", role=Role.OFFICE)


def put(session: Session, office: User, value: str, on: date = DAY, region: str = COUNTY) -> PolicyValue:
    return set_value(session, Key.CALLS_PER_DAY, value, on, "群众反映", office, DAY, region=region)


def calls(session: Session, on: date = DAY, region: str = AGANG) -> int:
    return Policies(session, on)(Key.CALLS_PER_DAY, region)


@pytest.mark.parametrize(
    ("changed", "field"),
    [
        ({"text": "9"}, "value"),
        ({"starts_on": DAY - timedelta(days=1)}, "starts_on"),
        ({"reason": "  "}, "reason"),
        ({"reason": "长" * 201}, "reason"),
        ({"region": ""}, "region"),
        ({"region": "530325"}, "region"),
        ({"region": "530324999"}, "region"),
        ({"lender_id": 999}, "lender"),
    ],
)
def test_what_cannot_be_set(session: Session, office: User, changed: dict[str, object], field: str) -> None:
    order = {
        "text": "2",
        "starts_on": DAY,
        "reason": "群众反映",
        "region": COUNTY,
        "lender_id": None,
    } | changed
    with pytest.raises(PolicyRefused) as refused:
        set_value(session, Key.CALLS_PER_DAY, actor=office, day=DAY, **order)  # type: ignore[arg-type]
    assert refused.value.field == field
    assert session.scalar(select(func.count()).select_from(PolicyValue)) == 0


def test_a_value_holds_from_its_day_on_and_leaves_a_trail(session: Session, office: User) -> None:
    put(session, office, "2", TOMORROW)
    assert (calls(session), calls(session, TOMORROW)) == (DEFAULT, 2)
    assert calls(session, TOMORROW, "530325101") == DEFAULT
    assert session.scalar(select(func.count()).where(AuditEntry.action == "policies.set")) == 1


def test_a_township_goes_before_its_county(session: Session, office: User) -> None:
    put(session, office, "2")
    put(session, office, "1", region=AGANG)
    assert (calls(session), calls(session, region="530324102")) == (1, 2)


def test_set_twice_for_one_day_the_later_one_counts(session: Session, office: User) -> None:
    put(session, office, "2")
    put(session, office, "1")
    assert calls(session) == 1


def test_ending_brings_back_the_default_and_keeps_the_past(session: Session, office: User) -> None:
    put(session, office, "1")
    row = put(session, office, "2", TOMORROW)
    later = TOMORROW + timedelta(days=9)
    end_value(session, row, later, "期满", office, TOMORROW)
    assert [calls(session, on) for on in (DAY, TOMORROW, later)] == [1, 2, DEFAULT]
    with pytest.raises(PolicyRefused, match="ended already"):
        end_value(session, row, later, "期满", office, TOMORROW)


def test_a_value_that_has_not_begun_never_does(session: Session, office: User) -> None:
    put(session, office, "1")
    row = put(session, office, "2", TOMORROW)
    end_value(session, row, DAY, "误设", office, DAY)
    assert (calls(session), calls(session, TOMORROW)) == (1, 1)


def test_nothing_ends_in_the_past(session: Session, office: User) -> None:
    row = put(session, office, "1")
    with pytest.raises(PolicyRefused):
        end_value(session, row, DAY - timedelta(days=1), "误设", office, DAY)
    assert calls(session) == 1
