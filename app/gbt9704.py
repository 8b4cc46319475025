"""Official documents after GB/T 9704-2012, in Word: page, grid, fonts, styles, and a file that is the same every time.

What every document of the house has in common; the texts are their slices' own. Text goes in as prepared XML with all
its looks in styles: a file of a thousand pages cannot afford an object for each of its paragraphs. Pure.
"""

import zipfile
from datetime import date, datetime, time
from io import BytesIO
from typing import Any
from xml.sax.saxutils import escape

from docx import Document
from docx.enum.style import WD_STYLE_TYPE
from docx.enum.text import WD_ALIGN_PARAGRAPH, WD_LINE_SPACING
from docx.oxml import parse_xml
from docx.oxml.ns import nsdecls, qn
from docx.shared import Mm, Pt

MIME = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
PAGE = (210, 297)  # mm, A4
MARGINS = {"top": 37, "right": 26, "bottom": 35, "left": 28}  # mm
LINES, CHARACTERS = 22, 28  # of a page, of a line
TITLE_SIZE, BODY_SIZE, PAGE_NUMBER_SIZE, SMALL_SIZE = 22, 16, 14, 12  # pt: 2号, 3号, 4号, 小4号
PITCH_TWIPS = 579  # 28.95 pt: with 29 pt the 22nd line would not fit between the margins
TWIPS = 20  # of a point
TEXT_WIDTH, TEXT_HEIGHT = 8844, 12756  # twips: 156 mm, 225 mm

TITLE_FONT, BODY_FONT, HEAD_FONT, SECOND_FONT, SONG = (
    "方正小标宋简体",
    "仿宋_GB2312",
    "黑体",
    "楷体_GB2312",
    "宋体",
)
LATIN_FONT = "Times New Roman"
INSTEAD = {  # where a machine lacks the font
    TITLE_FONT: "宋体",
    BODY_FONT: "仿宋",
    SECOND_FONT: "楷体",
    HEAD_FONT: "SimHei",
    SONG: "SimSun",
}
LEFT, CENTRE, RIGHT, JUSTIFIED = (
    WD_ALIGN_PARAGRAPH.LEFT,
    WD_ALIGN_PARAGRAPH.CENTER,
    WD_ALIGN_PARAGRAPH.RIGHT,
    WD_ALIGN_PARAGRAPH.JUSTIFY,
)
_OLDEST = (1980, 1, 1, 0, 0, 0)  # the first date that a ZIP archive can tell
_TEXT = "word/document.xml"
_PICTURE = "/docProps/thumbnail.jpeg"  # of the library's template


def new_document(template: bytes | None = None) -> Any:
    """An empty document: the page and its margins set, the fonts named, no paragraph.

    ``template``: such a one as ``saved`` gave it, whose styles are made already.
    """
    if template is not None:
        return Document(BytesIO(template))
    document = Document()
    page = document.sections[0]
    page.page_width, page.page_height = (Mm(side) for side in PAGE)
    for side, width in MARGINS.items():
        setattr(page, f"{side}_margin", Mm(width))
    _name_fonts(document)
    _drop_picture(document)
    for paragraph in list(document.paragraphs):
        paragraph._element.getparent().remove(paragraph._element)
    return document


def _name_fonts(document: Any) -> None:
    fonts = "".join(
        f'<w:font w:name="{name}"><w:altName w:val="{other}"/><w:charset w:val="86"/></w:font>'
        for name, other in INSTEAD.items()
    )
    for part in document.part.package.iter_parts():
        if part.partname == "/word/fontTable.xml":
            part._blob = part.blob.replace(b"</w:fonts>", f"{fonts}</w:fonts>".encode())


def _drop_picture(document: Any) -> None:
    package = document.part.package
    for key, relation in list(package.rels.items()):
        if not relation.is_external and relation.target_part.partname == _PICTURE:
            package.rels.pop(key)


def add_style(
    document: Any, name: str, font: str, size: float, pitch: float, align: WD_ALIGN_PARAGRAPH
) -> Any:
    """A paragraph style with an exact line pitch; ``size`` and ``pitch`` in points."""
    style = document.styles.add_style(name, WD_STYLE_TYPE.PARAGRAPH)
    style.font.name, style.font.size = LATIN_FONT, Pt(size)
    style.element.rPr.rFonts.set(qn("w:eastAsia"), font)
    layout = style.paragraph_format
    layout.alignment, layout.line_spacing = align, Pt(pitch)
    layout.line_spacing_rule = WD_LINE_SPACING.EXACTLY
    layout.space_before = layout.space_after = Pt(0)
    layout.widow_control = False
    return style


def paragraph(style: str, text: str, layout: str = "") -> str:
    """A paragraph as XML; a tab in the text is a tab, a line end a line end. ``layout`` is XML of its properties."""
    return f'<w:p><w:pPr><w:pStyle w:val="{style}"/>{layout}</w:pPr>{run(text)}</w:p>'


def run(text: str, look: str = "") -> str:
    """A run as XML; ``look`` is XML of its properties."""
    lines = ("<w:tab/>".join(map(_piece, line.split("\t"))) for line in text.split("\n"))
    return f"<w:r>{f'<w:rPr>{look}</w:rPr>' if look else ''}{'<w:br/>'.join(lines)}</w:r>"


def _piece(text: str) -> str:
    return f'<w:t xml:space="preserve">{plain(text)}</w:t>'


def plain(text: str) -> str:
    """The text as XML can hold it: escaped, without control characters and halves of characters."""
    return escape(printable(text))


def printable(text: str) -> str:
    """The text without control characters and halves of characters, which no file format takes."""
    return "".join(c for c in text if c >= " " and not "\ud800" <= c <= "\udfff" and c not in "\ufffe\uffff")


def append(document: Any, xml: str) -> None:
    """Put prepared paragraphs and tables behind what the document has."""
    body = document.element.body
    ends = body.find(qn("w:sectPr"))
    for element in parse_xml(f"<w:body {nsdecls('w', 'r')}>{xml}</w:body>"):
        ends.addprevious(element)


def saved(document: Any, title: str, day: date, body: str | None = None) -> bytes:
    """The file: the same document on the same ``day`` gives the same bytes, whenever and wherever it is written.

    ``body``: all that the document says, as XML, the last section's properties at its end. It is put into the file as
    it is, because a tree of thousands of rows takes minutes to build.
    """
    about = document.core_properties
    about.title, about.author, about.comments, about.last_modified_by = printable(title)[:250], "", "", ""
    about.created = about.modified = datetime.combine(day, time())
    about.revision, about.language = 1, "zh-CN"
    stream = BytesIO()
    document.save(stream)
    files = dict(_entries(stream))
    if body is not None:
        before, _, rest = files[_TEXT].partition(b"<w:body>")
        files[_TEXT] = before + b"<w:body>" + body.encode() + b"</w:body>" + rest.partition(b"</w:body>")[2]
    return packed(files)


def _entries(stream: BytesIO) -> list[tuple[str, bytes]]:
    with zipfile.ZipFile(stream) as archive:
        return [(entry.filename, archive.read(entry)) for entry in archive.infolist()]


def packed(files: dict[str, bytes]) -> bytes:
    """A ZIP archive of ``files`` in their order that tells no time."""
    stream = BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED, compresslevel=6) as archive:
        for name, content in files.items():
            entry = zipfile.ZipInfo(name, _OLDEST)
            entry.compress_type, entry.external_attr, entry.create_system = (
                zipfile.ZIP_DEFLATED,
                0o644 << 16,
                3,
            )
            archive.writestr(entry, content)
    return stream.getvalue()
