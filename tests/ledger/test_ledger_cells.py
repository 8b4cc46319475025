"""Each parser as a policy table: what is read, what is odd, what is refused. Bad input first."""

from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.ledger import cells, days, figures, people
from app.ledger.cells import ERROR_CELL, NO_STORED_VALUE, Bad, Memo, Odd, Parser
from app.ledger.fields import Unit
from app.ledger.townships import Townships
from app.loans.rules import Category
from app.money import yuan
from tests.ledger.factory import AGANG, COUNTY, DASHUIJING, LAOCHANG, PLACES, id_number

YUAN, WAN = figures.amount(None), figures.amount(Unit.WAN)
DAY, CONTRACT = days.day(required=True), cells.contract_no(64)
ID, HEAD = people.id_number(required=True), people.id_number(required=False)
TOWNSHIP = Townships(PLACES, COUNTY, {"水井乡 ": DASHUIJING}).parser(None)
ALL: list[Parser] = [
    YUAN,
    WAN,
    DAY,
    CONTRACT,
    ID,
    HEAD,
    TOWNSHIP,
    people.phone,
    people.category,
    figures.term(None),
    figures.rate(None),
    figures.household_size,
    cells.text(64),
    cells.text(64, name=True, blank=None),
]


def reason(outcome: Any) -> str:
    assert isinstance(outcome, Bad), outcome
    return str(outcome.reason)


def message(outcome: Any) -> str:
    assert isinstance(outcome, Odd), outcome
    return str(outcome.message)


@pytest.mark.parametrize("parse", ALL)
@pytest.mark.parametrize("cell", [NO_STORED_VALUE, ERROR_CELL, "#REF!", " #N/A ", "#DIV/0!"])
def test_a_cell_without_a_value_refuses_the_row_in_every_column(parse: Parser, cell: str) -> None:
    assert isinstance(parse(cell), Bad)


@pytest.mark.parametrize(
    ("cell", "why"),
    [
        ("", "blank"),
        ("-", "blank"),
        ("　", "blank"),
        ("无", "blank"),
        ("伍万", "Chinese numerals"),
        ("五万元", "Chinese numerals"),
        ("叁万贰仟元整", "Chinese numerals"),
        ("约5万", "No amount"),
        ("5千", "No amount"),
        ("1,00", "No amount"),
        ("5,0000", "No amount"),
        ("1.2.3", "No amount"),
        ("5e4", "No amount"),
        ("2023-10-31", "No amount"),
        ("5万3", "No amount"),
        ("TRUE", "No amount"),
        ("50000/30000", "No amount"),
        ("٥٠٠", "No amount"),
        (-1, "negative"),
        ("-5.00", "negative"),
        ("(500)", "negative"),
        (1e15, "too large"),
        ("9" * 40, "too large"),
        ("999999999999", "too large"),
    ],
)
def test_an_amount_that_cannot_be_read_refuses_the_row(cell: Any, why: str) -> None:
    assert why in reason(YUAN(cell))


