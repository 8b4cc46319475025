"""The last look before a message leaves, within the transaction that claims it."""

from collections import defaultdict
from collections.abc import Sequence
from datetime import date, timedelta
from typing import Any

from sqlalchemy import select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from app.fairness.models import BorrowerMark
from app.fairness.queries import limits_for
from app.loans.models import Borrower, Loan
from app.policies.queries import Policies
from app.policies.rules import Key
from app.reminders.models import (
    Campaign,
    MessageTemplate,
    OutboxMessage,
    PhoneOptOut,
    Reminder,
    SmsChannel,
    SmsSpend,
)
from app.reminders.moves import Clocks, move
from app.reminders.plan import UNWANTED, Words, policies_of, text_of
from app.reminders.queries import spent_by
from app.reminders.rules import CampaignState, Hours, may_leave, policy_at
from app.reminders.states import MAY_HAVE_ARRIVED, Event
from app.reminders.wording import Due
from app.sms.rules import parts

ANEW = "reminder:anew:"  # the key of what a person has sent anew begins so


class Judge:
    """The last look before a message leaves: still owed, still wanted, within hours, caps and limits."""

    def __init__(
        self, session: Session, waiting: Sequence[OutboxMessage], clocks: Clocks, channel: SmsChannel
    ) -> None:
        self.session, self.clocks, self.channel = session, clocks, channel
        self.words, self.numbers = Words.load(session), Policies(session, clocks.today)
        borrowers = sorted({message.borrower_id for message in waiting if message.borrower_id is not None})
        # Locked, so that of two messages to one borrower the second sees the first; who is busy comes later.
        lock = select(Borrower.id, Borrower.name).where(Borrower.id.in_(borrowers)).order_by(Borrower.id)
        self.names = dict(session.execute(lock.with_for_update(skip_locked=True, key_share=True)).all())
        self.unwanted = set(
            session.scalars(
                select(BorrowerMark.borrower_id).where(
                    BorrowerMark.borrower_id.in_(borrowers),
                    BorrowerMark.kind.in_(UNWANTED),
                    BorrowerMark.lifted_on.is_(None),
                )
            )
        )
        self.stopped = set(
            session.scalars(
                select(PhoneOptOut.phone).where(
                    PhoneOptOut.phone.in_({m.phone for m in waiting}), PhoneOptOut.lifted_at.is_(None)
                )
            )
        )
        self.sent = _sent(
            session, borrowers, [m.phone for m in waiting if m.borrower_id is None], clocks.today
        )
        self.dues = _dues(session, [message.id for message in waiting])
        self.policies = policies_of(session)
        self.ended_campaigns = _stopped(
            session, {m.campaign_id for m in waiting if m.campaign_id is not None}
        )
        self.spent = [0, 0, 0]
        self.ended = 0
        self.day, self.month = spent_by(session, clocks.today)

    def passes(self, message: OutboxMessage) -> bool:
        """May it leave? If not, it is ended or put off here."""
        busy = message.borrower_id is not None and message.borrower_id not in self.names
        if busy or self._over_limit(message):
            return False
        if message.borrower_id in self.unwanted or message.phone in self.stopped:
            return self._end(message, Event.NOT_WANTED, "opted out, or in hardship")
        if message.campaign_id in self.ended_campaigns:  # it was with a worker then, and came back
            return self._end(message, Event.NOT_NEEDED, "the campaign was stopped")
        if message.expires_at <= self.clocks.business:
            return self._end(message, Event.TOO_LATE, "")
        if message.key.startswith("reminder:") and (why := self._untrue(message)):
            return self._end(message, Event.NOT_NEEDED, why)
        limits = limits_for(self.numbers, message.region_code, message.lender_id)
        days_off = bool(self.numbers(Key.SMS_DAYS_OFF, message.region_code, message.lender_id))
        hours = Hours(limits.sms_from, limits.sms_until, limits.sms_per_day, limits.sms_per_week, days_off)
        later = may_leave(self.clocks.business, hours, self.sent[_who(message)])
        if later is not None:
            if later >= message.expires_at:
                return self._end(message, Event.TOO_LATE, "")
            message.not_before = later
            self.ended += 1
            return False
        return True

    def _end(self, message: OutboxMessage, event: Event, why: str) -> bool:
        self.ended += move(self.session, message.id, message.fence, event, self.clocks.real, why=why)
        return False

    def _over_limit(self, message: OutboxMessage) -> bool:
        cost = message.parts * self.channel.price + self.spent[2]
        limits = ((self.channel.daily_limit, self.day), (self.channel.monthly_limit, self.month))
        return any(limit and spent + cost > limit for limit, spent in limits)

    def _untrue(self, message: OutboxMessage) -> str:
        """Why none of its loans is to be told of so any more, "" where one is. A changed balance changes the text."""
        rows = self.dues[message.id]
        owed = [
            row
            for row in rows
            if row.balance > 0 and not row.missing_since and row.effective_due_on == row.due_on
        ]
        true = [row for row in owed if self._still_policy(message, row)]
        template = self._template(message)
        if template and true and (len(true) < len(rows) or any(row.balance != row.amount for row in true)):
            dues = [Due(row.balance, row.due_on) for row in true]
            message.text, _ = text_of(template, self.names[message.borrower_id or 0], dues)
            message.parts = parts(message.text)
        if true:
            return ""
        return "the policy has changed" if owed else "repaid, or the due date changed"

    def _still_policy(self, message: OutboxMessage, row: Any) -> bool:
        """Does the county still tell so long before? What a campaign tells, or a person sends anew, is no policy's."""
        if message.campaign_id is not None or message.key.startswith(ANEW):
            return True
        region = row.village_code or row.township_code
        leads = policy_at(self.policies, region=region, lender_id=row.lender_id, on=self.clocks.today)
        return row.lead in leads

    def _template(self, message: OutboxMessage) -> MessageTemplate | None:
        """A campaign keeps its own text; a reminder takes the newest."""
        if message.campaign_id is None:
            return self.words.of(message.lender_id)
        return self.session.get(MessageTemplate, message.template_id)

    def spend(self, message: OutboxMessage, cost: int) -> None:
        self.sent[_who(message)].append(self.clocks.today)
        self.spent = [self.spent[0] + 1, self.spent[1] + message.parts, self.spent[2] + cost]

    def keep_spending(self) -> None:
        if self.spent[0]:
            messages, count, cost = self.spent
            dialect = postgresql if self.session.connection().dialect.name == "postgresql" else sqlite
            row = dialect.insert(SmsSpend).values(
                day=self.clocks.today, messages=messages, parts=count, cost=cost
            )
            more = {
                name: getattr(SmsSpend, name) + row.excluded[name] for name in ("messages", "parts", "cost")
            }
            self.session.execute(row.on_conflict_do_update(index_elements=["day"], set_=more))


