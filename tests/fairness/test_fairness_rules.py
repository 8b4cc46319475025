"""The guard: each rule as a line of a table, then the whole against a slow and obvious model."""

from datetime import date, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.clock import SHANGHAI
from app.fairness.rules import Allowed, Approach, Done, History, Limits, Refused, breaches, judge, when
from app.fairness.table import RULES, Kept, Rule
from app.fairness.words import Channel, Mark, Reached, Reaches
from app.labels import T

LIMITS = Limits(
    contact_from=8 * 60, contact_until=22 * 60, calls_per_day=3, unanswered_per_day=6, just_called=30,
    sms_from=8 * 60, sms_until=20 * 60, sms_per_day=1, sms_per_week=3,
)  # fmt: skip
ME, OTHER = 1, 2
NUMBER, SECOND = 10, 11
WANG = T("王五（支行）")


def at(text: str) -> datetime:
    return datetime.fromisoformat(f"2023-12-{text}").replace(tzinfo=SHANGHAI)


def called(text: str, reached: Reached | None = Reached.BORROWER, **changed: Any) -> Done:
    filled: dict[str, Any] = {"phone_id": NUMBER, "user_id": ME, "who": WANG} | changed
    return Done(at(text), Channel.CALL, reached, **filled)


def unanswered(text: str, **changed: Any) -> Done:
    return called(text, Reached.NOBODY, **changed)


def sms(text: str) -> Done:
    return Done(at(text), Channel.SMS, Reached.BORROWER)


CALL = Approach(Channel.CALL, ME, NUMBER)
VISIT, LETTER, NOTE = Approach(Channel.VISIT, ME), Approach(Channel.LETTER, ME), Approach(Channel.NOTE, ME)
SMS = Approach(Channel.SMS)
FAMILY = Approach(Channel.CALL, ME, NUMBER, third_party=True, reason="三次上门无人")
FAMILY_WITHOUT_REASON = Approach(Channel.CALL, ME, NUMBER, third_party=True, reason="  ")


def marked(*marks: Mark, done: tuple[Done, ...] = ()) -> History:
    return History(done, frozenset(marks))


def history(*done: Done) -> History:
    return History(done)


THREE = (called("05T08:10"), called("05T12:00"), called("05T15:00"))
SIX = tuple(unanswered(f"05T{hour:02}:00") for hour in range(9, 15))

