"""The measures as queries. Every count and the list behind it are made of the same statement, so they agree.

``behind`` tells for each kind what it is made of, in the same columns: ``key`` (to page by), ``case_id``, ``loan_id``,
``township_code``, ``branch_id``, ``on``, ``fen``. The counts are that statement grouped by place.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, case, cast, func, literal, null, or_, select
from sqlalchemy.orm import Session, aliased, joinedload

from app.accounts.rules import Scope
from app.cases.models import Case
from app.cases.rules import Bucket
from app.contacts.models import Contact
from app.contacts.rules import Channel, Reached
from app.forces.rules import Line
from app.loans.models import Loan, Snapshot
from app.loans.queries import in_region, in_scope, valid_on
from app.measures.rules import Count, Kind, Stage, month_bounds, months_back, previous_month_end
from app.places.models import Branch, Region
from app.promises.lists import judged_in
from app.promises.models import Promise
from app.promises.rules import JUDGED, PromiseState

NO_BRANCH = "0"  # the place of what no branch has
_ATTEMPTS = (Channel.CALL, Channel.VISIT)
_TOUCHED = {
    Kind.BOTH: (True, True),
    Kind.TOWNSHIP_ONLY: (True, False),
    Kind.BRANCH_ONLY: (False, True),
    Kind.NEITHER: (False, False),
}
_LINE_OF = {
    Kind.TOWNSHIP_ATTEMPTS: Line.TOWNSHIP,
    Kind.TOWNSHIP_RIGHT: Line.TOWNSHIP,
    Kind.BRANCH_ATTEMPTS: Line.BRANCH,
    Kind.BRANCH_RIGHT: Line.BRANCH,
}


@dataclass(frozen=True, slots=True)
class Period:
    """A month as far as it has gone on the business date: its first and last day, and the month end before."""

    first: date
    last: date

    @classmethod
    def of(cls, month: date, today: date) -> "Period":
        return cls(*month_bounds(month, today))

    @property
    def before(self) -> date:
        return previous_month_end(self.first)


def months(session: Session, today: date, limit: int) -> list[date]:
    """The month ends that can be measured, newest first: from the first ledger to the business date."""
    first = session.scalar(select(func.min(Snapshot.as_of)))
    return months_back(first, today, limit) if first else []


def place_names(session: Session, places: Iterable[str], by_branch: bool) -> dict[str, str]:
    """The townships' short names, or the branches' names, by place."""
    if by_branch:
        ids = [int(p) for p in places if p and p != NO_BRANCH]
        rows = session.execute(select(Branch.id, Branch.name).where(Branch.id.in_(ids)))
    else:
        rows = session.execute(select(Region.code, Region.short).where(Region.code.in_(list(places))))
    return {str(key): name for key, name in rows}


def _columns(key: Any, on: Any, fen: Any, source: Any = Case) -> list[Any]:
    if source is Case:
        return [
            key.label("key"),
            Case.id.label("case_id"),
            Case.loan_id.label("loan_id"),
            Case.township_code.label("township_code"),
            Case.branch_id.label("branch_id"),
            on.label("on"),
            fen.label("fen"),
        ]
    return [
        key.label("key"),
        cast(null(), Case.id.type).label("case_id"),
        source.loan_id.label("loan_id"),
        source.township_code.label("township_code"),
        source.branch_id.label("branch_id"),
        on.label("on"),
        fen.label("fen"),
    ]


def _cases(scope: Scope) -> ColumnElement[bool]:
    return in_scope(scope, Case.township_code, Case.branch_id)  # type: ignore[arg-type]


def behind(kind: Kind, period: Period, scope: Scope) -> Select[Any]:
    """What ``kind`` is made of in ``period``, within ``scope``."""
    if kind is Kind.OPEN or kind in _TOUCHED:
        return _open_cases(kind, period, scope)
    if kind in _LINE_OF:
        return _contacts(kind, period, scope)
    if kind in (Kind.JUDGED, Kind.KEPT):
        return _promises(kind, period, scope)
    return _overdue_before(kind, period, scope)


def _open_cases(kind: Kind, period: Period, scope: Scope) -> Select[Any]:
    query = select(*_columns(Case.id, Case.opened_on, Case.overdue)).where(
        Case.opened_on <= period.last,
        or_(Case.closed_on.is_(None), Case.closed_on > period.last),
        _cases(scope),
    )
    if kind is Kind.OPEN:
        return query
    touches = _touches(period)
    query = query.outerjoin(touches, touches.c.case_id == Case.id)
    for line, wanted in zip((touches.c.township, touches.c.branch), _TOUCHED[kind], strict=True):
        query = query.where(func.coalesce(line, 0) == int(wanted))
    return query


def _touches(period: Period) -> Any:
    """Cases contacted in the period, with 1 for each line that did."""

    def by(line: Line) -> Any:
        return func.max(case((Contact.line == line, 1), else_=0))

    return (
        select(Contact.case_id, by(Line.TOWNSHIP).label("township"), by(Line.BRANCH).label("branch"))
        .where(Contact.on.between(period.first, period.last), Contact.channel != Channel.NOTE)
        .group_by(Contact.case_id)
        .subquery()
    )


def _contacts(kind: Kind, period: Period, scope: Scope) -> Select[Any]:
    query = (
        select(*_columns(Contact.id, Contact.on, literal(0)))
        .join(Case, Case.id == Contact.case_id)
        .where(
            Contact.on.between(period.first, period.last),
            Contact.line == _LINE_OF[kind],
            Contact.channel.in_(_ATTEMPTS),
            ~_corrected(),
            _cases(scope),
        )
    )
    right = kind in (Kind.TOWNSHIP_RIGHT, Kind.BRANCH_RIGHT)
    return query.where(Contact.reached == Reached.BORROWER) if right else query


def _corrected() -> ColumnElement[bool]:
    """A later entry took this one's place."""
    later = aliased(Contact)
    return select(later.id).where(later.corrects_id == Contact.id, later.case_id == Contact.case_id).exists()


