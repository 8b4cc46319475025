"""Files for a lender's own platform: each message in one of them, the same bytes again, results read as receipts."""

import csv
from datetime import datetime, timedelta
from io import StringIO
from pathlib import Path

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.files import FileStore
from app.places.models import Lender
from app.privacy import keyring
from app.reminders.batches import ResultRefused, fetch, make_batches, take_results
from app.reminders.models import HandoffBatch, OutboxMessage
from app.reminders.moves import Clocks
from app.reminders.plan import plan
from app.reminders.rules import Timings
from app.reminders.states import State
from app.sms.handoff import SERIAL, STATUS, Why
from tests.loans.portfolio import AGANG, collector
from tests.prove import county
from tests.reminders.test_outbox import NINE, clocks

COUNTY = "530324"


@pytest.fixture
def store(app: object, tmp_path: Path) -> FileStore:
    return FileStore(tmp_path, keyring(), "batches")


@pytest.fixture
def planned(session: Session) -> Session:
    county.fill(session, 4)
    plan(session, NINE)
    session.commit()
    return session


def make(session: Session, store: FileStore, at: Clocks | None = None) -> list[HandoffBatch]:
    made = make_batches(session, store, "w", at or clocks(), Timings())
    session.commit()
    return made


def rows_of(store: FileStore, batch: HandoffBatch) -> list[list[str]]:
    return list(csv.reader(StringIO((store.read(batch.csv) or b"").decode("gb18030"))))


def messages(session: Session) -> list[OutboxMessage]:
    session.expire_all()
    query = select(OutboxMessage).where(OutboxMessage.day == county.TODAY).order_by(OutboxMessage.id)
    return list(session.scalars(query))


def test_what_may_leave_stands_in_one_file_and_in_no_other(planned: Session, store: FileStore) -> None:
    (batch,) = make(planned, store)
    head, *lines = rows_of(store, batch)
    serials = [line[head.index(SERIAL)] for line in lines]
    found = messages(planned)
    assert sorted(serials) == sorted(m.provider_id or "" for m in found) and len(set(serials)) == 4
    assert {m.state for m in found} == {State.ACCEPTED} and {m.batch_id for m in found} == {batch.id}
    assert make(planned, store) == [], "a second batch held a message of the first"


def test_each_lender_has_a_file_of_its_own(planned: Session, store: FileStore) -> None:
    other = Lender(name="罗平县村镇银行")
    planned.add(other)
    planned.flush()
    messages(planned)[0].lender_id = other.id
    planned.commit()
    made = make(planned, store)
    assert {one.lender_id: one.messages for one in made}[other.id] == 1
    assert sum(one.messages for one in made) == 4 and len(made) == 2


def test_a_batch_that_is_not_committed_takes_no_message(planned: Session, store: FileStore) -> None:
    make_batches(planned, store, "w", clocks(), Timings())
    planned.rollback()
    assert {m.state for m in messages(planned)} == {State.PENDING}
    assert [one.messages for one in make(planned, store)] == [4]


def test_nothing_leaves_at_night(planned: Session, store: FileStore) -> None:
    night = clocks(NINE.replace(hour=22))
    assert make(planned, store, night) == []
    assert {m.state for m in messages(planned)} == {State.PENDING}


def test_the_file_is_the_same_bytes_again(planned: Session, store: FileStore) -> None:
    (batch,) = make(planned, store)
    who = collector(planned, AGANG, "clerk")
    once = [fetch(planned, store, batch, kind, who, NINE) for kind in ("xlsx", "csv")]
    again = [fetch(planned, store, batch, kind, who, NINE + timedelta(days=9)) for kind in ("xlsx", "csv")]
    assert once == again and once[0][:2] == b"PK"
    assert batch.downloaded_at == NINE and batch.downloaded_by_id == who.id, "the first fetch is kept"


def test_a_file_that_is_gone_is_told(planned: Session, store: FileStore, tmp_path: Path) -> None:
    (batch,) = make(planned, store)
    (tmp_path / "batches" / batch.csv).unlink()
    with pytest.raises(LookupError):
        fetch(planned, store, batch, "csv", collector(planned, AGANG, "clerk"), NINE)


def result(session: Session, rows: list[list[object]], content: bytes = b"1", at: datetime = NINE) -> object:
    taken = take_results(session, COUNTY, "回执.xlsx", content, rows, "clerk", clocks(at))
    session.commit()
    return taken


def test_a_result_file_is_read_as_receipts(planned: Session, store: FileStore) -> None:
    make(planned, store)
    first, second, third, _ = messages(planned)
    rows: list[list[object]] = [
        [SERIAL, STATUS],
        [first.provider_id, "成功"],
        [second.provider_id, "空号"],
        ["HOnobody", "成功"],
        [third.provider_id, "？？"],
    ]
    taken = result(planned, rows)
    assert (taken.new, taken.known, taken.left_count) == (2, 0, 2)  # type: ignore[attr-defined]
    assert taken.left == [[4, Why.NO_SUCH_MESSAGE], [5, Why.STATUS_UNKNOWN]]  # type: ignore[attr-defined]
    states = [m.state for m in messages(planned)]
    assert states == [State.DELIVERED, State.UNDELIVERED, State.ACCEPTED, State.ACCEPTED]
    later = result(planned, rows, b"2")
    assert (later.new, later.known) == (0, 2)  # type: ignore[attr-defined]


def test_the_same_file_again_and_one_that_is_none_are_refused(planned: Session, store: FileStore) -> None:
    make(planned, store)
    rows: list[list[object]] = [[SERIAL, STATUS], [messages(planned)[0].provider_id, "成功"]]
    result(planned, rows)
    with pytest.raises(ResultRefused, match="taken before, by clerk"):
        result(planned, rows)
    with pytest.raises(ResultRefused, match="no column for the status"):
        result(planned, [["日报"], ["一切正常"]], b"3")


def test_another_countys_messages_are_none_of_its_business(planned: Session, store: FileStore) -> None:
    make(planned, store)
    rows: list[list[object]] = [[SERIAL, STATUS], [messages(planned)[0].provider_id, "成功"]]
    taken = take_results(planned, "530325", "回执.csv", b"1", rows, "clerk", clocks())
    assert (taken.new, taken.left_count) == (0, 1)


def test_switching_the_provider_sends_nothing_again(planned: Session, store: FileStore) -> None:
    from app.reminders import outbox

    make(planned, store)
    assert outbox.claim(planned, "sandbox", "w", clocks(), Timings(), 9, lambda: "t") == []
