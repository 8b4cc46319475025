"""All that is kept about one borrower, as far as a scope goes."""

from dataclasses import dataclass
from typing import Any

from sqlalchemy import or_, select
from sqlalchemy.orm import Session, joinedload, selectinload

from app.accounts.rules import Scope
from app.cases.models import Case, CaseEvent
from app.cases.queries import cases_in
from app.contacts.models import Contact
from app.fairness.models import BorrowerMark, BorrowerPhone
from app.loans.models import Borrower, Household, Loan, Repayment
from app.loans.queries import loans_in
from app.papers.models import Paper
from app.promises.models import Promise, ReportedRepayment
from app.reminders.models import InboundMessage, OutboxMessage
from app.trail.models import CorrectionRequest
from app.trail.rules import Shown

_Words = tuple[
    list[OutboxMessage],
    list[InboundMessage],
    list[BorrowerPhone],
    list[BorrowerMark],
    list[CorrectionRequest],
]


@dataclass(frozen=True, slots=True)
class Person:
    """A borrower's own file."""

    borrower: Borrower
    households: list[Household]
    loans: list[Loan]
    repayments: list[Repayment]
    cases: list[Case]
    events: list[CaseEvent]
    contacts: list[Contact]
    promises: list[Promise]
    reports: list[ReportedRepayment]
    papers: list[Paper]
    messages: list[OutboxMessage]
    replies: list[InboundMessage]
    phones: list[BorrowerPhone]
    marks: list[BorrowerMark]
    corrections: list[CorrectionRequest]


def find_borrower(session: Session, borrower_id: int, scope: Scope) -> Borrower | None:
    """A borrower with a loan or a case in the scope."""
    loan = select(Loan.id).where(Loan.borrower_id == borrower_id, loans_in(scope)).exists()
    case = select(Case.id).where(Case.borrower_id == borrower_id, cases_in(scope)).exists()
    return session.scalar(select(Borrower).where(Borrower.id == borrower_id, or_(loan, case)))


def number_of(session: Session, borrower: Borrower, what: Shown, scope: Scope) -> str | None:
    """What is sealed, in full; of several households the newest loan's. None where it is not known."""
    if what is Shown.ID_NUMBER:
        return borrower.id_number
    if what is Shown.PHONE:
        return borrower.phone
    query = (
        select(Household.head_id_number)
        .join(Loan, Loan.household_id == Household.id)
        .where(Loan.borrower_id == borrower.id, loans_in(scope))
        .order_by(Loan.as_of.desc(), Loan.id.desc())
    )
    return session.scalar(query.limit(1))


def person(session: Session, borrower: Borrower, scope: Scope) -> Person:
    """Everything; a statement for each kind of thing."""
    own = Loan.borrower_id == borrower.id, loans_in(scope)
    loans = list(
        session.scalars(
            select(Loan)
            .where(*own)
            .order_by(Loan.disbursed_on, Loan.id)
            .options(*(joinedload(part) for part in (Loan.township, Loan.village, Loan.lender, Loan.branch)))
        )
    )
    loan_ids = [loan.id for loan in loans]
    cases = list(
        session.scalars(
            select(Case).where(Case.borrower_id == borrower.id, cases_in(scope)).order_by(Case.id)
        )
    )
    ids = [case.id for case in cases]
    return Person(
        borrower,
        list(
            session.scalars(select(Household).where(Household.id.in_({loan.household_id for loan in loans})))
        ),
        loans,
        list(
            session.scalars(
                select(Repayment).where(Repayment.loan_id.in_(loan_ids)).order_by(Repayment.paid_on)
            )
        ),
        cases,
        list(
            session.scalars(
                select(CaseEvent)
                .where(CaseEvent.case_id.in_(ids))
                .order_by(CaseEvent.id)
                .options(joinedload(CaseEvent.actor))
            )
        ),
        list(
            session.scalars(
                select(Contact)
                .where(Contact.case_id.in_(ids))
                .order_by(Contact.at, Contact.id)
                .options(joinedload(Contact.author), selectinload(Contact.attachments))
            )
        ),
        list(
            session.scalars(
                select(Promise)
                .where(Promise.case_id.in_(ids))
                .order_by(Promise.id)
                .options(joinedload(Promise.taken_by), selectinload(Promise.instalments))
            )
        ),
        list(
            session.scalars(
                select(ReportedRepayment)
                .where(ReportedRepayment.case_id.in_(ids))
                .order_by(ReportedRepayment.id)
            )
        ),
        list(
            session.scalars(
                select(Paper).where(Paper.case_id.in_(ids)).order_by(Paper.id).options(joinedload(Paper.run))
            )
        ),
        *_words(session, borrower.id),
    )


def _words(session: Session, borrower_id: int) -> _Words:
    def of(model: Any) -> list[Any]:
        return list(session.scalars(select(model).where(model.borrower_id == borrower_id).order_by(model.id)))

    return of(OutboxMessage), of(InboundMessage), of(BorrowerPhone), of(BorrowerMark), of(CorrectionRequest)


def corrections(
    session: Session, scope: Scope, settled: bool, limit: int, after: int = 0
) -> list[CorrectionRequest]:
    """Requests of borrowers in the scope, oldest first while they are open, newest first once they are settled."""
    theirs = select(Loan.borrower_id).where(loans_in(scope))
    state = CorrectionRequest.settled_on.is_not(None) if settled else CorrectionRequest.settled_on.is_(None)
    query = select(CorrectionRequest).where(state, CorrectionRequest.borrower_id.in_(theirs))
    query = query.options(
        joinedload(CorrectionRequest.borrower),
        joinedload(CorrectionRequest.recorded_by),
        joinedload(CorrectionRequest.settled_by),
    )
    if settled:
        query = query.order_by(CorrectionRequest.settled_on.desc(), CorrectionRequest.id.desc())
    else:
        query = query.where(CorrectionRequest.id > after).order_by(CorrectionRequest.id)
    return list(session.scalars(query.limit(limit)))


def find_correction(session: Session, number: int, scope: Scope) -> CorrectionRequest | None:
    """A request of a borrower in the scope."""
    theirs = select(Loan.borrower_id).where(loans_in(scope))
    return session.scalar(
        select(CorrectionRequest).where(
            CorrectionRequest.id == number, CorrectionRequest.borrower_id.in_(theirs)
        )
    )
