"""Fair treatment (the guardrails): what may be done to a borrower, and when it may be done again. Pure.

``RULES`` is the table: for each rule its sentence, its source, and the numbers of the county's policies that it reads.
``judge`` answers for something that is about to happen; ``breaches`` for something that has happened, which is
recorded in any case. Both look at one borrower: all loans and both lines together. All moments carry their zone.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

from app.clock import SHANGHAI
from app.fairness.table import RULES, Rule
from app.fairness.words import HARDSHIP, THIRD_PARTY_GROUNDS, Channel, Mark, Reached, Reaches, Whose
from app.labels import T, Text

__all__ = ["HARDSHIP", "Allowed", "Approach", "Channel", "Done", "History", "Limits", "Mark", "Reached", "Reaches",
           "Refused", "Rule", "Whose", "breaches", "judge", "when"]  # fmt: skip
_WEEK = timedelta(days=7)
SOMEBODY = T("Somebody")


@dataclass(frozen=True, slots=True)
class Limits:
    """The county's numbers on a day: times of day in minutes since midnight, ``just_called`` in minutes."""

    contact_from: int
    contact_until: int
    calls_per_day: int
    unanswered_per_day: int
    just_called: int
    sms_from: int
    sms_until: int
    sms_per_day: int
    sms_per_week: int


@dataclass(frozen=True, slots=True)
class Done:
    """A contact that happened, or a call whose outcome nobody has written down yet (``reached`` None).

    ``who`` is the name of whoever made it with the line, ``user_id`` their account; ``phone_id`` the number.
    """

    at: datetime
    channel: Channel
    reached: Reached | None
    phone_id: int | None = None
    user_id: int | None = None
    who: Text = SOMEBODY

    @property
    def answered(self) -> bool:
        """A call of unknown outcome counts as answered until somebody says otherwise."""
        return self.channel is Channel.CALL and self.reached is not Reached.NOBODY

    @property
    def unanswered(self) -> bool:
        return self.channel is Channel.CALL and self.reached in (Reached.NOBODY, None)


@dataclass(frozen=True, slots=True)
class History:
    """What is known of a borrower: the contacts of the last week, marks in force, numbers that are not theirs."""

    done: tuple[Done, ...] = ()
    marks: frozenset[Mark] = frozenset()
    wrong_numbers: frozenset[int] = frozenset()


@dataclass(frozen=True, slots=True)
class Approach:
    """Something about to be done. ``third_party``: to somebody else than the borrower, with the recorded ``reason``."""

    channel: Channel
    user_id: int | None = None
    phone_id: int | None = None
    third_party: bool = False
    reason: str = ""

    @property
    def is_third_party(self) -> bool:
        return self.third_party or self.channel is Channel.THIRD_PARTY


@dataclass(frozen=True, slots=True)
class Allowed:
    """Go ahead."""


@dataclass(frozen=True, slots=True)
class Refused:
    """Which rule forbids it, in a sentence, where the rule comes from, and from when on it will be possible.

    ``possible_at`` None: not by waiting.
    """

    rule: Rule
    sentence: Text
    source: Text
    possible_at: datetime | None


def judge(history: History, approach: Approach, limits: Limits, now: datetime) -> Allowed | Refused:
    """May this be done now? Of several rules that forbid it the first of the table is named."""
    first = next(_broken(history, approach, limits, now), None)
    if first is None:
        return Allowed()
    rule, sentence, until = first
    while until is not None and (next_one := next(_broken(history, approach, limits, until), None)):
        until = next_one[2]
    return Refused(rule, sentence, RULES[rule].source, until)


