"""The sweep, and the events that people bring about.

The sweep is ``rules.decide`` for all loans at once: the same conditions as set-based SQL, so that a million
loans cost what one statement costs. A property test holds the two together.
"""

from dataclasses import asdict, dataclass
from datetime import date
from typing import Any

from sqlalchemy import ColumnElement, and_, case, exists, func, insert, literal, null, or_, select, update
from sqlalchemy.orm import Session, aliased

from app import audit
from app.accounts.models import User
from app.cases.assigning import of_both, why_opened, with_slots
from app.cases.assignment import (
    ASKED,
    HELD,
    HOLDER,
    PLACE,
    all_slots,
    as_json,
    collector,
    number_or_null,
    plan,
    reassign,
    rows_of,
)  # fmt: skip
from app.cases.limitation import due_later, ends_from, give_back, start_limitation
from app.cases.models import Case, CaseEvent
from app.cases.states import SYSTEM, CloseReason, Event, Refusal, State, follow
from app.forces.rules import ROLE_OF, Line
from app.labels import Declined, T, Text
from app.loans.models import Loan
from app.loans.queries import overdue_on


@dataclass(frozen=True, slots=True)
class Swept:
    """What a sweep did, and how many open cases lack one of their two lines afterwards."""

    opened: int
    closed: int
    assigned: int
    open: int
    unassigned: int

    def to_json(self) -> dict[str, int]:
        return asdict(self)


class EventRefused(Declined):
    """An event that the table of states does not allow, in a sentence."""


class Overtaken(RuntimeError):
    """Somebody changed the case since the page was read: show both, lose nothing."""


def fire(
    session: Session,
    found: Case,
    event: Event,
    actor: User | None,
    day: date,
    *,
    reason: str = "",
    why: Text | None = None,
    closing: CloseReason | None = None,
    amount: int | None = None,
    version: int | None = None,
) -> CaseEvent:
    """Let ``event`` happen to a case, as ``states.TRANSITIONS`` allows it to ``actor`` (None: the programme).

    ``reason`` is what a person typed, ``why`` a sentence of the programme; one of them is kept. ``amount`` in 分.
    Raises EventRefused, and Overtaken when the case is no longer at ``version``.
    """
    # As it is now, and ours until the transaction ends: of two at once the second one sees what the first has done.
    session.refresh(found, ["state", "version", "closed_on"], with_for_update=True)
    if version is not None and version != found.version:
        raise Overtaken
    after = follow(found.state, event, actor.role if actor else SYSTEM, reason=reason, closing=closing)
    if isinstance(after, Refusal):
        raise EventRefused(after.sentence)
    if event is Event.CLOSED:
        found.closed_on, found.close_reason = max(day, found.opened_on), closing
        found.closed_by_id = actor.id if actor else None
    before, found.state = found.state, after
    found.version += 1
    sentence = Text(reason.strip()) if reason.strip() else why
    happened = CaseEvent(
        case_id=found.id,
        on=day,
        kind=event,
        state=after,
        actor_id=actor.id if actor else None,
        township_user_id=found.township_user_id,
        branch_user_id=found.branch_user_id,
        amount=amount,
        reason=closing,
        why=sentence.to_json() if sentence else None,
    )
    session.add(happened)
    session.flush()
    audit.record(
        session,
        actor.username if actor else audit.SYSTEM,
        f"cases.{event.value}",
        "case",
        found.id,
        event=happened.id,
        before=before.value,
        after=after.value,
    )
    return happened


def sweep(session: Session, day: date, actor: str = audit.SYSTEM) -> Swept:
    """Bring the cases in line with the loans as they stand on ``day``.

    1. Close open cases whose loan is no longer overdue, with the reason; refresh the amounts of the others.
    2. Open a case for every overdue loan that has none, with both collectors where there are any.
    3. Give a collector to lines that have none, or one whose account ended or is for another place.
    """
    session.flush()  # the statements below go past what the session holds back
    closed = _close(session, day)
    kept = due_later(session)
    _refresh(session, day)
    opened = _open(session, day)
    start_limitation(session)
    give_back(session, kept)
    assigned = _assign(session, day)
    count, unassigned = session.execute(
        select(
            func.count(),
            func.count(case((or_(Case.township_user_id.is_(None), Case.branch_user_id.is_(None)), 1))),
        ).where(Case.closed_on.is_(None))
    ).one()
    swept = Swept(opened, closed, assigned, int(count), int(unassigned))
    if opened or closed or assigned:
        audit.record(session, actor, "cases.sweep", "case", "", day=day.isoformat(), **swept.to_json())
    return swept


