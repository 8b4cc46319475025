"""Judging all promises at once, and what the ledger says of reported repayments.

What was paid on each instalment is one statement; its verdict is ``rules.verdict``, asked for those that changed.
"""

import json
from collections import Counter, defaultdict
from collections.abc import Iterable
from datetime import date, timedelta
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    Row,
    cast,
    column,
    exists,
    func,
    insert,
    join,
    select,
    text,
    update,
    values,
)
from sqlalchemy.orm import Session

from app import audit
from app.cases.limitation import take_back
from app.cases.models import Case, CaseEvent
from app.cases.states import SYSTEM, Event, Refusal, State, follow
from app.db import get_setting, put_setting
from app.labels import T
from app.loans.models import Repayment, Snapshot
from app.promises.models import Instalment, Promise, ReportedRepayment
from app.promises.queries import restarts
from app.promises.rules import PromiseState, ReportState, verdict, whole

LEDGER_CAME, YES = "promises_ledger_came", "1"
_ROWS = 1_000
_FAILED = (PromiseState.PARTIAL, PromiseState.BROKEN)
_COUNTS = (ReportState.REPORTED, ReportState.CONFIRMED)


def paid_between(loan_id: Any, first: Any, last: Any) -> ColumnElement[int]:
    """What was paid on a loan from ``first`` to ``last`` (分), by the ledgers and by what was reported.

    A confirmed report keeps its own day: its principal is taken off the day to which the ledger dates it.
    """
    reported = ReportedRepayment

    def total(amount: Any, on: Any, *where: ColumnElement[bool]) -> ColumnElement[int]:
        query = select(func.coalesce(func.sum(amount), 0)).where(*where, on >= first, on <= last)
        return query.correlate(Promise, Instalment).scalar_subquery()

    mine = reported.loan_id == loan_id
    return (
        total(Repayment.amount, Repayment.paid_on, Repayment.loan_id == loan_id)
        + total(reported.amount, reported.paid_on, mine, reported.state.in_(_COUNTS))
        - total(reported.principal, reported.covered_on, mine, reported.state == ReportState.CONFIRMED)
    )


def _changed(session: Session, day: date, case_id: int | None, revise: bool) -> list[tuple[Row[Any], int]]:
    """The instalments whose payment or verdict is no longer what is kept, with what was paid on each in time (分).

    Without ``revise`` those now due alone.
    """
    query = (
        select(
            Instalment.id, Instalment.promise_id, Promise.case_id, Instalment.until, Instalment.amount,
            Instalment.state, Promise.tolerance, Instalment.paid.label("kept_paid"),
            (paid_between(Promise.loan_id, Promise.taken_on, Instalment.until) - Instalment.before).label("over"),
        )
        .join(Promise, Promise.id == Instalment.promise_id)
        .where(Promise.state != PromiseState.CANCELLED)
    )  # fmt: skip
    if case_id is not None:
        query = query.where(Promise.case_id == case_id)
    if not revise:
        query = query.where(Instalment.state == PromiseState.OPEN, Instalment.until < day)
    rows: list[Row[Any]] = list(session.execute(query))
    found = ((row, min(max(int(row.over), 0), int(row.amount))) for row in rows)
    return [(row, paid) for row, paid in found if paid != row.kept_paid or _is_due(row, day)]


def _is_due(row: Row[Any], day: date) -> bool:
    return row.state is PromiseState.OPEN and row.until < day


def must_revise(session: Session) -> bool:
    """Has a ledger come since the promises were judged anew the last time? Asked once: the answer is then no."""
    waits = get_setting(session, LEDGER_CAME) == YES
    if waits:
        put_setting(session, LEDGER_CAME, "")
    return waits


def judge_promises(session: Session, day: date, case_id: int | None = None, revise: bool = True) -> int:
    """Judge what is due by ``day``, and anew what a ledger has changed; returns how many promises got a verdict.

    Each instalment is judged as of the day after its own time was over, however far the business date jumps.
    ``case_id``: only the promises of one case. Without ``revise`` only what is due is looked at, which is enough on
    days on which no ledger came.
    """
    session.flush()
    rows = _changed(session, day, case_id, revise)
    if not rows:
        return 0
    broken: dict[int, date] = {}
    new = []
    for row, paid in rows:
        judged = row.state is not PromiseState.OPEN or row.until < day
        state = verdict(row.amount, paid, row.tolerance) if judged else PromiseState.OPEN
        new.append({"row": row.id, "paid": paid, "state": state})
        if state in (PromiseState.PARTIAL, PromiseState.BROKEN) and state is not row.state:
            broken[row.case_id] = max(row.until + timedelta(days=1), broken.get(row.case_id, date.min))
    write_rows(session, Instalment.__table__, new)
    verdicts = _conclude(session, {row.promise_id for row, _ in rows}, day)
    _tell_cases(session, {row.case_id for row, _ in rows}, broken)
    session.expire_all()
    return verdicts


def write_rows(session: Session, table: Any, rows: list[dict[str, Any]]) -> None:
    """Set other columns of many rows to other values each: ``{"row": id, column: value, …}``, all of the same columns.

    One statement on SQLite, a few with many values on PostgreSQL: one for each row takes long on both.
    """
    if not rows:
        return
    names, connection = [name for name in rows[0] if name != "row"], session.connection()
    if connection.dialect.name == "sqlite":
        _write_json(connection, table, names, rows)
        return
    columns = [column("row", table.c.id.type), *(column(n, table.c[n].type) for n in names)]
    for first in range(0, len(rows), _ROWS):
        given = values(*columns, name="given").data(
            [(one["row"], *(one[n] for n in names)) for one in rows[first : first + _ROWS]]
        )
        connection.execute(
            update(table)
            .where(table.c.id == given.c.row)
            .values({n: cast(given.c[n], table.c[n].type) for n in names})
        )


