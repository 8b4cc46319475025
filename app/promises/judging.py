"""Judging all promises at once: a handful of statements, however many there are.

The rules stay where they are: each verdict is a case of ``rules.VERDICTS``, each state of a case one of
``cases.states``. What is judged stands in two temporary tables of the connection until the statements are done.
"""

from collections.abc import Sequence
from datetime import date
from typing import Any

from sqlalchemy import (
    BigInteger,
    Column,
    ColumnElement,
    Date,
    Integer,
    MetaData,
    Table,
    and_,
    case,
    cast,
    func,
    insert,
    literal,
    null,
    or_,
    select,
    type_coerce,
    update,
)
from sqlalchemy.orm import Session

from app import audit
from app.cases.assigning import stored
from app.cases.assignment import as_json, rows_of
from app.cases.models import Case, CaseEvent
from app.cases.states import SYSTEM, Event, Refusal, State, follow
from app.db import Choice
from app.labels import T
from app.loans.models import Repayment
from app.promises.models import Instalment, Promise, ReportedRepayment
from app.promises.rules import UNPAID, VERDICTS, PromiseState, ReportState

_FAILED = (PromiseState.PARTIAL, PromiseState.BROKEN)
_COUNTS = (ReportState.REPORTED, ReportState.CONFIRMED)
_STATE: Choice[PromiseState] = Choice(PromiseState)
_REVISED = T("A ledger has shown otherwise: judged anew.")

# The instalments whose payment or verdict is no longer what is kept; ``paid`` (分) is what came in time.
_PARTS = Table(
    "judged_part",
    MetaData(),
    Column("instalment_id", BigInteger),
    Column("promise_id", BigInteger),
    Column("case_id", BigInteger),
    Column("until", Date),
    Column("paid", BigInteger),
    Column("was", _STATE),
    Column("state", _STATE),
    prefixes=["TEMPORARY"],
)
# Their promises. ``place``: of several of one case that got a verdict, the order in which the case is told.
_PROMISES = Table(
    "judged_promise",
    _PARTS.metadata,
    Column("promise_id", BigInteger),
    Column("case_id", BigInteger),
    Column("last", Date),
    Column("paid", BigInteger),
    Column("was", _STATE),
    Column("state", _STATE),
    Column("place", Integer),
    prefixes=["TEMPORARY"],
)


def verdict_of(amount: Any, paid: Any, tolerance: Any) -> ColumnElement[Any]:
    """``rules.verdict`` as SQL, made from the same table."""
    holds = [(meets(amount, paid, tolerance), literal(state, _STATE)) for state, meets in VERDICTS]
    return case(*holds, else_=literal(UNPAID, _STATE))


def whole_of(state: Any) -> ColumnElement[Any]:
    """``rules.whole`` of a group's states, as SQL."""
    is_open = func.max(case((state == PromiseState.OPEN, 1), else_=0)) == 1
    one = func.min(state) == func.max(state)
    return case(
        (is_open, literal(PromiseState.OPEN, _STATE)),
        (one, func.min(state)),
        else_=literal(PromiseState.PARTIAL, _STATE),
    )


def after(state: ColumnElement[Any], event: Event) -> ColumnElement[Any]:
    """The state of a case after ``event`` brought by the programme: ``states.follow`` as SQL."""
    return case({before.value: literal(_after(before, event).value) for before in State}, value=state)


def _after(before: State, event: Event) -> State:
    found = follow(before, event, SYSTEM)
    if isinstance(found, Refusal):  # the table lets the programme judge in every state
        raise RuntimeError(str(found.sentence))
    return found


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


def judge_promises(session: Session, day: date, case_id: int | None = None, revise: bool = True) -> int:
    """Judge what is due by ``day``, and anew what a ledger has changed; returns how many promises got a verdict.

    Each instalment is judged as of the day after its own time was over, however far the business date jumps.
    ``case_id``: only the promises of one case. Without ``revise`` only what is due is looked at, which is enough on
    days on which no ledger came.
    """
    session.flush()
    due = and_(Instalment.state == PromiseState.OPEN, Instalment.until < day)
    where = [Promise.state != PromiseState.CANCELLED]
    where += [] if revise else [due]
    where += [] if case_id is None else [Promise.case_id == case_id]
    found = select(literal(1)).join_from(Instalment, Promise).where(*where)
    if session.scalar(found.limit(1)) is None:
        return 0
    connection = session.connection()
    for table in (_PARTS, _PROMISES):
        table.create(connection)
    verdicts = 0
    if _find_parts(session, day, where):
        _keep_parts(session)
        verdicts = _conclude(session, day)
        _tell_queue(session)
        session.expire_all()
    for table in (_PARTS, _PROMISES):
        table.drop(connection)
    return verdicts


def _find_parts(session: Session, day: date, where: Sequence[ColumnElement[bool]]) -> int:
    """Fill ``_PARTS``; returns how many there are."""
    over = paid_between(Promise.loan_id, Promise.taken_on, Instalment.until) - Instalment.before
    # Materialized: else what was paid is added up again wherever it is named.
    came = (
        select(
            Instalment.id,
            Instalment.promise_id,
            Promise.case_id,
            Promise.tolerance,
            Instalment.until,
            Instalment.amount,
            Instalment.state,
            Instalment.paid,
            over.label("over"),
        )
        .join_from(Instalment, Promise)
        .where(*where)
        .cte("came", nesting=True)
        .prefix_with("MATERIALIZED")
        .c
    )
    paid = case((came.over < 0, 0), (came.over > came.amount, came.amount), else_=came.over)
    ended = came.until < day
    judged = or_(came.state != PromiseState.OPEN, ended)
    state = case((judged, verdict_of(came.amount, paid, came.tolerance)), else_=came.state)
    changed = or_(paid != came.paid, and_(came.state == PromiseState.OPEN, ended))
    rows = select(came.id, came.promise_id, came.case_id, came.until, paid, came.state, state).where(changed)
    return rows_of(session, insert(_PARTS).from_select([column.name for column in _PARTS.c], rows))


