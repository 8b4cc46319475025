"""The bulletin's pages as somebody reads them: bad addresses first, then the figures, then what stands behind them."""

import re
from collections.abc import Iterable
from datetime import date
from html import unescape
from io import BytesIO

import pytest
from flask import Flask
from flask.testing import FlaskClient
from openpyxl import load_workbook
from sqlalchemy import delete, select

from app.accounts.actions import add_user
from app.accounts.rules import Role
from app.bulletin.drill import RATES
from app.bulletin.figures import Figures
from app.bulletin.models import PublishedText, Target
from app.bulletin.narrative import basic_situation_text
from app.bulletin.queries import figures
from app.db import db
from app.loans.models import Borrower, Loan
from app.places.models import Region
from tests.bulletin.published import CORRECTED, CORRECTED_PAGE
from tests.conftest import SignIn, enter
from tests.web.reading import Page, arguments, read

COUNTY, AGANG, BANQIAO, LAOCHANG = "530324", "530324106", "530324102", "530324206"
OCTOBER = "month=2023-10"
SHOW, LOANS, ANNEX = "/bulletin/", "/bulletin/loans", "/bulletin/annex.xlsx"
TARGETS, PROOFREAD = "/bulletin/targets", "/bulletin/proofread"
READERS = ["office", "leader", "auditor", "agang", "agang-bank"]
PATHS = [f"{SHOW}?", f"{ANNEX}?", f"{LOANS}?"]
MEASURES = {"new": 4, "stock": 5, "overdue": 6}  # with the column of the loans' table that adds up


def october() -> Figures:
    return figures(db.session(), COUNTY, date(2023, 10, 31))


def sign_in_anew(app: Flask, role: Role, region: str) -> FlaskClient:
    """A new account, signed in."""
    made = add_user(
        db.session(), username="new", name="新", role=role, password="long-enough-9", region_code=region
    )
    db.session.commit()
    return enter(app.test_client(), made)


# Addresses that lead nowhere


def refused(client: FlaskClient, paths: Iterable[str]) -> None:
    for path in paths:
        assert client.get(path).status_code == 404, path


def test_a_month_that_is_none_does_not_exist(signed_in: SignIn) -> None:
    months = ["abc", "2023-13", "2023", "0000-01", "2023-10-31", "%00"]
    refused(signed_in("office"), (f"{path}figure=stock&month={m}" for path in PATHS for m in months))


def test_a_region_that_is_none_does_not_exist(signed_in: SignIn) -> None:
    office = signed_in("office")
    village = db.session.scalars(
        select(Loan.village_code).where(Loan.village_code.is_not(None)).limit(1)
    ).one()
    regions = ["999999", "abc", "5303241", "%00", "５３０３２４", "530325", "530324106 ", village]
    refused(office, (f"{path}figure=stock&region={r}" for path in [*PATHS, f"{TARGETS}?"] for r in regions))


def test_loans_of_no_figure_or_page_do_not_exist(signed_in: SignIn) -> None:
    queries = ["", "figure=none"] + [f"figure=stock&after={after}" for after in ("x", "-1", 10**30)]
    refused(signed_in("office"), (f"{LOANS}?{query}" for query in queries))


def test_targets_of_no_year_do_not_exist(signed_in: SignIn) -> None:
    years = ["abc", "0", "1999", "99999999999", "-1", "２０２３"]
    refused(signed_in("office"), (f"{TARGETS}?year={year}" for year in years))


def test_a_foreign_region_does_not_exist_for_a_township_collector(signed_in: SignIn) -> None:
    agang = signed_in("agang")
    refused(agang, (f"{path}figure=stock&region={BANQIAO}" for path in PATHS))
    for path in PATHS:
        assert agang.get(f"{path}figure=stock&region={AGANG}").status_code == 200


def test_a_month_without_a_ledger_shows_no_zeros(signed_in: SignIn) -> None:
    office = signed_in("office")
    for month in ("2023-08", "2024-01", "9999-12"):
        page = read(office, f"{SHOW}?month={month}&region={COUNTY}")
        assert not page.tables and f"{SHOW}?region={COUNTY}&month=2023-11" in page.hrefs
        assert office.get(f"{ANNEX}?month={month}").status_code == 404
        assert office.get(f"{LOANS}?figure=new&month={month}").status_code == 404


