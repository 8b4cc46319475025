"""The bridge from one month's overdue amount to the next, in one statement: ``bridge.moves`` as SQL.

Every loan that is overdue at one of the two month ends has its month in ``pairs``; from it come one or two entries,
each in one township: the second where the opening stands in another township (or branch) than the loan does now.
"""

from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import (
    CTE,
    ColumnElement,
    String,
    and_,
    case,
    cast,
    false,
    func,
    literal,
    null,
    or_,
    select,
    union,
    union_all,
)
from sqlalchemy.orm import Session, aliased

from app.accounts.rules import Scope
from app.bulletin import closed
from app.bulletin.bridge import BY_REASON, FALLS, Bridge, BridgeRow, Part, Term
from app.bulletin.figures import Figures
from app.bulletin.queries import figures
from app.cases.models import Case
from app.cases.states import CloseReason
from app.clock import add_months, month_end
from app.loans.models import Borrower, Loan, Repayment, Snapshot
from app.loans.queries import in_region, in_scope
from app.places.models import Branch, Region
from app.remedies.models import Disposal
from app.remedies.rules import EXTENDING

_NONE: ColumnElement[int] = literal(0)


def month_before(month: date) -> date:
    """The month end before the month's."""
    return month_end(add_months(month.replace(day=1), -1))


def bridge(session: Session, region: str, month: date, scope: Scope) -> Bridge:
    """The bridge of ``region`` as far as ``scope`` sees. Raises LookupError as ``queries.figures`` does."""
    month, before = month_end(month), month_before(month)
    now, then = figures(session, region, month, scope), figures(session, region, before, scope)
    by_township = _terms(session, region, month, scope)
    names = {row.code: row.name for row in (*then.rows, *now.rows)}  # a branch's rows are where it has loans
    opened, ended = _overdue(then), _overdue(now)
    rows = [
        BridgeRow(
            code,
            names[code],
            opened.get(code, 0),
            ended.get(code, 0),
            _added([terms for place, terms in by_township.items() if place.startswith(code)]),
        )
        for code in dict.fromkeys([*(row.code for row in now.rows), *names])
    ]
    marked = tuple(code for code in names if now.is_received(code) or then.is_received(code))
    return Bridge(region, now.region_name, month, before, tuple(rows), marked)


def _overdue(found: Figures) -> dict[str, int]:
    """分 overdue by row, without what bundles tell."""
    return {
        row.code: row.overdue_fen
        - sum(one.row.overdue_fen for one in found.received if one.row.code.startswith(row.code))
        for row in found.rows
    }


def _added(parts: list[dict[Term, Part]]) -> dict[Term, Part]:
    return {
        term: Part(sum(one[term].fen for one in parts), sum(one[term].loans for one in parts))
        for term in Term
    }


def _terms(session: Session, region: str, month: date, scope: Scope) -> dict[str, dict[Term, Part]]:
    entries = _entries(session, region, month, scope)
    sums = [
        column
        for term in Term
        for column in (
            func.coalesce(func.sum(entries.c[term.value]), 0),
            func.count(case((entries.c[term.value] != 0, 1))),
        )
    ]
    query = (
        select(entries.c.township_code, *sums)
        .where(*_seen(entries, region, scope))
        .group_by(entries.c.township_code)
    )
    found = {}
    for code, *values in session.execute(query):
        found[code] = {
            term: Part(int(values[2 * at]), int(values[2 * at + 1])) for at, term in enumerate(Term)
        }
    return found


def _seen(entries: CTE, region: str, scope: Scope) -> list[ColumnElement[bool]]:
    return [
        in_region(entries.c.township_code, region),
        in_scope(scope, entries.c.township_code, entries.c.branch_id),
    ]


def _entries(session: Session, region: str, month: date, scope: Scope) -> CTE:
    """What each loan adds to each term (分), in the township where it does."""
    pairs = _pairs(session, region, month)
    c = pairs.c
    same: ColumnElement[bool] = c.township_code == c.base_township
    if scope.branch_id is not None:
        same = and_(same, c.branch_id.is_not_distinct_from(c.base_branch))
    terms = _split(c)
    restated = case((same, c.opening - c.base), else_=c.opening)
    terms[Term.CORRECTION] = terms[Term.CORRECTION] + restated
    here = select(
        (c.loan_id * 2).label("position"), c.loan_id, c.township_code, c.branch_id, c.base, c.closing, c.reason,
        *(terms[term].label(term.value) for term in Term),
    )  # fmt: skip
    there = select(
        (c.loan_id * 2 + 1).label("position"), c.loan_id, c.base_township, c.base_branch, c.base, _NONE, null(),
        *((-c.base if term is Term.CORRECTION else _NONE).label(term.value) for term in Term),
    ).where(c.base > 0, ~same)  # fmt: skip
    return union_all(here, there).cte("entries")


def _split(c: Any) -> dict[Term, ColumnElement[int]]:
    """``bridge.moves``: a property test holds the two together."""
    fall = case((c.closing < c.opening, c.opening - c.closing), else_=0)
    known = c.reason.in_([reason.value for reason in BY_REASON])
    repaid = case((known, 0), (c.paid < fall, c.paid), else_=fall)
    rest = fall - repaid
    unexplained = {
        Term.LEFT: case((known, 0), (c.gone, rest), else_=0),
        Term.RENEWED: case((or_(known, c.gone), 0), (c.extended, rest), else_=0),
        Term.CORRECTION: case((or_(known, c.gone, c.extended), 0), else_=-rest),
    }
    found: dict[Term, ColumnElement[int]] = {
        Term.NEW: case((c.opening == 0, c.closing), else_=0),
        Term.GROWN: case((and_(c.opening > 0, c.closing > c.opening), c.closing - c.opening), else_=0),
        Term.REPAID: repaid,
        Term.COMPENSATED: _NONE,
        **unexplained,
    }
    for reason, term in BY_REASON.items():
        by_reason = case((c.reason == reason.value, fall if term in FALLS else -fall), else_=0)
        found[term] = found[term] + by_reason
    return found


