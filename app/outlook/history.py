"""The forecast of a region: how its loans stand, what the past months tell, what has been promised."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import ColumnElement, and_, case, func, or_, select
from sqlalchemy.orm import Session

from app.accounts.rules import Scope
from app.bulletin.queries import count, newest_month, snapshots_in, trend
from app.cases.models import Case
from app.cases.queries import cases_in
from app.lines.rules import printed_rate
from app.loans.models import Snapshot
from app.loans.queries import valid_on
from app.measures.flows import flows
from app.measures.queries import Period, months, stage_of
from app.measures.rules import LATE, Flow, Stage
from app.outlook.rolling import Standing, roll
from app.outlook.rules import (
    HISTORY,
    HORIZON,
    TESTED,
    Ahead,
    BackTest,
    Forecast,
    Rate,
    State,
    coming,
    kept_as_before,
    narrowed,
    nothing_paid,
    promises_kept,
    standing_before,
    wilson,
)
from app.places.models import Region
from app.promises.models import Instalment, Promise
from app.promises.rules import JUDGED, PromiseState


@dataclass(frozen=True, slots=True)
class Past:
    """A month that is over: its roll, and the stock and overdue amount at its end, 分."""

    month: date
    before: date
    flows: tuple[Flow, ...]
    stock: int
    overdue: int

    @property
    def growth(self) -> float:
        """New lending of the month, as a share of the stock before it."""
        before = sum(f.before for f in self.flows)
        return max(self.stock - sum(f.balance for f in self.flows), 0) / before if before else 0.0


def newest_day(session: Session) -> date | None:
    """The day of the newest ledger."""
    return session.scalar(select(func.max(Snapshot.as_of)))


def _sum(*conditions: ColumnElement[bool], of: Any = None) -> ColumnElement[int]:
    amount = Snapshot.balance if of is None else of
    return func.coalesce(func.sum(case((and_(*conditions), amount), else_=0)), 0)


def _falls_due(start: date, ends: Sequence[date], number: int) -> ColumnElement[bool]:
    """Not overdue now, and overdue by the month end of that number if nothing is paid, but not by the one before."""
    first = ends[number - 1] if number else start
    return and_(Snapshot.overdue <= 0, Snapshot.due_on >= first, Snapshot.due_on < ends[number])


def standing(session: Session, scope: Scope, start: date, ends: Sequence[date]) -> tuple[Standing, State]:
    """How the loans of ``scope`` stand on ``start``: one statement."""
    stage = stage_of(Snapshot, start)
    query = select(
        _sum(Snapshot.balance > 0),
        func.coalesce(func.sum(Snapshot.overdue), 0),
        _sum(stage == Stage.CURRENT.value),
        *(_sum(_falls_due(start, ends, number)) for number in range(len(ends))),
        *(_sum(stage == late.value) for late in LATE),
    ).where(valid_on(start), snapshots_in(scope))
    stock, overdue, current, *rest = (int(value) for value in session.execute(query).one())
    due, late = tuple(rest[: len(ends)]), dict(zip(LATE, rest[len(ends) :], strict=True))
    return Standing(due, current - sum(due), late), State(stock, overdue, due)


def state_ahead(
    session: Session, scope: Scope, start: date, horizon: int = HORIZON
) -> tuple[list[date], State]:
    """The coming month ends, and what turns overdue by each."""
    ends = coming(start, horizon)
    return ends, standing(session, scope, start, ends)[1]


def past_months(session: Session, place: Region, scope: Scope, start: date) -> list[Past]:
    """The months that are over and have a ledger at both ends, newest first."""
    known = [m for m in months(session, start, HISTORY + 2) if m <= start]
    stocks = _stocks(session, place, scope, known)
    found = []
    for month in known[:-1][:HISTORY]:
        period = Period.of(month, start)
        found.append(Past(month, period.before, tuple(flows(session, period, scope)), *stocks[month]))
    return found


def _stocks(
    session: Session, place: Region, scope: Scope, known: Sequence[date]
) -> dict[date, tuple[int, int]]:
    """Stock and overdue amount at the month ends: the bulletin's."""
    if not known:
        return {}
    kept = trend(session, place, max(known), scope, len(known) + 1)
    found = {month: (row.stock_fen, row.overdue_fen) for month, row in kept.items()}
    for month in known:
        if month not in found:
            counted = count(session, month, scope, place.code)
            found[month] = sum(c.stock for c in counted), sum(c.overdue for c in counted)
    return found


