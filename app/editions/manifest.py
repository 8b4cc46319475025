"""The manifest of a bundle: its figures, the hashes of its files and of the snapshots behind it, under one seal. Pure.

It is written in one spelling only (keys sorted, no blank left to choice), so that a changed byte anywhere is seen. The
signature covers the same content without the signature, in the shortest spelling.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from hashlib import sha256
from typing import Any

from app.bulletin.figures import FigureRow, Figures
from app.bulletin.incoming import FORMAT, fingerprint
from app.clock import month_end, parse_month
from app.editions.document import Document
from app.editions.seal import SigningKey, verifies
from app.gbt9704 import printable
from app.labels import Declined, T

NAME = "manifest.json"
FILES = ("bulletin.docx", "annex.xlsx", "bulletin.txt", "bulletin.html")
MOST_BYTES = 8 * 1024 * 1024
_FEN = ("stock_fen", "new_fen", "target_fen", "overdue_fen")
_COUNTS = ("stock_households", "new_households", "overdue_households", "overdue_loans")
_SIGNATURE = "signature"


class BundleUnfit(Declined):
    """What was given is no bundle that can be checked; ``message`` says why."""


@dataclass(frozen=True, slots=True)
class Manifest:
    """A manifest as it is; whether its seal holds is another question (``is_sealed``)."""

    content: dict[str, Any]
    figures: Figures

    @property
    def draft(self) -> bool:
        return self.content["draft"] is not False

    @property
    def number(self) -> str | None:
        return self.content.get("number")

    @property
    def files(self) -> dict[str, str]:
        return dict(self.content["files"])

    @property
    def snapshots(self) -> dict[str, str]:
        return dict(self.content["snapshots"])

    @property
    def public_key(self) -> str:
        key = self.content.get("public_key")
        return key if isinstance(key, str) else ""

    @property
    def fingerprint(self) -> str:
        return fingerprint(self.public_key)

    @property
    def is_sealed(self) -> bool:
        """Does the signature belong to the content and to the key that it names?"""
        signature = self.content.get(_SIGNATURE)
        return isinstance(signature, str) and verifies(self.public_key, signature, signed_part(self.content))

    def to_bytes(self) -> bytes:
        """The file ``manifest.json``, in its only spelling."""
        text = json.dumps(self.content, ensure_ascii=False, indent=1, sort_keys=True)
        return f"{text}\n".encode()


def signed_part(content: Mapping[str, Any]) -> bytes:
    """What the signature covers: everything but itself."""
    rest = {key: value for key, value in content.items() if key != _SIGNATURE}
    return json.dumps(rest, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode()


def draw_up(
    document: Document,
    files: Mapping[str, bytes],
    key: SigningKey | None,
    audit: Mapping[str, object] | None = None,
) -> Manifest:
    """The manifest of a document's files, sealed with ``key`` (None: without a seal)."""
    figures = document.figures
    content: dict[str, Any] = {
        "format": FORMAT,
        "region": figures.region_code,
        "region_name": printable(figures.region_name),
        "month": f"{figures.month:%Y-%m}",
        "as_of": figures.as_of.isoformat(),
        "draft": document.draft,
        "closed": document.closed,
        "number": document.number,
        "issued_on": document.issued_on.isoformat() if document.issued_on else None,
        "title": printable(document.title),
        "signatory": printable(document.signatory),
        "figures": _figures_to_json(figures),
        "files": {name: sha256(content).hexdigest() for name, content in files.items()},
        "snapshots": dict(document.snapshots),
    }
    if audit is not None:
        content["audit"] = dict(audit)
    if key is not None:
        content["public_key"] = key.public_key
        content[_SIGNATURE] = key.sign(signed_part(content))
    return Manifest(content, figures)


def _figures_to_json(figures: Figures) -> dict[str, Any]:
    return figures.to_json() | {
        "total": _row_to_json(figures.total),
        "rows": [_row_to_json(row) for row in figures.by_stock()],
    }


def _row_to_json(row: FigureRow) -> dict[str, Any]:
    """The printed figures and, beside them, the whole 分 that they were rounded from."""
    raw = {name: getattr(row, name) for name in _FEN}
    return {"code": row.code, **row.to_json(), **raw, "name": printable(row.name)}


def read(data: bytes) -> Manifest:
    """A manifest from its file. Raises BundleUnfit for what is none; a broken seal is not this function's matter."""
    if len(data) > MOST_BYTES:
        raise BundleUnfit(T("The manifest is larger than any that this program writes."))
    try:
        content = json.loads(data.decode())
        if not isinstance(content, dict) or content.get("format") != FORMAT:
            raise BundleUnfit(T("This is no manifest of a bulletin, or one of a later version."))
        figures = _figures_from_json(content)
        if not all(
            isinstance(name, str) and isinstance(digest, str)
            for part in ("files", "snapshots")
            for name, digest in content[part].items()
        ):
            raise TypeError("names and hashes")
        signed_part(content)  # halves of characters cannot be signed, nor written
    except BundleUnfit:
        raise
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError, OverflowError):
        raise BundleUnfit(T("manifest.json is damaged: it cannot be read as one.")) from None
    return Manifest(content, figures)


def _figures_from_json(content: Mapping[str, Any]) -> Figures:
    found = content["figures"]
    rows = tuple(_row_from_json(row) for row in found["rows"])
    total = _row_from_json(found["total"])
    figures = Figures(
        region_code=_text(content["region"]),
        region_name=_text(content["region_name"]),
        month=month_end(parse_month(_text(content["month"]))),
        as_of=date.fromisoformat(content["as_of"]),
        rows=rows,
    )
    if figures.total.target_fen == total.target_fen:
        return figures
    return Figures(
        figures.region_code, figures.region_name, figures.month, figures.as_of, rows, total.target_fen
    )


def _row_from_json(row: Mapping[str, Any]) -> FigureRow:
    numbers = {name: _number(row[name]) for name in (*_COUNTS, "stock_fen", "new_fen", "overdue_fen")}
    target = None if row["target_fen"] is None else _number(row["target_fen"])
    return FigureRow(code=_text(row["code"]), name=_text(row["name"]), target_fen=target, **numbers)


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise TypeError("a text")
    return value


def _number(value: object) -> int:
    if not isinstance(value, int) or isinstance(value, bool):
        raise TypeError("a whole number")
    return value


def contradictions(manifest: Manifest) -> list[str]:
    """The figures that the manifest itself prints otherwise than its own whole numbers give."""
    printed, figures = manifest.content["figures"], manifest.figures
    expected = _figures_to_json(figures)
    told = [printed.get("total"), *printed["rows"]]
    meant = [expected["total"], *expected["rows"]]
    return [
        f"{want['name']}: {key}"
        for have, want in zip(told, meant, strict=True)
        for key in want
        if have.get(key, ...) != want[key]
    ]
