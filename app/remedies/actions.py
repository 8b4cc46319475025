"""Setting a case's cause and route."""

from dataclasses import dataclass
from datetime import date

from sqlalchemy.orm import Session

from app.accounts.models import User
from app.cases.actions import fire
from app.cases.models import Case
from app.cases.states import Event
from app.labels import DeclinedAt, T
from app.remedies.models import Disposal
from app.remedies.queries import facts_of, limits_for, owners_for
from app.remedies.rules import MEASURE_LENGTH, Cause, Route, route_findings
from app.today import now


@dataclass(frozen=True, slots=True)
class Plan:
    """Why a case is overdue and what is done about it, by whom and until when."""

    cause: Cause
    route: Route | None = None
    owner_id: int | None = None
    deadline: date | None = None
    measure: str = ""
    asked_on: date | None = None


class DisposalRefused(DeclinedAt):
    """A plan that cannot be kept: which field, and why."""


def check(session: Session, found: Case, plan: Plan, today: date, kept: Disposal | None) -> None:
    """Raises DisposalRefused when the route is not open to this loan, or the plan does not fit together."""
    if len(plan.measure) > MEASURE_LENGTH:
        raise DisposalRefused("measure", T("A measure has at most %(n)s characters.", n=MEASURE_LENGTH))
    if plan.route is None and (plan.owner_id or plan.deadline):
        raise DisposalRefused("route", T("Choose the route that somebody is to answer for."))
    if plan.owner_id is not None and plan.owner_id not in {one.id for one in owners_for(session, found)}:
        raise DisposalRefused("owner", T("Choose somebody who sees this case and whose account is active."))
    changed = kept is None or kept.deadline != plan.deadline
    if plan.deadline is not None and plan.deadline < today and changed:
        raise DisposalRefused("deadline", T("The deadline lies in the past."))
    if plan.route is None or (
        kept is not None and (kept.route, kept.asked_on) == (plan.route, plan.asked_on)
    ):
        return  # a route taken earlier may be followed up, whatever has become of the loan since
    facts = facts_of(found, plan.asked_on, kept.route if kept else None)
    for finding in route_findings(facts, plan.route, today, limits_for(session, found, today)):
        if finding.refuses:
            raise DisposalRefused(finding.field, finding.sentence)


def dispose(
    session: Session, found: Case, plan: Plan, actor: User | None, today: date, version: int | None = None
) -> Disposal:
    """Keep a case's cause and route. Raises DisposalRefused, EventRefused and Overtaken (see ``cases.fire``)."""
    kept = session.get(Disposal, found.id, populate_existing=True)
    check(session, found, plan, today, kept)
    said = T("Cause: %(cause)s", cause=plan.cause.label)
    if plan.route is not None:
        said = T("Cause: %(cause)s. Route: %(route)s.", cause=plan.cause.label, route=plan.route.label)
    fire(session, found, Event.DISPOSED, actor, today, why=said, version=version)
    if kept is None:
        kept = Disposal(case_id=found.id)
        session.add(kept)
    kept.cause, kept.route, kept.owner_id, kept.deadline = (
        plan.cause,
        plan.route,
        plan.owner_id,
        plan.deadline,
    )
    kept.measure, kept.asked_on = plan.measure.strip(), plan.asked_on
    kept.changed_by_id, kept.changed_at = actor.id if actor else None, now()
    session.flush()
    return kept
