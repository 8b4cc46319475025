"""What is in a backup: entries, each with its blocks, and a manifest at the end that counts and hashes them all."""

import hashlib
import json
import zlib
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, BinaryIO

from app.backup.lines import Shape, Tally, unescaped
from app.backup.recovery import RecoveryKey
from app.backup.refused import BackupDamaged, BackupRefused, damaged
from app.backup.stream import BLOCK, BYTES, ENTRY, MANIFEST, ROWS, Header, Sealer, opened
from app.labels import T
from app.privacy import Keyring, read_keys

TABLE, FILE, KEY = (
    "table",
    "file",
    "key",
)  # what an entry is; keys are files of the instance that open or seal others
DATA_KEY = "data.key"
_FINGERPRINT = "key_fingerprint"  # the setting by which a database knows its key

Tell = Callable[[str, int, int], None]


@dataclass(frozen=True, slots=True)
class Entry:
    """``name`` is a table's, or a path below the instance folder; ``shape`` only of a table."""

    kind: str
    name: str
    shape: Shape | None = None

    def to_json(self) -> dict[str, Any]:
        return {"kind": self.kind, "name": self.name, "shape": asdict(self.shape) if self.shape else None}

    @classmethod
    def from_json(cls, given: dict[str, Any]) -> "Entry":
        shape = given["shape"]
        return cls(
            given["kind"],
            given["name"],
            Shape(shape["name"], tuple((n, k) for n, k in shape["columns"]), tuple(shape["key"]))
            if shape
            else None,
        )


