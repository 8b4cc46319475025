"""The pages: bad input first, then the whole way by two people, and what a reader sees a year later."""

import hashlib
import re

import pytest
from flask import Flask
from sqlalchemy import select

from app.bulletin import checklist
from app.bulletin.closing import close_month, settle
from app.bulletin.rules import Standing
from app.clock import parse_month
from app.db import db
from app.editions.models import Clause, Edition, EditionFile
from app.editions.states import State
from tests.conftest import SignIn
from tests.desk.quiet import TODAY
from tests.web.browser import Browser, english_in, words

pytestmark = pytest.mark.parametrize("db_kind", ["sqlite"], indirect=False)
COUNTY = "530324"


@pytest.fixture
def plain_app(demo_app: Flask) -> Flask:
    demo_app.config["WTF_CSRF_ENABLED"] = False
    for edition in db.session.scalars(select(Edition)).all():
        assert edition.state is not State.PUBLISHED or edition.month.month != 11
    return demo_app


@pytest.fixture
def office(plain_app: Flask, signed_in: SignIn) -> Browser:
    return Browser(signed_in("office"))


@pytest.fixture
def leader(plain_app: Flask, signed_in: SignIn) -> Browser:
    return Browser(signed_in("leader"))


def current() -> Edition:
    db.session.expire_all()
    query = select(Edition).where(Edition.month == parse_month("2023-11")).order_by(Edition.id.desc())
    return db.session.scalars(query.limit(1)).one()


def draft(office: Browser) -> str:
    office.post("/editions/", region=COUNTY, month="2023-11")
    return f"/editions/{current().id}"


def typed(**changes: str) -> dict[str, str]:
    edition = current()
    values = {name: getattr(edition, name) for name in ("title", "opening", "problems", "demands", "version")}
    return {name: str(value) for name, value in (values | changes).items()}


def close_november() -> None:
    """With what is open on the check list settled by a reason."""
    session, month = db.session(), parse_month("2023-11")
    for item in checklist.check(session, COUNTY, month).items:
        if item.standing is Standing.OPEN:
            settle(session, COUNTY, month, item.kind, item.key, "已核实。", "office")
    close_month(session, COUNTY, month, "office", TODAY)
    session.commit()


def test_bad_input_is_told_at_its_field_and_kept(office: Browser) -> None:
    page = draft(office)
    answer = office.post(f"{page}/text", 422, **typed(problems="全县{逾期比率}、{阿岗乡·逾期率}。"))
    assert "最接近的是“逾期率”" in answer and "是不是“阿岗镇”" in answer and "{逾期比率}" in answer
    assert "标题为 1 至" in words(office.post(f"{page}/text", 422, **typed(title=" ")))
    version = current().version
    other = typed(demands="我的要求。")
    office.post(f"{page}/text", **typed(demands="别人的要求。"))
    answer = office.post(f"{page}/text", 422, **other)
    assert "另一位同事已保存" in answer and "我的要求。" in answer and "<del>别人</del>" in answer
    assert current().demands == "别人的要求。" and current().version == version + 1
    answer = office.post(f"{page}/comments", 422, block="0", quote="没有的话", text="请核对")
    assert "该段落中没有这些文字" in answer and "请核对" in answer
    assert "请选择段落" in words(office.post(f"{page}/comments", 422, block="999", text="请核对"))
    assert "由其他人审批" in words(office.post(f"{page}/approve", 422))
    office.post("/editions/", 404, region="530325", month="2023-11")
    office.post("/editions/", 404, region=COUNTY, month="十月")
    assert "没有数据" in words(office.post("/editions/", 422, region=COUNTY, month="2021-01"))


