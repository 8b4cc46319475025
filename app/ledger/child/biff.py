"""A look at the records of an .xls: a password, macros, hidden rows, cells that are errors, true or false.

The file is a compound document: sectors chained by a table, with a directory of named streams. One stream
holds the workbook's records, each an identifier, a length and its bytes.
"""

import struct
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from .protocol import Refuse
from .scan import Look

_HEADER = 512
_FREE = 0xFFFF_FFFA  # from here on, a sector number is a sign and no sector
_ENTRY = 128
_ROOT = 5
_MACROS = frozenset(("_VBA_PROJECT_CUR", "_VBA_PROJECT", "VBA", "Macros"))
_BOF, _EOF, _FILEPASS, _BOUNDSHEET = 0x0809, 0x000A, 0x002F, 0x0085
_ROW, _FORMULA, _BOOLERR = 0x0208, 0x0006, 0x0205
_ROW_HIDDEN = 0x0020
_NOT_A_NUMBER = 0xFFFF  # in the last two bytes of a formula's result; then the first byte tells what it is
_RESULT_BOOLEAN, _RESULT_ERROR = 1, 2


def look(path: Path) -> dict[str, Any]:
    """All sheets of the workbook. Raises Refuse."""
    try:
        stream = _workbook_stream(_Compound(path.read_bytes()))
        return {"looks": [vars(_look(stream, name, at)) for name, at in _sheets(stream)]}
    except (struct.error, IndexError, UnicodeDecodeError, ValueError) as error:
        raise Refuse("damaged") from error


class _Compound:
    """The streams of a compound document by name."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._size = 1 << struct.unpack_from("<H", data, 0x1E)[0]
        self._mini_size = 1 << struct.unpack_from("<H", data, 0x20)[0]
        directory, self._mini_cutoff, mini_table = struct.unpack_from("<I4xII", data, 0x30)[0:3]
        if self._size not in (512, 4096) or self._mini_size != 64:
            raise ValueError("sector size")
        self._table = self._sector_table()
        self._mini_table = _numbers(self._chain(mini_table))
        self._streams: dict[str, tuple[int, int]] = {}
        self._mini = b""
        self._read_directory(self._chain(directory))

    def __contains__(self, name: str) -> bool:
        return name in self._streams

    def names(self) -> set[str]:
        return set(self._streams)

    def read(self, name: str) -> bytes:
        start, size = self._streams[name]
        if size >= self._mini_cutoff:
            return self._chain(start)[:size]
        pieces = (self._mini[n * 64 : n * 64 + 64] for n in _follow(start, self._mini_table))
        return b"".join(pieces)[:size]

    def _sector(self, number: int) -> bytes:
        start = _HEADER + number * self._size if self._size == _HEADER else (number + 1) * self._size
        return self._data[start : start + self._size]

    def _sector_table(self) -> tuple[int, ...]:
        sectors = [n for n in struct.unpack_from("<109I", self._data, 0x4C) if n < _FREE]
        more, seen = struct.unpack_from("<I", self._data, 0x44)[0], 0
        while more < _FREE and seen * self._size < len(self._data):
            numbers = _numbers(self._sector(more))
            sectors += [n for n in numbers[:-1] if n < _FREE]
            more, seen = numbers[-1], seen + 1
        return tuple(n for sector in sectors for n in _numbers(self._sector(sector)))

    def _chain(self, start: int) -> bytes:
        return b"".join(map(self._sector, _follow(start, self._table)))

    def _read_directory(self, directory: bytes) -> None:
        for at in range(0, len(directory) - _ENTRY + 1, _ENTRY):
            length, kind = struct.unpack_from("<HB", directory, at + 64)
            if not kind:
                continue
            name = directory[at : at + max(0, min(length, 64) - 2)].decode("utf-16-le", "replace")
            start, size = struct.unpack_from("<II", directory, at + 116)
            self._streams[name] = (start, size)
            if kind == _ROOT:
                self._mini = self._chain(start)[:size]


def _numbers(data: bytes) -> tuple[int, ...]:
    return struct.unpack(f"<{len(data) // 4}I", data[: len(data) // 4 * 4])


def _follow(start: int, table: tuple[int, ...]) -> Iterator[int]:
    number, steps = start, 0
    while number < _FREE:
        if steps > len(table):
            raise ValueError("a chain without end")
        yield number
        number, steps = table[number], steps + 1


def _workbook_stream(compound: _Compound) -> bytes:
    if "EncryptedPackage" in compound:
        raise Refuse("password")
    if _MACROS & compound.names():
        raise Refuse("macros")
    for name in ("Workbook", "Book"):
        if name in compound:
            return compound.read(name)
    raise Refuse("not_workbook")


def _records(stream: bytes, at: int) -> Iterator[tuple[int, int, int]]:
    """Identifier, position and length of each record up to the end of the substream."""
    depth = 0
    while at + 4 <= len(stream):
        kind, length = struct.unpack_from("<HH", stream, at)
        yield kind, at + 4, length
        depth += (kind == _BOF) - (kind == _EOF)
        if depth <= 0:
            return
        at += 4 + length


def _sheets(stream: bytes) -> Iterator[tuple[str, int]]:
    for kind, at, _ in _records(stream, 0):
        if kind == _FILEPASS:
            raise Refuse("password")
        if kind == _BOUNDSHEET:
            start, count, wide = struct.unpack_from("<I2xBB", stream, at)
            raw = stream[at + 8 : at + 8 + count * (2 if wide & 1 else 1)]
            yield raw.decode("utf-16-le" if wide & 1 else "latin-1"), start


def _look(stream: bytes, name: str, start: int) -> Look:
    found = Look(name)
    for kind, at, _ in _records(stream, start):
        if kind == _ROW:
            row, options = struct.unpack_from("<H10xH", stream, at)
            found.last_row = max(found.last_row, row + 1)
            if options & _ROW_HIDDEN:
                found.hidden.append(row + 1)
        elif kind == _BOOLERR:
            row, column, is_error = struct.unpack_from("<HH3xB", stream, at)
            (found.errors if is_error else found.booleans).append((row + 1, column))
        elif kind == _FORMULA:
            row, column, result, marker = struct.unpack_from("<HH2xB5xH", stream, at)
            if marker == _NOT_A_NUMBER and result in (_RESULT_BOOLEAN, _RESULT_ERROR):
                (found.errors if result == _RESULT_ERROR else found.booleans).append((row + 1, column))
    return found
