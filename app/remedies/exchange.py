"""The disposal ledger as a workbook: the rows that go out, and what a returned one would change."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session, aliased, joinedload

from app import audit
from app.accounts.models import User
from app.accounts.rules import Scope
from app.cases.models import Case
from app.cases.queries import cases_in
from app.clock import days_past_due
from app.labels import T, Text
from app.loans.models import Borrower, Loan
from app.places.models import Region
from app.remedies.actions import DisposalRefused, Plan, check, dispose
from app.remedies.models import Disposal
from app.remedies.queries import Chosen, matching, owners_for
from app.remedies.register import Column, Line
from app.remedies.returned import Said, case_number, day_of, unreadable
from app.remedies.rules import EXTENDING, Cause, Route

MOST_CHANGES = 2_000
_CHUNK, _IDS = 2_000, 500
TOO_MANY_CHANGES = T(
    "The workbook changes more than %(n)s cases. Import it township by township.", n=MOST_CHANGES
)

Render = Callable[[Text], str]


def lines(
    session: Session, scope: Scope, chosen: Chosen, today: date, render: Render, name: Callable[[str], str]
) -> Iterator[Line]:
    """A line for each case, township by township, longest overdue first; ``name`` shows a borrower's name."""
    township, village, owner = aliased(Region), aliased(Region), aliased(User)
    query: Any = (
        select(Case.id, township.name, village.name, Borrower.name, Loan.contract_no, Case.overdue, Case.due_on,
               Disposal.cause, Disposal.route, owner.name, owner.username, Disposal.deadline, Disposal.measure)
        .select_from(Case)
        .join(Loan, Loan.id == Case.loan_id)
        .join(Borrower, Borrower.id == Loan.borrower_id)
        .outerjoin(township, township.code == Case.township_code)
        .outerjoin(village, village.code == Case.village_code)
        .outerjoin(Disposal, Disposal.case_id == Case.id)
        .outerjoin(owner, owner.id == Disposal.owner_id)
        .where(matching(scope, chosen, today))
        .order_by(Case.township_code, Case.due_on, Case.id)
    )  # fmt: skip
    shared = namesakes(session)
    for row in session.execute(query.execution_options(yield_per=_CHUNK)):
        number, town, place, person, contract, overdue, due, cause, route, who, account, until, measure = row
        yield Line(
            number, town or "", place or "", name(person), contract, overdue, days_past_due(due, today),
            render(cause.label) if cause else "", render(route.label) if route else "",
            owner_text(who, account, shared) if who else "", until, (measure or "").replace("\r\n", "\n"),
        )  # fmt: skip


def namesakes(session: Session) -> set[str]:
    """Names that several accounts have."""
    return set(session.scalars(select(User.name).group_by(User.name).having(func.count() > 1)))


def owner_text(name: str, username: str, shared: set[str]) -> str:
    """A name; where several have it, with the user name."""
    return f"{name}（{username}）" if name in shared else name


@dataclass(frozen=True, slots=True)
class Change:
    """What a row would change: per column what stands there and what would, as the reader reads them."""

    row: int
    case: Case
    version: int
    plan: Plan
    cells: list[tuple[Text, str, str]]


@dataclass(frozen=True, slots=True)
class Refused:
    row: int
    case: str
    why: Text


@dataclass(frozen=True, slots=True)
class Preview:
    changes: list[Change]
    refused: list[Refused]
    same: int


class _Unread(ValueError):
    def __init__(self, why: Text) -> None:
        super().__init__(str(why))
        self.why = why


def examine(
    session: Session,
    scope: Scope,
    actor: User,
    said: list[Said],
    today: date,
    render: Render,
    words: Mapping[str, Cause | Route],
) -> Preview:
    """What the rows would change, and which are refused and why; nothing is written. ``words``: labels → values."""
    numbers = {n for one in said if (n := case_number(one.case)) is not None}
    found, kept = _loaded(session, scope, sorted(numbers))
    shared = namesakes(session)
    changes: list[Change] = []
    refused: list[Refused] = []
    seen: set[int] = set()
    for one in said:
        try:
            case = _case(one, found, seen)
            if unreadable(one):
                raise _Unread(T("A cell holds an error or a formula without its value. Type the value."))
            disposal = kept.get(case.id)
            plan = _plan(session, one, case, disposal, shared, render, words)
            if plan is None:
                continue
            if case.closed_on is not None:
                raise _Unread(T("The case has been closed meanwhile."))
            check(session, case, plan, today, disposal)
        except _Unread as unread:
            refused.append(Refused(one.row, one.case, unread.why))
        except DisposalRefused as error:
            refused.append(Refused(one.row, one.case, error.message))
        else:
            changes.append(_change(session, one, case, disposal, plan, shared, render))
    return Preview(changes, refused, len(said) - len(changes) - len(refused))


def _loaded(
    session: Session, scope: Scope, numbers: list[int]
) -> tuple[dict[int, Case], dict[int, Disposal]]:
    found: dict[int, Case] = {}
    kept: dict[int, Disposal] = {}
    for at in range(0, len(numbers), _IDS):
        part = numbers[at : at + _IDS]
        cases = select(Case).where(Case.id.in_(part), cases_in(scope))
        found |= {
            c.id: c for c in session.scalars(cases.options(joinedload(Case.loan).joinedload(Loan.borrower)))
        }
        disposals = select(Disposal).where(Disposal.case_id.in_(part)).options(joinedload(Disposal.owner))
        kept |= {d.case_id: d for d in session.scalars(disposals) if d.case_id in found}
    return found, kept


