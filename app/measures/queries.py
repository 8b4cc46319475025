"""The measures as queries. Every count and the list behind it are made of the same statement, so they agree.

``behind`` tells for each kind what it is made of, in the same columns: ``key`` (to page by), ``case_id``, ``loan_id``,
``township_code``, ``branch_id``, ``on``, ``fen``. The counts are that statement grouped by place. Kinds of the same
rows share one (``_FAMILIES``): each is those of its rows whose part is named.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, case, cast, func, literal, null, or_, select
from sqlalchemy.orm import Session, aliased

from app.accounts.rules import Scope
from app.cases.models import Case
from app.cases.rules import Bucket
from app.contacts.models import Contact
from app.contacts.rules import Channel, Reached
from app.forces.rules import Line
from app.loans.models import Snapshot
from app.loans.queries import in_scope, valid_on
from app.measures.rules import NOTHING, Count, Kind, Stage, month_bounds, months_back, previous_month_end
from app.places.models import Branch, Region
from app.promises.lists import judged_in
from app.promises.models import Promise
from app.promises.rules import JUDGED, PromiseState

NO_BRANCH = "0"  # the place of what no branch has
_ATTEMPTS = (Channel.CALL, Channel.VISIT)


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
    made, parts = next((made, kinds[kind]) for made, kinds in _FAMILIES if kind in kinds)
    query, part = made(period, scope)
    return query.where(part.in_(parts))


Family = tuple[Select[Any], ColumnElement[int]]  # the rows, and which part of them each belongs to


def _open_cases(period: Period, scope: Scope) -> Family:
    """Parts: 1 where the township's line has touched the case, 2 where the branch's has, 3 where both have."""
    touches = _touches(period)
    query = select(*_columns(Case.id, Case.opened_on, Case.overdue)).where(
        Case.opened_on <= period.last,
        or_(Case.closed_on.is_(None), Case.closed_on > period.last),
        _cases(scope),
    )
    query = query.outerjoin(touches, touches.c.case_id == Case.id)
    return query, func.coalesce(touches.c.township, 0) + 2 * func.coalesce(touches.c.branch, 0)


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


def _contacts(period: Period, scope: Scope) -> Family:
    """Parts: 0 and 1 of the township's line, 2 and 3 of the branch's; 1 and 3 reached the borrower."""
    query = (
        select(*_columns(Contact.id, Contact.on, literal(0)))
        .join(Case, Case.id == Contact.case_id)
        .where(
            Contact.on.between(period.first, period.last),
            Contact.line.in_(Line),
            Contact.channel.in_(_ATTEMPTS),
            ~_corrected(),
            _cases(scope),
        )
    )
    right = case((Contact.reached == Reached.BORROWER, 1), else_=0)
    return query, case((Contact.line == Line.BRANCH, 2), else_=0) + right


def _corrected() -> ColumnElement[bool]:
    """A later entry took this one's place."""
    later = aliased(Contact)
    return select(later.id).where(later.corrects_id == Contact.id, later.case_id == Contact.case_id).exists()


def _promises(period: Period, scope: Scope) -> Family:
    """Parts: 1 where it was kept."""
    query = (
        select(*_columns(Promise.id, Promise.judged_on, Promise.amount))
        .join(Case, Case.id == Promise.case_id)
        .where(judged_in(period.first), Promise.state.in_(JUDGED), _cases(scope))
    )
    return query, case((Promise.state == PromiseState.KEPT, 1), else_=0)


def _overdue_before(period: Period, scope: Scope) -> Family:
    """The loans overdue at the month end before. Parts: 1 where it is not overdue at this one's."""
    now = aliased(Snapshot)
    then = and_(now.loan_id == Snapshot.loan_id, now.as_of <= period.last, now.until > period.last)
    query = (
        select(*_columns(Snapshot.id, Snapshot.due_on, Snapshot.overdue, Snapshot))
        .outerjoin(now, then)
        .where(
            valid_on(period.before),
            Snapshot.overdue > 0,
            in_scope(scope, Snapshot.township_code, Snapshot.branch_id),  # type: ignore[arg-type]
        )
    )
    return query, case((now.overdue == 0, 1), else_=0)


_FAMILIES: tuple[tuple[Callable[[Period, Scope], Family], dict[Kind, tuple[int, ...]]], ...] = (
    (
        _open_cases,
        {
            Kind.OPEN: (0, 1, 2, 3),
            Kind.BOTH: (3,),
            Kind.TOWNSHIP_ONLY: (1,),
            Kind.BRANCH_ONLY: (2,),
            Kind.NEITHER: (0,),
        },
    ),
    (
        _contacts,
        {
            Kind.TOWNSHIP_ATTEMPTS: (0, 1),
            Kind.TOWNSHIP_RIGHT: (1,),
            Kind.BRANCH_ATTEMPTS: (2, 3),
            Kind.BRANCH_RIGHT: (3,),
        },
    ),
    (_promises, {Kind.JUDGED: (0, 1), Kind.KEPT: (1,)}),
    (_overdue_before, {Kind.OPENING: (0, 1), Kind.CURED: (1,)}),
)


@dataclass(frozen=True, slots=True)
class Counts:
    """All kinds for one place: a township's code, a branch's id, or "" for the sum."""

    place: str
    by_kind: dict[Kind, Count]


def count(
    session: Session, period: Period, scope: Scope, by_branch: bool = False, kinds: Iterable[Kind] = Kind
) -> list[Counts]:
    """Every kind (or those of ``kinds``) by township, or by branch; first the sum of all under the place ""."""
    asked = set(kinds)
    places: dict[str, dict[Kind, Count]] = {
        "": dict.fromkeys((kind for kind in Kind if kind in asked), NOTHING)
    }
    for made, parts in _FAMILIES:
        mine = {kind: of for kind, of in parts.items() if kind in asked}
        for name, part, number, fen in _grouped(session, *made(period, scope), by_branch) if mine else ():
            for kind in (kind for kind, of in mine.items() if part in of):
                for of_place in (places[""], places.setdefault(name, {})):
                    before = of_place.get(kind, NOTHING)
                    of_place[kind] = Count(before.number + number, before.fen + fen)
    return [Counts(name, found) for name, found in sorted(places.items())]


def _grouped(
    session: Session, query: Select[Any], part: ColumnElement[int], by_branch: bool
) -> Iterator[tuple[str, int, int, int]]:
    """Place, part, number and sum (分) of what a statement finds."""
    made = query.add_columns(part.label("part")).subquery()
    place = made.c.branch_id if by_branch else made.c.township_code
    sums = select(place, made.c.part, func.count(), func.coalesce(func.sum(made.c.fen), 0))
    for name, of, number, fen in session.execute(sums.group_by(place, made.c.part)):
        yield str(NO_BRANCH if name is None else name), int(of), int(number), int(fen)


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
