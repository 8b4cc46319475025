"""Printing papers, and recording how they were delivered."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any

from sqlalchemy.orm import Session

from app import audit
from app.accounts.models import User
from app.cases.limitation import restart_limitation, take_back
from app.cases.models import Case
from app.clock import SHANGHAI, days_past_due
from app.contacts.actions import NOTE_LENGTH, ContactRefused, Entry, add_contact
from app.contacts.models import Contact
from app.contacts.rules import Channel, Disposition, Reached
from app.labels import Declined, T
from app.papers.models import Paper, PrintRun
from app.papers.queries import hardship_of, to_print
from app.papers.rules import Delivery, PaperKind, reaches_debtor
from app.papers.wording import PaperFacts, delivered_note
from app.privacy import mask_id
from app.promises.queries import restarts
from app.today import now

MOST_PAPERS = 500
USUAL_DAYS, MOST_DAYS = 15, 180  # from the printing to the date to pay by
TEXT_LENGTH = NOTE_LENGTH - 200
_NOON = time(12)
_REACHED = {
    Delivery.SIGNED: Reached.BORROWER,
    Delivery.REFUSED: Reached.BORROWER,
    Delivery.LEFT: Reached.NOBODY,
}


class PapersRefused(Declined):
    """What is not printed or not recorded; ``field`` is the form's field that the sentence belongs to."""


@dataclass(frozen=True, slots=True)
class Printing:
    """What was printed, and how many cases were left out: closed, or of a borrower who gets no demands."""

    run: PrintRun
    closed: int = 0
    marked: int = 0


def print_for(
    session: Session,
    chosen: Any,
    kind: PaperKind,
    actor: User,
    day: date,
    pay_by: date,
    said: Mapping[str, object] | None = None,
) -> Printing:
    """Record a run of papers for the ``chosen`` cases: their numbers, or a selection of them within a scope.

    ``said`` tells the filter, for the list of runs. Raises PapersRefused. Printing restarts no limitation period.
    """
    _check_pay_by(day, pay_by)
    found = to_print(session, chosen, MOST_PAPERS + 1)
    if len(found) > MOST_PAPERS:
        raise PapersRefused(
            T("One file takes at most %(most)s papers. Narrow the filter, to one township for example.",
              most=MOST_PAPERS), "kind",
        )  # fmt: skip
    left = _fit(session, kind, found)
    run = PrintRun(
        kind=kind,
        printed_on=day,
        printed_by_id=actor.id,
        printed_at=now(),
        count=len(left),
        chosen=dict(said) if said else None,
    )
    session.add(run)
    session.flush()
    session.add_all(_paper(run, case, day, pay_by) for case in left)
    session.flush()
    audit.record(
        session, actor.username, "papers.print", "print_run", run.id, kind=kind.value, count=len(left)
    )
    closed = sum(case.closed_on is not None for case in found)
    return Printing(run, closed, len(found) - closed - len(left))


def _check_pay_by(day: date, pay_by: date) -> None:
    if pay_by <= day:
        raise PapersRefused(T("The date to pay by must lie ahead."), "pay_by")
    if pay_by > day + timedelta(days=MOST_DAYS):
        raise PapersRefused(
            T("The date to pay by may be at most %(n)s days ahead. Check the year.", n=MOST_DAYS), "pay_by"
        )


def _fit(session: Session, kind: PaperKind, found: Sequence[Case]) -> list[Case]:
    """The cases that a paper of the kind may be printed for. Raises PapersRefused where there is none."""
    if not found:
        raise PapersRefused(T("No case fits. Nothing was printed."), "kind")
    still = [case for case in found if case.closed_on is None]
    if not still:
        raise PapersRefused(T("The case is closed. Nothing is printed for it."), "kind")
    if kind is PaperKind.PROMISE:
        return still
    marks = hardship_of(session, {case.borrower_id for case in still})
    left = [case for case in still if case.borrower_id not in marks]
    if not left:
        raise PapersRefused(
            T(
                "Marked: %(mark)s. No demands are printed for this borrower; a written promise can be.",
                mark=marks[still[0].borrower_id].label,
            ),
            "kind",
        )
    return left


def _paper(run: PrintRun, found: Case, day: date, pay_by: date) -> Paper:
    facts = facts_of(found, day, pay_by)
    return Paper(
        run_id=run.id,
        case_id=found.id,
        kind=run.kind,
        balance=facts.balance,
        overdue=facts.overdue,
        facts=facts.to_json(),
    )


