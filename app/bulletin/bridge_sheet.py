"""The annex's sheet 环比变化: the bridge as formulas that a recipient can check, amounts in 元 to the 分. Pure."""

import xlsxwriter
from xlsxwriter.format import Format
from xlsxwriter.utility import xl_col_to_name

from app.bulletin.bridge import Bridge, BridgeRow, Term

NAME = "环比变化"
_FIRST = 4  # row of the first region, counted from 0
_HEADS: dict[Term, str] = {
    Term.NEW: "新增逾期",
    Term.GROWN: "逾期增加",
    Term.REPAID: "收回",
    Term.RENEWED: "续贷、展期",
    Term.COMPENSATED: "风险补偿",
    Term.LEFT: "核销、退出",
    Term.CORRECTION: "更正",
}
_SIGNS = {1: "加：", -1: "减："}
_OPENING, _LAST_TERM = 2, 2 + len(Term)  # columns, counted from 0
_REACHED, _CLOSING, _GAP = _LAST_TERM + 1, _LAST_TERM + 2, _LAST_TERM + 3
_NOTE = (
    "注：上月逾期＋新增逾期＋逾期增加－收回－续贷、展期－风险补偿－核销、退出＋更正＝本月逾期，逐笔计算，精确到分；"
    "推算数和差额均为公式，差额应为0。更正包括月结后台账的更正、贷款所属乡镇的调整和台账未说明原因的减少，可为负数。"
)
_MONEY = {"border": 1, "num_format": "#,##0.00", "align": "right"}


def write_bridge(book: xlsxwriter.Workbook, bridge: Bridge, number: str) -> None:
    """Add the sheet to a workbook; ``number`` is the annex's, such as 附件4."""
    _BridgeSheet(book, bridge).write(number)


class _BridgeSheet:
    def __init__(self, book: xlsxwriter.Workbook, bridge: Bridge) -> None:
        self.book, self.bridge, self.sheet = book, bridge, book.add_worksheet(NAME)
        self.rows = [row for row in bridge.rows if row.code not in bridge.received]
        self.total_at = _FIRST + len(self.rows)

    def _style(self, **look: object) -> Format:
        base = {"font_name": "宋体", "font_size": 11, "valign": "vcenter", "border_color": "#8C9BAB"}
        return self.book.add_format(base | look)

    def write(self, number: str) -> None:
        """Title, heads, one row a region, the total, a note; then the paper."""
        bridge, sheet = self.bridge, self.sheet
        title = f"{bridge.region_name}{bridge.month.year}年{bridge.month.month}月逾期贷款{NAME}表"
        sheet.write_string(0, 0, number, self._style(font_name="黑体", font_size=12))
        sheet.merge_range(1, 0, 1, _GAP, title, self._style(font_name="黑体", font_size=18, align="center"))
        sheet.set_row(1, 34)
        sheet.write_string(2, _GAP, "单位：元", self._style(align="right"))
        self._heads()
        plain, strong = self._style(**_MONEY), self._style(**_MONEY, bold=True, bg_color="#F3F6F9")
        for at, row in enumerate(self.rows):
            sheet.write_number(_FIRST + at, 0, at + 1, self._style(border=1, align="center"))
            sheet.write_string(_FIRST + at, 1, row.name, self._style(border=1, indent=1))
            self._amounts(_FIRST + at, row, plain, summed=False)
        sheet.merge_range(
            self.total_at, 0, self.total_at, 1, "合计",
            self._style(border=1, align="center", bold=True, bg_color="#F3F6F9"),
        )  # fmt: skip
        self._amounts(self.total_at, bridge.total, strong, summed=bool(self.rows))
        self._below()

    def _heads(self) -> None:
        style = self._style(bold=True, align="center", text_wrap=True, bg_color="#E4ECF4", border=1)
        terms = [_SIGNS[term.sign] + _HEADS[term] for term in Term]
        before = f"{self.bridge.before.month}月末逾期"
        after = f"{self.bridge.month.month}月末逾期"
        for at, text in enumerate(
            ["序号", "地区", before, *terms, f"推算{after}", after, "差额（推算－实际）"]
        ):
            self.sheet.set_column(at, at, 7 if at == 0 else 16 if at == 1 else 15)
            self.sheet.write_string(_FIRST - 1, at, text, style)
        self.sheet.set_row(_FIRST - 1, 32)

    def _amounts(self, at: int, row: BridgeRow, style: Format, summed: bool) -> None:
        """Opening, terms and closing as numbers (in the total: sums), what they lead to and the gap as formulas."""
        values = [row.opening, *(row.part(term).fen for term in Term)]
        for column, fen in [*enumerate(values, start=_OPENING), (_CLOSING, row.closing)]:
            name = xl_col_to_name(column)
            if summed:
                formula = f"=SUM({name}{_FIRST + 1}:{name}{self.total_at})"
                self.sheet.write_formula(at, column, formula, style, fen / 100)
            else:
                self.sheet.write_number(at, column, fen / 100, style)
        terms = (
            ("+" if term.sign > 0 else "-") + f"{xl_col_to_name(_OPENING + 1 + place)}{at + 1}"
            for place, term in enumerate(Term)
        )
        reached = f"=ROUND({xl_col_to_name(_OPENING)}{at + 1}{''.join(terms)},2)"
        self.sheet.write_formula(at, _REACHED, reached, style, row.reached / 100)
        gap = f"=ROUND({xl_col_to_name(_REACHED)}{at + 1}-{xl_col_to_name(_CLOSING)}{at + 1},2)"
        self.sheet.write_formula(at, _GAP, gap, style, -row.difference / 100)

    def _below(self) -> None:
        sheet = self.sheet
        wrong = self.book.add_format({"bold": True, "font_color": "#B42318", "bg_color": "#FDECEA"})
        sheet.conditional_format(
            _FIRST, _GAP, self.total_at, _GAP, {"type": "cell", "criteria": "!=", "value": 0, "format": wrong}
        )
        note = self._style(font_size=10, font_color="#5B6B7B", text_wrap=True, valign="top")
        sheet.merge_range(self.total_at + 1, 0, self.total_at + 1, _GAP, _NOTE, note)
        sheet.set_row(self.total_at + 1, 34)
        sheet.hide_gridlines(2)
        sheet.freeze_panes(_FIRST, 2)
        sheet.set_landscape()
        sheet.set_paper(9)
        sheet.set_margins(left=0.6, right=0.6, top=0.7, bottom=0.7)
        sheet.repeat_rows(_FIRST - 1)
        sheet.fit_to_pages(1, 0)
        sheet.set_footer("&C第 &P 页，共 &N 页")
