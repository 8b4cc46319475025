"""What the tests of the trail share: an office of the county, a borrower with an overdue loan, its case."""

from datetime import UTC, date, datetime

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.accounts.models import User
from app.accounts.rules import Role
from app.cases.actions import sweep
from app.cases.models import Case
from app.db import put_setting
from app.loans.models import Borrower, Loan
from app.today import BUSINESS_DATE
from tests.loans.portfolio import collector, overdue_loan

TODAY = date(2023, 11, 8)
COUNTY = "530324"
PHONE = "15400001234"


@pytest.fixture
def office(session: Session) -> User:
    put_setting(session, BUSINESS_DATE, TODAY.isoformat())
    return collector(session, COUNTY, "office", role=Role.OFFICE, printed_since=moment("2023-01-01"))


@pytest.fixture
def case(session: Session, office: User) -> Case:
    loan = overdue_loan(session)
    loan.borrower.phone = PHONE
    session.flush()
    sweep(session, TODAY)
    session.commit()
    return session.scalars(select(Case)).one()


@pytest.fixture
def borrower(case: Case) -> Borrower:
    return case.borrower


def another_county(session: Session) -> Loan:
    """A loan of a place that the office does not see."""
    from app.places.models import Region
    from app.places.rules import Level

    session.add(Region(code="530325", parent_code="5303", level=Level.COUNTY, name="邻县", short="邻县"))
    session.flush()
    session.add(
        Region(code="530325101", parent_code="530325", level=Level.TOWNSHIP, name="邻镇", short="邻镇")
    )
    session.flush()
    return overdue_loan(session, township_code="530325101")


def moment(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)