def _event(
    kind: Event, day: Any, state: Any, township_user: Any, branch_user: Any, amount: Any, reason: Any
) -> list[Any]:
    on = literal(day) if isinstance(day, date) else day
    return [on, literal(kind.value), state, township_user, branch_user, amount, reason]


_EVENT_COLUMNS = ["case_id", "on", "kind", "state", "township_user_id", "branch_user_id", "amount", "reason"]


def _close(session: Session, day: date) -> int:
    reason = case(
        (Loan.balance == 0, CloseReason.REPAID.value),
        (Loan.effective_due_on > Case.due_on, CloseReason.EXTENDED.value),
        else_=CloseReason.CAUGHT_UP.value,
    )
    ended = and_(Case.loan_id == Loan.id, Case.closed_on.is_(None), overdue_on(day) == 0)
    closed = rows_of(session, update(Case).where(ended).values(_closing(day, reason)))
    if closed:
        untold = ~exists().where(CaseEvent.case_id == Case.id, CaseEvent.kind == Event.CLOSED)
        event = _event(Event.CLOSED, Case.closed_on, Case.state, null(), null(), null(), Case.close_reason)
        session.execute(
            insert(CaseEvent).from_select(
                _EVENT_COLUMNS, select(Case.id, *event).where(Case.closed_on >= day, untold)
            )
        )
    return closed


def _closing(day: date, reason: Any) -> dict[str, Any]:
    return {
        "closed_on": case((Case.opened_on > day, Case.opened_on), else_=day),
        "close_reason": reason,
        "overdue": 0,
        "state": State.CLOSED.value,
        "version": Case.version + 1,
    }


def _open(session: Session, day: date) -> int:
    before = session.scalar(select(func.coalesce(func.max(Case.id), 0)))
    overdue = overdue_on(day)
    # Materialized: else PostgreSQL may look through the table once a loan while the statement fills it.
    having = select(Case.loan_id).where(Case.closed_on.is_(None)).cte("having", nesting=True)
    having = having.prefix_with("MATERIALIZED", dialect="postgresql")
    earlier = aliased(Case)
    previous = select(func.max(earlier.id)).where(earlier.loan_id == Loan.id).scalar_subquery()
    # A person closed it: that holds until a ledger dated later still shows the loan overdue.
    held = exists().where(
        earlier.loan_id == Loan.id, earlier.closed_by_id.is_not(None), earlier.closed_on >= Loan.as_of
    )
    asked = ("township_code", "village_code", "branch_id")
    source = (
        select(
            Loan.id,
            Loan.borrower_id,
            previous.label("previous_id"),
            *(getattr(Loan, name) for name in asked),
            Loan.effective_due_on.label("due_on"),
            overdue.label("overdue"),
        )
        .where(overdue > 0, ~exists().where(having.c.loan_id == Loan.id), ~held)
        .subquery("source")
    )
    slots = all_slots(session, day)
    planned = plan(session, source, day, slots)
    rows = select(
        *(planned.columns[column.key] for column in source.c),
        literal(State.OPEN.value),
        literal(0),
        literal(day),
        *planned.holder.values(),
        ends_from(session, planned.columns.due_on),
    ).select_from(planned.rows)
    columns = ["loan_id", "borrower_id", "previous_id", *asked, "due_on", "overdue"]
    columns += ["state", "version", "opened_on", "township_user_id", "branch_user_id", "limitation_on"]
    opened = rows_of(session, insert(Case).from_select(columns, rows))
    if not opened:
        return 0
    new = with_slots(Case.id > before, slots, day).c
    event = _event(
        Event.OPENED, day, new.state, new.township_user_id, new.branch_user_id, new.overdue, null()
    )
    why = as_json(session, why_opened(slots, new))
    session.execute(insert(CaseEvent).from_select([*_EVENT_COLUMNS, "why"], select(new.id, *event, why)))
    return opened


def _refresh(session: Session, day: date) -> None:
    overdue = overdue_on(day)
    session.execute(
        update(Case)
        .where(
            Case.loan_id == Loan.id,
            Case.closed_on.is_(None),
            overdue > 0,
            or_(
                Case.overdue != overdue,
                Case.due_on != Loan.effective_due_on,
                Case.township_code != Loan.township_code,
                Case.branch_id.is_distinct_from(Loan.branch_id),
                Case.village_code.is_distinct_from(Loan.village_code),
            ),
        )
        .values(
            overdue=overdue,
            due_on=Loan.effective_due_on,
            # Due later, the period is given again; see ``limitation.due_later``.
            limitation_on=case((Case.due_on < Loan.effective_due_on, null()), else_=Case.limitation_on),
            township_code=Loan.township_code,
            village_code=Loan.village_code,
            branch_id=Loan.branch_id,
        )
        .execution_options(synchronize_session=False)
    )


