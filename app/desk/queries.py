"""The day's queue: ``rules.REASONS`` as SQL over the columns of Case, and what a collector has done today."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Select, Subquery, and_, case, func, literal, null, or_, select
from sqlalchemy.orm import InstrumentedAttribute, Session, joinedload

from app.accounts.models import User
from app.accounts.rules import Scope
from app.cases.models import Case
from app.cases.queries import cases_in, place_of, untouched
from app.cases.states import RESTING
from app.contacts.models import Contact
from app.contacts.rules import Reached
from app.desk.models import Presence
from app.desk.rules import REASONS, RECENT, SEEN_SECONDS, CaseFacts, Numbers, Place, Reason
from app.forces.queries import collects_for
from app.forces.rules import LINE_OF, Line
from app.loans.models import Loan
from app.policies.queries import Policies
from app.policies.rules import Key
from app.promises.models import Promise
from app.promises.rules import PromiseState


@dataclass(frozen=True, slots=True)
class Columns:
    """What a case knows of one line."""

    user: InstrumentedAttribute[int | None]
    contact: InstrumentedAttribute[date | None]
    action: InstrumentedAttribute[date | None]

    @property
    def touched(self) -> ColumnElement[date]:
        return func.coalesce(self.contact, Case.opened_on)


COLUMNS = {
    Line.TOWNSHIP: Columns(Case.township_user_id, Case.township_contact_on, Case.township_action_on),
    Line.BRANCH: Columns(Case.branch_user_id, Case.branch_contact_on, Case.branch_action_on),
}


@dataclass(frozen=True, slots=True)
class Queue:
    """Whose queue: the cases of these collectors (one's own first, then those one stands in for) on one line.

    ``scope`` is the collector's: what he or she may not open is nobody's to do.
    """

    line: Line
    user_ids: tuple[int, ...]
    numbers: Numbers
    scope: Scope


def facts_of(found: Case, line: Line) -> CaseFacts:
    """A case as the rules see it."""
    mine = line.value
    return CaseFacts(
        id=found.id,
        state=found.state,
        due_on=found.due_on,
        opened_on=found.opened_on,
        overdue=found.overdue,
        contact_on=getattr(found, f"{mine}_contact_on"),
        action_on=getattr(found, f"{mine}_action_on"),
        promise_due_on=found.promise_due_on,
        promise_broken_on=found.promise_broken_on,
        replied_on=found.replied_on,
        limitation_on=found.limitation_on,
    )


def numbers(session: Session, today: date, region: str, lender_id: int | None = None) -> Numbers:
    """The county's numbers as they hold today at a place."""
    policies = Policies(session, today)
    keys = (Key.NEW_CASE_DAYS, Key.LIMITATION_WARNING, Key.NO_CONTACT_DAYS, Key.LARGE_AMOUNT)
    return Numbers(today, *(policies(key, region, lender_id) for key in keys))


def queue_of(session: Session, collector: User, today: date) -> Queue | None:
    """A collector's queue, with the cases of those he or she stands in for; None for whoever is on no line."""
    line = LINE_OF.get(collector.role)
    if line is None:
        return None
    lender = collector.branch.lender_id if collector.branch else None
    place = place_of(session, collector.scope)
    ids = tuple(collects_for(session, collector, today))
    return Queue(line, ids, numbers(session, today, place, lender), collector.scope)


def conditions(line: Line, n: Numbers) -> dict[Reason, ColumnElement[bool]]:
    """``rules.REASONS``, each as a condition on Case."""
    mine = COLUMNS[line]
    free = or_(mine.action.is_(None), mine.action <= n.today)
    pressing = Case.state.not_in(RESTING)
    return {
        Reason.BROKEN_PROMISE: Case.promise_broken_on.is_not(None),
        Reason.REPLY: Case.replied_on.is_not(None),
        Reason.PROMISE_DUE: Case.promise_due_on <= n.today,
        Reason.ACTION_DUE: mine.action <= n.today,
        Reason.NEWLY_OVERDUE: and_(Case.due_on >= n.new_from, mine.contact.is_(None), free, pressing),
        Reason.LIMITATION: and_(Case.limitation_on <= n.limitation_until, free),
        Reason.NO_CONTACT: untouched(line, n.untouched_until),
        Reason.LARGE_AMOUNT: and_(Case.overdue >= n.large, free, pressing),
    }


def rank(line: Line, n: Numbers) -> ColumnElement[int | None]:
    """The place of the first reason that holds, NULL where none does."""
    held = conditions(line, n)
    return case(*((held[rule.reason], literal(i)) for i, rule in enumerate(REASONS)), else_=null())


def since(line: Line, n: Numbers) -> ColumnElement[date | None]:
    """The date that orders the cases of one rank; NULL in the ranks that go by amount."""
    mine, held = COLUMNS[line], conditions(line, n)
    dates: dict[Reason, Any] = {
        Reason.BROKEN_PROMISE: Case.promise_broken_on,
        Reason.REPLY: Case.replied_on,
        Reason.ACTION_DUE: mine.action,
        Reason.NEWLY_OVERDUE: Case.due_on,
        Reason.LIMITATION: Case.limitation_on,
        Reason.NO_CONTACT: mine.touched,
    }
    return case(*((held[r.reason], dates.get(r.reason, null())) for r in REASONS), else_=null())


def is_mine(queue: Queue) -> ColumnElement[bool]:
    held = and_(COLUMNS[queue.line].user.in_(queue.user_ids), Case.closed_on.is_(None))
    return held if len(queue.user_ids) == 1 else and_(held, cases_in(queue.scope))


def not_done(queue: Queue) -> ColumnElement[bool]:
    """Neither has the line seen to it today, nor has this collector written anything on it, unless a reply came."""
    today = queue.numbers.today
    contact = COLUMNS[queue.line].contact
    written = select(Contact.case_id).where(Contact.author_id == queue.user_ids[0], Contact.on == today)
    return or_(
        Case.replied_on.is_not(None),
        and_(or_(contact.is_(None), contact != today), Case.id.not_in(written)),
    )


def _ranked(queue: Queue) -> Subquery:
    """The cases of the queue that are not done, with rank and date."""
    line, n = queue.line, queue.numbers
    columns = (Case.id, Case.overdue, rank(line, n).label("ranked"), since(line, n).label("since"))
    return select(*columns).where(is_mine(queue), not_done(queue)).subquery()


def in_order(queue: Queue, after: Place | None = None, first: Place | None = None) -> Select[int]:
    """The numbers of the cases to be done, in order: those after ``after``; or all, those after ``first`` first."""
    of = _ranked(queue).c
    query = select(of.id).where(of.ranked.is_not(None))
    if after is not None:
        query = query.where(_beyond(of, after))
    if first is not None:
        query = query.order_by(case((_beyond(of, first), 0), else_=1))
    return query.order_by(of.ranked, of.since, of.overdue.desc(), of.id)


def entries(session: Session, queue: Queue, after: Place | None, limit: int) -> list[Case]:
    """The cases to be done, in order, those after ``after``."""
    # First the numbers: read in one statement with it, the loans of the whole queue would be looked up to be ordered.
    numbers = list(session.scalars(in_order(queue, after).limit(limit)))
    query = select(Case).where(Case.id.in_(numbers)).options(*_shown())
    found = {one.id: one for one in session.scalars(query)}
    return [found[number] for number in numbers]


def _shown() -> list[Any]:
    loan = joinedload(Case.loan)
    return [loan.joinedload(Loan.borrower), loan.joinedload(Loan.village), loan.joinedload(Loan.township)]


def _beyond(of: Any, place: Place) -> ColumnElement[bool]:
    later = or_(of.overdue < place.overdue, and_(of.overdue == place.overdue, of.id > place.id))
    if place.since is not None:
        later = or_(of.since > place.since, and_(of.since == place.since, later))
    return or_(of.ranked > place.rank, and_(of.ranked == place.rank, later))


def next_case(session: Session, queue: Queue, after: Place | None) -> int | None:
    """The id of the case that follows in the queue, from its beginning where nothing follows."""
    return session.scalar(in_order(queue, first=after).limit(1))


def waits(session: Session, queue: Queue, case_id: int) -> bool:
    """Is this case of the queue still to be done?"""
    ranked = rank(queue.line, queue.numbers)
    query = select(Case.id).where(Case.id == case_id, is_mine(queue), not_done(queue), ranked.is_not(None))
    return session.scalar(query) is not None


def to_do(session: Session, queue: Queue) -> dict[Reason, int]:
    """How many cases are to be done, by the reason that gives them their place."""
    ranked = _ranked(queue).c.ranked
    query = select(ranked, func.count()).where(ranked.is_not(None)).group_by(ranked).order_by(ranked)
    return {REASONS[place].reason: count for place, count in session.execute(query)}


@dataclass(frozen=True, slots=True)
class Day:
    """What a collector has done on a day: cases written on, borrowers spoken to, promised amount (分)."""

    done: int
    reached: int
    promised: int


def day_of(session: Session, user_id: int, day: date) -> Day:
    mine = and_(Contact.author_id == user_id, Contact.on == day)
    spoken = case((Contact.reached == Reached.BORROWER, Contact.borrower_id))
    promised = (
        select(func.coalesce(func.sum(Promise.amount), 0))
        .where(
            Promise.case_id.in_(select(Contact.case_id).where(mine)),
            Promise.taken_by_id == user_id,
            Promise.taken_on == day,
            Promise.state != PromiseState.CANCELLED,
        )
        .scalar_subquery()
    )
    query = select(func.count(Contact.case_id.distinct()), func.count(spoken.distinct()), promised).where(
        mine
    )
    return Day(*map(int, session.execute(query).one()))


def done_on(session: Session, scope: Scope, user_id: int, day: date, limit: int) -> list[Case]:
    """The cases that somebody wrote on that day, the last one first."""
    last = (
        select(Contact.case_id, func.max(Contact.id).label("last"))
        .where(Contact.author_id == user_id, Contact.on == day)
        .group_by(Contact.case_id)
        .subquery()
    )
    query = select(Case).join(last, last.c.case_id == Case.id).where(cases_in(scope))
    return list(session.scalars(query.order_by(last.c.last.desc()).limit(limit).options(*_shown())))


@dataclass(frozen=True, slots=True)
class Load:
    """One collector's work as the leader sees it: open cases, to be done today, done today, neglected."""

    user: User
    line: Line
    open: int
    to_do: int
    done: int
    neglected: int
    overdue: int


def loads(session: Session, scope: Scope, n: Numbers) -> list[Load]:
    """Every collector who has open cases in the scope, by line; one pass over the cases for both lines."""
    holders = [COLUMNS[line].user for line in Line]
    counts = [
        func.count(),
        func.sum(Case.overdue),
        *(column for line in Line for column in _counted(line, n)),
    ]
    query = select(*holders, *counts).where(cases_in(scope), Case.closed_on.is_(None)).group_by(*holders)
    held: dict[Line, dict[int, list[int]]] = {line: {} for line in Line}
    for row in session.execute(query):
        held_by, (number, overdue, *parts) = (
            row[: len(holders)],
            [int(each or 0) for each in row[len(holders) :]],
        )
        for i, (line, user_id) in enumerate(zip(Line, held_by, strict=True)):
            if user_id is not None:
                sums = held[line].setdefault(user_id, [0] * 5)
                added = (number, *parts[i * 3 : i * 3 + 3], overdue)
                held[line][user_id] = [a + b for a, b in zip(sums, added, strict=True)]
    ids = {number for by_user in held.values() for number in by_user}
    people = select(User).where(User.id.in_(ids)).order_by(User.name, User.id)
    users = list(session.scalars(people.options(joinedload(User.region), joinedload(User.branch))))
    return [Load(one, line, *held[line][one.id]) for line in Line for one in users if one.id in held[line]]


def _counted(line: Line, n: Numbers) -> tuple[ColumnElement[int], ...]:
    """Of a group of cases: those the line has to do today, those it has done today, those it neglects."""
    touched = COLUMNS[line].contact == n.today
    waits = and_(
        rank(line, n).is_not(None), or_(~func.coalesce(touched, False), Case.replied_on.is_not(None))
    )
    return tuple(func.count(case((each, 1))) for each in (waits, touched, untouched(line, n.untouched_until)))


# Who else is there


def at_case(session: Session, found: Case, but: int, moment: datetime) -> list[User]:
    """Others who have the case's page open at ``moment``."""
    query = (
        select(User)
        .join(Presence, Presence.user_id == User.id)
        .where(
            Presence.case_id == found.id,
            Presence.user_id != but,
            Presence.seen_at > moment - timedelta(seconds=SEEN_SECONDS),
        )
        .order_by(User.id)
    )
    return list(session.scalars(query))


def recent_cases(session: Session, scope: Scope, user_id: int) -> list[Case]:
    """The cases that the user opened last."""
    query = (
        select(Case)
        .join(Presence, Presence.case_id == Case.id)
        .where(Presence.user_id == user_id, cases_in(scope))
        .order_by(Presence.seen_at.desc())
        .limit(RECENT)
    )
    return list(session.scalars(query.options(*_shown())))
