"""The sealed file: whatever is changed, cut off, moved or added is found, and a wrong key says that it is one."""

import io
import struct
from datetime import UTC, datetime
from pathlib import Path

import pytest
from flask import Flask
from hypothesis import given
from hypothesis import strategies as st

from app.backup.contents import FILE, KEY, Entry, Manifest, Reader, Writer, verify
from app.backup.lines import INT, TEXT, Shape
from app.backup.recovery import RecoveryKey, known_key, own_key
from app.backup.refused import BackupDamaged, BackupRefused
from app.backup.stream import Header, read_header
from app.privacy import new_key
from tests.backup.conftest import back_up, key_of

OURS, OTHER = RecoveryKey(b"k" * 32), RecoveryKey(b"o" * 32)
SHAPE = Shape("t", (("id", INT), ("name", TEXT)), ("id",))


def header(key: RecoveryKey = OURS) -> Header:
    return Header(datetime(2023, 12, 5, tzinfo=UTC).isoformat(), "0.1", "0021", "sqlite", key.name, "aa" * 32)


def written() -> bytes:
    file = io.BytesIO()
    writer = Writer(file, OURS, header())
    writer.file("attachments/x", b"content" * 9)
    writer.table(SHAPE, iter([b"1\ta\n2\tb\n", b"3\tc\n"]))
    writer.file("data.key", new_key().encode(), KEY)
    writer.close()
    return file.getvalue()


WRITTEN = written()


def read(content: bytes, key: RecoveryKey = OURS) -> tuple[Manifest, list[tuple[Entry, bytes]]]:
    reader = Reader(io.BytesIO(content), key)
    found = [(entry, b"".join(blocks)) for entry, blocks in reader.entries()]
    return reader.manifest, found


def test_what_was_written_is_read() -> None:
    manifest, found = read(WRITTEN)
    assert [(entry.kind, entry.name) for entry, _ in found] == [
        (FILE, "attachments/x"), ("table", "t"), (KEY, "data.key"),
    ]  # fmt: skip
    assert found[1] == (Entry("table", "t", SHAPE), b"1\ta\n2\tb\n3\tc\n")
    assert manifest.rows == 3 and manifest.files["attachments/x"][0] == 63


@given(st.integers(0, len(WRITTEN) - 1), st.integers(1, 255))
def test_any_changed_byte_is_found(place: int, by: int) -> None:
    changed = bytearray(WRITTEN)
    changed[place] ^= by
    with pytest.raises(BackupRefused):
        read(bytes(changed))


@given(st.integers(0, len(WRITTEN) - 1))
def test_any_cut_off_end_is_found(length: int) -> None:
    with pytest.raises(BackupRefused):
        read(WRITTEN[:length])


def frames(content: bytes) -> tuple[bytes, list[bytes]]:
    line, rest = content.split(b"\n", 1)
    found = []
    while rest:
        length = 4 + struct.unpack(">I", rest[:4])[0]
        found.append(rest[:length])
        rest = rest[length:]
    return line + b"\n", found


@given(st.data())
def test_any_other_order_of_whole_frames_is_found(data: st.DataObject) -> None:
    line, parts = frames(WRITTEN)
    other = data.draw(st.lists(st.sampled_from(parts), max_size=len(parts) + 2))
    if other == parts:
        assert read(line + b"".join(other))
    else:
        with pytest.raises(BackupDamaged):
            read(line + b"".join(other))


def test_another_key_is_told_from_damage() -> None:
    with pytest.raises(BackupRefused, match=f"opens with the recovery key “{OURS.name}”"):
        read(WRITTEN, OTHER)
    forged = WRITTEN.replace(OURS.name.encode(), OTHER.name.encode())
    with pytest.raises(BackupDamaged):
        read(forged, OTHER)


