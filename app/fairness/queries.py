"""Reads of marks, numbers and limits."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

from sqlalchemy import select
from sqlalchemy.orm import Session, joinedload

from app.cases.models import Case
from app.fairness.models import BorrowerMark, BorrowerPhone
from app.fairness.rules import Limits
from app.fairness.words import Mark, Reaches, Whose
from app.loans.models import Borrower
from app.policies.queries import Policies
from app.policies.rules import Key


def limits_for(policies: Policies, region: str = "", lender_id: int | None = None) -> Limits:
    """The numbers of fair treatment for a place and a lender, on the policies' day."""

    def value(key: Key) -> int:
        return policies(key, region, lender_id)

    return Limits(
        contact_from=value(Key.CONTACT_FROM),
        contact_until=value(Key.CONTACT_UNTIL),
        calls_per_day=value(Key.CALLS_PER_DAY),
        unanswered_per_day=value(Key.UNANSWERED_PER_DAY),
        just_called=value(Key.JUST_CALLED),
        sms_from=value(Key.SMS_FROM),
        sms_until=value(Key.SMS_UNTIL),
        sms_per_day=value(Key.SMS_PER_DAY),
        sms_per_week=value(Key.SMS_PER_WEEK),
    )


def limits_of(session: Session, found: Case, day: date) -> Limits:
    """The same for a case."""
    return limits_for(Policies(session, day), found.village_code or found.township_code, found.loan.lender_id)


def marks_of(session: Session, borrower_id: int) -> list[BorrowerMark]:
    """All marks of a borrower, those in force first, the newest first."""
    query = select(BorrowerMark).where(BorrowerMark.borrower_id == borrower_id)
    shown = query.options(joinedload(BorrowerMark.set_by)).order_by(BorrowerMark.id.desc())
    return sorted(session.scalars(shown), key=lambda mark: mark.lifted_on is not None)


def open_marks(session: Session, borrower_ids: Iterable[int]) -> dict[int, frozenset[Mark]]:
    """The marks in force of some borrowers; who has none is not in it."""
    query = select(BorrowerMark.borrower_id, BorrowerMark.kind).where(
        BorrowerMark.borrower_id.in_(list(borrower_ids)), BorrowerMark.lifted_on.is_(None)
    )
    found: dict[int, set[Mark]] = {}
    for borrower_id, kind in session.execute(query):
        found.setdefault(borrower_id, set()).add(kind)
    return {borrower_id: frozenset(kinds) for borrower_id, kinds in found.items()}


@dataclass(frozen=True, slots=True)
class Number:
    """A number of a borrower as a page may know it: the number itself only masked by whoever shows it.

    ``key`` names it in a form: the row's id, or ``LEDGER`` for the ledger's number as long as nobody has used it.
    """

    key: str
    number: str
    whose: Whose
    name: str
    reaches: Reaches
    from_ledger: bool
    phone_id: int | None


LEDGER = "ledger"


@dataclass(frozen=True, slots=True)
class Standing:
    """What a page shows of a borrower's marks and numbers, with the words to choose from."""

    marks: list[BorrowerMark]
    numbers: list[Number]
    reaches: tuple[Reaches, ...] = tuple(Reaches)
    whose: tuple[Whose, ...] = tuple(Whose)


def numbers_of(session: Session, borrower: Borrower) -> list[Number]:
    """Every number of a borrower: the ledger's first, those that are wrong last."""
    query = select(BorrowerPhone).where(BorrowerPhone.borrower_id == borrower.id).order_by(BorrowerPhone.id)
    rows = [
        Number(
            str(row.id), row.number, row.whose, row.name, row.reaches, row.number == borrower.phone, row.id
        )
        for row in session.scalars(query)
    ]
    if borrower.phone and not any(row.from_ledger for row in rows):
        rows.append(Number(LEDGER, borrower.phone, Whose.SELF, "", Reaches.UNKNOWN, True, None))
    order = {Reaches.YES: 0, Reaches.UNKNOWN: 1, Reaches.NO_ANSWER: 1, Reaches.WRONG: 2}
    return sorted(rows, key=lambda row: (order[row.reaches], not row.from_ledger))


def find_mark(session: Session, borrower_id: int, mark_id: int) -> BorrowerMark | None:
    return session.scalar(
        select(BorrowerMark).where(BorrowerMark.id == mark_id, BorrowerMark.borrower_id == borrower_id)
    )


def find_phone(session: Session, borrower_id: int, phone_id: int) -> BorrowerPhone | None:
    return session.scalar(
        select(BorrowerPhone).where(BorrowerPhone.id == phone_id, BorrowerPhone.borrower_id == borrower_id)
    )
