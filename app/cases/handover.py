"""Handing a collector's cases to others in one step: looked at before, on a date, and taken back.

Everything is set-based: a hundred thousand cases are a few statements.
"""

from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from datetime import date
from typing import Any

from sqlalchemy import ColumnElement, and_, func, insert, literal, select
from sqlalchemy.orm import Session, joinedload

from app import audit
from app.accounts.models import User
from app.accounts.rules import Scope
from app.cases.assigning import Slots, meets, stored
from app.cases.assignment import ASKED, HOLDER, all_slots, as_json, number_or_null, plan, reassign, rows_of
from app.cases.models import Case, CaseEvent, Handover, HandoverCase
from app.cases.queries import cases_in
from app.cases.states import Event
from app.forces.rules import LINE_OF, MAX_REASON, Line, Slot, Which, wrong_bounds
from app.labels import DeclinedAt, T, Text
from app.loans.models import Loan
from app.today import now

EXAMPLES = 5


class HandoverRefused(DeclinedAt):
    """The handover cannot be: ``message`` says why, ``field`` where."""


@dataclass(frozen=True, slots=True)
class Order:
    """What of whose cases goes to whom (nobody named: by the rules), from which day on, and why."""

    giver: User
    takers: Sequence[User]
    on: date
    reason: str
    which: Which = field(default_factory=Which)

    @property
    def line(self) -> Line:
        return LINE_OF[self.giver.role]


@dataclass(frozen=True, slots=True)
class Preview:
    """What would happen today: how many cases of how much (分), to whom how many, and some of them.

    ``kept`` have nobody else to go to.
    """

    count: int
    overdue: int
    kept: int
    shares: list[tuple[User, int]]
    examples: list[Case]


def check(order: Order, today: date) -> None:
    """Raises HandoverRefused."""
    giver = order.giver
    if giver.role not in LINE_OF:
        raise HandoverRefused("giver", T("%(name)s is no collector.", name=giver.name))
    if order.on < today:
        raise HandoverRefused("on", T("The date is past. Choose today or a later day."))
    if not order.reason.strip():
        raise HandoverRefused("reason", T("Give the reason of the handover."))
    if len(order.reason.strip()) > MAX_REASON:
        raise HandoverRefused("reason", T("A reason has at most %(n)s characters.", n=MAX_REASON))
    if (wrong := wrong_bounds(order.which)) is not None:
        raise HandoverRefused(*wrong)
    for taker in order.takers:
        _check_taker(giver, taker)


def _check_taker(giver: User, taker: User) -> None:
    if taker.id == giver.id:
        raise HandoverRefused(
            "takers", T("%(name)s cannot hand cases to himself or herself.", name=giver.name)
        )
    if not taker.active:
        raise HandoverRefused("takers", T("The account of %(name)s has ended.", name=taker.name))
    if taker.role is not giver.role:
        raise HandoverRefused("takers", T("%(name)s does not collect on the same line.", name=taker.name))
    if (taker.region_code, taker.branch_id) != (giver.region_code, giver.branch_id):
        raise HandoverRefused(
            "takers", T("%(name)s collects for another place and would not see these cases.", name=taker.name)
        )


def _meant(line: Line, giver_id: int, which: Which, day: date) -> ColumnElement[bool]:
    return and_(HOLDER[line] == giver_id, Case.closed_on.is_(None), *meets(which, Case, day))


def _slots(session: Session, order: Order, day: date) -> Slots:
    if not order.takers:
        return {
            **{line: [] for line in Line},
            order.line: all_slots(session, day, order.giver.id)[order.line],
        }
    giver = order.giver
    ids = tuple(taker.id for taker in order.takers if taker.active)
    only = [Slot(Which(), giver.region_code, giver.branch_id, ids, Text(""))] if ids else []
    return {**{line: [] for line in Line}, order.line: only}


def _goes(session: Session, order: Order, day: date, rehearsal: bool) -> tuple[Any, ColumnElement[Any]]:
    """The planned rows and who gets each; NULL where nobody else is there."""
    columns = [Case.id, Case.state, *HOLDER.values(), Case.overdue.label("overdue")]
    columns += [getattr(Case, name) for name in ASKED[1:] if name != "overdue"]
    source = select(*columns).where(_meant(order.line, order.giver.id, order.which, day)).subquery("source")
    planned = plan(
        session, source, day, _slots(session, order, day), without=order.giver.id, rehearsal=rehearsal
    )
    return planned, planned.holder[order.line]


def preview(session: Session, order: Order, scope: Scope, today: date) -> Preview:
    """What the handover would do with the cases as they are now. Raises HandoverRefused."""
    check(order, today)
    planned, to = _goes(session, order, today, rehearsal=True)
    sums = select(to, func.count(), func.coalesce(func.sum(planned.columns.overdue), 0))
    found = session.execute(sums.select_from(planned.rows).group_by(to)).all()
    users = {
        one.id: one for one in session.scalars(select(User).where(User.id.in_([row[0] for row in found])))
    }
    shares = [(users[row[0]], int(row[1])) for row in found if row[0] is not None]
    query = select(Case).where(_meant(order.line, order.giver.id, order.which, today), cases_in(scope))
    query = query.options(
        joinedload(Case.loan).joinedload(Loan.borrower), joinedload(Case.loan).joinedload(Loan.township)
    )
    return Preview(
        sum(int(row[1]) for row in found),
        sum(int(row[2]) for row in found),
        sum(int(row[1]) for row in found if row[0] is None),
        sorted(shares, key=lambda share: (-share[1], share[0].id)),
        list(session.scalars(query.order_by(Case.due_on, Case.id).limit(EXAMPLES))),
    )


