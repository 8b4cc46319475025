"""A household as a reader may see it: its loans in scope, and all that was done about them on both lines."""

from dataclasses import dataclass
from datetime import date

from sqlalchemy import case, func, select
from sqlalchemy.orm import Session, joinedload, selectinload

from app.accounts.rules import Scope
from app.cases.models import Case
from app.cases.queries import cases_in
from app.contacts.models import Contact
from app.contacts.rules import Channel, Reached
from app.fairness.models import BorrowerMark, BorrowerPhone
from app.loans.models import Borrower, Household, Loan
from app.loans.queries import loans_in
from app.papers.models import Paper
from app.promises.models import Promise

CONTACTS_SHOWN = 100


@dataclass(frozen=True, slots=True)
class Pooled:
    """Contacts of one borrower on a day, over both lines and all loans, those out of the reader's sight included."""

    calls: int
    unanswered: int
    others: int


@dataclass(frozen=True, slots=True)
class Home:
    """A household with what belongs to it, as far as the reader's scope goes."""

    household: Household
    borrowers: list[Borrower]
    loans: list[Loan]
    cases: dict[int, list[Case]]
    contacts: list[Contact]
    promises: list[Promise]
    phones: list[BorrowerPhone]
    marks: list[BorrowerMark]
    papers: list[Paper]
    pooled: dict[int, Pooled]


def home(session: Session, household_id: int, scope: Scope, today: date) -> Home | None:
    """Everything about a household; None when none of its loans is in the scope. Always ten statements."""
    shown = (
        joinedload(part) for part in (Loan.borrower, Loan.township, Loan.village, Loan.branch, Loan.lender)
    )
    own = select(Loan).where(Loan.household_id == household_id, loans_in(scope))
    loans = list(session.scalars(own.order_by(Loan.disbursed_on.desc(), Loan.id.desc()).options(*shown)))
    household = session.get(Household, household_id) if loans else None
    if household is None:
        return None
    borrowers = list({loan.borrower_id: loan.borrower for loan in loans}.values())
    numbers = [one.id for one in borrowers]
    cases = list(
        session.scalars(
            select(Case)
            .where(Case.loan_id.in_([loan.id for loan in loans]), cases_in(scope))
            .order_by(Case.id.desc())
        )
    )
    by_loan: dict[int, list[Case]] = {}
    for one in cases:
        by_loan.setdefault(one.loan_id, []).append(one)
    ids = [one.id for one in cases]
    return Home(
        household,
        borrowers,
        loans,
        by_loan,
        _contacts(session, ids),
        _promises(session, ids),
        list(
            session.scalars(
                select(BorrowerPhone)
                .where(BorrowerPhone.borrower_id.in_(numbers))
                .order_by(BorrowerPhone.borrower_id, BorrowerPhone.id)
            )
        ),
        list(
            session.scalars(
                select(BorrowerMark)
                .where(BorrowerMark.borrower_id.in_(numbers))
                .order_by(BorrowerMark.lifted_on.is_not(None), BorrowerMark.starts_on.desc())
            )
        ),
        _papers(session, ids),
        pooled(session, numbers, today),
    )


def _contacts(session: Session, case_ids: list[int]) -> list[Contact]:
    query = (
        select(Contact).where(Contact.case_id.in_(case_ids)).order_by(Contact.at.desc(), Contact.id.desc())
    )
    return list(session.scalars(query.limit(CONTACTS_SHOWN).options(joinedload(Contact.author))))


def _promises(session: Session, case_ids: list[int]) -> list[Promise]:
    query = select(Promise).where(Promise.case_id.in_(case_ids)).order_by(Promise.id.desc())
    return list(
        session.scalars(query.options(joinedload(Promise.taken_by), selectinload(Promise.instalments)))
    )


def _papers(session: Session, case_ids: list[int]) -> list[Paper]:
    query = select(Paper).where(Paper.case_id.in_(case_ids)).order_by(Paper.id.desc())
    return list(session.scalars(query.options(joinedload(Paper.run))))


def pooled(session: Session, borrower_ids: list[int], day: date) -> dict[int, Pooled]:
    """Numbers alone: whoever may not see another branch's loan still must not call where the day is full."""
    called, nobody = Contact.channel == Channel.CALL, Contact.reached == Reached.NOBODY
    query = (
        select(
            Contact.borrower_id,
            func.count(case((called & ~nobody, 1))),
            func.count(case((called & nobody, 1))),
            func.count(case((Contact.channel.not_in((Channel.CALL, Channel.NOTE)), 1))),
        )
        .where(Contact.borrower_id.in_(borrower_ids), Contact.on == day)
        .group_by(Contact.borrower_id)
    )
    counted = {row[0]: Pooled(*map(int, row[1:])) for row in session.execute(query)}
    return {number: counted.get(number, Pooled(0, 0, 0)) for number in borrower_ids}
