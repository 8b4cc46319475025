"""Takes ledgers into an instance, and tells in plain values what it then holds.

``imported`` goes the whole way from a file, as the command does. ``take`` begins with typed rows and leaves the
transaction open, so that a property test can roll it back and try the next portfolio.
"""

from collections.abc import Iterable, Sequence
from datetime import date
from pathlib import Path
from typing import Any

from sqlalchemy import select, text
from sqlalchemy.orm import Session

from app.cases.models import Case
from app.db import Base, db
from app.intake import Outcome, Request, import_file, take_ledger
from app.ledger import actions as ledger
from app.ledger.models import ImportBatch
from app.ledger.report import Report
from app.ledger.rows import LedgerRow, Reading, RefusedRow, SheetInfo
from app.loans.models import Borrower, Loan, Repayment, Snapshot
from app.privacy import keyring
from tests.ledger.factory import Line, make_ledger

TODAY = date(2023, 12, 31)
AUGUST, SEPTEMBER, OCTOBER, NOVEMBER = (
    date(2023, 8, 31), date(2023, 9, 30), date(2023, 10, 31), date(2023, 11, 30),
)  # fmt: skip
LENDER, OTHER_LENDER = "罗平农商行", "罗平村镇银行"

State = dict[str, Any]


def imported(path: Path, as_of: date | None = None, today: date = TODAY, **options: Any) -> Outcome:
    """Import a file with the lender named, unless a test says otherwise."""
    request = Request(path, as_of, **{"lender": LENDER, **options})
    outcome = import_file(request, today=today, actor="system")
    db.session.expire_all()
    return outcome


def taken(folder: Path, lines: Sequence[Line], as_of: date, **options: Any) -> Outcome:
    """Import a file of these lines; it must be taken."""
    outcome = imported(ledger_file(folder, lines, **options.pop("file", {})), as_of, **options)
    assert outcome.ok, outcome.sentence
    return outcome


def ledger_file(folder: Path, lines: Sequence[Line], name: str = "ledger.csv", **options: Any) -> Path:
    """A new file of these lines; .csv, because it is read fastest."""
    number = sum(1 for _ in folder.iterdir())
    return make_ledger(folder / f"{number}-{name}", lines, **options)


def take(
    session: Session,
    rows: Iterable[LedgerRow],
    as_of: date,
    *,
    refused: Sequence[str] = (),
    supplements: int | None = None,
    accept_valid: bool = True,
) -> Report:
    """Take typed rows (with their lenders) in the session's open transaction. ``refused``: contracts refused."""
    reading = Reading(
        sheets=[SheetInfo("台账", 1, (), ())],
        rows=[row if row.lender else row._replace(lender=LENDER) for row in rows],
        refused=[RefusedRow("台账", 1000 + at, (), contract) for at, contract in enumerate(refused)],
        supplements=supplements,
    )
    order = ledger.Order(Path("ledger.csv"), "ledger.csv", as_of, TODAY, taking=True)
    examined = ledger.examine(session, order, reading, keyring())
    number = session.scalar(select(ImportBatch.id).order_by(ImportBatch.id.desc()).limit(1)) or 0
    batch = ledger.new_batch(
        session, file_hash=f"{number:064d}", filename="ledger.csv", size=1, county="", as_of=as_of,
        accept_valid=accept_valid,
    )  # fmt: skip
    take_ledger(session, examined, batch, actor="system")
    return examined.report


def loan(session: Session, contract_no: str, lender: str = LENDER) -> Loan:
    query = select(Loan).where(Loan.contract_no == contract_no, Loan.lender.has(name=lender))
    return session.scalars(query).one()


_NO_STATE = {"id", "lender_id", "contract_no", "borrower_id", "household_id", "branch_id", "village_code"}


def loans(session: Session) -> State:
    """Every loan as it stands today, by lender and contract, without any number that this database gave."""
    return {
        f"{found.lender.name} {found.contract_no}": {
            **{c.name: getattr(found, c.key) for c in Loan.__table__.columns if c.name not in _NO_STATE},
            "borrower": found.borrower.id_number,
            "household": found.household.head_id_number,
            "branch": found.branch.name if found.branch else None,
            "village": found.village.name if found.village else None,
        }
        for found in session.scalars(select(Loan))
    }


def people(session: Session) -> State:
    """Names and phones by ID number."""
    return {b.id_number: (b.name, b.phone) for b in session.scalars(select(Borrower))}


_SAID = (
    "as_of", "until", "township_code", "principal", "balance", "overdue", "disbursed_on", "due_on", "repaid",
)  # fmt: skip


def snapshots(session: Session) -> list[tuple[Any, ...]]:
    query = select(Snapshot, Loan).join(Loan, Loan.id == Snapshot.loan_id)
    return sorted(
        (
            loan.lender.name,
            loan.contract_no,
            *(getattr(found, name) or 0 for name in _SAID),
            str(found.repaid_on),
        )
        for found, loan in session.execute(query)
    )


def repayments(session: Session) -> list[tuple[Any, ...]]:
    query = select(Repayment, Loan).join(Loan, Loan.id == Repayment.loan_id)
    return sorted(
        (loan.lender.name, loan.contract_no, r.as_of, r.paid_on, r.amount, r.source.value)
        for r, loan in session.execute(query)
    )


def open_cases(session: Session) -> dict[str, int]:
    """Contract number and amount of every open case."""
    query = select(Case).where(Case.closed_on.is_(None))
    return {case.loan.contract_no: case.overdue for case in session.scalars(query)}


# What is different each time although the same happened: moments, and hashes over them.
_MOMENTS = {"at", "taken_at", "uploaded_at", "created_at", "added_at", "written_at", "digest", "previous"}


def contents(session: Session) -> dict[str, list[str]]:
    """Every row of every table, as text, sorted; without moments."""
    session.rollback()
    found = {}
    for table in Base.metadata.sorted_tables:
        columns = ", ".join(f'"{c.name}"' for c in table.columns if c.name not in _MOMENTS)
        found[table.name] = sorted(map(repr, session.execute(text(f'SELECT {columns} FROM "{table.name}"'))))
    session.rollback()
    return found
