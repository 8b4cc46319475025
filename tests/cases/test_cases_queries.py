"""The lists of cases: each filter, every page once, and nobody sees beyond their scope."""

from collections.abc import Callable
from datetime import date, timedelta

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.accounts.rules import EVERYTHING, NOTHING, Role, Scope
from app.cases import queries
from app.cases.actions import sweep
from app.cases.models import Case
from app.cases.queries import CaseCounts, Filter, Listed, count_cases, list_cases
from app.cases.rules import Bucket
from app.loans.models import Loan
from app.places.models import Branch
from tests.loans.portfolio import AGANG, BANQIAO, LAOCHANG, WAN, branch, collector, overdue_loan

TODAY = date(2023, 12, 5)


class County:
    """Cases in three townships at two branches; 板桥 has no collector, and one loan there no branch."""

    def __init__(self, session: Session) -> None:
        self.session = session
        self.agang_branch: Branch = branch(session)
        self.laochang_branch: Branch = branch(session, "老厂支行")
        self.agang = collector(session, AGANG, name="甲")
        self.laochang = collector(session, LAOCHANG, name="乙")
        self.banker = collector(session, self.agang_branch, name="丙")
        self.laochang_banker = collector(session, self.laochang_branch, name="丁")
        places = [(AGANG, self.agang_branch), (AGANG, self.laochang_branch), (LAOCHANG, self.laochang_branch)]
        places += [(BANQIAO, self.agang_branch)]
        self.loans = [
            overdue_loan(
                session,
                township_code=place,
                branch_id=at.id,
                due_on=TODAY - timedelta(days=days),
                overdue=(days % 7 + 1) * WAN,
                as_of=TODAY,
            )
            for days in (1, 30, 31, 90, 91, 270, 271, 360, 361, 800)
            for place, at in places
        ]
        self.loans.append(
            overdue_loan(session, township_code=BANQIAO, due_on=TODAY - timedelta(days=1), overdue=WAN)
        )
        sweep(session, TODAY)
        for closed in self.loans[:3]:
            closed.overdue = 0
        sweep(session, TODAY)
        session.commit()
        self.cases = list(session.scalars(select(Case)))

    def all(self, scope: Scope = EVERYTHING, chosen: Filter = Filter(), limit: int = 1000) -> list[Case]:  # noqa: B008
        return list_cases(self.session, scope, chosen, TODAY, None, limit)


@pytest.fixture
def county(session: Session) -> County:
    return County(session)


def is_open(case: Case) -> bool:
    return case.closed_on is None


def days(case: Case) -> int:
    return (TODAY - case.due_on).days


def lacks_a_line(case: Case) -> bool:
    return case.township_user_id is None or case.branch_user_id is None


def agree(
    county: County, scope: Scope, chosen: Filter, fits: Callable[[Case], bool], some: bool = True
) -> None:
    """List and count show exactly the cases that fit, in their order."""
    expected = sorted((c for c in county.cases if fits(c)), key=lambda c: (c.due_on, c.id))
    assert bool(expected) is some
    assert county.all(scope, chosen) == expected
    total = sum(case.overdue for case in expected)
    assert count_cases(county.session, scope, chosen, TODAY, 1000) == (len(expected), total)


def test_states(county: County) -> None:
    agree(county, EVERYTHING, Filter(), is_open)
    agree(county, EVERYTHING, Filter(Listed.CLOSED), lambda c: not is_open(c))
    agree(county, EVERYTHING, Filter(Listed.UNASSIGNED), lambda c: is_open(c) and lacks_a_line(c))


def test_days_past_due_in_steps_that_leave_no_gap(county: County) -> None:
    steps = {
        Bucket.B30: range(1, 31),
        Bucket.B90: range(31, 91),
        Bucket.B270: range(91, 271),
        Bucket.B360: range(271, 361),
        Bucket.OVER: range(361, 10_000),
    }
    assert steps.keys() == set(Bucket)
    for bucket, span in steps.items():
        agree(county, EVERYTHING, Filter(bucket=bucket), lambda c, span=span: is_open(c) and days(c) in span)
    assert sum(len(county.all(chosen=Filter(bucket=bucket))) for bucket in Bucket) == len(county.all())


def test_by_place_and_by_person(county: County) -> None:
    agree(county, EVERYTHING, Filter(township=AGANG), lambda c: is_open(c) and c.township_code == AGANG)
    agree(county, EVERYTHING, Filter(township="530324"), is_open)
    agree(county, EVERYTHING, Filter(township="530325"), lambda c: False, some=False)
    at = county.laochang_branch.id
    agree(county, EVERYTHING, Filter(branch_id=at), lambda c: is_open(c) and c.branch_id == at)
    for who in (county.agang, county.banker):
        agree(
            county,
            EVERYTHING,
            Filter(collector_id=who.id),
            lambda c, who=who: is_open(c) and who.id in (c.township_user_id, c.branch_user_id),
        )


