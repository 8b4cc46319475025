"""Reads of cases, within a scope."""

from collections import Counter
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, exists, func, or_, select, tuple_
from sqlalchemy.orm import Session, joinedload

from app.accounts.models import User
from app.accounts.rules import Role, Scope
from app.cases.models import Case, CaseEvent
from app.cases.rules import Bucket
from app.cases.states import RESTING
from app.forces.models import Area
from app.forces.rules import Line
from app.labels import Labelled, T
from app.loans.models import Loan, Repayment, Snapshot
from app.loans.queries import in_region, in_scope
from app.places.models import Branch
from app.places.queries import within
from app.places.rules import CODE_LENGTHS, Level
from app.policies.queries import Policies
from app.policies.rules import Key


class Listed(Labelled):
    """Which cases a list shows."""

    OPEN = "open", T("Open")
    UNASSIGNED = "unassigned", T("Collector lacking")
    CLOSED = "closed", T("Closed")


class Promised(Labelled):
    """What has become of the promise on a case."""

    DUE = "due", T("Promised for today")
    BROKEN = "broken", T("Promise broken")


@dataclass(frozen=True, slots=True)
class Filter:
    """What a case list shows. ``collector`` is an account on either line.

    ``neglected`` leaves the cases which that line has not touched since ``untouched_until``.
    """

    state: Listed = Listed.OPEN
    township: str | None = None
    village: str | None = None
    force_id: int | None = None
    branch_id: int | None = None
    bucket: Bucket | None = None
    collector_id: int | None = None
    neglected: Line | None = None
    untouched_until: date | None = None
    promised: Promised | None = None


def untouched(line: Line, until: date) -> ColumnElement[bool]:
    """The line last made contact on ``until`` or before; where it never did, the case opened then."""
    contact = Case.township_contact_on if line is Line.TOWNSHIP else Case.branch_contact_on
    return and_(func.coalesce(contact, Case.opened_on) <= until, Case.state.not_in(RESTING))


def promised(what: Promised, today: date) -> ColumnElement[bool]:
    return Case.promise_due_on <= today if what is Promised.DUE else Case.promise_broken_on.is_not(None)


def place_of(session: Session, scope: Scope) -> str:
    """The region whose numbers hold for a reader: the scope's own; for a branch the county that it lends in."""
    if scope.region or scope.branch_id is None:
        return scope.region or ""
    code = session.scalar(select(Case.township_code).where(Case.branch_id == scope.branch_id).limit(1)) or ""
    return code[: CODE_LENGTHS[Level.COUNTY]]


def neglect_limit(session: Session, scope: Scope, today: date) -> date:
    """A line has neglected the cases that it last touched on this day or before."""
    return today - timedelta(days=Policies(session, today)(Key.NO_CONTACT_DAYS, place_of(session, scope)))


def cases_in(scope: Scope) -> ColumnElement[bool]:
    return in_scope(scope, Case.township_code, Case.branch_id)  # type: ignore[arg-type]


def _of_force(force_id: int) -> ColumnElement[bool]:
    """The case is in a township, a village or at a branch that the task force answers for."""
    held = Area.force_id == force_id
    regions = select(Area.region_code).where(held, Area.region_code.is_not(None))
    branches = select(Area.branch_id).where(held, Area.branch_id.is_not(None))
    return or_(Case.township_code.in_(regions), Case.village_code.in_(regions), Case.branch_id.in_(branches))