def _promises(kind: Kind, period: Period, scope: Scope) -> Select[Any]:
    states = (PromiseState.KEPT,) if kind is Kind.KEPT else JUDGED
    return (
        select(*_columns(Promise.id, Promise.judged_on, Promise.amount))
        .join(Case, Case.id == Promise.case_id)
        .where(judged_in(period.first), Promise.state.in_(states), _cases(scope))
    )


def _overdue_before(kind: Kind, period: Period, scope: Scope) -> Select[Any]:
    """The loans overdue at the month end before; of these the cured are those not overdue at this one's."""
    query = select(*_columns(Snapshot.id, Snapshot.due_on, Snapshot.overdue, Snapshot)).where(
        valid_on(period.before),
        Snapshot.overdue > 0,
        in_scope(scope, Snapshot.township_code, Snapshot.branch_id),  # type: ignore[arg-type]
    )
    if kind is Kind.OPENING:
        return query
    now = aliased(Snapshot)
    return query.join(
        now, and_(now.loan_id == Snapshot.loan_id, now.as_of <= period.last, now.until > period.last)
    ).where(now.overdue == 0)


@dataclass(frozen=True, slots=True)
class Counts:
    """All kinds for one place: a township's code, a branch's id, or "" for the sum."""

    place: str
    by_kind: dict[Kind, Count]


def count(
    session: Session, period: Period, scope: Scope, by_branch: bool = False, kinds: Iterable[Kind] = Kind
) -> list[Counts]:
    """Every kind (or those of ``kinds``) by township, or by branch; first the sum of all under the place ""."""
    places: dict[str, dict[Kind, Count]] = {"": {}}
    for kind in kinds:
        made = behind(kind, period, scope).subquery()
        place = made.c.branch_id if by_branch else made.c.township_code
        query = select(place, func.count(), func.coalesce(func.sum(made.c.fen), 0)).group_by(place)
        rows = [
            (str(NO_BRANCH if p is None else p), int(n), int(fen)) for p, n, fen in session.execute(query)
        ]
        places[""][kind] = Count(sum(n for _, n, _ in rows), sum(fen for _, _, fen in rows))
        for name, number, fen in rows:
            places.setdefault(name, {})[kind] = Count(number, fen)
    return [Counts(name, kinds) for name, kinds in sorted(places.items())]


