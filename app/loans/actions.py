"""Changes of loans that a person decides, and who is told before snapshots change."""

from collections.abc import Callable, Collection
from datetime import date
from typing import TypeAlias

from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from app import audit
from app.db import own_setting
from app.labels import Declined, T
from app.loans.models import Loan, Repayment, Snapshot
from app.loans.queries import LEDGER_REVISION, bump_revision
from app.loans.rules import MissingDecision, RepaymentSource

Townships: TypeAlias = Callable[[], Collection[str]]
Watcher: TypeAlias = Callable[[Session, date, Townships], None]
_watchers: list[Watcher] = []


def before_change(watcher: Watcher) -> None:
    """Have ``watcher`` told, in the same transaction, before snapshots valid on some day change. Once a program."""
    if watcher not in _watchers:
        _watchers.append(watcher)


def about_to_change(session: Session, since: date, townships: Townships) -> None:
    """Say that snapshots valid from ``since`` on are going to change, in the townships that ``townships`` finds.

    Until the transaction ends, nobody else changes any, and a month is not closed.
    """
    own_setting(session, LEDGER_REVISION)
    for watcher in _watchers:
        watcher(session, since, townships)


class DecisionRefused(Declined):
    pass


def newest_as_of(session: Session) -> date | None:
    """The date of the newest ledger taken."""
    return session.scalar(select(func.max(Snapshot.as_of)))


def decide_missing(session: Session, loan: Loan, decision: MissingDecision, actor: str) -> None:
    """A person's word on a loan that its lender's ledger no longer lists.

    ``REPAID`` ends it as of the ledger that left it out; ``STILL_OWED`` keeps it at its last balance.
    Raises DecisionRefused when the loan is not missing.
    """
    since = loan.missing_since
    if since is None:
        raise DecisionRefused(T("This loan is in its lender's newest ledger; there is nothing to decide."))
    before = {"balance": loan.balance, "decision": loan.missing_decision}
    loan.missing_decision = decision
    if decision is MissingDecision.REPAID and loan.balance > 0:
        _end_as_repaid(session, loan, since)
    audit.record(
        session,
        actor,
        "loans.missing",
        "loan",
        loan.id,
        since=since.isoformat(),
        before=before,
        after={"balance": loan.balance, "decision": decision.value},
    )


def _end_as_repaid(session: Session, loan: Loan, day: date) -> None:
    last = session.scalars(
        select(Snapshot).where(Snapshot.loan_id == loan.id, Snapshot.as_of < day, Snapshot.until > day)
    ).one()
    about_to_change(session, day, lambda: {last.township_code})
    session.add(
        Snapshot(
            loan_id=loan.id,
            as_of=day,
            until=last.until,
            batch_id=None,
            township_code=last.township_code,
            branch_id=last.branch_id,
            household_id=last.household_id,
            principal=last.principal,
            balance=0,
            overdue=0,
            disbursed_on=last.disbursed_on,
            due_on=last.due_on,
            repaid=last.balance,
            repaid_on=None,
        )
    )
    session.execute(update(Snapshot).where(Snapshot.id == last.id).values(until=day))
    session.add(
        Repayment(
            loan_id=loan.id, as_of=day, paid_on=day, amount=last.balance, source=RepaymentSource.INFERRED
        )
    )
    loan.balance = loan.overdue = 0
    loan.as_of = day
    loan.missing_since = None
    bump_revision(session, day)
