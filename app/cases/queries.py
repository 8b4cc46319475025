"""Reads of cases, within a scope."""

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, exists, func, or_, select, tuple_
from sqlalchemy.orm import Session, joinedload

from app.accounts.models import User
from app.accounts.rules import Role, Scope
from app.cases.models import Case, CaseEvent
from app.labels import Labelled, T
from app.loans.models import Loan, Repayment, Snapshot
from app.loans.queries import in_region, in_scope
from app.places.models import Branch
from app.places.queries import within


class Bucket(Labelled):
    """Days past due, in the steps of the five-grade floor (令〔2023〕1号)."""

    B30 = "1-30", T("1–30 days")
    B90 = "31-90", T("31–90 days")
    B270 = "91-270", T("91–270 days")
    B360 = "271-360", T("271–360 days")
    OVER = "361-", T("over 360 days")

    def bounds(self) -> tuple[int, int | None]:
        """First and last day past due, None without end."""
        first, _, last = self.value.partition("-")
        return int(first), int(last) if last else None


class State(Labelled):
    OPEN = "open", T("Open")
    UNASSIGNED = "unassigned", T("Collector lacking")
    CLOSED = "closed", T("Closed")


@dataclass(frozen=True, slots=True)
class Filter:
    """What a case list shows. ``collector`` is an account on either line."""

    state: State = State.OPEN
    township: str | None = None
    branch_id: int | None = None
    bucket: Bucket | None = None
    collector_id: int | None = None


def cases_in(scope: Scope) -> ColumnElement[bool]:
    return in_scope(scope, Case.township_code, Case.branch_id)  # type: ignore[arg-type]


def _matching(scope: Scope, chosen: Filter, today: date) -> ColumnElement[bool]:
    where: list[ColumnElement[bool]] = [cases_in(scope)]
    where.append(Case.closed_on.is_not(None) if chosen.state is State.CLOSED else Case.closed_on.is_(None))
    if chosen.state is State.UNASSIGNED:
        where.append(or_(Case.township_user_id.is_(None), Case.branch_user_id.is_(None)))
    if chosen.township:
        where.append(in_region(Case.township_code, chosen.township))
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
    return and_(*where)


def list_cases(
    session: Session, scope: Scope, chosen: Filter, today: date, after: tuple[date, int] | None, limit: int
) -> list[Case]:
    """Cases, longest overdue first; ``after`` is the (due date, id) of the last one shown."""
    query: Select[Any] = select(Case).where(_matching(scope, chosen, today))
    if after is not None:
        query = query.where(Case.due_on >= after[0], tuple_(Case.due_on, Case.id) > tuple_(*after))
    if chosen.state is not State.CLOSED:
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
    return list(
        session.scalars(query.options(joinedload(CaseEvent.township_user), joinedload(CaseEvent.branch_user)))
    )


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
        query = query.where(or_(User.role == Role.BRANCH, within(User.region_code, scope.region)))
    return list(session.scalars(query))


def branches(session: Session, scope: Scope) -> list[Branch]:
    """The branches that have cases within the scope."""
    having = exists().where(Case.branch_id == Branch.id, cases_in(scope))
    return list(session.scalars(select(Branch).where(having).order_by(Branch.name)))


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
