"""The text of an uploaded bulletin: .txt, .docx or .html, told apart by content first. Pure.

Only the standard library reads here, within fixed limits: a document comes from anywhere.
"""

import re
import zipfile
import zlib
from html import unescape
from io import BytesIO
from xml.parsers import expat

from app.bulletin.proofread.errors import NotABulletin
from app.labels import T

MAX_BYTES = 5 * 1024 * 1024
MAX_XML = 20 * 1024 * 1024  # of the document inside a .docx, unpacked

_WORD = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"
_COMPATIBILITY = "http://schemas.openxmlformats.org/markup-compatibility/2006"
_TEXT, _PARAGRAPH, _TAB, _BREAK = (f"{_WORD}\x1f{name}" for name in ("t", "p", "tab", "br"))
_FALLBACK = f"{_COMPATIBILITY}\x1fFallback"  # repeats what stands beside it, for old readers
_UTF16_MARKS = (b"\xff\xfe", b"\xfe\xff")
_CHARSET = re.compile(rb"charset\s{0,3}=\s{0,3}[\"']?([\w-]{2,20})", re.IGNORECASE)
_LOOKS_LIKE_HTML = re.compile(r"\s{0,200}<(?:!doctype|html|head|body|meta|div|p|span|table)\b", re.IGNORECASE)
_DAMAGED = T(
    "This is no Word document (.docx), or it is damaged or locked. Save it again, or paste the text."
)
_TAG = re.compile(r"<!--|</?([a-zA-Z][a-zA-Z0-9]{0,20})|<[!?]")
_BLOCKS = frozenset(
    [
        "p",
        "div",
        "br",
        "tr",
        "td",
        "th",
        "li",
        "ul",
        "ol",
        "table",
        "h1",
        "h2",
        "h3",
        "h4",
        "h5",
        "h6",
        "section",
        "article",
        "header",
        "footer",
    ]
)
_HIDDEN = frozenset({"script", "style", "title", "template", "noscript"})
_OLD_WORD = b"\xd0\xcf\x11\xe0"


def read_text(name: str, data: bytes) -> str:
    """The plain text of a file, each paragraph on a line of its own. Raises NotABulletin."""
    if len(data) > MAX_BYTES:
        raise NotABulletin(
            T(
                "The file is larger than %(limit)s MB. Save the bulletin alone.",
                limit=MAX_BYTES // 1024 // 1024,
            )
        )
    if data.startswith(b"PK\x03\x04"):
        return _docx(data)
    if data.startswith((b"%PDF", _OLD_WORD)):
        raise NotABulletin(
            T("PDF and old Word files (.doc, .wps) cannot be read. Save it as .docx, or paste the text.")
        )
    text = _decode(data)
    if "\0" in text:
        raise NotABulletin(T("This is no text file. Give a .txt, .docx or .html file, or paste the text."))
    page = name.lower().endswith((".html", ".htm")) or _LOOKS_LIKE_HTML.match(text)
    return _html(text) if page else text


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


def _docx(data: bytes) -> str:
    try:
        with zipfile.ZipFile(BytesIO(data)) as archive, archive.open("word/document.xml") as part:
            xml = part.read(MAX_XML + 1)
    except (
        KeyError,
        OSError,
        zipfile.BadZipFile,
        zlib.error,
        EOFError,
        NotImplementedError,
        RuntimeError,
    ) as error:
        raise NotABulletin(_DAMAGED) from error
    if len(xml) > MAX_XML:
        raise NotABulletin(T("The document is too large when unpacked. Save the bulletin alone."))
    try:
        return _WordText().read(xml)
    except (expat.ExpatError, _ForbiddenError) as error:
        raise NotABulletin(_DAMAGED) from error


class _ForbiddenError(Exception):
    """The XML declares a document type: Word never does, attacks do."""


class _WordText:
    """Collects the text runs of a WordprocessingML document."""

    def __init__(self) -> None:
        self.pieces: list[str] = []
        self.in_text = False
        self.skipped = 0  # depth inside alternate content

    def read(self, xml: bytes) -> str:
        parser = expat.ParserCreate(namespace_separator="\x1f")
        parser.StartElementHandler = self._start
        parser.EndElementHandler = self._end
        parser.CharacterDataHandler = self._data
        parser.StartDoctypeDeclHandler = self._refuse
        parser.Parse(xml, True)
        return "".join(self.pieces)

    def _start(self, name: str, _attributes: object) -> None:
        if self.skipped or name == _FALLBACK:
            self.skipped += 1
        self.in_text = name == _TEXT
        if name in (_TAB, _BREAK) and not self.skipped:
            self.pieces.append("\t" if name == _TAB else "\n")

    def _end(self, name: str) -> None:
        self.in_text = False
        if self.skipped:
            self.skipped -= 1
        elif name == _PARAGRAPH:
            self.pieces.append("\n")

    def _data(self, data: str) -> None:
        if self.in_text and not self.skipped:
            self.pieces.append(data)

    def _refuse(self, *_declaration: object) -> None:
        raise _ForbiddenError


def _html(text: str) -> str:
    """What a page shows, one line for each block. One pass, only forward, whatever the page holds."""
    pieces: list[str] = []
    at = 0
    while (tag := _TAG.search(text, at)) is not None:
        pieces.append(" ".join(text[at : tag.start()].splitlines()))
        name = (tag[1] or "").lower()
        end = ">"
        if tag[0] == "<!--":
            end = "-->"
        elif name in _BLOCKS:
            pieces.append("\n")
        at = _after(text, end, tag.end())
        if name in _HIDDEN and not tag[0].startswith("</"):
            at = _after(text, f"</{name}", at)
    pieces.append(" ".join(text[at:].splitlines()))
    lines = (line.strip() for line in unescape("".join(pieces)).split("\n"))
    return "\n".join(line for line in lines if line)


def _after(text: str, mark: str, start: int) -> int:
    """Where the next ``mark`` ends, in small or capital letters; the end of the text if there is none."""
    found = re.compile(re.escape(mark), re.IGNORECASE).search(text, start)
    return found.end() if found else len(text)
