"""Every number of the measures opens what it is made of; the list has as many and adds up to it."""

import re
from datetime import date

import pytest
from flask import Flask
from sqlalchemy import select

from app.accounts.rules import EVERYTHING, NOTHING, Scope
from app.cases.models import Case
from app.contacts.models import Contact
from app.contacts.rules import Channel, Reached
from app.db import db
from app.forces.rules import Line
from app.loans.models import Snapshot
from app.measures.lists import listed
from app.measures.queries import Period, behind, count, rolled, rolls
from app.measures.rules import Kind, stage
from app.promises.models import Promise
from app.promises.rules import JUDGED, PromiseState
from tests.conftest import SignIn
from tests.desk.counting import statements

NOVEMBER = Period(date(2023, 11, 1), date(2023, 11, 30))
AGANG = Scope(region="530324106")


def test_each_count_is_the_length_of_its_list(demo_app: Flask) -> None:
    session = db.session()
    for by_branch in (False, True):
        for counts in count(session, NOVEMBER, EVERYTHING, by_branch):
            for kind, counted in counts.by_kind.items():
                made = behind(kind, NOVEMBER, EVERYTHING)
                found = listed(session, made, place=counts.place, by_branch=by_branch, after=0, limit=10_000)
                assert len(found.entries) == found.number == counted.number, (counts.place, kind)
                assert sum(entry.fen for entry in found.entries) == found.fen == counted.fen


def test_coverage_by_looking_at_every_case(demo_app: Flask) -> None:
    session = db.session()
    open_cases = [
        c
        for c in session.scalars(select(Case))
        if c.opened_on <= NOVEMBER.last and (c.closed_on is None or c.closed_on > NOVEMBER.last)
    ]
    touched: dict[int, set[Line | None]] = {}
    for contact in session.scalars(select(Contact)):
        if NOVEMBER.first <= contact.on <= NOVEMBER.last and contact.channel is not Channel.NOTE:
            touched.setdefault(contact.case_id, set()).add(contact.line)
    expected = dict.fromkeys((Kind.BOTH, Kind.TOWNSHIP_ONLY, Kind.BRANCH_ONLY, Kind.NEITHER), 0)
    for case in open_cases:
        lines = touched.get(case.id, set())
        kind = {
            (True, True): Kind.BOTH,
            (True, False): Kind.TOWNSHIP_ONLY,
            (False, True): Kind.BRANCH_ONLY,
            (False, False): Kind.NEITHER,
        }[Line.TOWNSHIP in lines, Line.BRANCH in lines]
        expected[kind] += 1
    total = count(session, NOVEMBER, EVERYTHING)[0].by_kind
    assert {kind: total[kind].number for kind in expected} == expected
    assert total[Kind.OPEN].number == len(open_cases) > 0


def test_contacts_promises_and_cured_by_looking_at_each(demo_app: Flask) -> None:
    session = db.session()
    corrected = {c.corrects_id for c in session.scalars(select(Contact))}
    tries = [
        c
        for c in session.scalars(select(Contact))
        if NOVEMBER.first <= c.on <= NOVEMBER.last
        and c.channel in (Channel.CALL, Channel.VISIT)
        and c.id not in corrected
    ]
    judged = [
        one.state
        for one in session.scalars(select(Promise))
        if one.judged_on and NOVEMBER.first <= one.judged_on <= NOVEMBER.last and one.state in JUDGED
    ]
    at = {
        day: {s.loan_id: s for s in session.scalars(select(Snapshot)) if s.as_of <= day < s.until}
        for day in (NOVEMBER.before, NOVEMBER.last)
    }
    was = [s for s in at[NOVEMBER.before].values() if s.overdue > 0]
    now = [at[NOVEMBER.last].get(s.loan_id) for s in was]
    cured = [s for s, later in zip(was, now, strict=True) if later is not None and later.overdue == 0]
    expected = {
        Kind.TOWNSHIP_ATTEMPTS: sum(c.line is Line.TOWNSHIP for c in tries),
        Kind.TOWNSHIP_RIGHT: sum(c.line is Line.TOWNSHIP and c.reached is Reached.BORROWER for c in tries),
        Kind.BRANCH_ATTEMPTS: sum(c.line is Line.BRANCH for c in tries),
        Kind.BRANCH_RIGHT: sum(c.line is Line.BRANCH and c.reached is Reached.BORROWER for c in tries),
        Kind.JUDGED: len(judged),
        Kind.KEPT: judged.count(PromiseState.KEPT),
        Kind.OPENING: len(was),
        Kind.CURED: len(cured),
    }
    total = count(session, NOVEMBER, EVERYTHING)[0].by_kind
    assert {kind: total[kind].number for kind in expected} == expected
    assert total[Kind.CURED].fen == sum(s.overdue for s in cured) > 0
    assert all(number for kind, number in expected.items() if kind is not Kind.KEPT)


