"""Taking and cancelling promises, reporting and withdrawing repayments."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from app import audit
from app.accounts.models import User
from app.cases.actions import fire
from app.cases.limitation import restart_limitation, take_back
from app.cases.models import Case
from app.cases.states import Event
from app.contacts.actions import Entry, add_contact, attach
from app.contacts.rules import AttachmentKind, Disposition
from app.files import Cleaned, FileStore
from app.forces.rules import LINE_OF
from app.labels import DeclinedAt, T
from app.money import yuan
from app.policies.queries import Policies
from app.policies.rules import Key
from app.promises.judging import judge_promises
from app.promises.models import Instalment, Promise, ReportedRepayment
from app.promises.queries import open_promise, owed, restarts
from app.promises.rules import Part, PromiseState, ReportState, allocate, refusal
from app.today import now

REASON_LENGTH = 400
# What of a case is read anew when it is locked; without what is loaded by joins, which cannot be locked.
KEPT = ("state", "version", "closed_on", "promise_due_on", "promise_broken_on", "limitation_on")


class PromiseRefused(DeclinedAt):
    """What cannot be promised or reported as entered; ``field`` is the form's field that the sentence belongs to."""


@dataclass(frozen=True, slots=True)
class Terms:
    """What was promised: ``amount`` (分) in ``parts``. ``key`` names this entering of it, so that it counts once."""

    amount: int
    parts: Sequence[Part]
    key: str | None = None


def take_promise(
    session: Session, found: Case, author: User, terms: Terms, entry: Entry, day: date
) -> Promise:
    """Keep a promise with its note; one that was open is cancelled by it.

    Raises PromiseRefused, and what ``contacts.add_contact`` and ``cases.fire`` raise.
    """
    session.refresh(found, KEPT, with_for_update=True)  # of two at once, the second replaces the first
    if terms.key and (again := session.scalar(select(Promise).where(Promise.key == terms.key))) is not None:
        if (again.case_id, again.taken_by_id, again.amount) == (found.id, author.id, terms.amount):
            return again
        terms = replace(terms, key=None)  # changed and sent again: another promise
    policies, place = Policies(session, day), (found.township_code, found.loan.lender_id)
    if found.closed_on is not None:
        raise PromiseRefused("amount", T("The case is closed: nothing is owed any more."))
    horizon = policies(Key.PROMISE_HORIZON, *place)
    if (refused := refusal(terms.amount, terms.parts, owed(session, found), day, horizon)) is not None:
        raise PromiseRefused(*refused)
    contact = add_contact(session, found, author, replace(entry, disposition=Disposition.PROMISE), day)
    if (earlier := open_promise(session, found.id)) is not None:
        _cancel(session, earlier, str(T("Replaced by a new promise.")), day)
    grace = timedelta(days=policies(Key.PROMISE_GRACE, *place))
    parts, before = sorted(terms.parts, key=lambda part: part.due_on), 0
    made = Promise(
        case_id=found.id,
        loan_id=found.loan_id,
        contact_id=contact.id,
        taken_by_id=author.id,
        line=LINE_OF.get(author.role),
        taken_on=day,
        amount=terms.amount,
        tolerance=policies(Key.PROMISE_TOLERANCE, *place),
        last_due_on=parts[-1].due_on,
        key=terms.key,
    )
    for part in parts:
        until = part.due_on + grace
        made.instalments.append(
            Instalment(due_on=part.due_on, until=until, before=before, amount=part.amount)
        )
        before += part.amount
    session.add(made)
    session.flush()
    said = T("%(amount)s yuan by %(day)s", amount=yuan(made.amount), day=made.last_due_on.isoformat())
    fire(session, found, Event.PROMISE_TAKEN, author, day, why=said, amount=made.amount)
    found.promise_due_on, found.promise_broken_on = parts[0].due_on, None
    restart_limitation(session, found, day, "promise", author.username)
    session.flush()
    return made


def cancel_promise(
    session: Session, made: Promise, actor: User, reason: str, day: date, version: int | None = None
) -> None:
    """End an open promise without a verdict. Raises PromiseRefused, EventRefused and Overtaken."""
    found = made.case
    session.refresh(found, KEPT, with_for_update=True)
    session.refresh(made)
    if made.state is not PromiseState.OPEN:
        raise PromiseRefused("reason", T("This promise is no longer open."))
    if not reason.strip() or len(reason) > REASON_LENGTH:
        raise PromiseRefused("reason", T("Give a reason of at most %(n)s characters.", n=REASON_LENGTH))
    fire(session, found, Event.PROMISE_CANCELLED, actor, day, reason=reason, version=version)
    _cancel(session, made, reason.strip(), day)
    found.promise_due_on = None
    session.flush()