TABLE: list[tuple[str, History, Approach, str, Rule | None, str | None]] = [
    # what is known, what is about to happen, when; which rule forbids it, and until when
    ("nothing is known", history(), CALL, "05T10:00", None, None),
    ("the first minute of the day", history(), CALL, "05T08:00", None, None),
    ("the last minute before it", history(), CALL, "05T07:59", Rule.HOURS, "05T08:00"),
    ("the last minute of the day", history(), CALL, "05T21:59", None, None),
    ("the first of the night", history(), CALL, "05T22:00", Rule.HOURS, "06T08:00"),
    ("a visit at night", history(), VISIT, "05T23:00", Rule.HOURS, "06T08:00"),
    ("a letter has no hours", history(), LETTER, "05T23:00", None, None),
    ("a note has none either", history(), NOTE, "05T03:00", None, None),
    ("a message in the evening", history(), SMS, "05T20:00", Rule.SMS_HOURS, "06T08:00"),
    ("three calls, one of another line", history(*THREE), CALL, "05T16:00", Rule.CALLS_PER_DAY, "06T08:00"),
    ("three yesterday", history(*THREE), CALL, "06T08:00", None, None),
    ("a visit after three calls", history(*THREE), VISIT, "05T16:00", None, None),
    ("two calls and one that nobody noted", history(*THREE[:2], called("05T15:00", None)), CALL, "05T16:00",
     Rule.CALLS_PER_DAY, "06T08:00"),
    ("six unanswered", history(*SIX), CALL, "05T16:00", Rule.UNANSWERED_PER_DAY, "06T08:00"),
    ("six at another number", history(*SIX), Approach(Channel.CALL, ME, SECOND), "05T16:00", None, None),
    ("five unanswered", history(*SIX[:5]), CALL, "05T16:00", None, None),
    ("somebody else called just now", history(unanswered("05T10:32", user_id=OTHER)), CALL, "05T10:40",
     Rule.JUST_CALLED, "05T11:02"),
    ("that is over", history(called("05T10:32", user_id=OTHER)), CALL, "05T11:02", None, None),
    ("somebody else called late", history(called("05T21:50", user_id=OTHER)), CALL, "05T21:55",
     Rule.JUST_CALLED, "06T08:00"),
    ("one's own without an answer", history(unanswered("05T10:32")), CALL, "05T10:33", None, None),
    ("one's own that was answered", history(called("05T10:32")), CALL, "05T10:33", Rule.JUST_CALLED, "05T11:02"),
    ("one's own that nobody noted", history(called("05T10:32", None)), CALL, "05T10:33", None, None),
    ("somebody else, without grounds", history(), FAMILY, "05T10:00", Rule.THIRD_PARTY, None),
    ("with grounds and reason", marked(Mark.UNREACHABLE), FAMILY, "05T10:00", None, None),
    ("with grounds, no reason", marked(Mark.UNREACHABLE), FAMILY_WITHOUT_REASON, "05T10:00", Rule.THIRD_PARTY, None),
    ("the borrower has died", marked(Mark.DEATH), FAMILY, "05T10:00", None, None),
    ("the borrower is incapable", marked(Mark.INCAPABLE), FAMILY, "05T10:00", None, None),
    ("after a refusal never", marked(Mark.UNREACHABLE, Mark.NO_THIRD_PARTY), FAMILY, "05T10:00",
     Rule.THIRD_PARTY_REFUSED, None),
    ("the channel is enough", marked(), Approach(Channel.THIRD_PARTY, ME), "05T10:00", Rule.THIRD_PARTY, None),
    ("illness", marked(Mark.ILLNESS), CALL, "05T10:00", Rule.HARDSHIP, None),
    ("disaster stops messages", marked(Mark.DISASTER), SMS, "05T10:00", Rule.HARDSHIP, None),
    ("death", marked(Mark.DEATH), CALL, "05T10:00", Rule.HARDSHIP, None),
    ("a visit in hardship is wanted", marked(Mark.ILLNESS), VISIT, "05T10:00", None, None),
    ("not the family of the ill", marked(Mark.ILLNESS, Mark.UNREACHABLE), FAMILY, "05T10:00", Rule.HARDSHIP, None),
    ("hardship before the hour", marked(Mark.ILLNESS), CALL, "05T23:00", Rule.HARDSHIP, None),
    ("opt-out", marked(Mark.OPT_OUT), SMS, "05T10:00", Rule.OPT_OUT, None),
    ("opt-out is of messages", marked(Mark.OPT_OUT), CALL, "05T10:00", None, None),
    ("a wrong number", History(wrong_numbers=frozenset({NUMBER})), CALL, "05T10:00", Rule.WRONG_NUMBER, None),
    ("another number", History(wrong_numbers=frozenset({SECOND})), CALL, "05T10:00", None, None),
    ("a message today already", history(sms("05T09:00")), SMS, "05T12:00", Rule.SMS_PER_DAY, "06T08:00"),
    ("three in seven days", history(sms("01T09:00"), sms("02T09:00"), sms("04T09:00")), SMS, "05T12:00",
     Rule.SMS_PER_WEEK, "08T08:00"),
    ("three in eight days", history(sms("01T09:00"), sms("02T09:00"), sms("04T09:00")), SMS, "08T08:00", None, None),
    ("messages are no calls", history(sms("05T09:00")), CALL, "05T12:00", None, None),
]  # fmt: skip


