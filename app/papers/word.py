"""Papers as a Word file: two copies of each, a page a copy, laid out after GB/T 9704-2012. Pure.

The text goes in as prepared XML, with all its looks in styles: 500 papers are 1000 pages, and an object for each of
their paragraphs would take minutes.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from io import BytesIO
from typing import Any
from xml.sax.saxutils import escape

from docx import Document
from docx.enum.style import WD_STYLE_TYPE
from docx.enum.text import WD_ALIGN_PARAGRAPH, WD_LINE_SPACING
from docx.oxml import parse_xml
from docx.oxml.ns import nsdecls, qn
from docx.shared import Mm, Pt

from app.papers.rules import PaperKind
from app.papers.wording import COPIES, PaperFacts, receipt_rows, receipt_title, sheet

MIME = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
MARGINS = {"top": 37, "right": 26, "bottom": 35, "left": 28}  # mm
TITLE_SIZE, BODY_SIZE, SMALL_SIZE = 22, 16, 12  # pt: 2号, 3号, 小4号
PITCH, SMALL_PITCH = 26, 20  # pt
_COLUMNS = (2320, 2302, 1500, 2722)  # of the strip, in twentieths of a point
_WIDTH = sum(_COLUMNS)  # that of the text
_SONG, _FANGSONG = "方正小标宋简体", "仿宋_GB2312"
_INSTEAD = {_SONG: "宋体", _FANGSONG: "仿宋"}  # where a machine lacks the font


@dataclass(frozen=True, slots=True)
class Printed:
    """A paper as it is printed, with the number that stands on it."""

    number: int
    kind: PaperKind
    facts: PaperFacts


def write(papers: Iterable[Printed]) -> bytes:
    """The file's content."""
    document = Document()
    _prepare(document)
    body = document.element.body
    ends = body.find(qn("w:sectPr"))
    first = True
    for paper in papers:
        for copy in COPIES:
            for element in parse_xml(f"<w:body {nsdecls('w')}>{_page(paper, copy, first)}</w:body>"):
                ends.addprevious(element)
            first = False
    stream = BytesIO()
    document.save(stream)
    return stream.getvalue()


def _prepare(document: Any) -> None:
    page = document.sections[0]
    page.page_width, page.page_height = Mm(210), Mm(297)
    for side, width in MARGINS.items():
        setattr(page, f"{side}_margin", Mm(width))
    _name_fonts(document)
    for paragraph in list(document.paragraphs):
        paragraph._element.getparent().remove(paragraph._element)
    left = (
        WD_ALIGN_PARAGRAPH.LEFT
    )  # a contract's number, which cannot be broken, would pull a justified line apart
    _style(document, "Copy", _FANGSONG, SMALL_SIZE, SMALL_PITCH, left)
    title = _style(document, "PaperTitle", _SONG, TITLE_SIZE, 34, WD_ALIGN_PARAGRAPH.CENTER)
    title.paragraph_format.space_after = Pt(10)
    _style(document, "Line", _FANGSONG, BODY_SIZE, PITCH, left)
    _style(document, "Text", _FANGSONG, BODY_SIZE, PITCH, left).paragraph_format.first_line_indent = Pt(32)
    signed = _style(document, "Signed", _FANGSONG, BODY_SIZE, PITCH, WD_ALIGN_PARAGRAPH.RIGHT)
    signed.paragraph_format.right_indent = Pt(32)
    strip = _style(document, "Strip", _FANGSONG, SMALL_SIZE, SMALL_PITCH, WD_ALIGN_PARAGRAPH.CENTER)
    strip.paragraph_format.space_before = Pt(8)
    _style(document, "Cell", _FANGSONG, SMALL_SIZE, SMALL_PITCH, left)


