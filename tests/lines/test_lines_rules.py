"""What holds where and when, marks, and what people type."""

from datetime import date
from decimal import Decimal

import pytest

from app.bulletin.figures import FigureRow
from app.lines.rules import NO_LINES, Book, Held, LineKind, Mark, mark, resolve
from app.lines.text import LinesRefused, read_form, read_lines, read_value
from app.places.rules import shipped

OCTOBER, NOVEMBER = date(2023, 10, 31), date(2023, 11, 30)
COUNTY, TOWNSHIP = "530324", "530324106"


def held(
    kind: LineKind, value: str, region: str = "53", month: date = OCTOBER, ongoing: bool = False
) -> Held:
    read = read_value(kind, value)
    return Held(kind, region, month, ongoing, "invented", month, read.rate, read.rank, read.of)


def row(overdue: int, stock: int = 10_000, code: str = TOWNSHIP) -> FigureRow:
    return FigureRow(code, "", stock_fen=stock, overdue_fen=overdue)


def test_the_nearest_region_and_the_latest_month_hold() -> None:
    values = [
        held(LineKind.YELLOW, "3", ongoing=True, month=date(2023, 1, 31)),
        held(LineKind.YELLOW, "4", ongoing=True, month=date(2023, 9, 30)),
        held(LineKind.YELLOW, "5", month=OCTOBER),
        held(LineKind.YELLOW, "6", region=COUNTY, ongoing=True, month=date(2023, 2, 28)),
    ]
    assert resolve(values[:3], TOWNSHIP, OCTOBER).yellow == Decimal(5)
    assert resolve(values[:3], TOWNSHIP, NOVEMBER).yellow == Decimal(4)
    assert resolve(values[:3], TOWNSHIP, date(2023, 8, 31)).yellow == Decimal(3)
    assert resolve(values[:3], TOWNSHIP, date(2022, 12, 31)).yellow is None
    assert resolve(values, TOWNSHIP, OCTOBER).yellow == Decimal(6)
    assert resolve(values, "5303", OCTOBER).yellow == Decimal(5)


def test_a_rank_is_the_region_s_own() -> None:
    values = [held(LineKind.RANK, "7/9", region=COUNTY)]
    assert (resolve(values, COUNTY, OCTOBER).rank, resolve(values, COUNTY, OCTOBER).of) == (7, 9)
    assert resolve(values, TOWNSHIP, OCTOBER).rank is None


@pytest.mark.parametrize(
    ("overdue", "expected"),
    [
        (0, Mark.OK),
        (218, Mark.OK),
        (219, Mark.ABOVE),
        (500, Mark.ABOVE),
        (501, Mark.YELLOW),
        (1001, Mark.RED),
    ],
)
def test_a_rate_equal_to_a_line_is_not_above_it(overdue: int, expected: Mark) -> None:
    values = [held(LineKind.PROVINCIAL, "2.18"), held(LineKind.YELLOW, "5"), held(LineKind.RED, "10")]
    book = Book(OCTOBER, tuple(values))
    assert mark(row(overdue), book.at(TOWNSHIP)) is book.mark(row(overdue)) is expected


def test_a_mark_follows_the_rate_as_it_is_printed() -> None:
    lines = resolve([held(LineKind.PROVINCIAL, "2.18")], TOWNSHIP, OCTOBER)
    assert mark(row(21_849, 1_000_000), lines) is Mark.OK  # 2.1849 is printed 2.18
    assert mark(row(21_850, 1_000_000), lines) is Mark.ABOVE  # 2.1850 is printed 2.19
    assert mark(row(0, 0), lines) is Mark.OK  # no stock: nothing is overdue
    assert mark(row(1), NO_LINES) is Mark.UNKNOWN


