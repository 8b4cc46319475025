"""The roll of a month by township, and by whether a loan fell due in it: what a forecast learns from."""

from sqlalchemy import and_, case, func
from sqlalchemy.orm import Session

from app.accounts.rules import Scope
from app.measures.queries import Period, rolling
from app.measures.rules import Flow, Stage


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
