"""What somebody who waits for an import is told: how far it is, and whether anybody is working on it."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.orm import Session

from app.heartbeat import SILENCE, last_beat
from app.labels import Labelled, T, Text
from app.ledger.models import BatchState, ImportBatch
from app.ledger.queries import next_for_worker
from app.ledger.store import LedgerStore

UNDER_WAY = frozenset({BatchState.UPLOADED, BatchState.ACCEPTED})
_WAITING = T("Waiting for the worker")
_QUEUED = T("Another ledger comes first")


class Part(Labelled):
    """The parts of the work, under the names by which they are told."""

    READ = "read", T("Reading the rows")
    STAGE = "stage", T("Putting the rows in order")
    COMPARE = "compare", T("Comparing them with what is known")
    TAKE = "take", T("Taking the rows")
    SWEEP = "sweep", T("Opening and closing cases, counting the figures")


@dataclass(frozen=True, slots=True)
class Watch:
    """``silent``: nobody has given a sign of life for a while; ``last_sign`` None means never."""

    percent: int
    label: Text
    silent: bool
    last_sign: datetime | None


def watch(session: Session, store: LedgerStore, batch: ImportBatch, moment: datetime) -> Watch:
    """How far the work on a batch is. Progress counts as a sign of life: a long write holds up the heartbeat."""
    first = next_for_worker(session)
    signs = [last_beat(session), store.told_at(batch.id), store.told_at(first.id) if first else None]
    last_sign = max((sign for sign in signs if sign is not None), default=None)
    silent = last_sign is None or moment - last_sign > SILENCE
    told = store.progress(batch.id)
    percent = told.percent if told else 0
    if told is not None and not silent:
        return Watch(percent, Part(told.part).label, silent, last_sign)
    queued = not silent and first is not None and first.id != batch.id
    return Watch(percent, _QUEUED if queued else _WAITING, silent, last_sign)
