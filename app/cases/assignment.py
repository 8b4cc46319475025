"""Who gets a case: the county's rules, else the collector of its place; any number of cases in a few statements.

``forces.rules.choose`` and ``share_out`` say who it is for one case. Here their conditions become one CASE expression:
the cases of each rule are counted, its collectors' shares computed from the counts and from the open cases that each
has, and every case gets its collector by its number within its rule. A property test holds the two together.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import (
    JSON,
    BigInteger,
    ColumnElement,
    FromClause,
    Select,
    String,
    and_,
    case,
    cast,
    func,
    insert,
    literal,
    null,
    or_,
    select,
    type_coerce,
    update,
)  # fmt: skip
from sqlalchemy.orm import Session

from app import audit
from app.accounts.models import User
from app.accounts.rules import Role
from app.cases.assigning import Slots, meets, slot_number, stored, why_of
from app.cases.models import Case, CaseEvent
from app.cases.states import Event
from app.forces.models import AssignmentRule
from app.forces.queries import away, slots_of
from app.forces.rules import ROLE_OF, Line, Method, Slot, Which, share_out
from app.labels import T

HOLDER: dict[Line, Any] = {Line.TOWNSHIP: Case.township_user_id, Line.BRANCH: Case.branch_user_id}
PLACE: dict[Line, Any] = {Line.TOWNSHIP: Case.township_code, Line.BRANCH: Case.branch_id}
HELD: dict[Line, Any] = {Line.TOWNSHIP: User.region_code, Line.BRANCH: User.branch_id}
_PLACE_NAMES = {Line.TOWNSHIP: "township_code", Line.BRANCH: "branch_id"}
ASKED = ("id", "township_code", "village_code", "branch_id", "due_on", "overdue")


def as_json(session: Session, text: ColumnElement[Any]) -> ColumnElement[Any]:
    """A JSON text for a JSON column, which SQLite keeps as the text it is."""
    on_sqlite = session.get_bind().dialect.name == "sqlite"
    return type_coerce(cast(text, String), JSON) if on_sqlite else cast(text, JSON)


def number_or_null(value: int | None) -> ColumnElement[Any]:
    """A number with its type, which PostgreSQL cannot tell from NULL."""
    return cast(value, BigInteger)


def rows_of(session: Session, statement: Any) -> int:
    """Run a bulk statement and tell how many rows it touched."""
    kept = {"preserve_rowcount": True}  # else an INSERT tells -1 on PostgreSQL
    return int(session.connection().execute(statement, execution_options=kept).rowcount)


def collector(role: Role, place: ColumnElement[Any], held: Any) -> Any:
    """The account that collects for ``place`` on a line: the first active one of its role."""
    return select(func.min(User.id)).where(User.role == role, User.active, held == place).scalar_subquery()


def _of_places(line: Line, day: date, without: int | None) -> FromClause:
    """For every place at once (``place``, ``user_id``): the first collector who is not away, else the first."""
    held, present = HELD[line], func.min(User.id).filter(~away(day))
    query = select(held.label("place"), func.coalesce(present, func.min(User.id)).label("user_id"))
    query = query.where(User.role == ROLE_OF[line], User.active)
    if without is not None:
        query = query.where(User.id != without)
    return query.group_by(held).subquery(f"of_{line.value}")


@dataclass(frozen=True, slots=True)
class Plan:
    """Rows to select from, and for each line who shall hold it, and why (a JSON text)."""

    rows: Any
    columns: Any
    holder: dict[Line, ColumnElement[Any]]
    why: dict[Line, ColumnElement[Any]]


def all_slots(session: Session, day: date, without: int | None = None) -> dict[Line, list[Slot]]:
    return {line: slots_of(session, day, line, without) for line in Line}


def plan(
    session: Session,
    source: FromClause,
    day: date,
    slots: Slots,
    *,
    without: int | None = None,
    rehearsal: bool = False,
) -> Plan:
    """Who gets the rows of ``source``, which has the columns ``ASKED``.

    With columns ``township_free`` and ``branch_free`` the rules are asked for those lines only. Remembers whose turn
    it is next, unless it is a ``rehearsal``.
    """
    ruled = [line for line in Line if slots[line]]
    picked = source
    if ruled:
        numbers = [
            slot_number(slots[line], source.c, day, source.c.get(f"{line.value}_free")).label(
                f"{line.value}_slot"
            )
            for line in ruled
        ]
        picked = select(source, *numbers).subquery("picked")
    numbered = picked
    if shared := [line for line in ruled if any(len(slot.users) > 1 for slot in slots[line])]:
        turns = [
            func.row_number()
            .over(partition_by=picked.c[f"{line.value}_slot"], order_by=picked.c.id)
            .label(f"{line.value}_number")
            for line in shared
        ]
        numbered = select(picked, *turns).subquery("numbered")
    rows: Any = numbered
    holder: dict[Line, ColumnElement[Any]] = {}
    why: dict[Line, ColumnElement[Any]] = {}
    for line in Line:
        first = _of_places(line, day, without)
        rows = rows.outerjoin(first, first.c.place == numbered.c[_PLACE_NAMES[line]])
        holder[line] = first.c.user_id
        number: Any = null()
        if line in ruled:
            number = numbered.c[f"{line.value}_slot"]
            shares = _shares(session, line, slots[line], picked, rehearsal)
            named = list(_ranges(slots[line], shares, number, numbered.c.get(f"{line.value}_number")))
            holder[line] = case(*named, else_=first.c.user_id)
        why[line] = why_of(line, slots[line], number, first.c.user_id.is_(None))
    return Plan(rows, numbered.c, holder, why)


def _ranges(
    slots: list[Slot], shares: list[list[int]], number: Any, turn: Any
) -> Iterator[tuple[ColumnElement[bool], Any]]:
    """(condition, account) for each collector of each slot: the first so many of the slot's cases, the next."""
    for index, (slot, of_slot) in enumerate(zip(slots, shares, strict=True)):
        if len(slot.users) == 1:
            yield number == index, literal(slot.users[0])
            continue
        upto = 0
        for user_id, share in zip(slot.users, of_slot, strict=True):
            upto += share
            yield and_(number == index, turn <= upto), literal(user_id)


