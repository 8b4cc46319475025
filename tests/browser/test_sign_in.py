"""A session that ends while somebody writes, and the second factor with a telephone's browser."""

import pyotp
from playwright.sync_api import Page, expect
from sqlalchemy import select, update

from app.accounts.models import SignedIn, User
from app.db import db
from app.today import now
from tests.browser.checks import PASSWORD, Watch, sideways, sign_in
from tests.browser.conftest import PHONE, OpenBrowser, within
from tests.browser.server import Site
from tests.browser.states import case_number
from tests.browser.test_contacts import HALF, drafts, save, written


def test_a_note_is_not_lost_when_the_session_ends_under_it(site: Site, open_browser: OpenBrowser) -> None:
    number = int(within(site.settings, lambda _app: case_number()))
    phone = open_browser(site, PHONE, has_touch=True).new_page()
    sign_in(phone, "agang")
    phone.goto(f"/cases/{number}")
    phone.wait_for_load_state("networkidle")
    phone.fill("#text", HALF)
    phone.locator(".chip:has(input[value=refuses])").click()
    drafts(phone, 1)
    within(site.settings, lambda _app: db.session.execute(update(SignedIn).values(ended_at=now())))
    before = written(site, number)
    save(phone)
    expect(phone.get_by_text("已被结束")).to_be_visible()
    assert written(site, number) == before
    phone.fill("#username", "agang")
    phone.fill("#password", PASSWORD)
    phone.click("main button[type=submit]")
    phone.wait_for_url(f"**/cases/{number}*")
    expect(phone.locator("#text")).to_have_value(HALF)
    save(phone)
    drafts(phone, 0)
    assert len(written(site, number)) == len(before) + 1


def secret_of(site: Site, username: str) -> str:
    query = select(User.totp_secret).where(User.username == username)
    return str(within(site.settings, lambda _app: db.session.scalars(query).one()))


def test_setting_up_and_using_a_second_factor(site: Site, open_browser: OpenBrowser) -> None:
    page: Page = open_browser(site, PHONE).new_page()
    watch = Watch(page.context, site.address)
    sign_in(page, "agang")
    page.goto("/me")
    page.click("a[href='/me/second-factor']")
    page.click("main form button[type=submit]")
    expect(page.locator(".qr svg")).to_be_visible()
    secret = secret_of(site, "agang")
    page.fill("#code", pyotp.TOTP(secret).now())
    page.click("form[action='/me/second-factor'] button[type=submit]")
    codes = page.locator("#recovery-codes li").all_inner_texts()
    assert len(codes) == 10 and sideways(page) == [] and watch.since_last() == []
    page.context.clear_cookies()
    page.goto("/login")
    page.fill("#username", "agang")
    page.fill("#password", PASSWORD)
    page.click("main button[type=submit]")
    page.wait_for_url("**/login/code*")
    page.fill("#code", codes[0].upper())
    page.click("main button[type=submit]")
    page.wait_for_url(lambda url: "/login" not in url)
    expect(page.locator(".side .menu")).to_be_visible()