def facts_of(found: Case, day: date, pay_by: date) -> PaperFacts:
    loan = found.loan
    return PaperFacts(
        lender=loan.lender.name,
        branch=loan.branch.name if loan.branch else "",
        township=loan.township.name,
        village=loan.village.name if loan.village else "",
        borrower=loan.borrower.name,
        id_masked=mask_id(loan.borrower.id_number),
        contract_no=loan.contract_no,
        principal=loan.principal,
        disbursed_on=loan.disbursed_on,
        due_on=found.due_on,
        balance=loan.balance,
        overdue=found.overdue,
        interest=loan.interest_owed,
        days_past_due=days_past_due(found.due_on, day),
        as_of=loan.as_of,
        printed_on=day,
        pay_by=pay_by,
        township_contact=found.township_user.name if found.township_user else "",
        branch_contact=found.branch_user.name if found.branch_user else "",
    )


@dataclass(frozen=True, slots=True)
class Given:
    """How a paper was delivered. ``at`` is the time of day where somebody said it."""

    how: Delivery
    on: date
    at: time | None = None
    by_post: bool = False
    witness: str = ""
    text: str = ""


def deliver(session: Session, paper: Paper, found: Case, actor: User, given: Given, day: date) -> Contact:
    """Record the delivery of a paper as a contact on its case, closed ones included.

    A demand that has reached the debtor (``rules.reaches_debtor``) restarts the limitation period of an open case on
    the day of its delivery. Raises PapersRefused.
    """
    _check(paper, given, day)
    witness = given.witness.strip()
    entry = Entry(
        delivered_note(paper.kind, paper.run.printed_on, given.how, witness, given.text.strip()),
        channel=Channel.LETTER if given.by_post else Channel.VISIT,
        reached=_REACHED[given.how],
        disposition=Disposition.DELIVERED,
        at=_moment(given, day),
        key=f"paper-{paper.id}-after-{paper.contact_id}" if paper.contact_id else f"paper-{paper.id}",
    )
    try:
        contact = add_contact(session, found, actor, entry, day)
    except ContactRefused as refused:
        raise PapersRefused(refused.message, "at" if refused.field == "at" else "text") from None
    paper.delivery, paper.delivered_on, paper.witness = given.how, given.on, witness
    paper.contact_id = contact.id
    audit.record(session, actor.username, "papers.deliver", "paper", paper.id, how=given.how.value)
    restarts = paper.kind is PaperKind.DEMAND and reaches_debtor(given.how, witness)
    if restarts and found.closed_on is None:
        restart_limitation(session, found, given.on, "demand", actor.username)
    session.flush()
    return contact


def take_back_delivery(
    session: Session, paper: Paper, found: Case, actor: User, reason: str, day: date
) -> Contact:
    """A delivery was entered in error: a correction of its contact says so, and the paper waits for delivery again.

    Where it had restarted the limitation period, that is taken back too. Raises PapersRefused.
    """
    if paper.delivery is None or paper.contact_id is None:
        raise PapersRefused(T("This paper has no delivery to take back."), "reason")
    if not reason.strip():
        raise PapersRefused(T("Say what was wrong with it."), "reason")
    entry = Entry(
        reason.strip(),
        disposition=Disposition.OTHER,
        corrects_id=paper.contact_id,
        key=f"undo-{paper.contact_id}",
    )
    try:
        contact = add_contact(session, found, actor, entry, day)
    except ContactRefused as refused:
        raise PapersRefused(refused.message, "reason") from None
    on, how, witness = paper.delivered_on, paper.delivery, paper.witness
    paper.delivery, paper.delivered_on, paper.witness = None, None, ""
    session.flush()
    audit.record(session, actor.username, "papers.undeliver", "paper", paper.id, how=how.value, on=str(on))
    if on is not None and paper.kind is PaperKind.DEMAND and reaches_debtor(how, witness):
        take_back(session, found, on, [other for _, other in restarts(session, found)], actor.username)
    return contact


def _check(paper: Paper, given: Given, day: date) -> None:
    if paper.delivery is not None:
        raise PapersRefused(
            T("This paper was delivered on %(day)s already: %(how)s.",
              day=str(paper.delivered_on), how=paper.delivery.label), "paper",
        )  # fmt: skip
    if given.on > day:
        raise PapersRefused(T("The delivery lies in the future."), "on")
    if given.on < paper.run.printed_on:
        raise PapersRefused(
            T("The paper was printed on %(day)s and cannot have been delivered before.",
              day=str(paper.run.printed_on)), "on",
        )  # fmt: skip
    if given.how is Delivery.LEFT and not given.witness.strip():
        raise PapersRefused(T("A paper is left with a witness. Who was it?"), "witness")
    if given.how is Delivery.LEFT and given.by_post:
        raise PapersRefused(T("A letter is signed for or refused; it is not left with a witness."), "how")
    if len(given.text.strip()) > TEXT_LENGTH:
        raise PapersRefused(T("At most %(n)s characters.", n=TEXT_LENGTH), "text")


def _moment(given: Given, day: date) -> datetime | None:
    """Just now for today, noon for a day before, where nobody said the time."""
    if given.at is None and given.on == day:
        return None
    return datetime.combine(given.on, given.at or _NOON, SHANGHAI)
