"""The digest of a closed month: SHA-256 over what the ledgers said of its loans, the same on every database."""

import hashlib
from collections.abc import Iterable, Iterator

from sqlalchemy import ColumnElement, Select, String, func, select
from sqlalchemy.orm import Session

from app.bulletin import closed
from app.bulletin.models import ClosedFigure, MonthClose
from app.loans.models import Snapshot
from app.loans.queries import in_region

_CHUNK = 5_000
_SAID = (
    "loan_id", "as_of", "township_code", "branch_id", "household_id", "principal", "balance", "overdue",
    "disbursed_on", "due_on", "repaid", "repaid_on",
)  # fmt: skip


_FORMAT = "|".join(["%s"] * len(_SAID))  # nothing where a ledger says nothing


def _line(of: type[Snapshot]) -> ColumnElement[str]:
    """What a ledger said of a loan, as text that is the same on every database."""
    return func.format(_FORMAT, *(getattr(of, name) for name in _SAID), type_=String)


def _chunks(session: Session, lines: Select[str]) -> Iterator[bytes]:
    """The lines, past the session: for a million of them it matters that it keeps nothing of each."""
    options, connection = {"yield_per": _CHUNK}, session.connection()
    if connection.dialect.name == "postgresql":  # all of them are wanted, not the first ones soon
        connection.exec_driver_sql("SET LOCAL cursor_tuple_fraction = 1")
    for rows in connection.execute(lines, execution_options=options).partitions():
        yield "".join([f"{row[0]}\n" for row in rows]).encode()


def township_digests(session: Session, at: closed.AtEnd, townships: Iterable[str]) -> dict[str, str]:
    """SHA-256 by township over its snapshots at a month end, one a line, by the loan's number. None without any.

    They are read a few thousand at a time, however many there are.
    """
    digests = {}
    for code in townships:
        lines = (
            select(_line(at.of)).where(at.where, in_region(at.of.township_code, code)).order_by(at.of.loan_id)
        )
        digest, size = hashlib.sha256(), 0
        for chunk in _chunks(session, lines):
            digest.update(chunk)
            size += len(chunk)
        if size:
            digests[code] = digest.hexdigest()
    return digests


def digest_over(digests: dict[str, str]) -> str:
    """SHA-256 over the townships' digests, by code."""
    text = "".join(f"{code} {digest}\n" for code, digest in sorted(digests.items()))
    return hashlib.sha256(text.encode()).hexdigest()


def is_untouched(session: Session, close: MonthClose) -> bool:
    """Do the snapshots that the closed figures are read from still give the digest of the close?"""
    at = closed.snapshots_at(session, close.region_code, close.month)
    townships = session.scalars(select(ClosedFigure.township_code).where(ClosedFigure.close_id == close.id))
    return digest_over(township_digests(session, at, townships.all())) == close.digest