def _matching(scope: Scope, chosen: Filter, today: date) -> ColumnElement[bool]:
    where: list[ColumnElement[bool]] = [cases_in(scope)]
    where.append(Case.closed_on.is_not(None) if chosen.state is Listed.CLOSED else Case.closed_on.is_(None))
    if chosen.state is Listed.UNASSIGNED:
        where.append(or_(Case.township_user_id.is_(None), Case.branch_user_id.is_(None)))
    if chosen.township:
        where.append(in_region(Case.township_code, chosen.township))
    if chosen.village:
        where.append(Case.village_code == chosen.village)
    if chosen.force_id is not None:
        where.append(_of_force(chosen.force_id))
    if chosen.branch_id is not None:
        where.append(Case.branch_id == chosen.branch_id)
    if chosen.bucket:
        first, last = chosen.bucket.bounds()
        where.append(Case.due_on <= today - timedelta(days=first))
        if last is not None:
            where.append(Case.due_on >= today - timedelta(days=last))
    if chosen.collector_id is not None:
        where.append(
            or_(Case.township_user_id == chosen.collector_id, Case.branch_user_id == chosen.collector_id)
        )
    if chosen.neglected is not None:
        where.append(untouched(chosen.neglected, chosen.untouched_until or today))
    if chosen.promised is not None:
        where.append(promised(chosen.promised, today))
    return and_(*where)


def meant(scope: Scope, chosen: Filter, today: date, only: tuple[int, ...] = ()) -> Any:
    """The numbers of the cases that a filter means, or of those among ``only`` that it means."""
    query = select(Case.id).where(_matching(scope, chosen, today))
    return query.where(Case.id.in_(only)) if only else query


def open_ones(session: Session, chosen: Any) -> list[Case]:
    """The open cases among those whose numbers ``chosen`` selects."""
    query = select(Case).where(Case.id.in_(chosen), Case.closed_on.is_(None)).order_by(Case.id)
    return list(session.scalars(query.options(joinedload(Case.loan).joinedload(Loan.borrower))))


def list_cases(
    session: Session, scope: Scope, chosen: Filter, today: date, after: tuple[date, int] | None, limit: int
) -> list[Case]:
    """Cases, longest overdue first; ``after`` is the (due date, id) of the last one shown."""
    query: Select[Any] = select(Case).where(_matching(scope, chosen, today))
    if after is not None:
        query = query.where(Case.due_on >= after[0], tuple_(Case.due_on, Case.id) > tuple_(*after))
    if chosen.state is not Listed.CLOSED:
        query = query.order_by(
            Case.closed_on
        )  # NULL in all: only so does PostgreSQL see the order of the index
    query = (
        query.order_by(Case.due_on, Case.id)
        .limit(limit)
        .options(
            joinedload(Case.loan).joinedload(Loan.borrower),
            joinedload(Case.loan).joinedload(Loan.village),
            joinedload(Case.loan).joinedload(Loan.township),
            joinedload(Case.loan).joinedload(Loan.branch),
            joinedload(Case.township_user),
            joinedload(Case.branch_user),
        )
    )
    return list(session.scalars(query))


def count_cases(session: Session, scope: Scope, chosen: Filter, today: date, at_most: int) -> tuple[int, int]:
    """How many match, counted to ``at_most`` and no further, and their overdue amount (分) as far as counted."""
    counted = select(Case.overdue).where(_matching(scope, chosen, today)).limit(at_most + 1).subquery()
    number, overdue = session.execute(
        select(func.count(), func.coalesce(func.sum(counted.c.overdue), 0))
    ).one()
    return int(number), int(overdue)


def find_case(session: Session, case_id: int, scope: Scope) -> Case | None:
    """The case, None when there is none of that number in the scope."""
    query = (
        select(Case)
        .where(Case.id == case_id, cases_in(scope))
        .options(
            joinedload(Case.loan).options(
                joinedload(Loan.borrower),
                joinedload(Loan.household),
                joinedload(Loan.village),
                joinedload(Loan.township),
                joinedload(Loan.branch),
                joinedload(Loan.lender),
            ),
            joinedload(Case.township_user),
            joinedload(Case.branch_user),
        )
    )
    return session.scalar(query)


def events_of(session: Session, found: Case) -> list[CaseEvent]:
    query = select(CaseEvent).where(CaseEvent.case_id == found.id).order_by(CaseEvent.id)
    shown = (CaseEvent.actor, CaseEvent.township_user, CaseEvent.branch_user)
    return list(session.scalars(query.options(*map(joinedload, shown))))


