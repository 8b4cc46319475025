"""Reads of promises and reported repayments."""

from dataclasses import dataclass
from datetime import date, timedelta
from typing import TypeVar

from sqlalchemy import exists, func, literal, select, union_all
from sqlalchemy.orm import Session, aliased, joinedload, selectinload

from app.accounts.rules import Scope
from app.cases.models import Case
from app.cases.queries import cases_in
from app.cases.rules import limitation_end
from app.contacts.models import Contact
from app.contacts.rules import Disposition, Reached
from app.loans.models import Loan, Repayment
from app.policies.queries import Policies
from app.policies.rules import KEYS, Key
from app.promises.models import Promise, ReportedRepayment
from app.promises.rules import PromiseState, ReportState, Restart

_Kept = TypeVar("_Kept", Promise, ReportedRepayment)


def find_of_case(session: Session, kind: type[_Kept], case_id: int, number: int) -> _Kept | None:
    """A promise or a report by its number, None when it is not the case's."""
    return session.scalar(select(kind).where(kind.id == number, kind.case_id == case_id))


def open_promise(session: Session, case_id: int) -> Promise | None:
    query = select(Promise).where(Promise.case_id == case_id, Promise.state == PromiseState.OPEN)
    return session.scalar(query.options(joinedload(Promise.taken_by), selectinload(Promise.instalments)))


def owed(session: Session, found: Case) -> int:
    """What is still to be paid on the loan (分): balance and interest, less what was reported since the ledger."""
    reported = select(func.coalesce(func.sum(ReportedRepayment.amount - ReportedRepayment.costs), 0)).where(
        ReportedRepayment.loan_id == found.loan_id, ReportedRepayment.state == ReportState.REPORTED
    )
    query = select(Loan.balance, Loan.interest_owed, reported.scalar_subquery()).where(
        Loan.id == found.loan_id
    )
    balance, interest, paid = session.execute(query).one()
    return max(int(balance) + (interest or 0) - int(paid), 0)


@dataclass(frozen=True, slots=True)
class Panel:
    """What the case page shows: what is owed (分), the open promise, earlier ones, reports, the limitation clock.

    ``limitation_cause`` is what began the period anew the last time, and on which day; None where nothing did.
    """

    owed: int
    promise: Promise | None
    earlier: list[Promise]
    reports: list[ReportedRepayment]
    limitation_on: date | None
    limitation_over: bool
    limitation_near: bool
    limitation_cause: tuple[Restart, date] | None


def panel(session: Session, found: Case, today: date) -> Panel:
    query = select(Promise).where(Promise.case_id == found.id).order_by(Promise.id.desc())
    shown = query.options(joinedload(Promise.taken_by), joinedload(Promise.instalments))
    made = session.scalars(shown).unique().all()
    reported = select(ReportedRepayment).where(ReportedRepayment.case_id == found.id)
    reports = session.scalars(
        reported.order_by(ReportedRepayment.id.desc()).options(joinedload(ReportedRepayment.reported_by))
    ).all()
    ends = found.limitation_on if found.closed_on is None else None
    days = 0
    if ends is not None and ends <= today + timedelta(days=KEYS[Key.LIMITATION_WARNING].high):
        days = Policies(session, today)(Key.LIMITATION_WARNING, found.township_code, found.loan.lender_id)
    return Panel(
        owed=owed(session, found) if found.closed_on is None else 0,
        promise=next((one for one in made if one.state is PromiseState.OPEN), None),
        earlier=[one for one in made if one.state is not PromiseState.OPEN],
        reports=list(reports),
        limitation_on=ends,
        limitation_over=ends is not None and ends < today,
        limitation_near=ends is not None and today <= ends <= today + timedelta(days=days),
        limitation_cause=last_restart(session, found) if ends is not None else None,
    )


def restarts(session: Session, found: Case) -> list[tuple[Restart, date]]:
    """What may have begun the case's limitation period anew and on which day, the newest first.

    Reports that were withdrawn or that a ledger contradicts, and deliveries that were corrected, are not among them.
    """
    reported, mine = ReportedRepayment, found.loan_id
    counts = reported.state.in_((ReportState.REPORTED, ReportState.CONFIRMED))
    correction = aliased(Contact)
    stands = ~exists().where(correction.corrects_id == Contact.id)
    delivered = Contact.disposition == Disposition.DELIVERED, Contact.reached == Reached.BORROWER, stands
    acts = union_all(
        select(literal(Restart.PROMISE.value).label("cause"), Promise.taken_on.label("on")).where(
            Promise.case_id == found.id
        ),
        select(literal(Restart.PAYMENT.value), Repayment.paid_on).where(Repayment.loan_id == mine),
        select(literal(Restart.PAYMENT.value), reported.paid_on).where(reported.loan_id == mine, counts),
        select(literal(Restart.DEMAND.value), Contact.on).where(Contact.case_id == found.id, *delivered),
    ).subquery()
    query = select(acts.c.cause, acts.c.on).order_by(acts.c.on.desc())
    return [(Restart(cause), on) for cause, on in session.execute(query)]


def last_restart(session: Session, found: Case) -> tuple[Restart, date] | None:
    """What began the case's limitation period anew the last time, and when; None where it runs from the due date."""
    causes = restarts(session, found)
    if found.limitation_on == limitation_end(found.due_on, []):
        return None
    return next((one for one in causes if limitation_end(one[1], []) == found.limitation_on), None)


def contradictions(session: Session, scope: Scope) -> list[ReportedRepayment]:
    """Reports that a ledger does not bear out, in scope, the newest first."""
    query = (
        select(ReportedRepayment)
        .join(Case, Case.id == ReportedRepayment.case_id)
        .where(cases_in(scope), ReportedRepayment.state == ReportState.CONTRADICTED)
        .order_by(ReportedRepayment.settled_as_of.desc(), ReportedRepayment.id.desc())
        .options(
            joinedload(ReportedRepayment.case).joinedload(Case.loan).joinedload(Loan.borrower),
            joinedload(ReportedRepayment.reported_by),
        )
    )
    return list(session.scalars(query))
