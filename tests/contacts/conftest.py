"""A case with both its collectors, at a moment that a test sets."""

from collections.abc import Callable
from datetime import datetime

import pytest
from flask import Flask
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.accounts.models import User
from app.cases.actions import sweep
from app.cases.models import Case
from app.clock import SHANGHAI
from app.fairness.actions import add_phone
from app.fairness.models import BorrowerPhone
from tests.loans.portfolio import AGANG, OCTOBER, branch, collector, overdue_loan

Clock = Callable[[str], datetime]


@pytest.fixture
def clock(app: Flask) -> Clock:
    """``clock("2023-11-08T10:30")`` holds the instance there, on the county's clock."""

    def hold(text: str) -> datetime:
        moment = datetime.fromisoformat(text).replace(tzinfo=SHANGHAI)
        app.config["NOW"] = moment.isoformat()
        return moment

    hold("2023-11-08T10:30")
    return hold


@pytest.fixture
def author(session: Session) -> User:
    """The township's collector."""
    return collector(session, AGANG, name="agang")


@pytest.fixture
def banker(session: Session) -> User:
    """The branch's collector."""
    return collector(session, branch(session), name="agang-bank")


def new_case(session: Session, **changed: object) -> Case:
    loan = overdue_loan(session, **changed)
    sweep(session, OCTOBER)
    session.expire_all()
    return session.scalars(select(Case).where(Case.loan_id == loan.id)).one()


@pytest.fixture
def case(session: Session, author: User, banker: User) -> Case:
    return new_case(session, branch_id=branch(session).id)


@pytest.fixture
def twin(session: Session, case: Case) -> Case:
    """Another loan of the same borrower, with its own case."""
    loan = overdue_loan(session, branch_id=branch(session).id, borrower_id=case.borrower_id)
    sweep(session, OCTOBER)
    session.expire_all()
    return session.scalars(select(Case).where(Case.loan_id == loan.id)).one()


@pytest.fixture
def phone(session: Session, case: Case, author: User) -> BorrowerPhone:
    return add_phone(session, case.borrower_id, "154 0000 0001", author)
