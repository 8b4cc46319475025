"""A township collector's day on a phone: the list, a case, a note; nothing of another township."""

import pytest
from playwright.sync_api import expect
from sqlalchemy import select

from app.cases.models import Case, Note
from app.db import db
from app.loans.models import Loan
from tests.browser.checks import Watch, sideways, sign_in
from tests.browser.conftest import PHONE, OpenBrowser, within
from tests.browser.server import Site
from tests.ledger.factory import AGANG

MINE = "阿岗镇"
TEXT = "电话已接通，本人在昆明务工。\n约定 12 月 15 日前还款。"
THUMB_PX = 44


def foreign(site: Site) -> tuple[int, str]:
    """A case elsewhere, and its loan's contract."""

    def look(_app: object) -> tuple[int, str]:
        found = (
            select(Case.id, Loan.contract_no)
            .join(Loan)
            .where(Case.township_code != AGANG, Case.closed_on.is_(None))
        )
        number, contract = db.session.execute(found.limit(1)).one()
        return number, contract

    return within(site.settings, look)


@pytest.mark.parametrize("with_javascript", [True, False], ids=["javascript", "no-javascript"])
def test_a_collector_finds_a_case_and_writes_down_what_was_said(
    site: Site, open_browser: OpenBrowser, with_javascript: bool
) -> None:
    context = open_browser(site, PHONE, java_script_enabled=with_javascript, has_touch=True)
    watch, page = Watch(context, site.address), context.new_page()
    elsewhere, contract = foreign(site)
    sign_in(page, "agang")

    page.locator(".dock a[href='/cases/']").click()
    rows = page.locator("#cases tbody tr")
    assert rows.count() > 20
    places = set(rows.locator("td:nth-of-type(1)").all_inner_texts())
    assert places and all(place.startswith(MINE) for place in places)
    assert contract not in page.content()
    assert page.goto(f"/cases/{elsewhere}").status == 404  # type: ignore[union-attr]
    assert page.goto(f"/cases/?township={AGANG[:6]}102").status in (200, 404)  # type: ignore[union-attr]
    assert page.locator("#cases tbody tr").count() == 0

    page.goto("/cases/")
    rows.locator("th a").first.click()
    expect(page.locator("h1")).not_to_have_text("案件")
    assert sideways(page) == []
    button = page.locator(".reach a[href='#text']")
    box = button.bounding_box()
    assert (
        box is not None
        and box["height"] >= THUMB_PX
        and box["y"] + box["height"] <= page.viewport_size["height"]
    )  # type: ignore[index]
    button.click()
    expect(page.locator("#text")).to_be_in_viewport()

    page.locator("form:has(#text) button[type=submit]").click()
    expect(page.get_by_role("alert")).to_be_visible()
    page.fill("#text", TEXT)
    page.locator("form:has(#text) button[type=submit]").click()
    expect(page.locator(".timeline li").first).to_contain_text("约定 12 月 15 日前还款。")
    expect(page.get_by_role("alert")).to_have_count(0)
    assert sideways(page) == [] and watch.since_last() == []

    def written(_app: object) -> list[str]:
        return [note.author.username for note in db.session.scalars(select(Note).where(Note.text == TEXT))]

    assert within(site.settings, written) == ["agang"]
