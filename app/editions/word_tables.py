"""A table of an attachment in Word: across the page, its head repeated on each. Pure."""

from app.editions.tables import Column, Table
from app.editions.word_frame import ACROSS_WIDTH
from app.gbt9704 import run


def table_xml(table: Table) -> str:
    """The table, with its rows and its total."""
    shares = sum(column.share for column in table.columns)
    widths = [ACROSS_WIDTH * column.share // shares for column in table.columns]
    widths[1] += ACROSS_WIDTH - sum(widths)
    edges = "".join(
        f'<w:{edge} w:val="single" w:sz="{size}" w:space="0" w:color="000000"/>'
        for edge, size in (
            ("top", 8),
            ("left", 8),
            ("bottom", 8),
            ("right", 8),
            ("insideH", 4),
            ("insideV", 4),
        )
    )
    grid = "".join(f'<w:gridCol w:w="{width}"/>' for width in widths)
    styles = ["TableFigure" if column.numeric else "TableText" for column in table.columns]
    rows = [_row(row.cells, widths, styles, table.columns) for row in table.rows]
    if table.total:
        rows.append(_row(table.total.cells, widths, styles, table.columns, bold=True))
    heads = ["TableHead"] * len(widths)
    head = _row(_in_two_lines(table.columns), widths, heads, table.columns, head=True)
    return (
        f'<w:tbl><w:tblPr><w:tblW w:w="{ACROSS_WIDTH}" w:type="dxa"/><w:tblBorders>{edges}</w:tblBorders>'
        f'<w:tblLayout w:type="fixed"/></w:tblPr><w:tblGrid>{grid}</w:tblGrid>'
        f"{head}{''.join(rows)}</w:tbl>"
    )


def _in_two_lines(columns: tuple[Column, ...]) -> tuple[str, ...]:
    """Heads with the unit below the name."""
    return tuple(c.title.replace("（", "\n（") if c.numeric else c.title for c in columns)


def _row(
    texts: tuple[str, ...],
    widths: list[int],
    styles: list[str],
    columns: tuple[Column, ...],
    head: bool = False,
    bold: bool = False,
) -> str:
    middle = '<w:jc w:val="center"/>'
    look = "<w:b/>" if bold else ""
    cells = "".join(
        f'<w:tc><w:tcPr><w:tcW w:w="{width}" w:type="dxa"/><w:vAlign w:val="center"/></w:tcPr>'
        f'<w:p><w:pPr><w:pStyle w:val="{style}"/>{middle if column.key in ("", "cleared") else ""}</w:pPr>'
        f"{run(text, look)}</w:p></w:tc>"
        for text, width, style, column in zip(texts, widths, styles, columns, strict=True)
    )
    height = f'<w:trHeight w:val="{480 if head else 400}" w:hRule="atLeast"/>'
    repeated = "<w:tblHeader/>" if head else ""
    return f"<w:tr><w:trPr><w:cantSplit/>{height}{repeated}</w:trPr>{cells}</w:tr>"
