"""Taking the figures of a published bundle, for a region whose loans are not here."""

from sqlalchemy import delete, insert, or_, select
from sqlalchemy.orm import Session

from app import audit
from app.bulletin.incoming import Incoming, ManifestRefused, read_manifest
from app.bulletin.models import ReceivedBundle, ReceivedFigure
from app.labels import T
from app.places.models import Region
from app.places.rules import level_of, parent_code
from app.today import now


def take_received(session: Session, manifest: dict[str, object], digest: str, actor: str) -> ReceivedBundle:
    """Keep the figures of a bundle whose seal the caller has verified; ``digest`` is the SHA-256 of what was sent.

    A region sends one bundle a month: a later one takes the place of the one before, the same one changes nothing.
    Regions that are not known yet are made from the manifest's names and codes. Raises ManifestRefused.
    """
    incoming = read_manifest(manifest)
    kept = session.scalar(
        select(ReceivedBundle).where(
            ReceivedBundle.region_code == incoming.region, ReceivedBundle.month == incoming.month
        )
    )
    if kept is not None and kept.sha256 == digest:
        return kept
    _make_places(session, incoming)
    before = kept.sha256 if kept else None
    if kept is None:
        kept = ReceivedBundle(region_code=incoming.region, month=incoming.month)
        session.add(kept)
    else:
        session.execute(delete(ReceivedFigure).where(ReceivedFigure.bundle_id == kept.id))
    kept.as_of, kept.number, kept.target = incoming.as_of, incoming.number, incoming.total.target_fen
    kept.sha256, kept.public_key, kept.received_by, kept.received_at = (
        digest,
        incoming.public_key,
        actor,
        now(),
    )
    session.flush()
    if incoming.rows:
        session.execute(
            insert(ReceivedFigure), [_row(kept, incoming, at) for at in range(len(incoming.rows))]
        )
    audit.record(
        session, actor, "bulletin.receive", "region", incoming.region,
        month=incoming.month.isoformat(), before=before, after=digest, public_key=incoming.public_key,
    )  # fmt: skip
    return kept


def _make_places(session: Session, incoming: Incoming) -> None:
    """The regions of the bundle that are not here; those that are keep the names they have."""
    named = {incoming.region: incoming.name, **{row.code: row.name for row in incoming.rows}}
    above = str(parent_code(incoming.region))
    around = [above, incoming.region]
    known = {
        region.code: region
        for region in session.scalars(
            select(Region).where(or_(Region.code.in_([*around, *named]), Region.parent_code.in_(around)))
        )
    }
    if above not in known:
        raise ManifestRefused(
            T("%(name)s lies in %(code)s, which is not known here.", name=incoming.name, code=above)
        )
    taken = {(region.parent_code, region.name): region.code for region in known.values()}
    new = {code: name for code, name in sorted(named.items()) if code not in known}
    for code, name in new.items():
        other = taken.setdefault((parent_code(code), name), code)
        if other != code:
            raise ManifestRefused(
                T("%(name)s (%(code)s): %(other)s has this name", name=name, code=code, other=other)
            )
        session.add(
            Region(code=code, parent_code=parent_code(code), level=level_of(code), name=name, short=name)
        )
        session.flush()


def _row(kept: ReceivedBundle, incoming: Incoming, at: int) -> dict[str, object]:
    row = incoming.rows[at]
    return {
        "bundle_id": kept.id,
        "region_code": row.code,
        "as_of": incoming.as_of,
        "target": row.target_fen,
        "stock_households": row.stock_households,
        "stock": row.stock_fen,
        "new_households": row.new_households,
        "new": row.new_fen,
        "overdue_households": row.overdue_households,
        "overdue": row.overdue_fen,
        "overdue_loans": row.overdue_loans,
    }
