"""A county officer's month: the bulletin, the loans behind a figure, the next ledger, the cases that follow from it."""

import csv
import re
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest
from playwright.sync_api import Locator, Page, expect

from app.config import ROOT
from app.demo.county import county
from app.demo.life import Row
from app.demo.workbook import write_ledger
from tests.browser.checks import Watch, barriers, sign_in
from tests.browser.conftest import OpenBrowser
from tests.browser.server import Site
from tests.ledger.factory import code

PUBLISHED = ROOT / "tests/data/luoping-2023-10.csv"
TOTAL, PRINTED_AS = "全县", "罗平县"
TABLES = {
    "stock-table": ("stock_households", "stock_wan"),
    "new-table": ("new_households", "new_wan"),
    "overdue-table": ("overdue_households", "", "overdue_wan"),
}
RATE_COLUMN, COMPLETION_COLUMN = 4, 4
OCTOBER = "2023-10"
DECEMBER = date(2023, 12, 3)
WORK_MS = 40_000


def published() -> dict[str, dict[str, str]]:
    with PUBLISHED.open(encoding="utf-8", newline="") as file:
        lines = list(csv.DictReader(file))
    return {PRINTED_AS if line["township"] == TOTAL else line["township"]: line for line in lines}


def cells(page: Page, table: str) -> dict[str, list[str]]:
    """A table's rows by their heads: each cell's own figure, without what a published text prints instead."""
    rows = page.locator(f"#{table} tbody tr").evaluate_all(
        "(rows) => rows.map((row) => [...row.cells].map((cell) => cell.dataset.value ?? cell.innerText.trim()))"
    )
    return {row[0]: row for row in rows}


def the_published_figures_are_on_the_page(page: Page) -> None:
    told = published()
    assert len(told) == 14
    for table, columns in TABLES.items():
        shown = cells(page, table)
        for name, line in told.items():
            if table == "overdue-table" and line["overdue_households"] == "0":
                assert name not in shown
                continue
            for position, column in enumerate(columns, start=1):
                assert not column or shown[name][position] == line[column], f"{name}: {column}"
    rates, completions = cells(page, "overdue-table"), cells(page, "new-table")
    for name, line in told.items():
        assert completions[name][COMPLETION_COLUMN] == line["target_completion_pct_printed"]
        if line["overdue_households"] != "0" and name != "老厂乡":
            assert rates[name][RATE_COLUMN] == line["overdue_rate_pct_printed"]


def row_of(page: Page, table: str, name: str) -> Locator:
    return page.locator(f"#{table} tbody tr").filter(has=page.locator("th", has_text=name))


def the_misprint_is_marked(page: Page) -> None:
    cell = row_of(page, "overdue-table", "老厂乡").locator("td").nth(RATE_COLUMN - 1)
    expect(cell).to_have_text(re.compile(r"0\.84\s*印发文本作 0%"))
    expect(page.locator(".misprint")).to_have_count(1)


def a_figure_opens_its_loans(page: Page) -> None:
    """The loans' own amounts, read off all their pages, come to the figure."""
    amount = row_of(page, "overdue-table", "阿岗镇").get_by_role("link", name="118.25")
    amount.click()
    expect(page.locator(".figure-value").first).to_contain_text("118.25")
    total = 0
    while True:
        counted = page.locator("#loans tbody tr:not([data-total]) td.is-counted").all_inner_texts()
        total += sum(round(float(text.replace(",", "")) * 100) for text in counted)
        following = page.locator("a[rel=next]")
        if not following.count():
            break
        following.click()
    assert total == 118_25 * 10_000


def december(path: Path) -> tuple[Path, Row, Row]:
    """November's ledger three days on: one loan newly overdue, one paid off, one row that cannot be read."""
    november = county().ledgers[-1]
    late = next(row for row in november.rows if row.balance and not row.overdue and row.due_on > DECEMBER)
    paid = next(row for row in november.rows if row.overdue and row.branch == "富乐支行")
    due = date(2023, 12, 1)
    changed = {
        late.contract_no: replace(late, due_on=due, overdue=late.balance, overdue_since=date(2023, 12, 2)),
        paid.contract_no: replace(paid, balance=0, overdue=0, overdue_since=None, interest_owed=None),
    }
    rows = [changed.get(row.contract_no, row) for row in november.rows]
    rows.append(replace(late, number=len(rows) + 1, contract_no=""))
    write_ledger(replace(november, as_of=DECEMBER, filename=path.name, rows=tuple(rows)), path)
    return path, late, paid


def the_next_ledger_is_taken(page: Page, site: Site, path: Path, look_closely: bool) -> None:
    page.goto("/ledger/")
    page.set_input_files("input[type=file]", path)
    page.locator("form[enctype] button[type=submit]").click()
    expect(page.locator("progress")).to_have_attribute("value", "0")
    expect(page.locator(".notice")).to_contain_text("flask worker")
    wrong = barriers(page) if look_closely else []
    assert not wrong
    page.reload()
    expect(page.locator("progress")).to_be_visible()
    site.start_worker()

    expect(page.locator("#as_of")).to_have_value("2023-12-03", timeout=WORK_MS)
    expect(page.locator("main")).to_contain_text("合同号")
    accept = page.locator("form[action$='/accept'] button[type=submit]")
    accept.click()
    expect(page.get_by_role("alert")).to_contain_text("有1行不予导入")
    page.check("input[name=accept_valid]")
    accept.click()
    expect(page.locator("main")).to_contain_text("余额、案件和统计数据已同步更新", timeout=WORK_MS)
    with page.expect_download() as download:
        page.locator("a[href$='refused.xlsx']").click()
    assert download.value.suggested_filename.endswith("-退回.xlsx")


def cases_have_followed(page: Page, late: Row, paid: Row, township: str) -> None:
    page.get_by_role("link", name="查看案件").click()
    page.goto(f"/cases/?township={township}")
    opened = page.locator("#cases tbody tr", has_text=late.contract_no)
    expect(opened).to_have_count(1)
    expect(opened).to_contain_text("2023-12-01")
    expect(page.locator("#cases tbody tr", has_text=paid.contract_no)).to_have_count(0)
    opened.locator("th a").click()
    expect(page.locator(".timeline")).to_contain_text("立案")
    page.goto("/cases/?state=closed")
    expect(page.locator("#cases tbody tr", has_text=paid.contract_no).first).to_contain_text("2023-12-0")


@pytest.mark.parametrize("with_javascript", [True, False], ids=["javascript", "no-javascript"])
def test_from_the_bulletin_to_the_next_months_cases(
    site: Site, open_browser: OpenBrowser, tmp_path: Path, with_javascript: bool
) -> None:
    context = open_browser(site, java_script_enabled=with_javascript)
    watch, page = Watch(context, site.address), context.new_page()
    path, late, paid = december(tmp_path / "十二月初台账.xlsx")

    page.goto("/bulletin/")
    expect(page).to_have_url(re.compile("/login"))
    sign_in(page, "office")
    page.goto("/bulletin/")
    page.select_option("#month", OCTOBER)
    if not with_javascript:
        page.get_by_role("button", name="查看").click()
    expect(page.locator("h1")).to_contain_text("2023年10月")
    the_published_figures_are_on_the_page(page)
    the_misprint_is_marked(page)
    a_figure_opens_its_loans(page)
    the_next_ledger_is_taken(page, site, path, look_closely=with_javascript)
    cases_have_followed(page, late, paid, township=code(late.township))
    page.goto("/bulletin/")
    expect(page.locator("h1")).to_contain_text("2023年12月")
    assert watch.since_last() == []
