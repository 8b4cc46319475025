"""The lists of promises and how many of them are kept, within a scope."""

from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, exists, func, select, tuple_
from sqlalchemy.orm import Session, joinedload, selectinload

from app.accounts.models import User
from app.accounts.rules import Scope
from app.cases.models import Case
from app.cases.queries import cases_in
from app.clock import month_end
from app.forces.rules import Line
from app.labels import Labelled, T
from app.loans.models import Loan
from app.loans.queries import in_region
from app.money import percent
from app.places.models import Region
from app.promises.models import Instalment, Promise, ReportedRepayment
from app.promises.rules import JUDGED, PromiseState, ReportState

SOON_DAYS = 7


class Show(Labelled):
    """Which promises a list shows."""

    OPEN = "open", T("Still open")
    WEEK = "week", T("Due within 7 days")
    BROKEN = "broken", T("Not kept, or in part")
    KEPT = "kept", T("Kept")
    JUDGED = "judged", T("All judged")

    @property
    def states(self) -> tuple[PromiseState, ...]:
        match self:
            case Show.OPEN | Show.WEEK:
                return (PromiseState.OPEN,)
            case Show.BROKEN:
                return (PromiseState.BROKEN, PromiseState.PARTIAL)
            case Show.KEPT:
                return (PromiseState.KEPT,)
            case _:
                return JUDGED


class By(Labelled):
    COLLECTOR = "collector", T("Collector")
    TOWNSHIP = "township", T("Township")
    LINE = "line", T("Line")


@dataclass(frozen=True, slots=True)
class Chosen:
    """``month`` keeps those judged in it; ``line`` "" those that leaders and the office took."""

    show: Show = Show.OPEN
    township: str | None = None
    line: Line | str | None = None
    collector_id: int | None = None
    month: date | None = None


def _soon(today: date) -> ColumnElement[bool]:
    return exists().where(
        Instalment.promise_id == Promise.id,
        Instalment.state == PromiseState.OPEN,
        Instalment.due_on <= today + timedelta(days=SOON_DAYS),
    )


def judged_in(month: date) -> ColumnElement[bool]:
    """The verdict fell in the month of ``month``."""
    return Promise.judged_on.between(month.replace(day=1), month_end(month))


def _meant(scope: Scope, chosen: Chosen, today: date) -> ColumnElement[bool]:
    where = [cases_in(scope), Promise.state.in_(chosen.show.states)]
    if chosen.show is Show.WEEK:
        where.append(_soon(today))
    if chosen.township:
        where.append(in_region(Case.township_code, chosen.township))
    if chosen.line is not None:
        where.append(Promise.line == chosen.line if chosen.line else Promise.line.is_(None))
    if chosen.collector_id is not None:
        where.append(Promise.taken_by_id == chosen.collector_id)
    if chosen.month is not None:
        where.append(judged_in(chosen.month))
    return and_(*where)


def listed(
    session: Session, scope: Scope, chosen: Chosen, today: date, after: tuple[date, int] | None, limit: int
) -> list[Promise]:
    """What falls due first comes first; ``after`` is the (last due date, id) of the last one shown."""
    place = tuple_(Promise.last_due_on, Promise.id)
    query: Select[Any] = select(Promise).join(Case, Case.id == Promise.case_id)
    query = query.where(_meant(scope, chosen, today))
    if after is not None:
        query = query.where(place > tuple_(*after))
    loan = joinedload(Promise.case).joinedload(Case.loan)
    return list(
        session.scalars(
            query.order_by(Promise.last_due_on, Promise.id)
            .limit(limit)
            .options(
                loan.joinedload(Loan.borrower),
                loan.joinedload(Loan.township),
                joinedload(Promise.taken_by),
                selectinload(Promise.instalments),
            )
        )
    )


def count(session: Session, scope: Scope, chosen: Chosen, today: date) -> tuple[int, int]:
    """How many, and what they promise (分)."""
    query = select(func.count(), func.coalesce(func.sum(Promise.amount), 0)).select_from(Promise)
    number, amount = session.execute(
        query.join(Case, Case.id == Promise.case_id).where(_meant(scope, chosen, today))
    ).one()
    return int(number), int(amount)


@dataclass(frozen=True, slots=True)
class Kept:
    """Promises judged in a month, by what came of them; ``key`` is what the rows are by, None for all of them."""

    key: str | None
    name: Any
    kept: int
    partial: int
    broken: int

    @property
    def judged(self) -> int:
        return self.kept + self.partial + self.broken

    @property
    def rate(self) -> Decimal | None:
        """Percent of the judged that were kept whole, with one decimal."""
        return percent(self.kept, self.judged, 1)


def kept(session: Session, scope: Scope, month: date, by: By) -> list[Kept]:
    """Each row of the month, by name; the last one is the sum of the others."""
    column: Any = {
        By.COLLECTOR: Promise.taken_by_id,
        By.TOWNSHIP: Case.township_code,
        By.LINE: Promise.line,
    }[by]
    query = (
        select(column, Promise.state, func.count())
        .join(Case, Case.id == Promise.case_id)
        .where(cases_in(scope), Promise.state.in_(JUDGED), judged_in(month))
        .group_by(column, Promise.state)
    )
    counted: dict[Any, dict[PromiseState, int]] = {}
    for key, state, number in session.execute(query):
        counted.setdefault(key, {})[PromiseState(state)] = number
    names = _names(session, by, list(counted))
    rows = [_row("" if k is None else str(k), names.get(k), counted[k]) for k in counted]
    rows.sort(key=lambda row: (-row.judged, row.key or ""))
    total = {s: sum(one.get(s, 0) for one in counted.values()) for s in JUDGED}
    return [*rows, _row(None, T("Total"), total)]


def _row(key: str | None, name: Any, states: dict[PromiseState, int]) -> Kept:
    found = (states.get(s, 0) for s in (PromiseState.KEPT, PromiseState.PARTIAL, PromiseState.BROKEN))
    return Kept(key, name, *found)


def _names(session: Session, by: By, keys: list[Any]) -> dict[Any, Any]:
    match by:
        case By.COLLECTOR:
            found = session.execute(select(User.id, User.name).where(User.id.in_(keys)))
        case By.TOWNSHIP:
            found = session.execute(select(Region.code, Region.short).where(Region.code.in_(keys)))
        case _:
            return {None: T("Leaders and the office"), **{line: line.label for line in Line}}
    return {row[0]: row[1] for row in found}


@dataclass(frozen=True, slots=True)
class Standing:
    """Counts for an overview: promises open and due within 7 days, reports against the ledger's word."""

    open: int
    soon: int
    contradicted: int


def standing(session: Session, scope: Scope, today: date) -> Standing:
    contradicted = (
        select(func.count())
        .select_from(ReportedRepayment)
        .join(Case, Case.id == ReportedRepayment.case_id)
        .where(cases_in(scope), ReportedRepayment.state == ReportState.CONTRADICTED)
    )
    return Standing(
        count(session, scope, Chosen(), today)[0],
        count(session, scope, Chosen(Show.WEEK), today)[0],
        int(session.scalar(contradicted) or 0),
    )
