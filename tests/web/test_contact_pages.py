"""Calling and noting on the pages: bad input first, and nothing that was typed is ever lost."""

import re
from io import BytesIO

import pytest
from flask import Flask
from PIL import Image
from sqlalchemy import func, select
from werkzeug.datastructures import FileStorage

from app.cases.models import Case
from app.cases.states import State
from app.contacts.models import Approach, Attachment, Contact
from app.contacts.rules import AttachmentKind, Channel, Disposition, NextAction, Reached
from app.db import db
from app.fairness.models import BorrowerMark, BorrowerPhone
from app.fairness.words import Mark, Reaches, Whose
from tests.conftest import SignIn
from tests.web.browser import Browser, english_in, words
from tests.web.reading import Page

AGANG = "530324106"
TEN = "2023-12-05T10:30+08:00"


@pytest.fixture
def county(demo_app: Flask) -> Flask:
    """The demonstration county at half past ten of its day."""
    demo_app.config.update(WTF_CSRF_ENABLED=False, NOW=TEN)
    return demo_app


@pytest.fixture
def number(county: Flask) -> int:
    """A case in 阿岗镇 that nobody has written on yet."""
    written = select(Contact.borrower_id)
    query = select(Case.id).where(
        Case.township_code == AGANG, Case.closed_on.is_(None), Case.borrower_id.not_in(written)
    )
    return db.session.scalars(query.order_by(Case.id)).all()[0]


@pytest.fixture
def agang(signed_in: SignIn, number: int) -> Browser:
    return Browser(signed_in("agang"))


def the_case(number: int) -> Case:
    db.session.rollback()
    return db.session.get_one(Case, number)


def contacts(number: int) -> list[Contact]:
    db.session.rollback()
    return list(db.session.scalars(select(Contact).where(Contact.case_id == number).order_by(Contact.id)))


def marks(number: int) -> list[BorrowerMark]:
    query = select(BorrowerMark).where(BorrowerMark.borrower_id == the_case(number).borrower_id)
    return list(db.session.scalars(query))


def photo(name: str = "IMG_1.jpg", content: bytes | None = None) -> FileStorage:
    if content is None:
        out = BytesIO()
        Image.new("RGB", (64, 48), "teal").save(out, "JPEG")
        content = out.getvalue()
    return FileStorage(BytesIO(content), filename=name)


# Notes


def test_a_note_that_cannot_be_saved_comes_back_whole(agang: Browser, number: int) -> None:
    typed = {
        "channel": "call", "disposition": "disputes", "reached": "family", "text": "", "next_action": "paper",
        "next_when": "day", "next_on": "2023-12-20", "at": "2023-12-04T15:20", "third_party_reason": "本人外出",
        "marks": "incapable", "key": "k1",
    }  # fmt: skip
    page = agang.post(f"/cases/{number}/contacts", status=422, **typed)
    assert "请填写联系情况" in words(page)
    for value in ("call", "disputes", "family", "paper", "day", "incapable"):
        assert re.search(rf'value="{value}"[^>]* checked', page), value
    for value in ("2023-12-20", "2023-12-04T15:20", "本人外出", "k1"):
        assert f'value="{value}"' in page
    assert contacts(number) == []


@pytest.mark.parametrize(
    ("typed", "sentence"),
    [
        ({"at": "2023-12-05T10:45"}, "时间不能晚于现在"),
        ({"at": "昨天"}, "请按 2023-12-05 09:30 的格式填写"),
        ({"at": "2003-12-04T10:00"}, "请核对年份"),
        ({"next_when": "day", "next_on": ""}, "请选择日期"),
        ({"next_when": "day", "next_on": "2023-12-04"}, "不能早于今天"),
        ({"next_when": "day", "next_on": "12月"}, "请按 2023-12-05 的格式填写"),
    ],
)
def test_each_mistake_is_told_at_its_field(
    agang: Browser, number: int, typed: dict[str, str], sentence: str
) -> None:
    page = agang.post(
        f"/cases/{number}/contacts", status=422, text="到户走访", disposition="refuses", **typed
    )
    assert sentence in words(page) and "到户走访" in page
    assert contacts(number) == []