@pytest.mark.parametrize(
    ("parse", "cell", "fen"),
    [
        (YUAN, 50000, 5_000_000),
        (YUAN, 50000.0, 5_000_000),
        (YUAN, "50000", 5_000_000),
        (YUAN, "50,000.00", 5_000_000),
        (YUAN, "５００００．５０", 5_000_050),
        (YUAN, "50，000", 5_000_000),
        (YUAN, " 50 000 ", 5_000_000),
        (YUAN, "'50000", 5_000_000),
        (YUAN, "¥50000元", 5_000_000),
        (YUAN, "￥50,000.5", 5_000_050),
        (YUAN, "5万", 5_000_000),
        (YUAN, "5.5万元", 5_500_000),
        (YUAN, "人民币50000元整", 5_000_000),
        (YUAN, "1234567.891", 123_456_789),
        (YUAN, 0.015, 2),
        (YUAN, 0.005, 1),
        (YUAN, 0, 0),
        (YUAN, "-0", 0),
        (YUAN, ".5", 50),
        (YUAN, 0.1 + 0.2, 30),
        (YUAN, "50000\u00a0", 5_000_000),
        (YUAN, 1234567.89, 123_456_789),
        (WAN, 5, 5_000_000),
        (WAN, 3.4567, 3_456_700),
        (WAN, 0.00005, 50),
        (WAN, "5", 5_000_000),
        (WAN, "5万", 5_000_000),
        (WAN, "50000元", 5_000_000),
        (WAN, 985.92, 985_920_000),
        (WAN, 5390.04, 5_390_040_000),
        (WAN, 1.005, 1_005_000),
        (figures.amount(None, blank=0), "", 0),
        (figures.amount(None, blank=0), "/", 0),
        (figures.amount(None, blank=None), "—", None),
    ],
)
def test_an_amount_is_read_to_the_fen(parse: Parser, cell: Any, fen: int | None) -> None:
    assert parse(cell) == fen


@given(st.integers(0, figures.MAX_FEN))
def test_every_amount_survives_each_way_of_writing_it(fen: int) -> None:
    text = yuan(fen)
    whole, cents = text.split(".")
    for cell in (text, float(text), f"{int(whole):,}.{cents}", f"¥{text}元", text.replace(".", "．")):
        assert YUAN(cell) == fen
    assert WAN(float(Decimal(fen) / 1_000_000)) == fen
    assert WAN(str(Decimal(fen) / 1_000_000)) == fen


@pytest.mark.parametrize(
    ("cell", "why"),
    [
        ("", "blank"),
        (0, "blank"),
        ("0", "blank"),
        ("—", "blank"),
        ("00:00:00", "blank"),
        ("1899-12-31", "blank"),
        ("1899-12-30T00:00:00", "blank"),
        ("2023-02-30", "no such day"),
        ("20231301", "no such day"),
        (20230231, "no such day"),
        ("2023-13-01", "no such day"),
        ("1023-10-31", "before 1990"),
        ("2223年1月1日", "before 1990"),
        ("31/10/2023", "No date"),
        ("23-10-31", "No date"),
        ("2023-10", "No date"),
        ("2023年10月", "No date"),
        (2023.1, "No date"),
        (202310, "No date"),
        ("十月三十一日", "No date"),
        ("已结清", "No date"),
        ("1 day, 6:00:00", "No date"),
        (5, "No date"),
        (-45000, "No date"),
        ("2023-10-31、2023-11-01", "No date"),
        ("45230abc", "No date"),
    ],
)
def test_a_date_that_cannot_be_read_refuses_the_row(cell: Any, why: str) -> None:
    assert why in reason(DAY(cell))


@pytest.mark.parametrize(
    "cell",
    [
        "2023-10-31",
        "2023/10/31",
        "20231031",
        "2023年10月31日",
        "2023.10.31",
        "2023年10月31",
        "２０２３－１０－３１",
        " 2023-10-31 ",
        "'2023-10-31",
        "2023-10-31T00:00:00",
        "2023-10-31 00:00:00",
        "2023/10/31 8:05",
        "2023 年 10 月 31 日",
        45230,
        45230.0,
        45230.75,
        "45230",
        "45230.5",
        20231031,
        20231031.0,
        "2023-10-31\u3000",
        "2023年10月31日 12:00",
        "2023-10-31号",
    ],
)
def test_a_date_is_read_in_every_form(cell: Any) -> None:
    assert DAY(cell) == date(2023, 10, 31)


def test_a_date_that_need_not_be_there() -> None:
    assert days.day(required=False)("") is None
    assert days.day(required=False)(0.0) is None
    assert "No date" in reason(days.day(required=False)("未还"))


