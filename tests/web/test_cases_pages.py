"""The case list and the case as each role reads them: what does not exist for them first."""

from datetime import date

import pytest
from flask import Flask
from sqlalchemy import func, select, update

from app.accounts.models import User
from app.accounts.rules import Role
from app.cases.models import Case
from app.cases.states import CloseReason
from app.contacts.actions import NOTE_LENGTH
from app.contacts.models import Contact
from app.db import db
from app.loans.models import Borrower, Household, Loan
from tests.conftest import SignIn
from tests.web.browser import Browser, english_in, words
from tests.web.reading import Page

OPEN_CASES = 84


@pytest.fixture
def plain_app(demo_app: Flask) -> Flask:
    demo_app.config["WTF_CSRF_ENABLED"] = False
    return demo_app


def case_of(*conditions: object) -> Case:
    found = db.session.scalars(
        select(Case).join(Loan).join(Borrower).where(*conditions).order_by(Case.id)  # type: ignore[arg-type]
    ).first()
    assert found is not None
    return found


def open_case(township: str = "530324106") -> Case:
    return case_of(Case.township_code == township, Case.closed_on.is_(None))


def everybody_in_clear() -> list[str]:
    """Every ID and phone number of the county."""
    numbers = [*db.session.scalars(select(Borrower.id_number)), *db.session.scalars(select(Borrower.phone))]
    numbers += db.session.scalars(select(Household.head_id_number))
    return [number for number in numbers if number]


# What does not exist


@pytest.mark.parametrize("username", ["agang", "agang-bank", "jiulong", "jiulong-bank"])
def test_a_foreign_case_does_not_exist_for_a_collector(
    plain_app: Flask, signed_in: SignIn, username: str
) -> None:
    collector = db.session.scalars(select(User).where(User.username == username)).one()
    mine = (
        Case.township_code == collector.region_code if collector.role is Role.TOWNSHIP
        else Case.branch_id == collector.branch_id
    )  # fmt: skip
    own, foreign = case_of(mine).id, case_of(~mine).id
    browser = Browser(signed_in(username))
    browser.get(f"/cases/{own}")
    browser.get(f"/cases/{foreign}", status=404)
    browser.post(f"/cases/{foreign}/contacts", status=404, text="不在辖区。", key="k")
    assert not db.session.scalars(select(Contact).where(Contact.key == "k")).all()
    listed = set(Page(browser.get("/cases/")).hrefs) | set(Page(browser.get("/cases/?state=closed")).hrefs)
    assert f"/cases/{own}" in listed and f"/cases/{foreign}" not in listed


def test_an_administrator_sees_no_case(plain_app: Flask, signed_in: SignIn) -> None:
    number = open_case().id
    browser = Browser(signed_in("admin"))
    browser.get("/cases/", status=403)
    browser.get(f"/cases/{number}", status=403)


def test_a_filter_that_is_none_does_not_exist(plain_app: Flask, signed_in: SignIn) -> None:
    office = Browser(signed_in("office"))
    for query in ("state=lost", "days=1-2", "township=%00", "township=abc"):
        office.get(f"/cases/?{query}", status=404)
    for query in ("after=1", "after=x,1", "after=2023-01-01,x"):
        office.get(f"/cases/?{query}", status=400)


# The list


def test_the_list_goes_on_over_pages_without_losing_or_doubling_a_case(
    plain_app: Flask, signed_in: SignIn
) -> None:
    office = Browser(signed_in("office"))
    seen: list[str] = []
    path: str | None = "/cases/"
    while path:
        page = Page(office.get(path))
        seen += [cell.hrefs[0] for cell in (line.cells[0] for line in page.tables["cases"])]
        path = (
            next((href for href in page.hrefs if "after=" in href), None) if len(seen) < OPEN_CASES else None
        )
    assert len(seen) == len(set(seen)) == OPEN_CASES
    assert f"共 {OPEN_CASES} 件" in words(office.get("/cases/"))


def test_each_filter_leaves_what_it_names(plain_app: Flask, signed_in: SignIn) -> None:
    collector = db.session.scalars(select(User).where(User.username == "agang-bank")).one()
    wanted = {
        "township=530324106": Case.township_code == "530324106",
        f"branch={collector.branch_id}": Case.branch_id == collector.branch_id,
        f"collector={collector.id}": Case.branch_user_id == collector.id,
        "days=361-": Case.due_on <= date(2022, 12, 9),
    }
    counts = {
        query: db.session.scalar(
            select(func.count()).select_from(Case).where(Case.closed_on.is_(None), condition)
        )
        for query, condition in wanted.items()
    }
    office = Browser(signed_in("office"))
    for query, count in counts.items():
        assert count and count < OPEN_CASES
        assert f"共 {count} 件" in words(office.get(f"/cases/?{query}")), query
    nothing = words(office.get("/cases/?township=530324103&days=361-"))
    assert "没有符合条件的案件" in nothing and "清除条件" in nothing


def test_a_line_that_nobody_holds_is_marked_in_words(plain_app: Flask, signed_in: SignIn) -> None:
    number = open_case().id
    assert "各件责任人均已落实" in words(Browser(signed_in("office")).get("/cases/?state=unassigned"))
    db.session.execute(update(Case).where(Case.id == number).values(township_user_id=None))
    db.session.commit()
    office = Browser(signed_in("office"))
    [line] = Page(office.get("/cases/?state=unassigned")).tables["cases"]
    assert line.cells[6].text == "未落实" and line.cells[7].text != "未落实"
    assert "未落实" in words(office.get(f"/cases/{number}"))