def test_kinds_of_the_same_rows_take_one_statement(demo_app: Flask) -> None:
    with statements() as said:
        count(db.session(), NOVEMBER, EVERYTHING)
    assert len([one for one in said if one.startswith("SELECT")]) == 4


def test_the_roll_by_looking_at_every_loan(demo_app: Flask) -> None:
    session = db.session()

    def at(day: date) -> dict[int, Snapshot]:
        return {s.loan_id: s for s in session.scalars(select(Snapshot)) if s.as_of <= day < s.until}

    before, now = at(NOVEMBER.before), at(NOVEMBER.last)
    expected: dict[tuple[str, str], list[int]] = {}
    for loan_id, was in before.items():
        if was.balance > 0:
            became = now[loan_id]
            start = stage(balance=was.balance, overdue=was.overdue, due=was.due_on, day=NOVEMBER.before)
            end = stage(balance=became.balance, overdue=became.overdue, due=became.due_on, day=NOVEMBER.last)
            cell = expected.setdefault((start, end), [0, 0])
            cell[0] += 1
            cell[1] += was.balance
    found = rolls(session, NOVEMBER, EVERYTHING)
    assert {(r.start, r.end): [r.loans, r.balance] for r in found} == expected
    assert len(expected) > 3
    for roll in found:
        made = rolled(NOVEMBER, EVERYTHING, roll.start, roll.end)
        cell = listed(session, made, place="", by_branch=False, after=0, limit=1)
        assert (cell.number, cell.fen) == (roll.loans, roll.balance)


def test_a_scope_narrows_every_kind(demo_app: Flask) -> None:
    session = db.session()
    own = count(session, NOVEMBER, AGANG)
    assert {c.place for c in own} == {"", "530324106"}
    everything = {c.place: c.by_kind for c in count(session, NOVEMBER, EVERYTHING)}
    assert own[1].by_kind == everything["530324106"]
    assert all(c.number == 0 for c in count(session, NOVEMBER, NOTHING)[0].by_kind.values())
    assert rolls(session, NOVEMBER, NOTHING) == []


@pytest.mark.parametrize("user", ["office", "leader", "auditor", "agang", "agang-bank"])
def test_the_numbers_on_the_page_open_their_lists(signed_in: SignIn, user: str) -> None:
    client = signed_in(user)
    page = client.get("/measures/?month=2023-11&lang=en").get_data(as_text=True)
    links = set(re.findall(r'href="(/measures/behind[^"]+)"', page))
    assert len(links) > 5
    for link in links:
        answer = client.get(link.replace("&amp;", "&"))
        assert answer.status_code == 200, link


@pytest.mark.parametrize(
    "query",
    [
        "month=2023-13",
        "month=1999-01",
        "month=2023-11&by=lender",
    ],
)
def test_what_cannot_be_measured_is_not_there(signed_in: SignIn, query: str) -> None:
    assert signed_in("office").get(f"/measures/?{query}").status_code == 404


@pytest.mark.parametrize("query", ["", "kind=none", "start=current", "start=x&end=y", "kind=open&place=x'"])
def test_a_list_of_nothing_known_is_not_there(signed_in: SignIn, query: str) -> None:
    assert signed_in("office").get(f"/measures/behind?{query}").status_code == 404


def test_before_the_first_ledger_the_page_says_so(app: Flask, session: object) -> None:
    from app.measures.queries import months

    assert months(db.session(), date(2023, 12, 5), 13) == []