@pytest.mark.parametrize(
    ("known", "about", "now", "rule", "until"), [row[1:] for row in TABLE], ids=[r[0] for r in TABLE]
)
def test_the_table(known: History, about: Approach, now: str, rule: Rule | None, until: str | None) -> None:
    answer = judge(known, about, LIMITS, at(now))
    if rule is None:
        assert answer == Allowed()
        return
    assert isinstance(answer, Refused) and answer.rule is rule
    assert answer.possible_at == (at(until) if until else None)
    assert answer.source == RULES[rule].source and "%(" not in str(answer.sentence)


def test_every_rule_that_refuses_is_in_the_table_above() -> None:
    tried = {row[4] for row in TABLE}
    assert {rule for rule, definition in RULES.items() if definition.kept is Kept.REFUSED} <= tried
    assert list(RULES) == list(Rule)


def test_the_refusal_names_who_called_and_when() -> None:
    answer = judge(history(unanswered("05T10:32", user_id=OTHER)), CALL, LIMITS, at("05T10:40"))
    assert isinstance(answer, Refused) and str(answer.sentence) == "王五（支行） called at 10:32."
    assert str(when(answer.possible_at, date(2023, 12, 5))) == "Possible from 11:02 today."
    assert str(when(None, date(2023, 12, 5))) == "Waiting does not change this."
    assert str(when(at("06T08:00"), date(2023, 12, 5))) == "Possible from 08:00 tomorrow."
    assert str(when(at("09T08:00"), date(2023, 12, 5))) == "Possible from 2023-12-09 08:00."


# Any history against a model that looks minute by minute

_moments = st.integers(0, 3 * 24 * 60 - 1).map(lambda minute: at("04T00:00") + timedelta(minutes=minute))
_done = st.builds(
    Done,
    at=_moments,
    channel=st.sampled_from([Channel.CALL, Channel.CALL, Channel.CALL, Channel.SMS, Channel.VISIT]),
    reached=st.sampled_from([None, *Reached]),
    phone_id=st.sampled_from([None, NUMBER, SECOND]),
    user_id=st.sampled_from([ME, OTHER]),
)
_histories = st.builds(
    History,
    done=st.lists(_done, max_size=14).map(tuple),
    marks=st.frozensets(st.sampled_from(Mark), max_size=2),
    wrong_numbers=st.frozensets(st.just(SECOND), max_size=1),
)
_approaches = st.sampled_from([CALL, VISIT, SMS, LETTER, FAMILY, Approach(Channel.CALL, ME, SECOND)])


def slow(known: History, about: Approach, now: datetime) -> bool:
    """May it be done? In the words of the rules, and nothing else."""
    if about.channel is Channel.LETTER:
        return True
    until = 20 if about.channel is Channel.SMS else 22
    if not 8 <= now.hour < until:
        return False
    ill = bool({Mark.ILLNESS, Mark.DISASTER} & known.marks)
    dead = Mark.DEATH in known.marks
    if about.third_party:
        grounds = {Mark.UNREACHABLE, Mark.DEATH, Mark.INCAPABLE} & known.marks
        if ill or not grounds or Mark.NO_THIRD_PARTY in known.marks:
            return False
    elif about.channel is not Channel.VISIT and (ill or dead):
        return False
    today = [done for done in known.done if done.at.date() == now.date()]
    if about.channel is Channel.CALL:
        calls = [done for done in today if done.channel is Channel.CALL]
        reached = [done for done in calls if done.reached != Reached.NOBODY]
        missed = [d for d in calls if d.reached in (None, Reached.NOBODY) and d.phone_id == about.phone_id]
        if about.phone_id in known.wrong_numbers or len(reached) >= 3 or len(missed) >= 6:
            return False
        for done in known.done:
            theirs = done.user_id != ME or done.reached not in (None, Reached.NOBODY)
            since = (now - done.at).total_seconds()
            if done.channel is Channel.CALL and theirs and 0 <= since < 1800:
                return False
    if about.channel is Channel.SMS:
        sent = [d for d in known.done if d.channel is Channel.SMS]
        if Mark.OPT_OUT in known.marks or any(d in today for d in sent):
            return False
        if sum(0 <= (now.date() - d.at.date()).days < 7 for d in sent) >= 3:
            return False
    return True


