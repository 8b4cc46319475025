"""Which column is which, and what the lines above the header say."""

from datetime import date
from typing import Any

import pytest

from app.ledger.fields import ALIASES, FIELD_OF_TITLE, REASON_ALIASES, UNUSED, F, LedgerField, Unit
from app.ledger.footers import is_footer
from app.ledger.headers import Header, find_header, header_key, letter, short_form, unit_of
from app.ledger.rows import LedgerRow
from app.ledger.titles import read_titles, supplement_mark

REAL = [
    "乡镇",
    "行政村",
    "组别",
    "户主姓名",
    "身份证号",
    "家庭人口数",
    "贷款人姓名",
    "贷款人身份证",
    "与户主关系",
    "脱贫属性",
    "信用等级评定",
    "授信额度",
    "授信金融机构",
    "授信时间",
    "贷款金额",
    "贷款期限",
    "放款日期",
    "到期日期",
    "贷款利率",
    "贷款金融机构",
    "累计贴息金额(元)",
    "偿还贷款金额",
    "还款时间",
    "贷款余额(万元)",
    "逾期贷款金额",
    "贷款逾期时间",
    "欠息金额(元)",
    "欠息时间",
    "应贷未贷识别",
    "贷款用途",
    "备注",
    "合同号",
    "支行",
    "电话",
    "五级分类",
]


def find(*rows: list[str], mapping: dict[str, str] | None = None) -> Header | None:
    return find_header([(number, list(row)) for number, row in enumerate(rows, start=1)], mapping or {})


def found(*titles: str) -> dict[str, LedgerField]:
    """The field of each title, in a ledger that has all other columns too."""
    rest = ["合同号", "贷款金额", "贷款余额", "放款日期", "到期日期", "乡镇"]
    header = find([*titles, *(title for title in rest if title not in titles)])
    assert header is not None
    return {column.header: column.field for column in header.columns[: len(titles)] if column.field}


def test_every_field_of_a_row_has_titles_and_every_title_one_field() -> None:
    assert {field.value for field in ALIASES} == set(LedgerRow._fields[2:])
    titles = [title for line in ALIASES.values() for title in line.split()]
    assert len(titles) == len(set(titles)) == len(FIELD_OF_TITLE)
    assert not UNUSED & set(titles)


def test_every_title_stands_in_the_form_it_is_looked_up_by() -> None:
    for title in (*FIELD_OF_TITLE, *UNUSED):
        assert FIELD_OF_TITLE.get(short_form(header_key(title))) == FIELD_OF_TITLE.get(title), title


def test_the_columns_of_a_real_sheet_are_all_known() -> None:
    header = find(REAL)
    assert header is not None and not header.lacking and not header.doubles
    assert [column.header for column in header.columns if not column.known] == []
    assert len(header.index) == len(LedgerField)
    assert header.index[F.HEAD_ID] == REAL.index("身份证号") and header.index[F.ID_NUMBER] == REAL.index(
        "贷款人身份证"
    )
    assert header.unit(F.BALANCE) is Unit.WAN and header.unit(F.INTEREST_OWED) is Unit.YUAN


@pytest.mark.parametrize(
    ("title", "field"),
    [
        ("借款合同编号", F.CONTRACT_NO),
        ("合 同 号", F.CONTRACT_NO),
        ("合同号（借据号）", F.CONTRACT_NO),
        ("借据编号", F.CONTRACT_NO),
        ("客户名称", F.NAME),
        ("借款人姓名", F.NAME),
        ("姓 名", F.NAME),
        ("客户证件号码", F.ID_NUMBER),
        ("公民身份号码", F.ID_NUMBER),
        ("*贷款余额：", F.BALANCE),
        ("贷款余额\n（万元）", F.BALANCE),
        ("贷款余额万元", F.BALANCE),
        ("贷款余额/元", F.BALANCE),
        ("其中：逾期金额(元)", F.OVERDUE),
        ("放款时间", F.DISBURSED_ON),
        ("贷款发放日期", F.DISBURSED_ON),
        ("贷款到期时间", F.DUE_ON),
        ("手机号码", F.PHONE),
        ("联系电话", F.PHONE),
        ("所属乡镇（街道）", F.TOWNSHIP),
        ("乡(镇)", F.TOWNSHIP),
        ("村（社区）", F.VILLAGE),
        ("贷款年利率（%）", F.RATE),
        ("期限（月）", F.TERM),
        ("承贷银行", F.LENDER),
        ("经办网点", F.BRANCH),
        ("1.贷款用途", F.PURPOSE),
    ],
)
def test_titles_as_people_vary_them(title: str, field: LedgerField) -> None:
    assert found(title) == {title: field}


