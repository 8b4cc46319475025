"""What a run came to: our tables against the provider's own history, and against what people asked for."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

from sqlalchemy import func, select

from app.db import db, reading
from app.reminders.models import OutboxMessage, SendAttempt
from app.reminders.states import State
from tests.prove import county
from tests.prove.provider import Provider, lines_of, number_of

OPEN = (State.PENDING, State.SENDING, State.UNKNOWN)
PERSON = (State.REVIEW, State.FAILED, State.EXPIRED)
LAST_DAY = county.TODAY.replace(day=county.TODAY.day + 1)  # the clock jumps over one midnight


@dataclass
class Result:
    """Counts of messages, but for ``kills``. ``against``: sent although the borrower had opted out or repaid."""

    messages: int
    kills: int = 0
    lost: int = 0
    twice: int = 0
    unknown: int = 0
    arrived: int = 0  # left to a person, and the provider has it
    never_arrived: int = 0
    against: int = 0
    at_night: int = 0
    unheard: int = 0  # receipts that we took and that changed nothing
    believed: int = 0  # forged receipts and replies
    seconds: float = 0
    faults: Counter[str] = field(default_factory=Counter)
    points: Counter[str] = field(default_factory=Counter)

    @property
    def good(self) -> bool:
        wrong = (
            self.lost,
            self.twice,
            self.unknown,
            self.against,
            self.at_night,
            self.unheard,
            self.believed,
        )
        return not any(wrong)

    @property
    def person(self) -> int:
        return self.arrived + self.never_arrived


def tally() -> Counter[State]:
    """How many of today's messages are in each state; connections are left to nobody."""
    with reading():
        query = select(OutboxMessage.state, func.count()).where(OutboxMessage.day <= LAST_DAY)
        found = Counter(dict(db.session.execute(query.group_by(OutboxMessage.state)).all()))
        db.session.remove()
    db.engine.dispose()
    return found


@dataclass(frozen=True)
class Ours:
    """Today's message to one number."""

    state: State
    fence: int
    provider_id: str | None
    attempts: tuple[float, ...]  # when each was claimed


def ours() -> dict[str, Ours]:
    with reading():
        begun: dict[int, list[float]] = {}
        for number, at in db.session.execute(select(SendAttempt.message_id, SendAttempt.begun_at)):
            begun.setdefault(number, []).append(at.timestamp())
        query = select(OutboxMessage).where(OutboxMessage.day <= LAST_DAY)
        found = {
            m.phone: Ours(m.state, m.fence, m.provider_id, tuple(begun.get(m.id, ())))
            for m in db.session.scalars(query)
        }
        db.session.remove()
    db.engine.dispose()
    return found


def judge(rows: dict[str, Ours], provider: Provider, messages: int, wishes: Path) -> Result:
    """Against what had to be sent, which no table of ours decides."""
    taken, result = provider.taken(), Result(messages)
    unwanted = _wishes(result, rows, taken, lines_of(wishes))
    for number in map(county.phone, range(messages)):
        row, times = rows.get(number), taken[number]
        state = row.state if row else None
        result.twice += times > 1
        result.unknown += state in OPEN
        if state in PERSON:
            result.arrived += times > 0
            result.never_arrived += times == 0
        result.lost += times == 0 and state not in OPEN + PERSON and number not in unwanted
    result.lost += len(set(taken) - {county.phone(n) for n in range(messages)})
    _receipts(result, rows, provider)
    return result


def _wishes(
    result: Result, rows: dict[str, Ours], taken: Counter[str], told: Iterable[dict[str, object]]
) -> set[str]:
    """The numbers that may go without a message."""
    free = set()
    for wish in told:
        phone, at = str(wish["phone"]), float(str(wish["at"]))
        row = rows.get(phone)
        if wish["kind"] == "forged":
            result.points["forged replies"] += 1
            result.believed += wish["answer"] != 403 or (row is not None and row.state is State.SUPPRESSED)
        elif wish["kind"] == "stop":
            in_time = row is None or row.state is State.SUPPRESSED
            result.points["opted out in time" if in_time else "opted out, too late"] += 1
            late = row is not None and any(begun > at for begun in row.attempts)
            never = row is None or row.fence == 0
            result.against += late or (never and taken[phone] > 0)
            if in_time:
                free.add(phone)
        elif wish["never"]:
            result.points["repaid in time"] += 1
            result.against += taken[phone] > 0
            free.add(phone)
    return free


def _receipts(result: Result, rows: dict[str, Ours], provider: Provider) -> None:
    """A receipt that we answered with 200 is in our tables for ever, and a forged one was never believed."""
    for told in provider.receipts():
        forged = told["status"] == "forged"
        result.points["forged receipts" if forged else "receipts"] += 1
        if forged:
            result.believed += told["answer"] == 200
        elif told["answer"] == 200:
            result.points["receipts taken"] += 1
            row = rows.get(number_of(told["to"]))
            delivered = row is not None and row.state is State.DELIVERED
            result.unheard += told["status"] == "delivered" and not delivered
