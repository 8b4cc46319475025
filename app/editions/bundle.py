"""The files of a published bulletin: written from a document, put into a folder or an archive, and read from there.

What is read comes from anywhere: sizes and numbers are bounded, and an archive can name no place outside itself. Pure
but for the folder it is told to write or read.
"""

import os
import zipfile
import zlib
from collections.abc import Iterator, Mapping
from io import BytesIO
from pathlib import Path, PurePosixPath

from app.bulletin.annex import write_annex
from app.editions import page, plain, word
from app.editions.document import Document
from app.editions.manifest import FILES, NAME, BundleUnfit, Manifest, draw_up
from app.editions.page import Link
from app.editions.seal import SigningKey
from app.gbt9704 import packed
from app.labels import T

MOST_FILES = 32
MOST_BYTES = 64 * 1024 * 1024  # unpacked, together
ARCHIVE = ".zip"
_MEGABYTE = 1024 * 1024


def bundle_files(
    document: Document,
    key: SigningKey | None,
    *,
    link: Link | None = None,
    audit: Mapping[str, object] | None = None,
) -> dict[str, bytes]:
    """The five files by their names: the same document under the same key gives the same bytes.

    ``link`` tells where the loans behind a figure are seen; ``audit`` is what the trail said when this was written.
    """
    files, manifest = _drawn_up(document, key, link, audit)
    return files | {NAME: manifest.to_bytes()}


def _drawn_up(
    document: Document, key: SigningKey | None, link: Link | None, audit: Mapping[str, object] | None
) -> tuple[dict[str, bytes], Manifest]:
    annex = BytesIO()
    write_annex(document.figures, annex, (lambda figure, code: link(code, figure)) if link else None)
    written = (word.write(document), annex.getvalue(), plain.write(document), page.write(document, link))
    files = dict(zip(FILES, written, strict=True))
    return files, draw_up(document, files, key, audit)


def write_bundle(
    document: Document,
    folder: Path,
    key: SigningKey | None,
    *,
    link: Link | None = None,
    audit: Mapping[str, object] | None = None,
) -> Manifest:
    """Write the five files into ``folder``, which is made. What lies there under these names is replaced."""
    files, manifest = _drawn_up(document, key, link, audit)
    write_files(files | {NAME: manifest.to_bytes()}, folder)
    return manifest


def write_files(files: Mapping[str, bytes], folder: Path) -> None:
    """Write files into a folder, each whole or not at all."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, content in files.items():
        unfinished = folder / f".{name}.{os.getpid()}"
        unfinished.write_bytes(content)
        unfinished.replace(folder / name)


def differing(files: Mapping[str, bytes], folder: Path) -> list[str]:
    """The names in ``folder`` that are not there as ``files`` has them: other content, or no part of it."""
    if not folder.exists():
        return []
    return sorted(
        path.name
        for path in folder.iterdir()
        if not path.is_file() or path.name not in files or path.read_bytes() != files[path.name]
    )


def archive(files: Mapping[str, bytes]) -> bytes:
    """The files as one ZIP archive, the same every time."""
    return packed(dict(files))


def read_path(path: Path) -> dict[str, bytes]:
    """The files of a bundle: a folder, an archive, or its manifest.json, beside which the others may lie.

    Raises BundleUnfit, with a sentence, for what is none or is too large.
    """
    try:
        if path.is_dir():
            return _folder(path)
        if path.name == NAME:
            beside = _folder(path.parent)
            if NAME not in beside:
                raise FileNotFoundError
            return beside if beside.keys() & set(FILES) else {NAME: beside[NAME]}
        if path.stat().st_size > MOST_BYTES:
            raise _too_large()
        return unpack(path.read_bytes())
    except FileNotFoundError:
        raise BundleUnfit(T("%(path)s is not there.", path=path)) from None
    except OSError as error:
        raise BundleUnfit(
            T("%(path)s cannot be read: %(reason)s", path=path, reason=error.strerror)
        ) from None


def _folder(folder: Path) -> dict[str, bytes]:
    found: dict[str, bytes] = {}
    size = 0
    for path in sorted(folder.rglob("*")):
        if not path.is_file():
            continue
        size += path.stat().st_size
        if len(found) >= MOST_FILES or size > MOST_BYTES:
            raise _too_large()
        found[path.relative_to(folder).as_posix()] = path.read_bytes()
    return found


def unpack(data: bytes) -> dict[str, bytes]:
    """The files of an archive, or the one file of a manifest alone. Raises BundleUnfit."""
    if data.lstrip()[:1] == b"{":
        return {NAME: data}
    try:
        with zipfile.ZipFile(BytesIO(data)) as zipped:
            return _without_top(dict(_entries(zipped)))
    except (
        zipfile.BadZipFile,
        zlib.error,
        EOFError,
        NotImplementedError,
        RuntimeError,
        OSError,
        ValueError,
    ) as error:
        if isinstance(error, BundleUnfit):
            raise
        raise BundleUnfit(
            T(
                "This is no bundle: give the folder, its .zip, or its manifest.json. Or the archive is damaged."
            )
        ) from None


def _entries(zipped: zipfile.ZipFile) -> Iterator[tuple[str, bytes]]:
    entries = [entry for entry in zipped.infolist() if not entry.is_dir()]
    if len(entries) > MOST_FILES or sum(entry.file_size for entry in entries) > MOST_BYTES:
        raise _too_large()
    seen: set[str] = set()
    for entry in entries:
        path = PurePosixPath(entry.filename)
        if path.is_absolute() or ".." in path.parts or "\\" in entry.filename or ":" in entry.filename:
            raise BundleUnfit(T("The archive names a place outside itself. Nothing in it was read."))
        if entry.filename in seen:
            raise BundleUnfit(T("The archive holds %(name)s twice.", name=entry.filename))
        seen.add(entry.filename)
        with zipped.open(entry) as file:
            content = file.read(entry.file_size + 1)
        if len(content) > entry.file_size:
            raise _too_large()
        yield entry.filename, content


def _without_top(files: dict[str, bytes]) -> dict[str, bytes]:
    """The files of an archive that holds its folder, by their names in the folder."""
    tops = {name.partition("/")[0] for name in files}
    if NAME in files or len(tops) != 1 or not all("/" in name for name in files):
        return files
    return {name.partition("/")[2]: content for name, content in files.items()}


def _too_large() -> BundleUnfit:
    return BundleUnfit(
        T(
            "This is larger than a bundle can be (%(files)s files, %(size)s MB).",
            files=MOST_FILES,
            size=MOST_BYTES // _MEGABYTE,
        )
    )
