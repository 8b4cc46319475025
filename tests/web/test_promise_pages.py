"""Promises and reported repayments on the pages: bad input first, and nothing that was typed is ever lost."""

import re
from datetime import date
from io import BytesIO

import pytest
from flask import Flask
from PIL import Image
from sqlalchemy import select
from werkzeug.datastructures import FileStorage

from app.cases.models import Case
from app.contacts.models import Attachment, Contact
from app.db import db
from app.promises.models import Promise, ReportedRepayment
from app.promises.rules import PromiseState, ReportState
from tests.conftest import SignIn
from tests.web.browser import Browser, english_in, words

AGANG = "530324106"
TODAY = date(2023, 12, 5)


@pytest.fixture
def county(demo_app: Flask) -> Flask:
    """The demonstration county at half past ten of its day."""
    demo_app.config.update(WTF_CSRF_ENABLED=False, NOW="2023-12-05T10:30+08:00")
    return demo_app


@pytest.fixture
def number(county: Flask) -> int:
    """A case in 阿岗镇 that nobody has written on yet."""
    written = select(Contact.borrower_id)
    query = select(Case.id).where(
        Case.township_code == AGANG,
        Case.closed_on.is_(None),
        Case.borrower_id.not_in(written),
        Case.id.not_in(select(ReportedRepayment.case_id)),
    )
    return db.session.scalars(query.order_by(Case.id)).all()[0]


@pytest.fixture
def agang(signed_in: SignIn, number: int) -> Browser:
    return Browser(signed_in("agang"))


def of_case(kind: type, number: int) -> list:
    db.session.rollback()
    return list(db.session.scalars(select(kind).where(kind.case_id == number).order_by(kind.id)))


def promise(**typed: str) -> dict[str, str]:
    return {f"promise-{name}": value for name, value in typed.items()}


def repayment(**typed: object) -> dict[str, object]:
    return {f"repayment-{name}": value for name, value in typed.items()}


def photo(content: bytes | None = None) -> FileStorage:
    out = BytesIO()
    Image.new("RGB", (64, 48), "teal").save(out, "JPEG")
    return FileStorage(BytesIO(content if content is not None else out.getvalue()), filename="回单.jpg")


@pytest.mark.parametrize(
    ("typed", "sentence"),
    [
        ({"amount": ""}, "请填写金额"),
        ({"amount": "许多"}, "请填写以元为单位的金额"),
        ({"amount": "0"}, "金额须大于零"),
        ({"amount": "-5"}, "金额须大于零"),
        ({"amount": "99999999"}, "超过尚欠金额"),
        ({"amount": "100", "when": "day"}, "请选择日期"),
        ({"amount": "100", "on": "12月"}, "请按 2023-12-05 的格式填写"),
        ({"amount": "100", "on": "2023-12-04"}, "不能早于今天"),
        ({"amount": "100", "on": "2033-12-04"}, "承诺还款日期最晚为"),
        ({"amount": "100", "on": "9999-12-04", "count": "12"}, "承诺日期过远"),
        ({"amount": "0.05", "count": "12"}, "金额须大于零"),
    ],
)
def test_a_promise_that_cannot_be_comes_back_whole(
    agang: Browser, number: int, typed: dict[str, str], sentence: str
) -> None:
    sent = promise(text="卖猪后还", key="k1", **typed)
    page = agang.post(f"/cases/{number}/promises", status=422, **sent)
    assert sentence in words(page)
    for value in (
        "卖猪后还",
        'value="k1"',
        *(f'value="{v}"' for n, v in typed.items() if n == "amount" and v),
    ):
        assert value in page
    assert of_case(Promise, number) == [] and of_case(Contact, number) == []


def test_a_promise_in_three_taps(agang: Browser, number: int) -> None:
    page = agang.get(f"/cases/{number}")
    shown = re.search(r'id="promise-amount"[^>]*value="([\d.]+)"', page)
    assert shown and re.search(r'value="week"[^>]* checked', page)
    sent = promise(amount=shown[1], when="month_end", key="k")
    said = words(agang.post(f"/cases/{number}/promises", follow=True, **sent))
    assert "2023年12月31日 前还款" in said or "2023年12月31日前还款" in said
    agang.post(f"/cases/{number}/promises", **sent)
    (made,) = of_case(Promise, number)
    assert (made.last_due_on, len(of_case(Contact, number))) == (date(2023, 12, 31), 1)


def test_instalments_and_on_in_the_queue(agang: Browser, number: int) -> None:
    sent = promise(amount="1,000.01 元", on="2023-12-31", count="3", text="分三次还", channel="visit")
    answer = agang.answer("POST", f"/cases/{number}/promises?next=7", data=sent)
    assert "next=7" in answer.headers["Location"]
    (made,) = of_case(Promise, number)
    assert [(p.due_on, p.amount) for p in made.instalments] == [
        (date(2023, 12, 31), 33334), (date(2024, 1, 31), 33334), (date(2024, 2, 29), 33333),
    ]  # fmt: skip


