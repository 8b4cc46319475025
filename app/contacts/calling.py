"""Before somebody is contacted: the guard is asked, and what it said is kept, whatever comes of it."""

from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from app import audit
from app.accounts.models import User
from app.accounts.rules import Permission, may
from app.cases.models import Case
from app.contacts.models import Approach
from app.contacts.queries import grounds, history_of
from app.contacts.rules import Channel, holds
from app.fairness import rules as fairness
from app.fairness.actions import REASON_LENGTH
from app.fairness.models import BorrowerPhone
from app.fairness.queries import limits_of, marks_of
from app.fairness.rules import Refused
from app.fairness.words import Whose
from app.forces.rules import LINE_OF
from app.labels import Declined, T
from app.loans.models import Borrower


class CallRefused(Declined):
    """Nothing that waiting changes: not this person's case, or a reason that is no reason."""


def approach(
    session: Session,
    found: Case,
    user: User,
    phone: BorrowerPhone,
    moment: datetime,
    *,
    third_party_reason: str = "",
    override_reason: str | None = None,
) -> tuple[Approach, Refused | None]:
    """Ask the guard about calling a number now; the answer is kept either way.

    With ``override_reason`` a leader or the office goes against a refusal; that is kept and counted. Raises
    CallRefused. The caller commits in both cases.
    """
    if not holds(user.role, user.id, found.township_user_id, found.branch_user_id):
        raise CallRefused(T("This case is in other hands. Ask the leader to give you its line."))
    # Of two who press at once the second sees the first one's call.
    session.execute(select(Borrower.id).where(Borrower.id == found.borrower_id).with_for_update())
    about = fairness.Approach(
        Channel.CALL,
        user.id,
        phone.id,
        phone.whose is not Whose.SELF,
        third_party_reason or grounds(marks_of(session, found.borrower_id)),
    )
    history = history_of(session, found.borrower_id, moment)
    answer = fairness.judge(history, about, limits_of(session, found, moment.date()), moment)
    refused = answer if isinstance(answer, Refused) else None
    against = _override(user, override_reason) if refused and override_reason is not None else ""
    made = Approach(
        case_id=found.id,
        borrower_id=found.borrower_id,
        user_id=user.id,
        line=LINE_OF.get(user.role),
        on=moment.date(),
        at=moment,
        channel=Channel.CALL,
        phone_id=phone.id,
        allowed=refused is None or bool(against),
        rule=refused.rule.value if refused else None,
        third_party_reason=third_party_reason.strip(),
        override_reason=against,
    )
    session.add(made)
    session.flush()
    audit.record(
        session,
        user.username,
        "contacts.override" if against else "contacts.call" if made.allowed else "contacts.refused",
        "case",
        found.id,
        approach=made.id,
        phone=phone.id,
        rule=made.rule,
        reason=against,
    )
    return made, None if made.allowed else refused


def _override(user: User, typed: str) -> str:
    reason = typed.strip()
    if not may(user.role, Permission.OVERRIDE):
        raise CallRefused(T("Only a leader or the county office may go against a rule."), "override_reason")
    if not reason:
        raise CallRefused(T("Give the reason."), "override_reason")
    if len(reason) > REASON_LENGTH:
        raise CallRefused(T("At most %(n)s characters.", n=REASON_LENGTH), "override_reason")
    return reason
