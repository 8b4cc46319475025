"""From the database to a document: the facts of a month, a draft of its text, an edition as it is printed."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app.accounts.rules import Scope
from app.bulletin import closed
from app.bulletin import queries as bulletin
from app.bulletin.figures import Figures
from app.bulletin.models import Erratum, MonthClose
from app.bulletin.rules import Figure
from app.clock import month_end
from app.editions import rules, stored, wording
from app.editions.chinese import in_chinese
from app.editions.clauses import DEFAULTS, Wording
from app.editions.document import Block, Correction, Document, Kind, Run
from app.editions.facts import Facts, Untouched
from app.editions.models import Clause, Edition, Letterhead
from app.editions.rules import Written
from app.editions.states import PUBLIC
from app.labels import Text
from app.lines.queries import lines_for
from app.measures.queries import Period, behind
from app.measures.rules import Kind as Measured
from app.money import wan
from app.places.models import Region
from app.places.queries import within
from app.places.rules import CODE_LENGTHS, Level
from app.remedies.queries import By, cross
from app.remedies.rules import Cause

_OFFICE = "巩固脱贫攻坚推进乡村振兴领导小组办公室"
_PREFIX = "乡振联发"
_FIGURES = {
    Figure.STOCK_HOUSEHOLDS: "存量户数",
    Figure.STOCK: "存量金额",
    Figure.NEW_HOUSEHOLDS: "新增户数",
    Figure.NEW: "新增金额",
    Figure.OVERDUE_HOUSEHOLDS: "逾期户数",
    Figure.OVERDUE: "逾期金额",
    Figure.OVERDUE_LOANS: "逾期笔数",
    Figure.TARGET: "年度目标任务",
}


def draft_document(session: Session, region: str, month: date, day: date) -> Document:
    """The bulletin of ``region`` and ``month`` as it would be drafted on the business date ``day``; nothing is kept.

    Raises LookupError for an unknown region.
    """
    found = facts_of(session, region, month, day)
    return _document(session, found, drafted(session, found))


def document_of(session: Session, edition: Edition) -> Document:
    """An edition as it is printed now. One that is published is what was published, whatever has happened since."""
    month = edition.month
    if edition.state in PUBLIC and edition.document is not None:
        return stored.from_json(edition.document, bulletin.figures(session, edition.region_code, month))
    found = facts_of(session, edition.region_code, month)
    return _document(session, found, written_of(edition), closing=_supersedes(edition))


def written_of(edition: Edition) -> Written:
    return Written(edition.title, edition.opening, edition.problems, edition.demands)


def drafted(session: Session, facts: Facts) -> Written:
    """What an edition's text starts from."""
    head, region = letterhead(session, facts.figures.region_code), facts.figures
    clauses = clauses_of(session, region.region_code)
    return Written(
        title=wording.title(head.signatory, region.month),
        opening=wording.opening(region.region_name, region.month),
        problems=wording.problems(facts, clauses),
        demands=wording.demands(facts, clauses),
    )


def _document(session: Session, facts: Facts, written: Written, closing: tuple[Block, ...] = ()) -> Document:
    figures, head = facts.figures, letterhead(session, facts.figures.region_code)
    closes = closed.governing(session, figures.region_code, figures.month)
    return Document(
        figures=figures,
        title=written.title,
        blocks=rules.blocks_of(written, facts, closing),
        signatory=head.signatory,
        red_head=head.red_head or None,
        addressed_to=head.addressed_to,
        copies_to=head.copies_to,
        corrections=tuple(corrections(session, figures.region_code)),
        closed=close_over(closes, figures.region_code) is not None,
        snapshots={
            code: digest
            for close in closes
            for code, digest in close.digests.items()
            if code.startswith(figures.region_code)
        },
    )


def _supersedes(edition: Edition) -> tuple[Block, ...]:
    """What a successor says of the bulletin that it replaces."""
    if edition.replaces is None or not edition.replaces.number:
        return ()
    text = f"本通报自印发之日起替代{edition.replaces.number}，原通报同时废止。"
    return (Block(Kind.BODY, (Run(text),)),)


def close_over(closes: list[MonthClose], region: str) -> MonthClose | None:
    """The close that covers the whole of the region, if there is one."""
    return next((close for close in closes if region.startswith(close.region_code)), None)


