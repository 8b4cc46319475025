"""What the ledger says of reported repayments, and that promises must then be judged anew."""

from datetime import date

from sqlalchemy import exists, func, select
from sqlalchemy.orm import Session

from app import audit
from app.cases.limitation import take_back
from app.db import get_setting, put_setting
from app.loans.models import Repayment, Snapshot
from app.promises.models import ReportedRepayment
from app.promises.queries import restarts
from app.promises.rules import ReportState

LEDGER_CAME, YES = "promises_ledger_came", "1"


def must_revise(session: Session) -> bool:
    """Has a ledger come since the promises were judged anew the last time? Asked once: the answer is then no."""
    waits = get_setting(session, LEDGER_CAME) == YES
    if waits:
        put_setting(session, LEDGER_CAME, "")
    return waits


def settle_reports(session: Session, as_of: date) -> tuple[int, int]:
    """Hold reported repayments against a ledger of ``as_of``; returns how many it confirmed and contradicted.

    Of each loan that this ledger lists, the oldest report first: its principal is confirmed when the repayments that
    ledgers show from its day on still cover it. A report of costs or interest alone waits: a ledger cannot tell.
    """
    put_setting(session, LEDGER_CAME, YES)
    reported = ReportedRepayment
    listed = exists().where(Snapshot.loan_id == reported.loan_id, Snapshot.as_of == as_of)
    waiting = session.scalars(
        select(reported)
        .where(
            reported.state == ReportState.REPORTED,
            reported.paid_on <= as_of,
            reported.principal > 0,
            listed,
        )
        .order_by(reported.loan_id, reported.paid_on, reported.id)
    ).all()
    confirmed = 0
    for report in waiting:
        covering = session.execute(
            select(Repayment.paid_on, Repayment.amount)
            .where(Repayment.loan_id == report.loan_id, Repayment.paid_on >= report.paid_on)
            .where(Repayment.as_of <= as_of)
            .order_by(Repayment.paid_on)
        ).all()
        used = session.scalar(
            select(func.coalesce(func.sum(reported.principal), 0)).where(
                reported.loan_id == report.loan_id,
                reported.state == ReportState.CONFIRMED,
                reported.covered_on >= report.paid_on,
            )
        )
        covers = sum(row.amount for row in covering) - (used or 0) >= report.principal
        report.state = ReportState.CONFIRMED if covers else ReportState.CONTRADICTED
        report.settled_as_of, report.covered_on = as_of, covering[-1].paid_on if covers else None
        confirmed += covers
        session.flush()
        if not covers:
            take_back(session, report.case, report.paid_on, [on for _, on in restarts(session, report.case)])
        audit.record(
            session, audit.SYSTEM, f"promises.{report.state.value}", "case", report.case_id, report=report.id
        )
    return confirmed, len(waiting) - confirmed
