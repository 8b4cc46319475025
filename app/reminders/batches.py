"""Batches for a lender's own platform: what may leave now as files that a person brings there, and what came back.

A batch and the claims of its messages are one transaction: a message stands in one file, or still waits. Nothing is
sent meanwhile, so there is no outcome to be unsure of.
"""

import hashlib
import secrets
from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import date, datetime, timedelta

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from app import audit
from app.accounts.models import User
from app.db import own_setting
from app.files import FileStore
from app.labels import Declined, T
from app.places.queries import within
from app.places.rules import CODE_LENGTHS, Level
from app.reminders import outbox
from app.reminders.inbound import hear
from app.reminders.models import MOST_LEFT, HandoffBatch, HandoffResult, OutboxMessage
from app.reminders.moves import Clocks
from app.reminders.rules import Timings
from app.sms.handoff import BatchRow, Handoff, NotAResult, read_results, write_batch
from app.sms.protocol import Accepted

AT_ONCE = 500  # messages claimed by one round
ANSWERED_WITHIN = 60  # days in which a platform reports
COUNTY = CODE_LENGTHS[Level.COUNTY]
_LOCK = "reminders_results"


class ResultRefused(Declined):
    """Why a result file is not taken."""


def make_batches(
    session: Session, store: FileStore, actor: str, clocks: Clocks, timings: Timings
) -> list[HandoffBatch]:
    """Put what may leave now into one batch for each county and lender; none when nothing may. The caller commits."""
    provider, numbers = Handoff(), []
    while claims := outbox.claim(
        session, provider.name, actor, clocks, timings, AT_ONCE, lambda: secrets.token_hex(8)
    ):
        for made in claims:
            taken = provider.send(made.phone, made.text, made.token)
            outbox.finish(session, made, provider.name, taken, clocks.real, timings, 0.0)
            if isinstance(taken, Accepted):
                numbers.append(made.message_id)
    rows: dict[tuple[str, int | None], list[OutboxMessage]] = defaultdict(list)
    for first in range(0, len(numbers), AT_ONCE):
        query = select(OutboxMessage).where(OutboxMessage.id.in_(numbers[first : first + AT_ONCE]))
        for message in session.scalars(query.order_by(OutboxMessage.id)):
            rows[message.region_code[:COUNTY], message.lender_id].append(message)
    return [
        _batch(session, store, key, rows[key], actor, clocks)
        for key in sorted(rows, key=lambda key: (key[0], key[1] or 0))
    ]


def _batch(
    session: Session, store: FileStore, key: tuple[str, int | None], messages: list[OutboxMessage], actor: str,
    clocks: Clocks,
) -> HandoffBatch:  # fmt: skip
    lines = [BatchRow(message.provider_id or "", message.phone, message.text) for message in messages]
    made = HandoffBatch(
        region_code=key[0],
        lender_id=key[1],
        day=clocks.today,
        messages=len(lines),
        parts=sum(message.parts for message in messages),
        xlsx=store.keep(write_batch(lines, "xlsx")),
        csv=store.keep(write_batch(lines, "csv")),
        made_at=clocks.real,
        made_by=actor,
    )
    session.add(made)
    session.flush()
    session.execute(
        update(OutboxMessage)
        .where(OutboxMessage.id.in_([message.id for message in messages]))
        .values(batch_id=made.id)
        .execution_options(synchronize_session=False)
    )
    audit.record(
        session, actor, "reminders.batch", "batch", made.id, messages=made.messages, parts=made.parts
    )
    return made


def fetch(
    session: Session, store: FileStore, batch: HandoffBatch, kind: str, actor: User, real: datetime
) -> bytes:
    """A batch's file as "xlsx" or "csv", always the same bytes; each fetch is on the trail.

    Raises LookupError when the file is not there.
    """
    content = store.read(batch.csv if kind == "csv" else batch.xlsx)
    if content is None:
        raise LookupError(f"the file of batch {batch.id}")
    if batch.downloaded_at is None:
        batch.downloaded_at, batch.downloaded_by_id = real, actor.id
    audit.record(session, actor.username, "reminders.batch_fetched", "batch", batch.id, kind=kind)
    return content


def take_results(
    session: Session, region: str, filename: str, content: bytes, rows: Sequence[Sequence[object]], actor: str,
    clocks: Clocks,
) -> HandoffResult:  # fmt: skip
    """Read a platform's result file as receipts. Raises ResultRefused for one taken before or that is none.

    ``region``: only messages of batches within it are meant.
    """
    digest = hashlib.sha256(content).hexdigest()
    own_setting(session, _LOCK)  # two people with the same file: the second is told of the first
    before = session.scalar(
        select(HandoffResult).where(HandoffResult.region_code == region, HandoffResult.digest == digest)
    )
    if before is not None:
        raise ResultRefused(T("This file was taken before, by %(who)s.", who=before.taken_by))
    try:
        found = read_results(rows, _sent(session, region, clocks.today))
    except NotAResult:
        raise ResultRefused(
            T("The file has no column for the status, or none that says which message a row is of.")
        ) from None
    new = sum(hear(session, Handoff.name, told, clocks.today, clocks.real) for told in found.receipts)
    left = sorted([*found.unmatched, *found.refused], key=lambda one: one.row)
    made = HandoffResult(
        region_code=region,
        filename=filename[:120],
        digest=digest,
        new=new,
        known=len(found.receipts) - new,
        left_count=len(left),
        left=[[one.row, one.why.value] for one in left[:MOST_LEFT]],
        taken_at=clocks.real,
        taken_by=actor,
    )
    session.add(made)
    session.flush()
    audit.record(session, actor, "reminders.result", "result", made.id, new=new, left=len(left))
    return made


def _sent(session: Session, region: str, today: date) -> Mapping[str, str]:
    """The phone of each message in a batch of the last weeks, by its serial number."""
    query = (
        select(OutboxMessage.provider_id, OutboxMessage.phone)
        .join(HandoffBatch, HandoffBatch.id == OutboxMessage.batch_id)
        .where(
            HandoffBatch.day > today - timedelta(days=ANSWERED_WITHIN),
            within(HandoffBatch.region_code, region),
        )
    )
    return {serial: phone for serial, phone in session.execute(query) if serial}
