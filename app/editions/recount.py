"""Does a bundle still agree with the database: its figures, the snapshots behind them, the published files?"""

from collections.abc import Iterator
from hashlib import sha256

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.bulletin import closed
from app.bulletin.digests import is_untouched
from app.bulletin.figures import FigureRow
from app.bulletin.queries import figures, months
from app.editions.manifest import NAME, Manifest
from app.editions.models import Edition, EditionFile
from app.editions.verify import Problem
from app.labels import T
from app.places.models import Region

_NONE = "—"


def knows(session: Session, manifest: Manifest) -> bool:
    """Does this database hold figures of the region and month at all?"""
    place = session.get(Region, manifest.figures.region_code)
    return place is not None and manifest.figures.month in months(session)


def recount(session: Session, manifest: Manifest, data: bytes) -> list[Problem]:
    """Every figure that is not what the database tells now, by place; then the snapshots; then the published file.

    ``data`` is manifest.json as it was given.
    """
    told, now = manifest.figures, figures(session, manifest.figures.region_code, manifest.figures.month)
    here = {row.code: row for row in now.rows}
    problems: list[Problem] = []
    for row in (*told.rows, told.total):
        other = now.total if row.code == told.region_code else here.pop(row.code, None)
        problems += _row(row, other)
    problems += [
        Problem("", T("%(place)s is in the database, and not in the bundle.", place=row.name))
        for row in here.values()
    ]
    return [*problems, *_snapshots(session, manifest), *_published(session, manifest, data)]


def _row(row: FigureRow, other: FigureRow | None) -> Iterator[Problem]:
    if other is None:
        yield Problem("", T("%(place)s is in the bundle, and not in the database.", place=row.name))
        return
    here = other.to_json()
    for key, value in row.to_json().items():
        if key not in ("name", "cleared") and value != here[key]:
            yield Problem(
                "",
                T(
                    "%(place)s, %(figure)s: %(printed)s in the bundle, %(now)s in the database",
                    place=row.name,
                    figure=key,
                    printed=_NONE if value is None else value,
                    now=_NONE if here[key] is None else here[key],
                ),
            )


def _snapshots(session: Session, manifest: Manifest) -> Iterator[Problem]:
    """The hashes of the closed month's snapshots: as they were kept, and as they come out anew."""
    sealed, month = manifest.snapshots, manifest.figures.month
    if not sealed:
        return
    closes = closed.governing(session, manifest.figures.region_code, month)
    kept = {code: digest for close in closes for code, digest in close.digests.items()}
    for code, digest in sorted(sealed.items()):
        if kept.get(code) != digest:
            yield Problem("", T("The snapshots of %(code)s are not those that were closed.", code=code))
    for close in closes:
        if not is_untouched(session, close):
            yield Problem(
                "", T("The snapshots under the close of %(code)s were changed.", code=close.region_code)
            )


def _published(session: Session, manifest: Manifest, data: bytes) -> Iterator[Problem]:
    if manifest.draft or not manifest.number:
        return
    kept = session.scalar(
        select(EditionFile.sha256)
        .join(Edition, Edition.id == EditionFile.edition_id)
        .where(
            Edition.region_code == manifest.figures.region_code,
            Edition.number == manifest.number,
            EditionFile.name == NAME,
        )
    )
    if kept is None:
        yield Problem(NAME, T("No bulletin was published here under %(number)s.", number=manifest.number))
    elif kept != sha256(data).hexdigest():
        yield Problem(NAME, T("This is not what was published under %(number)s.", number=manifest.number))