@given(_histories, _approaches, _moments)
@settings(max_examples=300)
def test_the_guard_agrees_with_the_model(known: History, about: Approach, now: datetime) -> None:
    answer = judge(known, about, LIMITS, now)
    assert isinstance(answer, Allowed) == slow(known, about, now)


@given(_histories, _approaches, _moments)
@settings(max_examples=60)
def test_what_is_refused_is_possible_exactly_when_it_says(
    known: History, about: Approach, now: datetime
) -> None:
    """If nothing happens meanwhile: at no minute before, and at that one."""
    before = History(tuple(done for done in known.done if done.at <= now), known.marks, known.wrong_numbers)
    answer = judge(before, about, LIMITS, now)
    if not isinstance(answer, Refused):
        return
    minutes = (now.replace(second=0) + timedelta(minutes=n) for n in range(9 * 24 * 60))
    first = next((minute for minute in minutes if slow(before, about, minute)), None)
    assert answer.possible_at == first


def test_the_model_notices_a_wrong_rule(monkeypatch: pytest.MonkeyPatch) -> None:
    """The control: without the pooled limit of calls the two no longer agree."""
    from app.fairness import rules

    monkeypatch.setattr(rules, "_CHECKS", tuple(c for c in rules._CHECKS if c is not rules._calls))
    assert not slow(history(*THREE), CALL, at("05T16:00"))
    assert judge(history(*THREE), CALL, LIMITS, at("05T16:00")) == Allowed()


# What has happened


def test_what_was_allowed_is_no_breach() -> None:
    assert breaches(history(called("05T08:10")), called("05T15:00"), LIMITS, CALL) == []
    assert breaches(history(), Done(at("05T23:00"), Channel.LETTER, Reached.BORROWER), LIMITS, LETTER) == []
    assert (
        breaches(marked(Mark.ILLNESS), Done(at("05T23:00"), Channel.NOTE, Reached.NOBODY), LIMITS, NOTE) == []
    )


@pytest.mark.parametrize(
    ("known", "happened", "about", "codes"),
    [
        (history(), called("05T22:30"), CALL, ["hours"]),
        (history(), Done(at("05T06:00"), Channel.VISIT, Reached.BORROWER), VISIT, ["hours"]),
        (history(*THREE), called("05T16:00"), CALL, ["calls_per_day"]),
        (history(*THREE), unanswered("05T16:00"), CALL, []),
        (history(*SIX), unanswered("05T16:00"), CALL, ["unanswered_per_day"]),
        (history(*SIX), called("05T16:00"), CALL, []),
        (history(called("05T15:50", user_id=OTHER)), unanswered("05T16:00"), CALL, ["just_called"]),
        (history(called("05T16:10", user_id=OTHER)), unanswered("05T16:00"), CALL, []),
        (marked(Mark.ILLNESS), called("05T23:00"), CALL, ["hardship", "hours"]),
        (marked(), called("05T16:00", Reached.FAMILY), FAMILY, ["third_party"]),
        (History(wrong_numbers=frozenset({NUMBER})), called("05T16:00"), CALL, ["wrong_number"]),
    ],
)
def test_breaches(known: History, happened: Done, about: Approach, codes: list[str]) -> None:
    assert breaches(known, happened, LIMITS, about) == codes


@given(st.permutations([9, 11, 13, 15, 17]))
def test_in_whatever_order_they_are_noted_each_call_too_many_is_marked(hours: list[int]) -> None:
    """Pooled over both lines and all loans: five calls on a day are two too many."""
    noted: list[Done] = []
    broken = 0
    for number, hour in enumerate(hours):
        done = called(f"05T{hour:02}:00", user_id=number % 2)
        about = Approach(Channel.CALL, done.user_id, NUMBER)
        broken += "calls_per_day" in breaches(History(tuple(noted)), done, LIMITS, about)
        noted.append(done)
    assert broken == 2


def test_words_have_their_codes() -> None:
    assert [reach.value for reach in Reaches] == ["unknown", "yes", "no_answer", "wrong"]
