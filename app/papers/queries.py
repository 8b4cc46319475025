"""Reads of papers and print runs, within a scope."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import exists, func, select
from sqlalchemy.orm import Session, joinedload

from app.accounts.rules import Scope
from app.cases.models import Case
from app.cases.queries import cases_in
from app.fairness.queries import open_marks
from app.fairness.words import HARDSHIP, Mark
from app.loans.models import Loan
from app.loans.queries import in_region
from app.papers.models import Paper, PrintRun
from app.papers.rules import PaperKind

_LOADED = (
    joinedload(Case.loan).options(
        joinedload(Loan.borrower),
        joinedload(Loan.lender),
        joinedload(Loan.branch),
        joinedload(Loan.township),
        joinedload(Loan.village),
    ),
    joinedload(Case.township_user),
    joinedload(Case.branch_user),
)


@dataclass(frozen=True, slots=True)
class Chosen:
    """Open cases that a paper is to be printed for: those for which none of its kind was printed after ``until``."""

    kind: PaperKind = PaperKind.DEMAND
    township: str | None = None
    branch_id: int | None = None
    until: date | None = None


def meant(scope: Scope, chosen: Chosen) -> Any:
    """The numbers of the cases that are chosen."""
    query = select(Case.id).where(cases_in(scope), Case.closed_on.is_(None))
    if chosen.township:
        query = query.where(in_region(Case.township_code, chosen.township))
    if chosen.branch_id is not None:
        query = query.where(Case.branch_id == chosen.branch_id)
    if chosen.until is not None:
        since = select(Paper.id).join(PrintRun, PrintRun.id == Paper.run_id)
        since = since.where(Paper.case_id == Case.id, Paper.kind == chosen.kind)
        query = query.where(~since.where(PrintRun.printed_on > chosen.until).exists())
    return query


def count(session: Session, chosen: Any, at_most: int) -> tuple[int, int]:
    """How many cases, and what is overdue on them (分); counted to ``at_most`` and no further."""
    some = chosen.add_columns(Case.overdue).limit(at_most + 1).subquery()
    number, overdue = session.execute(
        select(func.count(), func.coalesce(func.sum(some.c.overdue), 0)).select_from(some)
    ).one()
    return int(number), int(overdue)


def to_print(session: Session, chosen: Any, limit: int) -> list[Case]:
    """The chosen cases with all that a paper says, in the order in which papers are carried round."""
    query = select(Case).where(Case.id.in_(chosen)).options(*_LOADED)
    return list(session.scalars(query.order_by(Case.township_code, Case.village_code, Case.id).limit(limit)))


def hardship_of(session: Session, borrower_ids: Iterable[int]) -> dict[int, Mark]:
    """The mark by which a borrower in hardship gets no demand."""
    marks = open_marks(session, borrower_ids)
    found = {key: next((mark for mark in HARDSHIP if mark in kinds), None) for key, kinds in marks.items()}
    return {key: mark for key, mark in found.items() if mark is not None}


@dataclass(frozen=True, slots=True)
class Run:
    """A print run with how many of its papers are in the reader's scope, and how many of them were delivered."""

    run: PrintRun
    papers: int
    delivered: int


def _seen(scope: Scope) -> Any:
    within = exists().where(Paper.run_id == PrintRun.id, Case.id == Paper.case_id, cases_in(scope))
    return select(PrintRun).where(within).options(joinedload(PrintRun.printed_by))


def find_run(session: Session, run_id: int, scope: Scope) -> PrintRun | None:
    """The run, None where no paper of it is in the scope."""
    found: PrintRun | None = session.scalar(_seen(scope).where(PrintRun.id == run_id))
    return found


def runs(session: Session, scope: Scope, before: int | None, limit: int) -> list[Run]:
    """Print runs, the newest first; ``before`` is the number of the last one shown."""
    query = _seen(scope).order_by(PrintRun.id.desc()).limit(limit)
    found = list(session.scalars(query.where(PrintRun.id < before) if before is not None else query))
    counts = select(Paper.run_id, func.count(), func.count(Paper.delivery)).join(Case)
    counts = counts.where(Paper.run_id.in_([run.id for run in found]), cases_in(scope)).group_by(Paper.run_id)
    told = {key: (papers, delivered) for key, papers, delivered in session.execute(counts)}
    return [Run(run, *told[run.id]) for run in found if run.id in told]


def papers_of(session: Session, run: PrintRun, scope: Scope) -> list[Paper]:
    """The papers of a run that are in the scope, in the order of the file."""
    query = select(Paper).join(Case).where(Paper.run_id == run.id, cases_in(scope)).order_by(Paper.id)
    return list(session.scalars(query))


def _waiting(scope: Scope) -> tuple[Any, ...]:
    return cases_in(scope), Case.closed_on.is_(None), Paper.delivery.is_(None)


def count_waiting(session: Session, scope: Scope) -> int:
    """Papers that were printed for open cases and not delivered yet."""
    query = select(func.count()).select_from(Paper).join(Case).where(*_waiting(scope))
    return int(session.scalar(query) or 0)


def waiting(session: Session, scope: Scope, after: int | None, limit: int) -> list[Paper]:
    """The same, the oldest first; ``after`` is the number of the last one shown."""
    query = select(Paper).join(Case).where(*_waiting(scope)).options(joinedload(Paper.run))
    query = query.where(Paper.id > after) if after is not None else query
    return list(session.scalars(query.order_by(Paper.id).limit(limit)))


def find_paper(session: Session, case_id: int, paper_id: int) -> Paper | None:
    query = select(Paper).where(Paper.id == paper_id, Paper.case_id == case_id)
    return session.scalar(query.options(joinedload(Paper.run)))


@dataclass(frozen=True, slots=True)
class Panel:
    """What the case page shows: the papers, the newest first, and why there are no demands now."""

    papers: list[Paper]
    hardship: Mark | None

    @property
    def waiting(self) -> list[Paper]:
        return [paper for paper in self.papers if paper.delivery is None]


def panel(session: Session, found: Case, known: Iterable[Mark]) -> Panel:
    """``known``: the marks of the borrower that are in force."""
    query = select(Paper).where(Paper.case_id == found.id).order_by(Paper.id.desc())
    shown = (joinedload(Paper.run).joinedload(PrintRun.printed_by),)
    hardship = next((mark for mark in HARDSHIP if mark in set(known)), None)
    return Panel(list(session.scalars(query.options(*shown).limit(50))), hardship)