def _write_json(connection: Connection, table: Any, names: list[str], rows: list[dict[str, Any]]) -> None:
    """The same on SQLite, which reads all the rows from one parameter."""
    dialect = connection.dialect
    stored = {
        n: table.c[n].type.dialect_impl(dialect).bind_processor(dialect) or (lambda kept: kept) for n in names
    }
    given = [[one["row"], *(process(one[n]) for n, process in stored.items())] for one in rows]
    new = ", ".join(f"{n} = json_extract(given.value, '$[{place}]')" for place, n in enumerate(names, 1))
    found = f"{table.name}.id = json_extract(given.value, '$[0]')"
    statement = text(f"UPDATE {table.name} SET {new} FROM json_each(:rows) AS given WHERE {found}")
    connection.execute(statement, {"rows": json.dumps(given)})


def _chunks(ids: set[int], size: int = 500) -> Iterable[list[int]]:
    ordered = sorted(ids)
    return (ordered[n : n + size] for n in range(0, len(ordered), size))


def _conclude(session: Session, promise_ids: set[int], day: date) -> int:
    """Keep the verdict of each promise whose instalments are all judged, and let its case follow."""
    told, new = [], []
    for ids in _chunks(promise_ids):
        parts = defaultdict(list)
        query = select(Instalment.promise_id, Instalment.state, Instalment.until, Instalment.paid)
        for row in session.execute(query.where(Instalment.promise_id.in_(ids))):
            parts[row.promise_id].append(row)
        query_of = select(Promise.id, Promise.case_id, Promise.state, Promise.amount)
        for made in session.execute(query_of.where(Promise.id.in_(ids)).order_by(Promise.id)):
            mine = parts[made.id]
            state = whole(row.state for row in mine)
            on = None if state is PromiseState.OPEN else max(row.until for row in mine) + timedelta(days=1)
            paid = sum(row.paid for row in mine)
            new.append({"row": made.id, "state": state, "paid": paid, "judged_on": on})
            if state is not made.state:
                revised = made.state is not PromiseState.OPEN
                told.append((made.case_id, state, day if revised else on, paid, revised))
    write_rows(session, Promise.__table__, new)
    _fire_all(session, told)
    return len(told)


def _fire_all(session: Session, told: list[tuple[int, PromiseState, Any, int, bool]]) -> None:
    """``cases.fire`` for many cases at once: by the same table of states."""
    standing: dict[int, State] = {}
    versions: dict[int, int] = {}
    for ids in _chunks({row[0] for row in told}):
        for row in session.execute(select(Case.id, Case.state, Case.version).where(Case.id.in_(ids))):
            standing[row.id], versions[row.id] = row.state, row.version
    events = []
    for case_id, state, on, paid, revised in told:
        event = Event.PROMISE_KEPT if state is PromiseState.KEPT else Event.PROMISE_BROKEN
        after = follow(standing[case_id], event, SYSTEM)
        if isinstance(after, Refusal):  # the table lets the programme judge in every state
            raise RuntimeError(str(after.sentence))
        standing[case_id] = after
        versions[case_id] += 1
        why = T("A ledger has shown otherwise: judged anew.").to_json() if revised else None
        events.append(
            {"case_id": case_id, "on": on, "kind": event, "state": after, "amount": paid, "why": why}
        )
    if events:
        session.connection().execute(insert(CaseEvent.__table__), events)  # type: ignore[arg-type]
        moved = [{"row": key, "state": standing[key], "version": versions[key]} for key in standing]
        write_rows(session, Case.__table__, moved)
        audit.record(session, audit.SYSTEM, "promises.judged", "promise", "", **_tally(told))


def _tally(told: list[tuple[int, PromiseState, Any, int, bool]]) -> dict[str, int]:
    """How many verdicts of each kind, and how many of them took the place of another; each is an event of its case."""
    counts = Counter(state.value for _, state, *_ in told)
    return {**counts, "revised": sum(revised for *_, revised in told)}


def _tell_cases(session: Session, case_ids: set[int], broken: dict[int, date]) -> None:
    """The next instalment promised, and a broken one that no contact has followed, for the day's queue."""
    new = []
    for ids in _chunks(case_ids):
        parts = join(Promise, Instalment, Instalment.promise_id == Promise.id)
        query = select(Promise.case_id).select_from(parts).where(Promise.case_id.in_(ids))
        waits = query.where(Promise.state == PromiseState.OPEN, Instalment.state == PromiseState.OPEN)
        first = waits.add_columns(func.min(Instalment.due_on)).group_by(Promise.case_id)
        following: dict[int, date] = {row[0]: row[1] for row in session.execute(first)}
        failed = set(session.scalars(query.where(Instalment.state.in_(_FAILED)).distinct()))
        known = select(
            Case.id, Case.promise_broken_on, Case.township_contact_on, Case.branch_contact_on
        ).where(Case.id.in_(ids))
        for number, kept, *contacts in session.execute(known):
            on = broken.get(number)
            if on is None or any(contact is not None and contact >= on for contact in contacts):
                on = kept if number in failed else None
            new.append({"row": number, "promise_due_on": following.get(number), "promise_broken_on": on})
    write_rows(session, Case.__table__, new)


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
