"""Many cases at once: bad input first, what the preview says is what happens, nobody reaches beyond a scope."""

from io import BytesIO

import openpyxl
import pytest
from flask import Flask
from sqlalchemy import func, select

from app.audit import AuditEntry
from app.cases.actions import fire
from app.cases.models import Case, CaseEvent
from app.cases.states import CloseReason, Event, replay
from app.db import db
from app.remedies.models import Disposal
from tests.conftest import SignIn
from tests.desk.counting import statements
from tests.desk.quiet import TODAY, account, hush
from tests.web.browser import Browser, english_in, words

SET = {"cause": "away_for_work", "route": "instalments", "measure": "已电话联系。"}


@pytest.fixture
def plain_app(demo_app: Flask) -> Flask:
    demo_app.config["WTF_CSRF_ENABLED"] = False
    db.session.execute(Disposal.__table__.delete())
    db.session.commit()
    return demo_app


def disposed() -> int:
    db.session.expire_all()
    return db.session.scalar(select(func.count()).select_from(Disposal)) or 0


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ({"cause": "x"}, "请选择逾期原因"),
        ({"route": "renewal"}, "请选择处置方式"),
        ({"route": ""}, "请选择处置方式"),
        ({"deadline": "x"}, "日期"),
        ({"deadline": "2023-12-04"}, "不能早于今天"),
        ({"measure": "长" * 401}, "不超过 400 字"),
    ],
)
def test_bad_input_is_told_and_kept(
    plain_app: Flask, signed_in: SignIn, typed: dict[str, str], said: str
) -> None:
    sent = SET | typed
    page = Browser(signed_in("agang")).post("/cases/bulk/disposal", status=422, **sent, seen="1")
    assert said in words(page) and sent["measure"] in page and disposed() == 0


def test_preview_then_apply_then_what_was_left(plain_app: Flask, signed_in: SignIn) -> None:
    numbers, agang = hush(), Browser(signed_in("agang"))
    page = agang.post("/cases/bulk/disposal", status=200, **SET)
    assert f"{len(numbers)} 件" in words(page) and disposed() == 0 and english_in(page) == set()
    version = db.session.get_one(Case, numbers[0]).version
    agang.post("/cases/bulk/disposal", **SET, seen=str(len(numbers)))
    assert disposed() == len(numbers)
    assert db.session.get_one(Case, numbers[0]).version == version + 1
    told = db.session.scalars(
        select(CaseEvent).where(CaseEvent.case_id == numbers[0]).order_by(CaseEvent.id)
    ).all()
    assert told[-1].kind is Event.DISPOSED and replay([(one.kind, one.state) for one in told])
    again = agang.post("/cases/bulk/disposal", follow=True, **SET | {"cause": "loss"}, seen=str(len(numbers)))
    assert (
        "保持不变" in words(again) and db.session.get_one(Disposal, numbers[0]).cause.value == "away_for_work"
    )
    agang.post("/cases/bulk/disposal", **SET | {"cause": "loss"}, seen=str(len(numbers)), replace="1")
    db.session.expire_all()
    assert db.session.get_one(Disposal, numbers[0]).cause.value == "loss" and disposed() == len(numbers)


def test_a_changed_count_is_told(plain_app: Flask, signed_in: SignIn) -> None:
    numbers = hush()
    fire(
        db.session(),
        db.session.get_one(Case, numbers[0]),
        Event.CLOSED,
        account("leader"),
        TODAY,
        closing=CloseReason.EXTENDED,
    )
    db.session.commit()
    page = Browser(signed_in("agang")).post("/cases/bulk/disposal", status=409, **SET, seen=str(len(numbers)))
    assert "请重新核对" in words(page) and disposed() == 0
    ticked = "&".join(f"id={n}" for n in numbers[:2])
    assert "不予办理" in words(Browser(signed_in("agang")).get(f"/cases/bulk?{ticked}"))


def test_compensation_leaves_out_what_is_too_early(plain_app: Flask, signed_in: SignIn) -> None:
    hush()
    office, query = Browser(signed_in("office")), "/cases/bulk/disposal"
    sent = SET | {"cause": "death", "route": "compensation"}
    total = db.session.scalar(select(func.count()).where(Case.closed_on.is_(None)))
    office.post(query, **sent, seen=str(total))
    db.session.expire_all()
    days = [(TODAY - one.case.due_on).days for one in db.session.scalars(select(Disposal))]
    assert days and min(days) > 90 and len(days) < total


def test_beyond_the_scope_nothing_is_touched(plain_app: Flask, signed_in: SignIn) -> None:
    number = hush()[0]
    page = Browser(signed_in("jiulong")).post(f"/cases/bulk/disposal?id={number}", status=200, **SET)
    assert "共 0" in words(page) or "没有" in words(page) or "0 件" in words(page)
    Browser(signed_in("jiulong")).post(f"/cases/bulk/disposal?id={number}", **SET, seen="0")
    assert disposed() == 0
    for who, path in (("agang", "assign"), ("auditor", "disposal"), ("auditor", "export")):
        Browser(signed_in(who)).post(f"/cases/bulk/{path}", status=403, **SET)
    Browser(signed_in("agang")).get("/cases/bulk?id=x", status=404)


