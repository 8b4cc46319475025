"""A closed month stays as it was: figures, names, targets, loans behind them and their digest, whatever comes later."""

import threading
from datetime import date
from typing import Any

import pytest
from flask import Flask
from hypothesis import Phase, given, settings
from hypothesis import strategies as st
from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from app.accounts.rules import EVERYTHING, Scope
from app.bulletin import drill
from app.bulletin.actions import set_target
from app.bulletin.checklist import check
from app.bulletin.closed import AtEnd, closed_below, hold
from app.bulletin.closing import CloseRefused, close_month, settle
from app.bulletin.digests import is_untouched, township_digests
from app.bulletin.doubts import loans_of
from app.bulletin.errata import find_errata
from app.bulletin.models import ClosedFigure, ClosedSnapshot, Erratum, MonthClose
from app.bulletin.queries import Measure, close_of, figures, trend
from app.bulletin.reopening import agree_to_reopen, ask_to_reopen
from app.bulletin.rules import CloseState, Figure, ItemKind
from app.db import db
from app.labels import T
from app.ledger.rows import LedgerRow
from app.loans.actions import decide_missing
from app.loans.models import Snapshot
from app.loans.queries import valid_on
from app.loans.rules import MissingDecision
from app.places.actions import load_places
from app.places.models import Branch, Region
from app.places.rules import Level, Place
from app.today import now
from tests.intake.world import AUGUST, LENDER, NOVEMBER, OCTOBER, SEPTEMBER, TODAY, loan, take
from tests.ledger.factory import AGANG, COUNTY, JIULONG, id_number, ledger_row

OTHER_COUNTY, OTHER_TOWNSHIP, PREFECTURE = "530325", "530325100", "5303"
DUE = {"due_on": date(2023, 9, 9)}


def listed(number: int, balance: int, township: str = AGANG, **changes: Any) -> LedgerRow:
    person = id_number(number)
    values = {
        "contract_no": f"HT-{number}", "township_code": township, "lender": LENDER, "branch": "甲支行",
        "id_number": person, "head_id": person, "head_name": "", "principal": 5_000_000, "balance": balance,
        "overdue": 0, "disbursed_on": date(2023, 3, 1), "due_on": date(2024, 3, 1),
    }  # fmt: skip
    return ledger_row(**values | changes)


@pytest.fixture
def october(session: Session) -> Session:
    """The ledger of October: two loans in 阿岗镇, one of them overdue, and one in 九龙街道."""
    rows = [listed(1, 300), listed(2, 200, overdue=200, **DUE), listed(3, 50, JIULONG)]
    take(session, rows, OCTOBER)
    set_target(session, AGANG, 2023, 1_000, "system")
    return session


def closed(session: Session, region: str = COUNTY, month: date = OCTOBER, today: date = TODAY) -> MonthClose:
    return close_month(session, region, month, "office", today)


def told(session: Session, region: str = COUNTY, month: date = OCTOBER) -> dict[str, Any]:
    """Everything that a reader is told of a month: figures by row, the loans behind them, the trend."""
    place = session.get_one(Region, region)
    found = figures(session, region, month)
    behind = {
        measure: [
            (x.contract_no, x.amount(measure)) for x in drill.all_behind(session, measure, region, month)
        ]
        for measure in Measure
    }
    total = found.total
    amounts = {Measure.STOCK: total.stock_fen, Measure.NEW: total.new_fen, Measure.OVERDUE: total.overdue_fen}
    for measure, loans in behind.items():
        assert sum(fen for _, fen in loans) == amounts[measure], measure
    row = trend(session, place, month, EVERYTHING, 3)[month]
    assert (row.stock_fen, row.overdue_loans) == (total.stock_fen, total.overdue_loans)
    return {**found.to_json(), "behind": behind}


def refused(wanted: str, call: Any, *arguments: Any) -> None:
    with pytest.raises(CloseRefused, match=wanted):
        call(*arguments)


# --- what closing freezes


def test_a_late_ledger_changes_nothing_that_was_closed(october: Session) -> None:
    """The control is that the very same ledger changes everything where the month is open."""
    close = closed(october)
    before = told(october)
    branch = october.scalars(select(Branch)).one().id
    mine = figures(october, COUNTY, OCTOBER, Scope(None, branch)).total
    take(october, [listed(1, 120, overdue=120), listed(2, 0), listed(3, 50, AGANG), listed(4, 900)], OCTOBER)
    october.expire_all()
    assert close.preserved and told(october) == before
    assert figures(october, COUNTY, OCTOBER, Scope(None, branch)).total == mine
    assert is_untouched(october, close)
    assert figures(october, AGANG, OCTOBER).total.stock_fen == 500
    living = AtEnd(Snapshot, valid_on(OCTOBER))
    assert township_digests(october, living, [AGANG, JIULONG]) != close.digests  # control
    close.state = CloseState.REOPENED
    october.flush()
    after = told(october)
    assert after != before and after["behind"] != before["behind"]


