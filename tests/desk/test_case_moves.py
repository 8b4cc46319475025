"""The case page: what a person lets happen, two who do so at once, and colleagues at the same case."""

from datetime import timedelta

import pytest
from flask import Flask
from sqlalchemy import func, select, update

from app.accounts.models import User
from app.accounts.rules import Role
from app.cases.actions import fire
from app.cases.models import Case, CaseEvent
from app.cases.states import CloseReason, Event, State
from app.db import db
from app.desk.models import Presence
from app.desk.rules import RECENT, SEEN_SECONDS
from app.today import now
from tests.conftest import SignIn
from tests.desk.counting import statements
from tests.desk.quiet import TODAY, account, hush
from tests.web.browser import Browser, english_in, words
from tests.web.reading import Page


def case_of(number: int) -> Case:
    db.session.expire_all()
    return db.session.get_one(Case, number)


def form(number: int, move: str, reason: str = "", version: int | None = None) -> dict[str, str]:
    at = case_of(number).version if version is None else version
    return {"move-move": move, "move-reason": reason, "move-version": str(at)}


def events(number: int) -> int:
    return db.session.scalar(select(func.count()).where(CaseEvent.case_id == number)) or 0


# What a person lets happen


@pytest.mark.parametrize(
    ("who", "move", "after"),
    [
        ("agang", "hardship_found", State.HARDSHIP),
        ("agang-bank", "restructuring_started", State.RESTRUCTURING),
        ("leader", "legal_started", State.LEGAL),
        ("leader", "closed:renewed", State.CLOSED),
        ("office", "closed:written_off", State.CLOSED),
    ],
)
def test_a_role_moves_the_case_as_the_table_allows(
    plain_app: Flask, signed_in: SignIn, who: str, move: str, after: State
) -> None:
    number = hush()[0]
    reader = Browser(signed_in(who))
    assert f'value="{move}"' in reader.get(f"/cases/{number}")
    page = reader.post(f"/cases/{number}/events", follow=True, **form(number, move, "户主重病住院。"))
    found = case_of(number)
    assert found.state is after and english_in(page) == set()
    assert "户主重病住院。" in words(page) and "案件状态已变更为" in words(page)
    happened = db.session.scalars(
        select(CaseEvent).where(CaseEvent.case_id == number).order_by(CaseEvent.id)
    ).all()[-1]
    assert happened.actor_id == account(who).id and happened.state is after


@pytest.mark.parametrize(
    ("who", "move"),
    [("agang", "legal_started"), ("agang", "closed:renewed"), ("leader", "closed:written_off")],
)
def test_what_the_table_does_not_allow_is_refused_and_kept(
    plain_app: Flask, signed_in: SignIn, who: str, move: str
) -> None:
    number = hush()[0]
    reader, before = Browser(signed_in(who)), events(number)
    assert f'value="{move}"' not in reader.get(f"/cases/{number}")
    page = reader.post(f"/cases/{number}/events", status=422, **form(number, move, "已经写好的原因"))
    assert "已经写好的原因" in page and "您的角色" in words(page)
    assert events(number) == before and case_of(number).state is not State.CLOSED


@pytest.mark.parametrize(
    "move", ["", "contacted", "promise_taken", "assigned", "closed", "closed:gone", "nonsense"]
)
def test_only_what_people_bring_about_is_taken(plain_app: Flask, signed_in: SignIn, move: str) -> None:
    number = hush()[0]
    before = events(number)
    page = Browser(signed_in("office")).post(
        f"/cases/{number}/events", status=422, **form(number, move, "已经写好的原因")
    )
    assert "请选择发生的情况" in words(page) and "已经写好的原因" in page and events(number) == before


