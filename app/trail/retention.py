"""Contact records that are old enough to go: what there is, and its deletion with a proof on the trail.

Notes, approaches and attached files of cases that closed longer ago than the county keeps them, and the words and
numbers of messages as old. The case, its history, promises and amounts stay: figures read none of what goes.
"""

import hashlib
import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from datetime import date
from typing import Any

from sqlalchemy import Column, ColumnElement, Select, Table, delete, func, select, update
from sqlalchemy.orm import Session, aliased

from app import audit
from app.accounts.rules import Scope
from app.cases.models import Case
from app.cases.queries import cases_in, place_of
from app.contacts.models import Approach, Attachment, Contact
from app.db import Base
from app.files import FileStore
from app.labels import T
from app.loans.models import Loan
from app.loans.queries import loans_in
from app.policies.queries import Policies
from app.policies.rules import Key
from app.publicity.models import Publicity
from app.reminders.models import InboundMessage, OutboxMessage
from app.trail.rules import TrailRefused

_GOING = (Attachment, Contact, Approach)  # in this order: each refers to those after it
_GONE = ""


@dataclass(frozen=True, slots=True)
class Old:
    """What a retention run takes away: records of cases that closed on ``until`` or before."""

    until: date
    cases: int
    contacts: int
    approaches: int
    attachments: int
    messages: int
    replies: int

    @property
    def is_empty(self) -> bool:
        return not (self.contacts or self.approaches or self.attachments or self.messages or self.replies)


def limit_day(session: Session, scope: Scope, today: date) -> date:
    """The last day on which a case may have closed for its contact records to be old enough."""
    years = Policies(session, today)(Key.CONTACT_YEARS, place_of(session, scope))
    try:
        return today.replace(year=today.year - years)
    except ValueError:  # 29 February
        return today.replace(year=today.year - years, day=28)


def preview(session: Session, scope: Scope, today: date) -> Old:
    """Counts of what would go today."""
    until = limit_day(session, scope, today)
    cases = _cases(scope, until)
    touched = select(func.count(func.distinct(Contact.case_id))).where(Contact.case_id.in_(cases))

    def number(model: type[Base], condition: ColumnElement[bool]) -> int:
        return session.scalar(select(func.count()).select_from(model).where(condition)) or 0

    return Old(
        until,
        cases=session.scalar(touched) or 0,
        contacts=number(Contact, Contact.case_id.in_(cases)),
        approaches=number(Approach, Approach.case_id.in_(cases)),
        attachments=number(Attachment, Attachment.case_id.in_(cases)),
        messages=number(OutboxMessage, _old_messages(scope, until)),
        replies=number(InboundMessage, _old_replies(scope, until)),
    )


def _cases(scope: Scope, until: date) -> Select[Any]:
    """Long closed, of loans that have not come back since."""
    again = aliased(Case)
    open_again = select(again.id).where(again.loan_id == Case.loan_id, again.closed_on.is_(None)).exists()
    return select(Case.id).where(Case.closed_on <= until, cases_in(scope), ~open_again)


def _their(scope: Scope, column: Any) -> ColumnElement[bool]:
    return column.in_(select(Loan.borrower_id).where(loans_in(scope)))  # type: ignore[no-any-return]


def _old_messages(scope: Scope, until: date) -> ColumnElement[bool]:
    old = OutboxMessage.day <= until
    return old & (OutboxMessage.text != _GONE) & _their(scope, OutboxMessage.borrower_id)


def _old_replies(scope: Scope, until: date) -> ColumnElement[bool]:
    old = func.date(InboundMessage.received_at) <= until
    return old & (InboundMessage.text != _GONE) & _their(scope, InboundMessage.borrower_id)


def run(session: Session, scope: Scope, actor: str, until: date, today: date) -> tuple[Old, list[str]]:
    """Delete what ``preview`` counted, by the day that it said. Raises TrailRefused when that is not old enough.

    The trail keeps how much it was and a digest of it. Returns the hashes of files that nothing refers to any more;
    remove them once this is committed, by ``remove_files``.
    """
    if until > limit_day(session, scope, today):
        raise TrailRefused(T("These records are not old enough to be deleted."))
    found = preview(session, scope, today)
    cases = list(session.scalars(_cases(scope, until)))
    files: list[str] = []
    proof = hashlib.sha256()
    for start in range(0, len(cases), 500):
        files += _delete(session, cases[start : start + 500], proof)
    _empty(session, OutboxMessage, _old_messages(scope, until), proof)
    _empty(session, InboundMessage, _old_replies(scope, until), proof)
    told = {**asdict(found), "until": until.isoformat(), "sha256": proof.hexdigest()}
    audit.record(
        session,
        actor,
        "trail.retention",
        "region",
        scope.region or "",
        **told,
    )
    session.expire_all()
    return found, _unused(session, files)


def _delete(session: Session, cases: list[int], proof: Any) -> list[str]:
    for model in _GOING:
        table: Table = model.__table__  # type: ignore[assignment]
        rows = session.execute(
            select(table).where(table.c.case_id.in_(cases)).order_by(table.c.id)
        ).mappings()
        _tell(proof, table.name, rows)
    digests = list(session.scalars(select(Attachment.digest).where(Attachment.case_id.in_(cases))))
    for model in _GOING:
        going = select(model.id).where(model.case_id.in_(cases))
        for column in _referring(model.__table__):  # type: ignore[arg-type]
            session.execute(update(column.table).where(column.in_(going)).values({column: None}))
        session.execute(delete(model).where(model.case_id.in_(cases)))
    return digests


def _tell(proof: Any, name: str, rows: Iterable[Any]) -> None:
    for row in rows:
        line = json.dumps([name, {k: str(v) for k, v in row.items()}], sort_keys=True, ensure_ascii=False)
        proof.update(line.encode() + b"\n")


def _referring(table: Table) -> list[Column[Any]]:
    """Columns elsewhere that name a row of the table; they will name none."""
    going = {model.__table__ for model in _GOING}
    return [
        key.parent
        for other in Base.metadata.tables.values()
        if other not in going
        for key in other.foreign_keys
        if key.column.table is table
    ]


def _empty(session: Session, model: Any, condition: ColumnElement[bool], proof: Any) -> None:
    """The words and the number go; that there was a message, and what it cost, stays."""
    rows = session.execute(select(model.id, model.text).where(condition).order_by(model.id)).mappings()
    _tell(proof, model.__tablename__, rows)
    session.execute(
        update(model).where(condition).values(text=_GONE, phone=_GONE),
        execution_options={"synchronize_session": False},
    )


def _unused(session: Session, digests: list[str]) -> list[str]:
    """Of these the ones that no other case and no event shows."""
    left = set(digests)
    for column in (Attachment.digest, Publicity.photo_digest):
        left -= {one for one in session.scalars(select(column).where(column.in_(left))) if one}
    return sorted(left)


def remove_files(store: FileStore, digests: list[str]) -> int:
    """Remove files from the instance folder; returns how many there were."""
    number = 0
    for digest in digests:
        path = store.folder / digest
        number += path.exists()
        path.unlink(missing_ok=True)
        path.with_name(f"{digest}.small").unlink(missing_ok=True)
    return number