def test_two_taps_are_a_note(agang: Browser, number: int) -> None:
    page = agang.post(f"/cases/{number}/contacts", follow=True, channel="visit", disposition="out_for_work")
    [made] = contacts(number)
    assert (made.channel, made.disposition, made.reached) == (
        Channel.VISIT, Disposition.OUT_FOR_WORK, Reached.FAMILY,
    )  # fmt: skip
    assert (made.next_action, str(made.next_action_on)) == (NextAction.CALL, "2023-12-12")
    assert "下一步：2023年12月12日再次电话联系" in words(page) and made.breaches == []
    assert english_in(page) == set()


@pytest.mark.parametrize(
    ("typed", "step", "on"),
    [
        ({"next_when": "1"}, NextAction.VISIT, "2023-12-06"),
        ({"next_when": "3", "next_action": "paper"}, NextAction.PAPER, "2023-12-08"),
        ({"next_when": "7", "next_action": "none"}, None, "None"),
        ({"next_when": "day", "next_on": "2024-01-15"}, NextAction.VISIT, "2024-01-15"),
        ({"next_on": "2024-01-15"}, NextAction.VISIT, "2024-01-15"),
        ({}, NextAction.VISIT, "2023-12-12"),
    ],
)
def test_the_next_step_in_a_tap(
    agang: Browser, number: int, typed: dict[str, str], step: NextAction | None, on: str
) -> None:
    agang.post(f"/cases/{number}/contacts", disposition="refuses", channel="visit", **typed)
    [made] = contacts(number)
    assert (made.next_action, str(made.next_action_on)) == (step, on)
    assert str(the_case(number).township_action_on) == on


def test_one_tap_for_no_answer_sent_five_times(agang: Browser, number: int) -> None:
    for _ in range(5):
        agang.post(f"/cases/{number}/no-answer", key="tap", phone="ledger")
    [made] = contacts(number)
    assert (made.disposition, made.reached) == (Disposition.NO_ANSWER, Reached.NOBODY)
    assert made.phone is not None and made.phone.reaches is Reaches.NO_ANSWER
    assert str(the_case(number).township_action_on) == "2023-12-06"


def test_the_browser_is_told_which_draft_is_saved(agang: Browser, number: int) -> None:
    answer = agang.answer(
        "POST", f"/cases/{number}/contacts", data={"disposition": "refuses", "channel": "visit", "key": "d1"}
    )
    assert "note_saved=d1" in answer.headers["Set-Cookie"]
    assert answer.headers["Location"].endswith(f"/cases/{number}#history")
    onward = agang.answer(
        "POST", f"/cases/{number}/contacts?next=7", data={"disposition": "refuses", "key": "d2"}
    )
    assert onward.headers["Location"] == f"/cases/{number}/next?next=7"


def test_a_case_closed_meanwhile_keeps_the_note_and_says_so(agang: Browser, number: int) -> None:
    from datetime import date

    from app.cases.states import CloseReason

    found = the_case(number)
    found.state, found.closed_on, found.close_reason = State.CLOSED, date(2023, 12, 5), CloseReason.REPAID
    db.session.commit()
    page = agang.post(f"/cases/{number}/contacts", follow=True, disposition="paid", channel="visit")
    assert "记录已保存在已结案件上" in words(page) and len(contacts(number)) == 1


def test_a_correction_strikes_the_old_entry(agang: Browser, number: int) -> None:
    agang.post(f"/cases/{number}/contacts", disposition="refuses", channel="visit", text="误记")
    [old] = contacts(number)
    form = agang.get(f"/cases/{number}/contacts/{old.id}/correct")
    assert "误记" in form and f'name="corrects_id" type="hidden" value="{old.id}"' in form
    back = agang.post(f"/cases/{number}/contacts", 422, corrects_id=old.id, text="", disposition="other")
    assert "更正记录" in words(back) and "误记" in back
    page = agang.post(
        f"/cases/{number}/contacts",
        follow=True,
        corrects_id=old.id,
        disposition="paid",
        channel="visit",
        text="改正",
    )
    new = contacts(number)[-1]
    assert "<del>误记</del>" in page and f"#contact-{new.id}" in Page(page).hrefs
    agang.post(f"/cases/{number}/contacts", 422, corrects_id=old.id, disposition="paid", channel="visit")
    agang.get(f"/cases/{number}/contacts/999999/correct", 404)


# Calling


