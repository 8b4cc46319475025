"""The cases that can bring a region under a line, and how each region stands."""

from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import Select, and_, func, select
from sqlalchemy.orm import Session, joinedload

from app.accounts.rules import Scope
from app.bulletin.queries import snapshots_in
from app.cases.models import Case
from app.cases.states import RESTING
from app.contacts.models import Contact
from app.contacts.rules import Reached
from app.loans.models import Loan, Snapshot
from app.loans.queries import valid_on
from app.outlook.fewest import Candidate


@dataclass(frozen=True, slots=True)
class Sums:
    """Stock and overdue amount of a region, 分, as of the newest ledger."""

    stock: int
    overdue: int


def sums(session: Session, scope: Scope, start: date, length: int) -> dict[str, Sums]:
    """By the first ``length`` digits of the townships' codes."""
    query = (
        select(Snapshot.township_code, func.sum(Snapshot.balance), func.sum(Snapshot.overdue))
        .where(valid_on(start), snapshots_in(scope))
        .group_by(Snapshot.township_code)
    )
    found: dict[str, Sums] = {}
    for code, stock, overdue in session.execute(query):
        before = found.get(code[:length], Sums(0, 0))
        found[code[:length]] = Sums(before.stock + int(stock), before.overdue + int(overdue))
    return found


def _workable(columns: Any, scope: Scope, start: date) -> Select[Any]:
    """Overdue loans with an open case that is not worked on along another way (hardship, restructuring, law)."""
    query: Select[Any] = (
        select(*columns)
        .select_from(Snapshot)
        .join(Case, and_(Case.loan_id == Snapshot.loan_id, Case.closed_on.is_(None)))
        .where(valid_on(start), Snapshot.overdue > 0, Case.state.not_in(RESTING), snapshots_in(scope))
    )
    return query


def candidates(session: Session, scope: Scope, start: date) -> list[Candidate]:
    """All of them within ``scope``, each with what tells how collectable it is."""
    met = select(Contact.id).where(Contact.case_id == Case.id, Contact.reached == Reached.BORROWER).exists()
    columns = (
        Case.id, Snapshot.overdue, Snapshot.due_on, Case.promise_due_on, met.label("met"), Snapshot.household_id
    )  # fmt: skip
    return [
        Candidate(int(number), int(overdue), due_on, promised is not None, bool(reached), int(household))
        for number, overdue, due_on, promised, reached, household in session.execute(
            _workable(columns, scope, start)
        )
    ]


def by_place(session: Session, scope: Scope, start: date, length: int) -> dict[str, list[Candidate]]:
    """Amounts alone, by the first ``length`` digits of the townships' codes: enough to count the cases needed."""
    columns = (Case.id, Snapshot.overdue, Snapshot.due_on, Snapshot.township_code)
    found: dict[str, list[Candidate]] = {}
    for number, overdue, due_on, code in session.execute(_workable(columns, scope, start)):
        found.setdefault(code[:length], []).append(Candidate(int(number), int(overdue), due_on))
    return found


def set_aside(session: Session, scope: Scope, start: date) -> tuple[int, int]:
    """Overdue loans that are nobody's to press, or have no open case: how many, and what they owe overdue (分)."""
    inside = _workable((Snapshot.id,), scope, start)
    query = select(func.count(), func.coalesce(func.sum(Snapshot.overdue), 0)).where(
        valid_on(start), Snapshot.overdue > 0, snapshots_in(scope), Snapshot.id.not_in(inside)
    )
    number, overdue = session.execute(query).one()
    return int(number), int(overdue)


def cases_of(session: Session, ids: list[int]) -> dict[int, Case]:
    """What a work list shows of the cases."""
    loan = joinedload(Case.loan)
    query = select(Case).where(Case.id.in_(ids)).options(
        loan.joinedload(Loan.borrower), loan.joinedload(Loan.village), loan.joinedload(Loan.township),
        loan.joinedload(Loan.branch), joinedload(Case.township_user), joinedload(Case.branch_user),
    )  # fmt: skip
    return {case.id: case for case in session.scalars(query)}
