"""The day's queue as its reader works through it, and as leaders see everybody's."""

import html
import re
from datetime import timedelta

import pytest
from flask import Flask
from sqlalchemy import select

from app.accounts.models import User
from app.accounts.rules import Role
from app.cases.models import Case
from app.contacts.actions import Entry, add_contact
from app.contacts.rules import Channel, Disposition, Reached
from app.db import db
from app.forces.models import Absence
from app.today import now
from tests.conftest import SignIn
from tests.desk.counting import statements
from tests.desk.quiet import TODAY, YESTERDAY, account, hush, speak
from tests.web.browser import Browser, english_in, words
from tests.web.reading import Page

NEXT = re.compile(r'rel="next" href="([^"]+)"')
ENTRY = re.compile(r'<li class="entry".*?href="/cases/(\d+)', re.DOTALL)


def listed(page: str) -> list[int]:
    """The cases of a queue, in order."""
    return [int(number) for number in ENTRY.findall(page)]


def called(case_id: int, username: str = "agang", reached: Reached = Reached.BORROWER) -> None:
    """A call of today is on the case."""
    found = db.session.get_one(Case, case_id)
    entry = Entry("已通话。", channel=Channel.CALL, reached=reached, disposition=Disposition.RIGHT_PARTY)
    add_contact(db.session(), found, account(username), entry, TODAY)
    db.session.commit()


def test_the_queue_stands_in_its_order_with_every_reason(plain_app: Flask, signed_in: SignIn) -> None:
    ids = hush()
    speak(ids[0], overdue=9_000_000)
    speak(ids[1], promise_due_on=TODAY)
    speak(ids[2], promise_broken_on=YESTERDAY, overdue=9_000_000)
    speak(ids[3], township_action_on=TODAY)
    speak(ids[4], branch_action_on=TODAY)  # the other line's
    speak(ids[5], replied_on=YESTERDAY)
    page = Browser(signed_in("agang")).get("/queue")
    assert listed(page) == [ids[2], ids[5], ids[1], ids[3], ids[0]]
    first = words(page.partition('<li class="entry"')[2].partition('<li class="entry"')[0])
    assert "承诺未兑现 金额较大" in first
    assert "待办 5" in words(page)


def test_the_other_line_has_its_own_queue(plain_app: Flask, signed_in: SignIn) -> None:
    ids = hush("agang-bank")
    speak(ids[0], branch_action_on=TODAY)
    speak(ids[1], township_action_on=TODAY)
    assert listed(Browser(signed_in("agang-bank")).get("/queue")) == [ids[0]]


def test_what_is_done_drops_out_and_is_counted(plain_app: Flask, signed_in: SignIn) -> None:
    ids = hush()
    for number in ids[:3]:
        speak(number, township_action_on=TODAY)
    agang = Browser(signed_in("agang"))
    called(ids[1])
    called(ids[1])
    called(ids[0], reached=Reached.NOBODY)
    page = agang.get("/queue")
    assert listed(page) == [ids[2]]
    assert "今日已办 2 件" in words(page) and "联系到本人 1 人" in words(page)
    assert listed(agang.get("/queue?show=done")) == [ids[0], ids[1]]
    # An answer of the borrower brings a case back the same day.
    speak(ids[0], replied_on=TODAY)
    assert listed(agang.get("/queue")) == [ids[0], ids[2]]


def test_done_next_leads_through_the_queue_to_its_end(plain_app: Flask, signed_in: SignIn) -> None:
    ids = hush()
    speak(ids[0], promise_broken_on=YESTERDAY)
    speak(ids[1], promise_due_on=TODAY)
    speak(ids[2], township_action_on=TODAY)
    agang = Browser(signed_in("agang"))
    page = agang.get(f"/cases/{ids[0]}?via=queue")
    assert f"/cases/{ids[0]}/next?next={ids[1]}" in Page(page).hrefs
    assert f'action="/cases/{ids[0]}/contacts?next={ids[1]}"' in page
    # The note's form, as the page has it, leads on.
    called(ids[0])
    answer = agang.answer("GET", f"/cases/{ids[0]}/next?next={ids[1]}")
    assert answer.headers["Location"] == f"/cases/{ids[1]}?via=queue"
    # A colleague was faster with the one that was to follow: the first that still waits comes.
    called(ids[1])
    answer = agang.answer("GET", f"/cases/{ids[0]}/next?next={ids[1]}")
    assert answer.headers["Location"] == f"/cases/{ids[2]}?via=queue"
    called(ids[2])
    answer = agang.answer("GET", f"/cases/{ids[2]}/next?next={ids[0]}")
    assert answer.headers["Location"] == "/queue"
    assert "今日待办已全部办完" in words(agang.get("/queue"))


def test_who_skips_goes_on_and_comes_round(plain_app: Flask, signed_in: SignIn) -> None:
    ids = hush()
    for number in ids[:2]:
        speak(number, promise_due_on=TODAY)
    agang = Browser(signed_in("agang"))
    order = listed(agang.get("/queue"))
    assert f"/cases/{order[1]}/next?next={order[0]}" in Page(agang.get(f"/cases/{order[1]}?via=queue")).hrefs
    answer = agang.answer("GET", f"/cases/{order[0]}/next?next={order[1]}")
    assert answer.headers["Location"] == f"/cases/{order[1]}?via=queue"