@pytest.mark.parametrize(
    "title", ["授信额度", "逾期天数", "贷款逾期时间", "客户经理", "金额", "欠息日期", "", *REASON_ALIASES]
)
def test_titles_that_mean_something_else(title: str) -> None:
    assert found(title) == {}


@pytest.mark.parametrize(
    ("title", "unit"),
    [
        ("贷款余额(万元)", Unit.WAN),
        ("贷款余额（单位：万元）", Unit.WAN),
        ("余额【元】", Unit.YUAN),
        ("余额(人民币元)", Unit.YUAN),
        ("余额万元", Unit.WAN),
        ("余额", None),
        ("利率(%)", Unit.PERCENT),
        ("月利率(‰)", Unit.PER_MILLE),
        ("期限(个月)", Unit.MONTH),
        ("期限(年)", Unit.YEAR),
        ("余额(以银行系统当日万元为准的说明)", None),
        ("单元", None),
    ],
)
def test_units_in_titles(title: str, unit: Unit | None) -> None:
    assert unit_of(header_key(title)) is (unit if title != "单元" else Unit.YUAN)


def test_whose_id_number_it_is_follows_from_the_person_before_it() -> None:
    assert found("户主姓名", "身份证号", "贷款人姓名", "身份证号码") == {
        "户主姓名": F.HEAD_NAME,
        "身份证号": F.HEAD_ID,
        "贷款人姓名": F.NAME,
        "身份证号码": F.ID_NUMBER,
    }
    assert found("姓名", "身份证号") == {"姓名": F.NAME, "身份证号": F.ID_NUMBER}
    assert found("户主姓名", "贷款人姓名", "身份证号")["身份证号"] is F.ID_NUMBER


def test_the_second_of_two_equal_columns_is_told() -> None:
    header = find(["合同号", "借据号", "贷款余额", "贷款金额", "姓名"])
    assert (
        header is not None and header.doubles == ((F.CONTRACT_NO, "B"),) and header.index[F.CONTRACT_NO] == 0
    )


def test_a_contact_list_or_a_summary_is_no_ledger() -> None:
    assert find(["姓名", "身份证号", "联系电话", "乡镇", "行政村"]) is None
    assert find(["乡镇", "户数", "贷款余额", "逾期金额", "备注", "支行"]) is None
    assert find([]) is None


def test_a_data_row_is_no_second_storey() -> None:
    header = find(["台账"], REAL, ["阿岗镇", *[""] * 12, "支行", "贷款金额"])
    assert header is not None and (header.first_row, header.last_row) == (2, 2)


def test_a_header_below_the_twelfth_row_is_not_looked_for() -> None:
    assert find(*[["x"]] * 11, REAL) is not None
    assert find(*[["x"]] * 12, REAL) is None


def test_letters_as_excel_has_them() -> None:
    positions = {"A": 0, "Z": 25, "AA": 26, "AZ": 51, "BA": 52, "ZZ": 701, "AAA": 702, "XFD": 16383}
    assert [letter(at) for at in positions.values()] == list(positions)


