"""What stands around a bulletin's text in Word: styles, page numbers, the draft's mark, sections. Pure."""

from datetime import date
from functools import cache
from typing import Any

from docx.oxml import parse_xml
from docx.oxml.ns import nsdecls, qn
from docx.shared import Pt

from app.editions.document import Document
from app.editions.setting import DRAFT
from app.gbt9704 import (
    BODY_FONT,
    BODY_SIZE,
    CENTRE,
    CHARACTERS,
    HEAD_FONT,
    JUSTIFIED,
    LEFT,
    MARGINS,
    PAGE,
    PAGE_NUMBER_SIZE,
    PITCH_TWIPS,
    RIGHT,
    SECOND_FONT,
    SMALL_SIZE,
    SONG,
    TEXT_WIDTH,
    TITLE_FONT,
    TITLE_SIZE,
    TWIPS,
    add_style,
    new_document,
    run,
    saved,
)

BODY = BODY_SIZE * TWIPS  # a character, in twips
RED_SIZE = 36  # pt
_PITCH = PITCH_TWIPS / TWIPS
_CLOSER = -5  # twips between characters: 28 of 16 pt in 156 mm
_MM = 1440 / 25.4
# Turned by a quarter, the upright page's edges become these: the area of the text stays where it was.
_ACROSS = {
    "top": MARGINS["left"],
    "bottom": MARGINS["right"],
    "left": MARGINS["bottom"],
    "right": MARGINS["top"],
}
ACROSS_WIDTH = round((PAGE[1] - _ACROSS["left"] - _ACROSS["right"]) * _MM)
_HEAD = {False: round(20 * _MM), True: round(14 * _MM)}
_FOOT = {False: round(22.4 * _MM), True: round(13.4 * _MM)}  # the number stands 7 mm below the text


def styled_document() -> Any:
    """An empty document with the styles of a bulletin. Making them takes longer than all that is written with them."""
    return new_document(_template())


@cache
def _template() -> bytes:
    file = new_document()
    _add_styles(file)
    return saved(file, "", date(2023, 1, 1))


def _add_styles(file: Any) -> None:
    normal = file.styles["Normal"]
    normal.font.size = Pt(BODY_SIZE)  # the grid counts its characters from it
    for name, font, align, indent in (
        ("Text", BODY_FONT, JUSTIFIED, 2),
        ("Part", HEAD_FONT, LEFT, 2),
        ("Section", SECOND_FONT, LEFT, 2),
        ("Item", BODY_FONT, JUSTIFIED, 2),
        ("Line", BODY_FONT, LEFT, 0),
        ("Number", BODY_FONT, CENTRE, 0),
        ("Signed", BODY_FONT, RIGHT, 0),
        ("AnnexNumber", HEAD_FONT, LEFT, 0),
    ):
        style = add_style(file, name, font, BODY_SIZE, _PITCH, align)
        _fit(style, indent, tight=True)
    for name, size, pitch in (("BulletinTitle", TITLE_SIZE, 34), ("AnnexTitle", TITLE_SIZE, 34)):
        _fit(add_style(file, name, TITLE_FONT, size, pitch, CENTRE), 0)
    red = add_style(file, "RedHead", TITLE_FONT, RED_SIZE, 50, CENTRE)
    _fit(red, 0)
    red.paragraph_format.space_before = Pt(35 * 72 / 25.4 - 50)  # 35 mm from the upper edge of the text
    for name, font, size, pitch, align in (
        ("PageNumber", SONG, PAGE_NUMBER_SIZE, 16, LEFT),
        ("DraftMark", HEAD_FONT, PAGE_NUMBER_SIZE, 16, RIGHT),
        ("Imprint", BODY_FONT, PAGE_NUMBER_SIZE, 26, LEFT),
        ("TableNote", BODY_FONT, SMALL_SIZE, 20, LEFT),
        ("TableHead", HEAD_FONT, SMALL_SIZE, 18, CENTRE),
        ("TableText", BODY_FONT, SMALL_SIZE, 18, LEFT),
        ("TableFigure", BODY_FONT, SMALL_SIZE, 18, RIGHT),
    ):
        _fit(add_style(file, name, font, size, pitch, align), 0)


def _fit(style: Any, indent: int, tight: bool = False) -> None:
    """No gaps between Chinese and digits; the first line indented by characters; ``tight`` for 28 in a line.

    The grid itself holds characters a little closer than they are wide. Word does so, others give each the room of
    two: therefore the paragraphs do not snap to it, and come to the same by their own spacing.
    """
    layout = style.element.get_or_add_pPr()
    spacing = layout.find(qn("w:spacing"))
    for name in ("autoSpaceDE", "autoSpaceDN", "snapToGrid"):
        spacing.addprevious(parse_xml(f'<w:{name} {nsdecls("w")} w:val="0"/>'))
    if tight:
        size = style.element.rPr.find(qn("w:sz"))
        size.addprevious(parse_xml(f'<w:spacing {nsdecls("w")} w:val="{_CLOSER}"/>'))
    if indent:
        indented = f'<w:ind {nsdecls("w")} w:firstLineChars="{indent}00" w:firstLine="{indent * BODY}"/>'
        spacing.addnext(parse_xml(indented))


