"""Setting and lifting marks, and keeping a borrower's numbers. Each leaves its trace, without a number in it."""

from datetime import date

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from app import audit
from app.accounts.models import User
from app.accounts.rules import Permission, may
from app.cases.actions import fire
from app.cases.models import Case
from app.cases.states import Event, transition
from app.fairness.models import BorrowerMark, BorrowerPhone
from app.fairness.numbers import normal_number
from app.fairness.queries import LEDGER, find_phone, open_marks
from app.fairness.words import HARDSHIP, PROTECTING, Mark, Reaches, Whose
from app.labels import Declined, T
from app.loans.models import Borrower
from app.privacy import mask_phone
from app.today import moment, now

REASON_LENGTH = 400
NAME_LENGTH = 64


class FairnessRefused(Declined):
    """What cannot be kept as it was entered; ``field`` is the form's field that the sentence belongs to."""

    field = "reason"


def _reason(typed: str) -> str:
    reason = typed.strip()
    if not reason:
        raise FairnessRefused(T("Give the reason."))
    if len(reason) > REASON_LENGTH:
        raise FairnessRefused(T("At most %(n)s characters.", n=REASON_LENGTH))
    return reason


def set_mark(
    session: Session, borrower_id: int, kind: Mark, actor: User, day: date, reason: str
) -> BorrowerMark:
    """Mark a borrower; one already in force stays. Hardship moves the open cases of the borrower.

    Raises FairnessRefused.
    """
    why = _reason(reason)
    session.execute(select(Borrower.id).where(Borrower.id == borrower_id).with_for_update())
    standing = session.scalar(
        select(BorrowerMark).where(
            BorrowerMark.borrower_id == borrower_id,
            BorrowerMark.kind == kind,
            BorrowerMark.lifted_on.is_(None),
        )
    )
    if standing is not None:
        return standing
    mark = BorrowerMark(
        borrower_id=borrower_id,
        kind=kind,
        starts_on=day,
        reason=why,
        set_by_id=actor.id,
        set_at=moment(session),
        lift_reason="",
    )
    session.add(mark)
    session.flush()
    audit.record(
        session, actor.username, "fairness.mark", "borrower", borrower_id, mark=mark.id, kind=kind.value
    )
    if kind in HARDSHIP:
        _fire_for_all(session, borrower_id, Event.HARDSHIP_FOUND, actor, day, why)
    return mark


def borrower_opted_out(session: Session, borrower_id: int, day: date, said: str) -> None:
    """The borrower has asked by reply for no more messages: the mark is set at once, with his words as its reason."""
    session.execute(select(Borrower.id).where(Borrower.id == borrower_id).with_for_update())
    if Mark.OPT_OUT in open_marks(session, [borrower_id]).get(borrower_id, frozenset()):
        return
    mark = BorrowerMark(
        borrower_id=borrower_id,
        kind=Mark.OPT_OUT,
        starts_on=day,
        reason=said.strip()[:REASON_LENGTH],
        set_at=moment(session),
        lift_reason="",
    )
    session.add(mark)
    session.flush()
    told = {"mark": mark.id, "kind": Mark.OPT_OUT.value}
    audit.record(session, audit.SYSTEM, "fairness.mark", "borrower", borrower_id, **told)


def lift_mark(session: Session, mark: BorrowerMark, actor: User, day: date, reason: str) -> None:
    """End a mark, with the recorded reason. Those that protect somebody only by who leads. Raises FairnessRefused."""
    if mark.kind in PROTECTING and not may(actor.role, Permission.OVERRIDE):
        raise FairnessRefused(T("Only a leader or the county office may lift this mark."))
    why = _reason(reason)
    if mark.lifted_on is not None:
        return
    _lift(session, mark, actor, day, why)
    left = open_marks(session, [mark.borrower_id]).get(mark.borrower_id, frozenset())
    if mark.kind in HARDSHIP and not left & set(HARDSHIP):
        _fire_for_all(session, mark.borrower_id, Event.HARDSHIP_ENDED, actor, day, why)


