"""Writing contact notes. Append-only; what has happened is always recorded, marked where it broke a rule."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from app import audit, files
from app.accounts.models import User
from app.accounts.rules import Permission, may
from app.cases.actions import fire
from app.cases.models import Case
from app.cases.states import Event
from app.clock import SHANGHAI
from app.contacts.models import Approach, Attachment, Contact
from app.contacts.queries import grounds, history_of
from app.contacts.rules import IMPLIED, AttachmentKind, Channel, Disposition, NextAction, Reached
from app.fairness import rules as fairness
from app.fairness.actions import borrower_reached, set_mark, set_reaches
from app.fairness.models import BorrowerPhone
from app.fairness.queries import limits_of, marks_of
from app.fairness.words import Mark, Reaches, Whose
from app.files import Cleaned, FileStore
from app.forces.rules import LINE_OF, Line
from app.labels import Declined, T
from app.today import moment, now

NOTE_LENGTH = 2000
MOST_FILES = 5
_GRACE = timedelta(minutes=2)  # between the clocks of a phone and of the server


class ContactRefused(Declined):
    """What cannot be written as it was entered; ``field`` is the form's field that the sentence belongs to."""

    field = "text"


@dataclass(frozen=True, slots=True)
class Entry:
    """What a collector writes of one contact. ``at`` is when it happened (None: just now).

    ``reached`` None is what the result implies. ``marks`` are what the contact has shown of the borrower.
    """

    text: str
    channel: Channel = Channel.NOTE
    reached: Reached | None = None
    disposition: Disposition = Disposition.OTHER
    at: datetime | None = None
    next_action: NextAction | None = None
    next_action_on: date | None = None
    phone_id: int | None = None
    third_party_reason: str = ""
    approach_id: int | None = None
    corrects_id: int | None = None
    marks: tuple[Mark, ...] = ()
    key: str | None = None


def add_contact(session: Session, found: Case, author: User, entry: Entry, day: date) -> Contact:
    """Write a contact on a case, closed ones included, and let the case follow. ``day`` is the business date.

    ``entry.key`` names this writing of it: sent again over a shaky connection, it counts once. Raises ContactRefused.
    """
    text = _checked_text(entry)
    reached = entry.reached or IMPLIED[entry.disposition].reached
    key = entry.key or None
    if key and (again := session.scalar(select(Contact).where(Contact.key == key))) is not None:
        said = (found.id, author.id, text, entry.channel, reached, entry.disposition)
        if (
            again.case_id,
            again.author_id,
            again.text,
            again.channel,
            again.reached,
            again.disposition,
        ) == said:
            return again
        key = None  # gone back to the form and written something else: another note, which must not be lost
    at = _checked_moment(session, found, entry, day)
    if entry.next_action_on is not None and entry.next_action_on < day:
        raise ContactRefused(T("The next step cannot lie in the past."), "next_on")
    phone = _checked_links(session, found, author, entry)
    contact = Contact(
        case_id=found.id,
        borrower_id=found.borrower_id,
        author_id=author.id,
        line=_line(session, author, entry),
        on=at.astimezone(SHANGHAI).date(),
        at=at,
        recorded_at=now(),
        channel=entry.channel,
        reached=reached,
        disposition=entry.disposition,
        text=text,
        next_action=entry.next_action if entry.next_action_on else None,
        next_action_on=entry.next_action_on,
        phone_id=phone.id if phone else None,
        third_party_reason=entry.third_party_reason.strip(),
        approach_id=entry.approach_id,
        corrects_id=entry.corrects_id,
        breaches=[],
        key=key,
    )
    contact.breaches = _breaches(session, found, contact, phone)
    session.add(contact)
    session.flush()
    _follow(found, contact)
    _learn(session, contact, phone, author, entry, day)
    fire(session, found, Event.CONTACTED, author, day)
    audit.record(
        session, author.username, "contacts.note", "case", found.id, contact=contact.id, length=len(text)
    )
    return contact


def _checked_text(entry: Entry) -> str:
    text = entry.text.strip()
    if not text and not IMPLIED[entry.disposition].speaks:
        raise ContactRefused(T("Write what happened."))
    if len(text) > NOTE_LENGTH:
        raise ContactRefused(
            T("A note has at most %(n)s characters; this one has %(have)s.", n=NOTE_LENGTH, have=len(text))
        )
    return text


def _checked_moment(session: Session, found: Case, entry: Entry, day: date) -> datetime:
    """When it happened; ``day`` at the present time of day where nobody said."""
    present = moment(session)
    if entry.at is None:
        return present if day == present.date() else datetime.combine(day, present.timetz())
    happened = entry.at.astimezone(SHANGHAI).date()
    if happened > day or (day == present.date() and entry.at > present + _GRACE):
        raise ContactRefused(T("This lies in the future."), "at")
    if happened < found.loan.disbursed_on:
        raise ContactRefused(T("This lies before the loan. Check the year."), "at")
    return entry.at