def test_the_number_is_shown_for_a_minute_to_whoever_asked(
    county: Flask, signed_in: SignIn, agang: Browser, number: int
) -> None:
    phone = the_case(number).loan.borrower.phone
    assert phone and phone not in agang.get(f"/cases/{number}")
    answer = agang.answer("POST", f"/cases/{number}/call", data={"phone": "ledger"})
    path = answer.headers["Location"]
    page = agang.get(path)
    assert f'href="tel:{phone}"' in page and 'name="approach_id" type="hidden" value="' in page
    assert english_in(page) == set() and phone not in path
    Browser(signed_in("agang-bank")).get(path, 404)
    Browser(signed_in("office")).get(path, 404)
    county.config["NOW"] = "2023-12-05T10:31:01+08:00"
    assert phone not in agang.get(path) and "号码已显示满一分钟" in words(agang.get(path))


def test_the_other_line_is_told_who_called_and_a_leader_may_override(
    county: Flask, signed_in: SignIn, agang: Browser, number: int
) -> None:
    agang.post(f"/cases/{number}/call", phone="ledger")
    bank, leader = Browser(signed_in("agang-bank")), Browser(signed_in("leader"))
    page = words(bank.post(f"/cases/{number}/call", 409, phone="ledger"))
    assert "（乡镇）已于 10:30 拨打" in page and "今天 11:00 后可以" in page and "系统默认" in page
    assert "破例拨打" not in page
    assert "今天 11:00 后可以" in words(bank.get(f"/cases/{number}"))
    bank.post(f"/cases/{number}/call", 422, phone="ledger", override_reason="着急")
    asked = leader.post(f"/cases/{number}/call", 409, phone="ledger")
    assert "破例拨打" in words(asked) and english_in(asked) == set()
    blank = leader.post(f"/cases/{number}/call", 422, phone="ledger", override_reason=" ")
    assert "请填写原因" in words(blank) and "（乡镇）已于 10:30 拨打" in words(blank)
    assert "tel:" in leader.post(
        f"/cases/{number}/call", follow=True, phone="ledger", override_reason="本人约定"
    )
    made = db.session.scalars(select(Approach).where(Approach.override_reason != "")).one()
    assert (made.rule, made.override_reason, made.user.username) == ("just_called", "本人约定", "leader")
    refused = select(func.count()).select_from(Approach).where(~Approach.allowed)
    assert db.session.scalar(refused) == 2


def test_a_collector_of_another_line_sees_and_does_not_call(
    county: Flask, signed_in: SignIn, number: int
) -> None:
    found = the_case(number)
    found.township_user_id = found.branch_user_id
    db.session.commit()
    stranger = Browser(signed_in("agang"))
    page = stranger.get(f"/cases/{number}")
    assert f"/cases/{number}/call" not in page and "电话由本案责任人拨打" in words(page)
    stranger.post(f"/cases/{number}/call", 409, phone="ledger")
    stranger.post(f"/cases/{number}/call", 422, phone="999")
    assert db.session.scalar(select(func.count()).select_from(Approach)) == 0


# Attachments


def test_a_photo_is_kept_with_the_note_and_served_within_the_cases_scope(
    county: Flask, signed_in: SignIn, agang: Browser, number: int
) -> None:
    page = agang.post(
        f"/cases/{number}/contacts", follow=True, disposition="refuses", channel="visit", key="p",
        photo=photo("门牌.jpg"), papers=photo("回执.pdf", b"%PDF-1.4\n1 0 obj<<>>endobj\n%%EOF\n"),
    )  # fmt: skip
    [made] = contacts(number)
    first, second = made.attachments
    assert [a.kind for a in made.attachments] == [AttachmentKind.PHOTO, AttachmentKind.ACKNOWLEDGEMENT]
    path = f"/cases/{number}/attachments/{first.id}"
    assert path in Page(page).hrefs
    for query in ("", "?small=1"):
        answer = agang.answer("GET", path + query)
        assert answer.status_code == 200 and answer.mimetype == "image/jpeg"
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        assert answer.headers["Content-Security-Policy"].startswith("sandbox; default-src 'none'")
        assert answer.headers["Content-Disposition"].startswith("inline")
        assert (
            answer.headers["Content-Disposition"].isascii() and answer.headers["Cache-Control"] == "no-store"
        )
    paper = agang.answer("GET", f"/cases/{number}/attachments/{second.id}")
    assert paper.mimetype == "application/pdf" and paper.headers["Content-Disposition"].startswith(
        "attachment"
    )
    assert Browser(signed_in("auditor")).answer("GET", path).status_code == 200
    Browser(signed_in("jiulong")).get(path, 404)
    foreign = db.session.scalars(select(Case.id).where(Case.id != number).limit(1)).one()
    Browser(signed_in("office")).get(f"/cases/{foreign}/attachments/{first.id}", 404)
    agang.post(f"/cases/{number}/contacts", disposition="refuses", channel="visit", key="p", photo=photo())
    assert db.session.scalar(select(func.count()).select_from(Attachment)) == 2  # sent twice, kept once


