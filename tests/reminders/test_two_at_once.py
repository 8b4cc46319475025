"""Two at one time, in two real transactions: nothing is done twice, nothing that one writes is missed by the other."""

import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app.accounts.models import User
from app.db import db
from app.files import FileStore
from app.privacy import keyring
from app.reminders import outbox, reconcile
from app.reminders.batches import ResultRefused, make_batches, take_results
from app.reminders.campaigns import stop
from app.reminders.models import Campaign, HandoffBatch, OutboxMessage, SmsSpend
from app.reminders.plan import plan
from app.reminders.rules import Timings
from app.reminders.states import State
from app.sms.handoff import SERIAL, STATUS
from app.sms.protocol import Accepted, NotSent, Receipt
from app.sms.rules import Status
from tests.loans.portfolio import AGANG, collector
from tests.prove import county
from tests.reminders.test_campaigns import approved, claimed, messages, order, planned
from tests.reminders.test_outbox import NINE, TOKENS, claim, clocks, finish, states

MOMENT = 0.3  # seconds in which the other comes as far as it can
USUAL = Timings()


class Beside:
    """Does ``work`` in a session of its own, at once, and commits; ``answer()`` waits for it."""

    def __init__(self, app: Flask, work: Callable[[Session], Any]) -> None:
        self.app, self.work, self.got = app, work, None
        self.thread = threading.Thread(target=self._run, daemon=True)
        self.thread.start()
        self.thread.join(MOMENT)

    def _run(self) -> None:
        with self.app.app_context():
            try:
                self.got = self.work(db.session())
                db.session.commit()
            except Exception as error:
                db.session.rollback()
                self.got = error
            finally:
                db.session.remove()

    def answer(self) -> Any:
        self.thread.join(20)
        assert not self.thread.is_alive()
        if isinstance(self.got, Exception):
            raise self.got
        return self.got


@pytest.fixture
def six(session: Session) -> Session:
    county.fill(session, 6)
    plan(session, NINE)
    session.commit()
    return session


def test_a_receipt_and_the_answer_to_the_send_at_the_same_moment(app: Flask, six: Session) -> None:
    made = claim(six, many=1)[0]
    outbox.finish(six, made, "sandbox", Accepted("SM1"), clocks().real, USUAL, 0.5)
    reconcile.apply_receipts(six, made.message_id, clocks().real)
    receipt = Receipt("SM1", Status.DELIVERED, made.token)
    heard = Beside(app, lambda session: reconcile.take_receipt(session, "sandbox", receipt, NINE))
    six.commit()
    assert heard.answer() and states(six)[0] is State.DELIVERED


def test_a_receipt_first_and_the_answer_behind_it(app: Flask, six: Session) -> None:
    made = claim(six, many=1)[0]
    reconcile.take_receipt(six, "sandbox", Receipt("SM1", Status.DELIVERED, made.token), NINE)

    def answered(session: Session) -> None:
        outbox.finish(session, made, "sandbox", Accepted("SM1"), clocks().real, USUAL, 0.5)
        reconcile.apply_receipts(session, made.message_id, clocks().real)

    finishing = Beside(app, answered)
    six.commit()
    finishing.answer()
    assert states(six)[0] is State.DELIVERED


@pytest.mark.parametrize(("limit", "sent"), [(0, 6), (20, 4)])
def test_two_make_batches_and_no_message_stands_in_both(
    app: Flask, six: Session, tmp_path: Path, limit: int, sent: int
) -> None:
    outbox.channel_of(six, "handoff").daily_limit = limit
    six.commit()
    store = FileStore(tmp_path, keyring(), "batches")
    mine = make_batches(six, store, "a", clocks(), USUAL)
    theirs = Beside(app, lambda session: len(make_batches(session, store, "b", clocks(), USUAL)))
    assert len(mine) == 1
    six.commit()
    assert theirs.answer() == 0
    assert six.scalar(select(func.sum(HandoffBatch.messages))) == sent
    assert six.scalar(select(func.count()).where(OutboxMessage.batch_id.is_not(None))) == sent
    assert six.scalar(select(func.sum(SmsSpend.cost))) == sent * 5


def test_two_claim_and_spend_no_more_than_the_limit(app: Flask, six: Session) -> None:
    outbox.channel_of(six, "sandbox").daily_limit = 20
    six.commit()

    def take(session: Session) -> int:
        return len(outbox.claim(session, "sandbox", "b", clocks(), USUAL, 3, lambda: f"two{next(TOKENS)}"))

    mine = take(six)
    theirs = Beside(app, take)
    six.commit()
    assert mine == 3 and theirs.answer() == 1


def test_a_campaign_stopped_while_a_worker_claims(app: Flask, session: Session) -> None:
    county.fill(session, 4)
    people = [collector(session, AGANG, name) for name in ("author", "approver")]
    session.commit()
    made = approved(session, people, order())
    planned(session)
    number, who = made.id, people[0].id
    taken = outbox.claim(session, "sandbox", "w", clocks(), USUAL, 1, lambda: "stopped")
    stopping = Beside(
        app,
        lambda other: stop(
            other, other.get_one(Campaign, number), other.get_one(User, who), "文本有误", NINE
        ),
    )
    session.commit()
    assert stopping.answer() == 3
    assert finish(session, taken[0], NotSent("refused"))  # it comes back, and must not leave again
    later = clocks(real=clocks().real.replace(year=2099))
    assert outbox.claim(session, "sandbox", "w", later, USUAL, 9, lambda: "again") == []
    session.commit()
    assert {m.state for m in messages(session, made)} == {State.CANCELLED}
    assert claimed(session) == 0


def test_one_result_file_brought_by_two(app: Flask, six: Session, tmp_path: Path) -> None:
    make_batches(six, FileStore(tmp_path, keyring(), "batches"), "a", clocks(), USUAL)
    six.commit()
    number = six.scalars(
        select(OutboxMessage.provider_id).where(OutboxMessage.batch_id.is_not(None)).limit(1)
    ).one()
    rows: list[list[object]] = [[SERIAL, STATUS], [number, "成功"]]
    taken = take_results(six, "530324", "回执.xlsx", b"1", rows, "a", clocks())
    other = Beside(
        app, lambda session: take_results(session, "530324", "回执.xlsx", b"1", rows, "b", clocks())
    )
    six.commit()
    with pytest.raises(ResultRefused, match="taken before, by a"):
        other.answer()
    assert taken.new == 1