def test_an_ordinary_later_ledger_copies_nothing(october: Session) -> None:
    close, before = closed(october), told(october)
    take(october, [listed(1, 10), listed(2, 0)], NOVEMBER)
    assert not close.preserved and october.scalar(select(func.count()).select_from(ClosedSnapshot)) == 0
    assert told(october) == before and is_untouched(october, close)
    assert october.scalars(select(Erratum)).all() == []


def test_a_decision_about_a_missing_loan_is_a_late_change_too(october: Session) -> None:
    take(october, [listed(1, 300), listed(2, 200, overdue=200, **DUE)], NOVEMBER)
    take(october, [listed(3, 40, JIULONG), listed(4, 7, JIULONG)], SEPTEMBER)
    assert loan(october, "HT-4").missing_since is None
    take(october, [listed(5, 70)], AUGUST)
    missing = loan(october, "HT-3")
    missing.missing_since = OCTOBER  # as where October's ledger had left it out
    october.execute(
        update(Snapshot)
        .where(Snapshot.loan_id == missing.id, Snapshot.as_of == OCTOBER)
        .values(as_of=date(2023, 10, 9))
    )
    settle_all(october)
    close = closed(october)
    before = told(october)
    decide_missing(october, missing, MissingDecision.REPAID, "office")
    october.flush()
    assert close.preserved and told(october) == before and is_untouched(october, close)


def settle_all(session: Session, region: str = COUNTY, month: date = OCTOBER) -> None:
    for item in check(session, region, month).open:
        settle(session, region, month, item.kind, item.key, "经核对无误", "office")


def test_names_and_targets_are_those_of_then(october: Session) -> None:
    closed(october)
    before = told(october)
    october.get_one(Region, AGANG).short = "新阿岗"
    set_target(october, AGANG, 2023, 77, "system")
    october.flush()
    assert told(october) == before
    (erratum,) = october.scalars(select(Erratum)).all()
    assert (erratum.figure, erratum.place_code, erratum.old, erratum.new) == (Figure.TARGET, AGANG, 1_000, 77)


def test_a_changed_copy_is_found(october: Session) -> None:
    close = closed(october)
    take(october, [listed(4, 900)], OCTOBER)
    assert is_untouched(october, close)
    october.execute(update(ClosedSnapshot).values(balance=ClosedSnapshot.balance + 1))
    assert not is_untouched(october, close)


@pytest.mark.parametrize("db_kind", ["sqlite"])
def test_the_digest_is_what_the_documents_say(october: Session) -> None:
    """Against a slow and obvious one: lines by the loan's number, the township's digest, the digest over them."""
    from hashlib import sha256

    close, lines = closed(october), {AGANG: "", JIULONG: ""}
    for s in october.scalars(select(Snapshot).order_by(Snapshot.loan_id)):
        values = (s.loan_id, s.as_of, s.township_code, s.branch_id, s.household_id, s.principal, s.balance, s.overdue,
                  s.disbursed_on, s.due_on, s.repaid, s.repaid_on)  # fmt: skip
        lines[s.township_code] += "|".join("" if v is None else str(v) for v in values) + "\n"
    digests = {code: sha256(text.encode()).hexdigest() for code, text in lines.items()}
    assert close.digests == digests
    over = "".join(f"{code} {digest}\n" for code, digest in sorted(digests.items()))
    assert close.digest == sha256(over.encode()).hexdigest()


# --- levels


@pytest.fixture
def two_counties(october: Session) -> Session:
    load_places(october, [
        Place(OTHER_COUNTY, Level.COUNTY, "富源县", "富源县"),
        Place(OTHER_TOWNSHIP, Level.TOWNSHIP, "营上镇", "营上镇"),
    ])  # fmt: skip
    take(october, [listed(9, 1_000, OTHER_TOWNSHIP)], OCTOBER)
    return october


