"""The form of a backup file: one line that anybody may read, then sealed frames, each of them with its place.

    QINGSHOU BACKUP 1 {"made_at": …, "salt": …}\\n
    length (4 bytes) ciphertext    as often as needed

Every backup has a key of its own, derived from the recovery key, a salt and the whole first line. A frame is
AES-256-GCM; its nonce is its number, with a mark on the last one. So a changed byte, a missing, added, moved or
repeated frame and a cut-off end are all found, and nothing is handed on before it was found whole.
"""

import hashlib
import json
import struct
import zlib
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any, BinaryIO

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from app.backup.recovery import RecoveryKey
from app.backup.refused import BackupRefused, damaged
from app.labels import T

FORMAT = 1
BLOCK = 1 << 20  # bytes of content in a frame; one long row may make it longer
_MAGIC = b"QINGSHOU BACKUP "
_LONGEST_LINE, _LONGEST_FRAME = 4096, 256 << 20
_LENGTH, _NONCE, _TAG = struct.Struct(">I"), struct.Struct(">QxxxB"), 16
_QUICKLY = 1  # zlib's level: rows become a fourth to a sixth of their size

ENTRY, ROWS, BYTES, MANIFEST = b"E", b"Z", b"R", b"M"
_PACKED = (ROWS, MANIFEST)


@dataclass(frozen=True, slots=True)
class Header:
    """What a backup says of itself without a key. ``made_at`` with its zone; ``key`` is the recovery key's name."""

    made_at: str
    program: str
    revision: str
    database: str
    key: str
    salt: str

    @property
    def moment(self) -> datetime:
        return datetime.fromisoformat(self.made_at)

    def line(self) -> bytes:
        return _MAGIC + f"{FORMAT} {json.dumps(asdict(self), sort_keys=True)}\n".encode()


def read_header(file: BinaryIO) -> Header:
    """The first line. Raises BackupRefused for what is no backup, or one that this program cannot read."""
    line = file.readline(_LONGEST_LINE)
    words = line.removeprefix(_MAGIC).split(b" ", 1)
    if not line.startswith(_MAGIC) or len(words) != 2 or not words[0].isdigit():
        raise BackupRefused(T("This file is no backup of this program."))
    if int(words[0]) > FORMAT:
        raise BackupRefused(T("This backup was made by a newer version. Install that one to read it."))
    try:
        header = Header(**json.loads(words[1]))
        usable = header.moment.tzinfo is not None and bool(bytes.fromhex(header.salt))
    except (ValueError, TypeError):
        usable = False
        header = Header("", "", "", "", "", "")
    if not usable or header.line() != line:
        raise damaged("line 1")
    return header


def _cipher(key: RecoveryKey, header: Header) -> AESGCM:
    told = hashlib.sha256(header.line()).digest()
    return AESGCM(key.derive(bytes.fromhex(header.salt), told))


class Sealer:
    """Writes frames; without ``close`` the file is one that was cut off."""

    def __init__(self, file: BinaryIO, key: RecoveryKey, header: Header) -> None:
        self._file, self._cipher, self._number = file, _cipher(key, header), 0
        file.write(header.line())

    def put(self, kind: bytes, content: bytes, last: bool = False) -> None:
        plain = kind + (zlib.compress(content, _QUICKLY) if kind in _PACKED else content)
        sealed = self._cipher.encrypt(_NONCE.pack(self._number, last), plain, None)
        self._file.write(_LENGTH.pack(len(sealed)) + sealed)
        self._number += 1

    def close(self, manifest: dict[str, Any]) -> None:
        """The last frame."""
        self.put(MANIFEST, json.dumps(manifest, ensure_ascii=False).encode(), last=True)


def opened(file: BinaryIO, key: RecoveryKey) -> tuple[Header, Iterator[tuple[bytes, bytes]]]:
    """The first line, and then each frame's kind and content. Raises BackupRefused, also while frames are read."""
    header = read_header(file)
    if header.key != key.name:
        raise BackupRefused(
            T(
                "This backup opens with the recovery key “%(wanted)s”; the one given is “%(given)s”.",
                wanted=header.key,
                given=key.name,
            )
        )
    return header, _frames(file, _cipher(key, header))


def _frames(file: BinaryIO, cipher: AESGCM) -> Iterator[tuple[bytes, bytes]]:
    number, is_last = 0, False
    while not is_last:
        kind, content, is_last = _frame(file, cipher, number)
        yield kind, content
        number += 1
    if file.read(1):
        raise damaged("after the end")


def _frame(file: BinaryIO, cipher: AESGCM, number: int) -> tuple[bytes, bytes, bool]:
    where = f"frame {number}"
    prefix = file.read(_LENGTH.size)
    length = _LENGTH.unpack(prefix)[0] if len(prefix) == _LENGTH.size else 0
    if not _TAG < length <= _LONGEST_FRAME:
        raise damaged(where)
    sealed = file.read(length)
    if len(sealed) != length:
        raise damaged(where)
    for last in (False, True):
        try:
            plain = cipher.decrypt(_NONCE.pack(number, last), sealed, None)
        except InvalidTag:
            continue
        content = zlib.decompress(plain[1:]) if plain[:1] in _PACKED else plain[1:]
        return plain[:1], content, last
    raise damaged(where)
