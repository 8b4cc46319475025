"""The sweep, and plain notes.

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
from app.accounts.rules import Role
from app.cases.models import Case, CaseEvent, Note
from app.cases.rules import CloseReason, EventKind
from app.labels import T, Text
from app.loans.models import Loan
from app.loans.queries import overdue_on
from app.today import now

NOTE_LENGTH = 2000


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


class NoteRefused(ValueError):
    def __init__(self, message: Text) -> None:
        super().__init__(str(message))
        self.message = message


def sweep(session: Session, day: date, actor: str = audit.SYSTEM) -> Swept:
    """Bring the cases in line with the loans as they stand on ``day``.

    1. Close open cases whose loan is no longer overdue, with the reason; refresh the amounts of the others.
    2. Open a case for every overdue loan that has none, with both collectors where there are any.
    3. Give a collector to lines that have none, or one whose account ended or is for another place.
    """
    session.flush()  # the statements below go past what the session holds back
    closed = _close(session, day)
    _refresh(session, day)
    opened = _open(session, day)
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


def _rows(session: Session, statement: Any) -> int:
    """Run a bulk statement and tell how many rows it touched."""
    kept = {"preserve_rowcount": True}  # else an INSERT tells -1 on PostgreSQL
    return int(session.connection().execute(statement, execution_options=kept).rowcount)


def _event(
    kind: EventKind, day: date, township_user: Any, branch_user: Any, amount: Any, reason: Any
) -> list[Any]:
    return [literal(day), literal(kind.value), township_user, branch_user, amount, reason]


_EVENT_COLUMNS = ["case_id", "on", "kind", "township_user_id", "branch_user_id", "amount", "reason"]


def _close(session: Session, day: date) -> int:
    reason = case(
        (Loan.balance == 0, CloseReason.REPAID.value),
        (Loan.effective_due_on > Case.due_on, CloseReason.EXTENDED.value),
        else_=CloseReason.CAUGHT_UP.value,
    )
    ended = and_(Case.loan_id == Loan.id, Case.closed_on.is_(None), overdue_on(day) == 0)
    closed = _rows(session, update(Case).where(ended).values(closed_on=day, close_reason=reason, overdue=0))
    if closed:
        untold = ~exists().where(CaseEvent.case_id == Case.id, CaseEvent.kind == EventKind.CLOSED)
        event = _event(EventKind.CLOSED, day, null(), null(), null(), Case.close_reason)
        session.execute(
            insert(CaseEvent).from_select(
                _EVENT_COLUMNS, select(Case.id, *event).where(Case.closed_on == day, untold)
            )
        )
    return closed


def collector(role: Role, place: ColumnElement[Any], held: Any) -> Any:
    """The account that collects for ``place`` on a line: the first active one of its role."""
    return select(func.min(User.id)).where(User.role == role, User.active, held == place).scalar_subquery()


def _collectors(role: Role, held: Any) -> Any:
    """The same for all places at once: ``held`` and ``user_id``."""
    query = select(held, func.min(User.id).label("user_id")).where(User.role == role, User.active)
    return query.group_by(held).subquery()


def _open(session: Session, day: date) -> int:
    before = session.scalar(select(func.coalesce(func.max(Case.id), 0)))
    overdue = overdue_on(day)
    # Materialized: else PostgreSQL may look through the table once a loan while the statement fills it.
    having = select(Case.loan_id).where(Case.closed_on.is_(None)).cte("having", nesting=True)
    having = having.prefix_with("MATERIALIZED", dialect="postgresql")
    township = _collectors(Role.TOWNSHIP, User.region_code)
    branch = _collectors(Role.BRANCH, User.branch_id)
    rows = (
        select(
            Loan.id,
            Loan.township_code,
            Loan.branch_id,
            Loan.effective_due_on,
            overdue,
            literal(day),
            township.c.user_id,
            branch.c.user_id,
        )
        .outerjoin(township, township.c.region_code == Loan.township_code)
        .outerjoin(branch, branch.c.branch_id == Loan.branch_id)
        .where(overdue > 0, ~exists().where(having.c.loan_id == Loan.id))
    )
    columns = [
        "loan_id",
        "township_code",
        "branch_id",
        "due_on",
        "overdue",
        "opened_on",
        "township_user_id",
        "branch_user_id",
    ]
    opened = _rows(session, insert(Case).from_select(columns, rows))
    if not opened:
        return 0
    event = _event(EventKind.OPENED, day, Case.township_user_id, Case.branch_user_id, Case.overdue, null())
    session.execute(
        insert(CaseEvent).from_select(_EVENT_COLUMNS, select(Case.id, *event).where(Case.id > before))
    )
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
            ),
        )
        .values(
            overdue=overdue,
            due_on=Loan.effective_due_on,
            township_code=Loan.township_code,
            branch_id=Loan.branch_id,
        )
        .execution_options(synchronize_session=False)
    )


@dataclass(frozen=True, slots=True)
class _Refill:
    """The open cases with a line that nobody fit holds, and who would hold their lines then."""

    where: ColumnElement[bool]
    township: Any
    branch: Any


def _refill() -> _Refill:
    account = aliased(User)

    def vacant(holder: Any, held: Any, place: Any) -> ColumnElement[bool]:
        """Nobody's, or held by an account that has ended or is for another place than the loan is in now."""
        return ~exists().where(account.id == holder, account.active, held == place)

    no_township = vacant(Case.township_user_id, account.region_code, Case.township_code)
    no_branch = vacant(Case.branch_user_id, account.branch_id, Case.branch_id)
    township = collector(Role.TOWNSHIP, Case.township_code, User.region_code)  # type: ignore[arg-type]
    branch = collector(Role.BRANCH, Case.branch_id, User.branch_id)  # type: ignore[arg-type]
    new_township = case((no_township, township), else_=Case.township_user_id)
    new_branch = case((no_branch, branch), else_=Case.branch_user_id)
    where = and_(
        Case.closed_on.is_(None),
        or_(no_township, no_branch),
        or_(
            new_township.is_distinct_from(Case.township_user_id),
            new_branch.is_distinct_from(Case.branch_user_id),
        ),
    )
    return _Refill(where, new_township, new_branch)


