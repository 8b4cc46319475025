"""The figures from the database: against a slow and obvious count, in every region, scope and cache state."""

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date

import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st
from sqlalchemy import delete, func, select, update
from sqlalchemy.orm import Session

from app.accounts.rules import EVERYTHING, NOTHING, Scope
from app.bulletin.actions import set_target
from app.bulletin.drill import all_behind, loans_behind, loans_here
from app.bulletin.figures import FigureRow
from app.bulletin.models import FigureCache
from app.bulletin.queries import Measure, figures, newest_month
from app.ledger.rows import LedgerRow
from app.places.actions import load_places
from app.places.models import Branch
from app.places.rules import Level, Place
from tests.intake.world import (
    AUGUST,
    LENDER,
    NOVEMBER,
    OCTOBER,
    OTHER_LENDER,
    SEPTEMBER,
    take,
)
from tests.ledger.factory import AGANG, COUNTY, JIULONG, LAOCHANG, id_number, ledger_row

OTHER_COUNTY, OTHER_TOWNSHIP, PREFECTURE, PROVINCE = "530325", "530325100", "5303", "53"
TOWNSHIPS = (AGANG, JIULONG, LAOCHANG, OTHER_TOWNSHIP)
MONTHS = (AUGUST, SEPTEMBER, OCTOBER, NOVEMBER)
EXAMPLES = {"sqlite": 12, "postgresql": 5}
UNSHRUNK = (Phase.explicit, Phase.reuse, Phase.generate)  # the portfolios are small; shrinking takes minutes
History = list[tuple[date, list[LedgerRow]]]


# --- the slow and obvious count


@dataclass
class Counts:
    """What a bulletin says of one township; heads of households as sets, so that nobody counts twice."""

    stock_heads: set[str]
    stock: int
    new_heads: set[str]
    new: int
    overdue_heads: set[str]
    overdue: int
    loans: int

    def as_row(self) -> tuple[int, ...]:
        heads = len(self.stock_heads), len(self.new_heads), len(self.overdue_heads)
        return (heads[0], self.stock, heads[1], self.new, heads[2], self.overdue, self.loans)


def counted(history: History, day: date, branch: str | None = None) -> dict[str, Counts]:
    """By township, from the last thing that any ledger up to ``day`` said of each loan."""
    said: dict[tuple[str | None, str], tuple[date, LedgerRow]] = {}
    for as_of, rows in history:
        if as_of <= day:
            said.update({(row.lender, row.contract_no): (as_of, row) for row in rows})
    found: dict[str, Counts] = defaultdict(lambda: Counts(set(), 0, set(), 0, set(), 0, 0))
    for as_of, row in said.values():
        if branch not in (None, row.branch):
            continue
        counts, head = found[row.township_code], row.head_id or row.id_number
        overdue = row.overdue if row.overdue is not None else row.balance if row.due_on < as_of else 0
        if row.balance > 0:
            counts.stock_heads.add(head)
            counts.stock += row.balance
        if row.disbursed_on.year == day.year and row.disbursed_on <= day:
            counts.new_heads.add(head)
            counts.new += row.principal
        if overdue > 0:
            counts.overdue_heads.add(head)
            counts.overdue += overdue
            counts.loans += 1
    return found


def as_row(row: FigureRow) -> tuple[int, ...]:
    return (
        row.stock_households, row.stock_fen, row.new_households, row.new_fen, row.overdue_households, row.overdue_fen,
        row.overdue_loans,
    )  # fmt: skip


def summed(rows: Iterator[tuple[int, ...]]) -> tuple[int, ...]:
    return tuple(map(sum, zip(*rows, strict=True))) or (0,) * 7


# --- random portfolios


@st.composite
def histories(draw: st.DrawFn) -> History:
    """Ledgers of some months, of two lenders; a loan keeps its number, everything else may change."""
    history: History = []
    for month in draw(st.sets(st.sampled_from(MONTHS), min_size=1)):
        rows = []
        for number in draw(st.sets(st.integers(1, 12), min_size=1, max_size=8)):
            principal = draw(st.integers(1, 10**7))
            balance = draw(st.integers(0, principal))
            rows.append(ledger_row(
                contract_no=f"HT-{number}", lender=draw(st.sampled_from([LENDER, OTHER_LENDER])), head_name="",
                township_code=draw(st.sampled_from(TOWNSHIPS)), branch=draw(st.sampled_from(["甲支行", "乙支行"])),
                id_number=id_number(draw(st.integers(0, 5))), principal=principal, balance=balance,
                head_id=draw(st.sampled_from([None, id_number(0), id_number(6)])),
                overdue=draw(st.one_of(st.none(), st.just(0), st.integers(0, balance))),
                disbursed_on=draw(st.sampled_from([date(2022, 12, 31), date(2023, 1, 1), date(2023, 9, 30), OCTOBER])),
                due_on=draw(st.sampled_from([date(2023, 10, 30), OCTOBER, date(2024, 9, 9)])),
            ))  # fmt: skip
        once = {(row.lender, row.contract_no): row for row in rows}
        history.append((month, list(once.values())))
    return sorted(history, key=lambda ledger: ledger[0])


@pytest.fixture
def two_counties(session: Session) -> Session:
    other = [
        Place(OTHER_COUNTY, Level.COUNTY, "富源县", "富源县"),
        Place(OTHER_TOWNSHIP, Level.TOWNSHIP, "营上镇", "营上镇"),
    ]
    load_places(session, other)
    session.commit()
    return session