def test_filters_together(county: County) -> None:
    chosen = Filter(
        Listed.UNASSIGNED,
        township=BANQIAO,
        branch_id=county.agang_branch.id,
        bucket=Bucket.B90,
        collector_id=county.banker.id,
    )
    agree(
        county,
        EVERYTHING,
        chosen,
        lambda c: c.township_code == BANQIAO and c.branch_id is not None and 31 <= days(c) <= 90,
    )


def test_scope_narrows_every_list(county: County) -> None:
    at = county.agang_branch.id
    seen: dict[Scope, Callable[[Case], bool]] = {
        Scope("530324"): is_open,
        Scope(LAOCHANG): lambda c: is_open(c) and c.township_code == LAOCHANG,
        Scope(None, at): lambda c: is_open(c) and c.branch_id == at,
        Scope(AGANG, at): lambda c: is_open(c) and c.branch_id == at and c.township_code == AGANG,
    }
    for scope, fits in seen.items():
        agree(county, scope, Filter(), fits)
        mine = [case for case in county.cases if fits(case)]
        assert queries.counts(county.session, scope) == CaseCounts(
            len(mine), sum(map(lacks_a_line, mine)), sum(case.overdue for case in mine)
        )
    for scope in (NOTHING, Scope("530325")):
        agree(county, scope, Filter(), lambda c: False, some=False)
        assert queries.counts(county.session, scope) == CaseCounts(0, 0, 0)


def test_a_filter_does_not_widen_a_scope(county: County) -> None:
    for chosen in (Filter(township=AGANG), Filter(collector_id=county.agang.id)):
        agree(county, Scope(LAOCHANG), chosen, lambda c: False, some=False)
    agree(
        county, Scope(LAOCHANG), Filter(township="53"), lambda c: is_open(c) and c.township_code == LAOCHANG
    )


@pytest.mark.parametrize("size", [1, 4, 7, 1000])
def test_the_pages_show_every_case_once_in_one_order(county: County, size: int) -> None:
    pages: list[Case] = []
    after: tuple[date, int] | None = None
    while page := list_cases(county.session, EVERYTHING, Filter(), TODAY, after, size):
        pages += page
        after = (page[-1].due_on, page[-1].id)
    assert pages == county.all()
    assert [case.due_on for case in pages] == sorted(case.due_on for case in pages)  # longest overdue first


def test_counting_stops_where_it_was_told(county: County) -> None:
    number, overdue = count_cases(county.session, EVERYTHING, Filter(), TODAY, 5)
    assert number == 6 and 0 < overdue < sum(case.overdue for case in county.cases)


def test_a_case_beyond_the_scope_does_not_exist(county: County) -> None:
    found = next(case for case in county.all() if case.township_code == AGANG)
    session = county.session
    assert queries.find_case(session, found.id, EVERYTHING) is found
    assert queries.find_case(session, found.id, Scope(AGANG)) is found
    assert queries.find_case(session, found.id, Scope(None, found.branch_id)) is found
    for scope in (NOTHING, Scope(LAOCHANG), Scope(None, 12345)):
        assert queries.find_case(session, found.id, scope) is None
    assert queries.find_case(session, 10**9, EVERYTHING) is None


def test_the_other_cases_of_a_loan(county: County) -> None:
    again: Loan = county.loans[0]
    again.overdue = WAN
    sweep(county.session, TODAY)
    county.session.commit()
    first, second = county.session.scalars(select(Case).where(Case.loan_id == again.id).order_by(Case.id))
    assert queries.other_cases(county.session, second, EVERYTHING) == [first]
    assert queries.other_cases(county.session, second, Scope(LAOCHANG)) == []


def test_the_choices_of_the_filters(county: County) -> None:
    session = county.session
    everybody = {county.agang, county.laochang, county.banker, county.laochang_banker}
    assert set(queries.collectors(session, Scope("530324"))) == everybody
    assert set(queries.collectors(session, Scope(AGANG))) == everybody - {county.laochang}
    assert queries.collectors(session, Scope(None, county.agang_branch.id)) == [county.banker]
    assert {user.role for user in queries.collectors(session, EVERYTHING)} == {Role.TOWNSHIP, Role.BRANCH}
    assert [one.name for one in queries.branches(session, Scope(LAOCHANG))] == ["老厂支行"]
    assert {one.name for one in queries.branches(session, Scope(AGANG))} == {"阿岗支行", "老厂支行"}
    assert queries.branches(session, NOTHING) == queries.collectors(session, NOTHING) == []