def test_before_the_first_ledger_the_page_says_how_to_begin(app: Flask) -> None:
    page = read(sign_in_anew(app, Role.OFFICE, COUNTY), SHOW)
    assert "还没有台账" in page.html and "/ledger/" in page.hrefs and not page.tables


def test_who_may_not_import_is_not_sent_to_the_import(app: Flask) -> None:
    page = read(sign_in_anew(app, Role.LEADER, COUNTY), SHOW)
    assert "还没有台账" in page.html and "/ledger/" not in page.hrefs


# The figures


def test_the_tables_are_the_figures_in_printed_order(signed_in: SignIn) -> None:
    page, told = read(signed_in("office"), f"{SHOW}?{OCTOBER}&region={COUNTY}"), october()
    rows = {row.name: row.to_json() for row in (told.total, *told.rows)}

    def printed(table: str, *names: str) -> None:
        for row in page.tables[table]:
            expected = ["—" if rows[row.name][n] is None else str(rows[row.name][n]) for n in names]
            assert [row.numbers[i] for i in range(len(names))] == expected, f"{table}: {row.name}"

    printed("stock-table", "stock_households", "stock_wan")
    printed("new-table", "new_households", "new_wan", "target_wan", "completion_pct")
    printed("overdue-table", "overdue_households", "overdue_loans", "overdue_wan", "overdue_rate_pct")
    for table, order in (
        ("stock-table", told.by_stock()),
        ("new-table", told.by_new()),
        ("overdue-table", told.by_overdue()),
    ):
        assert [row.name for row in page.tables[table]] == ["罗平县", *(row.name for row in order)]
        assert [row.total for row in page.tables[table]] == [True] + [False] * len(order)


def test_every_figure_opens_its_own_loans(signed_in: SignIn) -> None:
    office = signed_in("office")
    page = read(office, f"{SHOW}?{OCTOBER}&region={COUNTY}")
    codes = {
        r.short: r.code for r in db.session.scalars(select(Region).where(Region.code.startswith(COUNTY)))
    }
    links = 0
    for measure in MEASURES:
        for row in page.tables[f"{measure}-table"]:
            for cell in row.cells[1:]:
                for href in (h for h in cell.hrefs if h.startswith(LOANS)):
                    figure = arguments(href)["figure"]
                    assert figure == measure or RATES[figure][1] == measure, f"{figure}: {row.name}"
                    expected = {"figure": figure, "region": codes[row.name], "month": "2023-10"}
                    assert arguments(href) == expected, f"{measure}: {row.name}"
                    links += 1
    assert links == 14 * 3 + 14 * 3 + 9 * 4


def test_cleared_townships_stand_by_themselves(signed_in: SignIn) -> None:
    page = read(signed_in("office"), f"{SHOW}?{OCTOBER}&region={COUNTY}")
    cleared = page.html.partition('<p class="cleared">')[2].partition("</p>")[0]
    assert re.findall(r">(\w+乡|\w+镇)</a>", cleared) == [
        "板桥镇",
        "钟山乡",
        "鲁布革乡",
        "旧屋基乡",
        "长底乡",
    ]
    assert "板桥镇" not in {row.name for row in page.tables["overdue-table"]}


def test_without_a_target_there_is_a_dash_and_no_0(signed_in: SignIn) -> None:
    office = signed_in("office")
    db.session.execute(delete(Target).where(Target.region_code == AGANG))
    db.session.commit()
    rows = {row.name: row for row in read(office, f"{SHOW}?{OCTOBER}").tables["new-table"]}
    assert rows["阿岗镇"].numbers[2:] == ["—", "—"] and rows["罗平县"].numbers[2:] == ["—", "—"]
    assert rows["九龙街道"].numbers[2:] == ["600.00", "134"]


