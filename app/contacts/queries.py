"""Reads of contact notes, and of what the guard has to know before somebody calls."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session, aliased, joinedload

from app.accounts.models import User
from app.accounts.rules import Scope
from app.cases.models import Case
from app.cases.queries import cases_in
from app.clock import SHANGHAI
from app.contacts.models import Approach, Attachment, Contact
from app.contacts.rules import IMPLIED, holds
from app.fairness import rules as fairness
from app.fairness.models import BorrowerMark, BorrowerPhone
from app.fairness.queries import Number, limits_of, marks_of, numbers_of
from app.fairness.rules import Allowed, Done, History, Limits, Refused
from app.fairness.words import THIRD_PARTY_GROUNDS, Channel, Mark, Reaches, Whose
from app.forces.rules import Line
from app.labels import T, Text

LOOK_BACK = timedelta(days=8)  # further than any rule looks
NOTE_WINDOW = timedelta(minutes=1)  # how long a number is shown


def contacts_of(session: Session, found: Case) -> list[Contact]:
    """The contacts of one case, oldest first."""
    query = select(Contact).where(Contact.case_id == found.id).order_by(Contact.id)
    shown = (joinedload(Contact.author), joinedload(Contact.phone), joinedload(Contact.approach))
    more = (joinedload(Contact.attachments), joinedload(Contact.correction))
    return list(session.scalars(query.options(*shown, *more)).unique())


def find_contact(session: Session, case_id: int, contact_id: int) -> Contact | None:
    return session.scalar(select(Contact).where(Contact.id == contact_id, Contact.case_id == case_id))


def find_attachment(session: Session, case_id: int, attachment_id: int) -> Attachment | None:
    return session.scalar(
        select(Attachment).where(Attachment.id == attachment_id, Attachment.case_id == case_id)
    )


def find_approach(session: Session, case_id: int, approach_id: int, user_id: int) -> Approach | None:
    """What this user was about to do on this case."""
    query = select(Approach).where(
        Approach.id == approach_id, Approach.case_id == case_id, Approach.user_id == user_id
    )
    return session.scalar(query.options(joinedload(Approach.phone)))


_BY_LINE = {Line.TOWNSHIP: T("%(name)s (township line)"), Line.BRANCH: T("%(name)s (branch line)")}


def _who(name: str, line: Line | None) -> Text:
    return Text(_BY_LINE[line].msgid, (("name", name),)) if line else Text("%(name)s", (("name", name),))


def history_of(
    session: Session,
    borrower_id: int,
    moment: datetime,
    *,
    corrected_id: int | None = None,
    approach_id: int | None = None,
    until: datetime | None = None,
) -> History:
    """What the guard has to know of a borrower at a moment: all loans and both lines.

    Without the contact that is being corrected, and without the call that is being noted. ``until``: what has
    happened since is in it up to there, for the limits of a whole day.
    """
    marks = [mark for mark in marks_of(session, borrower_id) if _stood(mark, moment)]
    wrong = _wrong(session, borrower_id)
    return _history(session, borrower_id, until or moment, marks, wrong, corrected_id, approach_id)


def _stood(mark: BorrowerMark, moment: datetime) -> bool:
    """Was the mark in force at that moment? On the day it was set, from then on."""
    day = moment.astimezone(SHANGHAI).date()
    if mark.lifted_on is not None and mark.lifted_on <= day:
        return False
    return mark.starts_on < day or (mark.starts_on == day and mark.set_at <= moment)


def _wrong(session: Session, borrower_id: int) -> frozenset[int]:
    query = select(BorrowerPhone.id).where(
        BorrowerPhone.borrower_id == borrower_id, BorrowerPhone.reaches == Reaches.WRONG
    )
    return frozenset(session.scalars(query))


def _history(
    session: Session,
    borrower_id: int,
    moment: datetime,
    marks: Iterable[BorrowerMark],
    wrong: frozenset[int],
    corrected_id: int | None = None,
    approach_id: int | None = None,
) -> History:
    correction = aliased(Contact)
    since = moment - LOOK_BACK
    replaced = select(correction.id).where(correction.corrects_id == Contact.id).exists()
    contacts = session.execute(
        select(
            Contact.at,
            Contact.channel,
            Contact.reached,
            Contact.phone_id,
            Contact.author_id,
            Contact.line,
            User.name,
        )
        .join(User, User.id == Contact.author_id)
        .where(
            Contact.borrower_id == borrower_id,
            Contact.at.between(since, moment),
            Contact.on >= since.date() - timedelta(days=1),  # as the index has it
            Contact.id.is_distinct_from(corrected_id),
            ~replaced,
        )
    )
    done = [
        Done(at, channel, reached, phone_id, author_id, _who(name, line))
        for at, channel, reached, phone_id, author_id, line, name in contacts
    ]
    noted = select(Contact.id).where(Contact.approach_id == Approach.id).exists()
    calls = session.execute(
        select(Approach.at, Approach.channel, Approach.phone_id, Approach.user_id, Approach.line, User.name)
        .join(User, User.id == Approach.user_id)
        .where(
            Approach.borrower_id == borrower_id,
            Approach.at.between(since, moment),
            Approach.on >= since.date() - timedelta(days=1),
            Approach.allowed,
            Approach.id.is_distinct_from(approach_id),
            ~noted,
        )
    )
    done += [
        Done(at, channel, None, phone_id, user_id, _who(name, line))
        for at, channel, phone_id, user_id, line, name in calls
    ]
    return History(tuple(done), frozenset(mark.kind for mark in marks), wrong)


@dataclass(frozen=True, slots=True)
class Dial:
    """A number with what the guard says of calling it now."""

    number: Number
    answer: Allowed | Refused

    @property
    def is_allowed(self) -> bool:
        return isinstance(self.answer, Allowed)

    @property
    def is_third_party(self) -> bool:
        return self.number.whose is not Whose.SELF


@dataclass(frozen=True, slots=True)
class Panel:
    """What the parts of a page that are about contacts show of a case to a user, at a moment."""

    case: Case
    moment: datetime
    today: date
    dials: list[Dial]
    marks: list[BorrowerMark]
    may_call: bool
    last: Contact | None

    def when(self, refused: Refused) -> Text:
        """From when on something refused will be possible, for people."""
        return fairness.when(refused.possible_at, self.today)

    @property
    def in_force(self) -> list[BorrowerMark]:
        return [mark for mark in self.marks if mark.lifted_on is None]

    @property
    def proposed(self) -> tuple[Mark, Contact] | None:
        """The mark that the last contact suggests, unless there has been one of its kind since."""
        mark = IMPLIED[self.last.disposition].mark if self.last else None
        if self.last is None or mark is None:
            return None
        since = self.last.on
        known = any(m.kind is mark and (m.lifted_on is None or m.lifted_on >= since) for m in self.marks)
        return None if known else (mark, self.last)


def panel(
    session: Session, found: Case, user: User, moment: datetime, contacts: list[Contact] | None = None
) -> Panel:
    """In the same number of statements for every case. ``moment`` is the business moment.

    ``contacts`` are those of the case where the caller has read them (``contacts_of``): one statement less.
    """
    marks = marks_of(session, found.borrower_id)
    numbers = numbers_of(session, found.loan.borrower)
    wrong = frozenset(n.phone_id for n in numbers if n.reaches is Reaches.WRONG and n.phone_id is not None)
    in_force = [mark for mark in marks if mark.lifted_on is None]
    history = _history(session, found.borrower_id, moment, in_force, wrong)
    limits = limits_of(session, found, moment.date())
    return Panel(
        case=found,
        moment=moment,
        today=moment.date(),
        dials=[Dial(n, _answer(n, history, limits, user, moment, grounds(marks))) for n in numbers],
        marks=marks,
        may_call=holds(user.role, user.id, found.township_user_id, found.branch_user_id),
        last=_last_contact(session, found) if contacts is None else _last_of(contacts),
    )


def _last_of(contacts: list[Contact]) -> Contact | None:
    """``_last_contact`` among contacts that are read already."""
    tried = [one for one in contacts if one.channel is not Channel.NOTE and one.correction is None]
    return max(tried, key=lambda one: (one.at, one.id), default=None)


def _last_contact(session: Session, found: Case) -> Contact | None:
    correction = aliased(Contact)
    replaced = select(correction.id).where(correction.corrects_id == Contact.id).exists()
    query = select(Contact).where(Contact.case_id == found.id, Contact.channel != Channel.NOTE, ~replaced)
    return session.scalars(query.order_by(Contact.at.desc(), Contact.id.desc()).limit(1)).first()


def _answer(
    number: Number, history: History, limits: Limits, user: User, moment: datetime, reason: str
) -> Allowed | Refused:
    about = fairness.Approach(Channel.CALL, user.id, number.phone_id, number.whose is not Whose.SELF, reason)
    return fairness.judge(history, about, limits, moment)


def grounds(marks: Iterable[BorrowerMark]) -> str:
    """The recorded reason for which somebody else than the borrower may be contacted, "" without one."""
    return next((m.reason for m in marks if m.lifted_on is None and m.kind in THIRD_PARTY_GROUNDS), "")


@dataclass(frozen=True, slots=True)
class Overrides:
    """How often a rule was overridden since a day, by rule's code, and the last of them."""

    total: int
    by_rule: dict[str, int]
    last: list[Approach]


def overrides(session: Session, scope: Scope, since: date, shown: int = 20) -> Overrides:
    """The approaches that a leader or the office allowed against a rule, within a scope."""
    query = (
        select(Approach)
        .join(Case, Case.id == Approach.case_id)
        .where(Approach.on >= since, Approach.rule.is_not(None), Approach.allowed, cases_in(scope))
        .order_by(Approach.id.desc())
    )
    found = list(session.scalars(query.options(joinedload(Approach.user))))
    return Overrides(len(found), dict(Counter(a.rule or "" for a in found)), found[:shown])