@pytest.mark.parametrize(
    ("line", "sentence"),
    [
        (b"", "no backup"),
        (b"PK\x03\x04", "no backup"),
        (b"QINGSHOU BACKUP \n", "no backup"),
        (b"QINGSHOU BACKUP 2 {}\n", "newer version"),
        (b"QINGSHOU BACKUP 1 {}\n", "damaged"),
        (b"QINGSHOU BACKUP 1 []\n", "damaged"),
        (b"QINGSHOU BACKUP 1 " + b"9" * 5000, "damaged"),
    ],
)
def test_what_is_no_backup(line: bytes, sentence: str) -> None:
    with pytest.raises(BackupRefused, match=sentence):
        read_header(io.BytesIO(line))


def test_a_manifest_that_counts_otherwise_is_found() -> None:
    file = io.BytesIO()
    writer = Writer(file, OURS, header())
    writer.table(SHAPE, iter([b"1\ta\n"]))
    writer.manifest.tables["t"] = 2, writer.manifest.tables["t"][1]
    writer.close()
    with pytest.raises(BackupDamaged, match=r"\(t\)"):
        read(file.getvalue())


# The recovery key


def test_a_key_is_read_as_people_write_it() -> None:
    key = RecoveryKey.generate()
    assert len(key.text) == 14 * 5 - 1 and key.text not in repr(key) and key.secret.hex() not in repr(key)
    for typed in (key.text, key.text.lower(), key.text.replace("-", " "), f"  {key.text}\n"):
        assert RecoveryKey.parse(typed) == key
    assert RecoveryKey.parse(key.text.replace("O", "0").replace("I", "1")) == key


@given(st.integers(0, 55), st.sampled_from("ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"))
def test_a_slip_is_found(place: int, letter: str) -> None:
    letters = OURS.text.replace("-", "")
    typed = letters[:place] + letter + letters[place + 1 :]
    if typed == letters:
        assert RecoveryKey.parse(typed) == OURS
    else:
        with pytest.raises(BackupRefused, match="slip"):
            RecoveryKey.parse(typed)


@pytest.mark.parametrize("typed", ["", "x", "密钥", OURS.text[:-1], OURS.text + "A", "A" * 56, "=" * 56])
def test_what_is_no_key(typed: str) -> None:
    with pytest.raises(BackupRefused):
        RecoveryKey.parse(typed)


def test_the_key_is_made_once(tmp_path: Path) -> None:
    assert known_key(tmp_path) is None
    key, is_new = own_key(tmp_path)
    assert is_new and own_key(tmp_path) == (key, False) and known_key(tmp_path) == key
    assert (tmp_path / "backup.key").stat().st_mode & 0o777 == 0o600


# A real one


@pytest.mark.parametrize("db_kind", ["sqlite"])
def test_bytes_changed_all_over_a_real_backup_are_found(app: Flask, tmp_path: Path) -> None:
    made, key = back_up(app), key_of(app)
    content = made.path.read_bytes()
    copy = tmp_path / "copy.backup"
    for place in range(0, len(content), len(content) // 40):
        copy.write_bytes(content[:place] + bytes([content[place] ^ 1]) + content[place + 1 :])
        with pytest.raises(BackupRefused):
            verify(copy, key)
    copy.write_bytes(content[: len(content) // 2])
    with pytest.raises(BackupDamaged):
        verify(copy, key)
    copy.write_bytes(content)
    assert verify(copy, key).manifest == made.manifest
    with pytest.raises(BackupRefused, match="cannot be read"):
        verify(tmp_path / "nowhere", key)


@pytest.mark.parametrize("db_kind", ["sqlite"])
def test_no_personal_data_and_no_key_stands_in_it(app: Flask) -> None:
    made = back_up(app)
    content = made.path.read_bytes()
    secret = (Path(app.instance_path) / "data.key").read_text()
    assert secret.encode() not in content and bytes.fromhex(secret.rpartition(":")[2]) not in content
    assert "阿岗".encode() not in content and key_of(app).text.encode() not in content
    assert made.path.stat().st_mode & 0o777 == 0o600