def _who(message: OutboxMessage) -> int | str:
    """Whose caps a message counts against: the borrower's, for a stranger the number's."""
    return message.phone if message.borrower_id is None else message.borrower_id


def _sent(
    session: Session, borrowers: list[int], strangers: list[str], today: date
) -> dict[int | str, list[date]]:
    """The days of the last week on which each was written to."""
    found: dict[int | str, list[date]] = defaultdict(list)
    query = select(OutboxMessage.borrower_id, OutboxMessage.phone, OutboxMessage.sent_on).where(
        OutboxMessage.sent_on > today - timedelta(days=7), OutboxMessage.state.in_(MAY_HAVE_ARRIVED)
    )
    rows = list(session.execute(query.where(OutboxMessage.borrower_id.in_(borrowers))))
    if strangers:
        rows += session.execute(
            query.where(OutboxMessage.borrower_id.is_(None), OutboxMessage.phone.in_(strangers))
        )
    for borrower, phone, day in rows:
        if day is not None:
            found[phone if borrower is None else borrower].append(day)
    return found


def _dues(session: Session, messages: list[int]) -> dict[int, list[Any]]:
    found: dict[int, list[Any]] = defaultdict(list)
    columns = (Reminder.message_id, Reminder.due_on, Reminder.lead, Reminder.amount, Loan.balance, Loan.missing_since,
               Loan.effective_due_on, Loan.lender_id, Loan.village_code, Loan.township_code)  # fmt: skip
    query = select(*columns).join(Loan, Loan.id == Reminder.loan_id).where(Reminder.message_id.in_(messages))
    for row in session.execute(query.order_by(Reminder.id)):
        found[row.message_id].append(row)
    return found


def _stopped(session: Session, campaigns: set[int]) -> set[int]:
    query = select(Campaign.id).where(Campaign.id.in_(campaigns), Campaign.state == CampaignState.STOPPED)
    return set(session.scalars(query)) if campaigns else set()