@dataclass(frozen=True, slots=True)
class _Refill:
    """The open cases with a line that nobody fit holds and somebody could, and which of their lines are free."""

    where: ColumnElement[bool]
    free: dict[Line, ColumnElement[bool]]


def _refill() -> _Refill:
    account = aliased(User)

    def vacant(holder: Any, held: Any, place: Any) -> ColumnElement[bool]:
        """Nobody's, or held by an account that has ended or is for another place than the loan is in now."""
        return ~exists().where(account.id == holder, account.active, held == place)

    free = {
        Line.TOWNSHIP: vacant(Case.township_user_id, account.region_code, Case.township_code),
        Line.BRANCH: vacant(Case.branch_user_id, account.branch_id, Case.branch_id),
    }
    changed = [
        case((free[line], collector(ROLE_OF[line], PLACE[line], HELD[line])), else_=HOLDER[line])
        for line in Line
    ]
    where = and_(
        Case.closed_on.is_(None),
        or_(*free.values()),
        or_(*(new.is_distinct_from(HOLDER[line]) for line, new in zip(Line, changed, strict=True))),
    )
    return _Refill(where, free)


def lines_wait(session: Session) -> bool:
    """Is there an open case whose empty line a sweep would fill: a collector came, or left?"""
    return session.scalar(select(literal(1)).where(_refill().where).limit(1)) is not None


def _assign(session: Session, day: date) -> int:
    """Fill the lines of open cases that nobody holds any more, and tell it in their history."""
    if not lines_wait(session):
        return 0
    refill = _refill()
    columns = [Case.id, Case.state, *HOLDER.values(), *(getattr(Case, name) for name in ASKED[1:])]
    free = [condition.label(f"{line.value}_free") for line, condition in refill.free.items()]
    source = select(*columns, *free).where(refill.where).subquery("source")
    planned = plan(session, source, day, all_slots(session, day))
    row = planned.columns
    held = [row[f"{line.value}_user_id"] for line in Line]
    meant = {
        f"{line.value}_to": case((row[f"{line.value}_free"], planned.holder[line]), else_=old)
        for line, old in zip(Line, held, strict=True)
    }
    said = {f"{line.value}_why": why for line, why in planned.why.items()}
    named = [column.label(name) for name, column in {**meant, **said}.items()]
    to = select(row.id, row.state, *held, *named).select_from(planned.rows).subquery("planned").c
    changed = [to[f"{line.value}_to"].is_distinct_from(to[f"{line.value}_user_id"]) for line in Line]
    both = of_both(to.township_why, to.branch_why)
    why = case((and_(*changed), both), (changed[0], to.township_why), else_=to.branch_why)
    rows = select(to.id, to.state, *(to[name] for name in meant), number_or_null(None), as_json(session, why))
    return reassign(session, day, rows)


def assign_line(
    session: Session,
    found: Case,
    line: Line,
    user: User,
    actor: User,
    day: date,
    reason: str,
    version: int | None = None,
) -> CaseEvent:
    """Give one line of a case to ``user``. Raises EventRefused for whom it does not fit, and Overtaken."""
    if (misfit := misfit_of(found, line, user)) is not None:
        raise EventRefused(misfit)
    if not reason.strip():
        raise EventRefused(T("Give the reason: %(event)s.", event=Event.ASSIGNED.label))
    setattr(found, f"{line.value}_user_id", user.id)
    why = T("Assigned by %(name)s: %(reason)s", name=actor.name, reason=reason.strip())
    return fire(session, found, Event.ASSIGNED, actor, day, why=why, version=version)


def misfit_of(found: Case, line: Line, user: User) -> Text | None:
    """Why ``user`` cannot hold the line of this case; None when he or she can."""
    if not user.active:
        return T("The account of %(name)s has ended.", name=user.name)
    if user.role is not ROLE_OF[line]:
        return T("%(name)s does not collect on this line: %(line)s.", name=user.name, line=line.label)
    place = user.region_code if line is Line.TOWNSHIP else user.branch_id
    if place != getattr(found, "township_code" if line is Line.TOWNSHIP else "branch_id"):
        return T("%(name)s collects for another place and would not see this case.", name=user.name)
    if getattr(found, f"{line.value}_user_id") == user.id:
        return T("%(name)s has this line already.", name=user.name)
    return None
