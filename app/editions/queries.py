"""Reads of bulletins on their way and published, within a scope."""

from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import ColumnElement, exists, func, literal, or_, select
from sqlalchemy.orm import Session, joinedload

from app.accounts.models import User
from app.accounts.rules import Permission, Scope, may
from app.bulletin import closed
from app.bulletin.models import Erratum
from app.cases.models import Case
from app.clock import month_end
from app.editions.checking import check
from app.editions.document import Document
from app.editions.drafting import document_of, facts_of, written_of
from app.editions.facts import Facts
from app.editions.findings import Found
from app.editions.models import Comment, DocumentNumber, Edition, EditionFile, EditionVersion, SetAside
from app.editions.persons import People
from app.editions.states import OPEN, PUBLIC, State
from app.loans.models import Borrower, Household, Loan
from app.loans.queries import in_region
from app.places.models import Region
from app.places.queries import place_index, within
from app.places.rules import PlaceIndex, shipped

_SHOWN = (
    joinedload(Edition.region),
    joinedload(Edition.created_by),
    joinedload(Edition.checked_by),
    joinedload(Edition.approved_by),
    joinedload(Edition.published_by),
    joinedload(Edition.replaces),
)


def may_see_drafts(reader: User) -> bool:
    """Those who make bulletins, and the auditors who look over their shoulder."""
    return may(reader.role, Permission.EDITIONS) or may(reader.role, Permission.AUDIT)


def _seen(reader: User) -> ColumnElement[bool]:
    """What somebody may read: drafts of regions that are theirs, and what is published wherever they see a part."""
    scope: Scope = reader.scope
    theirs = within(Edition.region_code, scope.region) if scope.region is not None else literal(False)
    above: ColumnElement[bool] = literal(False)
    if scope.region:
        above = Edition.region_code.in_([scope.region[:length] for length in (2, 4, 6, 9)])
    elif scope.branch_id is not None:
        start = func.substr(Loan.township_code, 1, func.length(Edition.region_code))
        above = exists().where(Loan.branch_id == scope.branch_id, start == Edition.region_code)
    public = Edition.state.in_(PUBLIC) & or_(theirs, above)
    return or_(theirs, public) if may_see_drafts(reader) else public


def find(session: Session, edition_id: int, reader: User) -> Edition | None:
    """A bulletin, None when there is none or it is not for this reader."""
    query = select(Edition).where(Edition.id == edition_id, _seen(reader)).options(*_SHOWN)
    found: Edition | None = session.scalar(query)
    return found


def listed(session: Session, reader: User, after: tuple[date, int] | None, limit: int) -> list[Edition]:
    """Bulletins, the newest month first; ``after`` is the (month, id) of the last one shown."""
    query = select(Edition).where(_seen(reader))
    if after is not None:
        month, number = after
        query = query.where(or_(Edition.month < month, (Edition.month == month) & (Edition.id < number)))
    query = query.order_by(Edition.month.desc(), Edition.id.desc()).limit(limit).options(*_SHOWN)
    return list(session.scalars(query))


def newest(session: Session, region: str, month: date) -> Edition | None:
    """The bulletin of a region's month that is being worked on, else the one that is published."""
    query = select(Edition).where(Edition.region_code == region, Edition.month == month_end(month))
    found: Edition | None = session.scalar(query.order_by(Edition.sequence.desc()).limit(1).options(*_SHOWN))
    return found


def open_one(session: Session, region: str, month: date) -> Edition | None:
    """The bulletin of a month that is not published yet."""
    query = select(Edition).where(
        Edition.region_code == region, Edition.month == month_end(month), Edition.state.in_(OPEN)
    )
    found: Edition | None = session.scalar(query)
    return found


def published(session: Session, region: str, month: date) -> Edition | None:
    """The bulletin of a month that went out and is not withdrawn."""
    query = select(Edition).where(
        Edition.region_code == region, Edition.month == month_end(month), Edition.state == State.PUBLISHED
    )
    found: Edition | None = session.scalar(query.order_by(Edition.sequence.desc()).limit(1))
    return found


def successor_of(session: Session, edition: Edition) -> Edition | None:
    found: Edition | None = session.scalar(
        select(Edition).where(Edition.replaces_id == edition.id).order_by(Edition.id.desc()).limit(1)
    )
    return found


