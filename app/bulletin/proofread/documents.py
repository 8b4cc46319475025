"""The text of an uploaded bulletin: .txt, .docx, .xlsx or .html, told apart by content first. Pure.

Only the standard library reads here, within fixed limits: a document comes from anywhere.
"""

import csv
import re
from dataclasses import dataclass
from io import StringIO

from app.bulletin.proofread.errors import NotABulletin
from app.bulletin.proofread.packages import DAMAGED, Package
from app.bulletin.proofread.pages import page_text
from app.bulletin.proofread.word import read_word
from app.bulletin.proofread.workbook import read_workbook
from app.labels import T, Text

MAX_BYTES = 5 * 1024 * 1024

_UTF16_MARKS = (b"\xff\xfe", b"\xfe\xff")
_CHARSET = re.compile(rb"charset\s{0,3}=\s{0,3}[\"']?([\w-]{2,20})", re.IGNORECASE)
_LOOKS_LIKE_HTML = re.compile(r"\s{0,200}<(?:!doctype|html|head|body|meta|div|p|span|table)\b", re.IGNORECASE)
_OLD_OFFICE = b"\xd0\xcf\x11\xe0"


@dataclass(frozen=True, slots=True)
class Source:
    """A file's text, each paragraph and each row of a table a line, and what its reader left out."""

    text: str
    hints: tuple[Text, ...] = ()


def read_text(name: str, data: bytes) -> str:
    """The plain text of a file. Raises NotABulletin."""
    return read_source(name, data).text


def read_source(name: str, data: bytes) -> Source:
    """The text of a file, and what a reader should know of it. Raises NotABulletin."""
    if len(data) > MAX_BYTES:
        raise NotABulletin(
            T(
                "The file is larger than %(limit)s MB. Save the bulletin alone.",
                limit=MAX_BYTES // 1024 // 1024,
            )
        )
    if data.startswith(b"PK\x03\x04"):
        return _office(data)
    if data.startswith((b"%PDF", _OLD_OFFICE)):
        raise NotABulletin(
            T(
                "PDF and old Office files (.doc, .xls, .wps, .et) cannot be read. Save it as .docx or .xlsx, "
                "or paste the text."
            )
        )
    text = _decode(data)
    if "\0" in text:
        raise NotABulletin(
            T("This is no text file. Give a .txt, .docx, .xlsx or .html file, or paste the text.")
        )
    lower = name.lower()
    if lower.endswith((".html", ".htm")) or _LOOKS_LIKE_HTML.match(text):
        return Source(page_text(text))
    return Source(_tabbed(text) if lower.endswith(".csv") else text)


def is_word(data: bytes) -> bool:
    """Whether a file is a Word document, into which comments can be written."""
    return data.startswith(b"PK\x03\x04") and "word/document.xml" in Package(data).names


def _office(data: bytes) -> Source:
    names = Package(data).names
    if "word/document.xml" in names:
        word = read_word(data)
        return Source(word.text, tuple(word.hints))
    if "xl/workbook.xml" in names:
        text, hints = read_workbook(data)
        return Source(text, tuple(hints))
    raise NotABulletin(DAMAGED)


def _tabbed(text: str) -> str:
    """Lines of cells out of a .csv file."""
    try:
        rows = list(csv.reader(StringIO(text)))
    except csv.Error:
        return text
    return "\n".join("\t".join(" ".join(cell.split()) for cell in row) for row in rows)


def _decode(data: bytes) -> str:
    """UTF-8 or GB18030, with or without a byte-order mark; what a page says of itself comes first."""
    if data.startswith(_UTF16_MARKS):
        encodings = ["utf-16"]
    else:
        named = _CHARSET.search(data[:2048])
        said = named[1].decode("ascii").lower() if named else ""
        encodings = ["utf-8-sig", "gb18030"]
        if said.startswith("gb"):
            encodings.reverse()
    for encoding in encodings:
        try:
            return data.decode(encoding)
        except UnicodeDecodeError:
            continue
    raise NotABulletin(
        T("The characters of this file cannot be read. Save it as UTF-8 or GB18030, or paste the text.")
    )
