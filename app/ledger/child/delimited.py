"""The cells of a text file: UTF-8, UTF-16 with its mark, or GB18030; comma, tab or semicolon."""

import codecs
import csv
from collections.abc import Iterator
from contextlib import suppress
from itertools import islice
from pathlib import Path

from .protocol import Refuse, Send

CHUNK = 2000
BLOCK = 1 << 20
MAX_ROWS = 1_048_576  # as many as a worksheet has
MAX_WIDTH = 500
MAX_FIELD = 32_767  # as long as a cell of a workbook can be
SAMPLE_ROWS = 40
DELIMITERS = ",\t;"
_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)


def read(path: Path, send: Send) -> None:
    """One sheet without a name: its rows as Excel counts them, blank ones too, of one width in a chunk."""
    csv.field_size_limit(MAX_FIELD)
    encoding, lines = _encoding(path)
    try:
        delimiter = _delimiter(path, encoding)
        send({"sheet": "", "hidden": False, "first_col": 0, "rows": lines, "merges": []})
        width, number = 0, 1
        for chunk in _chunks(_rows(path, encoding, delimiter)):
            width = max(width, *map(len, chunk))
            if width > MAX_WIDTH:
                raise Refuse("wide", limit=MAX_WIDTH)
            send({"row": number, "cells": [row + [""] * (width - len(row)) for row in chunk]})
            number += len(chunk)
    except csv.Error as error:
        raise Refuse("quotes") from error


def _encoding(path: Path) -> tuple[str, int]:
    """The encoding, and about how many lines there are."""
    with path.open("rb") as file:
        start = file.read(4)
    for mark, name in _MARKS:
        if start.startswith(mark):
            candidates: tuple[str, ...] = (name,)
            break
    else:
        candidates = ("utf-8", "gb18030")
    for name in candidates:
        if lines := _decodes(path, name):
            return name, lines
    raise Refuse("encoding")


def _decodes(path: Path, encoding: str) -> int:
    """The number of lines, at least 1; 0 if the file is not in this encoding."""
    decoder, lines = codecs.getincrementaldecoder(encoding)(), 1
    with path.open("rb") as file:
        while block := file.read(BLOCK):
            try:
                text = decoder.decode(block)
            except UnicodeDecodeError:
                return 0
            if "\0" in text:
                raise Refuse("binary")
            lines += text.count("\n")
        try:
            decoder.decode(b"", final=True)
        except UnicodeDecodeError:
            return 0
    return lines


def _rows(path: Path, encoding: str, delimiter: str) -> Iterator[list[str]]:
    with path.open(encoding=encoding, newline="") as file:
        yield from csv.reader(file, delimiter=delimiter)


def _delimiter(path: Path, encoding: str) -> str:
    """The sign that cuts the first rows into most columns."""
    widths = dict.fromkeys(DELIMITERS, 0)
    for delimiter in DELIMITERS:
        with suppress(csv.Error):  # what comes before the error still counts
            for row in islice(_rows(path, encoding, delimiter), SAMPLE_ROWS):
                widths[delimiter] = max(widths[delimiter], len(row))
    return max(DELIMITERS, key=lambda delimiter: widths[delimiter])


def _chunks(rows: Iterator[list[str]]) -> Iterator[list[list[str]]]:
    chunk: list[list[str]] = []
    for number, row in enumerate(rows, start=1):
        if number > MAX_ROWS:
            raise Refuse("rows", limit=MAX_ROWS)
        chunk.append(row)
        if len(chunk) == CHUNK:
            yield chunk
            chunk = []
    if chunk:
        yield chunk