def test_the_whole_way_by_two_people(office: Browser, leader: Browser) -> None:
    page = draft(office)
    shown = office.get(page)
    assert english_in(shown, "KB", "SHA-256", "Word", "Excel") == set()
    assert (
        "比全省平均逾期率" in words(shown) and "/bulletin/loans?figure=overdue&amp;region=530324106" in shown
    )
    assert f"{page}/approve" not in shown and "由其他人" in shown
    assert "{逾期率}" in office.get(f"{page}/text")
    office.post(f"{page}/text", **typed(problems="（一）逾期率偏高\n阿岗镇逾期率99.99%。"))
    marked = office.get(page)
    assert "与数据" in words(marked) and "须处理" in words(marked) and "<mark>" in marked
    assert "99.99%" in words(leader.post(f"{page}/approve", 422))
    leader.post(f"{page}/comments", block="1", quote="", text="请改正。")
    office.post(f"{page}/text", **typed(problems="（一）逾期率偏高\n阿岗镇逾期率{阿岗镇·逾期率}。"))
    compared = office.get(f"{page}/changes")
    assert "<del>" in compared and "<ins>" in compared
    assert "批注没有处理" in words(leader.post(f"{page}/approve", 422))
    number = re.search(rf"{page}/comments/(\d+)", leader.get(page))
    assert number
    leader.post(f"{page}/comments/{number[1]}")
    leader.post(f"{page}/approve")
    assert "还没有结账" in words(office.post(f"{page}/publish", 422))
    close_november()
    assert "由其他人发布" in words(leader.post(f"{page}/publish", 422))
    assert "将使用文号" in words(office.get(page))
    office.post(f"{page}/publish")
    public = office.get(page)
    edition = current()
    assert edition.number and edition.number in words(public) and "全部数据可复算" in words(public)
    for kept in db.session.scalars(select(EditionFile).where(EditionFile.edition_id == edition.id)):
        answer = office.answer("GET", f"{page}/files/{kept.name}")
        assert hashlib.sha256(answer.data).hexdigest() == kept.sha256 and kept.sha256 in public
    office.get(f"{page}/text", 404)
    assert "请说明替代的原因" in words(office.post(f"{page}/replace", 422, why=" "))
    office.post(f"{page}/replace", why="漏写一个乡镇")
    assert "正在起草" in words(office.get(page))


def test_drafts_are_for_makers_and_auditors_what_is_published_for_all(
    office: Browser, leader: Browser, signed_in: SignIn
) -> None:
    page = draft(office)
    collector, auditor = Browser(signed_in("agang")), Browser(signed_in("auditor"))
    collector.get(page, 404)
    collector.get(f"{page}/changes", 404)
    assert "修改文稿" not in words(auditor.get(page))
    auditor.get(f"{page}/text", 403)
    auditor.post(f"{page}/approve", 403)
    draft_file = office.answer("GET", f"{page}/files/bulletin.txt")
    assert "草稿" in draft_file.text
    db.session.execute(
        Edition.__table__.update().where(Edition.id == current().id).values(state=State.PUBLISHED)
    )
    db.session.commit()
    assert "经过" not in words(collector.get(page)) and "2023年11月" in words(collector.get("/editions/"))
    Browser(signed_in("agang-bank")).get(page)


def test_letterhead_and_clauses(office: Browser) -> None:
    assert "只写文字" in words(
        office.post(
            "/editions/letterhead", 422, region=COUNTY, prefix="罗〔2023〕", signatory="办公室", last="0"
        )
    )
    kept_head = {"region": COUNTY, "prefix": "罗振发", "signatory": "办公室", "red_head": "罗平县文件"}
    office.post("/editions/letterhead", last="40", **kept_head)
    assert "不能退回" in words(office.post("/editions/letterhead", 422, last="3", **kept_head))
    shown = office.get("/editions/clauses")
    assert "压实双线清收责任" in shown and english_in(shown) == set()
    answer = office.post("/editions/clauses", 422, region=COUNTY, kind="demand", condition="always", active="0",
                         text="{逾期比率}要下降")  # fmt: skip
    assert "最接近的是“逾期率”" in answer and "{逾期比率}要下降" in answer
    office.post("/editions/clauses", region=COUNTY, kind=["demand", "problem", "demand"], active=["0"],
                condition=["always", "overdue", "always"], text=["甲\n乙", "丙", " "])  # fmt: skip
    kept = db.session.scalars(select(Clause).order_by(Clause.position)).all()
    assert [(clause.text, clause.active) for clause in kept] == [("甲\n乙", True), ("丙", False)]
    draft(office)
    assert current().demands == "（一）甲\n乙" and "丙" not in current().problems
