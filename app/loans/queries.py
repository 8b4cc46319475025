"""Reads of loans that pages, figures and reports share."""

from dataclasses import dataclass
from datetime import date

from sqlalchemy import ColumnElement, and_, case, false, func, select, true
from sqlalchemy.orm import Session, joinedload

from app.accounts.rules import Scope
from app.db import get_setting, own_setting, put_setting
from app.loans.models import Loan, Snapshot
from app.places.queries import CodeColumn, within
from app.places.rules import CODE_LENGTHS, Level

LEDGER_REVISION = "ledger_revision"
UNSETTLED_SINCE = "unsettled_since"


def in_scope(scope: Scope, township: CodeColumn, branch: "ColumnElement[int | None]") -> ColumnElement[bool]:
    """The one condition by which somebody's scope narrows any query over loans, cases or snapshots."""
    if scope.is_empty:
        return false()
    conditions: list[ColumnElement[bool]] = []
    if scope.branch_id is not None:
        conditions.append(branch == scope.branch_id)
    if scope.region:
        conditions.append(in_region(township, scope.region))
    return and_(true(), *conditions)


def in_region(township: CodeColumn, code: str) -> ColumnElement[bool]:
    """A loan's township is ``code`` or lies within it. Equal where it can be: then an index also gives the order."""
    return township == code if len(code) == CODE_LENGTHS[Level.TOWNSHIP] else within(township, code)


def loans_in(scope: Scope) -> ColumnElement[bool]:
    return in_scope(scope, Loan.township_code, Loan.branch_id)  # type: ignore[arg-type]


def overdue_on(day: date) -> ColumnElement[int]:
    """分 overdue on ``day``: ``rules.overdue_at`` as SQL; a property test holds the two together."""
    turned = and_(Loan.as_of <= Loan.effective_due_on, Loan.effective_due_on < day)
    return case((Loan.overdue > 0, Loan.overdue), (turned, Loan.balance), else_=0)


def valid_on(day: date) -> ColumnElement[bool]:
    """The snapshots that say how things stood on ``day``."""
    return and_(Snapshot.as_of <= day, Snapshot.until > day)


def find_loan(session: Session, loan_id: int, scope: Scope) -> Loan | None:
    return session.scalar(select(Loan).where(Loan.id == loan_id, loans_in(scope)))


def ledger_revision(session: Session) -> int:
    """Rises with everything that changes a snapshot; what was computed at another revision is out of date."""
    return int(get_setting(session, LEDGER_REVISION) or 0)


def bump_revision(session: Session, since: date) -> int:
    """Say that snapshots from ``since`` on have changed; whoever settles sweeps and counts anew from there."""
    revision = int(own_setting(session, LEDGER_REVISION) or 0) + 1
    put_setting(session, LEDGER_REVISION, str(revision))
    earlier = own_unsettled_since(session)
    put_setting(session, UNSETTLED_SINCE, min(earlier, since).isoformat() if earlier else since.isoformat())
    return revision


def unsettled_since(session: Session) -> date | None:
    """From when on cases and figures have not yet followed the snapshots; None when they have."""
    stored = get_setting(session, UNSETTLED_SINCE)
    return date.fromisoformat(stored) if stored else None


def own_unsettled_since(session: Session) -> date | None:
    """The same for whoever changes it: what somebody else changes at this moment is waited for, not lost."""
    stored = own_setting(session, UNSETTLED_SINCE)
    return date.fromisoformat(stored) if stored else None


def mark_settled(session: Session) -> None:
    put_setting(session, UNSETTLED_SINCE, "")


@dataclass(frozen=True, slots=True)
class Missing:
    """Loans that their lender's newest ledger does not list and nobody has decided about; amounts in 分."""

    count: int
    balance: int
    overdue: int


def _undecided() -> ColumnElement[bool]:
    return and_(Loan.missing_since.is_not(None), Loan.missing_decision.is_(None))


def count_missing(session: Session, scope: Scope) -> Missing:
    row = session.execute(
        select(
            func.count(), func.coalesce(func.sum(Loan.balance), 0), func.coalesce(func.sum(Loan.overdue), 0)
        ).where(_undecided(), loans_in(scope))
    ).one()
    return Missing(*map(int, row))


def missing_loans(session: Session, scope: Scope, limit: int, after: int = 0) -> list[Loan]:
    """The loans to decide about, by number."""
    query = (
        select(Loan)
        .where(_undecided(), loans_in(scope), Loan.id > after)
        .order_by(Loan.id)
        .limit(limit)
        .options(joinedload(Loan.borrower), joinedload(Loan.township), joinedload(Loan.lender))
    )
    return list(session.scalars(query))