def test_a_line_is_given_with_a_reason(plain_app: Flask, signed_in: SignIn) -> None:
    numbers, leader = hush(), Browser(signed_in("leader"))
    ticked = "&".join(f"id={n}" for n in numbers[:2])
    to = str(account("agang").id)
    assert "请填写原因" in words(leader.post(f"/cases/bulk/assign?{ticked}", status=422, to=to))
    assert "请选择催收人员" in words(
        leader.post(f"/cases/bulk/assign?{ticked}", status=422, to="1x", reason="分片")
    )
    page = leader.post(f"/cases/bulk/assign?{ticked}", follow=True, to=to, reason="分片", seen="2")
    assert "原已由该人员负责" in words(page)


def test_the_workbook_is_masked_marked_and_recorded(plain_app: Flask, signed_in: SignIn) -> None:
    number = hush()[0]
    who = db.session.get_one(Case, number).borrower
    secrets = [who.id_number, who.phone or who.id_number]
    answer = Browser(signed_in("agang")).answer("POST", f"/cases/bulk/export?id={number}")
    sheet = openpyxl.load_workbook(BytesIO(answer.data)).active
    cells = [str(cell.value) for row in sheet.iter_rows() for cell in row]
    assert who.name in cells and not set(secrets) & set(cells) and any("agang" in cell for cell in cells)
    entry = db.session.scalars(select(AuditEntry).order_by(AuditEntry.id.desc())).first()
    assert entry and entry.action == "cases.export"


def test_statements_do_not_grow_with_the_cases(plain_app: Flask, signed_in: SignIn) -> None:
    numbers, agang = hush(), Browser(signed_in("agang"))
    counts = []
    for query in (f"?id={numbers[0]}", ""):
        seen = "1" if query else str(len(numbers))
        with statements() as found:
            agang.post(f"/cases/bulk/disposal{query}", **SET, seen=seen, replace="1")
        counts.append(len(found) if hasattr(found, "__len__") else found.number)
    assert counts[0] == counts[1]


def test_each_case_gets_its_own_collector_as_owner(plain_app: Flask, signed_in: SignIn) -> None:
    numbers, agang = hush(), Browser(signed_in("agang"))
    for line, column in (("township", Case.township_user_id), ("branch", Case.branch_user_id)):
        agang.post("/cases/bulk/disposal", **SET, owner=line, seen=str(len(numbers)), replace="1")
        db.session.expire_all()
        holders = dict(db.session.execute(select(Case.id, column).where(Case.id.in_(numbers))).tuples().all())
        assert {one.case_id: one.owner_id for one in db.session.scalars(select(Disposal))} == holders
    agang.post("/cases/bulk/disposal", **SET, seen=str(len(numbers)), replace="1")
    db.session.expire_all()
    assert {one.owner_id for one in db.session.scalars(select(Disposal))} == {None}


STEP = {"step": "visit", "next_on": "2023-12-07", "text": "入户走访"}


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ({"step": "x"}, "请选择下一步"),
        ({"next_on": "x"}, "日期"),
        ({"next_on": "2023-12-04"}, "不能早于"),
        ({"text": " "}, "请填写说明"),
        ({"text": "长" * 201}, "请填写说明"),
    ],
)
def test_a_next_step_that_cannot_be_is_told(
    plain_app: Flask, signed_in: SignIn, typed: dict[str, str], said: str
) -> None:
    number = hush()[0]
    page = Browser(signed_in("agang")).post(f"/cases/bulk/next?id={number}", status=422, **STEP | typed)
    assert said in words(page)
    db.session.expire_all()
    assert db.session.get_one(Case, number).township_action_on is None


def test_a_next_step_is_set_on_the_own_line_of_all(
    plain_app: Flask, signed_in: SignIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    numbers, agang = hush(), Browser(signed_in("agang"))
    ticked = "&".join(f"id={n}" for n in numbers[:3])
    done = agang.post(f"/cases/bulk/next?{ticked}", follow=True, **STEP, seen="3")
    assert "已为 3 件案件安排下一步" in words(done) and english_in(done) <= {"Excel"}
    db.session.expire_all()
    days = [db.session.get_one(Case, n).township_action_on for n in numbers]
    assert [str(day) for day in days[:3]] == ["2023-12-07"] * 3 and set(days[3:]) == {None}
    assert {db.session.get_one(Case, n).branch_action_on for n in numbers} == {None}
    page = Browser(signed_in("leader")).post(f"/cases/bulk/next?{ticked}", status=422, **STEP)
    assert "清收员" in words(page)
    monkeypatch.setattr("app.desk.bulk_work.MOST_STEPS", 2)
    assert "缩小筛选范围" in words(agang.post(f"/cases/bulk/next?{ticked}", status=422, **STEP))


def test_papers_are_printed_for_all(plain_app: Flask, signed_in: SignIn) -> None:
    ticked = "&".join(f"id={n}" for n in hush()[:3])
    agang, sent = Browser(signed_in("agang")), {"kind": "promise", "pay_by": "2023-12-20"}
    for typed, said in (
        ({"kind": "x"}, "文书"),
        ({"pay_by": "x"}, "日期"),
        ({"pay_by": "2023-12-05"}, "日期"),
    ):
        agang.post(f"/cases/bulk/print?{ticked}", status=422, **sent | typed, seen="3")
        assert said in words(agang.post(f"/cases/bulk/print?{ticked}", status=422, **sent | typed))
    done = agang.post(f"/cases/bulk/print?{ticked}", follow=True, **sent, seen="3")
    assert "已生成 3 份文书" in words(done)
