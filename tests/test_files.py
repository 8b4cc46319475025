"""Attached files: bad ones first. What is kept is harmless, small, sealed, and under its hash."""

import zlib
from io import BytesIO
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.ciphers.aead import AESSIV
from PIL import Image

from app.files import JPEG, LONGEST_SIDE, MOST_BYTES, PDF, PNG, FileStore, FileUnfit, clean, keep
from app.privacy import Keyring


def picture(
    kind: str = "JPEG", size: tuple[int, int] = (40, 30), mode: str = "RGB", **options: object
) -> bytes:
    out = BytesIO()
    Image.new(mode, size, "teal").save(out, kind, **options)  # type: ignore[arg-type]
    return out.getvalue()


def pdf(inner: bytes = b"") -> bytes:
    return b"%PDF-1.4\n1 0 obj<</Type /Catalog>>endobj\n" + inner + b"\ntrailer<<>>\n%%EOF\n"


def stream(inner: bytes) -> bytes:
    packed = zlib.compress(inner)
    return b"2 0 obj<</Type /ObjStm /Filter /FlateDecode>>stream\n" + packed + b"\nendstream endobj"


SCRIPT = b"<script>fetch('/logout')</script>"


@pytest.mark.parametrize(
    ("name", "content", "sentence"),
    [
        ("空.jpg", b"", "is empty"),
        ("IMG.jpg", b"\xff\xd8" + b"0" * (40 * 1024 * 1024), "IMG.jpg has 41 MB; at most 10 MB"),
        ("IMG.jpg", SCRIPT, "no picture and no PDF"),
        ("IMG.jpg", b"#!/bin/sh\nrm -rf /\n", "no picture and no PDF"),
        ("IMG.jpg", b"MZ\x90\x00" * 100, "no picture and no PDF"),
        ("IMG.svg", b"<svg xmlns='http://www.w3.org/2000/svg' onload='alert(1)'/>", "no picture"),
        ("IMG.gif", b"GIF89a" + b"\0" * 100, "no picture"),
        ("IMG.webp", b"RIFF\0\0\0\0WEBPVP8 ", "no picture"),
        ("IMG.jpg", picture()[:200], "no picture"),
        ("IMG.png", picture("PNG")[:-30] + b"0" * 30, "no picture"),
        ("IMG.png", picture("PNG", (20_000, 20_000), "1"), "too many pixels"),
        ("IMG.png", picture("PNG", (7500, 7500), "1"), "too many pixels"),
        ("a.pdf", b"%PDF-1.4 cut off", "damaged PDF"),
        ("a.pdf", pdf(b"<</OpenAction<</S /JavaScript /JS (app.alert(1))>>>>"), "contains scripts"),
        ("a.pdf", pdf(b"<</S /Java#53cript>>"), "contains scripts"),
        ("a.pdf", pdf(b"<</S /Launch /F (cmd.exe)>>"), "contains scripts"),
        ("a.pdf", pdf(b"<</Names<</EmbeddedFiles 3 0 R>>>>"), "contains scripts"),
        ("a.pdf", pdf(b"<</Type /Filespec /EF<</F 3 0 R>>>> <</Type /EmbeddedFile>>"), "contains scripts"),
        ("a.pdf", pdf(b"<</Encrypt 5 0 R>>"), "is locked"),
        ("a.pdf", pdf(stream(b"<</S /JavaScript>>")), "contains scripts"),
        ("a.pdf", pdf(stream(b"0" * 60_000_000)), "contains scripts"),
    ],
    ids=lambda value: value[:24] if isinstance(value, str) else "",
)  # fmt: skip
def test_what_cannot_be_kept_is_told_in_one_sentence(name: str, content: bytes, sentence: str) -> None:
    with pytest.raises(FileUnfit, match=sentence):
        clean(name, content)


@pytest.mark.parametrize("tail", [SCRIPT, b"PK\x03\x04" + b"evil.exe" * 9, b"<?php system($_GET[0]); ?>"])
def test_of_a_picture_only_its_pixels_are_kept(tail: bytes) -> None:
    exif = Image.Exif()
    exif[0x010F] = "Spy phone"
    exif.get_ifd(0x8825)[2] = (24.0, 53.0, 0.0)
    content = picture(exif=exif.tobytes(), comment=b"secret") + tail
    kept = clean("IMG_0001.JPG", content)
    assert kept.mime == JPEG and kept.name == "IMG_0001.jpg"
    for told in (b"Exif", b"Spy", b"secret", tail[:8]):
        assert told in content and told not in kept.content
    assert not Image.open(BytesIO(kept.content)).getexif()


def test_a_picture_stands_upright_and_fits_a_page() -> None:
    exif = Image.Exif()
    exif[0x0112] = 6  # held sideways
    kept = clean("a.jpg", picture(size=(4000, 3000), exif=exif.tobytes()))
    assert Image.open(BytesIO(kept.content)).size == (LONGEST_SIDE * 3 // 4, LONGEST_SIDE)
    assert kept.small and max(Image.open(BytesIO(kept.small)).size) == 240


@pytest.mark.parametrize("mode", ["RGB", "RGBA", "P", "L", "1"])
def test_a_png_of_any_kind_is_kept(mode: str) -> None:
    kept = clean("截图.png", picture("PNG", mode=mode))
    assert kept.mime == PNG and Image.open(BytesIO(kept.content)).size == (40, 30)
    assert kept.small and kept.small.startswith(b"\xff\xd8")


def test_the_content_decides_and_not_the_name() -> None:
    assert clean("照片.png", picture()).name == "照片.jpg"
    assert clean("回执", pdf()).name == "回执.pdf"
    assert clean("..\\..\\x/签收\n单.pdf", pdf(stream(b"BT (text) Tj ET"))).name == "签收单.pdf"
    assert len(clean("长" * 300 + ".jpg", picture()).name) == 120
    assert clean("a.pdf", pdf(b"%\xe4\xbd /JS\x00")).mime == PDF


def test_a_file_of_the_greatest_size_is_taken() -> None:
    body = pdf(b"%" + b"0" * (MOST_BYTES - len(pdf()) - 1))
    assert len(body) == MOST_BYTES and clean("a.pdf", body).content == body
    with pytest.raises(FileUnfit, match="at most 10 MB"):
        clean("a.pdf", body + b"\n")


def test_files_lie_sealed_under_their_hash_and_once(tmp_path: Path) -> None:
    store = FileStore(tmp_path, Keyring(AESSIV.generate_key(512)), "attachments")
    file = clean("a.jpg", picture())
    digest = keep(store, file)
    assert keep(store, file) == digest and store.read(digest) == file.content
    assert store.read_small(digest) == file.small
    assert store.read("0" * 64) is None and store.read_small("0" * 64) is None
    kept = sorted(store.folder.iterdir())
    assert [path.name for path in kept] == [digest, f"{digest}.small"]
    assert all(file.content[:16] not in path.read_bytes() for path in kept)
    assert all(path.stat().st_mode & 0o077 == 0 for path in [store.folder, *kept])