def test_a_prefecture_uses_what_its_closed_counties_froze_and_the_rest_as_it_lives(
    two_counties: Session,
) -> None:
    session = two_counties
    close = closed(session)
    assert close_of(session, PREFECTURE, OCTOBER) is None and close_of(session, AGANG, OCTOBER) is close
    take(session, [listed(1, 1), listed(9, 2_000, OTHER_TOWNSHIP)], OCTOBER)
    rows = {row.code: row.stock_fen for row in figures(session, PREFECTURE, OCTOBER).rows}
    assert rows == {COUNTY: 550, OTHER_COUNTY: 2_000}
    told(session, PREFECTURE)
    whole = closed(session, PREFECTURE)
    take(session, [listed(9, 3, OTHER_TOWNSHIP)], OCTOBER)
    assert figures(session, PREFECTURE, OCTOBER).total.stock_fen == 2_550
    assert figures(session, OTHER_COUNTY, OCTOBER).total.stock_fen == 2_000
    assert is_untouched(session, close) and is_untouched(session, whole)
    told(session, PREFECTURE), told(session, OTHER_COUNTY)


def test_a_closed_county_is_not_asked_about_again(two_counties: Session) -> None:
    session = two_counties
    take(session, [listed(1, 1), listed(9, 1, OTHER_TOWNSHIP)], SEPTEMBER)  # so both have risen since
    assert {i.key for i in check(session, PREFECTURE, OCTOBER).open} == {""}
    assert closed_below(session, PREFECTURE)[OCTOBER] == (0, 2)
    settle_all(session)
    closed(session)
    risen, number = loans_of(session, ItemKind.RISEN, PREFECTURE, OCTOBER, EVERYTHING, 0, 9)
    assert [doubt.loan.contract_no for doubt in risen] == ["HT-9"] and number == 1
    settle_all(session, OTHER_COUNTY)
    closed(session, OTHER_COUNTY)
    assert check(session, PREFECTURE, OCTOBER).open == [] and closed_below(session, PREFECTURE)[OCTOBER] == (
        2,
        2,
    )
    assert closed(session, PREFECTURE).digests.keys() == {AGANG, JIULONG, OTHER_TOWNSHIP}


def test_only_the_regions_that_a_late_ledger_is_about_are_copied(two_counties: Session) -> None:
    ours, theirs = closed(two_counties), closed(two_counties, OTHER_COUNTY)
    take(two_counties, [listed(9, 5, OTHER_TOWNSHIP)], SEPTEMBER)
    assert (ours.preserved, theirs.preserved) == (False, True)
    take(
        two_counties, [listed(1, 5, OTHER_TOWNSHIP)], SEPTEMBER
    )  # a loan that is one of ours at the month's end
    assert ours.preserved and is_untouched(two_counties, ours)


# --- what is not closed


def test_what_cannot_be_closed(october: Session) -> None:
    refused("neither", closed, october, AGANG)
    refused("can be closed from 2023-10-31 on", closed, october, COUNTY, OCTOBER, date(2023, 10, 30))
    with pytest.raises(LookupError):
        closed(october, "530399")
    load_places(october, [Place(OTHER_COUNTY, Level.COUNTY, "富源县", "富源县")])
    refused("No loan of 富源县 is known", closed, october, OTHER_COUNTY)
    close = closed(october)
    refused("was closed by office", closed, october)
    assert october.scalars(select(MonthClose)).all() == [close]
    assert october.scalar(select(func.count()).select_from(ClosedFigure)) == 2


def test_a_close_without_its_ledger_says_which_is_missing(october: Session) -> None:
    take(october, [listed(7, 40, lender="罗平村镇银行")], SEPTEMBER)
    refused("A ledger is missing. 罗平村镇银行, 罗平县: no ledger of this month is taken", closed, october)
    key = f"{loan(october, 'HT-7', '罗平村镇银行').lender_id}-{COUNTY}"
    refused(
        "A reason does not settle this",
        settle,
        october,
        COUNTY,
        OCTOBER,
        ItemKind.LEDGER,
        key,
        "忘了",
        "office",
    )
    take(october, [listed(7, 30, lender="罗平村镇银行")], OCTOBER)
    assert closed(october).closed_by == "office"


def test_of_two_who_close_at_once_one_wins(october: Session, app: Flask) -> None:
    october.commit()
    came: list[str] = []

    def run() -> None:
        with app.app_context():
            try:
                came.append(closed(db.session()).digest)
                db.session.commit()
            except CloseRefused as refused:
                came.append(str(refused))

    threads = [threading.Thread(target=run) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=60)
    october.rollback()
    (close,) = october.scalars(select(MonthClose)).all()
    assert close.digest in came and sum("was closed by office" in said for said in came) == 1


# --- errata, and opening again


