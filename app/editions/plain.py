"""The bulletin as plain text, for a website that takes nothing else: every 户 and every 万元 in its place. Pure."""

from app.editions.document import Document
from app.editions.setting import DRAFT, attachment_title, attachments, salutation, signed_on, width
from app.editions.tables import Table
from app.gbt9704 import printable

GAP = "  "  # between two columns; names hold no two blanks in a row


def write(document: Document) -> bytes:
    """The file's content, UTF-8; paragraphs parted by a blank line."""
    found = attachments(document)
    blocks = [
        f"【{DRAFT}】未经签发，不作依据" if document.draft else "",
        document.title,
        document.number or "",
        salutation(document),
        *(block.text for block in document.blocks),
        "\n".join(f"附件{t.number}：{attachment_title(document, t)}" for t in found),
        f"{document.signatory}\n{signed_on(document).strip() if document.issued_on else ''}".strip(),
        f"抄送：{document.copies_to}" if document.copies_to else "",
    ]
    texts = [_lines(block) for block in blocks if block]
    texts += [_attachment(document, table) for table in found]
    return ("\n\n".join(texts) + "\n").encode()


def _lines(text: str) -> str:
    return "\n".join(printable(line).strip() for line in text.split("\n"))


def _attachment(document: Document, table: Table) -> str:
    rows = [table.heads, *(row.cells for row in table.rows), *([table.total.cells] if table.total else [])]
    cells = [[_cell(cell, at) for at, cell in enumerate(row)] for row in rows]
    widths = [max(_width(row[at]) for row in cells) for at in range(len(table.columns))]
    numeric = [column.numeric for column in table.columns]
    head = f"附件{table.number}　{printable(attachment_title(document, table))}"
    return "\n".join([head, "", *(_line(row, widths, numeric) for row in cells)])


def _cell(text: str, at: int) -> str:
    """An empty one is said at the beginning of a line, so that the columns can be counted."""
    return " ".join(printable(text).split()) or ("-" if at == 0 else "")


def _line(cells: list[str], widths: list[int], numeric: list[bool]) -> str:
    padded = []
    for cell, most, right in zip(cells, widths, numeric, strict=True):
        blanks = " " * (most - _width(cell))
        padded.append(blanks + cell if right else cell + blanks)
    return GAP.join(padded).strip()


def _width(text: str) -> int:
    """In half-width characters."""
    return round(2 * width(text))
