"""The portfolio of the proof: every borrower is to get exactly one message today, however many loans fall due."""

from datetime import UTC, date, datetime, timedelta

from sqlalchemy import insert
from sqlalchemy.orm import Session

from app.loans.models import Borrower, Household, Loan
from app.places.models import Lender
from app.reminders.models import MessageTemplate
from app.reminders.wording import DEFAULT
from tests.ledger.factory import AGANG, id_number

NOW = "2023-12-05T09:30"
TODAY = date(2023, 12, 5)
DUE = TODAY + timedelta(days=7)
MISSED = DUE - timedelta(days=3)  # its message was due three days ago, while no planner ran
FIRST_PHONE = 13900000000


def phone(number: int) -> str:
    return str(FIRST_PHONE + number)


def fill(session: Session, borrowers: int, missed: int = 0) -> None:
    """``borrowers`` people, every tenth with two loans; all due on one day, a week ahead.

    ``missed``: of so many people one is due already on ``MISSED`` (0: nobody).
    """
    lender = Lender(name="罗平农商行")
    session.add(lender)
    words = {
        "name": "reminder",
        "version": 1,
        "body": DEFAULT,
        "signature": "【罗平农商行】",
        "phone": "0874-8220001",
    }
    session.add(MessageTemplate(**words, approved_at=datetime(2023, 1, 1, tzinfo=UTC)))
    session.flush()
    people = [(n, id_number(n % 1000, born=f"{1950 + n // 1000}0203")) for n in range(borrowers)]
    session.execute(
        insert(Household), [{"head_id_number": card, "head_name": f"张{n}"} for n, card in people]
    )
    session.execute(
        insert(Borrower),
        [{"id_number": card, "name": f"张{n}", "phone": phone(n), "initials": None} for n, card in people],
    )
    loans = [
        (n, k, MISSED if missed and n % missed == 1 else DUE)
        for n, _ in people
        for k in range(2 if n % 10 == 0 else 1)
    ]
    session.execute(
        insert(Loan),
        [
            {
                "lender_id": lender.id, "contract_no": f"HT-{n}-{k}", "borrower_id": n + 1, "household_id": n + 1,
                "township_code": AGANG, "principal": 5_000_000, "balance": 5_000_000 - k, "overdue": 0,
                "disbursed_on": due - timedelta(days=365), "due_on": due, "effective_due_on": due, "as_of": TODAY,
            }
            for n, k, due in loans
        ],
    )  # fmt: skip
