"""The first page: what waits for somebody, the newest month's figures, each tile the way to its list."""

import re
from datetime import date, timedelta

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select, update

from app.accounts.actions import add_user
from app.accounts.models import User
from app.accounts.rules import Role
from app.bulletin.queries import figures
from app.cases.models import Case
from app.db import db
from app.ledger.models import BatchState, ImportBatch
from app.money import wan
from app.today import business_date, now
from tests.conftest import SignIn, enter
from tests.web.reading import Page, arguments

COUNTY, AGANG = "530324", "530324106"


def home(client: FlaskClient, lang: str = "zh_Hans") -> Page:
    answer = client.get(f"/overview?lang={lang}")
    assert answer.status_code == 200
    return Page(answer.text)


def tiles(page: Page) -> dict[str, tuple[str, str | None]]:
    """Each tile's number and where it leads, by its label."""
    found = re.findall(
        r'<(?:a|div) class="figure[^"]*"(?: href="([^"]*)")?>\s*<span class="figure-label">([^<]*)</span>\s*'
        r'<span class="figure-value">([^<]*)',
        page.html,
    )
    return {label: (value.strip(), href.replace("&amp;", "&") or None) for href, label, value in found}


def open_cases() -> list[Case]:
    return list(
        db.session.scalars(select(Case).where(Case.closed_on.is_(None)).order_by(Case.due_on, Case.id))
    )


def account(username: str) -> User:
    return db.session.scalars(select(User).where(User.username == username)).one()


def test_nobody_signed_in_is_asked_to_sign_in(app: Flask) -> None:
    answer = app.test_client().get("/")
    assert answer.status_code == 302 and "/login" in answer.location


def test_the_administrator_sees_accounts_and_no_loans(signed_in: SignIn) -> None:
    answer = signed_in("admin").get("/")
    assert answer.status_code == 302 and answer.location == "/accounts/"


@pytest.mark.parametrize(
    ("who", "place"), [("agang", "/queue"), ("agang-bank", "/queue"), ("admin", "/accounts/")]
)
def test_a_day_begins_where_the_work_is(signed_in: SignIn, who: str, place: str) -> None:
    answer = signed_in(who).get("/")
    assert answer.status_code == 302 and answer.location == place


def test_the_leaders_day_begins_with_the_overview(signed_in: SignIn) -> None:
    answer = signed_in("leader").get("/")
    assert answer.status_code == 200 and tiles(Page(answer.text)) == tiles(home(signed_in("leader")))


def test_what_waits_is_counted_and_opens_its_cases(signed_in: SignIn) -> None:
    one, two, three = (case.id for case in open_cases()[:3])
    longago, today = date(2023, 11, 1), date(2023, 12, 5)
    everybody = {
        "township_contact_on": today,
        "branch_contact_on": today,
        "promise_due_on": None,
        "promise_broken_on": None,
    }
    db.session.execute(update(Case).values(**everybody))
    db.session.execute(update(Case).where(Case.id.in_([one, two])).values(township_contact_on=longago))
    db.session.execute(
        update(Case).where(Case.id == two).values(branch_contact_on=None, promise_due_on=today)
    )
    db.session.execute(update(Case).where(Case.id == three).values(promise_broken_on=today))
    db.session.commit()
    office = signed_in("office")
    page = home(office)
    waits = {
        "/cases/?neglected=township": [one, two],
        "/cases/?neglected=branch": [two],
        "/cases/?promise=due": [two],
        "/cases/?promise=broken": [three],
    }
    shown = dict(
        re.findall(
            r'href="(/cases/\?(?:neglected|promise)=[a-z]+)">.*?figure-value">(\d+)', page.html, re.DOTALL
        )
    )
    assert shown == {path: str(len(ids)) for path, ids in waits.items()}
    for path, ids in waits.items():
        rows = Page(office.get(path).text).tables["cases"]
        assert [row.cells[0].hrefs for row in rows] == [[f"/cases/{number}"] for number in ids]
    assert office.get("/cases/?promise=perhaps").status_code == 404


@pytest.mark.parametrize(("role", "may_import"), [(Role.OFFICE, True), (Role.LEADER, False)])
def test_before_the_first_ledger_the_page_says_how_to_begin(app: Flask, role: Role, may_import: bool) -> None:
    made = add_user(
        db.session(), username="new", name="新", role=role, password="long-enough-9", region_code=COUNTY
    )
    db.session.commit()
    page = home(enter(app.test_client(), made))
    assert "还没有台账" in page.html and tiles(page) == {}
    assert ('class="btn btn-primary" href="/ledger/"' in page.html) is may_import