def test_a_reason_that_is_needed_is_asked_for(plain_app: Flask, signed_in: SignIn) -> None:
    number = hush()[0]
    agang = Browser(signed_in("agang"))
    page = agang.post(f"/cases/{number}/events", status=422, **form(number, "hardship_found", "  "))
    assert "请填写原因" in words(page) and 'value="hardship_found" checked' in page
    long = agang.post(f"/cases/{number}/events", status=422, **form(number, "hardship_found", "字" * 401))
    assert "不超过 400 字" in words(long) and "字" * 401 in long
    for version in ("", "x", "-1", "9" * 30):
        typed = form(number, "hardship_found", "重病") | {"move-version": version}
        agang.post(f"/cases/{number}/events", status=422, **typed)
    assert case_of(number).state is not State.HARDSHIP


def test_a_foreign_case_is_neither_moved_nor_watched(plain_app: Flask, signed_in: SignIn) -> None:
    number = hush()[0]
    stranger = Browser(signed_in("jiulong"))
    stranger.post(f"/cases/{number}/events", status=404, **form(number, "hardship_found", "重病"))
    stranger.post(f"/cases/{number}/here", status=404)
    stranger.get(f"/cases/{number}/next", status=404)
    Browser(signed_in("auditor")).post(f"/cases/{number}/events", status=403)
    assert "move-move" not in Browser(signed_in("auditor")).get(f"/cases/{number}")


def test_a_closed_case_leads_to_the_next_and_back(plain_app: Flask, signed_in: SignIn) -> None:
    number = hush()[0]
    found = case_of(number)
    fire(db.session(), found, Event.CLOSED, account("leader"), TODAY, closing=CloseReason.EXTENDED)
    again = Case(
        loan_id=found.loan_id, borrower_id=found.borrower_id, previous_id=number, township_code=found.township_code,
        branch_id=found.branch_id, due_on=TODAY, overdue=5, opened_on=TODAY,
    )  # fmt: skip
    db.session.add(again)
    db.session.commit()
    new, reader = again.id, Browser(signed_in("agang"))
    assert f"/cases/{new}" in Page(reader.get(f"/cases/{number}")).hrefs
    assert f"/cases/{number}" in Page(reader.get(f"/cases/{new}")).hrefs


# Two at once


def test_of_two_at_once_the_second_sees_the_first_and_loses_nothing(
    plain_app: Flask, signed_in: SignIn
) -> None:
    number = hush()[0]
    agang, leader = Browser(signed_in("agang")), Browser(signed_in("leader"))
    mine = form(number, "hardship_found", "户主重病，\n<b>正在住院</b>。")
    leader.post(f"/cases/{number}/events", **form(number, "restructuring_started", "已提交续贷申请。"))
    page = agang.post(f"/cases/{number}/events", status=409, **mine)
    said = words(page)
    assert "案件已被他人变更" in said and "已提交续贷申请。" in said and "康祥富" in said
    assert "&lt;b&gt;正在住院&lt;/b&gt;" in page  # typed, kept, editable
    assert "已不适用" in said  # hardship cannot be found while it is being restructured
    assert case_of(number).state is State.RESTRUCTURING
    # Sent again from there it is for the case as it is now, and judged as any other.
    again = mine | {
        "move-version": page.partition('name="move-version"')[2].partition('value="')[2].partition('"')[0]
    }
    assert "不能办理“认定困难”" in words(agang.post(f"/cases/{number}/events", status=422, **again))
    assert english_in(page) == set()


def test_mine_can_be_applied_to_the_case_as_it_is_now(plain_app: Flask, signed_in: SignIn) -> None:
    number = hush()[0]
    leader, office = Browser(signed_in("leader")), Browser(signed_in("office"))
    mine = form(number, "legal_started", "已递交起诉状。")
    office.post(f"/cases/{number}/events", **form(number, "restructuring_started", "续贷。"))
    page = leader.post(f"/cases/{number}/events", status=409, **mine)
    assert 'value="legal_started" checked' in page and "已不适用" not in words(page)
    version = str(case_of(number).version)
    assert f'value="{version}"' in page
    leader.post(f"/cases/{number}/events", **(mine | {"move-version": version}))
    assert case_of(number).state is State.LEGAL


