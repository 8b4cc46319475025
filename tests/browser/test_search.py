"""The search box at a desk: typing, arrows, Enter, Escape; and without JavaScript."""

from playwright.sync_api import expect
from sqlalchemy import select

from app.cases.models import Case
from app.db import db
from tests.browser.checks import Watch, sign_in
from tests.browser.conftest import DESK, PHONE, OpenBrowser, within
from tests.browser.server import Site
from tests.desk.quiet import hush


def prepare(site: Site) -> tuple[str, str]:
    """The contract number and the name of one of agang's borrowers."""

    def make(_app: object) -> tuple[str, str]:
        loan = db.session.scalars(select(Case).where(Case.id == hush("agang")[0])).one().loan
        return loan.contract_no, loan.borrower.name

    found: tuple[str, str] = within(site.settings, make)
    return found


def test_typing_offers_cases_and_the_keyboard_opens_one(open_browser: OpenBrowser, site: Site) -> None:
    contract, name = prepare(site)
    context = open_browser(site, DESK)
    watch, page = Watch(context, site.address), context.new_page()
    sign_in(page, "agang")
    box, found = page.locator("#search-box"), page.locator("#search-suggestions a")
    box.press_sequentially(contract)
    expect(found.first).to_contain_text(name)
    box.press("ArrowDown")
    expect(found.first).to_be_focused()
    page.keyboard.press("Escape")
    expect(found).to_have_count(0)
    expect(box).to_be_focused()
    box.fill("")
    box.press_sequentially(contract)
    expect(found.first).to_be_visible()
    box.press("ArrowDown")
    page.keyboard.press("Enter")
    page.wait_for_url("**/cases/*")
    assert contract not in page.url
    expect(page.locator("h1")).to_contain_text(name)
    assert not watch.since_last()


def test_without_javascript_the_box_is_a_form(open_browser: OpenBrowser, site: Site) -> None:
    contract, name = prepare(site)
    page = open_browser(site, PHONE, java_script_enabled=False).new_page()
    sign_in(page, "agang")
    page.locator("#search-box").fill(contract)
    page.locator("#search-box").press("Enter")
    page.wait_for_url("**/search")  # what was typed stands in no address
    expect(page.locator("#search-box")).to_have_value(contract)
    page.get_by_role("link", name=name).first.click()
    page.wait_for_url("**/cases/*")
    expect(page.locator("h1")).to_contain_text(name)
    page.locator("#search-box").fill("nobody-at-all-1")
    page.locator(".search button[type=submit]").click()
    page.wait_for_url("**/search")
    expect(page.locator("main a[href^='/cases/']")).to_have_count(0)
