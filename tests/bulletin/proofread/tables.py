"""Tables of invented counties: as text, and as Word, Excel and web files; and texts that go with them."""

from collections.abc import Callable
from decimal import Decimal
from io import BytesIO
from typing import TypeAlias

import docx
import xlsxwriter

from tests.bulletin.proofread.layouts import (
    AMOUNTS,
    HOUSEHOLDS,
    WHOLE,
    Month,
    Place,
    Row,
    Said,
    Sheet,
    as_wan,
    compared,
    done,
    hh,
    joined,
    numbered_sections,
    overdue,
    owing,
    place_by_place,
    rate,
    sentences,
    sentences_in_yuan,
    stock,
    wan,
    yuan,
)

HEADS = {
    "stock_hh": "存量户数",
    "stock": "存量金额（万元）",
    "target": "年度目标任务（万元）",
    "new_hh": "新增户数",
    "new": "新增金额（万元）",
    "completion": "完成率（%）",
    "overdue_hh": "逾期户数",
    "overdue": "逾期金额（万元）",
    "rate": "逾期率（%）",
    "last_hh": "上月逾期户数",
    "last": "上月逾期金额（万元）",
    "change_hh": "较上月增减（户）",
    "change": "较上月增减（万元）",
    "rank": "逾期率排名",
}
ALL = tuple(HEADS)


def cell(
    month: Month, row: Row, figure: str, money: Callable[[Row, str], Said] = wan, sign: str = ""
) -> Said:
    if figure in HOUSEHOLDS:
        return hh(row, figure)
    if figure in AMOUNTS:
        return money(row, figure)
    if figure == "change_hh":
        return ((row.name, figure), str(row.overdue_hh - row.last_hh))
    if figure == "change":
        value = row.overdue - row.last
        return ((row.name, figure), ("-" if value < 0 else "") + as_wan(abs(value)))
    if figure == "rank":
        if row.name == WHOLE:
            return ""
        return ((row.name, figure), str(1 + sum(Decimal(o.rate) > Decimal(row.rate) for o in month.rows)))
    key, digits = rate(row) if figure == "rate" else done(row)
    return (key, digits)


Grid: TypeAlias = list[list[Said]]


def grid(
    month: Month, figures: tuple[str, ...] = ALL, sign: str = "", money: Callable[[Row, str], Said] = wan
) -> Grid:
    """The cells of a table, its head first, its total last."""
    head: list[Said] = ["序号", "乡镇（街道）"]
    head += [HEADS[figure].replace("万元", "元") if money is yuan else HEADS[figure] for figure in figures]
    if sign:
        head = [str(one).replace("率（%）", "率") for one in head]
    lines: Grid = [head]
    for at, row in enumerate(month.everyone, 1):
        name = "合计" if row.name == WHOLE else row.name
        lines.append([str(at), name, *(cell(month, row, figure, money) for figure in figures)])
    return lines


def lines(cells: Grid, between: str = "\t", sign: str = "", before: str = "") -> Sheet:
    """The cells as text; ``sign`` is printed after each percentage."""
    sheet = Sheet(before)
    for row in cells:
        for at, one in enumerate(row):
            percentage = isinstance(one, tuple) and one[0][1] in ("rate", "completion")
            sheet.say(between if at else "", one, sign if percentage else "")
        sheet.say("\n")
    return sheet


def table(
    month: Month, figures: tuple[str, ...] = ALL, sign: str = "", money: Callable[[Row, str], Said] = wan
) -> Sheet:
    return lines(grid(month, figures, sign, money), sign=sign)


def bars(month: Month) -> Sheet:
    cells = grid(month, ("stock_hh", "stock", "overdue_hh", "overdue", "rate"))
    return lines([["", *row, ""] for row in cells], between=" | ")


def columns_of_blanks(month: Month) -> Sheet:
    return lines(grid(month, ("stock_hh", "stock", "overdue_hh", "overdue", "rate")), between="    ")


def _append(sheet: Sheet, other: Sheet) -> Sheet:
    places = [Place(p.key, p.start + len(sheet.text), p.end + len(sheet.text)) for p in other.places]
    return Sheet(sheet.text + other.text, [*sheet.places, *places])


