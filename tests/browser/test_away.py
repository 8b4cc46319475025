"""A list is filtered while the server cannot answer: the page says what the server says, until it answers again."""

from playwright.sync_api import Route, expect

from tests.browser.checks import sign_in
from tests.browser.conftest import DESK, OpenBrowser
from tests.browser.server import Site


def test_a_part_that_cannot_be_fetched_is_told(open_browser: OpenBrowser, site: Site) -> None:
    context = open_browser(site, DESK)
    page = context.new_page()
    sign_in(page, "office")
    page.goto("/cases/?lang=en")
    rows, notice, filtered = (
        page.locator("#results tbody tr"),
        page.locator("#away"),
        page.locator("form[role=search] select").first,
    )
    before = rows.count()
    assert before

    def elsewhere(route: Route) -> None:
        route.continue_(url=f"{site.address}/no-such-page")  # the server's own error page

    page.route("**/cases/?*", elsewhere)
    filtered.select_option(index=1)
    expect(notice).to_contain_text("Nothing is here")
    expect(notice).to_have_count(1)
    expect(page.locator("#announcer")).to_contain_text("There is no such page")
    assert rows.count() == before, "what is there stays"
    page.unroute("**/cases/?*", elsewhere)
    filtered.select_option(index=0)
    expect(notice).to_have_count(0)
