"""The day of a task-force leader and of the office at a desk: what was neglected, who has how much, two at once."""

from playwright.sync_api import Page, expect
from sqlalchemy import update

from app.cases.models import Case
from app.cases.states import State
from app.db import db
from tests.browser.checks import Watch, sideways, sign_in
from tests.browser.conftest import DESK, OpenBrowser, within
from tests.browser.server import Site
from tests.desk.quiet import TODAY, YESTERDAY, hush, speak


def prepare(site: Site) -> list[int]:
    def make(_app: object) -> list[int]:
        everybody = {"township_contact_on": YESTERDAY, "branch_contact_on": YESTERDAY}
        db.session.execute(update(Case).values(**everybody))
        ids = hush("agang")
        speak(ids[0], township_contact_on=TODAY.replace(month=10))
        speak(ids[1], promise_due_on=TODAY)
        return ids

    ids: list[int] = within(site.settings, make)
    return ids


def state_of(site: Site, number: int) -> State:
    found: State = within(site.settings, lambda _app: db.session.get_one(Case, number).state)
    return found


def record(page: Page, move: str, reason: str) -> None:
    page.locator("details.more-moves summary").click()
    page.locator(f"#move-move input[value='{move}']").check()
    page.fill("#move-reason", reason)
    page.get_by_role("button", name="登记", exact=True).click()


def test_a_leader_finds_what_was_neglected_and_who_has_how_much(
    site: Site, open_browser: OpenBrowser
) -> None:
    ids = prepare(site)
    context = open_browser(site, DESK)
    watch, page = Watch(context, site.address), context.new_page()
    sign_in(page, "leader")
    tile = page.locator("a.figure[href='/cases/?neglected=township']")
    expect(tile).to_contain_text("1")
    expect(page.locator("a.figure[href='/cases/?neglected=branch']")).to_contain_text("0")
    tile.click()
    rows = page.locator("#cases tbody tr")
    expect(rows).to_have_count(1)
    rows.locator("th a").click()
    page.wait_for_url(f"**/cases/{ids[0]}")
    assert page.locator("[name='move-move']").count() > 0

    page.locator(".nav a[href='/queue']").click()
    row = page.locator("#loads-township tr", has_text="罗建永")
    expect(row).to_contain_text("阿岗镇")
    row.locator("td.num a").first.click()
    expect(page.locator(".entry")).to_have_count(2)
    expect(page.locator("h1")).to_contain_text("罗建永的待办")
    page.goto(
        "/households/"
        + str(within(site.settings, lambda _: db.session.get_one(Case, ids[0]).loan.household_id))
    )
    expect(page.locator("h1")).to_contain_text("户")
    assert sideways(page) == [] and watch.since_last() == [] and site.log() == ""


def test_the_office_and_the_leader_save_at_once_and_nothing_is_lost(
    site: Site, open_browser: OpenBrowser
) -> None:
    number = prepare(site)[0]
    leader, office = open_browser(site, DESK).new_page(), open_browser(site, DESK).new_page()
    sign_in(leader, "leader")
    sign_in(office, "office")
    for page in (leader, office):
        page.goto(f"/cases/{number}")
    expect(office.locator("[data-presence]")).to_contain_text("康祥富")

    record(leader, "restructuring_started", "农商行已受理续贷申请。")
    expect(leader.locator(".notice").first).to_contain_text("办理续贷展期中")
    record(office, "legal_started", "已送交起诉材料。")

    expect(office.locator("h1 + .subtitle")).to_have_text("案件状态")
    expect(office.locator(".overtaken")).to_contain_text("农商行已受理续贷申请。")
    expect(office.locator("#move-reason")).to_have_value("已送交起诉材料。")
    assert sideways(office) == [] and state_of(site, number) is State.RESTRUCTURING
    office.fill("#move-reason", "续贷未成，已送交起诉材料。")
    office.get_by_role("button", name="按当前状态提交").click()
    expect(office.locator("#history")).to_contain_text("续贷未成，已送交起诉材料。")
    assert state_of(site, number) is State.LEGAL and site.log() == ""


def test_the_office_closes_a_case_and_it_stays_readable(site: Site, open_browser: OpenBrowser) -> None:
    number = prepare(site)[0]
    page = open_browser(site, DESK, java_script_enabled=False).new_page()
    sign_in(page, "office")
    page.goto(f"/cases/{number}")
    record(page, "closed:compensated", "县级风险补偿金已拨付。")
    expect(page.locator("#history")).to_contain_text("县级风险补偿金已拨付。")
    expect(page.locator(".case-notices")).to_contain_text("已由风险补偿金代偿")
    assert page.locator("details.more-moves").count() == 0 and state_of(site, number) is State.CLOSED