def versions(session: Session, edition: Edition) -> list[EditionVersion]:
    """Every saved text, the newest first."""
    query = select(EditionVersion).where(EditionVersion.edition_id == edition.id)
    return list(
        session.scalars(query.order_by(EditionVersion.n.desc()).options(joinedload(EditionVersion.saved_by)))
    )


def last_version(session: Session, edition: Edition) -> EditionVersion | None:
    query = select(EditionVersion).where(EditionVersion.edition_id == edition.id)
    found: EditionVersion | None = session.scalar(query.order_by(EditionVersion.n.desc()).limit(1))
    return found


def comments(session: Session, edition: Edition) -> list[Comment]:
    """Remarks, the open ones first, in the order of the text."""
    query = select(Comment).where(Comment.edition_id == edition.id)
    found = session.scalars(query.options(joinedload(Comment.author), joinedload(Comment.resolved_by)))
    return sorted(found, key=lambda c: (c.resolved_at is not None, c.block, c.id))


def open_comments(session: Session, edition: Edition) -> int:
    query = select(func.count()).select_from(Comment)
    return int(
        session.scalar(query.where(Comment.edition_id == edition.id, Comment.resolved_at.is_(None))) or 0
    )


def set_aside_words(session: Session, edition: Edition) -> list[SetAside]:
    return list(session.scalars(select(SetAside).where(SetAside.edition_id == edition.id)))


def files_of(session: Session, edition: Edition) -> list[EditionFile]:
    """The published files without their contents, by name."""
    return list(
        session.scalars(
            select(EditionFile).where(EditionFile.edition_id == edition.id).order_by(EditionFile.name)
        )
    )


def file_content(session: Session, edition: Edition, name: str) -> bytes | None:
    """A published file, byte for byte."""
    query = select(EditionFile.content).where(EditionFile.edition_id == edition.id, EditionFile.name == name)
    return session.scalar(query)


def bundle_of(session: Session, edition: Edition) -> dict[str, bytes]:
    """All published files by their names."""
    query = select(EditionFile.name, EditionFile.content).where(EditionFile.edition_id == edition.id)
    return {row.name: row.content for row in session.execute(query)}


def last_number(session: Session, region: str, year: int) -> int:
    """The last document number given in a year, 0 before the first."""
    kept = session.get(DocumentNumber, (region, year))
    return kept.last if kept else 0


def overdue_names(session: Session, region: str) -> set[str]:
    """Names of borrowers with an open case in the region, and of the heads of their households."""
    query: Any = (
        select(Borrower.name, Household.head_name)
        .join(Loan, Loan.borrower_id == Borrower.id)
        .join(Household, Household.id == Loan.household_id)
        .join(Case, Case.loan_id == Loan.id)
        .where(Case.closed_on.is_(None), in_region(Case.township_code, region))
        .distinct()
    )
    return {name for pair in session.execute(query) for name in pair if name}


def known_places(session: Session) -> PlaceIndex:
    """The shipped places with what this database knows besides."""
    return PlaceIndex([*shipped(), *place_index(session)])


def errata_about(session: Session, edition: Edition) -> list[tuple[Erratum, str]]:
    """What has turned out otherwise since the edition's month was closed, each with the name of its place."""
    errata = closed.errata_of(session, edition.region_code, edition.month)
    codes = {erratum.place_code for erratum in errata}
    names = {
        row.code: row.short
        for row in session.execute(select(Region.code, Region.short).where(Region.code.in_(codes)))
    }
    return [(erratum, names.get(erratum.place_code, erratum.place_code)) for erratum in errata]


@dataclass(frozen=True, slots=True)
class Examined:
    """An edition as it is printed now, the facts behind it, and what speaks against it."""

    document: Document
    facts: Facts
    found: list[Found]


def examine(session: Session, edition: Edition) -> Examined:
    """The document with its findings; nothing is found in what is published."""
    document = document_of(session, edition)
    facts = facts_of(session, edition.region_code, edition.month)
    if edition.state in PUBLIC:
        return Examined(document, facts, [])
    aside = [(one.words, one.reason) for one in set_aside_words(session, edition)]
    people = People(overdue_names(session, edition.region_code), aside)
    return Examined(
        document,
        facts,
        check(written_of(edition), document.blocks, facts, known_places(session), people),
    )