@pytest.mark.parametrize(
    ("line", "day"),
    [
        (["截至2023年10月31日"], date(2023, 10, 31)),
        (["（截止 2023 年 10 月 31 日）"], date(2023, 10, 31)),
        (["截至2023年10月底"], date(2023, 10, 31)),
        (["截止2023年2月末"], date(2023, 2, 28)),
        (["截至２０２３年１０月"], date(2023, 10, 31)),
        (["数据截至2023-10-31"], date(2023, 10, 31)),
        (["截止日期：2023/10/31"], date(2023, 10, 31)),
        (["截止日期", "2023-10-31"], date(2023, 10, 31)),
        (["统计时间：2023.10.31"], date(2023, 10, 31)),
        (["截至20231031"], date(2023, 10, 31)),
        (["台账", "", "截至到2023年10月31日止"], date(2023, 10, 31)),
        (["2023年10月台账"], None),
        (["截至2023年13月1日"], None),
        (["截至目前"], None),
        (["还款截止"], None),
        ([45230.0], None),
    ],
)
def test_the_date_above_the_header(line: list[Any], day: date | None) -> None:
    assert read_titles([line]).as_of == day


@pytest.mark.parametrize(
    ("line", "sender"),
    [
        (["填报单位：罗平农商行"], "罗平农商行"),
        (["填报单位(盖章): 罗平农商行   2023年11月1日"], "罗平农商行"),
        (["填报单位：", "罗平农商行"], "罗平农商行"),
        (["填报单位：罗平农商行（盖章）"], "罗平农商行"),
        (["报送单位：罗平农商行 填报时间：2023年11月"], "罗平农商行"),
        (["单位：万元"], None),
        (["填报单位："], None),
    ],
)
def test_the_sender_above_the_header(line: list[Any], sender: str | None) -> None:
    assert read_titles([line]).reporting_unit == sender


@pytest.mark.parametrize(
    ("line", "unit"),
    [
        ("单位：万元", Unit.WAN),
        ("金额单位:元", Unit.YUAN),
        ("单位：户、万元", Unit.WAN),
        ("单位：元谋县农商行", None),
        ("填报单位：万元村", None),
        ("（单位：万元，%）", Unit.WAN),
        ("万元", None),
    ],
)
def test_the_unit_above_the_header(line: str, unit: Unit | None) -> None:
    assert read_titles([[line]]).unit is unit


def test_the_mark_of_a_supplement() -> None:
    assert read_titles([["请更正" + supplement_mark(42)]]).supplements == 42
    assert read_titles([["〔QS-〕〔QS-x〕"]]).supplements is None


@pytest.mark.parametrize(
    "row",
    [
        ["合计", "", 3],
        ["阿岗镇小计", "", 3],
        ["", "合 计", 3],
        ["总计：", 1],
        ["合计（元）", 1],
        ["共计100户", ""],
        ["制表人：张三", "审核人：李四"],
        ["制表：", "李四"],
        ["填报日期：2023年11月8日"],
        ["日期：2023年11月"],
        ["注：本表每月5日前报送"],
        ["说明：1.略"],
        ["审核人"],
        ["单位负责人（签字）："],
        ["　", " "],
    ],
)
def test_rows_that_are_no_loans(row: list[Any]) -> None:
    assert is_footer(row, has_key=False)


@pytest.mark.parametrize(
    "row",
    [
        ["阿岗镇", "张三", "联系不上"],
        ["阿岗镇", "合计村", "张三"],
        ["阿岗镇", "张三", "经办支行撤并"],
        ["阿岗镇", "", "备注"],
        [3.0, "", ""],
        ["阿岗镇", "统计员家"],
        ["备注"],
    ],
)
def test_rows_that_may_be_loans(row: list[Any]) -> None:
    assert not is_footer(row, has_key=False)


def test_with_a_contract_only_the_first_cell_makes_a_total() -> None:
    assert not is_footer(["阿岗镇", "HT-1", "合计"], has_key=True)
    assert is_footer(["合计", "HT-1"], has_key=True)