def test_a_long_queue_goes_on_without_losing_or_doubling_a_case(
    plain_app: Flask, signed_in: SignIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("app.desk.queue.LENGTH", 4)
    ids = hush()[:11]
    for position, number in enumerate(ids):
        speak(number, township_action_on=TODAY - timedelta(days=position % 3))
    speak(ids[10], overdue=9_000_000, township_action_on=None)
    agang, seen, path = Browser(signed_in("agang")), [], "/queue"
    while path:
        page = agang.get(path)
        seen += listed(page)
        path = html.unescape("".join(NEXT.findall(page)))
    assert sorted(seen) == sorted(ids) and seen[-1] == ids[10]
    for bad in ("after=1", "after=0,x,1,1", "after=a,,1,1"):
        agang.get(f"/queue?{bad}", status=400)


def test_who_stands_in_has_the_cases_of_the_one_away(plain_app: Flask, signed_in: SignIn) -> None:
    ids, away = hush()[:2], account("agang")
    mate = User(
        username="mate", name="替班员", role=Role.TOWNSHIP, region_code=away.region_code, password_hash="none",
        created_at=now(),
    )  # fmt: skip
    db.session.add(mate)
    db.session.flush()
    db.session.add(
        Absence(
            user_id=away.id,
            starts_on=TODAY,
            ends_on=TODAY,
            substitute_id=mate.id,
            reason="病假",
            entered_at=now(),
        )
    )
    foreign = db.session.scalars(select(Case).where(Case.township_code != away.region_code).limit(1)).one()
    foreign.township_user_id, foreign.promise_due_on, far = away.id, TODAY, foreign.id
    db.session.commit()
    speak(ids[0], promise_due_on=TODAY)
    reader = Browser(signed_in("mate"))
    page = reader.get("/queue")
    assert listed(page) == [ids[0]] and "代管" in words(page)  # a case of another township stays out of sight
    assert listed(Browser(signed_in("agang")).get("/queue")) != [] and far not in listed(page)
    reader.get(f"/cases/{ids[0]}?via=queue")
    called(ids[0], "mate")
    assert listed(reader.get("/queue")) == []


def test_a_queue_of_somebody_else_is_for_leaders(plain_app: Flask, signed_in: SignIn) -> None:
    other, mine = account("jiulong").id, account("agang").id
    Browser(signed_in("agang")).get(f"/queue?collector={other}", status=404)
    Browser(signed_in("leader")).get("/queue?collector=999999", status=404)
    Browser(signed_in("admin")).get("/queue", status=403)
    name = db.session.scalars(select(Case).where(Case.township_user_id == mine)).first().loan.borrower.name  # type: ignore[union-attr]
    page = words(Browser(signed_in("leader")).get(f"/queue?collector={mine}"))
    assert "罗建永的待办" in page and name not in page  # names are masked in lists
    Browser(signed_in("agang")).get(f"/queue?collector={mine}")


@pytest.mark.parametrize("who", ["leader", "office", "auditor"])
def test_everybodys_queues_open_what_they_count(plain_app: Flask, signed_in: SignIn, who: str) -> None:
    ids = hush()
    speak(ids[0], township_action_on=TODAY)
    speak(ids[1], township_contact_on=TODAY - timedelta(days=20))
    called(ids[2])
    reader, mine = Browser(signed_in(who)), account("agang")
    [row] = [r for r in Page(reader.get("/queue")).tables["loads-township"] if r.name == mine.name]
    place, to_do, done, neglected, count, _ = (cell.text for cell in row.cells[1:])
    assert (place, to_do, done, neglected, count) == ("阿岗镇", "2", "1", "1", str(len(ids)))
    assert set(listed(reader.get(row.cells[2].hrefs[0]))) == {ids[0], ids[1]}
    assert listed(reader.get(row.cells[3].hrefs[0])) == [ids[2]]
    assert [r.cells[0].hrefs for r in Page(reader.get(row.cells[4].hrefs[0])).tables["cases"]] == [
        [f"/cases/{ids[1]}"]
    ]
    assert f"共 {len(ids)} 件" in words(reader.get(row.cells[5].hrefs[0]))


def test_the_pages_read_in_both_languages(plain_app: Flask, signed_in: SignIn) -> None:
    for who, paths in {"agang": ("/queue", "/queue?show=done"), "leader": ("/queue",)}.items():
        reader = Browser(signed_in(who))
        for path in paths:
            assert len(english_in(reader.get(f"{path}{'&' if '?' in path else '?'}lang=en"))) > 5
            reader.get("/queue?lang=zh_Hans")
            assert english_in(reader.get(path)) == set()


def test_the_number_of_statements_does_not_grow(plain_app: Flask, signed_in: SignIn) -> None:
    ids, agang, leader = hush(), Browser(signed_in("agang")), Browser(signed_in("leader"))

    def counted(browser: Browser, path: str) -> int:
        browser.get(path)
        with statements() as said:
            browser.get(path)
        return len(said)

    speak(ids[0], promise_due_on=TODAY)
    few = counted(agang, "/queue"), counted(agang, f"/cases/{ids[0]}?via=queue"), counted(leader, "/queue")
    for number in ids:
        speak(number, promise_due_on=TODAY)
    called(ids[1])
    many = counted(agang, "/queue"), counted(agang, f"/cases/{ids[0]}?via=queue"), counted(leader, "/queue")
    assert few == many and many[0] <= 12 and many[1] <= 25 and many[2] <= 12, (few, many)
