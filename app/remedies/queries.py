"""Reads of the disposal ledger, within a scope."""

from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import ColumnElement, and_, false, func, or_, select, tuple_
from sqlalchemy.orm import Session, joinedload

from app.accounts.models import User
from app.accounts.rules import Role, Scope
from app.cases.models import Case
from app.cases.queries import cases_in
from app.labels import Labelled, T, Text
from app.loans.models import Loan
from app.loans.queries import in_region
from app.places.models import Branch, Region
from app.policies.queries import Policies
from app.policies.rules import Key
from app.remedies.models import Disposal
from app.remedies.rules import Cause, Finding, Limits, LoanFacts, Route, route_findings, unusual

NONE = "none"  # where a filter asks for what has no cause, route or branch


def disposal_of(session: Session, case_id: int) -> Disposal | None:
    query = select(Disposal).where(Disposal.case_id == case_id).options(joinedload(Disposal.owner))
    return session.scalar(query)


def limits_for(session: Session, found: Case, today: date) -> Limits:
    """The numbers that the county has set for the case's place and lender."""
    policies = Policies(session, today)

    def number(key: Key) -> int:
        return policies(key, found.township_code, found.loan.lender_id)

    return Limits(number(Key.MOST_RENEWALS), number(Key.COMPENSATION_DAYS), number(Key.COMPENSATION_FUND))


def facts_of(found: Case, asked_on: date | None, earlier: Route | None) -> LoanFacts:
    loan = found.loan
    first = min(loan.due_on, loan.effective_due_on)
    return LoanFacts(
        loan.principal, loan.balance, loan.disbursed_on, first, loan.effective_due_on, asked_on, earlier
    )


def owners_for(session: Session, found: Case) -> list[User]:
    """Who may answer for a case's route: active accounts that see it, its collectors first."""
    leads = and_(
        User.role.in_([Role.OFFICE, Role.LEADER]),
        func.substr(found.township_code, 1, func.length(User.region_code)) == User.region_code,
    )
    sees = or_(
        and_(User.role == Role.TOWNSHIP, User.region_code == found.township_code),
        and_(User.role == Role.BRANCH, User.branch_id == found.branch_id)
        if found.branch_id is not None
        else false(),
        leads,
    )
    users = session.scalars(select(User).where(User.active, sees).order_by(User.name)).all()
    holders = (found.township_user_id, found.branch_user_id)
    return sorted(users, key=lambda user: (user.id not in holders, user.name))


@dataclass(frozen=True, slots=True)
class Panel:
    """What the case page shows of a disposal: ``unusual`` is why the route is, ``late`` that its deadline is over."""

    disposal: Disposal | None
    findings: list[Finding]
    unusual: Text | None
    late: bool


def panel(session: Session, found: Case, today: date) -> Panel:
    kept = disposal_of(session, found.id)
    if kept is None or kept.route is None:
        return Panel(kept, [], None, False)
    facts = facts_of(found, kept.asked_on, kept.route)
    findings = route_findings(facts, kept.route, today, limits_for(session, found, today))
    late = found.closed_on is None and kept.deadline is not None and kept.deadline < today
    return Panel(kept, findings, unusual(kept.cause, kept.route), late)


@dataclass(frozen=True, slots=True)
class Chosen:
    """Which open cases the disposal ledger lists. NONE for a cause or route is: not set."""

    township: str | None = None
    branch: str | None = None
    cause: str | None = None
    route: str | None = None
    late: bool = False


def _meant(value: str | None, column: Any) -> list[ColumnElement[bool]]:
    if not value:
        return []
    return [column.is_(None) if value == NONE else column == value]


def matching(scope: Scope, chosen: Chosen, today: date) -> ColumnElement[bool]:
    where = [cases_in(scope), Case.closed_on.is_(None)]
    if chosen.township:
        where.append(in_region(Case.township_code, chosen.township))
    if chosen.branch:
        where.append(
            Case.branch_id.is_(None) if chosen.branch == NONE else Case.branch_id == int(chosen.branch)
        )
    where += [*_meant(chosen.cause, Disposal.cause), *_meant(chosen.route, Disposal.route)]
    if chosen.late:
        where.append(Disposal.deadline < today)
    return and_(*where)


