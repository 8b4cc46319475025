"""The figures: one row, the total, the printed orders, the JSON that others rely on."""

import csv
import re
from dataclasses import replace
from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.bulletin.figures import FigureRow, Figures
from tests.bulletin.published import DATA, MONTH_END, PAGE, code, october

ROW = FigureRow(
    "530324001",
    "罗雄街道",
    stock_households=3,
    stock_fen=6,
    overdue_households=1,
    overdue_fen=1,
    overdue_loans=1,
)


@pytest.mark.parametrize(
    ("overdue", "stock", "rate"),
    [
        (1, 0, None),
        (0, 0, None),
        (0, 5, "0.00"),
        (1, 6, "16.67"),
        (1, 8, "12.50"),
        (12345, 10_000_000, "0.12"),
        (12350, 10_000_000, "0.12"),
        (12500, 10_000_000, "0.13"),
        (5, 5, "100.00"),
    ],
)
def test_overdue_rate_is_rounded_once_half_up(overdue: int, stock: int, rate: str | None) -> None:
    row = replace(ROW, overdue_fen=overdue, stock_fen=stock)
    assert row.overdue_rate_pct == (None if rate is None else Decimal(rate))
    assert row.to_json()["overdue_rate_pct"] == rate


@pytest.mark.parametrize(
    ("new", "target", "completion"),
    [
        (5, None, None),
        (5, 0, None),
        (0, 8, "0"),
        (1, 8, "13"),
        (5, 1000, "1"),
        (4, 1000, "0"),
        (11, 8, "138"),
    ],
)
def test_completion_is_a_whole_percent_and_unknown_without_a_target(
    new: int, target: int | None, completion: str | None
) -> None:
    row = replace(ROW, new_fen=new, target_fen=target)
    assert row.to_json()["completion_pct"] == completion


@pytest.mark.parametrize("field", ["overdue_loans", "overdue_households", "overdue_fen"])
def test_any_overdue_at_all_is_not_cleared(field: str) -> None:
    nothing = replace(ROW, overdue_loans=0, overdue_households=0, overdue_fen=0)
    assert nothing.cleared
    assert not replace(nothing, **{field: 1}).cleared


def test_total_is_the_published_one() -> None:
    assert october().to_json()["total"] == {
        "name": "罗平县", "stock_households": 1048, "stock_wan": "5390.04", "new_households": 1047,
        "new_wan": "4551.98", "target_wan": "5467.50", "completion_pct": "83", "overdue_households": 75,
        "overdue_wan": "235.15", "overdue_rate_pct": "4.36", "overdue_loans": 75, "cleared": False,
    }  # fmt: skip


def test_every_published_figure_but_the_wrong_one_is_recomputed() -> None:
    rows = {row.name: row.to_json() for row in october().rows}
    differing = []
    with (DATA / "luoping-2023-10.csv").open(encoding="utf-8", newline="") as file:
        for line in list(csv.DictReader(file))[:-1]:
            row = rows[line["township"]]
            assert row["completion_pct"] == line["target_completion_pct_printed"]
            printed = line["overdue_rate_pct_printed"]
            if (row["overdue_rate_pct"] if printed else row["cleared"]) != (printed or True):
                differing.append((row["name"], printed, row["overdue_rate_pct"]))
    assert differing == [("老厂乡", "0", "0.84")]


def test_a_cleared_township_has_rate_nought_and_a_region_without_stock_has_none() -> None:
    rows = {row.name: row for row in october().rows}
    assert rows["板桥镇"].to_json()["overdue_rate_pct"] == "0.00"
    assert rows["板桥镇"].to_json()["cleared"] is True
    assert Figures("530324", "罗平县", MONTH_END, MONTH_END, ()).total.to_json()["overdue_rate_pct"] is None


def test_json_of_figures_has_the_agreed_shape() -> None:
    data = october().to_json()
    assert list(data) == ["region", "month", "as_of", "total", "rows"]
    assert (data["region"], data["month"], data["as_of"]) == ("530324", "2023-10", "2023-10-31")
    rows = data["rows"]
    assert isinstance(rows, list)
    assert len(rows) == 13
    assert all(set(row) == set(october().total.to_json()) for row in rows)
    assert rows[0]["name"] == "阿岗镇"


