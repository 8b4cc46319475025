"""Showing what is sealed, making a borrower's own file, and requests to correct it. Each leaves its entry."""

from datetime import date, datetime, time

from sqlalchemy import select
from sqlalchemy.orm import Session

from app import audit
from app.accounts.models import User
from app.cases.queries import place_of
from app.clock import SHANGHAI
from app.labels import T
from app.loans.models import Borrower
from app.policies.queries import Policies
from app.policies.rules import Key
from app.today import now
from app.trail.entries import reveals_since
from app.trail.models import WORDS, CorrectionRequest
from app.trail.person import number_of
from app.trail.rules import Outcome, Shown, Subject, TrailRefused, Why, reason_given


def reveal(
    session: Session, user: User, borrower: Borrower, what: Shown, why: Why, reason: str, today: date
) -> str:
    """A number in full, with the reason on the trail. Raises TrailRefused; the caller commits before it is shown."""
    given = reason_given(reason)
    number = number_of(session, borrower, what, user.scope)
    if not number:
        raise TrailRefused(T("None is known."), "what")
    _one_more(session, user, today)
    audit.record(
        session,
        user.username,
        "trail.reveal",
        "borrower",
        borrower.id,
        field=what.value,
        why=why.value,
        reason=given,
    )
    return number


def show_file(session: Session, user: User, borrower: Borrower, reason: str, today: date) -> None:
    """Record that everything about a borrower is put together. Raises TrailRefused."""
    given = reason_given(reason)
    _one_more(session, user, today)
    audit.record(session, user.username, "trail.file", "borrower", borrower.id, reason=given)


def _one_more(session: Session, user: User, today: date) -> None:
    """Of one person's requests at once each sees those before it; the day is the real one."""
    session.execute(select(User.id).where(User.id == user.id).with_for_update())
    limit = Policies(session, today)(Key.REVEALS_PER_DAY, place_of(session, user.scope))
    if reveals_since(session, user.username, _midnight(now())) >= limit:
        raise TrailRefused(
            T(
                "You have seen %(n)s full numbers today. More are possible tomorrow; the office sets the limit.",
                n=limit,
            )
        )


def _midnight(moment: datetime) -> datetime:
    return datetime.combine(moment.astimezone(SHANGHAI).date(), time(), SHANGHAI)


def ask_correction(
    session: Session,
    user: User,
    borrower: Borrower,
    subject: Subject,
    asked_on: date,
    wanted: str,
    today: date,
) -> CorrectionRequest:
    """Record what a borrower says is wrong. Raises TrailRefused."""
    text = " ".join(wanted.split())
    if not text:
        raise TrailRefused(T("Write what should stand there."), "wanted")
    if len(text) > WORDS:
        raise TrailRefused(T("At most %(n)s characters.", n=WORDS), "wanted")
    if asked_on > today:
        raise TrailRefused(T("This day is still to come."), "asked_on")
    made = CorrectionRequest(
        borrower_id=borrower.id,
        subject=subject,
        asked_on=asked_on,
        wanted=text,
        recorded_by_id=user.id,
        recorded_at=now(),
    )
    session.add(made)
    session.flush()
    audit.record(
        session,
        user.username,
        "trail.correction",
        "borrower",
        borrower.id,
        request=made.id,
        subject=subject.value,
    )
    return made


def settle_correction(
    session: Session, user: User, found: CorrectionRequest, outcome: Outcome, answer: str, today: date
) -> None:
    """What became of a request; once. Raises TrailRefused."""
    session.refresh(found, with_for_update=True)
    if found.settled_on is not None:
        raise TrailRefused(T("Somebody has settled this request already."), "answer")
    text = " ".join(answer.split())
    if not text:
        raise TrailRefused(T("Write what was done, and what the borrower was told."), "answer")
    if len(text) > WORDS:
        raise TrailRefused(T("At most %(n)s characters.", n=WORDS), "answer")
    found.outcome, found.answer = outcome, text
    found.settled_on, found.settled_by_id = today, user.id
    audit.record(
        session,
        user.username,
        "trail.settled",
        "borrower",
        found.borrower_id,
        request=found.id,
        outcome=outcome.value,
    )