def test_what_turns_out_otherwise_is_kept_with_its_cause(october: Session) -> None:
    close = closed(october)
    take(october, [listed(1, 290)], OCTOBER)
    (erratum,) = october.scalars(select(Erratum)).all()
    assert (erratum.figure, erratum.place_code, erratum.old, erratum.new) == (Figure.STOCK, AGANG, 500, 490)
    assert "ledger.csv" in str(erratum.cause)
    take(october, [listed(1, 300)], OCTOBER)
    assert october.scalars(select(Erratum)).all() == [], "nothing differs any more"
    take(october, [listed(1, 280)], OCTOBER)
    october.scalars(select(Erratum)).one().edition = "12号"
    take(october, [listed(1, 270)], OCTOBER)
    assert [(e.old, e.new) for e in october.scalars(select(Erratum).order_by(Erratum.id))] == [
        (500, 480),
        (480, 470),
    ]
    assert find_errata(october, OCTOBER, T("again"))[0].cause["msgid"] != "again", "the first cause stays"
    assert close.preserved


def test_two_people_open_a_month_again(october: Session) -> None:
    close = closed(october)
    take(october, [listed(1, 290)], OCTOBER)
    refused("Nobody has asked", agree_to_reopen, october, close, "leader")
    refused("Say why", ask_to_reopen, october, close, "  ", "office")
    refused("on whose behalf", ask_to_reopen, october, close, "农商行更正", "system")
    ask_to_reopen(october, close, "农商行更正", "office")
    refused("office has asked", ask_to_reopen, october, close, "再来", "leader")
    refused("yourself", agree_to_reopen, october, close, "office")
    assert figures(october, COUNTY, OCTOBER).total.stock_fen == 550
    agree_to_reopen(october, close, "leader")
    assert close.state is CloseState.REOPENED
    assert figures(october, COUNTY, OCTOBER).total.stock_fen == 540
    for empty in (ClosedSnapshot, Erratum):
        assert october.scalars(select(empty)).all() == []
    refused("open already", agree_to_reopen, october, close, "leader")
    assert not hold(october, close), "whoever publishes meanwhile is told"
    again = closed(october)
    assert hold(october, again)
    assert again.digest != close.digest and figures(october, COUNTY, OCTOBER).total.stock_fen == 540


def test_a_published_month_is_not_opened_again(october: Session) -> None:
    close = closed(october)
    ask_to_reopen(october, close, "农商行更正", "office")
    close.published_at = now()
    october.flush()
    for call in (agree_to_reopen, lambda *a: ask_to_reopen(a[0], a[1], "?", a[2])):
        refused("told as an erratum in the next one", call, october, close, "leader")


# --- any history


LOANS = st.builds(
    lambda number, balance, late, township: listed(
        number, balance, township, overdue=balance if late else 0,
        lender=LENDER, branch=("甲支行", "乙支行")[number % 2],
    ),
    st.integers(1, 6), st.integers(0, 900), st.booleans(), st.sampled_from([AGANG, JIULONG]),
)  # fmt: skip
LEDGERS = st.lists(LOANS, min_size=1, max_size=5, unique_by=lambda row: row.contract_no)


@pytest.mark.slow
def test_nothing_that_comes_later_changes_a_closed_month(session: Session, db_kind: str) -> None:
    @settings(max_examples={"sqlite": 15, "postgresql": 6}[db_kind], deadline=None, phases=(Phase.generate,))
    @given(
        LEDGERS,
        LEDGERS,
        st.lists(st.tuples(st.sampled_from([AUGUST, SEPTEMBER, OCTOBER, NOVEMBER]), LEDGERS), max_size=4),
    )
    def check(
        first: list[LedgerRow], second: list[LedgerRow], later: list[tuple[date, list[LedgerRow]]]
    ) -> None:
        try:
            take(session, first, SEPTEMBER)
            take(session, second, OCTOBER)
            settle_all(session)
            close = closed(session)
            before = told(session)
            for day, rows in later:
                take(session, rows, day)
                session.expire_all()
                assert told(session) == before and is_untouched(session, close)
            known = {(e.place_code, e.figure): (e.old, e.new) for e in session.scalars(select(Erratum))}
            frozen = {(r.code, Figure.STOCK): r.stock_fen for r in figures(session, COUNTY, OCTOBER).rows}
            close.state = CloseState.REOPENED
            session.flush()
            living = {(r.code, Figure.STOCK): r.stock_fen for r in figures(session, COUNTY, OCTOBER).rows}
            for key, fen in frozen.items():
                assert known.get(key, (fen, fen)) == (fen, living[key])
        finally:
            session.rollback()

    check()