def lines_wait(session: Session) -> bool:
    """Is there an open case whose empty line a sweep would fill: a collector came, or left?"""
    return session.scalar(select(literal(1)).where(_refill().where).limit(1)) is not None


def _assign(session: Session, day: date) -> int:
    """Fill the lines of open cases that nobody holds any more, and tell it in their history."""
    refill = _refill()
    event = _event(EventKind.ASSIGNED, day, refill.township, refill.branch, null(), null())
    session.execute(
        insert(CaseEvent).from_select(_EVENT_COLUMNS, select(Case.id, *event).where(refill.where))
    )
    holders = {"township_user_id": refill.township, "branch_user_id": refill.branch}
    return _rows(session, update(Case).where(refill.where).values(holders))


def add_note(
    session: Session, found: Case, author: User, text: str, day: date, key: str | None = None
) -> Note:
    """Write a note on a case, closed ones included: what happened is always recorded.

    ``key`` names this writing of it: sent again over a shaky connection, it counts once. Raises NoteRefused.
    """
    text = text.strip()
    if not text:
        raise NoteRefused(T("Write what happened."))
    if len(text) > NOTE_LENGTH:
        raise NoteRefused(
            T("A note has at most %(n)s characters; this one has %(have)s.", n=NOTE_LENGTH, have=len(text))
        )
    if key and (again := session.scalar(select(Note).where(Note.key == key))) is not None:
        if (again.case_id, again.author_id, again.text) == (found.id, author.id, text):
            return again
        key = None  # gone back to the form and written something else: another note, which must not be lost
    note = Note(case_id=found.id, author_id=author.id, on=day, written_at=now(), text=text, key=key or None)
    session.add(note)
    session.flush()
    audit.record(session, author.username, "cases.note", "case", found.id, note=note.id, length=len(text))
    return note