def breaches(history: History, contact: Done, limits: Limits, approach: Approach) -> list[str]:
    """The codes of the rules that a contact has broken; ``history`` holds the borrower's others, before and after it.

    The limits of a day look at the whole day, so that one noted late cannot slip through.
    """
    if contact.channel in (Channel.NOTE, Channel.LETTER):
        return []
    day = _day(contact.at)
    others = [done for done in history.done if _day(done.at) == day]
    found = [rule for rule, _, _ in _broken(_before(history, contact.at), approach, limits, contact.at)]
    counted = (Rule.CALLS_PER_DAY, Rule.UNANSWERED_PER_DAY)
    broken = {rule for rule in found if rule not in counted}
    if contact.answered and sum(done.answered for done in others) >= limits.calls_per_day:
        broken.add(Rule.CALLS_PER_DAY)
    same_number = [done for done in others if done.unanswered and done.phone_id == contact.phone_id]
    if contact.unanswered and len(same_number) >= limits.unanswered_per_day:
        broken.add(Rule.UNANSWERED_PER_DAY)
    return [rule.value for rule in Rule if rule in broken]


def _before(history: History, moment: datetime) -> History:
    earlier = tuple(done for done in history.done if done.at <= moment)
    return History(earlier, history.marks, history.wrong_numbers)


_Finding = tuple[Rule, Text, datetime | None]
_Check = Callable[[History, Approach, Limits, datetime], _Finding | None]


def _broken(history: History, approach: Approach, limits: Limits, now: datetime) -> Iterator[_Finding]:
    """Every rule that forbids it at ``now``, in the order of the table."""
    if approach.channel in (Channel.NOTE, Channel.LETTER):
        return
    for check in _CHECKS:
        if (finding := check(history, approach, limits, now)) is not None:
            yield finding


def _hardship(history: History, approach: Approach, _limits: Limits, _now: datetime) -> _Finding | None:
    if approach.channel is Channel.VISIT:
        return None  # a visit to a household in need is what is wanted
    marks = history.marks & set(HARDSHIP)
    if approach.is_third_party:
        marks -= {Mark.DEATH}  # then the family has to be spoken to
    if not marks:
        return None
    mark = next(mark for mark in HARDSHIP if mark in marks)
    return Rule.HARDSHIP, RULES[Rule.HARDSHIP].say(mark=mark.label), None


def _third_party(history: History, approach: Approach, _limits: Limits, _now: datetime) -> _Finding | None:
    if not approach.is_third_party:
        return None
    if Mark.NO_THIRD_PARTY in history.marks:
        return Rule.THIRD_PARTY_REFUSED, RULES[Rule.THIRD_PARTY_REFUSED].say(), None
    if not history.marks & set(THIRD_PARTY_GROUNDS) or not approach.reason.strip():
        return Rule.THIRD_PARTY, RULES[Rule.THIRD_PARTY].say(), None
    return None


def _wrong_number(history: History, approach: Approach, _limits: Limits, _now: datetime) -> _Finding | None:
    if approach.phone_id is None or approach.phone_id not in history.wrong_numbers:
        return None
    return Rule.WRONG_NUMBER, RULES[Rule.WRONG_NUMBER].say(), None


def _opt_out(history: History, approach: Approach, _limits: Limits, _now: datetime) -> _Finding | None:
    if approach.channel is not Channel.SMS or Mark.OPT_OUT not in history.marks:
        return None
    return Rule.OPT_OUT, RULES[Rule.OPT_OUT].say(), None


def _hours(_history: History, approach: Approach, limits: Limits, now: datetime) -> _Finding | None:
    sms = approach.channel is Channel.SMS
    first, last = hours(approach.channel, limits)
    minute = _minute(now)
    if first <= minute < last:
        return None
    rule = Rule.SMS_HOURS if sms else Rule.HOURS
    day = _day(now) if minute < first else _day(now) + timedelta(days=1)
    return rule, RULES[rule].say(first=clock(first), last=clock(last)), _at(day, first)


def _calls(history: History, approach: Approach, limits: Limits, now: datetime) -> _Finding | None:
    if approach.channel is not Channel.CALL:
        return None
    today = sum(done.answered and _day(done.at) == _day(now) for done in history.done)
    if today < limits.calls_per_day:
        return None
    sentence = RULES[Rule.CALLS_PER_DAY].say(n=today, most=limits.calls_per_day)
    return Rule.CALLS_PER_DAY, sentence, _tomorrow(now)