@dataclass(frozen=True, slots=True)
class Head:
    """A region's letterhead, its own or as it is until somebody sets it."""

    prefix: str
    signatory: str
    red_head: str = ""
    addressed_to: str = ""
    copies_to: str = ""


def letterhead(session: Session, region: str) -> Head:
    kept = session.get(Letterhead, region)
    if kept is not None:
        return Head(kept.prefix, kept.signatory, kept.red_head, kept.addressed_to, kept.copies_to)
    place = session.get_one(Region, region)
    return Head(place.name[:1] + _PREFIX, place.name + _OFFICE)


def clauses_of(session: Session, region: str) -> list[Wording]:
    """The region's library in its order; the program's until it has one."""
    kept = session.scalars(
        select(Clause).where(Clause.region_code == region).order_by(Clause.position, Clause.id)
    ).all()
    return [Wording(c.kind, c.condition, c.text, c.active) for c in kept] or list(DEFAULTS)


def facts_of(session: Session, region: str, month: date, day: date | None = None) -> Facts:
    """The figures of a month with the lines and the month before; with ``day`` the month's collection as well.

    Raises LookupError for an unknown region.
    """
    figures = bulletin.figures(session, region, month)
    before = month_end(month.replace(day=1) - timedelta(days=1))
    known = before in bulletin.months(session)
    shared = {
        "figures": figures,
        "before": bulletin.figures(session, region, before) if known else None,
        "lines": lines_for(session, region, month),
    }
    if day is None or day < month.replace(day=1):
        return Facts(**shared)  # type: ignore[arg-type]
    scope, period = Scope(region=region), Period.of(month, day)
    by_cause = cross(session, scope, By.CAUSE, day)
    causes = [(Cause(row.key), row.total[0]) for row in by_cause if row.key in set(Cause)]
    return Facts(
        **shared,  # type: ignore[arg-type]
        untouched=_untouched(session, figures, scope, period),
        causes=tuple(sorted(causes, key=lambda pair: -pair[1])),
        judged=_number(session, Measured.JUDGED, scope, period),
        kept=_number(session, Measured.KEPT, scope, period),
    )


def _number(session: Session, kind: Measured, scope: Scope, period: Period) -> int:
    made = behind(kind, period, scope).subquery()
    return int(session.scalar(select(func.count()).select_from(made)) or 0)


def _untouched(session: Session, figures: Figures, scope: Scope, period: Period) -> dict[str, Untouched]:
    """By a row's code: the open cases that the lines have left untouched in the month."""
    kinds = (Measured.OPEN, Measured.NEITHER, Measured.TOWNSHIP_ONLY, Measured.BRANCH_ONLY)
    counts: dict[str, list[int]] = {row.code: [0] * len(kinds) for row in figures.rows}
    for position, kind in enumerate(kinds):
        made = behind(kind, period, scope).subquery()
        query = select(made.c.township_code, func.count()).group_by(made.c.township_code)
        for township, number in session.execute(query):
            for code in {township[:length] for length in CODE_LENGTHS.values()} & counts.keys():
                counts[code][position] += number
    return {code: Untouched(*found) for code, found in counts.items()}


def corrections(session: Session, region: str) -> Iterator[Correction]:
    """Errata of published months that no bulletin has told yet, as this one would list them."""
    errata = closed.errata_to_tell(session, region)
    if not errata:
        return
    numbers = {
        row.month: row.number
        for row in session.execute(
            select(Edition.month, Edition.number).where(
                Edition.region_code == region, Edition.month.in_({e.month for e in errata}),
                Edition.state.in_(PUBLIC), Edition.number.is_not(None),
            ).order_by(Edition.sequence)
        )
    }  # fmt: skip
    names = {
        row.code: row.short
        for row in session.execute(
            select(Region.code, Region.short).where(
                within(Region.code, region), Region.level != Level.VILLAGE
            )
        )
    }
    for erratum in errata:
        yield Correction(
            number=numbers.get(erratum.month) or "",
            month=erratum.month,
            region=names.get(erratum.place_code, erratum.place_code),
            figure=_FIGURES[erratum.figure],
            old=_printed(erratum, erratum.old),
            new=_printed(erratum, erratum.new),
            cause=in_chinese(Text.from_json(erratum.cause)),
        )


def _printed(erratum: Erratum, value: int | None) -> str:
    if value is None:
        return "—"
    return wan(value) if erratum.figure.in_fen else str(value)