def table_and_text(month: Month) -> Sheet:
    """What the text says of the county and of the worst is in the table too."""
    sheet, total, worst = Sheet(), month.total, owing(month)[0]
    sheet.say("截至2023年10月31日，全县脱贫人口小额信贷存量", *stock(total), "；")
    sheet.say("2023年新增贷款", hh(total, "new_hh"), "户", wan(total, "new"), "万元，")
    sheet.say("完成年度目标任务的", done(total), "%；")
    sheet.say("逾期", *overdue(total), "，逾期率", rate(total), "%。")
    sheet.say("其中逾期较多的", worst.name, "逾期", *overdue(worst), "。\n附表：\n")
    return _append(sheet, table(month, ALL[:9]))


def in_yuan(month: Month) -> Sheet:
    return table(month, ("stock_hh", "stock", "overdue_hh", "overdue", "rate"), money=yuan)


# Files, with the text that they must be read as


def as_word(sheet_cells: Grid) -> bytes:
    document = docx.Document()
    document.add_paragraph("附表")
    made = document.add_table(rows=0, cols=len(sheet_cells[0]))
    for row in sheet_cells:
        for box, one in zip(made.add_row().cells, row, strict=True):
            box.text = one if isinstance(one, str) else one[1]
    stream = BytesIO()
    document.save(stream)
    return stream.getvalue()


def as_page(cells: Grid) -> bytes:
    body = "".join(
        "<tr>"
        + "".join(f"<td><p>{one if isinstance(one, str) else one[1]}</p></td>" for one in row)
        + "</tr>"
        for row in cells
    )
    return f"<html><body><p>附表</p><table>{body}</table></body></html>".encode()


def as_workbook(cells: Grid) -> bytes:
    """Numbers as numbers; percentages as fractions in a format of percent."""
    stream = BytesIO()
    book = xlsxwriter.Workbook(stream, {"in_memory": True})
    sheet = book.add_worksheet("附表")
    formats = {
        "rate": book.add_format({"num_format": "0.00%"}),
        "completion": book.add_format({"num_format": "0%"}),
    }
    amount = book.add_format({"num_format": "0.00"})
    for y, row in enumerate(cells):
        for x, one in enumerate(row):
            if isinstance(one, str):
                sheet.write_string(y, x, one)
            elif one[0][1] in formats:
                sheet.write_number(y, x, float(one[1]) / 100, formats[one[0][1]])
            else:
                sheet.write_number(y, x, float(one[1]), amount if "." in one[1] else None)
    book.close()
    return stream.getvalue()


FILES: dict[str, tuple[str, Callable[[Grid], bytes], str]] = {
    "word": ("a.docx", as_word, ""),
    "excel": ("a.xlsx", as_workbook, "%"),
    "page": ("a.html", as_page, ""),
}


def ranked(month: Month) -> Sheet:
    """A list with each place's rank by its rate."""
    sheet, total = Sheet(), month.total
    sheet.say("（三）逾期情况\n截至2023年10月31日，全县存量", wan(total, "stock"), "万元。\n")
    rows = sorted(month.rows, key=lambda row: -Decimal(row.rate))
    for row in rows:
        rank = 1 + sum(Decimal(other.rate) > Decimal(row.rate) for other in rows)
        sheet.say(row.name, "逾期率", rate(row), "%，排名第", ((row.name, "rank"), str(rank)), "名；\n")
    sheet.text += "存量明细：\n"
    return _append(sheet, table(month, ("stock", "overdue", "rate")))


LAYOUTS: dict[str, Callable[[Month], Sheet]] = {
    "sentences": sentences,
    "numbered sections": numbered_sections,
    "place by place": place_by_place,
    "joined": joined,
    "compared": compared,
    "ranked": ranked,
    "table": table,
    "table with signs": lambda month: table(month, ALL[:9], sign="%"),
    "bars": bars,
    "columns of blanks": columns_of_blanks,
    "table and text": table_and_text,
    "yuan table": in_yuan,
    "yuan sentences": sentences_in_yuan,
}
