"""The loans behind any figure, by the very conditions that counted it; those of a closed month as they were then."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import ColumnElement, select
from sqlalchemy import func as sql
from sqlalchemy.orm import Session, aliased

from app.accounts.rules import EVERYTHING, Scope
from app.bulletin import closed
from app.bulletin.figures import FigureRow, Figures
from app.bulletin.queries import Measure, belongs, snapshots_in
from app.clock import month_end
from app.loans.models import Borrower, Loan, Snapshot
from app.loans.queries import in_region
from app.places.models import Branch, Region

AT_MOST = 10_000  # loans that a page counts one by one; above it says "more than"
_CHUNK = 2_000
_SHOWN = (
    "id", "loan_id", "township_code", "branch_id", "household_id",
    "principal", "balance", "overdue", "disbursed_on", "due_on", "as_of",
)  # fmt: skip

# What each printed figure is counted from, by its name in ``figures --json`` and by its short name.
_MEASURES = {"stock": Measure.STOCK, "new": Measure.NEW, "overdue": Measure.OVERDUE}
FIGURES: dict[str, Measure] = {
    **_MEASURES,
    **{f"{name}_wan": measure for name, measure in _MEASURES.items()},
    **{f"{name}_households": measure for name, measure in _MEASURES.items()},
    "overdue_loans": Measure.OVERDUE,
}
# What is divided by something else (the stock, the target, the households): its short name, and the measure on top.
RATES: dict[str, tuple[str, Measure]] = {
    "overdue_rate": ("overdue_rate", Measure.OVERDUE),
    "overdue_rate_pct": ("overdue_rate", Measure.OVERDUE),
    "completion": ("completion", Measure.NEW),
    "completion_pct": ("completion", Measure.NEW),
    "target_wan": ("completion", Measure.NEW),
    "mean": ("mean", Measure.STOCK),
}


@dataclass(frozen=True, slots=True)
class LoanLine:
    """One loan behind a figure, as its ledger had it at the month end. Amounts in 分."""

    id: int
    loan_id: int
    township_code: str
    branch_id: int | None
    household_id: int
    principal: int
    balance: int
    overdue: int
    disbursed_on: date
    due_on: date
    as_of: date
    contract_no: str
    borrower: str
    township: str
    village: str | None
    branch: str | None

    def amount(self, measure: Measure) -> int:
        """What it adds to ``measure``, 分."""
        return {
            Measure.STOCK: self.balance, Measure.NEW: self.principal, Measure.OVERDUE: self.overdue
        }[measure]  # fmt: skip


@dataclass(frozen=True, slots=True)
class Sums:
    """What loans add up to: 分, and households counted by township, as the figures are."""

    fen: int
    households: int


def sums_of(figures: Figures, measure: Measure, received: bool | None = None) -> Sums:
    """What ``measure`` comes to in all, or only what was received in bundles (True), or only what is here (False)."""
    given = [one.row for one in figures.received]
    whole, theirs = _sums([figures.total], measure), _sums(given, measure)
    if received is None:
        return whole
    return theirs if received else Sums(whole.fen - theirs.fen, whole.households - theirs.households)


def _sums(rows: list[FigureRow], measure: Measure) -> Sums:
    fen, households = {
        Measure.STOCK: ("stock_fen", "stock_households"),
        Measure.NEW: ("new_fen", "new_households"),
        Measure.OVERDUE: ("overdue_fen", "overdue_households"),
    }[measure]
    return Sums(sum(getattr(row, fen) for row in rows), sum(getattr(row, households) for row in rows))


def _behind(
    session: Session, measure: Measure, region: str, day: date, scope: Scope
) -> tuple[type[Snapshot], list[ColumnElement[bool]]]:
    at = closed.snapshots_at(session, region, day)
    of = at.of
    return of, [
        at.where, belongs(measure, day, of), snapshots_in(scope, of), in_region(of.township_code, region)
    ]  # fmt: skip


def loans_behind(
    session: Session, measure: Measure, region: str, month: date, scope: Scope, after: int, limit: int
) -> list[LoanLine]:
    """The first ``limit`` loans that a figure of ``region`` is made of, by the number of their snapshot."""
    of, where = _behind(session, measure, region, month_end(month), scope)
    page = (
        select(*(getattr(of, name).label(name) for name in _SHOWN))
        .where(*where, of.id > after)
        .order_by(of.id)
        .limit(limit)
        .subquery()  # the rest of what is shown is read for these alone
    )
    township, village = aliased(Region), aliased(Region)
    query = (
        select(
            *(page.c[name] for name in _SHOWN), Loan.contract_no, Borrower.name,
            township.short, village.short, Branch.name,
        )
        .join(Loan, Loan.id == page.c.loan_id)
        .join(Borrower, Borrower.id == Loan.borrower_id)
        .join(township, township.code == page.c.township_code)
        .outerjoin(village, village.code == Loan.village_code)
        .outerjoin(Branch, Branch.id == page.c.branch_id)
        .order_by(page.c.id)
    )  # fmt: skip
    rows: Sequence[Any] = session.execute(query).all()
    return [LoanLine(*row) for row in rows]


def number_behind(
    session: Session, measure: Measure, region: str, month: date, scope: Scope, at_most: int = AT_MOST
) -> int:
    """How many loans they are; ``at_most`` + 1 where they are more than that."""
    of, where = _behind(session, measure, region, month_end(month), scope)
    some = select(of.id).where(*where).limit(at_most + 1).subquery()
    return session.scalar(select(sql.count()).select_from(some)) or 0


def all_behind(
    session: Session, measure: Measure, region: str, month: date, scope: Scope = EVERYTHING
) -> Iterator[LoanLine]:
    """All of them, a few thousand at a time."""
    after = 0
    while lines := loans_behind(session, measure, region, month, scope, after, _CHUNK):
        yield from lines
        after = lines[-1].id


def loans_here(session: Session, figures: Figures, measure: Measure, scope: Scope) -> tuple[int, bool]:
    """How many loans here are behind a figure; True where they are more than that, and nobody has counted them."""
    if measure is Measure.OVERDUE:
        given = sum(one.row.overdue_loans for one in figures.received)
        return figures.total.overdue_loans - given, False
    number = number_behind(session, measure, figures.region_code, figures.month, scope)
    return min(number, AT_MOST), number > AT_MOST
