"""The bulletin as one web page that stands for itself: no script, no file beside it, good to print. Pure.

It goes to another site, so that its looks are in the page. Each figure says which it is (``data-figure``), and is a
link to the loans behind it where an address is known at which they can be seen.
"""

from collections.abc import Callable
from html import escape

from app.bulletin.narrative import chinese_date
from app.editions.document import Block, Document, Kind, Run
from app.editions.setting import DRAFT, attachment_title, attachments, salutation, signed_on
from app.editions.tables import Column, Row, Table
from app.gbt9704 import printable

Link = Callable[[str, str], str | None]  # a region's code and a figure's name → where its loans are
_TAGS = {Kind.PART: "h2", Kind.SECTION: "h3", Kind.ITEM: "p", Kind.BODY: "p"}
_LOOKS = """
body{margin:0 auto;padding:2rem 1rem 4rem;max-width:46rem;color:#1c2733;background:#fff;
font:1.0625rem/1.9 FangSong,"Noto Serif CJK SC",SimSun,serif;overflow-wrap:anywhere}
h1{font-size:1.5rem;line-height:1.5;text-align:center;margin:0 0 1rem}
h2,h3{font-size:1.0625rem;margin:1rem 0 0;text-indent:2em}
h2{font-family:SimHei,"Noto Sans CJK SC",sans-serif}h3{font-family:KaiTi,"Noto Serif CJK SC",serif}
p{margin:0;text-indent:2em}p.flush{text-indent:0}p.number{text-align:center;text-indent:0;margin-bottom:2rem}
p.draft{text-indent:0;text-align:center;border:1px solid #b42318;color:#b42318;margin-bottom:2rem}
p.signed{text-align:right;text-indent:0}p.first{margin-top:2rem}
ol{margin:1.5rem 0 0;padding-left:4em}
.table{overflow-x:auto;margin-top:3rem}
table{border-collapse:collapse;width:100%;font-size:.9375rem;line-height:1.5;font-variant-numeric:tabular-nums}
caption{font-weight:bold;padding-bottom:.5rem}
th,td{border:1px solid #8c9bab;padding:.25rem .5rem;text-align:left;font-weight:normal;white-space:nowrap}
thead th{background:#e4ecf4;text-align:center;white-space:normal}
td.n{text-align:right}td.long{white-space:normal}tfoot th,tfoot td{font-weight:bold;background:#f3f6f9}
a{color:inherit;text-decoration-color:#8c9bab;text-underline-offset:.2em}
@media print{@page{size:A4;margin:37mm 26mm 35mm 28mm}body{max-width:none;padding:0;font-size:12pt}
.table{break-before:page;margin:0;overflow:visible}thead{display:table-header-group}tr{break-inside:avoid}
a{text-decoration:none}}
"""


def write(document: Document, link: Link | None = None) -> bytes:
    """The file's content, UTF-8."""
    title = escape(printable(document.title))
    parts = [
        '<!doctype html>\n<html lang="zh-Hans">\n<head>\n<meta charset="utf-8">',
        '<meta name="viewport" content="width=device-width, initial-scale=1">',
        f"<title>{title}</title>\n<style>{_LOOKS}</style>\n</head>\n<body>\n<article>",
        f'<p class="draft">{DRAFT}（未经签发，不作依据）</p>' if document.draft else "",
        f"<h1>{title}</h1>",
        _paragraph("number", document.number),
        _paragraph("flush", salutation(document)),
        *(_block(block, link) for block in document.blocks),
        _list(document),
        _paragraph("signed first", document.signatory),
        _paragraph("signed", signed_on(document) if document.issued_on else ""),
        _paragraph("flush first", f"抄送：{document.copies_to}" if document.copies_to else ""),
        *(_table(document, table, link) for table in attachments(document)),
        "</article>\n</body>\n</html>\n",
    ]
    return "\n".join(part for part in parts if part).encode()


def _paragraph(name: str, text: str | None) -> str:
    return f'<p class="{name}">{escape(printable(text))}</p>' if text else ""


def _block(block: Block, link: Link | None) -> str:
    tag = _TAGS[block.kind]
    return f"<{tag}>{''.join(_run(run, link) for run in block.runs)}</{tag}>"


def _run(run: Run, link: Link | None) -> str:
    code, _, figure = (run.figure or "").partition(".")
    return _figure(run.text, code, figure, link) if figure else escape(printable(run.text))


def _figure(text: str, code: str, figure: str, link: Link | None) -> str:
    name, shown = escape(f"{code}.{figure}"), escape(printable(text))
    where = link(code, figure) if link else None
    if where is None:
        return f'<span data-figure="{name}">{shown}</span>'
    return f'<a href="{escape(where)}" data-figure="{name}">{shown}</a>'


def _list(document: Document) -> str:
    """附件, each a link to its table."""
    items = "".join(
        f'<li><a href="#annex-{t.number}">{escape(printable(attachment_title(document, t)))}</a></li>'
        for t in attachments(document)
    )
    return f'<p class="first">附件：</p>\n<ol>{items}</ol>'


def _table(document: Document, table: Table, link: Link | None) -> str:
    title = escape(printable(attachment_title(document, table)))
    day = f"（截至{chinese_date(document.figures.as_of)}）" if table.total else ""
    heads = "".join(f'<th scope="col">{head}</th>' for head in table.heads)
    rows = "\n".join(f"<tr>{_cells(row, table.columns, link)}</tr>" for row in table.rows)
    foot = f"<tfoot><tr>{_cells(table.total, table.columns, link)}</tr></tfoot>" if table.total else ""
    return (
        f'<div class="table" id="annex-{table.number}" role="region" tabindex="0" aria-label="{title}">\n<table>'
        f"<caption>附件{table.number}　{title}{day}</caption>\n<thead><tr>{heads}</tr></thead>\n"
        f"<tbody>\n{rows}\n</tbody>\n{foot}</table>\n</div>"
    )


def _cells(row: Row, columns: tuple[Column, ...], link: Link | None) -> str:
    return "".join(
        _cell(text, row.code, column, link) for text, column in zip(row.cells, columns, strict=True)
    )


def _cell(text: str, code: str, column: Column, link: Link | None) -> str:
    shown = escape(printable(text))
    if column.key == "name":
        return f'<th scope="row">{shown}</th>'
    if not column.numeric:
        return f'<td class="long">{shown}</td>' if column.key == "cause" else f"<td>{shown}</td>"
    return f'<td class="n">{_figure(text, code, column.key, link) if code else shown}</td>'
