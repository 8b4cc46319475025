"""The outlook's pages on the demonstration county: every cell opens its loans, and lists add up to their cells."""

import re
from datetime import date
from decimal import Decimal
from html import unescape

import pytest
from flask import Flask
from sqlalchemy import select

from app.accounts.rules import EVERYTHING, Scope
from app.bulletin.queries import figures
from app.cases.models import Case
from app.cases.states import State
from app.db import db
from app.loans.models import Loan, Snapshot
from app.outlook import candidates
from app.outlook.fewest import fewest
from app.outlook.history import forecast, newest_day
from app.outlook.queries import By, wave
from app.outlook.rules import WAVE, coming, narrowed
from app.places.models import Region
from tests.conftest import SignIn
from tests.desk.counting import statements

COUNTY, AGANG, BANQIAO = "530324", "530324106", "530324102"
NOVEMBER, TODAY = date(2023, 11, 30), date(2023, 12, 5)


def page(signed_in: SignIn, path: str, user: str = "office") -> str:
    answer = signed_in(user).get(path + ("&" if "?" in path else "?") + "lang=en")
    assert answer.status_code == 200, path
    return unescape(answer.get_data(as_text=True))


def test_the_wave_by_looking_at_every_loan(demo_app: Flask) -> None:
    session, months = db.session(), coming(NOVEMBER, WAVE)
    assert newest_day(session) == NOVEMBER
    known = set(session.scalars(select(Case.borrower_id)))
    expected: dict[tuple[str, int], list[int]] = {}
    for snapshot, loan in session.execute(
        select(Snapshot, Loan).join(Loan, Loan.id == Snapshot.loan_id)
    ).all():
        valid = snapshot.as_of <= NOVEMBER < snapshot.until and snapshot.balance > 0 and snapshot.overdue == 0
        if valid and NOVEMBER <= snapshot.due_on <= months[-1]:
            number = next(n for n, month in enumerate(months) if snapshot.due_on <= month)
            cell = expected.setdefault((snapshot.township_code, number), [0, 0, 0])
            cell[0] += 1
            cell[1] += snapshot.balance
            cell[2] += loan.borrower_id in known
    found = wave(session, EVERYTHING, NOVEMBER, months, By.TOWNSHIP)
    cells = {key: [c.loans, c.fen, c.repeat_loans] for key, c in found.cells.items() if key[0]}
    assert cells == expected
    for by in (By.BRANCH, By.CATEGORY):
        assert wave(session, EVERYTHING, NOVEMBER, months, by).row("").fen == found.row("").fen > 0


@pytest.mark.parametrize("by", ["township", "branch", "category"])
@pytest.mark.parametrize("db_kind", ["sqlite"], indirect=True)
def test_each_cell_of_the_wave_opens_loans_that_add_up_to_it(signed_in: SignIn, by: str) -> None:
    text = page(signed_in, f"/outlook/?by={by}")
    cells = re.findall(r'<td class="num" data-value="([\d.]+)"><a href="(/outlook/loans[^"]+)"', text)
    assert len(cells) > 20
    for value, href in cells[::9]:
        assert f">{value} " in page(signed_in, href), href


@pytest.mark.parametrize("db_kind", ["sqlite"], indirect=True)
@pytest.mark.parametrize(
    ("user", "path", "status"),
    [
        ("office", "/outlook/?by=lender", 404),
        ("office", "/outlook/?region=530325", 404),
        ("agang", f"/outlook/?region={BANQIAO}", 404),
        ("agang", f"/outlook/fewest?township={BANQIAO}", 404),
        ("office", "/outlook/loans?due=1999-01", 404),
        ("office", "/outlook/loans?due=x", 404),
        ("office", "/outlook/loans?late=current&month=2023-11", 404),
        ("office", "/outlook/loans?late=31-90", 404),
        ("office", "/outlook/loans?by=category&place=rich", 404),
        ("office", "/outlook/loans?after=-1", 404),
        ("office", "/outlook/fewest?line=much", 422),
        ("office", "/outlook/fewest?line=101", 422),
        ("agang", "/outlook/", 200),
        ("agang", "/outlook/fewest", 200),
        ("agang-bank", "/outlook/", 200),
        ("agang-bank", "/outlook/forecast", 200),
        ("agang-bank", "/outlook/fewest", 200),
        ("auditor", f"/outlook/fewest?township={AGANG}&line=5.00", 200),
    ],
)
def test_who_finds_what(signed_in: SignIn, user: str, path: str, status: int) -> None:
    assert signed_in(user).get(path).status_code == status


