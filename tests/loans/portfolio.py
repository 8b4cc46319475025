"""Loans, branches and collectors for tests, straight into the database: what a test does not name is filled in."""

from datetime import UTC, date, datetime
from itertools import count
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.accounts.models import User
from app.accounts.rules import Role
from app.db import FOREVER
from app.loans.models import Borrower, Household, Loan, Snapshot
from app.places.actions import lender_named
from app.places.models import Branch

AGANG, LAOCHANG, BANQIAO = "530324106", "530324206", "530324102"
OCTOBER, NOVEMBER = date(2023, 10, 31), date(2023, 11, 30)
WAN = 1_000_000  # in 分

_numbers = count(1)


def branch(session: Session, name: str = "阿岗支行") -> Branch:
    """The branch of this name at the one lender, made when it is new."""
    lender = lender_named(session, "罗平农商行")
    found = session.scalar(select(Branch).where(Branch.lender_id == lender.id, Branch.name == name))
    if found is None:
        found = Branch(lender_id=lender.id, name=name)
        session.add(found)
        session.flush()
    return found


def collector(session: Session, place: str | Branch, name: str = "", **changed: Any) -> User:
    """A collector for a township (its code) or a branch; no password fits."""
    place_of = {"branch_id": place.id} if isinstance(place, Branch) else {"region_code": place}
    filled = {
        "username": name or f"collector{next(_numbers)}",
        "name": name or "清收员",
        "role": Role.BRANCH if isinstance(place, Branch) else Role.TOWNSHIP,
        "password_hash": "none",
        "created_at": datetime(2023, 1, 1, tzinfo=UTC),
        "active": True,
    }
    made = User(**(filled | place_of | changed))
    session.add(made)
    session.flush()
    return made


def person(session: Session) -> tuple[Borrower, Household]:
    """Somebody who borrows for a household of their own; the region 530399 does not exist."""
    number = f"5303991990010{next(_numbers):05d}"
    borrower = Borrower(id_number=number, name="张三", phone=None)
    household = Household(head_id_number=number, head_name="张三")
    session.add_all([borrower, household])
    session.flush()
    return borrower, household


def loan(session: Session, **changed: Any) -> Loan:
    """A loan of 5 万元 as the ledger of 31 October has it: not overdue, due in a year."""
    borrower, household = person(session)
    filled: dict[str, Any] = {
        "lender_id": lender_named(session, "罗平农商行").id,
        "contract_no": f"HT-{next(_numbers)}",
        "borrower_id": borrower.id,
        "household_id": household.id,
        "township_code": AGANG,
        "branch_id": None,
        "principal": 5 * WAN,
        "balance": 5 * WAN,
        "overdue": 0,
        "disbursed_on": date(2021, 11, 1),
        "due_on": date(2024, 10, 31),
        "as_of": OCTOBER,
    } | changed
    made = Loan(effective_due_on=filled.pop("effective_due_on", filled["due_on"]), **filled)
    session.add(made)
    session.flush()
    return made


def overdue_loan(session: Session, **changed: Any) -> Loan:
    """The same, due at the end of August and wholly overdue."""
    return loan(session, **({"overdue": 5 * WAN, "due_on": date(2023, 8, 31)} | changed))


def snapshot(session: Session, of: Loan, as_of: date, until: date = FOREVER, **changed: Any) -> Snapshot:
    """What a ledger said of the loan; as the loan stands, where a test does not say otherwise."""
    names = (
        "township_code",
        "branch_id",
        "household_id",
        "principal",
        "balance",
        "overdue",
        "disbursed_on",
        "due_on",
    )
    made = Snapshot(
        loan_id=of.id, as_of=as_of, until=until, **({name: getattr(of, name) for name in names} | changed)
    )
    session.add(made)
    session.flush()
    return made
