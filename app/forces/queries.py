"""Reads of task forces, rules of assignment and absences."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from sqlalchemy import ColumnElement, exists, func, or_, select
from sqlalchemy.orm import Session, aliased, joinedload, selectinload

from app.accounts.models import User
from app.accounts.rules import COLLECTORS, Role, Scope
from app.forces.models import Absence, Area, AssignmentRule, Member, TaskForce
from app.forces.rules import ROLE_OF, Line, Slot, Which
from app.labels import T
from app.loans.models import Loan
from app.places.models import Branch, Region
from app.places.queries import within
from app.places.rules import CODE_LENGTHS, Level


def county_of(scope: Scope) -> str | None:
    """The county whose task forces a reader may see; None for who sees no region."""
    return scope.region[: CODE_LENGTHS[Level.COUNTY]] if scope.region else None


def forces_of(session: Session, county: str) -> list[TaskForce]:
    """The task forces of a county, those at work first."""
    query = select(TaskForce).where(within(TaskForce.county_code, county)).options(
        joinedload(TaskForce.leader),
        selectinload(TaskForce.members).joinedload(Member.user),
        selectinload(TaskForce.areas).options(joinedload(Area.region), joinedload(Area.branch)),
    )  # fmt: skip
    return list(session.scalars(query.order_by(TaskForce.active.desc(), TaskForce.name)))


def find_force(session: Session, force_id: int, county: str) -> TaskForce | None:
    return session.scalar(
        select(TaskForce).where(TaskForce.id == force_id, within(TaskForce.county_code, county))
    )


def find_rule(session: Session, rule_id: int, county: str) -> AssignmentRule | None:
    query = select(AssignmentRule).where(AssignmentRule.id == rule_id)
    return session.scalar(query.where(within(AssignmentRule.county_code, county)))


def find_absence(session: Session, absence_id: int, scope: Scope) -> Absence | None:
    found = session.get(Absence, absence_id)
    return found if found and found.user_id in {one.id for one in collectors_in(session, scope)} else None


@dataclass(frozen=True, slots=True)
class Gaps:
    """Places that no task force at work answers for."""

    townships: list[Region]
    branches: list[Branch]


def gaps_of(session: Session, county: str) -> Gaps:
    """A township counts as covered when it, or at least one of its villages, is somebody's area."""
    held = (
        select(Area.region_code, Area.branch_id)
        .join(TaskForce, TaskForce.id == Area.force_id)
        .where(TaskForce.active, within(TaskForce.county_code, county))
    )
    rows = session.execute(held).all()
    codes = {code[: CODE_LENGTHS[Level.TOWNSHIP]] for code, _ in rows if code}
    taken = {branch_id for _, branch_id in rows if branch_id is not None}
    return Gaps(
        [one for one in townships_of(session, county) if one.code not in codes],
        [one for one in branches_of(session, county) if one.id not in taken],
    )


def townships_of(session: Session, county: str) -> list[Region]:
    query = select(Region).where(Region.level == Level.TOWNSHIP, within(Region.code, county))
    return list(session.scalars(query.order_by(Region.code)))


def villages_of(session: Session, county: str) -> list[Region]:
    query = select(Region).where(Region.level == Level.VILLAGE, within(Region.code, county))
    return list(session.scalars(query.order_by(Region.code)))


def branches_of(session: Session, county: str) -> list[Branch]:
    """The branches that lend in the county."""
    lends = exists().where(Loan.branch_id == Branch.id, within(Loan.township_code, county))
    query = select(Branch).where(lends).options(joinedload(Branch.lender))
    return list(session.scalars(query.order_by(Branch.lender_id, Branch.name)))


def collectors_in(session: Session, scope: Scope, *, active: bool = True) -> list[User]:
    """The collectors whose place is in the scope, by line and place; those whose account has ended too, if asked."""
    county = county_of(scope)
    if county is None:
        return []
    branches = [one.id for one in branches_of(session, county)]
    here = or_(within(User.region_code, scope.region or ""), User.branch_id.in_(branches))
    query = select(User).where(User.role.in_(COLLECTORS), here)
    if active:
        query = query.where(User.active)
    query = query.options(joinedload(User.region), joinedload(User.branch))
    return list(session.scalars(query.order_by(User.role.desc(), User.region_code, User.branch_id, User.id)))


def leaders_in(session: Session, county: str) -> list[User]:
    query = select(User).where(User.role.in_([Role.LEADER, Role.OFFICE]), User.active)
    return list(session.scalars(query.where(within(User.region_code, county)).order_by(User.name)))