def _cancel(session: Session, made: Promise, reason: str, day: date) -> None:
    """Its instalments that are judged stay so."""
    made.state, made.cancelled_on, made.cancel_reason = PromiseState.CANCELLED, day, reason
    for part in made.instalments:
        if part.state is PromiseState.OPEN:
            part.state = PromiseState.CANCELLED
    session.flush()


@dataclass(frozen=True, slots=True)
class Report:
    """A repayment as a collector learnt of it. Amounts in 分; ``again``: yes, although one like it is there."""

    amount: int
    paid_on: date
    evidence: str
    costs: int = 0
    file: tuple[AttachmentKind, Cleaned] | None = None
    again: bool = False
    key: str | None = None


def report_repayment(
    session: Session, found: Case, author: User, report: Report, day: date, store: FileStore | None = None
) -> ReportedRepayment:
    """Keep a repayment that no ledger shows yet. It counts for the case's work alone.

    ``store`` keeps the report's file. Raises PromiseRefused, and what ``cases.fire`` raises.
    """
    session.refresh(found, KEPT, with_for_update=True)
    reported = ReportedRepayment
    if (
        report.key
        and (again := session.scalar(select(reported).where(reported.key == report.key))) is not None
    ):
        if (again.case_id, again.amount, again.paid_on) == (found.id, report.amount, report.paid_on):
            return again
        report = replace(report, key=None)
    _check(session, found, report, day)
    split = allocate(report.amount, report.costs, found.loan.interest_owed or 0)
    kept = attach(session, store, found, [report.file], author) if store and report.file else []
    made = ReportedRepayment(
        case_id=found.id,
        loan_id=found.loan_id,
        paid_on=report.paid_on,
        amount=report.amount,
        costs=split.costs,
        interest=split.interest,
        principal=split.principal,
        attachment_id=kept[0].id if kept else None,
        evidence=report.evidence.strip(),
        reported_by_id=author.id,
        line=LINE_OF.get(author.role),
        reported_at=now(),
        key=report.key,
    )
    session.add(made)
    session.flush()
    said = T("%(amount)s yuan, paid on %(day)s", amount=yuan(made.amount), day=made.paid_on.isoformat())
    fire(session, found, Event.PAYMENT_REPORTED, author, day, why=said, amount=made.amount)
    restart_limitation(session, found, made.paid_on, "payment", author.username)
    judge_promises(session, day, found.id)
    return made


def _check(session: Session, found: Case, report: Report, day: date) -> None:
    reported = ReportedRepayment
    if report.amount <= 0:
        raise PromiseRefused("amount", T("Enter an amount above zero."))
    if report.costs > report.amount:
        raise PromiseRefused("costs", T("The costs are more than the whole repayment."))
    if report.paid_on > day:
        raise PromiseRefused("paid_on", T("This lies in the future."))
    if report.paid_on < found.loan.disbursed_on:
        raise PromiseRefused("paid_on", T("This lies before the loan. Check the year."))
    most = owed(session, found) + report.costs
    if report.amount > most:
        raise PromiseRefused("amount", T("This is more than is owed: %(owed)s yuan.", owed=yuan(most)))
    if not report.evidence.strip() and report.file is None:
        raise PromiseRefused("evidence", T("Say what shows it: a receipt, a message of the bank."))
    if len(report.evidence) > REASON_LENGTH:
        raise PromiseRefused("evidence", T("At most %(n)s characters.", n=REASON_LENGTH))
    same = select(reported.id).where(
        reported.loan_id == found.loan_id,
        reported.amount == report.amount,
        reported.paid_on == report.paid_on,
        reported.state != ReportState.WITHDRAWN,
    )
    if not report.again and session.scalar(same.limit(1)) is not None:
        raise PromiseRefused(
            "again", T("A repayment of this amount on this day is reported already. Is this another one?")
        )


def withdraw_report(session: Session, made: ReportedRepayment, actor: User, reason: str, day: date) -> None:
    """Take back a report that no ledger has confirmed. Raises PromiseRefused."""
    session.refresh(made.case, KEPT, with_for_update=True)
    session.refresh(made)
    if not made.withdrawable:
        raise PromiseRefused(
            "reason", T("This report cannot be withdrawn: %(state)s.", state=made.state.label)
        )
    if not reason.strip() or len(reason) > REASON_LENGTH:
        raise PromiseRefused("reason", T("Give a reason of at most %(n)s characters.", n=REASON_LENGTH))
    made.state, made.withdraw_reason = ReportState.WITHDRAWN, reason.strip()
    session.flush()
    take_back(
        session, made.case, made.paid_on, [on for _, on in restarts(session, made.case)], actor.username
    )
    audit.record(session, actor.username, "promises.withdrawn", "case", made.case_id, report=made.id)
    judge_promises(session, day, made.case_id)
