"""Who took a workbook or a document out, and when, written into the file's own properties. Pure."""

from io import BytesIO
from xml.sax.saxutils import escape
from zipfile import ZIP_DEFLATED, BadZipFile, ZipFile

_CORE = "docProps/core.xml"
_TAGS = ("dc:description", "cp:lastModifiedBy")


def stamp(content: bytes, said: str) -> bytes:
    """An .xlsx or .docx file with ``said`` as its comment and as who changed it last; its pages stay as they are.

    Raises ValueError for what is neither.
    """
    out = BytesIO()
    try:
        with ZipFile(BytesIO(content)) as before, ZipFile(out, "w", ZIP_DEFLATED) as after:
            before.getinfo(_CORE)
            for part in before.infolist():
                data = before.read(part)
                after.writestr(
                    part, _said(data.decode("utf-8"), said).encode() if part.filename == _CORE else data
                )
    except (BadZipFile, KeyError, UnicodeDecodeError):
        raise ValueError("no workbook and no document") from None
    return out.getvalue()


def _said(properties: str, said: str) -> str:
    text = escape(said)
    for tag in _TAGS:
        whole, empty, start = f"<{tag}>{text}</{tag}>", f"<{tag}/>", properties.find(f"<{tag}>")
        if start >= 0:
            end = properties.index(f"</{tag}>", start) + len(tag) + 3
            properties = properties[:start] + whole + properties[end:]
        elif empty in properties:
            properties = properties.replace(empty, whole)
        else:
            properties = properties.replace("</cp:coreProperties>", whole + "</cp:coreProperties>")
    return properties
