"""The bulletin as an official Word document after GB/T 9704-2012: it needs no touch in the typesetting. Pure.

Three sections: the text, upright; the attachments, across, their tables' heads repeated on each page; the imprint
(版记) at the foot of a last even page. The seal's place is over signature and date.
"""

from app.editions.document import Block, Document, Kind
from app.editions.setting import attachment_title, attachments, salutation, signed_on, title_lines, width
from app.editions.tables import Table
from app.editions.word_frame import BODY, RED_SIZE, end_of_section, heads_and_feet, section, styled_document
from app.editions.word_tables import table_xml
from app.gbt9704 import (
    CHARACTERS,
    PAGE_NUMBER_SIZE,
    TEXT_HEIGHT,
    TEXT_WIDTH,
    TWIPS,
    paragraph,
    run,
    saved,
)

RED = "FF0000"
_STYLES = {Kind.PART: "Part", Kind.SECTION: "Section", Kind.ITEM: "Item", Kind.BODY: "Text"}
_NARROWEST = 40  # percent: a long name of an office is set narrow, as printers do
_SHORT = 6 * CHARACTERS  # of a last paragraph: some readers move the whole of it to the next page
_SEAL_LINES = 2  # blank, above the signature: the seal's upper edge stands within one line of the text
_END = paragraph("Line", "", '<w:spacing w:line="20" w:lineRule="exact"/>')  # a table is never the last
_RULE = {"thick": 8, "thin": 6}  # eighths of a point, of the imprint: 0.35 mm and 0.25 mm


def write(document: Document) -> bytes:
    """The file's content; the same for the same document."""
    file = styled_document()
    references = heads_and_feet(file, document)
    body = (
        _text(document),
        end_of_section(references, across=False),
        *(_attachment(document, table, table.number == 1) for table in attachments(document)),
        end_of_section(references, across=True),
        _imprint(document),
        _END,
        section(references, across=False, kind="evenPage"),
    )
    return saved(file, document.title, document.figures.as_of, "".join(body))


def _text(document: Document) -> str:
    parts = [_head(document), paragraph("BulletinTitle", "\n".join(title_lines(document.title)))]
    parts.append(paragraph("Line", ""))
    if addressed := salutation(document):
        parts.append(paragraph("Line", addressed))
    last = len(document.blocks) - 1
    parts += [_block(block, at == last) for at, block in enumerate(document.blocks)]
    return "".join((*parts, _attached(document), _signature(document)))


def _head(document: Document) -> str:
    """The office in red with the number and the red line below; without it the number alone."""
    number = paragraph("Number", document.number or "")
    if not document.red_head:
        return number + paragraph("Line", "") if document.number else ""
    scale = min(100, int(TEXT_WIDTH / TWIPS / RED_SIZE / max(width(document.red_head), 1) * 100))
    look = f'<w:color w:val="{RED}"/><w:w w:val="{max(scale, _NARROWEST)}"/>'
    edge = f'<w:pBdr><w:bottom w:val="single" w:sz="12" w:space="11" w:color="{RED}"/></w:pBdr>'
    return (
        f'<w:p><w:pPr><w:pStyle w:val="RedHead"/></w:pPr>{run(document.red_head, look)}</w:p>'
        + paragraph("Line", "") * 2
        + paragraph("Number", document.number or "", edge)
        + paragraph("Line", "") * 2
    )


def _block(block: Block, last: bool) -> str:
    """A heading stays with its text, and a short last paragraph with the signature."""
    stays = block.kind in (Kind.PART, Kind.SECTION) or (last and width(block.text) < _SHORT)
    layout = "<w:keepNext/>" if stays else ""
    return paragraph(_STYLES[block.kind], block.text, layout)


def _attached(document: Document) -> str:
    """附件说明: one blank line below the text; a name that wraps goes on below its own first character."""
    found = attachments(document)
    lines = [paragraph("Line", "", "<w:keepNext/>")]
    for table in found:
        mark = "附件：" if table.number == 1 else "　　　"
        hanging = int(6.5 * BODY)
        indent = f'<w:keepNext/><w:ind w:left="{hanging}" w:hanging="{hanging - 2 * BODY}"/>'
        lines.append(paragraph("Line", f"{mark}{table.number}. {attachment_title(document, table)}", indent))
    return "".join(lines)