def heads_and_feet(file: Any, document: Document) -> str:
    """Page numbers between dashes, odd pages right and even left, and the draft's mark; the references to them."""
    file.settings.odd_and_even_pages_header_footer = True
    section = file.sections[0]
    for foot, layout in (
        (section.footer, f'<w:ind w:right="{BODY // 2}" w:rightChars="100"/><w:jc w:val="right"/>'),
        (section.even_page_footer, f'<w:ind w:left="{BODY // 2}" w:leftChars="100"/>'),
    ):
        _fill(foot, _page_number(layout))
    if document.draft:
        _fill(section.header, _draft_mark(1))
        _fill(section.even_page_header, _draft_mark(2))
    kept = [e for e in section._sectPr if e.tag.endswith(("headerReference", "footerReference"))]
    return "".join(
        f'<w:{e.tag.rpartition("}")[2]} w:type="{e.get(qn("w:type"))}" r:id="{e.get(qn("r:id"))}"/>'
        for e in kept
    )


def _fill(part: Any, xml: str) -> None:
    part.is_linked_to_previous = False
    element = part._element
    for child in list(element):
        element.remove(child)
    namespaces = nsdecls("w", "r") + (
        ' xmlns:v="urn:schemas-microsoft-com:vml" xmlns:o="urn:schemas-microsoft-com:office:office"'
        ' xmlns:w10="urn:schemas-microsoft-com:office:word"'
    )
    for child in parse_xml(f"<w:body {namespaces}>{xml}</w:body>"):
        element.append(child)


def _page_number(layout: str) -> str:
    look = f'<w:rFonts w:ascii="{SONG}" w:hAnsi="{SONG}" w:eastAsia="{SONG}"/>'
    field = "".join(
        f"<w:r><w:rPr>{look}</w:rPr>{part}</w:r>"
        for part in (
            '<w:fldChar w:fldCharType="begin"/>',
            '<w:instrText xml:space="preserve"> PAGE </w:instrText>',
            '<w:fldChar w:fldCharType="separate"/>',
            "<w:t>1</w:t>",
            '<w:fldChar w:fldCharType="end"/>',
        )
    )
    number = f"{run('— ', look)}{field}{run(' —', look)}"
    return f'<w:p><w:pPr><w:pStyle w:val="PageNumber"/>{layout}</w:pPr>{number}</w:p>'


def _draft_mark(number: int) -> str:
    """A line at the head of the page, and the word across it."""
    shape = (
        f'<w:r><w:pict><v:shape id="Draft{number}" o:spid="_x0000_s20{number}0" type="#_x0000_t136" '
        'style="position:absolute;margin-left:0;margin-top:0;width:260pt;height:130pt;rotation:315;z-index:-251658752;'
        "mso-position-horizontal:center;mso-position-horizontal-relative:margin;"
        'mso-position-vertical:center;mso-position-vertical-relative:margin" '
        'o:allowincell="f" fillcolor="#d9d9d9" stroked="f"><v:fill opacity=".5"/>'
        f'<v:textpath style="font-family:&quot;{HEAD_FONT}&quot;;font-size:1pt" string="{DRAFT}"/>'
        "</v:shape></w:pict></w:r>"
    )
    kind = (
        '<w:r><w:pict><v:shapetype id="_x0000_t136" coordsize="21600,21600" o:spt="136" adj="10800" '
        'path="m@7,l@8,m@5,21600l@6,21600e"><v:formulas><v:f eqn="sum #0 0 10800"/><v:f eqn="prod #0 2 1"/>'
        '<v:f eqn="sum 21600 0 @1"/><v:f eqn="sum 0 0 @2"/><v:f eqn="sum 21600 0 @3"/><v:f eqn="if @0 @3 0"/>'
        '<v:f eqn="if @0 21600 @1"/><v:f eqn="if @0 0 @2"/><v:f eqn="if @0 @4 21600"/></v:formulas>'
        '<v:path textpathok="t" o:connecttype="rect"/><v:textpath on="t" fitshape="t"/></v:shapetype></w:pict></w:r>'
    )
    words = run(f"{DRAFT}（未经签发，不作依据）")
    return f'<w:p><w:pPr><w:pStyle w:val="DraftMark"/></w:pPr>{kind}{shape}{words}</w:p>'


def section(references: str, across: bool, kind: str) -> str:
    """A section's properties as XML."""
    sides = [round(side * _MM) for side in (PAGE[::-1] if across else PAGE)]
    edges = _ACROSS if across else MARGINS
    margins = " ".join(f'w:{name}="{round(mm * _MM)}"' for name, mm in edges.items())
    turned = ' w:orient="landscape"' if across else ""
    characters = round((TEXT_WIDTH / TWIPS / CHARACTERS - BODY_SIZE) * 4096)
    grid = f'<w:docGrid w:type="linesAndChars" w:linePitch="{PITCH_TWIPS}" w:charSpace="{characters}"/>'
    if across:
        grid = f'<w:docGrid w:type="lines" w:linePitch="{PITCH_TWIPS}"/>'
    return (
        f'<w:sectPr>{references}<w:type w:val="{kind}"/>'
        f'<w:pgSz w:w="{sides[0]}" w:h="{sides[1]}"{turned}/>'
        f'<w:pgMar {margins} w:header="{_HEAD[across]}" '
        f'w:footer="{_FOOT[across]}" w:gutter="0"/>{grid}</w:sectPr>'
    )


def end_of_section(references: str, across: bool) -> str:
    """A paragraph without height that ends a section."""
    look = '<w:spacing w:line="20" w:lineRule="exact"/>'
    return (
        f'<w:p><w:pPr><w:pStyle w:val="Line"/>{look}{section(references, across, "nextPage")}</w:pPr></w:p>'
    )
