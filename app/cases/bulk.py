"""What a bulk action would touch, and the workbook of it: names, masked numbers, and who took it when."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from typing import IO, Any

import xlsxwriter
from sqlalchemy import func, select
from sqlalchemy.orm import Session, aliased

from app.accounts.models import User
from app.cases.models import Case
from app.clock import days_past_due
from app.loans.models import Borrower, Loan
from app.places.models import Branch, Region
from app.privacy import mask_id, mask_phone

_A4 = 9
_CHUNK = 2000


@dataclass(frozen=True, slots=True)
class Touched:
    """How many cases, and their overdue amount (分)."""

    cases: int
    overdue: int


def touched(session: Session, chosen: Any) -> Touched:
    query = select(func.count(), func.coalesce(func.sum(Case.overdue), 0)).where(Case.id.in_(chosen))
    number, overdue = session.execute(query).one()
    return Touched(int(number), int(overdue))


def rows(session: Session, chosen: Any, today: date) -> Iterator[tuple[Any, ...]]:
    """A line for each case, longest overdue first, read chunk by chunk."""
    first, second, township, village = aliased(User), aliased(User), aliased(Region), aliased(Region)
    query = (
        select(
            Case.id, township.short, village.short, Borrower.name, Borrower.id_number, Borrower.phone,
            Loan.contract_no, Branch.name, Case.due_on, Loan.balance, Case.overdue, first.name, second.name,
        )
        .select_from(Case)
        .join(Loan, Loan.id == Case.loan_id)
        .join(Borrower, Borrower.id == Loan.borrower_id)
        .join(township, township.code == Case.township_code)
        .outerjoin(village, village.code == Case.village_code)
        .outerjoin(Branch, Branch.id == Case.branch_id)
        .outerjoin(first, first.id == Case.township_user_id)
        .outerjoin(second, second.id == Case.branch_user_id)
        .where(Case.id.in_(chosen))
        .order_by(Case.due_on, Case.id)
    )  # fmt: skip
    for row in session.execute(query.execution_options(yield_per=_CHUNK)):
        number, town, place, name, id_number, phone, contract, branch, due, balance, overdue, *users = row
        yield (
            number, town, place or "", name, mask_id(id_number), mask_phone(phone), contract, branch or "",
            due.isoformat(), days_past_due(due, today), balance / 100, overdue / 100, *(u or "" for u in users),
        )  # fmt: skip


def write(
    stream: IO[bytes], title: str, mark: str, heads: list[str], lines: Iterator[tuple[Any, ...]]
) -> int:
    """Write the workbook; ``mark`` (who and when) stands on top of every page. Returns how many cases it has."""
    options = {
        "constant_memory": True,
        "strings_to_formulas": False,
        "strings_to_urls": False,
        "strings_to_numbers": False,
    }
    count = 0
    with xlsxwriter.Workbook(stream, options) as book:
        sheet = book.add_worksheet()
        sheet.set_landscape()
        sheet.set_paper(_A4)
        sheet.fit_to_pages(1, 0)
        sheet.repeat_rows(2)
        sheet.set_header(f"&L{mark.replace('&', '&&')}&R&P/&N")
        bold, money = (
            book.add_format({"bold": True, "border": 1}),
            book.add_format({"num_format": "#,##0.00"}),
        )
        sheet.set_column(0, 13, 13)
        sheet.set_column(10, 11, 13, money)
        sheet.write_string(0, 0, title, book.add_format({"bold": True, "font_size": 16}))
        sheet.write_string(1, 0, mark)
        sheet.write_row(2, 0, heads, bold)
        for count, line in enumerate(lines, 1):
            sheet.write_row(2 + count, 0, line)
    return count