@given(st.dates(days.EARLIEST, days.LATEST))
def test_every_date_survives_each_way_of_writing_it(day: date) -> None:
    serial = (day - date(1899, 12, 30)).days
    forms = [
        day.isoformat(),
        f"{day:%Y/%m/%d}",
        f"{day.year}/{day.month}/{day.day}",
        f"{day:%Y%m%d}",
        f"{day.year}年{day.month}月{day.day}日",
        serial,
        float(serial),
        str(serial),
        int(f"{day:%Y%m%d}"),
    ]
    assert {DAY(form) for form in forms} == {day}


GOOD = id_number(123)


@pytest.mark.parametrize(
    ("cell", "why"),
    [
        ("", "blank"),
        ("无", "blank"),
        (float(GOOD[:17] + "0"), "stored as a number"),
        (530399198001010000, "stored as a number"),
        ("5.30399E+17", "stored as a number"),
        ("530399800101123", "old kind"),
        (GOOD[:17], "17"),
        (GOOD + "1", "19"),
        ("A" + GOOD[1:], "17 digits"),
        (GOOD[:6] + "19801301" + GOOD[14:], "date of birth"),
        (GOOD[:6] + "18991231" + GOOD[14:], "birth"),
        (GOOD[:17] + ("0" if GOOD[17] != "0" else "1"), "check digit"),
        ("٥" + GOOD[1:], "17 digits"),
        (GOOD[:10] + "*" * 4 + GOOD[14:], "17 digits"),
    ],
)
def test_an_id_number_that_cannot_be_right_refuses_the_row(cell: Any, why: str) -> None:
    assert why in reason(ID(cell))


def test_a_numeric_id_number_is_refused_even_if_its_check_digit_fits() -> None:
    numbers = [number for number in map(id_number, range(1000)) if number.isdigit()]
    whole = next(number for number in numbers if int(float(number)) == int(number))
    assert "stored as a number" in reason(ID(int(whole)))
    assert "stored as a number" in reason(ID(float(whole)))


def test_an_id_number_is_tidied() -> None:
    with_x = next(number for n in range(1000) if (number := id_number(n)).endswith("X"))
    full_width = "".join(chr(ord(c) + 0xFEE0) for c in with_x)
    spaced = f"{with_x[:6]} {with_x[6:14]} {with_x[14:]}"
    for cell in (with_x, with_x.lower(), f"'{with_x}", f" {with_x}\u3000", spaced, full_width):
        assert ID(cell) == HEAD(cell) == with_x
    assert HEAD("") is None


@given(
    st.integers(0, 17), st.integers(0, 9), st.integers(0, 999), st.dates(date(1930, 1, 1), date(2005, 12, 31))
)
def test_any_one_wrong_digit_is_found(at: int, digit: int, number: int, born: date) -> None:
    right = id_number(number, born=f"{born:%Y%m%d}")
    wrong = right[:at] + str(digit) + right[at + 1 :]
    assert isinstance(ID(wrong), Bad) == (wrong != right)


@pytest.mark.parametrize(
    "cell",
    [
        "15400001234",
        15400001234,
        15400001234.0,
        "+86 154 0000 1234",
        "+8615400001234",
        "008615400001234",
        "0086-154-0000-1234",
        "8615400001234",
        "154-0000-1234",
        "１５４００００１２３４",
        "'15400001234",
        "(154)00001234",
        "154 0000 1234\u3000",
    ],
)
def test_a_mobile_number_is_eleven_digits_however_written(cell: Any) -> None:
    assert people.phone(cell) == "15400001234"


@pytest.mark.parametrize(
    ("cell", "value", "why"),
    [
        ("0874-8212345", "08748212345", "no mobile"),
        ("8212345", "8212345", "no mobile"),
        ("1540000123", "1540000123", "no mobile"),
        ("12345678901", "12345678901", "no mobile"),
        ("1.54E+10", None, "left out"),
        ("未知", None, "left out"),
        ("0", None, "left out"),
        ("15400001234/15400005678", "15400001234", "more than one"),
        ("0874-8212345、15400005678", "15400005678", "more than one"),
        ("///", None, "left out"),
        (1.5, None, "left out"),
    ],
)
def test_an_odd_phone_blocks_nothing(cell: Any, value: str | None, why: str) -> None:
    outcome = people.phone(cell)
    assert why in message(outcome) and outcome.value == value