def stage_of(table: Any, day: date) -> ColumnElement[str]:
    """``rules.stage`` as SQL, over a snapshot's columns."""
    steps: list[Any] = [(table.balance <= 0, Stage.REPAID.value), (table.overdue <= 0, Stage.CURRENT.value)]
    for bucket in Bucket:
        last = bucket.bounds()[1]
        if last is not None:
            steps.append((table.due_on >= day - timedelta(days=last), bucket.value))
    return case(*steps, else_=Stage.OVER.value)


@dataclass(frozen=True, slots=True)
class Roll:
    """Loans that stood at ``start`` at the month end before and at ``end`` at this one's; their balance then, 分."""

    start: Stage
    end: Stage
    loans: int
    balance: int


def rolling(period: Period, scope: Scope) -> tuple[Any, Any, Any, Any, Any]:
    """The loans in stock at the month end before: both snapshots, and their stages."""
    before, now = aliased(Snapshot), aliased(Snapshot)
    start, end = stage_of(before, period.before), stage_of(now, period.last)
    query = (
        select()
        .select_from(before)
        .join(now, and_(now.loan_id == before.loan_id, now.as_of <= period.last, now.until > period.last))
        .where(
            before.as_of <= period.before,
            before.until > period.before,
            before.balance > 0,
            in_scope(scope, before.township_code, before.branch_id),  # type: ignore[arg-type]
        )
    )
    return query, before, now, start, end


def rolls(session: Session, period: Period, scope: Scope) -> list[Roll]:
    """The roll between stages over the month, of the loans in stock at the month end before."""
    query, before, _now, start, end = rolling(period, scope)
    counted = query.add_columns(
        start.label("start"), end.label("end"), func.count(), func.sum(before.balance)
    ).group_by("start", "end")
    return [Roll(Stage(s), Stage(e), int(n), int(fen)) for s, e, n, fen in session.execute(counted)]


def rolled(period: Period, scope: Scope, start: Stage, end: Stage) -> Select[Any]:
    """The loans behind one cell of the roll, in the columns of ``behind``."""
    query, before, _now, was, became = rolling(period, scope)
    columns = _columns(before.id, before.due_on, before.balance, before)
    made: Select[Any] = query.add_columns(*columns).where(was == start.value, became == end.value)
    return made


@dataclass(frozen=True, slots=True)
class Entry:
    """One line behind a figure: the loan, its newest case if it has one, the day, the amount (分)."""

    key: int
    loan: Loan
    case_id: int | None
    on: date
    fen: int


@dataclass(frozen=True, slots=True)
class Listed:
    """A page of what is behind a figure, and what all of it adds up to (分)."""

    entries: list[Entry]
    number: int
    fen: int


def listed(
    session: Session, made: Select[Any], *, place: str, by_branch: bool, after: int, limit: int
) -> Listed:
    """A page of ``made`` (from ``behind`` or ``rolled``), narrowed to a place, and the sum of all of it."""
    table = made.subquery()
    where = [_at(table, place, by_branch)] if place else []
    number, fen = session.execute(
        select(func.count(), func.coalesce(func.sum(table.c.fen), 0)).where(*where)
    ).one()
    newest = select(func.max(Case.id)).where(Case.loan_id == table.c.loan_id).scalar_subquery()
    query = (
        select(table.c.key, table.c.loan_id, func.coalesce(table.c.case_id, newest), table.c.on, table.c.fen)
        .where(table.c.key > after, *where)
        .order_by(table.c.key)
        .limit(limit)
    )
    rows = session.execute(query).all()
    loans = _loans(session, {row.loan_id for row in rows})
    entries = [Entry(key, loans[loan_id], case_id, on, fen) for key, loan_id, case_id, on, fen in rows]
    return Listed(entries, int(number), int(fen))


def _at(table: Any, place: str, by_branch: bool) -> ColumnElement[bool]:
    column: ColumnElement[Any] = table.c.branch_id if by_branch else table.c.township_code
    if not by_branch:
        return in_region(column, place)
    return column.is_(None) if place == NO_BRANCH else column == int(place)


def _loans(session: Session, ids: Iterable[int]) -> dict[int, Loan]:
    query = (
        select(Loan)
        .where(Loan.id.in_(ids))
        .options(joinedload(Loan.borrower), joinedload(Loan.township), joinedload(Loan.branch))
    )
    return {loan.id: loan for loan in session.scalars(query)}
