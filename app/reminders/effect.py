"""Does reminding help? Loans that have fallen due, by whether they were reminded and whether they were paid on time.

Paid on time: the first ledger after the due date shows nothing overdue. Only loans that chance has held out say what
reminding does; those not reminded for another reason differ in more than that.
"""

from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from sqlalchemy import ColumnElement, and_, case, exists, func, select
from sqlalchemy.orm import Session, aliased

from app.accounts.rules import Scope
from app.loans.models import Loan, Snapshot
from app.places.queries import within
from app.reminders.models import HeldOut, OutboxMessage, Reminder
from app.reminders.rules import Share, difference
from app.reminders.states import State


class Group(StrEnum):
    REMINDED = "reminded"
    HELD_OUT = "held_out"
    OTHER = "other"


@dataclass(frozen=True, slots=True)
class Effect:
    """The share paid on time in each group; ``delivered``: among loans whose reminder is known to have arrived."""

    groups: dict[Group, Share]
    delivered: Share

    @property
    def difference(self) -> tuple[float, float, float] | None:
        return difference(self.groups[Group.REMINDED], self.groups[Group.HELD_OUT])


def effect(session: Session, scope: Scope, first: date, today: date) -> Effect:
    """Loans of the region that fell due from ``first`` until before ``today`` and that a later ledger lists."""
    if scope.region is None:
        return Effect({group: Share(0, 0) for group in Group}, Share(0, 0))
    arrived = exists().where(
        _reminded(), Reminder.message_id == OutboxMessage.id, OutboxMessage.state == State.DELIVERED
    )
    out = exists().where(HeldOut.loan_id == Loan.id, HeldOut.due_on == Loan.effective_due_on)
    group = case(
        (out, Group.HELD_OUT.value), (exists().where(_reminded()), Group.REMINDED.value), else_="other"
    )
    later = aliased(Snapshot)
    earliest = (
        select(func.min(later.as_of))
        .where(later.loan_id == Loan.id, later.as_of > Loan.effective_due_on)
        .correlate(Loan)
        .scalar_subquery()
    )
    seen = (
        select(
            group.label("kind"),
            case((arrived, 1), else_=0).label("arrived"),
            case((Snapshot.overdue == 0, 1), else_=0).label("paid"),
        )
        .select_from(Loan)
        .join(Snapshot, and_(Snapshot.loan_id == Loan.id, Snapshot.as_of == earliest))
        .where(
            Loan.effective_due_on >= first,
            Loan.effective_due_on < today,
            within(Loan.township_code, scope.region),
        )
        .subquery()
    )
    rows = session.execute(
        select(seen.c.kind, seen.c.arrived, func.sum(seen.c.paid), func.count()).group_by(
            seen.c.kind, seen.c.arrived
        )
    ).all()

    def share(kinds: tuple[Group, ...], only_arrived: bool = False) -> Share:
        mine = [row for row in rows if row[0] in kinds and (row[1] or not only_arrived)]
        return Share(sum(int(row[2]) for row in mine), sum(int(row[3]) for row in mine))

    return Effect({one: share((one,)) for one in Group}, share((Group.REMINDED,), only_arrived=True))


def _reminded() -> ColumnElement[bool]:
    return and_(Reminder.loan_id == Loan.id, Reminder.due_on == Loan.effective_due_on)
