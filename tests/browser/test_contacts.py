"""A call and its note with a thumb; a draft that outlives its page and nothing else."""

import pytest
from playwright.sync_api import Page, expect

from app.cases.models import Case
from app.contacts.models import Contact
from app.contacts.rules import Disposition
from app.db import db
from tests.browser.checks import Watch, sideways, sign_in
from tests.browser.conftest import PHONE, OpenBrowser, within
from tests.browser.server import Site
from tests.browser.states import case_number

HALF = "写到一半，信号断了"
STORED = "Object.keys(localStorage).filter((name) => name.startsWith('qingshou-draft:')).length"


@pytest.fixture
def number(site: Site) -> int:
    return int(within(site.settings, lambda _app: case_number()))


@pytest.fixture
def phone(site: Site, open_browser: OpenBrowser) -> Page:
    page = open_browser(site, PHONE, has_touch=True).new_page()
    sign_in(page, "agang")
    return page


def drafts(page: Page, number: int) -> None:
    """Wait until the browser holds so many; the pages' policy forbids Playwright to wait within them."""
    for _ in range(100):
        if page.evaluate(STORED) == number:
            return
        page.wait_for_timeout(50)
    raise AssertionError(f"{page.evaluate(STORED)} drafts, not {number}")


def save(page: Page) -> None:
    with page.expect_navigation():
        page.locator(".note-form .form-actions button").click()


def written(site: Site, number: int) -> list[tuple[str, Disposition]]:
    def look(_app: object) -> list[tuple[str, Disposition]]:
        found = db.session.query(Contact).filter(Contact.case_id == number).order_by(Contact.id)
        return [(one.text, one.disposition) for one in found]

    return list(within(site.settings, look))


def test_a_draft_survives_a_lost_page_and_goes_when_it_is_saved(site: Site, phone: Page, number: int) -> None:
    watch = Watch(phone.context, site.address)
    phone.goto(f"/cases/{number}")
    phone.wait_for_load_state("networkidle")
    phone.fill("#text", HALF)
    phone.locator(".chip:has(input[value=refuses])").click()
    drafts(phone, 1)
    phone.goto("about:blank")
    phone.goto(f"/cases/{number}")
    expect(phone.locator("[data-draft-note]")).to_be_visible()
    expect(phone.locator("#text")).to_have_value(HALF)
    expect(phone.locator("input[value=refuses]")).to_be_checked()
    before = len(written(site, number))
    save(phone)
    drafts(phone, 0)
    expect(phone.locator("#text")).to_have_value("")
    assert written(site, number)[before:] == [(HALF, Disposition.REFUSES)]
    assert sideways(phone) == [] and watch.since_last() == []


def test_a_draft_is_dropped_on_demand_and_goes_with_the_user(phone: Page, number: int) -> None:
    for ending in ("drop", "sign out"):
        phone.goto(f"/cases/{number}")
        phone.wait_for_load_state("networkidle")
        phone.fill("#text", HALF)
        drafts(phone, 1)
        phone.reload()
        if ending == "drop":
            phone.locator("[data-draft-drop]").click()
            drafts(phone, 0)
            expect(phone.locator("#text")).to_have_value("")
        else:
            phone.locator("header details.menu summary").click()
            phone.locator("form[action='/logout'] button").click()
            phone.wait_for_url("**/login")
            drafts(phone, 0)


def test_what_the_server_sends_back_goes_before_the_draft(phone: Page, number: int) -> None:
    phone.goto(f"/cases/{number}")
    phone.wait_for_load_state("networkidle")
    phone.fill("#text", HALF)
    phone.locator(".chip:has(input[name=next_when][value=day])").click()
    save(phone)
    expect(phone.get_by_role("alert")).to_be_visible()
    expect(phone.locator("#text")).to_have_value(HALF)
    expect(phone.locator("[data-draft-note]")).to_be_hidden()


@pytest.mark.parametrize("with_javascript", [True, False], ids=["javascript", "no-javascript"])
def test_a_call_and_its_note(
    site: Site, open_browser: OpenBrowser, number: int, with_javascript: bool
) -> None:
    """By day; at night the same page says why not and when."""
    context = open_browser(site, PHONE, java_script_enabled=with_javascript, has_touch=True)
    page = context.new_page()
    sign_in(page, "agang")
    full = within(site.settings, lambda _app: db.session.get_one(Case, number).loan.borrower.phone)
    page.goto(f"/cases/{number}")
    assert full not in page.content()
    with page.expect_navigation():
        page.locator(".dials button").first.click()
    if "/calls/" not in page.url:
        expect(page.locator(".notice.tone-warn").first).to_contain_text("只能在 08:00 至 22:00")
        return
    expect(page.locator(".dial")).to_have_attribute("href", f"tel:{full}")
    box = page.locator(".dial").bounding_box()
    assert box is not None and box["height"] >= 60 and sideways(page) == []
    page.locator(".chip:has(input[value=promise])").click()
    with page.expect_navigation():
        page.locator(".note-form .form-actions button").click()
    expect(page.locator(".contact-entry").first).to_contain_text("承诺还款")
    expect(page.locator(".contact-entry").first).to_contain_text("下一步")
