"""Planning: which reminders are due within the horizon, each put into the outbox once, however often this runs.

It asks for what is due and still true, never for "today", so a planner that was down for days loses nothing. Unique
keys make it idempotent; the lock only keeps two planners from doing the same work.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from functools import cache
from typing import Any, NamedTuple

from sqlalchemy import ARRAY, ColumnElement, and_, bindparam, exists, func, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from app.clock import SHANGHAI
from app.db import own_setting
from app.fairness.models import BorrowerMark
from app.fairness.queries import limits_for
from app.fairness.rules import Limits
from app.fairness.words import HARDSHIP, Mark
from app.loans.models import Borrower, Loan
from app.policies.queries import Policies
from app.policies.rules import Key
from app.reminders.models import HeldOut, MessageTemplate, OutboxMessage, Reminder, ReminderPolicy
from app.reminders.rules import (
    AFTER_DUE_DAYS,
    DEFAULT_LEADS,
    Hours,
    Policy,
    at,
    day_of,
    is_held_out,
    policy_at,
    read_leads,
    untrue_from,
)
from app.reminders.states import State
from app.reminders.wording import Due, render
from app.sms.rules import mobile, parts
from app.today import now

SMS = "sms"
HORIZON = 7  # days: what the office sees of the coming week
CHUNK = 2000
LATEST = 30 + AFTER_DUE_DAYS  # days after the due date that any message may tell of
_LOCK = "reminders_plan"
UNWANTED = (*HARDSHIP, Mark.OPT_OUT)


class DueLoan(NamedTuple):
    loan_id: int
    borrower_id: int
    lender_id: int
    region: str
    due_on: date
    amount: int
    name: str
    phone: str | None
    day: date
    until: date
    lead: int


@dataclass
class Planned:
    """What a run added; ``held`` of the messages wait for a person, ``untold`` for an approved template."""

    messages: int = 0
    reminders: int = 0
    held: int = 0
    untold: int = 0


@dataclass
class Words:
    """The approved template of each lender, the newest version first."""

    found: list[MessageTemplate] = field(default_factory=list)

    @classmethod
    def load(cls, session: Session) -> "Words":
        query = select(MessageTemplate).where(
            MessageTemplate.approved_at.is_not(None), MessageTemplate.name == "reminder"
        )
        return cls(list(session.scalars(query.order_by(MessageTemplate.version.desc()))))

    def of(self, lender_id: int | None) -> MessageTemplate | None:
        own = next((t for t in self.found if t.lender_id == lender_id), None)
        return own or next((t for t in self.found if t.lender_id is None), None)


def text_of(template: MessageTemplate, name: str, dues: Sequence[Due]) -> tuple[str, list[str]]:
    """The text for one borrower and the fields that were empty."""
    return render(template.body, name, dues, {"signature": template.signature, "phone": template.phone})


def plan(session: Session, moment: datetime, horizon: int = HORIZON) -> Planned:
    """Put every reminder that is due within ``horizon`` days into the outbox; the caller commits."""
    own_setting(session, _LOCK)
    today = moment.astimezone(SHANGHAI).date()
    policies = policies_of(session)
    words, numbers, planned = Words.load(session), Policies(session, today), Planned()
    found = _hold_out(session, due_loans(session, policies, today, horizon), numbers, today)
    borrowers = sorted(found)
    for start in range(0, len(borrowers), CHUNK):
        chunk = borrowers[start : start + CHUNK]
        _write(session, {key: found[key] for key in chunk}, words, numbers, planned)
    return planned


def _hold_out(
    session: Session, found: dict[tuple[int, date], list[DueLoan]], numbers: Policies, today: date
) -> dict[tuple[int, date], list[DueLoan]]:
    """Without the loans that chance leaves unreminded where a county has set a share; each of them is kept as such."""
    kept: dict[tuple[int, date], list[DueLoan]] = {}
    shares: dict[tuple[str, int], int] = {}
    out = []
    for key, loans in found.items():
        told = []
        for one in loans:
            place = one.region, one.lender_id
            if place not in shares:
                shares[place] = numbers(Key.HOLD_OUT, *place)
            share = shares[place]
            if is_held_out(one.loan_id, one.due_on, share):
                out.append(
                    {"loan_id": one.loan_id, "due_on": one.due_on, "share": share, "decided_on": today}
                )
            else:
                told.append(one)
        if told:
            kept[key] = told
    for first in range(0, len(out), CHUNK):
        insert_or_ignore(session, HeldOut, out[first : first + CHUNK], (HeldOut.id,))
    return kept


def policies_of(session: Session) -> list[Policy]:
    rows = session.scalars(select(ReminderPolicy))
    return [Policy(p.region_code, p.lender_id, p.starts_on, p.until, read_leads(p.leads)) for p in rows]


def due_loans(
    session: Session, policies: list[Policy], today: date, horizon: int
) -> dict[tuple[int, date], list[DueLoan]]:
    """What is due and not yet planned, by borrower and day of sending."""
    found: dict[tuple[int, date], list[DueLoan]] = defaultdict(list)
    leads_at = cache(lambda region, lender: policy_at(policies, region=region, lender_id=lender, on=today))
    days_of = cache(
        lambda due, lead, leads: (day_of(due, lead, leads, today, horizon), untrue_from(due, lead, leads))
    )
    for lead in sorted({*DEFAULT_LEADS, *(lead for p in policies for lead in p.leads)}, reverse=True):
        # Coarse; day_of judges each.
        first = today if lead >= 0 else today - timedelta(days=LATEST)
        span = and_(
            Loan.effective_due_on >= first,
            Loan.effective_due_on <= today + timedelta(days=horizon + lead),
        )
        for row in session.execute(_candidates(lead, span)):
            region = row.village_code or row.township_code
            leads = leads_at(region, row.lender_id)
            day, until = days_of(row.effective_due_on, lead, leads) if lead in leads else (None, today)
            if day is None:
                continue
            one = DueLoan(row.id, row.borrower_id, row.lender_id, region, row.effective_due_on, row.balance,
                          row.name, row.phone, day, until, lead)  # fmt: skip
            found[row.borrower_id, day].append(one)
    return found


def _candidates(lead: int, span: ColumnElement[bool]) -> Any:
    planned = exists().where(
        Reminder.loan_id == Loan.id,
        Reminder.due_on == Loan.effective_due_on,
        Reminder.lead == lead,
        Reminder.channel == SMS,
    )
    unwanted = exists().where(
        BorrowerMark.borrower_id == Loan.borrower_id,
        BorrowerMark.kind.in_(UNWANTED),
        BorrowerMark.lifted_on.is_(None),
    )
    columns = (Loan.id, Loan.borrower_id, Loan.lender_id, Loan.village_code, Loan.township_code,
               Loan.effective_due_on, Loan.balance, Borrower.name, Borrower.phone)  # fmt: skip
    return (
        select(*columns)
        .join(Borrower, Borrower.id == Loan.borrower_id)
        .where(span, Loan.balance > 0, Loan.missing_since.is_(None), ~planned, ~unwanted)
        .order_by(Loan.id)
    )


def _write(
    session: Session,
    found: dict[tuple[int, date], list[DueLoan]],
    words: Words,
    numbers: Policies,
    planned: Planned,
) -> None:
    """Messages first, insert-or-ignore; then the reminders of those messages that are now there."""
    taken = _days_taken(session, {borrower for borrower, _ in found})
    opens = cache(lambda region, lender, day: _opens(limits_for(numbers, region, lender), day))
    rows, wanted = [], {}
    for (borrower, day), loans in found.items():
        free = _free_day(day, min(one.until for one in loans), taken[borrower])
        if free is None:
            continue
        template = words.of(loans[0].lender_id)
        if (
            template is None
        ):  # nobody has approved what to say: planned as soon as somebody has, if it is still true
            planned.untold += 1
            continue
        taken[borrower].add(free)
        row = _message(loans, free, template, opens(loans[0].region, loans[0].lender_id, free))
        rows.append(row)
        wanted[row["key"]] = loans
    if not rows:
        return
    ids = insert_or_ignore(
        session, OutboxMessage, rows, (OutboxMessage.id, OutboxMessage.key, OutboxMessage.state)
    )
    reminders = [_reminder(one, number) for number, key, _ in ids for one in wanted[key]]
    made = insert_or_ignore(session, Reminder, reminders, (Reminder.id,)) if reminders else []
    planned.messages += len(ids)
    planned.held += sum(state is State.REVIEW for _, _, state in ids)
    planned.reminders += len(made)


def _reminder(one: DueLoan, message_id: int) -> dict[str, Any]:
    told = {"loan_id": one.loan_id, "due_on": one.due_on, "lead": one.lead, "amount": one.amount}
    return {**told, "channel": SMS, "message_id": message_id}


def _days_taken(session: Session, borrowers: Iterable[int]) -> dict[int, set[date]]:
    found: dict[int, set[date]] = defaultdict(set)
    query = select(OutboxMessage.borrower_id, OutboxMessage.day).where(
        OutboxMessage.borrower_id.in_(sorted(borrowers)), OutboxMessage.channel == SMS
    )
    for borrower, day in session.execute(query):
        if borrower is not None:
            found[borrower].add(day)
    return found


def _free_day(day: date, until: date, taken: set[date]) -> date | None:
    """The first day, while the message is true, on which the borrower has no other."""
    while day in taken:
        day += timedelta(days=1)
    return day if day < until else None


def _opens(limits: Limits, day: date) -> datetime:
    return Hours(limits.sms_from, limits.sms_until).window(day)[0]


def _message(loans: list[DueLoan], day: date, template: MessageTemplate, opens: datetime) -> dict[str, Any]:
    one = loans[0]
    text, empty = text_of(template, one.name, [Due(loan.amount, loan.due_on) for loan in loans])
    phone = mobile(one.phone or "")
    why = "no mobile number" if phone is None else f"empty: {', '.join(empty)}" if empty else ""
    return {
        "key": f"reminder:{one.borrower_id}:{day.isoformat()}:{SMS}",
        "borrower_id": one.borrower_id,
        "template_id": template.id,
        "lender_id": one.lender_id,
        "region_code": one.region,
        "channel": SMS,
        "day": day,
        "phone": phone or one.phone or "",
        "text": text,
        "parts": parts(text),
        "state": State.REVIEW if why else State.PENDING,
        "why": why,
        "not_before": opens,
        "expires_at": at(min(loan.until for loan in loans), 0),
        "next_at": now(),
        "changed_at": now(),
    }


def insert_or_ignore(
    session: Session, model: Any, rows: list[dict[str, Any]], returning: tuple[Any, ...]
) -> list[Any]:
    """Insert-or-ignore; what was really added."""
    session.flush()
    table, connection = model.__table__, session.connection()
    given = [{**defaults_of(model), **row} for row in rows]
    if connection.dialect.name == "postgresql":
        # One array a column: a statement with as many parameters as values takes the server longer than the insert.
        names = list(given[0])
        arrays = [bindparam(name, [row[name] for row in given], ARRAY(table.c[name].type)) for name in names]
        listed = func.unnest(*arrays).table_valued(*names).render_derived()
        insert = postgresql.insert(table).from_select(
            names, select(*(listed.c[name] for name in names)), False
        )
        return list(connection.execute(insert.on_conflict_do_nothing().returning(*returning)).all())
    statement = sqlite.insert(table).on_conflict_do_nothing().returning(*returning)
    return list(connection.execute(statement, given).all())


@cache
def defaults_of(model: Any) -> dict[str, Any]:
    """What a column of a new row holds where nothing is said."""
    columns = [column for column in model.__table__.columns if column.default is not None]
    return {column.key: column.default.arg for column in columns if column.default.is_scalar}
