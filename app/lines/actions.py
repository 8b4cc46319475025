"""Entering, changing and taking away lines. Each leaves what was there before on the trail."""

from collections.abc import Sequence
from datetime import date

from sqlalchemy import select
from sqlalchemy.orm import Session

from app import audit
from app.labels import T
from app.lines.models import LineValue
from app.lines.queries import held, lines_for, own_values
from app.lines.rules import Held, LineKind
from app.lines.text import LinesRefused
from app.today import now


def set_line(session: Session, value: Held, actor: str, today: date) -> bool:
    """Let a value hold in place of the one of the same region, kind, month and extent. Says whether it is new.

    Raises LinesRefused for a source that lies ahead. Whoever has set all calls ``check_cards``.
    """
    if value.dated_on > today:
        raise LinesRefused(T("The date of the source lies in the future."))
    query = select(LineValue).where(
        LineValue.region_code == value.region_code,
        LineValue.kind == value.kind,
        LineValue.month == value.month,
        LineValue.ongoing == value.ongoing,
    )
    row = session.scalar(query)
    before = held(row) if row else None
    if before == value:
        return False
    if row is None:
        row = LineValue(
            region_code=value.region_code, kind=value.kind, month=value.month, ongoing=value.ongoing
        )
        session.add(row)
    row.rate, row.rank, row.of = value.rate, value.rank, value.of
    row.source, row.dated_on, row.set_at = value.source, value.dated_on, now()
    session.flush()
    audit.record(
        session, actor, "lines.set", "region", value.region_code, kind=value.kind.value,
        month=f"{value.month:%Y-%m}", ongoing=value.ongoing, before=before.text if before else None,
        after=value.text, source=value.source, dated_on=value.dated_on.isoformat(),
    )  # fmt: skip
    return True


def check_cards(session: Session, region: str, month: date) -> None:
    """Raises LinesRefused where the red card's rate lies below the yellow one's."""
    lines = lines_for(session, region, month)
    if lines.yellow is not None and lines.red is not None and lines.red < lines.yellow:
        raise LinesRefused(
            T(
                "The red card (%(red)s%%) lies below the yellow one (%(yellow)s%%).",
                red=lines.red,
                yellow=lines.yellow,
            )
        )


def remove_line(session: Session, row: LineValue, actor: str) -> None:
    """Take a value away; what holds then is the next wider one, or none."""
    audit.record(
        session, actor, "lines.remove", "region", row.region_code, kind=row.kind.value,
        month=f"{row.month:%Y-%m}", ongoing=row.ongoing, before=held(row).text, source=row.source,
    )  # fmt: skip
    session.delete(row)
    session.flush()


def save_lines(
    session: Session, region: str, month: date, values: dict[LineKind, Held | None], actor: str, today: date
) -> int:
    """Let exactly these values be the region's own of this month; how many have changed. Raises LinesRefused."""
    changed = 0
    for row in own_values(session, region, month):
        value = values.get(row.kind)
        if value is None or value.ongoing != row.ongoing:
            remove_line(session, row, actor)
            changed += value is None
    for value in values.values():
        if value is not None:
            changed += set_line(session, value, actor, today)
    check_cards(session, region, month)
    return changed


def take_lines(session: Session, values: Sequence[Held], actor: str, today: date) -> int:
    """Set all values of a file or a pasted table; how many have changed. Raises LinesRefused."""
    changed = sum(set_line(session, value, actor, today) for value in values)
    for region, month in sorted({(value.region_code, value.month) for value in values}):
        check_cards(session, region, month)
    return changed
