"""Cause and route for many cases at once: a few statements, however many they are."""

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from sqlalchemy import (
    ColumnElement,
    and_,
    case,
    exists,
    false,
    func,
    insert,
    literal,
    or_,
    select,
    update,
)
from sqlalchemy.orm import Session

from app import audit
from app.accounts.models import User
from app.cases.assigning import stored
from app.cases.assignment import HOLDER, as_json, rows_of
from app.cases.models import Case, CaseEvent
from app.cases.states import Event
from app.forces.rules import Line
from app.labels import T
from app.loans.models import Loan
from app.policies.queries import Policies
from app.policies.rules import Key
from app.remedies.models import Disposal
from app.remedies.rules import EXTENDING, Cause, Route
from app.today import now

BULK_ROUTES = tuple(route for route in Route if route not in EXTENDING)  # those need an application each


@dataclass(frozen=True, slots=True)
class Order:
    """With ``replace`` cases that have a route already get this one; ``owner``: each case's collector of that line."""

    cause: Cause
    route: Route
    deadline: date | None = None
    measure: str = ""
    replace: bool = False
    owner: Line | None = None


@dataclass(frozen=True, slots=True)
class Outcome:
    """How many cases get it, are closed, have a route already, and are not overdue for long enough."""

    done: int
    closed: int
    kept: int
    early: int


def _early(session: Session, chosen: Any, order: Order, today: date) -> ColumnElement[bool]:
    """Compensation comes after so many days, by place and lender."""
    if order.route is not Route.COMPENSATION:
        return false()
    pairs = session.execute(
        select(Case.township_code, Loan.lender_id)
        .join(Loan, Loan.id == Case.loan_id)
        .where(Case.id.in_(chosen))
        .distinct()
    ).all()
    policies = Policies(session, today)
    conditions = []
    for place, lender in pairs:
        first = today - timedelta(days=policies(Key.COMPENSATION_DAYS, place, lender))
        lent = exists().where(Loan.id == Case.loan_id, Loan.lender_id == lender)
        conditions.append(and_(Case.township_code == place, Case.due_on >= first, lent))
    return or_(false(), *conditions)


def _parts(session: Session, chosen: Any, order: Order, today: date) -> tuple[Any, Any, Any]:
    closed = Case.closed_on.is_not(None)
    has = exists().where(Disposal.case_id == Case.id, Disposal.route.is_not(None))
    kept = and_(~closed, has) if not order.replace else false()
    early = and_(~closed, ~kept, _early(session, chosen, order, today))
    return closed, kept, early


def preview(session: Session, chosen: Any, order: Order, today: date) -> Outcome:
    """What ``apply`` would do now."""
    parts = _parts(session, chosen, order, today)
    counts = [func.coalesce(func.sum(case((part, 1), else_=0)), 0) for part in parts]
    total, *refused = session.execute(select(func.count(), *counts).where(Case.id.in_(chosen))).one()
    closed, kept, early = map(int, refused)
    return Outcome(int(total) - closed - kept - early, closed, kept, early)


def apply(session: Session, chosen: Any, order: Order, actor: User, today: date) -> Outcome:
    """Set it for all that may have it; tells what it left out. The history of each case tells it."""
    session.flush()
    locked = select(Case.id).where(Case.id.in_(chosen)).with_for_update().subquery()
    session.execute(select(func.count()).select_from(locked))  # ours until the end
    outcome = preview(session, chosen, order, today)
    parts = _parts(session, chosen, order, today)
    why = T("Cause: %(cause)s. Route: %(route)s.", cause=order.cause.label, route=order.route.label)
    before = session.scalar(select(func.coalesce(func.max(CaseEvent.id), 0)))
    event = select(
        Case.id, literal(today), literal(Event.DISPOSED.value), Case.state, literal(actor.id),
        Case.township_user_id, Case.branch_user_id, as_json(session, literal(stored(why))),
    ).where(Case.id.in_(chosen), *(~part for part in parts))  # fmt: skip
    names = ["case_id", "on", "kind", "state", "actor_id", "township_user_id", "branch_user_id", "why"]
    rows_of(session, insert(CaseEvent).from_select(names, event))
    told = select(CaseEvent.case_id).where(
        CaseEvent.id > before, CaseEvent.kind == Event.DISPOSED, CaseEvent.actor_id == actor.id
    )
    values = {
        "cause": order.cause, "route": order.route, "deadline": order.deadline,
        "measure": order.measure, "asked_on": None, "changed_by_id": actor.id, "changed_at": now(),
    }  # fmt: skip
    plain = {"synchronize_session": False}
    session.execute(
        update(Case).where(Case.id.in_(told)).values(version=Case.version + 1), execution_options=plain
    )
    holder = HOLDER[order.owner] if order.owner else literal(None, Disposal.__table__.c.owner_id.type)
    owner = select(holder).where(Case.id == Disposal.case_id).scalar_subquery()
    session.execute(
        update(Disposal).where(Disposal.case_id.in_(told)).values({**values, "owner_id": owner}),
        execution_options=plain,
    )
    new = select(CaseEvent.case_id, *_literals(values), holder).join(Case, Case.id == CaseEvent.case_id).where(
        CaseEvent.case_id.in_(told), CaseEvent.id > before, CaseEvent.kind == Event.DISPOSED,
        ~exists().where(Disposal.case_id == CaseEvent.case_id),
    )  # fmt: skip
    rows_of(session, insert(Disposal).from_select(["case_id", *values, "owner_id"], new))
    session.expire_all()
    audit.record(
        session, actor.username, "cases.bulk_disposed", "case", "", cases=outcome.done,
        cause=order.cause.value, route=order.route.value, closed=outcome.closed, kept=outcome.kept, early=outcome.early,
    )  # fmt: skip
    return outcome


def _literals(values: dict[str, Any]) -> list[Any]:
    """The values with their columns' types, which PostgreSQL cannot tell from a NULL."""
    columns = Disposal.__table__.c
    return [literal(value, columns[name].type) for name, value in values.items()]
