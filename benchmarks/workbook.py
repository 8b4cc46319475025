"""A large ledger as banks send it: 36 columns, shared texts, dates as dates. Written by hand, for speed."""

import zipfile
from collections.abc import Iterable, Iterator
from datetime import date
from functools import cache
from pathlib import Path
from xml.sax.saxutils import escape

from app.money import FEN_PER_WAN, FEN_PER_YUAN
from benchmarks import invented
from benchmarks.invented import Line

_TITLES = """
    序号 乡镇 行政村 组别 户主姓名 身份证号 家庭人口数 贷款人姓名 贷款人身份证 与户主关系 电话 脱贫属性 信用等级评定
    授信额度(万元) 授信金融机构 授信时间 合同号 贷款金融机构 支行 贷款金额(万元) 贷款期限(月) 放款日期 到期日期
    贷款利率(%) 累计贴息金额(元) 偿还贷款金额(元) 还款时间 贷款余额(万元) 逾期贷款金额(元) 贷款逾期时间 欠息金额(元)
    欠息时间 五级分类 应贷未贷识别 贷款用途 备注
"""
_HEADS = _TITLES.split()
_CATEGORIES = ("脱贫户", "脱贫户", "脱贫户", "脱贫不稳定户", "边缘易致贫户")
_PURPOSES = ("养牛", "养猪", "种植烤烟", "种植生姜", "油菜种植", "小本经营")
_TITLE_ROWS = 3
_DATE_STYLE = 1
_FIRST_DAY = date(1899, 12, 30)  # day 0 of a workbook's calendar, from March 1900 on

_XML = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'
_SHEETML = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
_RELATIONS = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_PACKAGE = "http://schemas.openxmlformats.org/package/2006"
_TYPE = "application/vnd.openxmlformats-officedocument.spreadsheetml"
_PARTS = {
    "[Content_Types].xml": f'<Types xmlns="{_PACKAGE}/content-types">'
    '<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
    f'<Override PartName="/xl/workbook.xml" ContentType="{_TYPE}.sheet.main+xml"/>'
    f'<Override PartName="/xl/worksheets/sheet1.xml" ContentType="{_TYPE}.worksheet+xml"/>'
    f'<Override PartName="/xl/sharedStrings.xml" ContentType="{_TYPE}.sharedStrings+xml"/>'
    f'<Override PartName="/xl/styles.xml" ContentType="{_TYPE}.styles+xml"/></Types>',
    "_rels/.rels": f'<Relationships xmlns="{_PACKAGE}/relationships">'
    f'<Relationship Id="rId1" Type="{_RELATIONS}/officeDocument" Target="xl/workbook.xml"/></Relationships>',
    "xl/workbook.xml": f'<workbook xmlns="{_SHEETML}" xmlns:r="{_RELATIONS}"><sheets>'
    '<sheet name="台账" sheetId="1" r:id="rId1"/></sheets></workbook>',
    "xl/_rels/workbook.xml.rels": f'<Relationships xmlns="{_PACKAGE}/relationships">'
    f'<Relationship Id="rId1" Type="{_RELATIONS}/worksheet" Target="worksheets/sheet1.xml"/>'
    f'<Relationship Id="rId2" Type="{_RELATIONS}/sharedStrings" Target="sharedStrings.xml"/>'
    f'<Relationship Id="rId3" Type="{_RELATIONS}/styles" Target="styles.xml"/></Relationships>',
    "xl/styles.xml": f'<styleSheet xmlns="{_SHEETML}"><fonts count="1"><font/></fonts>'
    '<fills count="1"><fill/></fills><borders count="1"><border/></borders>'
    '<cellStyleXfs count="1"><xf/></cellStyleXfs><cellXfs count="2"><xf/>'
    '<xf numFmtId="14" applyNumberFormat="1"/></cellXfs></styleSheet>',
}