def test_months_can_be_switched_and_follow_each_other(signed_in: SignIn) -> None:
    page = read(signed_in("office"), f"{SHOW}?{OCTOBER}&region={COUNTY}")
    assert re.findall(r'<option value="([\d-]+)"( selected)?', page.html) == [
        ("2023-11", ""), ("2023-10", " selected"), ("2023-09", ""),
    ]  # fmt: skip
    assert [row.name for row in page.tables["trend-table"]] == ["2023年9月", "2023年10月"]
    assert page.tables["trend-table"][1].numbers == ["5390.04", "4551.98", "235.15", "4.36"]
    assert "上月 5.18%" in page.html


def test_the_text_is_the_published_wording(signed_in: SignIn) -> None:
    html = read(signed_in("office"), f"{SHOW}?{OCTOBER}&region={COUNTY}&lang=en").html
    text = re.search(r'id="bulletin-text" lang="zh-Hans">(.*?)</div>', html, re.DOTALL)
    assert text and unescape(text[1]) == CORRECTED == basic_situation_text(october())
    assert 'data-copy="#bulletin-text"' in html


# Figures that a published text prints wrongly


def test_the_one_misprint_is_marked_where_it_stands(signed_in: SignIn) -> None:
    page = read(signed_in("office"), f"{SHOW}?{OCTOBER}&region={COUNTY}")
    [marked] = [
        cell
        for rows in page.tables.values()
        for row in rows
        for cell in row.cells
        if "印发文本作" in cell.text
    ]
    [row] = [row for row in page.tables["overdue-table"] if marked in row.cells]
    assert row.name == "老厂乡" and marked.text == "0.84 印发文本作 0%" and marked.number == "0.84"
    assert marked.hrefs[1] == f"{PROOFREAD}?region={COUNTY}&month=2023-10"
    assert "印发的通报经核对有 1 处数据不符。" in page.html


def test_nothing_is_marked_where_the_text_is_right_or_none_is_kept(signed_in: SignIn) -> None:
    office = signed_in("office")
    assert "misprint" not in read(office, f"{SHOW}?month=2023-11").html
    db.session.scalars(select(PublishedText)).one().text = CORRECTED_PAGE
    db.session.commit()
    html = read(office, f"{SHOW}?{OCTOBER}").html
    assert "misprint" not in html and "数据不符" not in html


# What somebody sees who does not see all


@pytest.mark.parametrize(
    ("who", "name"), [("agang", "罗平县（阿岗镇）"), ("agang-bank", "罗平县（阿岗支行）")]
)
def test_a_part_of_a_county_is_not_called_the_county(signed_in: SignIn, who: str, name: str) -> None:
    client = signed_in(who)
    page = read(client, f"{SHOW}?{OCTOBER}&region={COUNTY}")
    assert [row.name for row in page.tables["stock-table"]] == [name, "阿岗镇"]
    assert "本页只统计您管辖范围内的贷款" in page.html
    assert "bulletin-text" not in page.ids and "misprint" not in page.html
    sheet = load_workbook(BytesIO(client.get(f"{ANNEX}?{OCTOBER}&region={COUNTY}").data)).worksheets[0]
    assert name in str(sheet["A2"].value)


def test_a_township_collector_begins_with_the_own_township(signed_in: SignIn) -> None:
    page = read(signed_in("agang"), SHOW)
    assert "<h1>阿岗镇 · 2023年11月</h1>" in page.html and set(page.tables) == {
        "trend-table",
        "changes-table",
    }
    assert "985.92" in read(signed_in("agang"), f"{SHOW}?{OCTOBER}").html


def test_a_prefecture_lists_counties_that_lead_to_their_bulletins(demo_app: Flask) -> None:
    leader = sign_in_anew(demo_app, Role.LEADER, "5303")
    page = read(leader, f"{SHOW}?{OCTOBER}")
    total, county = page.tables["stock-table"]
    assert total.name == "曲靖市" and total.numbers[:2] == county.numbers[:2] == ["1048", "5390.04"]
    assert county.cells[0].hrefs == [f"{SHOW}?region={COUNTY}&month=2023-10"]
    below = read(leader, county.cells[0].hrefs[0])
    assert f"{SHOW}?region=5303&month=2023-10" in below.hrefs, "no way back up"


