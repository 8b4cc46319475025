"""An overdue case of a borrower with an ID number and a telephone number, and the time of a working day."""

from datetime import date

import pytest
from flask import Flask
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.accounts.models import User
from app.cases.actions import sweep
from app.cases.models import Case
from app.papers.actions import print_for
from app.papers.models import Paper
from app.papers.rules import PaperKind
from tests.loans.portfolio import AGANG, OCTOBER, branch, collector, overdue_loan

TODAY, LATER = date(2023, 11, 8), date(2023, 11, 23)
PHONE = "15400000001"


@pytest.fixture(autouse=True)
def _at_half_past_ten(request: pytest.FixtureRequest) -> None:
    if "session" in request.fixturenames:
        app: Flask = request.getfixturevalue("app")
        app.config["NOW"] = "2023-11-08T10:30+08:00"


@pytest.fixture
def author(session: Session) -> User:
    return collector(session, AGANG, name="agang")


def new_case(session: Session, **changed: object) -> Case:
    loan = overdue_loan(session, **({"branch_id": branch(session).id} | changed))
    loan.borrower.phone = PHONE
    sweep(session, OCTOBER)
    session.expire_all()
    return session.scalars(select(Case).where(Case.loan_id == loan.id)).one()


@pytest.fixture
def case(session: Session, author: User) -> Case:
    return new_case(session)


def printed(
    session: Session, case: Case, author: User, kind: PaperKind = PaperKind.DEMAND, day: date = TODAY
) -> Paper:
    run = print_for(session, [case.id], kind, author, day, LATER).run
    return session.scalars(select(Paper).where(Paper.run_id == run.id)).one()


@pytest.fixture
def paper(session: Session, case: Case, author: User) -> Paper:
    return printed(session, case, author, day=date(2023, 11, 6))
