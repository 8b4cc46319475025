"""What turns out otherwise after a month was closed: old value, new value, cause. Nothing here commits."""

from datetime import date
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.accounts.rules import EVERYTHING
from app.bulletin import closed, queries
from app.bulletin.models import Erratum, MonthClose
from app.bulletin.rules import COUNTED, CloseState, Figure, differences
from app.clock import month_end
from app.labels import Text
from app.today import now


def find_errata(session: Session, since: date, cause: Text) -> list[Erratum]:
    """Compare every closed month from ``since`` on with the figures as they would be told now; keep what differs.

    What a published bulletin has told already is what the next difference is measured against. Differences that no
    bulletin has told follow what is found, and go when nothing differs any more.
    """
    query = select(MonthClose).where(
        MonthClose.state == CloseState.CLOSED, MonthClose.month >= month_end(since)
    )
    return [one for close in session.scalars(query).all() for one in _errata(session, close, cause)]


def _errata(session: Session, close: MonthClose, cause: Text) -> list[Erratum]:
    known = session.scalars(select(Erratum).where(Erratum.close_id == close.id).order_by(Erratum.id)).all()
    told = {(e.place_code, e.figure): e.new for e in known if e.edition is not None}
    waiting = {(e.place_code, e.figure): e for e in known if e.edition is None}
    found = []
    for place, figure, old, new in _differing(session, close, told):
        erratum = waiting.pop((place, figure), None)
        if erratum is None:
            erratum = Erratum(close_id=close.id, region_code=close.region_code, month=close.month, place_code=place,
                              figure=figure, old=old)  # fmt: skip
            session.add(erratum)
        if erratum.new != new or erratum.cause is None:
            erratum.new, erratum.cause, erratum.found_at = new, cause.to_json(), now()
        found.append(erratum)
    for gone in waiting.values():
        session.delete(gone)
    session.flush()
    return found


_Told = dict[tuple[str, Figure], int | None]


def _differing(
    session: Session, close: MonthClose, told: _Told
) -> list[tuple[str, Figure, int | None, int | None]]:
    """Place, figure, as last told, as it is now."""
    day, region = close.month, close.region_code
    living = {c.township_code: c for c in queries.counted(session, day, EVERYTHING, region, ())}
    then = {c.township_code: c for c in closed.frozen(session, [close], region, "")}
    rows: list[tuple[str, Figure, int | None, int | None]] = []
    for code in sorted(living.keys() | then.keys()):
        before = _values(then.get(code)) | {f.value: v for (place, f), v in told.items() if place == code}
        rows += [(code, *one) for one in differences(before, _values(living.get(code)))]
    targets = queries.targets_of(session, region, day.year, ())
    for code in sorted(targets.keys() | close.targets.keys()):
        old, new = told.get((code, Figure.TARGET), close.targets.get(code)), targets.get(code)
        if old != new:
            rows.append((code, Figure.TARGET, old, new))
    return rows


def _values(kept: Any) -> dict[str, int | None]:
    return {} if kept is None else {figure.value: getattr(kept, figure.value) for figure in COUNTED}
