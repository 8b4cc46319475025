"""Changes of task forces, rules of assignment and absences. Everything is checked here and told in the trail."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from app import audit
from app.accounts.actions import set_active
from app.accounts.models import User
from app.accounts.rules import COLLECTORS
from app.forces.models import Absence, Area, AssignmentRule, Member, TaskForce
from app.forces.rules import LINE_OF, MAX_REASON, ROLE_OF, Line, Method, Which, wrong_bounds
from app.labels import DeclinedAt, T
from app.places.models import Region
from app.places.rules import CODE_LENGTHS, Level
from app.today import now

NAME_LENGTH = 64


class ForcesRefused(DeclinedAt):
    """The change cannot be made; ``message`` says why, ``field`` where."""


@dataclass(frozen=True, slots=True)
class ForceEntry:
    """A task force as it was typed. ``codes`` are townships and villages."""

    name: str
    leader_id: int | None
    members: Sequence[User]
    codes: Sequence[str]
    branch_ids: Sequence[int]
    active: bool = True


def save_force(
    session: Session, county: str, entry: ForceEntry, actor: User | None, force: TaskForce | None = None
) -> TaskForce:
    """Make or change a task force. Raises ForcesRefused."""
    name = entry.name.strip()
    if not name or len(name) > NAME_LENGTH:
        raise ForcesRefused("name", T("Give a name of at most %(n)s characters.", n=NAME_LENGTH))
    same = select(TaskForce.id).where(TaskForce.county_code == county, TaskForce.name == name)
    if session.scalar(same.where(TaskForce.id != (force.id if force else 0))) is not None:
        raise ForcesRefused("name", T("There is a task force named %(name)s already.", name=name))
    for one in entry.members:
        if one.role not in COLLECTORS:
            raise ForcesRefused("members", T("%(name)s is no collector.", name=one.name))
    _check_areas(session, county, entry.codes)
    if force is None:
        force = TaskForce(county_code=county)
        session.add(force)
    force.name, force.leader_id, force.active = name, entry.leader_id, entry.active
    known = {member.user_id: member for member in force.members}
    force.members = [
        known.get(one.id) or Member(user_id=one.id, line=LINE_OF[one.role]) for one in entry.members
    ]
    areas = {(area.region_code, area.branch_id): area for area in force.areas}
    keys = [*((code, None) for code in entry.codes), *((None, number) for number in entry.branch_ids)]
    force.areas = [areas.get(key) or Area(region_code=key[0], branch_id=key[1]) for key in keys]
    session.flush()
    audit.record(
        session,
        _by(actor),
        "forces.save",
        "task_force",
        force.id,
        after={
            "name": name,
            "leader": entry.leader_id,
            "members": [one.id for one in entry.members],
            "areas": list(entry.codes),
            "branches": list(entry.branch_ids),
            "active": entry.active,
        },
    )
    return force


def _by(actor: User | None) -> str:
    return actor.username if actor else audit.SYSTEM


def _check_areas(session: Session, county: str, codes: Sequence[str]) -> None:
    known = set(session.scalars(select(Region.code).where(Region.code.in_(codes))))
    for code in codes:
        if code not in known or not code.startswith(county) or len(code) < CODE_LENGTHS[Level.TOWNSHIP]:
            raise ForcesRefused("townships", T("There is no such place in this county: %(code)s.", code=code))


@dataclass(frozen=True, slots=True)
class RuleEntry:
    """A rule as it was typed."""

    line: Line
    which: Which
    method: Method
    users: Sequence[User]
    active: bool = True


def check_rule(session: Session, county: str, entry: RuleEntry) -> None:
    """Raises ForcesRefused for a rule that could assign nothing."""
    which = entry.which
    if not entry.users:
        raise ForcesRefused("users", T("Choose at least one collector."))
    for one in entry.users:
        if not one.active:
            raise ForcesRefused("users", T("The account of %(name)s has ended.", name=one.name))
        if one.role is not ROLE_OF[entry.line]:
            raise ForcesRefused(
                "users",
                T("%(name)s does not collect on this line: %(line)s.", name=one.name, line=entry.line.label),
            )
    if which.area is not None:
        if not which.area.startswith(county) or session.get(Region, which.area) is None:
            raise ForcesRefused(
                "area", T("There is no such place in this county: %(code)s.", code=which.area)
            )
        township = which.area[: CODE_LENGTHS[Level.TOWNSHIP]]
        if entry.line is Line.TOWNSHIP and all(
            not (one.region_code or "").startswith(township) for one in entry.users
        ):
            raise ForcesRefused("users", T("None of these collectors sees cases of this place."))
    at_branch = which.branch_id is None or any(one.branch_id == which.branch_id for one in entry.users)
    if entry.line is Line.BRANCH and not at_branch:
        raise ForcesRefused("users", T("None of these collectors sees cases of this branch."))
    if (wrong := wrong_bounds(which)) is not None:
        raise ForcesRefused(*wrong)


def save_rule(
    session: Session, county: str, entry: RuleEntry, actor: User | None, rule: AssignmentRule | None = None
) -> AssignmentRule:
    """Make a rule, the last of its line, or change one. Raises ForcesRefused."""
    check_rule(session, county, entry)
    if rule is None or rule.line is not entry.line:
        position = _last(session, county, entry.line) + 1
        if rule is None:
            rule = AssignmentRule(county_code=county, turn=0)
            session.add(rule)
        rule.position = position
    which = entry.which
    rule.line, rule.method, rule.active = entry.line, entry.method, entry.active
    rule.area_code, rule.branch_id = which.area, which.branch_id
    rule.min_days, rule.max_days = which.min_days, which.max_days
    rule.min_amount, rule.max_amount = which.min_amount, which.max_amount
    rule.users = sorted(entry.users, key=lambda one: one.id)
    session.flush()
    after = {"line": entry.line.value, "users": [one.id for one in rule.users], "area": which.area}
    audit.record(session, _by(actor), "forces.rule", "assignment_rule", rule.id, after=after)
    return rule


def _last(session: Session, county: str, line: Line) -> int:
    query = select(func.coalesce(func.max(AssignmentRule.position), 0))
    query = query.where(AssignmentRule.county_code == county, AssignmentRule.line == line)
    return int(session.scalar(query) or 0)


def move_rule(session: Session, rule: AssignmentRule, up: bool, actor: User | None) -> bool:
    """Swap a rule with its neighbour; False at the end of the list."""
    same = select(AssignmentRule).where(
        AssignmentRule.county_code == rule.county_code, AssignmentRule.line == rule.line
    )
    position = AssignmentRule.position
    if up:
        same = same.where(position < rule.position).order_by(position.desc())
    else:
        same = same.where(position > rule.position).order_by(position)
    other = session.scalar(same.limit(1))
    if other is None:
        return False
    rule.position, other.position = other.position, rule.position
    audit.record(session, _by(actor), "forces.rule_moved", "assignment_rule", rule.id, after=rule.position)
    return True


def delete_rule(session: Session, rule: AssignmentRule, actor: User | None) -> None:
    """The rules behind it move up; cases that it assigned stay where they are."""
    audit.record(session, _by(actor), "forces.rule_deleted", "assignment_rule", rule.id, before=rule.position)
    later = (
        AssignmentRule.county_code == rule.county_code,
        AssignmentRule.line == rule.line,
        AssignmentRule.position > rule.position,
    )
    session.delete(rule)
    session.flush()
    session.execute(update(AssignmentRule).where(*later).values(position=AssignmentRule.position - 1))


@dataclass(frozen=True, slots=True)
class AbsenceEntry:
    """Leave, ``ends_on`` included; without an end the collector leaves for good."""

    user: User
    starts_on: date
    ends_on: date | None
    substitute: User | None = None
    reason: str = ""


def add_absence(session: Session, entry: AbsenceEntry, actor: User | None, today: date) -> Absence:
    """Enter who will be away. Raises ForcesRefused. ``end_leavers`` ends the accounts of those who have left."""
    user = entry.user
    if user.role not in COLLECTORS:
        raise ForcesRefused("user", T("%(name)s is no collector.", name=user.name))
    if not user.active:
        raise ForcesRefused("user", T("The account of %(name)s has ended.", name=user.name))
    if entry.ends_on is None and entry.starts_on < today:
        raise ForcesRefused("starts_on", T("The date is past. Choose today or a later day."))
    if entry.ends_on is not None and entry.ends_on < entry.starts_on:
        raise ForcesRefused("ends_on", T("The last day is before the first."))
    if entry.ends_on is not None and entry.ends_on < today:
        raise ForcesRefused("ends_on", T("The date is past. Choose today or a later day."))
    if len(entry.reason.strip()) > MAX_REASON:
        raise ForcesRefused("reason", T("A reason has at most %(n)s characters.", n=MAX_REASON))
    _check_substitute(user, entry.substitute)
    _check_overlap(session, entry)
    absence = Absence(
        user_id=user.id,
        starts_on=entry.starts_on,
        ends_on=entry.ends_on,
        substitute_id=entry.substitute.id if entry.substitute else None,
        reason=entry.reason.strip(),
        entered_by_id=actor.id if actor else None,
        entered_at=now(),
    )
    session.add(absence)
    session.flush()
    audit.record(
        session,
        _by(actor),
        "forces.absence",
        "user",
        user.id,
        after={
            "from": entry.starts_on.isoformat(),
            "to": entry.ends_on.isoformat() if entry.ends_on else None,
            "substitute": absence.substitute_id,
        },
    )
    return absence


def _check_substitute(user: User, other: User | None) -> None:
    if other is None:
        return
    if other.id == user.id:
        raise ForcesRefused(
            "substitute", T("%(name)s cannot stand in for himself or herself.", name=user.name)
        )
    if not other.active:
        raise ForcesRefused("substitute", T("The account of %(name)s has ended.", name=other.name))
    if other.role is not user.role or (other.region_code, other.branch_id) != (
        user.region_code,
        user.branch_id,
    ):
        raise ForcesRefused(
            "substitute",
            T("%(name)s collects for another place and would not see these cases.", name=other.name),
        )


def _check_overlap(session: Session, entry: AbsenceEntry) -> None:
    others = select(Absence).where(Absence.user_id == entry.user.id, Absence.cancelled_at.is_(None))
    for other in session.scalars(others):
        starts_before_our_end = entry.ends_on is None or other.starts_on <= entry.ends_on
        if starts_before_our_end and (other.ends_on is None or other.ends_on >= entry.starts_on):
            raise ForcesRefused("starts_on", T("%(name)s is away then already.", name=entry.user.name))


def cancel_absence(session: Session, absence: Absence, actor: User | None) -> None:
    """He or she is here after all. What new cases went to others meanwhile stay with them."""
    absence.cancelled_at = now()
    audit.record(session, _by(actor), "forces.absence_cancelled", "user", absence.user_id)


def leavers(session: Session, day: date) -> list[User]:
    """The collectors whose last day is over and whose account has not been ended yet."""
    query = select(User).join(Absence, Absence.user_id == User.id)
    gone = (Absence.ends_on.is_(None), Absence.starts_on <= day, Absence.cancelled_at.is_(None), User.active)
    return list(session.scalars(query.where(*gone).order_by(User.id)))


def end_leavers(session: Session, day: date, actor: str = audit.SYSTEM) -> int:
    """End the accounts of those who have left for good; the next sweep gives their cases to others."""
    gone = leavers(session, day)
    for user in gone:
        set_active(session, user, False, actor)
    session.flush()
    return len(gone)
