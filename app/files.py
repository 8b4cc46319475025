"""Files that people attach: made harmless, and sealed in the instance folder under their hash.

A picture is decoded and written anew, so that no place, no script and no second file within it survives; it is made
small enough for a page. A PDF is kept as it is, if nothing in it acts. What it is decides the content, never the name.
"""

import hashlib
import os
import re
import tempfile
import unicodedata
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path

from flask import current_app
from PIL import Image, ImageOps, UnidentifiedImageError

from app.labels import Declined, T
from app.privacy import Keyring, keyring

MOST_BYTES = 10 * 1024 * 1024
MOST_PIXELS = 50_000_000
LONGEST_SIDE, SMALL_SIDE = 2000, 240  # pixels
NAME_LENGTH = 120
JPEG, PNG, PDF = "image/jpeg", "image/png", "application/pdf"
_SUFFIX = {JPEG: ".jpg", PNG: ".png", PDF: ".pdf"}
_MEGABYTE = 1024 * 1024
_MOST_INFLATED = 50 * _MEGABYTE
_QUALITY = 85

Image.MAX_IMAGE_PIXELS = MOST_PIXELS


class FileUnfit(Declined):
    """A file that cannot be attached, with the sentence that says why and what to do."""


@dataclass(frozen=True, slots=True)
class Cleaned:
    """A file as it is kept: its name for reading, its kind, its content; of a picture also a small one (JPEG)."""

    name: str
    mime: str
    content: bytes
    small: bytes | None = None


