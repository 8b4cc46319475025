"""The maturity wave: what falls due in the coming months, and the loans behind each cell."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, case, func, select
from sqlalchemy.orm import Session, joinedload

from app.accounts.rules import Scope
from app.bulletin.queries import snapshots_in
from app.cases.models import Case
from app.labels import Labelled, T
from app.loans.models import Loan, Snapshot
from app.loans.queries import valid_on
from app.loans.rules import Category
from app.measures.queries import NO_BRANCH, stage_of
from app.measures.rules import LATE, Stage

NO_CATEGORY = "none"


class By(Labelled):
    """What the rows of the wave are."""

    TOWNSHIP = "township", T("Township")
    BRANCH = "branch", T("Branch")
    CATEGORY = "category", T("Category")


@dataclass(frozen=True, slots=True)
class Cell:
    """What falls due in one month at one place: ``fen`` owed; of it ``repeat_fen`` by borrowers overdue before."""

    loans: int = 0
    households: int = 0
    fen: int = 0
    repeat_loans: int = 0
    repeat_fen: int = 0

    def plus(self, other: "Cell") -> "Cell":
        return Cell(
            self.loans + other.loans,
            self.households + other.households,
            self.fen + other.fen,
            self.repeat_loans + other.repeat_loans,
            self.repeat_fen + other.repeat_fen,
        )


@dataclass(frozen=True, slots=True)
class Wave:
    """Cells by place and month number; "" is the sum of all places. Amounts in 分."""

    months: tuple[date, ...]
    places: tuple[str, ...]
    cells: dict[tuple[str, int], Cell]

    def at(self, place: str, month: int) -> Cell:
        return self.cells.get((place, month), Cell())

    def row(self, place: str) -> Cell:
        total = Cell()
        for month in range(len(self.months)):
            total = total.plus(self.at(place, month))
        return total


def falling_due(start: date, months: Sequence[date], number: int | None = None) -> ColumnElement[bool]:
    """Owed and not overdue on ``start``, the day of the newest ledger, and due in one of the coming ``months``.

    ``number`` chooses one of them. What was due on ``start`` itself counts to the first.
    """
    first = start if not number else months[number - 1] + timedelta(days=1)
    last = months[-1] if number is None else months[number]
    return and_(
        valid_on(start), Snapshot.balance > 0, Snapshot.overdue <= 0, Snapshot.due_on.between(first, last)
    )


def _number(months: Sequence[date]) -> ColumnElement[int]:
    return case(*((Snapshot.due_on <= month, n) for n, month in enumerate(months)), else_=len(months))


def _place(by: By) -> Any:
    return {By.TOWNSHIP: Snapshot.township_code, By.BRANCH: Snapshot.branch_id, By.CATEGORY: Loan.category}[
        by
    ]


def _key(by: By, value: Any) -> str:
    if value is None:
        return NO_BRANCH if by is By.BRANCH else NO_CATEGORY
    return str(value.value if isinstance(value, Category) else value)


def _counted(by: By, start: date, months: Sequence[date], scope: Scope) -> Select[Any]:
    place, number = _place(by), _number(months)
    query = select(
        place.label("place"), number.label("number"), func.count(), func.count(Snapshot.household_id.distinct()),
        func.sum(Snapshot.balance),
    ).select_from(Snapshot)  # fmt: skip
    if by is By.CATEGORY:
        query = query.join(Loan, Loan.id == Snapshot.loan_id)
    return query.where(falling_due(start, months), snapshots_in(scope)).group_by("place", "number")


def _repeated(by: By, start: date, months: Sequence[date], scope: Scope) -> Select[Any]:
    """The part of it that borrowers owe who have been overdue before: from their cases on."""
    known = select(Case.borrower_id).distinct().subquery()
    return (
        select(
            _place(by).label("place"),
            _number(months).label("number"),
            func.count(),
            func.sum(Snapshot.balance),
        )
        .select_from(known)
        .join(Loan, Loan.borrower_id == known.c.borrower_id)
        .join(Snapshot, Snapshot.loan_id == Loan.id)
        .where(falling_due(start, months), snapshots_in(scope))
        .group_by("place", "number")
    )


def wave(session: Session, scope: Scope, start: date, months: Sequence[date], by: By) -> Wave:
    """What falls due by month and place: two statements."""
    cells: dict[tuple[str, int], Cell] = {}
    for place, number, loans, households, fen in session.execute(_counted(by, start, months, scope)):
        cells[_key(by, place), int(number)] = Cell(int(loans), int(households), int(fen))
    for place, number, loans, fen in session.execute(_repeated(by, start, months, scope)):
        one = cells[_key(by, place), int(number)]
        cells[_key(by, place), int(number)] = Cell(one.loans, one.households, one.fen, int(loans), int(fen))
    places = tuple(sorted({place for place, _ in cells}))
    for number in range(len(months)):
        total = Cell()
        for place in places:
            total = total.plus(cells.get((place, number), Cell()))
        cells["", number] = total
    return Wave(tuple(months), places, cells)


@dataclass(frozen=True, slots=True)
class Behind:
    """One page of loans, all of them counted and added up (分), and how often their borrowers were overdue before."""

    snapshots: list[Snapshot]
    number: int
    fen: int
    cases: dict[int, int]


def at_place(by: By, place: str) -> ColumnElement[bool]:
    """The loans of one row of the wave. Raises ValueError for a place that there cannot be."""
    if by is By.TOWNSHIP:
        return Snapshot.township_code == place
    if by is By.BRANCH:
        return Snapshot.branch_id.is_(None) if place == NO_BRANCH else Snapshot.branch_id == int(place)
    return Loan.category.is_(None) if place == NO_CATEGORY else Loan.category == Category(place)


def at_stage(stage: Stage, day: date) -> ColumnElement[bool]:
    """The overdue loans of one bucket of days past due on ``day``."""
    return and_(valid_on(day), Snapshot.balance > 0, stage_of(Snapshot, day) == stage.value)


def behind(
    session: Session, scope: Scope, where: ColumnElement[bool], amount: Any, after: int, limit: int
) -> Behind:
    """The loans that ``where`` keeps, by number; ``amount`` is the column they add up."""
    joined = and_(Loan.id == Snapshot.loan_id)
    kept = and_(where, snapshots_in(scope))
    number, fen = session.execute(
        select(func.count(), func.coalesce(func.sum(amount), 0))
        .select_from(Snapshot)
        .join(Loan, joined)
        .where(kept)
    ).one()
    ids = (
        select(Snapshot.id)
        .join(Loan, joined)
        .where(kept, Snapshot.id > after)
        .order_by(Snapshot.id)
        .limit(limit)
    )
    loaded = joinedload(Snapshot.loan)
    query = (
        select(Snapshot)
        .where(Snapshot.id.in_(ids))
        .order_by(Snapshot.id)
        .options(
            loaded.joinedload(Loan.borrower), loaded.joinedload(Loan.township), loaded.joinedload(Loan.branch)
        )
    )
    page = list(session.scalars(query))
    borrowers = {one.loan.borrower_id for one in page}
    counted = select(Case.borrower_id, func.count()).where(Case.borrower_id.in_(borrowers))
    cases = {b: int(n) for b, n in session.execute(counted.group_by(Case.borrower_id))}
    return Behind(page, int(number), int(fen), cases)


@dataclass(frozen=True, slots=True)
class Aged:
    """The overdue loans of one bucket; 分."""

    stage: Stage
    loans: int
    fen: int


def ageing(session: Session, scope: Scope, day: date) -> list[Aged]:
    """What is overdue on ``day`` by days past due; it adds up to the bulletin's overdue amount."""
    query = (
        select(stage_of(Snapshot, day).label("stage"), func.count(), func.sum(Snapshot.overdue))
        .where(valid_on(day), Snapshot.overdue > 0, snapshots_in(scope))
        .group_by("stage")
    )
    found = {Stage(stage): (int(loans), int(fen)) for stage, loans, fen in session.execute(query)}
    return [Aged(stage, *found.get(stage, (0, 0))) for stage in LATE]