def _unanswered(history: History, approach: Approach, limits: Limits, now: datetime) -> _Finding | None:
    if approach.channel is not Channel.CALL:
        return None
    today = sum(
        done.unanswered and done.phone_id == approach.phone_id and _day(done.at) == _day(now)
        for done in history.done
    )
    if today < limits.unanswered_per_day:
        return None
    sentence = RULES[Rule.UNANSWERED_PER_DAY].say(n=today, most=limits.unanswered_per_day)
    return Rule.UNANSWERED_PER_DAY, sentence, _tomorrow(now)


def _just_called(history: History, approach: Approach, limits: Limits, now: datetime) -> _Finding | None:
    """Somebody else's call, or one's own that was answered; one's own without an answer may be tried again."""
    if approach.channel is not Channel.CALL:
        return None
    wait = timedelta(minutes=limits.just_called)
    recent = [
        done
        for done in history.done
        if done.channel is Channel.CALL
        and done.at <= now < done.at + wait
        and (done.user_id != approach.user_id or done.reached not in (Reached.NOBODY, None))
    ]
    if not recent:
        return None
    last = max(recent, key=lambda done: done.at)
    sentence = RULES[Rule.JUST_CALLED].say(who=last.who, at=clock(_minute(last.at)))
    return Rule.JUST_CALLED, sentence, last.at + wait


def _sms(history: History, approach: Approach, limits: Limits, now: datetime) -> _Finding | None:
    if approach.channel is not Channel.SMS:
        return None
    sent = [_day(done.at) for done in history.done if done.channel is Channel.SMS]
    return _sms_caps(sent, limits, now)


def _sms_caps(sent: list[date], limits: Limits, now: datetime) -> _Finding | None:
    today = _day(now)
    if (n := sent.count(today)) >= limits.sms_per_day:
        sentence = RULES[Rule.SMS_PER_DAY].say(n=n, most=limits.sms_per_day)
        return Rule.SMS_PER_DAY, sentence, _tomorrow(now) if limits.sms_per_day else None
    week = sorted(day for day in sent if today - _WEEK < day <= today)
    if len(week) < limits.sms_per_week:
        return None
    sentence = RULES[Rule.SMS_PER_WEEK].say(n=len(week), most=limits.sms_per_week)
    if not limits.sms_per_week:
        return Rule.SMS_PER_WEEK, sentence, None
    return Rule.SMS_PER_WEEK, sentence, _at(week[-limits.sms_per_week] + _WEEK, 0)


# In the order in which a refusal names them: what waiting does not change comes first.
_CHECKS: tuple[_Check, ...] = (
    _hardship, _third_party, _wrong_number, _opt_out, _hours, _calls, _unanswered, _just_called, _sms,
)  # fmt: skip


def hours(channel: Channel, limits: Limits) -> tuple[int, int]:
    """From and until, in minutes since midnight, when a borrower may be contacted so."""
    if channel is Channel.SMS:
        return limits.sms_from, limits.sms_until
    return limits.contact_from, limits.contact_until


def clock(minutes: int) -> str:
    """``08:00``."""
    return f"{minutes // 60:02}:{minutes % 60:02}"


def when(possible_at: datetime | None, today: date) -> Text:
    """When something refused will be possible, for people."""
    if possible_at is None:
        return T("Waiting does not change this.")
    local = possible_at.astimezone(SHANGHAI)
    if local.date() == today:
        return T("Possible from %(at)s today.", at=f"{local:%H:%M}")
    if local.date() == today + timedelta(days=1):
        return T("Possible from %(at)s tomorrow.", at=f"{local:%H:%M}")
    return T("Possible from %(at)s.", at=f"{local:%Y-%m-%d %H:%M}")


def _day(moment: datetime) -> date:
    return moment.astimezone(SHANGHAI).date()


def _minute(moment: datetime) -> int:
    local = moment.astimezone(SHANGHAI)
    return local.hour * 60 + local.minute


def _at(day: date, minutes: int) -> datetime:
    return datetime.combine(day, time(minutes // 60, minutes % 60), SHANGHAI)


def _tomorrow(now: datetime) -> datetime:
    return _at(_day(now) + timedelta(days=1), 0)