def test_the_tiles_are_the_figures_and_lead_to_their_lists(signed_in: SignIn) -> None:
    found, total = tiles(home(signed_in("office"))), figures(db.session(), COUNTY, date(2023, 11, 30)).total
    expected = {
        "存量": (wan(total.stock_fen), "stock"),
        "本年新增": (wan(total.new_fen), "new"),
        "逾期": (wan(total.overdue_fen), "overdue"),
        "逾期率": (str(total.overdue_rate_pct), "overdue_rate"),
    }
    for label, (value, figure) in expected.items():
        shown, href = found[label]
        assert shown == value and href is not None
        assert arguments(href) == {"figure": figure, "region": COUNTY, "month": "2023-11"}
    assert found["未结案件"] == (str(len(open_cases())), "/cases/")
    assert found["责任人未落实"] == ("0", "/cases/?state=unassigned")
    assert found["最新台账未列"] == ("2", "/ledger/missing")
    assert found["待处理台账"] == ("0", "/ledger/")


def test_a_case_that_lost_its_collector_is_told(signed_in: SignIn) -> None:
    office, lost = signed_in("office"), open_cases()[0].id
    db.session.execute(update(Case).where(Case.id == lost).values(branch_user_id=None))
    db.session.commit()
    assert tiles(home(office))["责任人未落实"][0] == "1"


def test_the_oldest_cases_stand_first_with_masked_names(signed_in: SignIn) -> None:
    page, today = home(signed_in("office")), business_date(db.session())
    rows, cases = page.tables["oldest-table"], open_cases()[:8]
    assert [row.cells[0].hrefs for row in rows] == [[f"/cases/{case.id}"] for case in cases]
    assert [row.cells[4].text for row in rows] == [str((today - case.due_on).days) for case in cases]
    assert all(re.fullmatch(r".●+", row.name) for row in rows)


def test_a_file_that_waits_to_be_accepted_is_offered_to_who_may_accept_it(signed_in: SignIn) -> None:
    office = signed_in("office")
    batch = ImportBatch(
        file_hash="0" * 64, filename="十二月<台账>.xlsx", size=1, county_code=COUNTY,
        state=BatchState.PREVIEW, uploaded_at=now() - timedelta(hours=1), report={},
    )  # fmt: skip
    db.session.add(batch)
    db.session.commit()
    number = batch.id
    page = home(office)
    assert f"/ledger/{number}" in page.hrefs and "十二月&lt;台账&gt;.xlsx" in page.html
    assert tiles(page)["待处理台账"][0] == "1"
    for who in ("leader", "auditor", "agang"):
        shown = home(signed_in(who))
        assert f"/ledger/{number}" not in shown.hrefs and "待处理台账" not in tiles(shown)


@pytest.mark.parametrize("who", ["leader", "auditor"])
def test_who_may_not_decide_about_missing_loans_is_not_sent_there(signed_in: SignIn, who: str) -> None:
    assert tiles(home(signed_in(who)))["最新台账未列"] == ("2", None)


@pytest.mark.parametrize(("who", "place"), [("agang", "阿岗镇"), ("agang-bank", "阿岗支行")])
def test_a_collector_sees_the_own_cases_first_and_by_name(signed_in: SignIn, who: str, place: str) -> None:
    client, me = signed_in(who), account(who)
    others = open_cases()[0]
    db.session.execute(
        update(Case).where(Case.id == others.id).values(township_user_id=None, branch_user_id=None)
    )
    db.session.commit()
    mine = [case for case in open_cases() if me.id in (case.township_user_id, case.branch_user_id)]
    page = home(client)
    assert tiles(page)["我的未结案件"] == (str(len(mine)), f"/cases/?collector={me.id}")
    assert tiles(page)["辖内未结案件"][0] == str(len(mine) + 1)
    rows = page.tables["oldest-table"]
    assert [row.cells[0].hrefs for row in rows] == [[f"/cases/{case.id}"] for case in mine[:8]]
    assert not any("●" in row.name for row in rows)
    assert page.html.index('id="oldest"') < page.html.index('id="standing"') and place in page.html


def test_a_collector_without_cases_is_told_so(signed_in: SignIn) -> None:
    client = signed_in("agang")
    db.session.execute(update(Case).values(township_user_id=None))
    db.session.commit()
    page = home(client)
    assert "您名下还没有案件" in page.html and "oldest-table" not in page.tables
    assert tiles(page)["我的未结案件"][0] == "0"


@pytest.mark.parametrize("who", ["office", "leader", "auditor", "agang", "agang-bank"])
def test_the_page_reads_well_in_english_too(signed_in: SignIn, who: str) -> None:
    page = home(signed_in(who), "en")
    assert "To be done" in page.html and "%(" not in page.html and "待办" not in page.html


def test_cases_without_a_route_are_counted_as_their_list_has_them(signed_in: SignIn) -> None:
    office = signed_in("office")
    value, href = tiles(home(office))["未定原因或处置方式"]
    assert href == "/disposal/cases?route=none" and 0 < int(value) < len(open_cases())
    listed = Page(office.get(href).text)
    assert len({link for link in listed.hrefs if re.fullmatch(r"/cases/\d+#disposal", link)}) == int(value)
