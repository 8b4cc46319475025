"""Papers as a Word file: two copies of each, a page a copy, laid out after GB/T 9704-2012. Pure.

The text goes in as prepared XML, with all its looks in styles: 500 papers are 1000 pages, and an object for each of
their paragraphs would take minutes.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from io import BytesIO
from typing import Any

from docx.shared import Pt

from app.gbt9704 import (
    BODY_FONT,
    BODY_SIZE,
    CENTRE,
    LEFT,
    MIME,
    RIGHT,
    SMALL_SIZE,
    TITLE_FONT,
    TITLE_SIZE,
    add_style,
    append,
    new_document,
    paragraph,
)
from app.papers.rules import PaperKind
from app.papers.wording import COPIES, PaperFacts, receipt_rows, receipt_title, sheet

__all__ = ["MIME", "Printed", "write"]

PITCH, SMALL_PITCH = 26, 20  # pt
_COLUMNS = (2320, 2302, 1500, 2722)  # of the strip, in twentieths of a point
_WIDTH = sum(_COLUMNS)  # that of the text


@dataclass(frozen=True, slots=True)
class Printed:
    """A paper as it is printed, with the number that stands on it."""

    number: int
    kind: PaperKind
    facts: PaperFacts


def write(papers: Iterable[Printed]) -> bytes:
    """The file's content."""
    document = new_document()
    _add_styles(document)
    first = True
    for paper in papers:
        for copy in COPIES:
            append(document, _page(paper, copy, first))
            first = False
    stream = BytesIO()
    document.save(stream)
    return stream.getvalue()


def _add_styles(document: Any) -> None:
    # left: a contract's number, which cannot be broken, would pull a justified line apart
    add_style(document, "Copy", BODY_FONT, SMALL_SIZE, SMALL_PITCH, LEFT)
    title = add_style(document, "PaperTitle", TITLE_FONT, TITLE_SIZE, 34, CENTRE)
    title.paragraph_format.space_after = Pt(10)
    add_style(document, "Line", BODY_FONT, BODY_SIZE, PITCH, LEFT)
    add_style(document, "Text", BODY_FONT, BODY_SIZE, PITCH, LEFT).paragraph_format.first_line_indent = Pt(32)
    add_style(document, "Signed", BODY_FONT, BODY_SIZE, PITCH, RIGHT).paragraph_format.right_indent = Pt(32)
    strip = add_style(document, "Strip", BODY_FONT, SMALL_SIZE, SMALL_PITCH, CENTRE)
    strip.paragraph_format.space_before = Pt(8)
    add_style(document, "Cell", BODY_FONT, SMALL_SIZE, SMALL_PITCH, LEFT)


def _page(paper: Printed, copy: str, first: bool) -> str:
    text = sheet(paper.kind, paper.facts)
    parts = [
        paragraph("Copy", f"{copy}\t编号：{paper.number:06d}", _head(first)),
        paragraph("PaperTitle", text.title),
        paragraph("Line", text.addressee),
        *(paragraph("Text", words) for words in text.paragraphs),
        *(paragraph("Text", line) for line in text.lines),
        *(paragraph("Signed", line) for line in text.closing),
        paragraph("Strip", receipt_title(paper.kind)),
        _table(receipt_rows(paper.kind)),
    ]
    return "".join(parts)


def _head(first: bool) -> str:
    tab = f'<w:tabs><w:tab w:val="right" w:pos="{_WIDTH}"/></w:tabs>'
    return tab if first else "<w:pageBreakBefore/>" + tab


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
        f"{paragraph('Cell', text)}</w:tc>"
        for text, span, width in zip(texts, spans, widths, strict=True)
    )
    return f'<w:tr><w:trPr><w:cantSplit/><w:trHeight w:val="560" w:hRule="atLeast"/></w:trPr>{cells}</w:tr>'
