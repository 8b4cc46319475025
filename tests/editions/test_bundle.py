"""The files together: the same every time, whole or not written, and nothing read that an archive must not name."""

import zipfile
from io import BytesIO
from pathlib import Path

import pytest

from app.editions.bundle import (
    archive,
    bundle_files,
    differing,
    read_path,
    unpack,
    write_bundle,
    write_files,
)
from app.editions.manifest import FILES, NAME, BundleUnfit, read
from app.editions.seal import SigningKey
from tests.editions.sample import bulletin, published

KEY = SigningKey.generate()


@pytest.fixture(scope="module")
def files() -> dict[str, bytes]:
    return bundle_files(published(), KEY, audit={"last": 7, "digest": "ab"})


def zipped(**entries: bytes) -> bytes:
    out = BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as made:
        for name, content in entries.items():
            made.writestr(name, content)
    return out.getvalue()


def test_five_files_the_same_every_time(files: dict[str, bytes]) -> None:
    assert list(files) == [*FILES, NAME]
    assert bundle_files(published(), KEY, audit={"last": 7, "digest": "ab"}) == files
    assert archive(files) == archive(files)
    assert bundle_files(bulletin(), KEY)[NAME] != files[NAME]


def test_the_manifest_tells_what_the_bulletin_does(files: dict[str, bytes]) -> None:
    found = read(files[NAME])
    content = found.content
    assert found.is_sealed and not found.draft
    assert (content["format"], content["region"], content["month"]) == (1, "530324", "2023-10")
    total = content["figures"]["total"]
    assert (total["code"], total["stock_fen"], total["stock_wan"]) == ("530324", 5_390_040_000, "5390.04")
    assert content["figures"]["rows"][0]["name"] == "阿岗镇"
    assert content["audit"] == {"last": 7, "digest": "ab"}
    assert found.figures.total == published().figures.total


def test_written_and_read_again(files: dict[str, bytes], tmp_path: Path) -> None:
    folder = tmp_path / "new" / "530324-2023-10"
    assert write_bundle(published(), folder, KEY).figures == read(files[NAME]).figures
    assert sorted(read_path(folder)) == sorted(files)
    assert differing(read_path(folder), folder) == []
    (folder / "bulletin.txt").write_text("别的")
    (folder / "note.txt").write_text("x")
    assert differing(files, folder) == ["bulletin.txt", "manifest.json", "note.txt"]
    archived = tmp_path / "bundle.zip"
    archived.write_bytes(archive(files))
    assert read_path(archived) == files
    assert unpack(zipped(**{f"罗平/{name}": content for name, content in files.items()})) == files
    alone = tmp_path / "alone"
    write_files({NAME: files[NAME]}, alone)
    assert read_path(alone / NAME) == {NAME: files[NAME]}


@pytest.mark.parametrize("name", ["../x", "/etc/x", "a\\..\\b", "C:x", "a/../../x"])
def test_an_archive_names_no_place_outside_itself(name: str) -> None:
    with pytest.raises(BundleUnfit, match="outside itself"):
        unpack(zipped(**{name: b"x"}))


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"", "no bundle"),
        (b"PK\x03\x04", "no bundle"),
        (b"%PDF-1.4", "no bundle"),
        (zipped(**{f"f{n}": b"" for n in range(40)}), "larger"),
        (zipped(bomb=b"\0" * (65 * 1024 * 1024)), "larger"),
    ],
)
def test_what_is_no_bundle_or_too_large_is_refused(data: bytes, words: str) -> None:
    with pytest.raises(BundleUnfit, match=words):
        unpack(data)


def test_an_archive_that_lies_about_a_size_or_is_damaged_is_refused(files: dict[str, bytes]) -> None:
    lying = bytearray(zipped(**{"manifest.json": b"a" * 5000}))
    at = lying.rindex(b"PK\x01\x02") + 24
    lying[at : at + 4] = (10).to_bytes(4, "little")
    whole = archive(files)
    for data in (bytes(lying), whole[: len(whole) // 2], whole.replace(b"PK\x01\x02", b"PK\x09\x09")):
        with pytest.raises(BundleUnfit):
            unpack(data)


@pytest.mark.parametrize(
    "data",
    [b"{}", b"[]", b'{"format": 1}', b'{"format": 2}', b"\xff", b'{"format": 1, "figures": {"rows": 5}}',
     b'{"a":' * 5000, b'{"format": 1, "region": "\\ud800"}'],
)  # fmt: skip
def test_what_is_no_manifest_is_refused_with_a_sentence(data: bytes) -> None:
    with pytest.raises(BundleUnfit):
        read(data)


def test_a_path_that_is_not_there(tmp_path: Path) -> None:
    for path in (tmp_path / "none", tmp_path / "none" / NAME):
        with pytest.raises(BundleUnfit, match=r"not there|no bundle"):
            read_path(path)