def test_no_phone_is_no_phone() -> None:
    assert people.phone("") is people.phone("无") is people.phone("/") is None


@pytest.mark.parametrize(
    ("cell", "why"),
    [
        ("", "missing"),
        ("  ", "missing"),
        ("\u3000", "missing"),
        ("-", "missing"),
        (1.5, "stored as a number"),
        (2e15, "stored as a number"),
        ("1.23457E+15", "stored as a number"),
        ("H" * 65, "longer than 64"),
        (-5, "stored as a number"),
    ],
)
def test_a_contract_number_that_cannot_be_told_refuses_the_row(cell: Any, why: str) -> None:
    assert why in reason(CONTRACT(cell))


@pytest.mark.parametrize(
    ("cell", "value"),
    [
        ("HT-1", "HT-1"),
        (" ＨＴ－１ ", "HT-1"),
        ("'00123", "00123"),
        (20230001, "20230001"),
        (20230001.0, "20230001"),
        ("罗农 信借\n2023", "罗农信借2023"),
        ("\u00a0HT1\ufeff", "HT1"),
        ("罗平农商〔2023〕12号", "罗平农商〔2023〕12号"),
    ],
)
def test_a_contract_number_has_no_spaces_and_half_width_signs(cell: Any, value: str) -> None:
    assert CONTRACT(cell) == value


def test_text_is_tidied() -> None:
    name, remark = cells.text(8, name=True), cells.text(8)
    assert [
        name("张　三"),
        name(" 张三\u00a0"),
        name("'张三"),
        name("阿依·买买提"),
        name("A B"),
        name(3.0),
    ] == ["张三", "张三", "张三", "阿依·买买提", "A B", "3"]
    assert remark("养猪 养牛\n养羊") == "养猪 养牛 养羊"
    assert remark("３组（新）") == "3组（新）" and remark("a\0b\u200b") == "ab"
    assert cells.text(8, blank=None)(" / ") is None and remark("") == ""
    outcome = remark("一二三四五六七八九")
    assert "longer than 8" in message(outcome) and outcome.value == "一二三四五六七八"


@given(st.text(max_size=40))
def test_tidying_twice_changes_nothing_more(text: str) -> None:
    once = cells.tidy(text)
    assert cells.tidy(once) == once and not any(c in once for c in "\0\n\t\u200b\u3000")


@pytest.mark.parametrize(
    ("cell", "unit", "months"),
    [
        (36, None, 36),
        ("36", None, 36),
        ("36个月", None, 36),
        ("36月", None, 36),
        ("36期", None, 36),
        ("3年", None, 36),
        ("三年", None, 36),
        ("2年6个月", None, 30),
        (3, Unit.YEAR, 36),
        (1.5, Unit.YEAR, 18),
        ("３", Unit.YEAR, 36),
        ("", None, None),
        (0, None, None),
    ],
)
def test_terms(cell: Any, unit: Unit | None, months: int | None) -> None:
    assert figures.term(unit)(cell) == months


@pytest.mark.parametrize("cell", ["长期", 1.5, "-3", 99999, "3-5年", -1])
def test_an_odd_term_blocks_nothing(cell: Any) -> None:
    assert "No term" in message(figures.term(None)(cell))


@pytest.mark.parametrize(
    ("cell", "unit", "rate"),
    [
        (3.85, None, "3.85"),
        ("3.85%", None, "3.85"),
        (0.0385, None, "3.85"),
        (0.0385, Unit.PERCENT, "3.85"),
        ("３．８５％", None, "3.85"),
        ("3.2‰", None, "3.84"),
        (3.2, Unit.PER_MILLE, "3.84"),
        ("年利率3.85%", None, "3.85"),
        ("月0.3%", None, "3.6"),
        (0, None, "0"),
        ("0.1%", None, "0.1"),
    ],
)
def test_rates_are_percent_a_year(cell: Any, unit: Unit | None, rate: str) -> None:
    assert figures.rate(unit)(cell) == Decimal(rate)