def test_an_assignment_that_came_too_late_is_kept_too(plain_app: Flask, signed_in: SignIn) -> None:
    number = hush()[0]
    mate = User(
        username="mate", name="替班员", role=Role.TOWNSHIP, region_code="530324106", password_hash="none",
        created_at=now(),
    )  # fmt: skip
    db.session.add(mate)
    db.session.commit()
    typed = {"to": f"township:{mate.id}", "reason": "原责任人调离。", "version": str(case_of(number).version)}
    leader = Browser(signed_in("leader"))
    Browser(signed_in("office")).post(f"/cases/{number}/events", **form(number, "legal_started", "已起诉。"))
    page = leader.post(f"/cases/{number}/assign", status=409, **typed)
    assert (
        "原责任人调离。" in page
        and "已起诉。" in words(page)
        and f'selected value="township:{mate.id}"' in page
    )
    leader.post(f"/cases/{number}/assign", **(typed | {"version": str(case_of(number).version)}))
    assert case_of(number).township_user_id == mate.id


def test_a_note_never_conflicts(plain_app: Flask, signed_in: SignIn) -> None:
    number = hush()[0]
    agang = Browser(signed_in("agang"))
    page = agang.get(f"/cases/{number}")
    Browser(signed_in("leader")).post(f"/cases/{number}/events", **form(number, "closed:renewed", "已续贷。"))
    key = page.partition('name="key"')[2].partition('value="')[2].partition('"')[0]
    shown = agang.post(
        f"/cases/{number}/contacts",
        follow=True,
        text="本人已到场。",
        channel="note",
        disposition="other",
        key=key,
    )
    assert "本人已到场。" in words(shown)


# Colleagues


def test_a_colleague_at_the_case_is_seen_for_a_while(plain_app: Flask, signed_in: SignIn) -> None:
    number, other = hush()[:2]
    agang, bank = Browser(signed_in("agang")), Browser(signed_in("agang-bank"))
    assert agang.post(f"/cases/{number}/here", status=200).strip() == ""
    told = bank.post(f"/cases/{number}/here", status=200)
    assert "罗建永（乡镇清收员）正在查看本案件" in told and english_in(told) == set()
    assert "罗建永" not in bank.post(f"/cases/{other}/here", status=200)
    assert "卢艳菊（支行清收员）正在查看本案件" in words(
        agang.get(f"/cases/{number}")
    )  # without JavaScript too
    gone = now() - timedelta(seconds=SEEN_SECONDS + 1)
    db.session.execute(update(Presence).values(seen_at=gone))
    db.session.commit()
    assert "正在查看" not in words(agang.get(f"/cases/{number}"))
    assert agang.post(f"/cases/{number}/here", status=200).strip() == ""


def test_reading_a_case_writes_nothing(plain_app: Flask, signed_in: SignIn) -> None:
    number = hush()[0]
    agang = Browser(signed_in("agang"))
    with statements() as said:
        agang.get(f"/cases/{number}")
    assert said and not [sql for sql in said if sql.split()[0] in ("INSERT", "UPDATE", "DELETE")]
    assert db.session.scalar(select(func.count()).select_from(Presence)) == 0


def test_the_newest_few_are_kept_and_offered(plain_app: Flask, signed_in: SignIn) -> None:
    ids, agang = hush(), Browser(signed_in("agang"))
    opened = ids[: RECENT + 3]
    for number in [*opened, opened[-1]]:
        agang.post(f"/cases/{number}/here", status=200)
    Browser(signed_in("agang-bank")).post(f"/cases/{ids[0]}/here", status=200)
    mine = select(Presence.case_id).where(Presence.user_id == account("agang").id)
    assert set(db.session.scalars(mine)) == set(opened[-RECENT:])
    part = agang.get("/queue").partition('<nav class="recent"')[2].partition("</nav>")[0]
    assert Page(part).hrefs == [f"/cases/{number}" for number in reversed(opened[-RECENT:])]
