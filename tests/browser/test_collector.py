"""The day of a collector on a phone: the queue, a call, a note, the next case; and what goes wrong on the road."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect
from sqlalchemy import func, select

from app.cases.models import Case
from app.contacts.models import Contact
from app.db import db
from app.loans.models import Loan
from tests.browser.checks import Watch, sideways, sign_in
from tests.browser.conftest import PHONE, OpenBrowser, demonstration, within
from tests.browser.server import Site
from tests.conftest import Instances
from tests.desk.quiet import TODAY, YESTERDAY, hush, speak
from tests.ledger.factory import AGANG

MINE = "阿岗镇"
TEXT = "电话已接通，本人在昆明务工。\n约定 12 月 15 日前还款。"
THUMB_PX = 44
MORNING = f"{TODAY}T10:00:00+08:00"


@pytest.fixture
def morning(chromium: Browser, instances: Instances) -> Iterator[tuple[Site, list[int]]]:
    """Ten in the morning, and three cases to be done on either line: a broken promise, one due, a next action."""
    settings = demonstration(instances)

    def prepare(_app: object) -> list[int]:
        ids = hush("agang")[:3]
        speak(ids[0], promise_broken_on=YESTERDAY)
        speak(ids[1], promise_due_on=TODAY)
        speak(ids[2], township_action_on=TODAY, branch_action_on=TODAY)
        return ids

    ids = within(settings, prepare)
    served = Site(settings, QINGSHOU_NOW=MORNING)
    yield served, ids
    served.stop()
    instances.drop(settings)


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


def notes(site: Site, text: str) -> list[str]:
    """Who wrote this text, once for each time it was saved."""

    def written(_app: object) -> list[str]:
        return [n.author.username for n in db.session.scalars(select(Contact).where(Contact.text == text))]

    return within(site.settings, written)


def under_the_thumb(page: Page, selector: str) -> None:
    """In sight without scrolling, and large enough."""
    box = page.locator(selector).bounding_box()
    assert box is not None and page.viewport_size is not None
    assert box["height"] >= THUMB_PX and box["y"] + box["height"] <= page.viewport_size["height"]


def save_note(page: Page, text: str) -> None:
    page.fill("#text", text)
    page.locator("#note .form-actions button").click()


@pytest.mark.parametrize("with_javascript", [True, False], ids=["javascript", "no-javascript"])
@pytest.mark.parametrize("who", ["agang", "agang-bank"])
def test_a_collector_works_through_the_morning(
    morning: tuple[Site, list[int]], open_browser: OpenBrowser, who: str, with_javascript: bool
) -> None:
    site, ids = morning
    context = open_browser(site, PHONE, java_script_enabled=with_javascript, has_touch=True)
    watch, page = Watch(context, site.address), context.new_page()
    sign_in(page, who)
    expect(page.locator("h1")).to_have_text("今日待办")
    assert page.url.endswith("/queue") and sideways(page) == []
    links = page.locator(".entry a").evaluate_all("links => links.map(a => a.getAttribute('href'))")
    assert links == [f"/cases/{number}?via=queue" for number in ids]
    expect(page.locator(".entry").first).to_contain_text("承诺未兑现")

    # The first: called, nobody answers.
    page.get_by_role("link", name="从第一件开始").click()
    expect(page.locator(".case-top")).to_contain_text("承诺未兑现")
    under_the_thumb(page, ".reach button")
    page.locator(".reach button").click()
    expect(page.locator("a[href^='tel:']")).to_be_visible()
    page.get_by_role("button", name="电话未接").click()

    # Saved, and the next case is open: a note.
    page.wait_for_url(f"**/cases/{ids[1]}?via=queue")
    assert sideways(page) == []
    page.locator(".reach a[href='#text']").click()
    expect(page.locator("#text")).to_be_in_viewport()
    save_note(page, TEXT)

    # The last one is put off, comes round again, and is done.
    page.wait_for_url(f"**/cases/{ids[2]}?via=queue")
    page.get_by_role("link", name="下一件").click()
    page.goto("/queue")
    expect(page.locator(".entry")).to_have_count(1)
    page.locator(".entry a").click()
    save_note(page, "已入户，家中无人。")
    page.wait_for_url("**/queue")
    expect(page.locator(".notices")).to_contain_text("今日待办已全部办完")
    expect(page.locator(".figures")).to_contain_text("3")
    page.locator(".tabs a").last.click()
    expect(page.locator(".entry")).to_have_count(3)
    assert sideways(page) == [] and watch.since_last() == [] and site.log() == ""
    assert notes(site, TEXT) == [who]


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
    under_the_thumb(page, ".reach a[href='#text']")
    save_note(page, " ")
    expect(page.get_by_role("alert")).to_be_visible()
    save_note(page, TEXT)
    expect(page.locator(".timeline li").first).to_contain_text("约定 12 月 15 日前还款。")
    expect(page.get_by_role("alert")).to_have_count(0)
    assert sideways(page) == [] and watch.since_last() == []
    assert notes(site, TEXT) == ["agang"]


# What goes wrong on the road


def test_the_same_note_sent_five_times_is_saved_once(
    morning: tuple[Site, list[int]], open_browser: OpenBrowser
) -> None:
    site, ids = morning
    page = open_browser(site, PHONE).new_page()
    sign_in(page, "agang")
    page.goto(f"/cases/{ids[0]}")
    page.fill("#text", TEXT)
    answers = page.evaluate(
        """async () => {
          const form = document.querySelector("#note");
          const send = () => fetch(form.action, {method: "POST", body: new FormData(form)});
          return (await Promise.all([1, 2, 3, 4, 5].map(send))).map((answer) => answer.status);
        }"""
    )
    assert answers == [200] * 5 and notes(site, TEXT) == ["agang"] and site.log() == ""


def test_a_draft_survives_a_tunnel(morning: tuple[Site, list[int]], open_browser: OpenBrowser) -> None:
    site, ids = morning
    context = open_browser(site, PHONE)
    page = context.new_page()
    sign_in(page, "agang")
    page.goto(f"/cases/{ids[0]}")
    page.fill("#text", TEXT)
    page.wait_for_timeout(500)  # until what was typed is put by
    context.set_offline(True)
    page.locator("#note .form-actions button").click()
    page.wait_for_timeout(300)
    context.set_offline(False)
    page.goto(f"/cases/{ids[0]}")
    expect(page.locator("#text")).to_have_value(TEXT)
    page.locator("#note .form-actions button").click()
    expect(page.locator(".timeline")).to_contain_text("约定 12 月 15 日前还款。")
    assert notes(site, TEXT) == ["agang"]
    page.goto(f"/cases/{ids[0]}")
    expect(page.locator("#text")).to_have_value("")


def test_both_lines_at_one_case_see_each_other_and_save_both(
    morning: tuple[Site, list[int]], open_browser: OpenBrowser
) -> None:
    site, ids = morning
    one, two = open_browser(site, PHONE).new_page(), open_browser(site, PHONE).new_page()
    sign_in(one, "agang")
    sign_in(two, "agang-bank")
    with one.expect_response(f"**/cases/{ids[0]}/here"):
        one.goto(f"/cases/{ids[0]}")
    two.goto(f"/cases/{ids[0]}")
    expect(two.locator("[data-presence]")).to_contain_text("罗建永（乡镇清收员）正在查看本案件")
    assert sideways(two) == []
    save_note(one, "乡镇：已入户。")
    save_note(two, "支行：已电话联系。")
    expect(two.locator("#history")).to_contain_text("乡镇：已入户。")
    expect(two.locator("#history")).to_contain_text("支行：已电话联系。")

    def count(_app: object) -> int:
        return (
            db.session.scalar(select(func.count()).where(Contact.case_id == ids[0], Contact.on == TODAY)) or 0
        )

    assert within(site.settings, count) == 2


# Keys


def test_keys_lead_through_lists_and_can_be_turned_off(
    morning: tuple[Site, list[int]], open_browser: OpenBrowser
) -> None:
    site, ids = morning
    page = open_browser(site).new_page()
    sign_in(page, "agang")
    page.keyboard.press("j")
    expect(page.locator(".entry a").nth(0)).to_be_focused()
    page.keyboard.press("j")
    page.keyboard.press("j")
    page.keyboard.press("k")
    expect(page.locator(".entry a").nth(1)).to_be_focused()
    page.keyboard.press("Enter")
    page.wait_for_url(f"**/cases/{ids[1]}?via=queue")
    page.locator("#text").press("n")
    expect(page.locator("#text")).to_have_value("n")  # what is typed is typed
    page.fill("#text", "")
    page.locator("#text").blur()
    page.keyboard.press("n")
    page.wait_for_url(f"**/cases/{ids[2]}?via=queue")
    page.keyboard.press("?")
    dialog = page.locator("#keys")
    expect(dialog).to_be_visible()
    dialog.get_by_role("checkbox").uncheck()
    page.keyboard.press("Escape")
    expect(dialog).to_be_hidden()
    page.goto("/queue")
    page.keyboard.press("j")
    page.keyboard.press("?")
    expect(dialog).to_be_hidden()
    expect(page.locator(".entry a").nth(0)).not_to_be_focused()
    page.locator("details.menu summary").first.click()
    page.get_by_role("button", name="快捷键").click()
    expect(dialog).to_be_visible()  # the way back needs no single key
