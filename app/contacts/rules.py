"""The words of a contact note: how, with whom, with what result, what next; and what a result implies. Pure."""

from dataclasses import dataclass
from datetime import date, timedelta

from app.accounts.rules import COLLECTORS, Role
from app.fairness.words import Channel, Mark, Reached
from app.forces.rules import LINE_OF, Line
from app.labels import Labelled, T

__all__ = ["AttachmentKind", "Channel", "Disposition", "NextAction", "Reached"]


class Disposition(Labelled):
    """What came of a contact."""

    RIGHT_PARTY = "right_party", T("Spoke with the borrower")
    PROMISE = "promise", T("Promised to pay")
    REFUSES = "refuses", T("Refuses to pay")
    DISPUTES = "disputes", T("Disputes the debt")
    PAID = "paid", T("Says it is paid")
    HARDSHIP = "hardship", T("Cannot pay: hardship")
    UNREACHABLE = "unreachable", T("Cannot be reached")
    NO_ANSWER = "no_answer", T("Called, no answer")
    WRONG_NUMBER = "wrong_number", T("Wrong number")
    MESSAGE_LEFT = "message_left", T("Asked to call back")
    MOVED = "moved", T("Moved away")
    OUT_FOR_WORK = "out_for_work", T("Away for work")
    ILL = "ill", T("Seriously ill")
    DEAD = "dead", T("Deceased")
    IN_PRISON = "in_prison", T("In prison")
    DELIVERED = "delivered", T("Paper delivered")
    OTHER = "other", T("Other")


class NextAction(Labelled):
    CALL = "call", T("Call again")
    VISIT = "visit", T("Visit")
    PAPER = "paper", T("Deliver a paper")
    CHECK_PAYMENT = "check_payment", T("Check the payment")
    OTHER = "other", T("Other")


class AttachmentKind(Labelled):
    PHOTO = "photo", T("Photo")
    ACKNOWLEDGEMENT = "acknowledgement", T("Signed acknowledgement")
    RECEIPT = "receipt", T("Receipt of payment")


@dataclass(frozen=True, slots=True)
class Implied:
    """What a result implies where nothing else was said.

    ``speaks``: it needs no words. ``next_days`` after the contact comes ``next_action``. ``mark`` is what it suggests
    to be known of the borrower from then on.
    """

    reached: Reached
    speaks: bool = True
    next_action: NextAction | None = None
    next_days: int = 0
    mark: Mark | None = None


IMPLIED: dict[Disposition, Implied] = {
    Disposition.RIGHT_PARTY: Implied(Reached.BORROWER, speaks=False),
    Disposition.PROMISE: Implied(Reached.BORROWER, next_action=NextAction.CHECK_PAYMENT, next_days=7),
    Disposition.REFUSES: Implied(Reached.BORROWER, next_action=NextAction.VISIT, next_days=7),
    Disposition.DISPUTES: Implied(Reached.BORROWER, speaks=False, next_action=NextAction.OTHER, next_days=3),
    Disposition.PAID: Implied(Reached.BORROWER, next_action=NextAction.CHECK_PAYMENT, next_days=1),
    Disposition.HARDSHIP: Implied(Reached.BORROWER, speaks=False, next_action=NextAction.VISIT, next_days=7),
    Disposition.UNREACHABLE: Implied(
        Reached.NOBODY, next_action=NextAction.VISIT, next_days=3, mark=Mark.UNREACHABLE
    ),
    Disposition.NO_ANSWER: Implied(Reached.NOBODY, next_action=NextAction.CALL, next_days=1),
    Disposition.WRONG_NUMBER: Implied(Reached.THIRD_PARTY, next_action=NextAction.VISIT, next_days=3),
    Disposition.MESSAGE_LEFT: Implied(Reached.FAMILY, next_action=NextAction.CALL, next_days=3),
    Disposition.MOVED: Implied(Reached.NOBODY, speaks=False, next_action=NextAction.OTHER, next_days=7),
    Disposition.OUT_FOR_WORK: Implied(Reached.FAMILY, next_action=NextAction.CALL, next_days=7),
    Disposition.ILL: Implied(Reached.FAMILY, mark=Mark.ILLNESS),
    Disposition.DEAD: Implied(Reached.FAMILY, mark=Mark.DEATH),
    Disposition.IN_PRISON: Implied(Reached.FAMILY),
    Disposition.DELIVERED: Implied(Reached.BORROWER),
    Disposition.OTHER: Implied(Reached.NOBODY, speaks=False),
}


def next_day(day: date, days: int) -> date:
    return day + timedelta(days=days)


def usual_channel(role: Role) -> Channel:
    """How a role mostly makes contact: what a form offers first."""
    match LINE_OF.get(role):
        case Line.TOWNSHIP:
            return Channel.VISIT
        case Line.BRANCH:
            return Channel.CALL
        case _:
            return Channel.NOTE


def holds(role: Role, user_id: int, township_user_id: int | None, branch_user_id: int | None) -> bool:
    """May somebody of this role contact the borrower of a case whose lines these accounts hold?

    Leaders and the office; a collector whose line is this one's, or whose line nobody holds.
    """
    if role not in COLLECTORS:
        return True
    holder = township_user_id if LINE_OF[role] is Line.TOWNSHIP else branch_user_id
    return holder in (None, user_id)
