"""What a dashboard asks that no slice tells on its own: cases by state, within a scope."""

from dataclasses import dataclass

from sqlalchemy import func, select, tuple_
from sqlalchemy.orm import Session, joinedload

from app.accounts.rules import Scope
from app.cases.models import Case
from app.cases.queries import cases_in
from app.cases.states import OPEN_STATES, State
from app.loans.models import Loan, Snapshot
from app.loans.queries import in_scope
from app.places.models import Branch


@dataclass(frozen=True, slots=True)
class InState:
    """Open cases of one state, and what they owe overdue (分)."""

    state: State
    cases: int
    overdue: int


def by_state(session: Session, scope: Scope) -> list[InState]:
    query = (
        select(Case.state, func.count(), func.coalesce(func.sum(Case.overdue), 0))
        .where(Case.closed_on.is_(None), cases_in(scope))
        .group_by(Case.state)
    )
    found = {state: (int(number), int(overdue)) for state, number, overdue in session.execute(query)}
    return [InState(state, *found.get(state, (0, 0))) for state in OPEN_STATES]


def cases_in_state(
    session: Session, scope: Scope, state: State, after: tuple[object, int] | None, limit: int
) -> list[Case]:
    """The open cases behind it, longest overdue first."""
    query = select(Case).where(Case.closed_on.is_(None), Case.state == state, cases_in(scope))
    if after is not None:
        query = query.where(tuple_(Case.due_on, Case.id) > tuple_(*after))
    loan = joinedload(Case.loan)
    query = query.order_by(Case.due_on, Case.id).limit(limit)
    return list(
        session.scalars(
            query.options(
                loan.joinedload(Loan.borrower), loan.joinedload(Loan.township), loan.joinedload(Loan.branch),
                joinedload(Case.township_user), joinedload(Case.branch_user),
            )
        )
    )  # fmt: skip


def branch_within(session: Session, branch_id: int, scope: Scope) -> Branch | None:
    """The branch, None unless it is within the scope: its own, or one with a loan in the region."""
    branch = session.get(Branch, branch_id)
    if branch is None or scope.branch_id == branch_id:
        return branch
    there = select(Snapshot.id).where(
        Snapshot.branch_id == branch_id,
        in_scope(scope, Snapshot.township_code, Snapshot.branch_id),  # type: ignore[arg-type]
    )
    return branch if session.scalar(there.limit(1)) is not None else None