def rules_of(session: Session, county: str, line: Line | None = None) -> list[AssignmentRule]:
    """The rules of a county in their order."""
    query = select(AssignmentRule).where(within(AssignmentRule.county_code, county))
    if line is not None:
        query = query.where(AssignmentRule.line == line)
    query = query.options(selectinload(AssignmentRule.users))
    return list(session.scalars(query.order_by(AssignmentRule.line.desc(), AssignmentRule.position)))


def absent_on(day: date) -> ColumnElement[bool]:
    """The absences that hold on ``day``."""
    return (
        (Absence.starts_on <= day)
        & or_(Absence.ends_on.is_(None), Absence.ends_on >= day)
        & Absence.cancelled_at.is_(None)
    )


def away(day: date) -> ColumnElement[bool]:
    """``User`` is on leave, or gone, on ``day``."""
    return exists().where(Absence.user_id == User.id, absent_on(day))


def absent_ids(session: Session, day: date) -> set[int]:
    return set(session.scalars(select(Absence.user_id).where(absent_on(day))))


def absences_of(session: Session, scope: Scope, day: date) -> list[Absence]:
    """Those that hold on ``day`` or are still to come, the next first."""
    names = [one.id for one in collectors_in(session, scope)]
    query = select(Absence).where(
        Absence.user_id.in_(names),
        Absence.cancelled_at.is_(None),
        or_(Absence.ends_on.is_(None), Absence.ends_on >= day),
    )
    query = query.options(joinedload(Absence.user), joinedload(Absence.substitute))
    return list(session.scalars(query.order_by(Absence.starts_on, Absence.id)))


def collects_for(session: Session, user: User, day: date) -> list[int]:
    """The accounts whose cases ``user`` works on ``day``: the own one first, then those he or she stands in for."""
    absent = aliased(User)
    query = (
        select(Absence.user_id)
        .join(absent, absent.id == Absence.user_id)
        .where(Absence.substitute_id == user.id, absent_on(day), absent.role == user.role)
    )
    return [user.id, *(one for one in session.scalars(query.order_by(Absence.user_id)) if one != user.id)]


def slots_of(session: Session, day: date, line: Line, without: int | None = None) -> list[Slot]:
    """The rules of all counties as slots, then the substitutes of collectors on leave; the first that fits decides.

    Whoever is on leave, has ended or is of another line is left out; ``without`` leaves out one more account.
    """
    gone = absent_ids(session, day)
    rules = select(AssignmentRule).where(AssignmentRule.line == line, AssignmentRule.active)
    query = rules.options(selectinload(AssignmentRule.users))
    order = query.order_by(AssignmentRule.county_code, AssignmentRule.position, AssignmentRule.id)
    slots: list[Slot] = []
    for rule in session.scalars(order):
        present = [one for one in rule.users if _fit(one, line, gone) and one.id != without]
        slots += slots_from(rule, present)
    return slots + _substitutes(session, day, line, gone, without)


def slots_from(rule: AssignmentRule, users: Sequence[User]) -> list[Slot]:
    """One slot for each place that ``users`` are of."""
    places: dict[tuple[str | None, int | None], list[int]] = {}
    for one in users:
        places.setdefault((one.region_code, one.branch_id), []).append(one.id)
    which = Which(
        rule.area_code or rule.county_code,
        rule.branch_id,
        rule.min_days,
        rule.max_days,
        rule.min_amount,
        rule.max_amount,
    )
    why = T("By rule %(n)s", n=rule.position)
    return [
        Slot(which, township, branch_id, tuple(ids), why, rule.method, rule.turn, rule.id)
        for (township, branch_id), ids in places.items()
    ]


def _fit(one: User, line: Line, gone: set[int]) -> bool:
    return one.active and one.role is ROLE_OF[line] and one.id not in gone


def _substitutes(session: Session, day: date, line: Line, gone: set[int], without: int | None) -> list[Slot]:
    """New cases of a place whose first collector is on leave go to the substitute."""
    query = select(Absence).where(absent_on(day), Absence.substitute_id.is_not(None))
    query = query.options(joinedload(Absence.user), joinedload(Absence.substitute))
    slots = []
    for absence in session.scalars(query.order_by(Absence.id)):
        user, other = absence.user, absence.substitute
        if other is None or not _fit(other, line, gone) or other.id == without or user.role is not other.role:
            continue
        place = User.region_code == user.region_code if user.region_code else User.branch_id == user.branch_id
        first = session.scalar(select(func.min(User.id)).where(User.role == user.role, User.active, place))
        if first == user.id:
            why = T("Substitute of %(name)s", name=user.name)
            slots.append(Slot(Which(), user.region_code, user.branch_id, (other.id,), why))
    return slots
