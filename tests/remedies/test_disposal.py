"""Cause and route of a case: bad input first, then what is kept; the table adds up; nobody reaches beyond a scope."""

from datetime import timedelta

import pytest
from flask import Flask
from sqlalchemy import select, update

from app.accounts.rules import Scope
from app.cases.models import Case, CaseEvent
from app.cases.states import Event
from app.db import db
from app.loans.models import Loan
from app.remedies.models import Disposal
from app.remedies.queries import NONE, By, Chosen, count, cross, listed, undisposed
from tests.conftest import SignIn
from tests.desk.quiet import TODAY, account, hush
from tests.web.browser import Browser, english_in, words


@pytest.fixture
def plain_app(demo_app: Flask) -> Flask:
    demo_app.config["WTF_CSRF_ENABLED"] = False
    db.session.execute(Disposal.__table__.delete())
    db.session.commit()
    return demo_app


def form(number: int, **typed: str) -> dict[str, str]:
    db.session.expire_all()
    version = db.session.get_one(Case, number).version
    filled = {
        "cause": "wilful",
        "route": "warning",
        "measure": "已送达催收通知。",
        "version": str(version),
    } | typed
    return {f"disposal-{name}": value for name, value in filled.items()}


def kept(number: int) -> Disposal | None:
    db.session.expire_all()
    return db.session.get(Disposal, number)


BAD = [
    ({"cause": ""}, "请选择逾期原因"),
    ({"cause": "bad luck"}, "请从列表中选择"),
    ({"route": "guarantor"}, "请从列表中选择"),
    ({"owner": "999999"}, "请从列表中选择"),
    ({"owner": "x"}, "请从列表中选择"),
    ({"deadline": "明天"}, "日期"),
    ({"deadline": "2023-12-04"}, "完成时限不能早于今天"),
    ({"measure": "长" * 401}, "不超过 400 字"),
    ({"route": "", "deadline": "2023-12-31"}, "请选择处置方式"),
    ({"route": "extension"}, "应在贷款到期前申请"),
    ({"route": "renewal"}, "应在贷款到期前申请"),
    ({"route": "renewal", "asked_on": "2023-12-06"}, "不能晚于今天"),
]


@pytest.mark.parametrize(("typed", "sentence"), BAD)
def test_bad_input_is_told_and_kept(
    plain_app: Flask, signed_in: SignIn, typed: dict[str, str], sentence: str
) -> None:
    number = hush()[0]
    sent = form(number, **typed)
    page = Browser(signed_in("agang")).post(f"/cases/{number}/disposal", status=422, **sent)
    assert sentence in words(page) and sent["disposal-measure"] in page and kept(number) is None


def test_what_is_set_is_kept_told_and_shown(plain_app: Flask, signed_in: SignIn) -> None:
    number, owner = hush()[0], account("agang-bank")
    typed = form(number, owner=str(owner.id), deadline="2023-12-31")
    page = Browser(signed_in("agang")).post(f"/cases/{number}/disposal", follow=True, **typed)
    assert "恶意拖欠" in words(page) and "司法预警" in words(page) and english_in(page) == set()
    found = kept(number)
    assert found and found.owner_id == owner.id and found.measure == "已送达催收通知。"
    told = db.session.scalars(select(CaseEvent).where(CaseEvent.case_id == number)).all()[-1]
    assert told.kind is Event.DISPOSED and told.actor_id == account("agang").id


def test_an_extension_asked_for_in_time_is_taken(plain_app: Flask, signed_in: SignIn) -> None:
    number = hush()[0]
    due = db.session.get_one(Case, number).due_on
    db.session.execute(update(Loan).values(due_on=due).where(Loan.effective_due_on == due))
    db.session.commit()
    sent = form(number, cause="illness", route="extension", asked_on=due.isoformat())
    Browser(signed_in("agang")).post(f"/cases/{number}/disposal", **sent)
    assert (found := kept(number)) and found.asked_on == due


def test_of_two_at_once_the_second_loses_nothing(plain_app: Flask, signed_in: SignIn) -> None:
    number = hush()[0]
    mine = form(number, measure="第二个人写的")
    Browser(signed_in("agang-bank")).post(
        f"/cases/{number}/disposal", **form(number, cause="illness", route="")
    )
    page = Browser(signed_in("agang")).post(f"/cases/{number}/disposal", status=409, **mine)
    assert "第二个人写的" in page and kept(number).cause.value == "illness"  # type: ignore[union-attr]


def test_nobody_reaches_beyond_a_scope(plain_app: Flask, signed_in: SignIn) -> None:
    number = hush()[0]
    sent = form(number)
    Browser(signed_in("jiulong")).post(f"/cases/{number}/disposal", status=404, **sent)
    Browser(signed_in("auditor")).post(f"/cases/{number}/disposal", status=403, **sent)
    other = account("jiulong")
    Browser(signed_in("agang")).post(
        f"/cases/{number}/disposal", status=422, **form(number, owner=str(other.id))
    )
    assert kept(number) is None and "处置方式" in words(Browser(signed_in("auditor")).get(f"/cases/{number}"))


@pytest.mark.parametrize("query", ["cause=x", "route=x", "township=x", "branch=x", "branch=-1"])
def test_what_there_is_not_is_not_listed(plain_app: Flask, signed_in: SignIn, query: str) -> None:
    Browser(signed_in("office")).get(f"/disposal/cases?{query}", status=404)
    Browser(signed_in("office")).get("/disposal/?by=x", status=404)
    Browser(signed_in("office")).get("/disposal/cases?after=x,y", status=400)


def test_the_table_adds_up_and_opens_its_cases(plain_app: Flask, signed_in: SignIn) -> None:
    session, everything = db.session(), Scope("530324")
    numbers = hush()
    Browser(signed_in("agang")).post(
        f"/cases/{numbers[0]}/disposal", **form(numbers[0], deadline="2023-12-05")
    )
    session.execute(update(Disposal).values(deadline=TODAY - timedelta(days=1)))
    session.commit()
    total = count(session, everything, Chosen(), TODAY)
    for by in By:
        rows = cross(session, everything, by, TODAY)
        assert sum(row.total[0] for row in rows) == total[0] and sum(row.total[1] for row in rows) == total[1]
        for row in rows:
            for route, cell in row.cells.items():
                chosen = Chosen(route=route, **{by.value: row.key})
                assert count(session, everything, chosen, TODAY) == cell
                assert len(listed(session, everything, chosen, TODAY, None, None)) == cell[0]
        page = Browser(signed_in("office")).get(f"/disposal/?by={by.value}")
        assert english_in(page) == set()
    assert undisposed(session, everything) == total[0] - 1
    assert count(session, everything, Chosen(cause=NONE), TODAY)[0] == total[0] - 1
    late = Browser(signed_in("office")).get("/disposal/cases?late=1")
    assert "已超时限" in words(late) and f"/cases/{numbers[0]}#" in late and english_in(late) == set()
    assert undisposed(session, Scope("530324102")) == count(session, Scope("530324102"), Chosen(), TODAY)[0]
