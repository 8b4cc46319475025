"""A bundle of another region that comes in: what it is, whether its key is known, and taking its figures."""

from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.bulletin.incoming import Incoming, ManifestRefused, read_manifest
from app.bulletin.models import ReceivedBundle
from app.bulletin.received import take_received
from app.editions.manifest import NAME, Manifest
from app.editions.verify import Verdict
from app.labels import T, Text


@dataclass(frozen=True, slots=True)
class Arrival:
    """What a bundle would bring. ``refusal`` says why it cannot be taken, else None.

    ``known_key``: the region has sent bundles under this key before; ``other_key``: only under another one.
    """

    incoming: Incoming | None
    refusal: Text | None
    known_key: bool = False
    other_key: bool = False
    replaces: ReceivedBundle | None = None
    same: bool = False


def examine(session: Session, verdict: Verdict, files: Mapping[str, bytes]) -> Arrival:
    """What taking the bundle would do. Nothing is changed."""
    if verdict.manifest is None or not verdict.untouched:
        return Arrival(None, T("This bundle is not as it was sealed. Ask for it again."))
    try:
        incoming = read_manifest(verdict.manifest.content)
    except ManifestRefused as refused:
        return Arrival(None, refused.message)
    keys = keys_of(session, incoming.region)
    before = session.scalar(
        select(ReceivedBundle).where(
            ReceivedBundle.region_code == incoming.region, ReceivedBundle.month == incoming.month
        )
    )
    return Arrival(
        incoming,
        None,
        known_key=incoming.public_key in keys,
        other_key=bool(keys) and incoming.public_key not in keys,
        replaces=before,
        same=before is not None and before.sha256 == sha256(files[NAME]).hexdigest(),
    )


def keys_of(session: Session, region: str) -> set[str]:
    """The public keys under which a region has sent bundles."""
    query = select(ReceivedBundle.public_key).where(ReceivedBundle.region_code == region).distinct()
    return set(session.scalars(query))


def receive(
    session: Session, manifest: Manifest, data: bytes, actor: str, new_key: bool = False
) -> ReceivedBundle:
    """Take the figures of a sealed manifest; ``data`` is its file. Raises ManifestRefused.

    A region that has sent under another key before is refused, unless ``new_key`` says that somebody has asked.
    """
    if not manifest.is_sealed or manifest.to_bytes() != data:
        raise ManifestRefused(T("This bundle is not as it was sealed. Ask for it again."))
    keys = keys_of(session, manifest.figures.region_code)
    if keys and manifest.public_key not in keys and not new_key:
        raise ManifestRefused(
            T(
                "%(name)s has sealed under another key so far. Ask there whether its key is %(key)s now.",
                name=manifest.figures.region_name,
                key=manifest.fingerprint,
            )
        )
    return take_received(session, manifest.content, sha256(data).hexdigest(), actor)
