"""The limitation clock of open cases (诉讼时效), kept in ``Case.limitation_on``."""

from datetime import date
from typing import Any

from sqlalchemy import ColumnElement, Date, and_, bindparam, cast, func, select, type_coerce, update
from sqlalchemy.orm import Session

from app import audit
from app.cases.models import Case
from app.cases.rules import LIMITATION_MONTHS, limitation_end
from app.loans.models import Loan, Repayment


def ends_from(session: Session, due: ColumnElement[Any]) -> ColumnElement[Any]:
    """``limitation_end`` of a due date without restarts, as SQL: the month's last day where the day is missing."""
    if session.get_bind().dialect.name == "postgresql":
        return cast(due + func.make_interval(0, LIMITATION_MONTHS), Date)
    plain = func.date(due, f"+{LIMITATION_MONTHS} months")  # into the next month where the day is missing
    last = func.date(due, "start of month", f"+{LIMITATION_MONTHS + 1} months", "-1 day")
    return type_coerce(func.min(plain, last), Date)


def start_limitation(session: Session) -> None:
    """Give each open case that has none the end of its period. ``_open`` gives new cases theirs."""
    fresh = and_(Case.closed_on.is_(None), Case.limitation_on.is_(None))
    ends = ends_from(session, Case.__table__.c.due_on)
    session.execute(
        update(Case).where(fresh).values(limitation_on=ends).execution_options(synchronize_session=False)
    )


def due_later(session: Session) -> list[tuple[int, date]]:
    """(case, end of its period) of the open cases whose loan now falls due later than the case knows.

    Asked before the cases follow their loans: their periods are given anew from the later due date, and one that
    ended later still, since something had begun it anew, gets that end back by ``give_back``.
    """
    query = select(Case.id, Case.limitation_on).join(Loan, Loan.id == Case.loan_id)
    query = query.where(
        Case.closed_on.is_(None), Case.due_on < Loan.effective_due_on, Case.limitation_on.is_not(None)
    )
    return [(key, ends) for key, ends in session.execute(query) if ends is not None]


def give_back(session: Session, kept: list[tuple[int, date]]) -> None:
    """Let no period of ``due_later`` end earlier than before."""
    table: Any = Case.__table__
    if kept:
        statement = update(table).where(
            table.c.id == bindparam("key"), table.c.limitation_on < bindparam("ends")
        )
        session.connection().execute(
            statement.values(limitation_on=bindparam("ends")),
            [{"key": key, "ends": ends} for key, ends in kept],
        )


def take_back(session: Session, found: Case, on: date, others: list[date], actor: str = audit.SYSTEM) -> None:
    """What began the period anew on ``on`` has not happened; ``others`` are the days on which something did."""
    if found.closed_on is not None or found.limitation_on != limitation_end(on, []):
        return
    found.limitation_on = limitation_end(found.due_on, others)
    audit.record(
        session, actor, "cases.limitation", "case", found.id, cause="taken back", on=on.isoformat(),
        until=found.limitation_on.isoformat(),
    )  # fmt: skip


def restart_limitation(
    session: Session, found: Case, on: date, cause: str, actor: str = audit.SYSTEM
) -> None:
    """Let the period begin anew on ``on``, if it had not run out by then. ``cause`` is a word for the trail."""
    before = found.limitation_on or limitation_end(found.due_on, [])
    after = before if on > before else max(before, limitation_end(on, []))
    found.limitation_on = after
    if after != before:
        audit.record(
            session, actor, "cases.limitation", "case", found.id, cause=cause, on=on.isoformat(),
            until=after.isoformat(),
        )  # fmt: skip


def restart_by_ledger(session: Session, as_of: date) -> None:
    """Let the part payments that the ledger of ``as_of`` showed begin the periods of their open cases anew."""
    query = select(Case.id, Case.limitation_on, Repayment.paid_on).join(
        Repayment, Repayment.loan_id == Case.loan_id
    )
    query = query.where(Case.closed_on.is_(None), Repayment.as_of == as_of, Case.limitation_on.is_not(None))
    anew = [
        {"key": key, "ends": limitation_end(paid_on, [])}
        for key, ends, paid_on in session.execute(query)
        if ends is not None and paid_on <= ends < limitation_end(paid_on, [])
    ]
    table: Any = Case.__table__
    if anew:
        statement = update(table).where(table.c.id == bindparam("key"))
        session.connection().execute(statement.values(limitation_on=bindparam("ends")), anew)