@pytest.mark.slow
def test_random_portfolios_agree_with_the_obvious_count(two_counties: Session, db_kind: str) -> None:
    session = two_counties

    @settings(max_examples=EXAMPLES[db_kind], deadline=None, phases=UNSHRUNK)
    @given(history=histories())
    def check(history: History) -> None:
        for as_of, rows in history:
            take(session, rows, as_of)
        try:
            for month in MONTHS:
                _agree(session, history, month)
        finally:
            session.rollback()

    check()


def _agree(session: Session, history: History, month: date) -> None:
    expected = {code: counts.as_row() for code, counts in counted(history, month).items()}
    for county in (COUNTY, OTHER_COUNTY):
        found = figures(session, county, month)
        for row in found.rows:
            assert as_row(row) == expected.get(row.code, (0,) * 7), (month, row.code)
        assert as_row(found.total) == summed(as_row(row) for row in found.rows)
    prefecture = figures(session, PREFECTURE, month)
    assert as_row(prefecture.total) == (summed(iter(expected.values())) if expected else (0,) * 7)
    assert as_row(figures(session, PROVINCE, month).total) == as_row(prefecture.total)
    cached = figures(session, COUNTY, month).to_json()
    _scopes_agree(session, history, month)
    _drill_down_agrees(session, month)
    with session.begin_nested() as savepoint:
        session.execute(delete(FigureCache))
        assert figures(session, COUNTY, month).to_json() == cached
        savepoint.rollback()


def _scopes_agree(session: Session, history: History, month: date) -> None:
    for branch in session.scalars(select(Branch).order_by(Branch.id).limit(2)):
        rows = [(day, [r for r in ledger if r.lender == branch.lender.name]) for day, ledger in history]
        expected = {code: c.as_row() for code, c in counted(rows, month, branch.name).items()}
        found = figures(session, PREFECTURE, month, Scope(region=None, branch_id=branch.id))
        assert as_row(found.total) == (summed(iter(expected.values())) if expected else (0,) * 7)
    whole = {row.code: as_row(row) for row in figures(session, COUNTY, month).rows}
    (row,) = figures(session, COUNTY, month, Scope(region=AGANG)).rows
    assert (row.code, as_row(row)) == (AGANG, whole[AGANG])


def _drill_down_agrees(session: Session, month: date) -> None:
    """The loans behind a figure add up to it, to the 分, whether a page or all of them are read."""
    found = figures(session, COUNTY, month)
    for row in (found.total, *found.rows):
        for measure, households, amount in (
            (Measure.STOCK, row.stock_households, row.stock_fen),
            (Measure.NEW, row.new_households, row.new_fen),
            (Measure.OVERDUE, row.overdue_households, row.overdue_fen),
        ):
            lines = list(all_behind(session, measure, row.code, month))
            assert sum(line.amount(measure) for line in lines) == amount
            assert len({(line.township_code, line.household_id) for line in lines}) == households
            if row is found.total:
                assert loans_here(session, found, measure, EVERYTHING) == (len(lines), False)
                assert lines == loans_behind(session, measure, row.code, month, EVERYTHING, 0, 1000)


# --- the cache


def test_a_cache_of_another_revision_is_not_used(session: Session) -> None:
    take(session, [ledger_row(balance=500)], OCTOBER)
    session.execute(update(FigureCache).values(stock=1))
    assert figures(session, COUNTY, OCTOBER).total.stock_fen == 1  # it is read, so that a page need not count
    session.execute(update(FigureCache).values(revision=FigureCache.revision - 1))
    assert figures(session, COUNTY, OCTOBER).total.stock_fen == 500


def test_months_before_an_older_ledger_keep_their_cache(session: Session) -> None:
    take(session, [ledger_row(balance=1)], AUGUST)
    take(session, [ledger_row(balance=2)], NOVEMBER)
    take(session, [ledger_row(balance=4)], OCTOBER)
    cached = dict(
        session.execute(
            select(FigureCache.month, func.sum(FigureCache.stock)).group_by(FigureCache.month)
        ).all()
    )
    assert cached == {AUGUST: 1, SEPTEMBER: 1, OCTOBER: 5, NOVEMBER: 3}
    assert len(set(session.scalars(select(FigureCache.revision)))) == 1
    assert newest_month(session) == NOVEMBER


def test_a_ledger_of_the_middle_of_a_month_is_the_months_until_a_later_one(session: Session) -> None:
    row = ledger_row(contract_no="A", balance=500)
    take(session, [row], date(2023, 10, 15))
    found = figures(session, COUNTY, OCTOBER)
    assert (found.total.stock_fen, found.as_of) == (500, date(2023, 10, 15))
    take(session, [row._replace(balance=400)], OCTOBER)
    found = figures(session, COUNTY, OCTOBER)
    assert (found.total.stock_fen, found.as_of) == (400, OCTOBER)


# --- what nobody may see, what is not there


def test_figures_outside_the_scope_are_refused(two_counties: Session) -> None:
    for region, scope in ((COUNTY, Scope(region=OTHER_COUNTY)), (COUNTY, NOTHING), ("999999", EVERYTHING)):
        with pytest.raises(LookupError):
            figures(two_counties, region, OCTOBER, scope)


def test_a_county_without_a_ledger_has_no_rate_and_no_completion(session: Session) -> None:
    total = figures(session, COUNTY, OCTOBER).total.to_json()
    assert (
        total["stock_wan"] == "0.00" and total["overdue_rate_pct"] is None and total["completion_pct"] is None
    )


def test_a_target_of_some_townships_is_no_target_of_the_county(session: Session) -> None:
    set_target(session, AGANG, 2023, 100, "system")
    found = figures(session, COUNTY, OCTOBER)
    assert found.total.target_fen is None
    assert {row.code: row.target_fen for row in found.rows}[AGANG] == 100
    set_target(session, COUNTY, 2023, 700, "system")
    assert figures(session, COUNTY, OCTOBER).total.target_fen == 700
