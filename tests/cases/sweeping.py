"""Sweeps in tests, and what they left in the database."""

from datetime import date

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.cases.actions import Swept, sweep
from app.cases.models import Case, CaseEvent
from app.cases.states import Event
from app.loans.models import Loan
from tests.loans.portfolio import OCTOBER


def swept(session: Session, day: date = OCTOBER) -> Swept:
    """Sweep, and forget what the session remembers of before."""
    done = sweep(session, day)
    session.expire_all()
    return done


def cases_of(session: Session, of: Loan) -> list[Case]:
    return list(session.scalars(select(Case).where(Case.loan_id == of.id).order_by(Case.id)))


def the_case(session: Session, of: Loan) -> Case:
    (only,) = cases_of(session, of)
    return only


def events(session: Session, of: Case) -> list[CaseEvent]:
    return list(session.scalars(select(CaseEvent).where(CaseEvent.case_id == of.id).order_by(CaseEvent.id)))


def kinds(session: Session, of: Case) -> list[Event]:
    return [event.kind for event in events(session, of)]