@dataclass(slots=True)
class Manifest:
    """Rows and SHA-256 by table, bytes and SHA-256 by file; keys are among the files."""

    revision: str
    tables: dict[str, tuple[int, str]] = field(default_factory=dict)
    files: dict[str, tuple[int, str]] = field(default_factory=dict)

    @property
    def rows(self) -> int:
        return sum(rows for rows, _ in self.tables.values())

    def to_json(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def from_json(cls, given: dict[str, Any]) -> "Manifest":
        return cls(
            given["revision"],
            {name: (rows, digest) for name, (rows, digest) in given["tables"].items()},
            {name: (size, digest) for name, (size, digest) in given["files"].items()},
        )


class Writer:
    """Puts entries into a file and counts them for the manifest."""

    def __init__(self, file: BinaryIO, key: RecoveryKey, header: Header) -> None:
        self._sealer = Sealer(file, key, header)
        self.manifest = Manifest(header.revision)

    def table(self, shape: Shape, blocks: Iterator[bytes]) -> None:
        self._begin(Entry(TABLE, shape.name, shape))
        counted = Tally()
        for block in blocks:
            counted.add(block)
            self._sealer.put(ROWS, block)
        self.manifest.tables[shape.name] = counted.rows, counted.digest

    def file(self, name: str, content: bytes, kind: str = FILE) -> None:
        self._begin(Entry(kind, name))
        for start in range(0, len(content), BLOCK):
            self._sealer.put(BYTES, content[start : start + BLOCK])
        self.manifest.files[name] = len(content), hashlib.sha256(content).hexdigest()

    def _begin(self, entry: Entry) -> None:
        self._sealer.put(ENTRY, json.dumps(entry.to_json(), ensure_ascii=False).encode())

    def close(self) -> Manifest:
        self._sealer.close(self.manifest.to_json())
        return self.manifest


class Reader:
    """Goes through a backup once. After that ``manifest`` is there, and what passed has been compared with it."""

    def __init__(self, file: BinaryIO, key: RecoveryKey) -> None:
        self.header, self._frames = opened(file, key)
        self.manifest = Manifest("")
        self._found = Manifest("")
        self._next: Entry | None = None

    def entries(self) -> Iterator[tuple[Entry, Iterator[bytes]]]:
        """Each entry with its blocks; blocks that nobody asks for are read nevertheless. Raises BackupDamaged."""
        try:
            self._advance(self._frames)
            while self._next is not None:
                entry, self._next = self._next, None
                blocks = self._blocks(entry)
                yield entry, blocks
                for _ in blocks:
                    pass
        except (KeyError, TypeError, ValueError, zlib.error):
            raise damaged("form") from None
        self._compare()

    def _blocks(self, entry: Entry) -> Iterator[bytes]:
        if entry.kind == TABLE:
            counted = Tally()
            for content in self._contents(ROWS):
                counted.add(content)
                yield content
            self._found.tables[entry.name] = counted.rows, counted.digest
            return
        size, digest = 0, hashlib.sha256()
        for content in self._contents(BYTES):
            size += len(content)
            digest.update(content)
            yield content
        self._found.files[entry.name] = size, digest.hexdigest()

    def _contents(self, kind: bytes) -> Iterator[bytes]:
        for found, content in self._frames:
            if found == kind:
                yield content
            else:
                self._begin(found, content)
                return

    def _advance(self, frames: Iterator[tuple[bytes, bytes]]) -> None:
        for kind, content in frames:
            self._begin(kind, content)
            return

    def _begin(self, kind: bytes, content: bytes) -> None:
        if kind == MANIFEST:
            self.manifest = Manifest.from_json(json.loads(content))
            for _ in self._frames:  # there is none, and nothing behind the last frame
                raise ValueError
        elif kind == ENTRY:
            self._next = Entry.from_json(json.loads(content))
        else:
            raise ValueError

    def _compare(self) -> None:
        if not self.manifest.revision:
            raise damaged("manifest")
        for found, told in (
            (self._found.tables, self.manifest.tables),
            (self._found.files, self.manifest.files),
        ):
            if other := differing(found, told):
                raise damaged(other[0])


def differing(found: dict[str, tuple[int, str]], told: dict[str, tuple[int, str]]) -> list[str]:
    """Names that are on one side only, or counted or hashed otherwise."""
    return sorted(name for name in found.keys() | told.keys() if found.get(name) != told.get(name))


@dataclass(frozen=True, slots=True)
class Verified:
    header: Header
    manifest: Manifest


def verify(path: Path, key: RecoveryKey, tell: Tell = lambda *_: None) -> Verified:
    """Read all of a backup and compare it with its manifest; its data key must be the one its data was sealed with.

    Raises BackupRefused.
    """
    keys, fingerprint = "", ""
    size = path.stat().st_size if path.exists() else 0
    with open_backup(path) as file:
        reader = Reader(file, key)
        for entry, blocks in reader.entries():
            if entry.name == DATA_KEY and entry.kind == KEY:
                keys = b"".join(blocks).decode("ascii", "replace")
            elif entry.kind == TABLE and entry.name == "setting":
                fingerprint = _fingerprint(b"".join(blocks).decode())
            tell("verify", file.tell(), size)
    try:
        known = read_keys(keys)
    except ValueError:
        raise BackupDamaged(T("The key of personal data is not in this backup.")) from None
    if fingerprint and not any(_is_of(fingerprint, number, one) for number, one in known.items()):
        raise BackupDamaged(T("The key in this backup is not the one its data was sealed with."))
    return Verified(reader.header, reader.manifest)


def _is_of(fingerprint: str, number: int, key: bytes) -> bool:
    """Was it made with this key? Its first byte is the key's number, which a ring of one key does not know."""
    return fingerprint == f"{number:02x}{Keyring(key).fingerprint[2:]}"


def _fingerprint(lines: str) -> str:
    for line in lines.splitlines():
        key, _, value = line.partition("\t")
        if key == _FINGERPRINT:
            return unescaped(value)
    return ""


def open_backup(path: Path) -> BinaryIO:
    """Raises BackupRefused."""
    try:
        return path.open("rb")
    except OSError as error:
        raise BackupRefused(
            T("%(path)s cannot be read: %(reason)s", path=str(path), reason=error.strerror or str(error))
        ) from None