def _signature(document: Document) -> str:
    """Signature and date, the date four characters from the right, the signature centred over it where it fits."""
    when = signed_on(document)
    centre = TEXT_WIDTH - 4 * BODY - width(when) * BODY / 2
    long = width(document.signatory) * BODY / 2 > TEXT_WIDTH - centre
    over = "" if long else f'<w:ind w:left="{round(2 * centre - TEXT_WIDTH)}"/><w:jc w:val="center"/>'
    blank = paragraph("Line", "", "<w:keepNext/>") * _SEAL_LINES
    return (
        blank
        + paragraph("Signed", document.signatory, "<w:keepNext/>" + over)
        + paragraph("Signed", when, f'<w:ind w:rightChars="400" w:right="{4 * BODY}"/>')
    )


def _attachment(document: Document, table: Table, first: bool) -> str:
    breaks = "" if first else "<w:pageBreakBefore/>"
    note = (
        f"截至{document.figures.as_of.year}年{document.figures.as_of.month}月{document.figures.as_of.day}日"
    )
    return (
        paragraph("AnnexNumber", f"附件{table.number}", breaks)
        + paragraph("AnnexTitle", attachment_title(document, table))
        + paragraph("TableNote", note if table.total else "")
        + table_xml(table)
    )


def _imprint(document: Document) -> str:
    """版记: copies and who printed it when, between rules, its last rule on the text's lower edge.

    One cell as high as the page's text holds it, at its foot: every reader sets that alike.
    """
    copies = document.copies_to.strip().rstrip("。")
    lines = _imprint_line(run(f"抄送：{copies}。"), "thick", hanging=3) if copies else ""
    printed = f"{signed_on(document)}印发"
    room = TEXT_WIDTH / TWIPS / PAGE_NUMBER_SIZE - 4 - width(printed)  # a character at each end, two between
    scale = min(100, int(room / max(width(document.signatory), 1) * 100))
    signed = run(document.signatory, "" if scale == 100 else f'<w:w w:val="{max(scale, _NARROWEST)}"/>')
    lines += _imprint_line(signed + run(f"\t{printed}"), "thin" if copies else "thick", last=True)
    return (
        f'<w:tbl><w:tblPr><w:tblW w:w="{TEXT_WIDTH}" w:type="dxa"/><w:tblLayout w:type="fixed"/>'
        '<w:tblCellMar><w:left w:w="0" w:type="dxa"/><w:right w:w="0" w:type="dxa"/></w:tblCellMar></w:tblPr>'
        f'<w:tblGrid><w:gridCol w:w="{TEXT_WIDTH}"/></w:tblGrid>'
        f'<w:tr><w:trPr><w:cantSplit/><w:trHeight w:val="{TEXT_HEIGHT - 40}" w:hRule="exact"/></w:trPr>'
        f'<w:tc><w:tcPr><w:tcW w:w="{TEXT_WIDTH}" w:type="dxa"/><w:vAlign w:val="bottom"/></w:tcPr>'
        f"{lines}</w:tc></w:tr></w:tbl>"
    )


def _imprint_line(runs: str, above: str, hanging: int = 0, last: bool = False) -> str:
    """One line of it, with the rule above. ``hanging`` in characters."""
    character = PAGE_NUMBER_SIZE * TWIPS
    edges = f'<w:top w:val="single" w:sz="{_RULE[above]}" w:space="1" w:color="000000"/>'
    if last:
        edges += f'<w:bottom w:val="single" w:sz="{_RULE["thick"]}" w:space="1" w:color="000000"/>'
    indent = f'w:left="{(1 + hanging) * character}" w:right="{character}" w:hanging="{hanging * character}"'
    return (
        f'<w:p><w:pPr><w:pStyle w:val="Imprint"/><w:pBdr>{edges}</w:pBdr>'
        f'<w:tabs><w:tab w:val="right" w:pos="{TEXT_WIDTH - character}"/></w:tabs><w:ind {indent}/></w:pPr>{runs}</w:p>'
    )