def write(path: Path, lines: Iterable[Line], as_of: date) -> Path:
    """Write the ledger of ``as_of`` with these lines."""
    texts = _Texts()
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=6) as book:
        for name, content in _PARTS.items():
            book.writestr(name, _XML + content)
        with book.open("xl/worksheets/sheet1.xml", "w") as sheet:
            for piece in _sheet(lines, as_of, texts):
                sheet.write(piece.encode())
        book.writestr("xl/sharedStrings.xml", _XML + texts.xml())
    return path


class _Texts:
    """Texts by number, each kept once."""

    def __init__(self) -> None:
        self._numbers: dict[str, int] = {}

    def cell(self, text: str) -> str:
        number = self._numbers.setdefault(text, len(self._numbers))
        return f' t="s"><v>{number}</v></c>'

    def xml(self) -> str:
        items = "".join(f"<si><t>{escape(text)}</t></si>" for text in self._numbers)
        return f'<sst xmlns="{_SHEETML}" uniqueCount="{len(self._numbers)}">{items}</sst>'


def _sheet(lines: Iterable[Line], as_of: date, texts: _Texts) -> Iterator[str]:
    yield f'{_XML}<worksheet xmlns="{_SHEETML}"><sheetData>'
    titles = ("罗平县脱贫人口小额信贷台账", f"填报单位：{invented.LENDER}", f"截至{as_of:%Y年%m月%d日}")
    for row, title in enumerate(titles, 1):
        yield f'<row r="{row}"><c r="A{row}"{texts.cell(title)}</row>'
    head = _TITLE_ROWS + 1
    yield _row(head, [texts.cell(title) for title in _HEADS])
    count = 0
    for count, line in enumerate(lines, 1):
        yield _row(head + count, _cells(line, as_of, texts))
    last = head + count + 1
    yield f'<row r="{last}"><c r="A{last}"{texts.cell("合计")}</row></sheetData></worksheet>'


def _row(row: int, cells: list[str]) -> str:
    filled = [f'<c r="{_letters(at)}{row}"{cell}' for at, cell in enumerate(cells) if cell]
    return f'<row r="{row}">{"".join(filled)}</row>'


@cache
def _letters(column: int) -> str:
    return chr(65 + column) if column < 26 else "A" + chr(65 + column - 26)


def _number(value: float | None) -> str:
    return "" if value is None else f"><v>{value:g}</v></c>" if value < 100_000 else f"><v>{value}</v></c>"


@cache
def _day(day: date | None) -> str:
    return "" if day is None else f' s="{_DATE_STYLE}"><v>{(day - _FIRST_DAY).days}</v></c>'


def _cells(line: Line, as_of: date, texts: _Texts) -> list[str]:
    """The cells of one loan in the order of the heads; "" for an empty one."""
    text, number = texts.cell, line.number
    borrower, head = invented.name(number), invented.name(line.head)
    repaid = line.principal - line.balance
    late = line.overdue > 0
    return [
        _number(number + 1),
        text(invented.townships[line.township][1]),
        text(invented.village_name(line.village)),
        text(f"{line.head % 8 + 1}组"),
        text(head),
        text(invented.id_number(line.head)),
        _number(2 + number % 5),
        text(borrower),
        text(invented.id_number(number)),
        text("本人" if line.head == number else "配偶"),
        text(invented.phone(number)),
        text(_CATEGORIES[number % 5]),
        text("优秀"),
        _number(5),
        text(invented.LENDER),
        _day(line.disbursed_on),
        text(invented.contract_no(number)),
        text(invented.LENDER),
        text(invented.branches[line.branch]),
        _number(line.principal / FEN_PER_WAN),
        _number(36),
        _day(line.disbursed_on),
        _day(line.due_on),
        _number(3.65),
        _number(number % 997 + 0.25),
        _number(repaid / FEN_PER_YUAN if repaid else None),
        _day(as_of if repaid else None),
        _number(line.balance / FEN_PER_WAN),
        _number(line.overdue / FEN_PER_YUAN if late else None),
        _day(line.due_on if late else None),
        _number(86.4 if late else None),
        _day(line.due_on if late else None),
        text("次级" if late else "正常"),
        text("否"),
        text(_PURPOSES[number % 6]),
        "",
    ]