def _case(one: Said, found: dict[int, Case], seen: set[int]) -> Case:
    number = case_number(one.case)
    if number is None or number not in found:
        raise _Unread(T("There is no case with this number, or it is not among those you see."))
    if number in seen:
        raise _Unread(T("The case stands in the workbook twice; the first row counts."))
    seen.add(number)
    return found[number]


def _plan(
    session: Session,
    one: Said,
    case: Case,
    kept: Disposal | None,
    shared: set[str],
    render: Render,
    words: Mapping[str, Cause | Route],
) -> Plan | None:
    """What the row asks for; None where that is what the case has."""
    cause = _word(one.text(Column.CAUSE), kept.cause if kept else None, Cause, words)
    route = _word(one.text(Column.ROUTE), kept.route if kept else None, Route, words)
    deadline = kept.deadline if kept else None
    if Column.DEADLINE in one.cells:
        try:
            deadline = day_of(one.cells[Column.DEADLINE])
        except ValueError:
            raise _Unread(T("“Until” is no date like 2023-12-05.")) from None
    before = (kept.measure if kept else "").replace("\r\n", "\n").strip()
    measure = one.text(Column.MEASURE)
    measure = before if measure is None else measure
    owner_id = _owner(session, one.text(Column.OWNER), case, kept, shared)
    asked_on = kept.asked_on if kept and route in EXTENDING and route is kept.route else None
    now_ = (
        (kept.cause, kept.route, kept.owner_id, kept.deadline, before)
        if kept
        else (None, None, None, None, "")
    )
    if (cause, route, owner_id, deadline, measure) == now_:
        return None
    if not isinstance(cause, Cause):
        raise _Unread(T("The cause is missing."))
    return Plan(cause, route, owner_id, deadline, measure, asked_on)


def _word(text: str | None, kept: Any, kind: type[Cause] | type[Route], words: Mapping[str, Any]) -> Any:
    """The cause or route that a text names."""
    if text is None:
        return kept
    if not text:
        return None
    found = next((v for v in (words.get(f"{kind.__name__}:{text}"),) if v is not None), None)
    if found is None:
        if kind is Cause:
            raise _Unread(T("“%(text)s” is no cause of the list.", text=text[:40]))
        raise _Unread(T("“%(text)s” is no route of the list.", text=text[:40]))
    return found


def _owner(
    session: Session, text: str | None, case: Case, kept: Disposal | None, shared: set[str]
) -> int | None:
    """The account that a name, a user name or both mean, among those who may answer for the case."""
    if text is None:
        return kept.owner_id if kept else None
    if not text:
        return None
    if (
        kept
        and kept.owner
        and text in (owner_text(kept.owner.name, kept.owner.username, shared), kept.owner.username)
    ):
        return kept.owner_id
    plain = text.replace("(", "（").replace(")", "）")
    people = owners_for(session, case)
    by_account = [u for u in people if plain in (u.username, f"{u.name}（{u.username}）")]
    meant = by_account or [u for u in people if u.name == text]
    if not meant:
        raise _Unread(
            T("“%(text)s” is nobody who sees this case and whose account is active.", text=text[:40])
        )
    if len(meant) > 1:
        raise _Unread(T("Several people are called “%(text)s”: write the user name.", text=text[:40]))
    return meant[0].id


def _change(
    session: Session,
    one: Said,
    case: Case,
    kept: Disposal | None,
    plan: Plan,
    shared: set[str],
    render: Render,
) -> Change:
    def person(number: int | None) -> str:
        found = session.get(User, number) if number else None
        return owner_text(found.name, found.username, shared) if found else ""

    def day(value: date | None) -> str:
        return value.isoformat() if value else ""

    before = kept
    pairs = [
        (Column.CAUSE, render(before.cause.label) if before else "", render(plan.cause.label)),
        (Column.ROUTE, render(before.route.label) if before and before.route else "",
         render(plan.route.label) if plan.route else ""),
        (Column.OWNER, person(before.owner_id if before else None), person(plan.owner_id)),
        (Column.DEADLINE, day(before.deadline if before else None), day(plan.deadline)),
        (Column.MEASURE, before.measure if before else "", plan.measure),
    ]  # fmt: skip
    cells = [(column.label, was, becomes) for column, was, becomes in pairs if was != becomes]
    return Change(one.row, case, case.version, plan, cells)


Order = tuple[int, int, str, str | None, int | None, str | None, str, str | None]


def order_of(change: Change) -> Order:
    """A change as it is kept between the preview and the decision."""
    plan = change.plan
    return (
        change.case.id, change.version, plan.cause.value, plan.route.value if plan.route else None, plan.owner_id,
        plan.deadline.isoformat() if plan.deadline else None, plan.measure,
        plan.asked_on.isoformat() if plan.asked_on else None,
    )  # fmt: skip


class Gone(LookupError):
    """A case of the preview is no longer among those that the reader sees."""


def take(session: Session, scope: Scope, orders: list[Order], actor: User, today: date) -> int:
    """Do all that the preview showed, or raise: Gone, and what ``dispose`` raises. The caller rolls back then."""
    found, _ = _loaded(session, scope, [order[0] for order in orders])
    for number, version, cause, route, owner, until, measure, asked in orders:
        case = found.get(number)
        if case is None:
            raise Gone(number)
        plan = Plan(
            Cause(cause), Route(route) if route else None, owner, date.fromisoformat(until) if until else None,
            measure, date.fromisoformat(asked) if asked else None,
        )  # fmt: skip
        dispose(session, case, plan, actor, today, version)
    audit.record(session, actor.username, "remedies.import", "case", "", cases=len(orders))
    return len(orders)
