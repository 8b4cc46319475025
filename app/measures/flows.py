"""The roll of a month by township, and by whether a loan fell due in it: what a forecast learns from."""

from dataclasses import dataclass

from sqlalchemy import and_, case, func
from sqlalchemy.orm import Session

from app.accounts.rules import Scope
from app.measures.queries import Period, rolling
from app.measures.rules import Stage


@dataclass(frozen=True, slots=True)
class Flow:
    """Loans of a township that stood at ``start`` at the month end before and at ``end`` at this one's. Amounts in 分.

    ``falls_due``: they were to be paid in the month, so that unpaid they are overdue at its end. ``before`` and
    ``overdue_before`` are balance and overdue amount at the month end before, ``balance`` and ``overdue`` at this one's.
    """

    township_code: str
    start: Stage
    end: Stage
    falls_due: bool
    loans: int
    before: int
    overdue_before: int
    balance: int
    overdue: int


def flows(session: Session, period: Period, scope: Scope) -> list[Flow]:
    """``queries.rolls`` in the finer parts; the same loans and the same stages."""
    query, before, now, start, end = rolling(period, scope)
    due = case((and_(before.due_on >= period.before, before.due_on < period.last), 1), else_=0)
    sums = (before.balance, before.overdue, now.balance, now.overdue)
    counted = query.add_columns(
        before.township_code, start.label("start"), end.label("end"), due.label("due"), func.count(),
        *(func.sum(column) for column in sums),
    ).group_by(before.township_code, "start", "end", "due")  # fmt: skip
    return [
        Flow(code, Stage(s), Stage(e), bool(d), *map(int, rest))
        for code, s, e, d, *rest in session.execute(counted)
    ]