def _pairs(session: Session, region: str, month: date) -> CTE:
    """The months of the loans that are overdue at either end: ``bridge.LoanMonth`` with its townships.

    ``base`` is the opening as it was told (frozen, where that month is closed), ``opening`` as the ledgers have it now.
    """
    before = month_before(month)
    then, living = _standing(None, before)
    now, ended = _standing(closed.snapshots_at(session, region, month), month)
    told = closed.snapshots_at(session, region, before)
    base, opened = (then, living) if told.of is Snapshot else (told.of, told.where)
    sides = {id(of): (of, valid) for of, valid in ((base, opened), (then, living), (now, ended))}
    touched = union(
        *(
            select(of.loan_id).where(valid, of.overdue > 0, in_region(of.township_code, region))
            for of, valid in sides.values()
        )
    ).cte("touched")
    loan_id = touched.c.loan_id
    overdue_now = func.coalesce(now.overdue, 0) > 0
    query = select(
        loan_id,
        _where(overdue_now, "township_code", now, then, base),
        _where(overdue_now, "branch_id", now, then, base),
        base.township_code.label("base_township"),
        base.branch_id.label("base_branch"),
        func.coalesce(base.overdue, 0).label("base"),
        func.coalesce(then.overdue, 0).label("opening"),
        func.coalesce(now.overdue, 0).label("closing"),
        now.loan_id.is_(None).label("gone"),
        *_causes(loan_id, before, month, func.coalesce(now.due_on > then.due_on, false())),
    ).select_from(touched)  # fmt: skip
    for of, valid in sides.values():
        query = query.outerjoin(of, and_(of.loan_id == loan_id, valid))
    return query.cte("pairs")


def _where(overdue_now: ColumnElement[bool], name: str, now: Any, then: Any, base: Any) -> Any:
    """Where the loan's terms are told: where it is, or if it is overdue no more where it was."""
    before = case((then.loan_id.is_not(None), getattr(then, name)), else_=getattr(base, name))
    return case((overdue_now, getattr(now, name)), else_=before).label(name)


def _standing(at: closed.AtEnd | None, day: date) -> tuple[type[Snapshot], ColumnElement[bool]]:
    """The snapshots of a month end under a name of their own; ``at`` None: as the ledgers have them now."""
    if at is not None and at.of is not Snapshot:
        return at.of, at.where
    of = aliased(Snapshot)
    return of, and_(of.as_of <= day, of.until > day)


def _causes(
    loan_id: Any, before: date, month: date, moved_on: ColumnElement[bool]
) -> list[ColumnElement[Any]]:
    """What the ledgers show as paid in the month, why the loan's case was closed in it, whether it was extended."""
    paid = select(func.coalesce(func.sum(Repayment.amount), 0)).where(
        Repayment.loan_id == loan_id, Repayment.as_of > before, Repayment.as_of <= month
    )
    ended = and_(Case.loan_id == loan_id, Case.closed_on > before, Case.closed_on <= month)
    reason = select(Case.close_reason).where(ended).order_by(Case.id.desc()).limit(1)
    planned = (
        select(Disposal.case_id)
        .join(Case, Case.id == Disposal.case_id)
        .where(ended, Disposal.route.in_(EXTENDING))
    )
    return [
        paid.scalar_subquery().label("paid"),
        cast(reason.scalar_subquery(), String).label("reason"),
        or_(moved_on, planned.exists()).label("extended"),
    ]


@dataclass(frozen=True, slots=True)
class Move:
    """One loan's part of a term. Amounts in 分; ``amount`` as the term counts it, a correction with its sign."""

    position: int
    township_code: str
    opening: int
    closing: int
    amount: int
    reason: CloseReason | None
    contract_no: str
    borrower: str
    township: str
    branch: str | None


def moves_behind(
    session: Session, term: Term, region: str, month: date, scope: Scope, after: int, limit: int
) -> list[Move]:
    """The loans that a term of the bridge is made of; they add up to it."""
    entries = _entries(session, region, month_end(month), scope)
    c = entries.c
    township = aliased(Region)
    query = (
        select(
            c.position, c.township_code, c.base, c.closing, c[term.value], c.reason,
            Loan.contract_no, Borrower.name, township.short, Branch.name,
        )
        .join(Loan, Loan.id == c.loan_id)
        .join(Borrower, Borrower.id == Loan.borrower_id)
        .join(township, township.code == c.township_code)
        .outerjoin(Branch, Branch.id == c.branch_id)
        .where(c[term.value] != 0, c.position > after, *_seen(entries, region, scope))
        .order_by(c.position)
        .limit(limit)
    )  # fmt: skip
    return [
        Move(
            position,
            code,
            int(base),
            int(closing),
            int(amount),
            CloseReason(reason) if reason else None,
            *rest,
        )
        for position, code, base, closing, amount, reason, *rest in session.execute(query)
    ]