def test_cancelling_says_why_and_meets_what_others_did(agang: Browser, number: int) -> None:
    agang.post(f"/cases/{number}/promises", **promise(amount="500"))
    (made,) = of_case(Promise, number)
    version = str(db.session.get_one(Case, number).version)
    path = f"/cases/{number}/promises/{made.id}/cancel"
    assert "请填写原因" in words(
        agang.post(path, status=422, **{"cancel-reason": "", "cancel-version": version})
    )
    stale = agang.post(path, status=409, **{"cancel-reason": "记错了", "cancel-version": "0"})
    assert "记错了" in stale
    agang.post(path, **{"cancel-reason": "记错了", "cancel-version": version})
    assert of_case(Promise, number)[0].state is PromiseState.CANCELLED
    late = agang.post(path, status=422, **{"cancel-reason": "又一次", "cancel-version": version})
    assert "这项承诺已不在履行中" in words(late) and "又一次" in late
    agang.post(f"/cases/{number}/promises/{10**9}/cancel", status=404)


@pytest.mark.parametrize(
    ("typed", "sentence"),
    [
        ({"amount": "x"}, "请填写以元为单位的金额"),
        ({"amount": "99999999"}, "超过尚欠金额"),
        ({"paid_on": "2023-12-06"}, "时间不能晚于现在"),
        ({"paid_on": ""}, "请选择日期"),
        ({"evidence": " "}, "请说明依据"),
        ({"costs": "许多"}, "请填写以元为单位的金额"),
        ({"costs": "-1"}, "费用不能小于零"),
        ({"costs": "101"}, "费用超过了还款总额"),
    ],
)
def test_a_report_that_cannot_be_comes_back_whole(
    agang: Browser, number: int, typed: dict[str, str], sentence: str
) -> None:
    sent = {"amount": "100", "paid_on": "2023-12-04", "evidence": "网点回单", "key": "k2"} | typed
    page = agang.post(f"/cases/{number}/repayments", status=422, **repayment(**sent))
    assert sentence in words(page)
    assert all(f'value="{value}"' in page for value in sent.values() if value.strip())
    assert of_case(ReportedRepayment, number) == []


def test_a_script_is_no_photo(agang: Browser, number: int) -> None:
    sent = repayment(amount="100", paid_on="2023-12-04", photo=photo(b"<script>alert(1)</script>"))
    page = agang.post(f"/cases/{number}/repayments", status=422, **sent)
    assert "请重新选择文件" in words(page) and of_case(Attachment, number) == []


def test_a_report_with_its_photo_and_the_same_again(agang: Browser, number: int) -> None:
    sent = {"amount": "100", "paid_on": "2023-12-04", "costs": "10"}
    page = agang.post(f"/cases/{number}/repayments", follow=True, **repayment(**sent, photo=photo()))
    assert "费用 10.00 元" in words(page) and "已登记，台账尚未反映" in words(page)
    asked = agang.post(f"/cases/{number}/repayments", status=422, **repayment(**sent, evidence="又一张"))
    assert "确认是另一笔吗" in words(asked) and "又一张" in asked
    agang.post(f"/cases/{number}/repayments", **repayment(**sent, evidence="又一张", again="y"))
    first, second = of_case(ReportedRepayment, number)
    assert (first.costs, first.attachment_id is None, second.attachment_id) == (1000, False, None)
    path = f"/cases/{number}/repayments/{second.id}/withdraw"
    assert "请填写原因" in words(agang.post(path, status=422))
    agang.post(path, **{f"withdraw-{second.id}-reason": "重复登记"})
    assert of_case(ReportedRepayment, number)[1].state is ReportState.WITHDRAWN
    assert "请填写" not in words(agang.post(path, status=422, **{f"withdraw-{second.id}-reason": "再次"}))


def test_each_number_opens_its_promises(signed_in: SignIn, county: Flask) -> None:
    office = Browser(signed_in("office"))
    for by in ("collector", "township", "line"):
        page = office.get(f"/promises/kept?month=2023-12&by={by}")
        assert not english_in(page)
        links = re.findall(r'href="(/promises/\?show=judged[^"]*)">(\d+)<', page)
        assert links
        for path, shown in links:
            rows = office.get(path.replace("&amp;", "&"))
            assert f"共 {shown} 项承诺" in words(rows), (path, shown)


def test_the_lists_keep_to_the_readers_scope(signed_in: SignIn, county: Flask) -> None:
    everything, own = (Browser(signed_in(name)).get("/promises/?show=broken") for name in ("office", "agang"))
    assert "罗雄" in everything and "罗雄" not in words(own)
    for path in ("/promises/?show=all", "/promises/?line=x", "/promises/?township=x", "/promises/kept?by=x",
                 "/promises/kept?month=x", "/promises/?month=2023-13"):  # fmt: skip
        Browser(signed_in("office")).get(path, status=404)
    Browser(signed_in("office")).get("/promises/?after=x", status=400)


def test_the_ledgers_word_against_a_report(signed_in: SignIn, county: Flask) -> None:
    page = Browser(signed_in("office")).get("/promises/contradictions")
    assert "本人称已存入还款卡" in page and "2000.00" in words(page)
    assert "网点回单" not in page  # confirmed by November's ledger
