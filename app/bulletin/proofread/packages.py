"""The parts of an Office file, within fixed limits: a document comes from anywhere. Pure."""

import zipfile
import zlib
from collections.abc import Callable
from io import BytesIO
from xml.parsers import expat

from app.bulletin.proofread.errors import NotABulletin
from app.labels import T

MAX_XML = 20 * 1024 * 1024  # of one part, unpacked
MAX_PARTS = 2_000
MAX_UNPACKED = 100 * 1024 * 1024  # of a whole file that is written anew
TOO_LARGE = T("The document is too large when unpacked. Save the bulletin alone.")
DAMAGED = T(
    "This is no Word or Excel file (.docx, .xlsx), or it is damaged or locked. Save it again, or paste the text."
)
_BROKEN = (OSError, zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError)
SEPARATOR = "\x1f"  # between a namespace and a name


class Package:
    """A zip file that is read part by part. Raises NotABulletin for what is no such file."""

    def __init__(self, data: bytes) -> None:
        try:
            self._archive = zipfile.ZipFile(BytesIO(data))
        except _BROKEN as error:
            raise NotABulletin(DAMAGED) from error
        self.names = set(self._archive.namelist())

    def read(self, name: str) -> bytes:
        """One part, unpacked."""
        try:
            with self._archive.open(name) as part:
                xml = part.read(MAX_XML + 1)
        except (KeyError, *_BROKEN) as error:
            raise NotABulletin(DAMAGED) from error
        if len(xml) > MAX_XML:
            raise NotABulletin(TOO_LARGE)
        return xml

    def check_size(self) -> None:
        """Refuse what would not fit into memory as a whole."""
        parts = self._archive.infolist()
        if len(parts) > MAX_PARTS or sum(part.file_size for part in parts) > MAX_UNPACKED:
            raise NotABulletin(TOO_LARGE)


class _ForbiddenError(Exception):
    """The XML declares a document type: Office never does, attacks do."""


def parse(
    xml: bytes,
    start: Callable[[str, dict[str, str]], None],
    end: Callable[[str], None] | None = None,
    data: Callable[[str], None] | None = None,
) -> None:
    """Read XML once from front to end; names come as ``namespace SEPARATOR name``. Raises NotABulletin."""
    parser = expat.ParserCreate(namespace_separator=SEPARATOR)
    parser.buffer_text = True
    parser.StartElementHandler = start
    parser.EndElementHandler = end
    parser.CharacterDataHandler = data
    parser.StartDoctypeDeclHandler = _refuse
    try:
        parser.Parse(xml, True)
    except (expat.ExpatError, _ForbiddenError) as error:
        raise NotABulletin(DAMAGED) from error


def _refuse(*_declaration: object) -> None:
    raise _ForbiddenError