def _lift(session: Session, mark: BorrowerMark, actor: User, day: date, why: str) -> None:
    mark.lifted_on, mark.lift_reason, mark.lifted_by_id = day, why, actor.id
    session.flush()
    audit.record(
        session,
        actor.username,
        "fairness.lift",
        "borrower",
        mark.borrower_id,
        mark=mark.id,
        kind=mark.kind.value,
    )


def borrower_reached(session: Session, borrower_id: int, actor: User, day: date) -> None:
    """Whoever has been spoken to is no longer unreachable: that mark ends without further reason."""
    standing = session.scalar(
        select(BorrowerMark).where(
            BorrowerMark.borrower_id == borrower_id,
            BorrowerMark.kind == Mark.UNREACHABLE,
            BorrowerMark.lifted_on.is_(None),
        )
    )
    if standing is not None:
        _lift(session, standing, actor, day, "")


def _fire_for_all(session: Session, borrower_id: int, event: Event, actor: User, day: date, why: str) -> None:
    """Let it happen to every case of the borrower that it can happen to."""
    cases = select(Case).where(Case.borrower_id == borrower_id, Case.closed_on.is_(None)).order_by(Case.id)
    for found in session.scalars(cases).all():
        row = transition(found.state, event)
        if row is not None and actor.role in row.who:
            fire(session, found, event, actor, day, reason=why)


def add_phone(
    session: Session, borrower_id: int, typed: str, actor: User, whose: Whose = Whose.SELF, name: str = ""
) -> BorrowerPhone:
    """Keep another number of a borrower; the same one twice is one. Raises FairnessRefused."""
    number = normal_number(typed)
    if number is None:
        raise FairnessRefused(
            T(
                "This is no telephone number: 11 digits for a mobile phone, area code and number for a landline."
            ),
            "number",
        )
    if len(name.strip()) > NAME_LENGTH:
        raise FairnessRefused(T("At most %(n)s characters.", n=NAME_LENGTH), "name")
    return _phone(session, borrower_id, number, actor, whose=whose, name=name.strip())


def phone_for(session: Session, borrower: Borrower, key: str, actor: User) -> BorrowerPhone | None:
    """The number that a form names, see ``queries.Number``; the ledger's becomes a row of its own."""
    if key == LEDGER:
        return (
            _phone(session, borrower.id, borrower.phone, actor, from_ledger=True) if borrower.phone else None
        )
    return find_phone(session, borrower.id, int(key)) if key.isascii() and key.isdigit() else None


def _phone(
    session: Session,
    borrower_id: int,
    number: str,
    actor: User,
    whose: Whose = Whose.SELF,
    name: str = "",
    from_ledger: bool = False,
) -> BorrowerPhone:
    query = select(BorrowerPhone).where(
        BorrowerPhone.borrower_id == borrower_id, BorrowerPhone.number == number
    )
    if (known := session.scalar(query)) is not None:
        return known
    phone = BorrowerPhone(
        borrower_id=borrower_id,
        number=number,
        whose=whose,
        name=name,
        reaches=Reaches.UNKNOWN,
        from_ledger=from_ledger,
        added_by_id=actor.id,
        added_at=now(),
    )
    try:
        with session.begin_nested():
            session.add(phone)
    except IntegrityError:  # the same number, entered at the same moment
        return session.scalars(query).one()
    audit.record(
        session,
        actor.username,
        "fairness.phone",
        "borrower",
        borrower_id,
        phone=phone.id,
        number=mask_phone(number),
    )
    return phone


def set_reaches(
    session: Session,
    phone: BorrowerPhone,
    reaches: Reaches,
    actor: User,
    day: date,
    whose: Whose | None = None,
) -> None:
    """Note whether a number reaches the borrower, and whose it is."""
    phone.checked_on = day
    if (phone.reaches, phone.whose) == (reaches, whose or phone.whose):
        return
    before = phone.reaches
    phone.reaches, phone.whose = reaches, whose or phone.whose
    session.flush()
    audit.record(
        session,
        actor.username,
        "fairness.phone",
        "borrower",
        phone.borrower_id,
        phone=phone.id,
        before=before.value,
        after=reaches.value,
        whose=phone.whose.value,
    )