def _name_fonts(document: Any) -> None:
    fonts = "".join(
        f'<w:font w:name="{name}"><w:altName w:val="{other}"/><w:charset w:val="86"/></w:font>'
        for name, other in _INSTEAD.items()
    )
    for part in document.part.package.iter_parts():
        if part.partname == "/word/fontTable.xml":
            part._blob = part.blob.replace(b"</w:fonts>", f"{fonts}</w:fonts>".encode())


def _style(document: Any, name: str, font: str, size: int, pitch: int, align: WD_ALIGN_PARAGRAPH) -> Any:
    style = document.styles.add_style(name, WD_STYLE_TYPE.PARAGRAPH)
    style.font.name, style.font.size = "Times New Roman", Pt(size)
    style.element.rPr.rFonts.set(qn("w:eastAsia"), font)
    layout = style.paragraph_format
    layout.alignment, layout.line_spacing = align, Pt(pitch)
    layout.line_spacing_rule = WD_LINE_SPACING.EXACTLY
    layout.space_before = layout.space_after = Pt(0)
    layout.widow_control = False
    return style


def _page(paper: Printed, copy: str, first: bool) -> str:
    text = sheet(paper.kind, paper.facts)
    parts = [
        _paragraph("Copy", f"{copy}\t编号：{paper.number:06d}", _head(first)),
        _paragraph("PaperTitle", text.title),
        _paragraph("Line", text.addressee),
        *(_paragraph("Text", words) for words in text.paragraphs),
        *(_paragraph("Text", line) for line in text.lines),
        *(_paragraph("Signed", line) for line in text.closing),
        _paragraph("Strip", receipt_title(paper.kind)),
        _table(receipt_rows(paper.kind)),
    ]
    return "".join(parts)


def _head(first: bool) -> str:
    tab = f'<w:tabs><w:tab w:val="right" w:pos="{_WIDTH}"/></w:tabs>'
    return tab if first else "<w:pageBreakBefore/>" + tab


def _paragraph(style: str, text: str, layout: str = "") -> str:
    runs = "<w:tab/>".join(f'<w:t xml:space="preserve">{_plain(part)}</w:t>' for part in text.split("\t"))
    return f'<w:p><w:pPr><w:pStyle w:val="{style}"/>{layout}</w:pPr><w:r>{runs}</w:r></w:p>'


def _plain(text: str) -> str:
    """Without what XML cannot hold."""
    return escape("".join(c for c in text if c >= " " and c not in "\ufffe\uffff"))


def _table(rows: tuple[tuple[str, ...], ...]) -> str:
    edges = "".join(
        f'<w:{edge} w:val="single" w:sz="4" w:space="0" w:color="000000"/>'
        for edge in ("top", "left", "bottom", "right", "insideH", "insideV")
    )
    grid = "".join(f'<w:gridCol w:w="{width}"/>' for width in _COLUMNS)
    return (
        f'<w:tbl><w:tblPr><w:tblW w:w="{_WIDTH}" w:type="dxa"/><w:jc w:val="center"/>'
        f"<w:tblBorders>{edges}</w:tblBorders>"
        f'<w:tblLayout w:type="fixed"/></w:tblPr><w:tblGrid>{grid}</w:tblGrid>{"".join(map(_row, rows))}</w:tbl>'
    )


def _row(texts: tuple[str, ...]) -> str:
    """Its last cell takes what is left of the width."""
    last = len(texts) - 1
    spans = [1] * last + [len(_COLUMNS) - last]
    widths = [*_COLUMNS[:last], sum(_COLUMNS[last:])]
    cells = "".join(
        f'<w:tc><w:tcPr><w:tcW w:w="{width}" w:type="dxa"/><w:gridSpan w:val="{span}"/>'
        '<w:vAlign w:val="center"/></w:tcPr>'
        f"{_paragraph('Cell', text)}</w:tc>"
        for text, span, width in zip(texts, spans, widths, strict=True)
    )
    return f'<w:tr><w:trPr><w:cantSplit/><w:trHeight w:val="560" w:hRule="atLeast"/></w:trPr>{cells}</w:tr>'