def test_names_are_masked_in_lists_but_for_the_collectors_whose_list_it_is(
    plain_app: Flask, signed_in: SignIn
) -> None:
    name = open_case().loan.borrower.name
    for username in ("office", "leader", "auditor"):
        page = words(Browser(signed_in(username)).get("/cases/?township=530324106"))
        assert name not in page and f"{name[0]}●" in page
    for username in ("agang", "agang-bank"):
        assert name in words(Browser(signed_in(username)).get("/cases/"))


def test_no_number_of_a_person_is_shown_in_clear(plain_app: Flask, signed_in: SignIn) -> None:
    numbers = everybody_in_clear()
    case = open_case()
    masked = case.loan.borrower.id_number[:6] + "*" * 8 + case.loan.borrower.id_number[-4:]
    for username in ("office", "agang", "agang-bank", "auditor"):
        browser = Browser(signed_in(username))
        page = browser.get(f"/cases/{case.id}")
        assert masked in page
        for html in (page, browser.get("/cases/"), browser.get("/cases/?state=closed")):
            assert not [number for number in numbers if number in html]


# The case


@pytest.mark.parametrize("reason", [None, *CloseReason], ids=str)
def test_a_case_reads_in_both_languages(
    plain_app: Flask, signed_in: SignIn, reason: CloseReason | None
) -> None:
    found = open_case()
    if reason is not None:
        db.session.execute(
            update(Case)
            .where(Case.id == found.id)
            .values(closed_on=date(2023, 12, 1), close_reason=reason, overdue=0)
        )
        db.session.commit()
    number, contract = found.id, found.loan.contract_no
    browser = Browser(signed_in("office"))
    assert len(english_in(browser.get(f"/cases/{number}?lang=en"))) > 30
    chinese = browser.get(f"/cases/{number}?lang=zh_Hans")
    assert english_in(chinese) == set() and contract in chinese
    assert ("已于 2023年12月1日 结案" in words(chinese)) is (reason is not None)
    for state in ("open", "closed", "unassigned"):
        assert english_in(browser.get(f"/cases/?state={state}")) == set()


def test_a_closed_case_leads_to_the_one_that_is_open(plain_app: Flask, signed_in: SignIn) -> None:
    [old, new] = db.session.scalars(
        select(Case).where(Case.loan_id.in_(select(Case.loan_id).group_by(Case.loan_id).having(func.count() > 1)))
        .order_by(Case.loan_id, Case.id).limit(2)
    ).all()  # fmt: skip
    numbers = old.id, new.id
    browser = Browser(signed_in("office"))
    page = browser.get(f"/cases/{numbers[0]}")
    assert "该笔贷款再次逾期" in words(page) and f"/cases/{numbers[1]}" in Page(page).hrefs
    assert f"/cases/{numbers[0]}" in Page(browser.get(f"/cases/{numbers[1]}")).hrefs


# Notes


def test_a_bad_note_is_not_saved_and_not_lost(plain_app: Flask, signed_in: SignIn) -> None:
    number, before = open_case().id, db.session.scalar(select(func.count()).select_from(Contact))
    agang = Browser(signed_in("agang"))
    empty, long = "请填写联系情况", "不超过 2000 字"
    for text, sentence in (("", empty), (" \n ", empty), ("字" * (NOTE_LENGTH + 1), long)):
        page = agang.post(f"/cases/{number}/contacts", status=422, text=text, key="k")
        assert sentence in words(page) and f"{text.strip()}</textarea>" in page and 'value="k"' in page
    agang.post(f"/cases/{number}/contacts", status=422, text="有效。", key="k" * 65)
    assert db.session.scalar(select(func.count()).select_from(Contact)) == before


def test_a_note_sent_twice_is_saved_once(plain_app: Flask, signed_in: SignIn) -> None:
    number = open_case().id
    agang = Browser(signed_in("agang"))
    typed = {"text": "入户，本人不在。\r\n<b>明日再来</b>", "key": "one-writing"}
    for _ in range(2):
        page = agang.post(f"/cases/{number}/contacts", follow=True, **typed)
        assert "联系记录已保存" in words(page)
    [note] = db.session.scalars(select(Contact).where(Contact.key == "one-writing")).all()
    assert note.text == "入户，本人不在。\n<b>明日再来</b>" and note.on == date(2023, 12, 5)
    assert note.author.username == "agang"
    assert page.count("入户，本人不在。") == 1 and "&lt;b&gt;明日再来" in page


def test_each_opening_of_the_page_is_another_writing(plain_app: Flask, signed_in: SignIn) -> None:
    agang = Browser(signed_in("agang"))
    number = open_case().id
    keys = {
        agang.get(f"/cases/{number}").partition('name="key" type="hidden" value="')[2][:32] for _ in range(2)
    }
    assert len(keys) == 2 and all(len(key) == 32 for key in keys)


def test_a_line_end_counts_once(plain_app: Flask, signed_in: SignIn) -> None:
    number = open_case().id
    text = "\r\n".join(["字"] * (NOTE_LENGTH // 2))
    Browser(signed_in("agang")).post(f"/cases/{number}/contacts", text=text, key="long")
    assert len(db.session.scalars(select(Contact).where(Contact.key == "long")).one().text) == NOTE_LENGTH - 1


def test_an_auditor_reads_and_does_not_write(plain_app: Flask, signed_in: SignIn) -> None:
    number = open_case().id
    auditor = Browser(signed_in("auditor"))
    assert "<textarea" not in auditor.get(f"/cases/{number}")
    auditor.post(f"/cases/{number}/contacts", status=403, text="不应写入。", key="k")