def _shares(
    session: Session, line: Line, slots: list[Slot], picked: FromClause, rehearsal: bool
) -> list[list[int]]:
    """How many cases each collector of each slot gets. A slot of one needs no counting unless others look at it."""
    if all(len(slot.users) == 1 for slot in slots):
        return [[0]] * len(slots)
    number = picked.c[f"{line.value}_slot"]
    counted = session.execute(select(number, func.count()).where(number.is_not(None)).group_by(number)).all()
    counts = {int(index): int(count) for index, count in counted}
    loads = loads_of(session, line, {user_id for slot in slots for user_id in slot.users})
    found = []
    for index, slot in enumerate(slots):
        shares = share_out(slot, counts.get(index, 0), loads)
        for user_id, share in zip(slot.users, shares, strict=True):
            loads[user_id] = loads.get(user_id, 0) + share
        found.append(shares)
        if slot.method is Method.ROUND_ROBIN and slot.rule_id is not None and not rehearsal:
            session.execute(
                update(AssignmentRule)
                .where(AssignmentRule.id == slot.rule_id)
                .values(turn=AssignmentRule.turn + counts.get(index, 0))
                .execution_options(synchronize_session=False)
            )
    return found


def loads_of(session: Session, line: Line, user_ids: set[int]) -> dict[int, int]:
    """The open cases that each account has on a line."""
    holder = HOLDER[line]
    query = select(holder, func.count()).where(Case.closed_on.is_(None), holder.in_(sorted(user_ids)))
    return {user_id: int(count) for user_id, count in session.execute(query.group_by(holder))}


def reassign(session: Session, day: date, rows: Select[Any]) -> int:
    """Tell it in the history of each case, then let the cases follow their history.

    ``rows``: case id, state, the holders of both lines from now on, the account that did it, why (JSON).
    """
    before = session.scalar(select(func.coalesce(func.max(CaseEvent.id), 0)))
    source = rows.subquery("reassigned")
    told = select(*source.c, literal(day), literal(Event.ASSIGNED.value))
    names = ["case_id", "state", "township_user_id", "branch_user_id", "actor_id", "why", "on", "kind"]
    if not rows_of(session, insert(CaseEvent).from_select(names, told)):
        return 0
    return rows_of(
        session,
        update(Case)
        .where(
            Case.id == CaseEvent.case_id,
            CaseEvent.id > before,
            CaseEvent.kind == Event.ASSIGNED,
            Case.closed_on.is_(None),
        )
        .values(
            township_user_id=CaseEvent.township_user_id,
            branch_user_id=CaseEvent.branch_user_id,
            version=Case.version + 1,
        ),
    )


def handed(line: Line, to: Any, session: Session, actor: User | None, why: ColumnElement[Any]) -> list[Any]:
    """What ``reassign`` reads, where one line of ``Case`` goes to ``to`` and the other stays."""
    holders = [to if one is line else HOLDER[one] for one in Line]
    return [Case.id, Case.state, *holders, number_or_null(actor.id if actor else None), as_json(session, why)]


@dataclass(frozen=True, slots=True)
class Assigned:
    """How many cases got the collector, had him already, and are for another place than his."""

    done: int
    already: int
    elsewhere: int


def bulk_assign(
    session: Session,
    chosen: Select[tuple[int]],
    line: Line,
    user: User,
    actor: User | None,
    day: date,
    reason: str,
) -> Assigned:
    """Give one line of the open cases whose ids ``chosen`` selects to ``user``, who must be an active one of the line.

    Cases of another place are left as they are: their collector would not see them. Raises ValueError.
    """
    if not user.active or user.role is not ROLE_OF[line]:
        raise ValueError("not an active collector of this line")
    session.flush()
    meant = and_(Case.id.in_(chosen), Case.closed_on.is_(None))
    place = PLACE[line] == (user.region_code if line is Line.TOWNSHIP else user.branch_id)
    has = HOLDER[line] == user.id
    total, already, here = session.execute(
        select(func.count(), func.count().filter(has), func.count().filter(place)).where(meant)
    ).one()
    by = actor.name if actor else audit.SYSTEM
    why = T("Assigned by %(name)s: %(reason)s", name=by, reason=reason.strip())
    moved = and_(meant, place, or_(HOLDER[line].is_(None), ~has))
    done = reassign(
        session,
        day,
        select(*handed(line, literal(user.id), session, actor, literal(stored(why)))).where(moved),
    )
    audit.record(
        session,
        actor.username if actor else audit.SYSTEM,
        "cases.bulk_assign",
        "user",
        user.id,
        line=line.value,
        cases=done,
        reason=reason.strip(),
    )
    return Assigned(done, int(already), int(total) - int(here))


def would_cover(session: Session, line: Line, which: Which, users: list[User], day: date) -> int:
    """How many open cases a rule means that one of ``users`` would see, whoever holds them now."""
    places = {one.region_code if line is Line.TOWNSHIP else one.branch_id for one in users}
    query = select(func.count()).select_from(Case).where(Case.closed_on.is_(None), *meets(which, Case, day))
    return int(session.scalar(query.where(PLACE[line].in_(sorted(places, key=str)))) or 0)