def hand_over(session: Session, order: Order, actor: User | None, today: date) -> Handover:
    """Keep the order, and carry it out when its day has come. Raises HandoverRefused."""
    check(order, today)
    made = Handover(
        from_user_id=order.giver.id,
        to_user_id=order.takers[0].id if len(order.takers) == 1 else None,
        line=order.line,
        on=order.on,
        reason=order.reason.strip(),
        chosen={"which": asdict(order.which), "to": [taker.id for taker in order.takers]},
        made_by_id=actor.id if actor else None,
        made_at=now(),
    )
    session.add(made)
    session.flush()
    _record(session, actor, "cases.handover", made, on=order.on.isoformat(), reason=made.reason)
    if order.on <= today:
        apply(session, made, today)
    return made


def _record(session: Session, actor: User | None, action: str, made: Handover, **detail: Any) -> None:
    named = actor.username if actor else audit.SYSTEM
    audit.record(session, named, action, "handover", made.id, **{"from": made.from_user_id}, **detail)


def apply(session: Session, made: Handover, day: date) -> int:
    """Carry a handover out; returns how many cases changed hands. Takers who have left since are passed over."""
    session.flush()
    ids = made.chosen["to"]
    takers = session.scalars(select(User).where(User.id.in_(ids), User.active).order_by(User.id)).all()
    giver, actor = made.from_user, session.get(User, made.made_by_id) if made.made_by_id else None
    order = Order(giver, takers, made.on, made.reason, Which(**made.chosen["which"]))
    planned, to = _goes(session, order, day, rehearsal=False)
    why = literal(stored(T("Handed over by %(name)s: %(reason)s", name=_name(actor), reason=made.reason)))
    row = planned.columns
    holders = [to if line is made.line else row[f"{line.value}_user_id"] for line in Line]
    rows = select(row.id, row.state, *holders, number_or_null(made.made_by_id), as_json(session, why))
    before = session.scalar(select(func.coalesce(func.max(CaseEvent.id), 0)))
    count = reassign(session, day, rows.select_from(planned.rows).where(to.is_not(None)))
    after = getattr(CaseEvent, f"{made.line.value}_user_id")
    moved = select(literal(made.id), CaseEvent.case_id, literal(giver.id), after)
    moved = moved.where(CaseEvent.id > before, CaseEvent.kind == Event.ASSIGNED)
    columns = ["handover_id", "case_id", "before_id", "after_id"]
    rows_of(session, insert(HandoverCase).from_select(columns, moved))
    made.applied_at = now()
    _record(session, actor, "cases.handover_applied", made, cases=count)
    return count


def _name(actor: User | None) -> str:
    return actor.name if actor else audit.SYSTEM


def due(session: Session, day: date) -> list[Handover]:
    """The handovers whose day has come and that nobody carried out or took back."""
    query = select(Handover).where(Handover.applied_at.is_(None), Handover.undone_at.is_(None))
    return list(session.scalars(query.where(Handover.on <= day).order_by(Handover.on, Handover.id)))


def apply_due(session: Session, day: date) -> int:
    """Carry out every handover whose day has come; returns how many cases changed hands."""
    return sum(apply(session, made, day) for made in due(session, day))


@dataclass(frozen=True, slots=True)
class Undone:
    """How many cases went back, and the numbers of those that did not, because they are no longer as it left them."""

    back: int
    kept: int
    examples: list[int]


def undo(session: Session, made: Handover, actor: User | None, day: date) -> Undone:
    """Give back the cases that nobody has reassigned since. Raises HandoverRefused."""
    if made.undone_at is not None:
        raise HandoverRefused("undo", T("This handover has been taken back already."))
    if not made.from_user.active:
        raise HandoverRefused("undo", T("The account of %(name)s has ended.", name=made.from_user.name))
    made.undone_at = now()
    session.flush()
    if made.applied_at is None:
        _record(session, actor, "cases.handover_undone", made, cases=0)
        return Undone(0, 0, [])
    of_it = and_(HandoverCase.handover_id == made.id, HandoverCase.case_id == Case.id)
    giver = made.from_user
    place = (
        Case.township_code == giver.region_code if giver.region_code else Case.branch_id == giver.branch_id
    )
    as_left = and_(of_it, Case.closed_on.is_(None), HOLDER[made.line] == HandoverCase.after_id, place)
    others = select(Case.id).join(HandoverCase, of_it).where(~and_(as_left)).order_by(Case.id)
    kept = int(session.scalar(select(func.count()).select_from(others.subquery())) or 0)
    examples = list(session.scalars(others.limit(EXAMPLES)))
    why = literal(stored(T("Handover taken back by %(name)s", name=_name(actor))))
    holders = [literal(giver.id) if line is made.line else HOLDER[line] for line in Line]
    rows = select(
        Case.id, Case.state, *holders, number_or_null(actor.id if actor else None), as_json(session, why)
    )
    back = reassign(session, day, rows.join(HandoverCase, of_it).where(as_left))
    _record(session, actor, "cases.handover_undone", made, cases=back, kept=kept)
    return Undone(back, kept, examples)


def handovers_of(session: Session, user_ids: Sequence[int], limit: int) -> list[tuple[Handover, int]]:
    """The newest handovers of these collectors, with how many cases each moved."""
    count = select(func.count()).where(HandoverCase.handover_id == Handover.id).scalar_subquery()
    query = select(Handover, count).where(Handover.from_user_id.in_(user_ids))
    query = query.options(joinedload(Handover.from_user), joinedload(Handover.to_user))
    return [(made, int(n)) for made, n in session.execute(query.order_by(Handover.id.desc()).limit(limit))]