def clean(name: str, content: bytes) -> Cleaned:
    """What may be kept of an uploaded file. Raises FileUnfit."""
    shown = _plain_name(name)
    if not content:
        raise FileUnfit(T("%(name)s is empty. Choose it again.", name=shown))
    if len(content) > MOST_BYTES:
        raise FileUnfit(
            T(
                "%(name)s has %(have)s MB; at most %(most)s MB are possible. Take the photo with a lower resolution.",
                name=shown,
                have=-(-len(content) // _MEGABYTE),
                most=MOST_BYTES // _MEGABYTE,
            )
        )
    if content.startswith(b"%PDF-"):
        _check_pdf(shown, content)
        return Cleaned(_with_suffix(shown, PDF), PDF, content)
    return _picture(shown, content)


def _plain_name(name: str) -> str:
    last = name.replace("\\", "/").rpartition("/")[2]
    kept = "".join(c for c in last if unicodedata.category(c)[0] != "C").strip()
    return kept[:NAME_LENGTH] or "file"


def _with_suffix(name: str, mime: str) -> str:
    stem = name.rpartition(".")[0] or name
    return stem[: NAME_LENGTH - len(_SUFFIX[mime])] + _SUFFIX[mime]


def _picture(name: str, content: bytes) -> Cleaned:
    unreadable = FileUnfit(
        T("%(name)s is no picture and no PDF. Photos (JPEG, PNG) and PDF files can be attached.", name=name)
    )
    try:
        image = Image.open(BytesIO(content), formats=("JPEG", "PNG"))
    except Image.DecompressionBombError:
        raise _too_large(name) from None
    except (UnidentifiedImageError, OSError, ValueError, SyntaxError):
        raise unreadable from None
    if image.width * image.height > MOST_PIXELS:
        raise _too_large(name)
    mime = JPEG if image.format == "JPEG" else PNG
    try:
        image.draft("RGB", (LONGEST_SIDE, LONGEST_SIDE))  # a JPEG is decoded no larger than it is kept
        upright = ImageOps.exif_transpose(image)
        upright.thumbnail((LONGEST_SIDE, LONGEST_SIDE))
        plain = upright.convert("RGBA" if mime == PNG and _see_through(upright) else "RGB")
        whole = _written(plain, mime)
        plain.thumbnail((SMALL_SIDE, SMALL_SIDE))
        return Cleaned(_with_suffix(name, mime), mime, whole, _written(plain.convert("RGB"), JPEG))
    except (OSError, ValueError, SyntaxError, zlib.error):
        raise unreadable from None


def _too_large(name: str) -> FileUnfit:
    return FileUnfit(T("%(name)s has too many pixels. Take the photo with a lower resolution.", name=name))


def _see_through(image: Image.Image) -> bool:
    return image.mode in ("RGBA", "LA", "PA") or "transparency" in image.info


def _written(image: Image.Image, mime: str) -> bytes:
    """The pixels alone, without anything that the file carried beside them."""
    bare = Image.new(image.mode, image.size)
    bare.paste(image)
    out = BytesIO()
    if mime == JPEG:
        bare.save(out, "JPEG", quality=_QUALITY, optimize=True)
    else:
        bare.save(out, "PNG")
    return out.getvalue()


_ACTS = re.compile(rb"/(JavaScript|Launch|EmbeddedFiles?|RichMedia|Encrypt)(?![A-Za-z])")
_STREAM = re.compile(rb"stream\r?\n(.*?)endstream", re.DOTALL)
_ESCAPED = re.compile(rb"#([0-9A-Fa-f]{2})")


def _check_pdf(name: str, content: bytes) -> None:
    """Nothing in it may run, open or hide something else; looked for within its compressed parts too."""
    if b"%%EOF" not in content[-2048:]:
        raise FileUnfit(T("%(name)s is a damaged PDF. Save it again.", name=name))
    for part in _pdf_parts(content):
        if _ACTS.search(_ESCAPED.sub(lambda found: bytes([int(found[1], 16)]), part)):
            raise FileUnfit(
                T(
                    "%(name)s contains scripts or embedded files, or is locked. Print it, and photograph or scan it.",
                    name=name,
                )
            )


def _pdf_parts(content: bytes) -> Iterator[bytes]:
    yield _STREAM.sub(b"", content)
    left = _MOST_INFLATED
    for stream in _STREAM.finditer(content):
        try:
            inflated = zlib.decompressobj().decompress(stream[1], left)
        except zlib.error:
            inflated = stream[1]
        left -= len(inflated)
        if left <= 0:
            yield b"/Launch"  # too much to look through: as if it acted
            return
        yield inflated


def write_whole(path: Path, content: bytes, durable: bool = True) -> None:
    """Put a file in its place, whole or not at all: on a full disk nothing of it is left either."""
    descriptor, temporary = tempfile.mkstemp(dir=path.parent)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
            if durable:
                file.flush()
                os.fsync(descriptor)
        Path(temporary).replace(path)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise


class FileStore:
    """A folder of sealed files in one instance, each named by the SHA-256 of its plain content."""

    def __init__(self, instance: Path, ring: Keyring, folder: str) -> None:
        self.folder = instance / folder
        self._ring = ring

    def keep(self, content: bytes) -> str:
        """Keep a content, once; returns its hash as hex."""
        digest = hashlib.sha256(content).hexdigest()
        if not (self.folder / digest).exists():
            self._write(digest, content)
        return digest

    def keep_small(self, digest: str, content: bytes) -> None:
        """Keep the small picture of the content ``digest``."""
        self._write(f"{digest}.small", content)

    def read(self, digest: str) -> bytes | None:
        """The plain content; None when it is not there."""
        return self._read(digest)

    def read_small(self, digest: str) -> bytes | None:
        return self._read(f"{digest}.small")

    def _read(self, name: str) -> bytes | None:
        try:
            return self._ring.open_file((self.folder / name).read_bytes())
        except FileNotFoundError:
            return None

    def _write(self, name: str, content: bytes) -> None:
        self.folder.mkdir(mode=0o700, exist_ok=True)
        write_whole(self.folder / name, self._ring.seal_file(content))


def attachments() -> FileStore:
    """Where the running app keeps what belongs to cases and to the publicity log."""
    return FileStore(Path(current_app.instance_path), keyring(), "attachments")


def batches() -> FileStore:
    """Where the running app keeps the files of messages for a lender's own platform."""
    return FileStore(Path(current_app.instance_path), keyring(), "batches")


def keep(store: FileStore, file: Cleaned) -> str:
    """Keep a cleaned file with its small picture; returns its hash."""
    digest = store.keep(file.content)
    if file.small:
        store.keep_small(digest, file.small)
    return digest