def repayments_of(session: Session, loan_id: int) -> list[Repayment]:
    return list(
        session.scalars(select(Repayment).where(Repayment.loan_id == loan_id).order_by(Repayment.as_of))
    )


def snapshots_of(session: Session, loan_id: int) -> list[Snapshot]:
    return list(
        session.scalars(
            select(Snapshot).where(Snapshot.loan_id == loan_id).order_by(Snapshot.as_of.desc()).limit(24)
        )
    )


def other_cases(session: Session, found: Case, scope: Scope) -> list[Case]:
    """The same loan's other cases, newest first."""
    query = (
        select(Case)
        .where(Case.loan_id == found.loan_id, Case.id != found.id, cases_in(scope))
        .order_by(Case.id.desc())
    )
    return list(session.scalars(query))


def collectors(session: Session, scope: Scope) -> list[User]:
    """The collectors whose cases this scope may list."""
    if scope.is_empty:
        return []
    query = select(User).where(User.role.in_([Role.TOWNSHIP, Role.BRANCH])).order_by(User.name)
    if scope.branch_id is not None:
        query = query.where(User.branch_id == scope.branch_id)
    elif scope.region:
        # Found once, not asked for each account: a branch without any would be looked for in the whole table.
        here = select(Case.branch_id).where(within(Case.township_code, scope.region)).distinct()
        query = query.where(or_(User.branch_id.in_(here), within(User.region_code, scope.region)))
    return list(session.scalars(query))


def collectors_of_place(session: Session, role: Role, place: str | int | None) -> list[User]:
    """Those who can hold a line of a case of this township (its code) or branch (its id)."""
    if place is None:
        return []
    held = User.region_code == place if isinstance(place, str) else User.branch_id == place
    return list(session.scalars(select(User).where(User.role == role, User.active, held).order_by(User.id)))


def may_see_collector(session: Session, scope: Scope, user_id: int) -> bool:
    return any(one.id == user_id for one in collectors(session, scope))


def branches(session: Session, scope: Scope) -> list[Branch]:
    """The branches that have cases within the scope."""
    having = exists().where(Case.branch_id == Branch.id, cases_in(scope))
    query = select(Branch).where(having).options(joinedload(Branch.lender))
    return list(session.scalars(query.order_by(Branch.name, Branch.lender_id)))


def branch_names(found: list[Branch]) -> dict[int, str]:
    """What to call each: with the lender's name where two lenders have a branch of the same name."""
    often = Counter(one.name for one in found)
    return {one.id: f"{one.lender.name} {one.name}" if often[one.name] > 1 else one.name for one in found}


@dataclass(frozen=True, slots=True)
class CaseCounts:
    open: int
    unassigned: int
    overdue: int


def counts(session: Session, scope: Scope) -> CaseCounts:
    """Open cases, those lacking a line, and the overdue amount (分)."""
    lacking = or_(Case.township_user_id.is_(None), Case.branch_user_id.is_(None))
    row = session.execute(
        select(func.count(), func.count().filter(lacking), func.coalesce(func.sum(Case.overdue), 0)).where(
            cases_in(scope), Case.closed_on.is_(None)
        )
    ).one()
    return CaseCounts(*map(int, row))


@dataclass(frozen=True, slots=True)
class WorkCounts:
    """Open cases that wait for something, by what; each is a ``Filter`` of the list."""

    neglected: dict[Line, int]
    promised: dict[Promised, int]


def work_counts(session: Session, scope: Scope, today: date) -> WorkCounts:
    """What each line has not touched for long, and what was promised for today or broken."""
    until = neglect_limit(session, scope, today)
    conditions = [*(untouched(line, until) for line in Line), *(promised(what, today) for what in Promised)]
    query = select(*(func.count().filter(condition) for condition in conditions))
    row = session.execute(query.where(cases_in(scope), Case.closed_on.is_(None))).one()
    found = [int(count) for count in row]
    lines = len(Line)
    return WorkCounts(
        dict(zip(Line, found[:lines], strict=True)), dict(zip(Promised, found[lines:], strict=True))
    )