def test_the_forecast_begins_with_the_bulletin_and_tells_its_errors(demo_app: Flask) -> None:
    session, place = db.session(), db.session.get_one(Region, COUNTY)
    told = forecast(session, place, EVERYTHING, TODAY)
    assert told is not None
    total = figures(session, COUNTY, NOVEMBER).total
    assert (told.start, told.state.stock, told.state.overdue) == (
        NOVEMBER,
        total.stock_fen,
        total.overdue_fen,
    )
    assert [each.month for each in told.months] == coming(NOVEMBER, 3)
    for each in told.months:
        assert each.roll is not None
        assert each.roll.low is not None
        assert each.nothing_paid.rate is not None
        assert each.promises.rate is not None
        assert each.roll.low <= each.roll.rate <= each.roll.high  # type: ignore[operator]
        assert each.promises.rate <= each.nothing_paid.rate
    assert [test.month for test in told.tests] == [NOVEMBER, date(2023, 10, 31)]
    assert [test.actual for test in told.tests] == [
        figures(session, COUNTY, test.month).total.overdue_rate_pct for test in told.tests
    ]
    assert told.tests[1].roll is None  # no month before September to learn from
    assert told.mean_error("roll") is not None
    assert forecast(session, place, EVERYTHING, TODAY) == told


def test_no_forecast_counts_what_the_reader_does_not_see(demo_app: Flask) -> None:
    session, place = db.session(), db.session.get_one(Region, COUNTY)
    told = forecast(session, place, Scope(AGANG), TODAY)
    assert told is not None
    assert told.state.stock == figures(session, AGANG, NOVEMBER).total.stock_fen
    branch = session.scalars(select(Loan.branch_id).where(Loan.township_code == AGANG)).first()
    told = forecast(session, place, Scope(None, branch), TODAY)
    assert told is not None
    assert told.tests[0].actual is not None


def test_the_fewest_cases_of_a_township(demo_app: Flask) -> None:
    session, inside = db.session(), narrowed(EVERYTHING, AGANG)
    one = session.scalars(
        select(Case).where(Case.township_code == AGANG, Case.closed_on.is_(None)).limit(1)
    ).one()
    one.state = State.HARDSHIP
    session.flush()
    sums = candidates.sums(session, inside, NOVEMBER, 9)[AGANG]
    total = figures(session, AGANG, NOVEMBER).total
    assert (sums.stock, sums.overdue) == (total.stock_fen, total.overdue_fen)
    found = candidates.candidates(session, inside, NOVEMBER)
    left_out = candidates.set_aside(session, inside, NOVEMBER)
    assert len(found) + left_out[0] == total.overdue_loans
    assert sum(c.overdue for c in found) + left_out[1] == total.overdue_fen
    assert one.id not in {c.case_id for c in found}
    plan = fewest(sums.stock, sums.overdue, found, Decimal("5.00"))
    assert plan.reachable
    assert plan.after is not None
    assert plan.after <= Decimal("5.00") < plan.before  # type: ignore[operator]
    smaller = sorted((c.overdue for c in found), reverse=True)[: len(plan.cases) - 1]
    assert fewest(sums.stock, sums.overdue, [c for c in found if c.overdue in smaller], Decimal("5.00")).cases


@pytest.mark.parametrize("db_kind", ["sqlite"], indirect=True)
def test_a_work_list_is_handed_to_the_bulk_page(signed_in: SignIn) -> None:
    text = page(signed_in, f"/outlook/fewest?township={AGANG}&line=5.00")
    cases = re.findall(r'<a href="/cases/(\d+)"', text)
    (bulk,) = set(re.findall(r'href="(/cases/bulk\?[^"]+)"', text))
    assert sorted(re.findall(r"id=(\d+)", bulk)) == sorted(cases)
    assert len(cases) > 3
    handed = page(signed_in, bulk)
    assert re.search(rf"\b{len(cases)}\b", handed)
    assert "/cases/bulk" not in page(signed_in, f"/outlook/fewest?township={AGANG}&line=5.00", "auditor")


@pytest.mark.parametrize("db_kind", ["sqlite"], indirect=True)
def test_the_table_of_townships_needs_no_statement_a_township(signed_in: SignIn) -> None:
    client = signed_in("office")
    for path in ("/outlook/", "/outlook/fewest", "/outlook/forecast"):
        client.get(path)
        with statements() as said:
            client.get(path)
        assert len(said) <= 30, path
    assert len(re.findall(r"township=530324", page(signed_in, "/outlook/fewest"))) > 8
