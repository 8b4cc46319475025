"""What would go out: in the days beyond the plan, and in a month under lead times nobody has saved yet. Only reads."""

from collections import defaultdict
from dataclasses import dataclass, field
from datetime import date, timedelta

from sqlalchemy import Select, exists, select
from sqlalchemy.orm import Session

from app.accounts.rules import Scope
from app.fairness.models import BorrowerMark
from app.loans.models import Borrower, Loan
from app.places.queries import within
from app.reminders.models import MessageTemplate
from app.reminders.plan import UNWANTED, due_loans, policies_of, text_of
from app.reminders.wording import Due
from app.sms.rules import mobile, parts


def coming(session: Session, scope: Scope, today: date, days: int) -> dict[date, int]:
    """Messages by day that are due within ``days`` and not in the outbox yet."""
    found: dict[date, int] = defaultdict(int)
    if scope.region is None:
        return found
    for (_, day), loans in due_loans(session, policies_of(session), today, days).items():
        found[day] += any(loan.region.startswith(scope.region) for loan in loans)
    return found


@dataclass
class Reached:
    """What a month would bring: messages by day, and how many borrowers would not be written to, and why."""

    days: dict[date, int] = field(default_factory=lambda: defaultdict(int))
    borrowers: set[int] = field(default_factory=set)
    loans: int = 0
    parts: int = 0
    without_mobile: int = 0
    unwanted: int = 0

    @property
    def messages(self) -> int:
        return sum(self.days.values())


def what_if(
    session: Session,
    scope: Scope,
    first: date,
    after: date,
    leads: tuple[int, ...],
    template: MessageTemplate,
) -> Reached:
    """Whom lead times would reach from ``first`` until before ``after``; one message a borrower and day."""
    told: dict[tuple[int, date], list[Due]] = defaultdict(list)
    people: dict[int, tuple[str, str | None]] = {}
    reached = Reached()
    for lead in leads:
        ahead = timedelta(days=lead)
        for row in session.execute(_falling_due(scope, first + ahead, after + ahead)):
            told[row.borrower_id, row.effective_due_on - ahead].append(Due(row.balance, row.effective_due_on))
            people[row.borrower_id] = row.name, row.phone
    unwanted = _unwanted(session, scope)
    reached.unwanted = len(unwanted & people.keys())
    reached.without_mobile = sum(
        mobile(phone or "") is None for number, (_, phone) in people.items() if number not in unwanted
    )
    for (borrower, day), dues in told.items():
        name, phone = people[borrower]
        if borrower in unwanted or mobile(phone or "") is None:
            continue
        text, _ = text_of(template, name, dues)
        reached.days[day] += 1
        reached.borrowers.add(borrower)
        reached.loans += len(dues)
        reached.parts += parts(text)
    return reached


def _falling_due(scope: Scope, first: date, after: date) -> Select[int, date, int, str, str | None]:
    columns = (Loan.borrower_id, Loan.effective_due_on, Loan.balance, Borrower.name, Borrower.phone)
    return (
        select(*columns)
        .join(Borrower, Borrower.id == Loan.borrower_id)
        .where(
            Loan.effective_due_on >= first,
            Loan.effective_due_on < after,
            Loan.balance > 0,
            Loan.missing_since.is_(None),
            within(Loan.township_code, scope.region or ""),
        )
        .order_by(Loan.id)
    )


def _unwanted(session: Session, scope: Scope) -> set[int]:
    here = exists().where(
        Loan.borrower_id == BorrowerMark.borrower_id, within(Loan.township_code, scope.region or "")
    )
    query = select(BorrowerMark.borrower_id).where(
        BorrowerMark.kind.in_(UNWANTED), BorrowerMark.lifted_on.is_(None), here
    )
    return set(session.scalars(query))


def previews(
    session: Session, scope: Scope, template: MessageTemplate, today: date, most: int = 3
) -> list[tuple[str, list[str]]]:
    """Texts for the next loans that really fall due here, each with the fields that are empty."""
    rows = session.execute(
        _falling_due(scope, today, today + timedelta(days=366))
        .order_by(None)
        .order_by(Loan.effective_due_on, Loan.id)
        .limit(most)
    )
    return [text_of(template, row.name, [Due(row.balance, row.effective_due_on)]) for row in rows]