def _checked_links(session: Session, found: Case, author: User, entry: Entry) -> BorrowerPhone | None:
    """What the entry names must be this case's; returns the number."""
    phone = session.get(BorrowerPhone, entry.phone_id) if entry.phone_id is not None else None
    if entry.phone_id is not None and (phone is None or phone.borrower_id != found.borrower_id):
        raise ContactRefused(T("This number is not one of this borrower's."), "phone")
    made = session.get(Approach, entry.approach_id) if entry.approach_id is not None else None
    if entry.approach_id is not None and (
        made is None or (made.case_id, made.user_id) != (found.id, author.id)
    ):
        raise ContactRefused(T("This call was not made by you on this case."), "approach_id")
    if entry.corrects_id is not None:
        old = session.get(Contact, entry.corrects_id)
        if old is None or old.case_id != found.id:
            raise ContactRefused(T("The entry to be corrected is not one of this case's."), "corrects_id")
        if old.author_id != author.id and not may(author.role, Permission.OVERRIDE):
            raise ContactRefused(
                T("Only who wrote an entry, a leader or the office may correct it."), "corrects_id"
            )
        if session.scalar(select(Contact.id).where(Contact.corrects_id == old.id).limit(1)) is not None:
            raise ContactRefused(
                T("This entry has been corrected already. Correct the newer one."), "corrects_id"
            )
    return phone


def _line(session: Session, author: User, entry: Entry) -> Line | None:
    """The author's line; of a correction the one whose contact it was."""
    old = session.get(Contact, entry.corrects_id) if entry.corrects_id is not None else None
    return old.line if old is not None else LINE_OF.get(author.role)


def _breaches(session: Session, found: Case, contact: Contact, phone: BorrowerPhone | None) -> list[str]:
    """The rules of fair treatment that this contact broke, pooled over the borrower's loans and both lines."""
    if contact.channel in (Channel.NOTE, Channel.LETTER):
        return []
    marks = marks_of(session, found.borrower_id)
    third_party = phone is not None and phone.whose is not Whose.SELF
    about = fairness.Approach(
        contact.channel,
        contact.author_id,
        contact.phone_id,
        third_party,
        contact.third_party_reason or grounds(marks),
    )
    end_of_day = datetime.combine(contact.on + timedelta(days=1), datetime.min.time(), SHANGHAI)
    history = history_of(
        session,
        found.borrower_id,
        contact.at,
        corrected_id=contact.corrects_id,
        approach_id=contact.approach_id,
        until=end_of_day,
    )
    done = fairness.Done(contact.at, contact.channel, contact.reached, contact.phone_id, contact.author_id)
    return fairness.breaches(history, done, limits_of(session, found, contact.on), about)


def _follow(found: Case, contact: Contact) -> None:
    """Tell the case what its queue needs to know: each line's last contact and next action.

    A plain note is no contact: nobody was tried.
    """
    on, action_on, real = contact.on, contact.next_action_on, contact.channel is not Channel.NOTE
    if contact.line is Line.TOWNSHIP:
        found.township_action_on = action_on
        if real:
            found.township_contact_on = max(on, found.township_contact_on or on)
    elif contact.line is Line.BRANCH:
        found.branch_action_on = action_on
        if real:
            found.branch_contact_on = max(on, found.branch_contact_on or on)
    if real:
        found.promise_broken_on = found.replied_on = None


def _learn(
    session: Session,
    contact: Contact,
    phone: BorrowerPhone | None,
    author: User,
    entry: Entry,
    day: date,
) -> None:
    """What the contact has shown: of the number, and of the borrower."""
    if phone is not None:
        reaches = _reaches(contact, phone)
        if reaches is not None:
            set_reaches(session, phone, reaches, author, day)
    if contact.reached is Reached.BORROWER and contact.channel in (Channel.CALL, Channel.VISIT):
        borrower_reached(session, contact.borrower_id, author, day)
    for mark in entry.marks:
        why = contact.text or str(contact.disposition.label)
        set_mark(session, contact.borrower_id, mark, author, day, why[:400])


def _reaches(contact: Contact, phone: BorrowerPhone) -> Reaches | None:
    if contact.disposition is Disposition.WRONG_NUMBER:
        return Reaches.WRONG
    if contact.channel is not Channel.CALL:
        return None
    if contact.reached is Reached.BORROWER:
        return Reaches.YES
    return (
        Reaches.NO_ANSWER if phone.reaches is Reaches.UNKNOWN and contact.reached is Reached.NOBODY else None
    )


def attach(
    session: Session,
    store: FileStore,
    found: Case,
    uploads: Sequence[tuple[AttachmentKind, Cleaned]],
    user: User,
    contact: Contact | None = None,
) -> list[Attachment]:
    """Keep cleaned files with a case, and with one of its contacts."""
    made = [
        Attachment(
            case_id=found.id,
            contact_id=contact.id if contact else None,
            kind=kind,
            name=file.name,
            mime=file.mime,
            size=len(file.content),
            digest=files.keep(store, file),
            uploaded_by_id=user.id,
            uploaded_at=now(),
        )
        for kind, file in uploads
    ]
    session.add_all(made)
    session.flush()
    for attachment in made:
        audit.record(
            session, user.username, "contacts.attach", "case", found.id, attachment=attachment.id,
            digest=attachment.digest,
        )  # fmt: skip
    return made