def listed(
    session: Session,
    scope: Scope,
    chosen: Chosen,
    today: date,
    after: tuple[date, int] | None,
    limit: int | None,
) -> list[tuple[Case, Disposal | None]]:
    """Open cases with their disposals, longest overdue first; ``after`` is the (due date, id) of the last shown."""
    query = select(Case, Disposal).outerjoin(Disposal, Disposal.case_id == Case.id)
    query = query.where(matching(scope, chosen, today))
    if after is not None:
        query = query.where(Case.due_on >= after[0], tuple_(Case.due_on, Case.id) > tuple_(*after))
    loaded = joinedload(Case.loan)
    query = (
        query.order_by(Case.closed_on, Case.due_on, Case.id)
        .limit(limit)
        .options(
            loaded.joinedload(Loan.borrower),
            loaded.joinedload(Loan.township),
            loaded.joinedload(Loan.village),
            loaded.joinedload(Loan.branch),
            joinedload(Disposal.owner),
        )
    )
    return [(case, kept) for case, kept in session.execute(query)]


def count(session: Session, scope: Scope, chosen: Chosen, today: date) -> tuple[int, int]:
    """How many cases, and their overdue amount (分)."""
    query: Any = select(func.count(), func.coalesce(func.sum(Case.overdue), 0)).select_from(Case)
    query = query.outerjoin(Disposal, Disposal.case_id == Case.id).where(matching(scope, chosen, today))
    number, overdue = session.execute(query).one()
    return int(number), int(overdue)


def undisposed(session: Session, scope: Scope) -> int:
    """Open cases that have no cause or no route yet."""
    query: Any = select(func.count()).select_from(Case).outerjoin(Disposal, Disposal.case_id == Case.id)
    return int(
        session.scalar(query.where(cases_in(scope), Case.closed_on.is_(None), Disposal.route.is_(None))) or 0
    )


class By(Labelled):
    """What the rows of the table are."""

    TOWNSHIP = "township", T("Township")
    BRANCH = "branch", T("Branch")
    CAUSE = "cause", T("Cause")


@dataclass(frozen=True, slots=True)
class Row:
    """``cells`` by route (NONE: not set): (cases, overdue in 分)."""

    key: str
    label: Text | str
    cells: dict[str, tuple[int, int]]

    @property
    def total(self) -> tuple[int, int]:
        return sum(n for n, _ in self.cells.values()), sum(fen for _, fen in self.cells.values())


def cross(session: Session, scope: Scope, by: By, today: date) -> list[Row]:
    """Open cases by ``by`` and route, in one statement; rows in their usual order."""
    key = {By.TOWNSHIP: Case.township_code, By.BRANCH: Case.branch_id, By.CAUSE: Disposal.cause}[by]
    query: Any = select(key, Disposal.route, func.count(), func.coalesce(func.sum(Case.overdue), 0))
    query = query.select_from(Case).outerjoin(Disposal, Disposal.case_id == Case.id)
    cells: dict[Any, dict[str, tuple[int, int]]] = {}
    for place, route, number, fen in session.execute(
        query.where(matching(scope, Chosen(), today)).group_by(key, Disposal.route)
    ):
        cells.setdefault(place, {})[route.value if route else NONE] = (int(number), int(fen))
    return [Row(NONE if k is None else str(k), label, cells[k]) for k, label in _names(session, by, cells)]


def _names(session: Session, by: By, cells: dict[Any, Any]) -> list[tuple[Any, Text | str]]:
    keys = [key for key in cells if key is not None]
    named: list[tuple[Any, Text | str]]
    if by is By.CAUSE:
        named = [(cause, cause.label) for cause in Cause if cause in cells]
        rest: Text = T("Not set yet")
    elif by is By.TOWNSHIP:
        named = [
            (r.code, r.short)
            for r in session.scalars(select(Region).where(Region.code.in_(keys)).order_by(Region.code))
        ]
        rest = T("No township")
    else:
        named = [
            (b.id, b.name)
            for b in session.scalars(select(Branch).where(Branch.id.in_(keys)).order_by(Branch.name))
        ]
        rest = T("No branch")
    return [*named, *([(None, rest)] if None in cells else [])]