@pytest.mark.parametrize("cell", ["LPR+50BP", "基准利率", "-1", 385, "三厘"])
def test_an_odd_rate_blocks_nothing(cell: Any) -> None:
    assert "No yearly rate" in message(figures.rate(None)(cell))
    assert figures.rate(None)("") is None


def test_household_sizes() -> None:
    assert [figures.household_size(cell) for cell in (4, "4", "4人", "４", "", 0)] == [4, 4, 4, 4, None, None]
    assert all("No number" in message(figures.household_size(cell)) for cell in ("四", 4.5, 99, "-2", -2))


@pytest.mark.parametrize(
    ("cell", "category"),
    [
        ("脱贫户", Category.LIFTED),
        ("建档立卡脱贫户", Category.LIFTED),
        ("脱贫不稳定户", Category.UNSTABLE),
        ("边缘易致贫户", Category.MARGINAL),
        ("突发严重困难户", Category.SUDDEN),
        (" 脱贫 户 ", Category.LIFTED),
        ("", None),
        ("/", None),
    ],
)
def test_categories(cell: str, category: Category | None) -> None:
    assert people.category(cell) is category


@pytest.mark.parametrize("cell", ["一般农户", "非脱贫户", "未脱贫户", 1])
def test_a_category_outside_the_programme_blocks_nothing(cell: Any) -> None:
    assert "none of the four" in message(people.category(cell))


def test_townships_by_every_name() -> None:
    for name, code in (
        ("阿岗镇", AGANG),
        ("阿岗", AGANG),
        (" 阿 岗 镇 ", AGANG),
        ("罗平县阿岗镇", AGANG),
        ("老厂", LAOCHANG),
        ("水井乡", DASHUIJING),
    ):
        assert TOWNSHIP(name) == code
    for full, short in (
        ("鲁布革布依族苗族乡", "鲁布革乡"),
        ("旧屋基彝族乡", "旧屋基乡"),
        ("长底布依族乡", "长底"),
    ):
        assert TOWNSHIP(full) == TOWNSHIP(short) and not isinstance(TOWNSHIP(full), Bad)


def test_an_unknown_township_is_refused_with_a_suggestion_that_can_be_accepted() -> None:
    fresh = Townships(PLACES, COUNTY, {}).parser(None)
    cut = fresh("水井乡")
    assert "大水井乡" in reason(cut) and cut.suggestion == DASHUIJING
    assert fresh("昆明市").suggestion is None and "No township" in reason(fresh("昆明市"))
    assert "blank" in reason(fresh("")) and Townships(PLACES, COUNTY, {}).parser(AGANG)(" ") == AGANG


def test_a_memo_asks_once_and_tells_of_irregular_answers() -> None:
    asked: list[Any] = []

    def parse(cell: Any) -> Any:
        asked.append(cell)
        return Bad(cells.T("no")) if cell == "x" else cell

    memo = Memo(parse)
    assert memo.column(["a", "a", "b"]) == ["a", "a", "b"] and not memo.irregular
    assert isinstance(memo.column(["a", "x"])[1], Bad) and memo.irregular
    assert asked == ["a", "b", "x"]


cell_values = st.one_of(
    st.text(max_size=30),
    st.floats(allow_nan=False, allow_infinity=False),
    st.integers(-(10**20), 10**20),
    st.from_regex(r"[0-9年月日./,万元%+\-() ]{0,20}", fullmatch=True),
)


@given(cell_values)
def test_no_cell_makes_a_parser_fail(cell: Any) -> None:
    for parse in ALL:
        parse(cell)