@pytest.mark.parametrize(
    ("file", "sentence"),
    [
        (b"\xff\xd8" + b"0" * (40 * 1024 * 1024), "超过 10 MB 上限"),
        (b"<script>alert(1)</script>", "不是图片或 PDF"),
        (b"%PDF-1.4\n<</S /JavaScript>>\n%%EOF", "含有脚本"),
    ],
    ids=["40 MB", "script", "acting PDF"],
)
def test_a_bad_file_costs_one_sentence_and_nothing_typed(
    agang: Browser, number: int, file: bytes, sentence: str
) -> None:
    page = agang.post(
        f"/cases/{number}/contacts",
        422,
        text="到户，拍了门牌",
        disposition="ill",
        photo=photo("IMG_2.jpg", file),
    )
    said = words(page)
    assert sentence in said and "已填写的内容仍在" in said and "到户，拍了门牌</textarea>" in page
    assert contacts(number) == []


def test_six_files_are_too_many(agang: Browser, number: int) -> None:
    six = [photo(f"{n}.jpg") for n in range(6)]
    page = agang.post(f"/cases/{number}/contacts", 422, text="六张", photo=six)
    assert "最多附 5 个文件" in words(page)


# Marks and numbers


def test_a_mark_stops_calls_and_moves_the_case(signed_in: SignIn, agang: Browser, number: int) -> None:
    assert "请填写原因" in words(agang.post(f"/cases/{number}/marks", 422, kind="illness", reason=" "))
    agang.post(f"/cases/{number}/marks", kind="illness", reason="住院手术")
    assert the_case(number).state is State.HARDSHIP
    page = words(agang.get(f"/cases/{number}"))
    assert "住院手术" in page and "转防返贫联系人帮扶" in page
    assert "不得电话、短信催收" in words(agang.post(f"/cases/{number}/call", 409, phone="ledger"))
    mark = marks(number)[0]
    path = f"/cases/{number}/marks/{mark.id}/lift"
    assert "只能由组长或县办公室解除" in words(agang.post(path, 422, reason="已出院"))
    leader = Browser(signed_in("leader"))
    leader.post(path, 422, reason="")
    leader.post(path, reason="已出院")
    assert the_case(number).state is State.WORKING
    leader.post(f"/cases/{number}/marks/999/lift", 404, reason="无")


def test_a_note_that_says_dead_proposes_the_mark(agang: Browser, number: int) -> None:
    page = agang.post(f"/cases/{number}/contacts", follow=True, disposition="dead", channel="visit")
    assert "标记借款人：已故" in words(page) and the_case(number).state is State.WORKING
    agang.post(
        f"/cases/{number}/contacts", disposition="dead", channel="visit", marks="death", text="村委会证明"
    )
    assert the_case(number).state is State.HARDSHIP
    assert [mark.kind for mark in marks(number)] == [Mark.DEATH]


def test_numbers_are_added_and_judged(agang: Browser, number: int) -> None:
    page = agang.post(f"/cases/{number}/phones", 422, number="12345", whose="family", name="其妹")
    assert "号码格式不对" in words(page) and 'value="12345"' in page and 'value="其妹"' in page
    agang.post(f"/cases/{number}/phones", number="154 0000 0088", whose="family", name="其妹")
    added = db.session.scalars(select(BorrowerPhone)).one()
    assert (added.number, added.whose, added.name) == ("15400000088", Whose.FAMILY, "其妹")
    page = agang.get(f"/cases/{number}")
    assert "154****0088" in page and "15400000088" not in page
    assert "只有借款人失联" in words(agang.post(f"/cases/{number}/call", 409, phone=str(added.id)))
    agang.post(f"/cases/{number}/phones/ledger", reaches="wrong", whose="self")
    assert "不得再拨打" in words(agang.post(f"/cases/{number}/call", 409, phone="ledger"))
    agang.post(f"/cases/{number}/phones/999", 404, reaches="wrong", whose="self")
