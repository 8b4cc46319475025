"""A bulletin's files drawn up where the program runs: with the region's key, its addresses, the trail's end.

The key lies in the instance folder, outside the database: whoever can write the database still cannot seal.
"""

from pathlib import Path
from urllib.parse import urlencode

from flask import current_app

from app import audit
from app.bulletin.drill import FIGURES, RATES
from app.bulletin.figures import Figures
from app.config import ConfigError, private_file
from app.db import db
from app.editions.bundle import bundle_files
from app.editions.document import Document
from app.editions.page import Link
from app.editions.seal import SigningKey


def key_path(region: str) -> Path:
    """Where the key of a region lies, or would lie."""
    return Path(current_app.instance_path) / f"signing-{region}.pem"


def signing_key(region: str) -> SigningKey:
    """The region's key, made at first use and readable by its owner alone. Raises ConfigError if it is damaged."""
    path = key_path(region)
    pem = private_file(path, lambda: SigningKey.generate().to_pem())
    try:
        return SigningKey.from_pem(pem)
    except ValueError:
        raise ConfigError(f"{path} is damaged, it holds no signing key: restore it from its backup") from None


def known_public_key(region: str) -> str | None:
    """The public half of the region's key; None where this instance has none, and none is made."""
    return signing_key(region).public_key if key_path(region).exists() else None


def bulletin_files(document: Document, sign: bool = True) -> dict[str, bytes]:
    """The five files by name. Without ``sign`` nothing is made and nothing sealed: to look at a draft."""
    region = document.figures.region_code
    anchor = audit.anchor(db.session(), region) if sign and not document.draft else None
    key = signing_key(region) if sign else None
    return bundle_files(document, key, link=loans_link(document.figures), audit=anchor)


def loans_link(figures: Figures) -> Link | None:
    """Where the loans behind a figure are seen, at the address of this instance; None where it has none."""
    public: str = current_app.config.get("PUBLIC_URL") or ""
    if not public:
        return None

    def link(code: str, figure: str) -> str | None:
        if figure not in FIGURES and figure not in RATES:
            return None
        asked = urlencode({"figure": figure, "region": code, "month": f"{figures.month:%Y-%m}"})
        return f"{public}/bulletin/loans?{asked}"

    return link
