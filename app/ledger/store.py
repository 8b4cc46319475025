"""Ledger files in the instance folder, encrypted, under their hash; and the progress of work on them.

Progress is a small file and not a row: the transaction that takes a ledger is all or nothing, so nothing it
writes can be seen before its end, and on SQLite nobody else can write meanwhile.
"""

import contextlib
import fcntl
import hashlib
import json
import os
import shutil
import tempfile
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path

from app.files import write_whole
from app.privacy import Keyring

IMPORTS = "imports"
_OPEN = "open-"  # a plain file, for as long as it is read


class Busy(RuntimeError):
    """Another import is running."""


@dataclass(frozen=True, slots=True)
class Progress:
    """How far: ``done`` of ``total`` in the named part of the work, and the whole in percent."""

    part: str
    percent: int


class LedgerStore:
    """The imports folder of one instance."""

    def __init__(self, instance: Path, ring: Keyring) -> None:
        self.folder = instance / IMPORTS
        self.folder.mkdir(mode=0o700, exist_ok=True)
        self._ring = ring

    def keep(self, content: bytes) -> str:
        """Keep a file's content; returns its SHA-256 as hex."""
        name = hashlib.sha256(content).hexdigest()
        self._write(f"{name}.ledger", self._ring.seal_file(content))
        return name

    def keep_refused(self, batch_id: int, content: bytes) -> None:
        """Keep the workbook of a batch's refused rows."""
        self._write(f"{batch_id}.refused", self._ring.seal_file(content))

    def refused(self, batch_id: int) -> bytes | None:
        path = self.folder / f"{batch_id}.refused"
        return self._ring.open_file(path.read_bytes()) if path.exists() else None

    @contextlib.contextmanager
    def opened(self, file_hash: str, filename: str) -> Iterator[Path]:
        """The plain file, for as long as the block lasts, readable by nobody else.

        Only for whoever is ``alone``: what a killed one left behind is removed by the next.
        """
        with tempfile.TemporaryDirectory(prefix=_OPEN, dir=self.folder) as folder:
            path = Path(folder) / ("ledger" + Path(filename).suffix.lower())
            path.write_bytes(self._ring.open_file((self.folder / f"{file_hash}.ledger").read_bytes()))
            yield path

    def tell(self, batch_id: int, progress: Progress) -> None:
        """Say how far a batch is, for whoever watches."""
        self._write(f"{batch_id}.progress", json.dumps(asdict(progress)).encode(), durable=False)

    def progress(self, batch_id: int) -> Progress | None:
        try:
            return Progress(**json.loads((self.folder / f"{batch_id}.progress").read_bytes()))
        except (FileNotFoundError, ValueError, TypeError):
            return None

    def told_at(self, batch_id: int) -> datetime | None:
        """When somebody last said how far a batch is."""
        try:
            return datetime.fromtimestamp((self.folder / f"{batch_id}.progress").stat().st_mtime, UTC)
        except FileNotFoundError:
            return None

    def forget_progress(self, batch_id: int) -> None:
        (self.folder / f"{batch_id}.progress").unlink(missing_ok=True)

    @contextlib.contextmanager
    def alone(self) -> Iterator[None]:
        """Only one import at a time on this machine. Raises Busy. The lock goes with the process, however it ends."""
        descriptor = os.open(self.folder / "lock", os.O_RDWR | os.O_CREAT, 0o600)
        try:
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                raise Busy from None
            for left in self.folder.glob(f"{_OPEN}*"):
                shutil.rmtree(left)
            yield
        finally:
            os.close(descriptor)

    def _write(self, name: str, content: bytes, durable: bool = True) -> None:
        write_whole(self.folder / name, content, durable)