def promised(
    session: Session, scope: Scope, base: date, ends: Sequence[date], until: date | None = None
) -> list[int]:
    """What was promised on ``base`` to be paid by each month end, no more than each loan owed overdue then, 分.

    Promises taken until ``until`` count too: the business date, when the ledger is older.
    """
    until = until or base
    open_then = and_(
        Promise.taken_on <= until,
        or_(Promise.judged_on.is_(None), Promise.judged_on > until),
        or_(Promise.cancelled_on.is_(None), Promise.cancelled_on > until),
    )
    sums = [func.sum(case((Instalment.due_on <= end, Instalment.amount), else_=0)) for end in ends]
    by_loan = (
        select(Promise.loan_id, *(total.label(f"m{n}") for n, total in enumerate(sums)))
        .join(Instalment, Instalment.promise_id == Promise.id)
        .join(Case, Case.id == Promise.case_id)
        .where(open_then, Instalment.due_on > base, cases_in(scope))
        .group_by(Promise.loan_id)
        .subquery()
    )
    capped = [
        func.coalesce(func.sum(case((column < Snapshot.overdue, column), else_=Snapshot.overdue)), 0)
        for column in (by_loan.c[f"m{n}"] for n in range(len(ends)))
    ]
    query = (
        select(*capped)
        .select_from(by_loan)
        .join(Snapshot, and_(Snapshot.loan_id == by_loan.c.loan_id, valid_on(base), Snapshot.overdue > 0))
    )
    return [int(value) for value in session.execute(query).one()]


def judged(session: Session, scope: Scope, since: date, until: date) -> tuple[int, int]:
    """How many promises were judged between the days, and how many of them kept."""
    query = (
        select(func.count(), func.count().filter(Promise.state == PromiseState.KEPT))
        .select_from(Promise)
        .join(Case, Case.id == Promise.case_id)
        .where(Promise.judged_on.between(since, until), Promise.state.in_(JUDGED), cases_in(scope))
    )
    number, kept = session.execute(query).one()
    return int(number), int(kept)


def forecast(session: Session, place: Region, reader: Scope, today: date) -> Forecast | None:
    """What the overdue rate of ``place`` will be, as far as ``reader`` sees it; None before the first ledger."""
    start = newest_day(session)
    if start is None or newest_month(session) is None:
        return None
    scope, ends = narrowed(reader, place.code), coming(start, HORIZON)
    where, state = standing(session, scope, start, ends)
    past = past_months(session, place, scope, start)
    rolled = roll(where, [p.flows for p in past], _growth(past))
    said = promised(session, scope, start, ends, max(today, start))
    number, kept = judged(session, scope, past[-1].before if past else start, max(today, start))
    shares = wilson(kept, number)
    ahead = tuple(
        Ahead(
            end, nothing_paid(state, n), rolled[n] if rolled else None,
            kept_as_before(state, n, said[n], shares), said[n],
        )
        for n, end in enumerate(ends)
    )  # fmt: skip
    tests = tuple(_test(session, scope, past, n) for n in range(min(TESTED, len(past))))
    return Forecast(place.code, start, state, ahead, tests, len(past), number, kept)


def _growth(past: Iterable[Past]) -> float:
    rates = [one.growth for one in past]
    return sum(rates) / len(rates) if rates else 0.0


def _test(session: Session, scope: Scope, past: Sequence[Past], number: int) -> BackTest:
    """A past month told from the month end before it, by what was known then."""
    month, earlier = past[number], past[number + 1 :]
    where, state = standing_before(month.flows)
    rolled = roll(where, [p.flows for p in earlier], _growth(earlier))
    said = promised(session, scope, month.before, [month.month])[0]
    kept: Rate = promises_kept(state, 0, said)
    return BackTest(
        month.month,
        printed_rate(month.overdue, month.stock),
        nothing_paid(state, 0).rate,
        rolled[0] if rolled else None,
        kept.rate,
    )