def _keep_parts(session: Session) -> None:
    table, new = Instalment.__table__, _PARTS.c
    statement = update(table).where(table.c.id == new.instalment_id)  # type: ignore[arg-type]
    session.connection().execute(statement.values(paid=new.paid, state=new.state))


def _conclude(session: Session, day: date) -> int:
    """Keep the verdict of each promise whose instalments are all judged, and tell its case; returns how many."""
    touched = select(_PARTS.c.promise_id)
    made = (
        select(
            Promise.id,
            Promise.case_id,
            func.max(Instalment.until).label("last"),
            func.sum(Instalment.paid).label("paid"),
            Promise.state.label("was"),
            whole_of(Instalment.state).label("state"),
        )
        .join_from(Instalment, Promise)
        .where(Promise.id.in_(touched))
        .group_by(Promise.id, Promise.case_id, Promise.state)
        .subquery("made")
        .c
    )
    place = func.row_number().over(partition_by=(made.case_id, made.state == made.was), order_by=made.id)
    rows = select(made.id, made.case_id, made.last, made.paid, made.was, made.state, place)
    session.execute(insert(_PROMISES).from_select([column.name for column in _PROMISES.c], rows))
    table, new = Promise.__table__, _PROMISES.c
    on = case((new.state != PromiseState.OPEN, _day_after(session, new.last)))
    kept = update(table).where(table.c.id == new.promise_id)  # type: ignore[arg-type]
    session.connection().execute(kept.values(paid=new.paid, state=new.state, judged_on=on))
    return _tell_cases(session, day)


def _day_after(session: Session, day: ColumnElement[Any]) -> ColumnElement[Any]:
    if session.get_bind().dialect.name == "postgresql":
        return cast(day + 1, Date)
    return type_coerce(func.date(day, "+1 day"), Date)


def _tell_cases(session: Session, day: date) -> int:
    """``cases.fire`` for all verdicts at once, by the same table of states: each is an event of its case.

    Of several of one case one after the other, for each begins where the one before has led.
    """
    new, table, events = _PROMISES.c, Case.__table__, CaseEvent
    is_new = new.state != new.was
    revised = new.was != PromiseState.OPEN
    told = select(new.state, func.count(), func.sum(case((revised, 1), else_=0)), func.max(new.place))
    counts = session.execute(told.where(is_new).group_by(new.state)).all()
    kept = new.state == PromiseState.KEPT
    kind = case((kept, Event.PROMISE_KEPT.value), else_=Event.PROMISE_BROKEN.value)
    for place in range(1, max((row[3] for row in counts), default=0) + 1):
        now = and_(is_new, new.place == place)
        led = case(
            (kept, after(table.c.state, Event.PROMISE_KEPT)), else_=after(table.c.state, Event.PROMISE_BROKEN)
        )
        moved = update(table).where(table.c.id == new.case_id, now)  # type: ignore[arg-type]
        session.connection().execute(moved.values(state=led, version=table.c.version + 1))
        on = case((revised, literal(day)), else_=_day_after(session, new.last))
        why = as_json(session, case((revised, literal(stored(_REVISED))), else_=null()))
        rows = select(new.case_id, on, kind, Case.state, new.paid, why)
        rows = rows.join_from(_PROMISES, Case, Case.id == new.case_id).where(now).order_by(new.promise_id)
        columns = [events.case_id, events.on, events.kind, events.state, events.amount, events.why]
        session.execute(insert(events).from_select(columns, rows))
    if counts:
        tally = {state.value: count for state, count, *_ in counts}
        anew = sum(int(row[2]) for row in counts)
        audit.record(session, audit.SYSTEM, "promises.judged", "promise", "", **tally, revised=anew)
    return sum(row[1] for row in counts)


def _tell_queue(session: Session) -> None:
    """The next instalment promised, and a broken one that no contact has followed, for the day's queue."""
    table, parts = Case.__table__, _PARTS.c
    newly = and_(parts.state.in_(_FAILED), parts.state != parts.was)
    last = func.max(case((newly, parts.until)))
    told = select(parts.case_id, last.label("last")).group_by(parts.case_id).subquery("told").c
    waits = and_(Promise.state == PromiseState.OPEN, Instalment.state == PromiseState.OPEN)
    following = func.min(case((waits, Instalment.due_on))).label("following")
    failed = func.max(case((Instalment.state.in_(_FAILED), 1), else_=0)).label("failed")
    all_parts = select(Promise.case_id, following, failed).join_from(Promise, Instalment)
    all_parts = all_parts.where(Promise.case_id.in_(select(parts.case_id))).group_by(Promise.case_id)
    stands = all_parts.subquery("stands").c
    on = _day_after(session, told.last)
    unfollowed = [
        or_(contact.is_(None), contact < on)
        for contact in (table.c.township_contact_on, table.c.branch_contact_on)
    ]
    broken = case(
        (and_(told.last.is_not(None), *unfollowed), on), (stands.failed == 1, table.c.promise_broken_on)
    )
    mine = (table.c.id == told.case_id, table.c.id == stands.case_id)
    statement = update(table).where(*mine)  # type: ignore[arg-type]
    session.connection().execute(statement.values(promise_due_on=stands.following, promise_broken_on=broken))
