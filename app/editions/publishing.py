"""Publishing: the number, the date, the files as they went out; and the letterhead and library behind it."""

import hashlib
from collections.abc import Callable, Iterable, Mapping
from datetime import date
from typing import Any

from sqlalchemy import delete, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from app import audit
from app.accounts.models import User
from app.bulletin import closed
from app.editions import stored
from app.editions.actions import EditionRefused, check_actor, may_step
from app.editions.clauses import CLAUSE_LENGTH, Wording
from app.editions.document import Document
from app.editions.drafting import Head, close_over, document_of, facts_of, letterhead
from app.editions.fields import resolve
from app.editions.models import Clause, DocumentNumber, Edition, EditionFile, Letterhead
from app.editions.rules import document_number
from app.editions.states import State, Step
from app.labels import T
from app.today import now

Make = Callable[[Document], Mapping[str, bytes]]
MOST_TOLD = 12  # differences that a refusal names one by one


def publish(session: Session, edition: Edition, actor: User, day: date, make: Make) -> dict[str, bytes]:
    """Give an approved bulletin its number and date, and keep its files; returns them by name.

    ``make`` writes the files of a document. The month must be closed, and everything be as it was approved. Raises
    EditionRefused with what has changed since.
    """
    edition = may_step(session, edition, Step.PUBLISH, actor)
    close = close_over(closed.governing(session, edition.region_code, edition.month), edition.region_code)
    if close is None or not closed.hold(session, close):
        raise EditionRefused(
            T("%(month)s is not closed. Close the month first; then nothing under the bulletin moves any more.",
              month=f"{edition.month:%Y-%m}")
        )  # fmt: skip
    document = document_of(session, edition)
    _as_approved(edition, document)
    if edition.replaces is not None:
        edition.replaces.state, edition.replaces.withdrawn_at = State.WITHDRAWN, now()
        session.flush()  # before the successor takes its place under the unique index
    n = _next_number(session, edition.region_code, day.year)
    number = document_number(letterhead(session, edition.region_code).prefix, day.year, n)
    printed = stored.issued(document, number, day)
    files = dict(make(printed))
    edition.state, edition.published_by_id, edition.published_at = State.PUBLISHED, actor.id, now()
    edition.number, edition.number_of, edition.issued_on = number, n, day
    edition.document = stored.to_json(printed)
    session.add_all(
        EditionFile(
            edition_id=edition.id, name=name, sha256=hashlib.sha256(content).hexdigest(), size=len(content),
            content=content,
        )
        for name, content in files.items()
    )  # fmt: skip
    for erratum in closed.errata_to_tell(session, edition.region_code):
        erratum.edition = number
    close.published_at = close.published_at or now()
    session.flush()
    audit.record(
        session, actor.username, "editions.publish", "edition", edition.id, region=edition.region_code,
        month=f"{edition.month:%Y-%m}", number=number, replaces=edition.replaces.number if edition.replaces else None,
        files={name: hashlib.sha256(content).hexdigest() for name, content in sorted(files.items())},
    )  # fmt: skip
    return files


def _as_approved(edition: Edition, document: Document) -> None:
    """Raises EditionRefused with every figure and paragraph that is not what was approved."""
    figures = stored.figures_changed(edition.approved_figures or {}, stored.figures_to_json(document.figures))
    changed = figures or stored.words_changed(edition.document or {}, stored.to_json(document))
    if not changed:
        return
    told = changed[:MOST_TOLD]
    if len(changed) > MOST_TOLD:
        told = [*told, T("and %(n)s more", n=len(changed) - MOST_TOLD)]
    raise EditionRefused(
        T(
            "Since the approval something has changed. Send the bulletin back, and have it approved as it is now."
        ),
        details=told,
    )


def _next_number(session: Session, region: str, year: int) -> int:
    """The next number of the year; its row is nobody else's until this transaction ends."""
    kept = _number_row(session, region, year)
    kept.last += 1
    session.flush()
    return kept.last


def _number_row(session: Session, region: str, year: int) -> DocumentNumber:
    dialect: Any = postgresql if session.connection().dialect.name == "postgresql" else sqlite
    first = {"region_code": region, "year": year, "last": 0}
    session.execute(dialect.insert(DocumentNumber).values(first).on_conflict_do_nothing())
    query = select(DocumentNumber).where(DocumentNumber.region_code == region, DocumentNumber.year == year)
    return session.scalars(query.with_for_update(), execution_options={"populate_existing": True}).one()


def set_letterhead(session: Session, region: str, head: Head, actor: User) -> None:
    """Keep what a region's bulletins have in common. Raises EditionRefused."""
    check_actor(actor, region)
    if not head.prefix or any(character in head.prefix for character in "〔〕[]（）0123456789 "):
        raise EditionRefused(
            T("The prefix stands before the year, such as 罗乡振联发: words alone."), "prefix"
        )
    if not head.signatory:
        raise EditionRefused(T("Say who signs."), "signatory")
    before = letterhead(session, region)
    if before == head and session.get(Letterhead, region) is not None:
        return
    session.merge(
        Letterhead(
            region_code=region, prefix=head.prefix, signatory=head.signatory, red_head=head.red_head,
            addressed_to=head.addressed_to, copies_to=head.copies_to,
        )
    )  # fmt: skip
    session.flush()
    audit.record(
        session, actor.username, "editions.letterhead", "region", region, before=before.prefix, after=head.prefix,
        signatory=head.signatory,
    )  # fmt: skip


def set_last_number(session: Session, region: str, year: int, last: int, actor: User) -> None:
    """Say which number of the year was given last outside the program: forward only. Raises EditionRefused."""
    check_actor(actor, region)
    kept = _number_row(session, region, year)
    if last < kept.last:
        raise EditionRefused(
            T("Number %(last)s of %(year)s is given already; it cannot go back.", last=kept.last, year=year),
            "last",
        )
    if last > kept.last:
        audit.record(
            session,
            actor.username,
            "editions.number",
            "region",
            region,
            year=year,
            before=kept.last,
            after=last,
        )
        kept.last = last
        session.flush()


def set_clauses(
    session: Session, region: str, clauses: Iterable[Wording], actor: User, month: date | None
) -> None:
    """Keep a region's library in this order. Raises EditionRefused at the clause (its number from 0) that cannot stand.

    With ``month`` the fields are tried on its figures.
    """
    check_actor(actor, region)
    facts = facts_of(session, region, month) if month else None
    kept = list(clauses)
    for number, clause in enumerate(kept):
        if len(clause.text) > CLAUSE_LENGTH:
            raise EditionRefused(T("At most %(n)s characters.", n=CLAUSE_LENGTH), str(number))
        wrong = resolve(clause.text, facts)[1] if facts else []
        if wrong:
            raise EditionRefused(wrong[0].reason, str(number))
    session.execute(delete(Clause).where(Clause.region_code == region))
    session.add_all(
        Clause(
            region_code=region, position=number, kind=clause.kind, condition=clause.condition, text=clause.text,
            active=clause.active,
        )
        for number, clause in enumerate(kept)
    )  # fmt: skip
    session.flush()
    audit.record(session, actor.username, "editions.clauses", "region", region, clauses=len(kept))