@pytest.mark.parametrize(
    ("kind", "text"),
    [
        (LineKind.RED, ""), (LineKind.RED, "five"), (LineKind.RED, "-1"), (LineKind.RED, "100.01"),
        (LineKind.RED, "1.085"), (LineKind.RED, "NaN"), (LineKind.RED, "1e400"), (LineKind.RED, "7/9"),
        (LineKind.RANK, "7"), (LineKind.RANK, "0/9"), (LineKind.RANK, "10/9"), (LineKind.RANK, "1/9999"),
    ],
)  # fmt: skip
def test_what_is_no_value_is_refused(kind: LineKind, text: str) -> None:
    with pytest.raises(LinesRefused):
        read_value(kind, text)


@pytest.mark.parametrize("text", ["1.08", "１．０８％", " 1.08 % ", "1.080"])
def test_a_rate_is_read_as_people_write_it(text: str) -> None:
    assert read_value(LineKind.PROVINCIAL, text).rate == Decimal("1.08")


@pytest.mark.parametrize("text", ["7/9", "第7名 9", "第7位，共9个", "7／9"])
def test_a_rank_is_read_as_people_write_it(text: str) -> None:
    read = read_value(LineKind.RANK, text)
    assert (read.rank, read.of) == (7, 9)


def test_a_pasted_table() -> None:
    text = (
        "地区,月份,项目,数值,来源,日期\n"
        "罗平县,2023-10,全省平均,2.18,省局通报,2023-11-07\n"
        "530324\t2023年10月\t全市排名\t第8名 9\t市局通报\t2023年11月7日\n"
        "阿岗镇,2023-01起,黄牌,8,县里定的,2023/1/5\n"
    )
    values, refused = read_lines(text, shipped(), COUNTY)
    assert not refused
    assert [(v.region_code, v.kind, v.month, v.ongoing, v.text) for v in values] == [
        (COUNTY, LineKind.PROVINCIAL, OCTOBER, False, "2.18"),
        (COUNTY, LineKind.RANK, OCTOBER, False, "8/9"),
        (TOWNSHIP, LineKind.YELLOW, date(2023, 1, 31), True, "8.00"),
    ]


@pytest.mark.parametrize(
    "line",
    [
        "罗平县,2023-10,全省平均,2.18,省局通报",
        "无名县,2023-10,全省平均,2.18,省局通报,2023-11-07",
        "曲靖市,2023-10,全省平均,2.18,省局通报,2023-11-07",  # beyond the county
        "罗平县,2023-13,全省平均,2.18,省局通报,2023-11-07",
        "罗平县,2023-10,全国平均,2.18,省局通报,2023-11-07",
        "罗平县,2023-10,全省平均,二,省局通报,2023-11-07",
        "罗平县,2023-10,全省平均,2.18,,2023-11-07",
        "罗平县,2023-10,全省平均,2.18,省局通报,2023-02-30",
    ],
)
def test_a_line_that_says_nothing_certain_is_named(line: str) -> None:
    good = "罗平县,2023-10,黄牌,5,省局通报,2023-11-07"
    values, refused = read_lines(f"{good}\n{line}", shipped(), COUNTY)
    assert (len(values), [one.number for one in refused]) == (1, [2])
    assert read_lines(f"{good}\n{good}", shipped(), COUNTY)[1][0].number == 2


def test_a_form_takes_source_and_date_of_the_row_above() -> None:
    typed = {
        "provincial": "2.18",
        "provincial-source": "省局",
        "provincial-on": "2023-11-07",
        "prefectural": "2.87",
    }
    values, errors = read_form(typed | {"red": "9", "red-ongoing": "1"}, COUNTY, OCTOBER)
    assert not errors
    assert values[LineKind.RANK] is None
    prefectural, red = values[LineKind.PREFECTURAL], values[LineKind.RED]
    assert prefectural is not None
    assert red is not None
    assert (prefectural.source, prefectural.dated_on, red.ongoing) == ("省局", date(2023, 11, 7), True)
    _, errors = read_form({"rank": "x"}, COUNTY, OCTOBER)
    assert set(errors) == {"rank", "rank-source", "rank-on"}