# The loans behind a figure


def loans_of(client: FlaskClient, path: str) -> tuple[Page, list[list[str]]]:
    """The first page, and the cells of all loans of all pages."""
    first = page = read(client, path)
    rows = page.tables.get("loans", [])
    found = [row.numbers for row in rows if not row.total]
    while following := re.search(r'rel="next" href="([^"]+)"', page.html):
        page = read(client, unescape(following[1]))
        found += [row.numbers for row in page.tables["loans"] if not row.total]
    return first, found


@pytest.mark.slow
@pytest.mark.parametrize("measure", MEASURES)
def test_the_loans_add_up_to_the_figure_in_every_township(signed_in: SignIn, measure: str) -> None:
    office, told = signed_in("office"), october()
    for figure in told.rows:
        first, loans = loans_of(office, f"{LOANS}?figure={measure}&{OCTOBER}&region={figure.code}")
        expected = getattr(figure, f"{measure}_fen")
        assert sum(round(float(cells[MEASURES[measure]]) * 100) for cells in loans) == expected, figure.name
        if not expected:
            assert "loans" not in first.tables
            continue
        [total] = [row for row in first.tables["loans"] if row.total]
        assert f"{expected / 100:.2f}" in total.numbers and total.name == f"合计 {len(loans)} 笔"
        households = getattr(figure, f"{measure}_households")
        assert f'<span class="figure-value">{households}</span>' in first.html, figure.name


def test_the_county_adds_up_too(signed_in: SignIn) -> None:
    first, loans = loans_of(signed_in("office"), f"{LOANS}?figure=overdue&{OCTOBER}&region={COUNTY}")
    assert len(loans) == october().total.overdue_loans and "235.15" in first.html


def test_a_loan_that_the_newest_ledger_does_not_list_is_marked(signed_in: SignIn) -> None:
    office = signed_in("office")
    loan = db.session.scalars(select(Loan).where(Loan.missing_since.is_not(None)).limit(1)).one()
    path = f"{LOANS}?figure=stock&region={loan.township_code}&month="
    [row] = [cells for cells in all_rows(office, path + "2023-11") if loan.contract_no in cells[0]]
    assert row[-1] == f"{loan.as_of} 沿用前期"
    assert not any("沿用前期" in cells[-1] for cells in all_rows(office, path + "2023-10"))


def all_rows(client: FlaskClient, path: str) -> list[list[str]]:
    page = read(client, path)
    rows = [[cell.text for cell in row.cells] for row in page.tables["loans"] if not row.total]
    following = re.search(r'rel="next" href="([^"]+)"', page.html)
    return rows + (all_rows(client, unescape(following[1])) if following else [])


def test_names_are_whole_only_for_who_collects(signed_in: SignIn) -> None:
    path = f"{LOANS}?figure=overdue&{OCTOBER}&region={AGANG}"
    assert all(re.match(r".●+ ", cells[0]) for cells in all_rows(signed_in("office"), path))
    assert not any("●" in cells[0] for cells in all_rows(signed_in("agang"), path))


@pytest.mark.parametrize("who", READERS)
def test_every_page_renders_for_every_reader_without_personal_data(signed_in: SignIn, who: str) -> None:
    client = signed_in(who)
    numbers = {n for row in db.session.execute(select(Borrower.id_number, Borrower.phone)) for n in row if n}
    paths = ["/overview?", f"{SHOW}?", f"{SHOW}?{OCTOBER}", f"{PROOFREAD}?{OCTOBER}&region={COUNTY}"]
    paths += [f"{LOANS}?figure={measure}&{OCTOBER}" for measure in MEASURES]
    paths += [f"{TARGETS}?"] if who == "office" else []
    for path in paths:
        for lang, code in (("zh_Hans", "zh-Hans"), ("en", "en")):
            html = read(client, f"{path}&lang={lang}").html
            assert f'<html lang="{code}">' in html
            assert not numbers & set(re.findall(r"\d{17}[\dX]|\d{11}", html)), path
            assert "%(" not in html and "None" not in html, path