def _printed_order(heading: str, end: str) -> list[str]:
    """The townships of one paragraph as the page prints them, its cut names repaired."""
    paragraph = PAGE.split(heading)[1].split(end)[0]
    found = re.findall(r"(?:万元)?([\u4e00-\u9fff]{2,6})\d+\.\d\d", paragraph.split("其中:")[1])
    repaired = {"水井乡": "大水井乡", "乐镇": "富乐镇", "阿岗": "阿岗镇"}
    return [repaired.get(name, name) for name in found if name != "逾期率"]


def test_orders_are_those_of_the_published_page() -> None:
    figures = october()
    assert [row.name for row in figures.by_stock()] == _printed_order("存量贷款情况", "(二)")
    assert [row.name for row in figures.by_new()] == _printed_order("新增贷款情况", "(三)")
    assert [row.name for row in figures.by_overdue()] == _printed_order("逾期情况", "已清零")
    assert {row.name for row in figures.cleared()} == {"板桥镇", "钟山乡", "旧屋基乡", "鲁布革乡", "长底乡"}


def test_rows_without_a_target_come_last_by_amount() -> None:
    figures = october(
        lambda row: replace(row, target_fen=None) if row.name in ("九龙街道", "钟山乡") else row
    )
    assert [row.name for row in figures.by_new()][-2:] == ["九龙街道", "钟山乡"]


def test_a_target_of_only_some_rows_is_no_target_of_the_total() -> None:
    figures = october(lambda row: replace(row, target_fen=None) if row.name == "钟山乡" else row)
    assert figures.total.target_fen is None
    assert figures.total.to_json()["completion_pct"] is None


def test_the_regions_own_target_goes_before_the_sum() -> None:
    figures = replace(october(), own_target_fen=10_000 * 1_000_000)
    assert figures.total.to_json()["target_wan"] == "10000.00"
    assert figures.total.to_json()["completion_pct"] == "46"


def test_charts_carry_names_and_values_in_the_printed_order() -> None:
    charts = october().charts()
    assert [bar["name"] for bar in charts["new"]] == [row.name for row in october().by_new()]
    assert charts["overdue"][0] == {
        "code": code("阿岗镇"), "name": "阿岗镇", "overdue_wan": "118.25", "overdue_rate_pct": "11.99",
    }  # fmt: skip
    assert charts["overdue"][-1]["overdue_wan"] == "0.00"


amounts = st.integers(0, 10**12)
rows_of_figures = st.lists(
    st.tuples(
        *[st.integers(0, 5000), amounts, st.integers(0, 5000), amounts, amounts, st.integers(0, 99), amounts]
    ),
    max_size=30,
)


@settings(max_examples=60, deadline=None)
@given(rows_of_figures)
def test_total_agrees_with_an_obvious_calculation(numbers: list[tuple[int, ...]]) -> None:
    figures = Figures("530324", "罗平县", MONTH_END, MONTH_END, tuple(
        FigureRow(f"530324{at:03d}", f"第{at}镇", *row, row[5]) for at, row in enumerate(numbers)
    ))  # fmt: skip
    total = figures.total
    columns = list(zip(*numbers, strict=True)) or [()] * 7
    assert (total.stock_households, total.stock_fen) == (sum(columns[0]), sum(columns[1]))
    assert (total.overdue_households, total.overdue_fen) == (sum(columns[5]), sum(columns[6]))
    if total.stock_fen:
        exact = Fraction(total.overdue_fen * 100, total.stock_fen)
        assert total.overdue_rate_pct is not None
        assert -Fraction(1, 200) < exact - Fraction(total.overdue_rate_pct) < Fraction(1, 200) or (
            exact - Fraction(total.overdue_rate_pct) == -Fraction(1, 200)
        )
    assert sorted(row.code for row in [*figures.by_overdue(), *figures.cleared()]) == [
        row.code for row in figures.rows
    ]
