"""The loans behind an item of the check list: counted and listed by one condition."""

from dataclasses import dataclass
from datetime import date
from typing import Any, NamedTuple

from sqlalchemy import Select, and_, func, literal, or_, select
from sqlalchemy.orm import Session, aliased, joinedload

from app.accounts.rules import Scope
from app.bulletin import closed
from app.bulletin.rules import ItemKind
from app.cases.models import Case
from app.clock import month_end
from app.loans.models import Borrower, Loan, Snapshot
from app.loans.queries import in_scope
from app.promises.models import ReportedRepayment
from app.promises.rules import ReportState

OF_LOANS = (ItemKind.MISSING, ItemKind.RISEN, ItemKind.NO_CASE, ItemKind.REPORTED)


class Condition(NamedTuple):
    """The loans of an item: what to read them from, and the two amounts (分) that are shown of each."""

    source: Select[Any]
    township: Any
    branch: Any
    loan_id: Any
    before: Any
    now: Any


def condition(session: Session, kind: ItemKind, region: str, day: date) -> Condition:
    at = closed.snapshots_at(session, region, day)
    of = at.of
    match kind:
        case ItemKind.MISSING:
            where = and_(Loan.missing_since <= day, Loan.missing_decision.is_(None), Loan.balance > 0)
            return Condition(select().select_from(Loan).where(where), Loan.township_code, Loan.branch_id, Loan.id,
                              Loan.balance, literal(None))  # fmt: skip
        case ItemKind.RISEN:
            before = aliased(Snapshot)
            source = (
                select()
                .select_from(of)
                .join(before, and_(before.loan_id == of.loan_id, before.until == of.as_of))
                .where(at.where, of.as_of >= day.replace(day=1), of.balance > before.balance)
            )
            return Condition(source, of.township_code, of.branch_id, of.loan_id, before.balance, of.balance)
        case ItemKind.NO_CASE:
            kept = select(literal(1)).where(
                Case.loan_id == of.loan_id, or_(Case.closed_on.is_(None), Case.closed_on >= day)
            )
            source = select().select_from(of).where(at.where, of.overdue > 0, ~kept.exists())
            return Condition(source, of.township_code, of.branch_id, of.loan_id, of.balance, of.overdue)
        case _:
            reported = ReportedRepayment
            source = (
                select()
                .select_from(reported)
                .join(Loan, Loan.id == reported.loan_id)
                .where(
                    reported.state.in_((ReportState.REPORTED, ReportState.CONTRADICTED)),
                    reported.paid_on <= day,
                )
            )
            return Condition(
                source, Loan.township_code, Loan.branch_id, Loan.id, Loan.balance, reported.amount
            )


@dataclass(frozen=True, slots=True)
class Doubt:
    """A loan behind an item: who it is, and the amounts (分) before and now, as the kind has them."""

    key: int
    loan: Loan
    before: int | None
    now: int | None


def loans_of(
    session: Session, kind: ItemKind, region: str, month: date, scope: Scope, after: int, limit: int
) -> tuple[list[Doubt], int]:
    """The loans behind an item, by their numbers, and how many there are in all."""
    day = month_end(month)
    parts = closed.not_closed(session, region, day)
    found = condition(session, kind, region, day)
    where = parts.have(found.township), in_scope(scope, found.township, found.branch)
    total = session.scalar(found.source.with_only_columns(func.count()).where(*where)) or 0
    key = ReportedRepayment.id if kind is ItemKind.REPORTED else found.loan_id
    chosen = (
        found.source.with_only_columns(
            key.label("key"),
            found.loan_id.label("loan_id"),
            found.before.label("before"),
            found.now.label("now"),
        )
        .where(*where, key > after)
        .order_by(key)
        .limit(limit)
        .subquery()
    )
    query = (
        select(chosen.c.key, Loan, chosen.c.before, chosen.c.now)
        .join(Loan, Loan.id == chosen.c.loan_id)
        .order_by(chosen.c.key)
        .options(
            joinedload(Loan.borrower).load_only(Borrower.name),
            joinedload(Loan.township),
            joinedload(Loan.lender),
        )
    )
    return [Doubt(*row) for row in session.execute(query)], int(total)
