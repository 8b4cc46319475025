"""The office's pages of reminders: bad input first, then a text from its draft to its use, and what needs a person."""

import re
from datetime import date

import pytest
from flask import Flask, current_app
from sqlalchemy import func, select, update

from app.audit import AuditEntry
from app.db import db
from app.fairness.models import BorrowerMark
from app.reminders.inbound import take_inbound
from app.reminders.models import (
    Campaign,
    HandoffBatch,
    InboundMessage,
    MessageTemplate,
    OutboxMessage,
    PhoneOptOut,
    Reminder,
    ReminderPolicy,
    SmsChannel,
)
from app.reminders.states import NEEDS_A_PERSON, State
from app.reminders.trying import play_receipts
from app.reminders.wording import DEFAULT, YEAR_END
from app.sms.protocol import Inbound
from app.today import now
from tests.conftest import SignIn
from tests.web.browser import Browser, english_in, words

TEXT = {"body": DEFAULT, "signature": "【罗平农商行】", "phone": "0874-8220001"}


@pytest.fixture
def county(demo_app: Flask) -> Flask:
    demo_app.config.update(WTF_CSRF_ENABLED=False, NOW="2023-12-05T10:30+08:00")
    return demo_app


@pytest.fixture
def office(county: Flask, signed_in: SignIn) -> Browser:
    return Browser(signed_in("office"))


@pytest.fixture
def leader(county: Flask, signed_in: SignIn) -> Browser:
    return Browser(signed_in("leader"))


def newest() -> MessageTemplate:
    db.session.rollback()
    query = select(MessageTemplate).order_by(MessageTemplate.version.desc()).limit(1)
    return db.session.scalars(query).one()


def one_in(state: State, **values: object) -> int:
    """A waiting message of a borrower of the county, moved to a state."""
    message = db.session.scalars(
        select(OutboxMessage).where(OutboxMessage.state == State.PENDING).order_by(OutboxMessage.id)
    ).first()
    assert message is not None
    message.state = state
    for name, value in values.items():
        setattr(message, name, value)
    number = message.id
    db.session.commit()
    return number


def found(number: int) -> OutboxMessage:
    db.session.rollback()
    db.session.expire_all()
    return db.session.get_one(OutboxMessage, number)


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"body": ""}, "请填写短信内容"),
        ({"body": "{signature}{name}，再不还就起诉"}, "起诉"),
        ({"body": "{signature}法院通知{name}"}, "法院"),
        ({"body": "{signature}{name}，将公示"}, "公示"),
        ({"body": "{signature}{who}您好"}, "who"),
        ({"body": "{signature}见 http://x.cn"}, "http"),
        ({"signature": "罗平农商行"}, "方头括号"),
        ({"phone": ""}, "咨询电话"),
    ],
)
@pytest.mark.parametrize("button", ["preview", "keep"])
def test_a_text_that_may_not_be_said_is_refused_and_kept_in_the_form(
    office: Browser, changed: dict[str, str], said: str, button: str
) -> None:
    before = newest().version
    page = office.post("/reminders/texts/new", 422, **{**TEXT, **changed, button: "1"})
    assert said in words(page)
    for name, value in (TEXT | changed).items():
        if name == "signature":
            assert value in page
    assert newest().version == before


def test_a_preview_saves_nothing_and_shows_real_loans_masked(office: Browser) -> None:
    before = newest().version
    page = office.post("/reminders/texts/new", 200, **TEXT, preview="1")
    assert "【罗平农商行】" in page and "*,您的小额信贷" in page and "0.05" in page
    assert newest().version == before


def test_a_text_is_used_once_somebody_else_has_approved_it(office: Browser, leader: Browser) -> None:
    office.post("/reminders/texts/new", **TEXT)
    made = newest()
    number = made.id
    assert made.approved_at is None
    page = office.post(f"/reminders/texts/{number}/approve", 422)  # its author
    assert "另一人审核" in words(page) and newest().approved_at is None
    leader.post(f"/reminders/texts/{number}/approve")
    assert newest().approved_at is not None
    assert "使用中" in words(office.get("/reminders/texts"))


@pytest.mark.parametrize(
    ("typed", "at"),
    [
        ({"leads": "x", "starts_on": "2023-12-05", "reason": "r"}, "到期前"),
        ({"leads": "120", "starts_on": "2023-12-05", "reason": "r"}, "到期前"),
        ({"leads": "30,7", "starts_on": "2023-12-04", "reason": "r"}, "今天或以后"),
        ({"leads": "30,7", "starts_on": "2023-12-05", "reason": " "}, "原因"),
        ({"leads": "30,7", "starts_on": "", "reason": "r"}, "今天或以后"),
    ],
)
def test_wrong_lead_times_save_nothing(office: Browser, typed: dict[str, str], at: str) -> None:
    assert at in words(office.post("/reminders/when", 422, **typed))
    assert db.session.scalar(select(func.count()).select_from(ReminderPolicy)) == 0


def test_lead_times_are_tried_on_a_month_and_then_hold(office: Browser) -> None:
    page = words(office.get("/reminders/when?month=2023-12&leads=30,7"))
    assert db.session.scalar(select(func.count()).select_from(ReminderPolicy)) == 0
    assert "2023年12月" in page
    office.post("/reminders/when", leads="30，7", starts_on="2023-12-10", reason="县里会议")
    office.post("/reminders/when", leads="15", starts_on="2023-12-20", reason="再改")
    db.session.rollback()
    rows = db.session.scalars(select(ReminderPolicy).order_by(ReminderPolicy.starts_on)).all()
    assert [row.leads for row in rows] == ["30,7", "15"]
    assert rows[0].until == rows[1].starts_on
    assert "县里会议" in office.get("/reminders/when")


@pytest.mark.parametrize("month", ["2023-13", "x", "99999-01"])
def test_a_month_that_is_none_does_not_exist(office: Browser, month: str) -> None:
    office.get(f"/reminders/when?month={month}", 404)


@pytest.mark.parametrize("query", ["state=gone", "day=2023-02-30", "day=x"])
def test_a_list_of_nothing_that_exists(office: Browser, query: str) -> None:
    office.get(f"/reminders/messages?{query}", 404)


@pytest.mark.parametrize("after", ["x", "2023-12-05", "x,1", "2023-12-05,x"])
def test_a_tampered_page_is_refused(office: Browser, after: str) -> None:
    office.get(f"/reminders/messages?after={after}", 400)


def test_numbers_stand_masked(office: Browser) -> None:
    number = one_in(State.PENDING)
    phone = found(number).phone
    for path in ("/reminders/messages", f"/reminders/messages/{number}"):
        assert phone not in office.get(path)


def test_a_message_of_another_county_does_not_exist(office: Browser) -> None:
    number = one_in(State.REVIEW, region_code="530325101")
    office.get(f"/reminders/messages/{number}", 404)
    office.post(f"/reminders/messages/{number}/decide", 404, decision="not_sent", reason="x")


def test_a_decision_needs_its_reason_and_must_be_possible(office: Browser) -> None:
    number = one_in(State.UNCONFIRMED, first_sent_at=now())
    for typed in (
        {"decision": "arrived", "reason": ""},
        {"decision": "anew", "reason": "x"},
        {"reason": "x"},
    ):
        office.post(f"/reminders/messages/{number}/decide", 422, **typed)
    assert found(number).state is State.UNCONFIRMED
    waiting = one_in(State.PENDING)
    office.post(f"/reminders/messages/{waiting}/decide", 422, decision="not_sent", reason="x")
    assert found(waiting).state is State.PENDING


@pytest.mark.parametrize("state", NEEDS_A_PERSON, ids=str)
def test_what_needs_a_person_is_settled_and_leaves_the_list(office: Browser, state: State) -> None:
    number = one_in(state)
    listed = office.get("/reminders/messages?state=person")
    assert f"/reminders/messages/{number}" in listed
    office.post(f"/reminders/messages/{number}/decide", decision="not_sent", reason="电话已通知")
    assert found(number).state is State.SETTLED and "电话已通知" in found(number).why
    assert f"/reminders/messages/{number}" not in office.get("/reminders/messages?state=person")
    entry = db.session.scalars(select(AuditEntry).where(AuditEntry.action == "reminders.decide")).one()
    assert entry.detail["decision"] == "not_sent"


def test_what_never_left_is_sent_anew_as_one_new_message(office: Browser) -> None:
    number = one_in(State.FAILED)
    old = found(number)
    day, borrower = old.day, old.borrower_id
    office.post(f"/reminders/messages/{number}/decide", decision="anew", reason="号码已更正")
    made = db.session.scalars(
        select(OutboxMessage).where(OutboxMessage.key == f"reminder:anew:{number}")
    ).one()
    assert (made.borrower_id, made.state) == (borrower, State.PENDING) and made.day != day
    carried = db.session.scalar(select(func.count()).where(Reminder.message_id == made.id))
    assert carried and not db.session.scalar(select(func.count()).where(Reminder.message_id == number))
    office.post(f"/reminders/messages/{number}/decide", 422, decision="anew", reason="again")


def test_a_paused_channel_is_loud_and_resumed_by_a_person(office: Browser) -> None:
    channel = db.session.get_one(SmsChannel, "sandbox")
    channel.paused_at, channel.paused_why = now(), "HTTP 401, code 20003"
    db.session.commit()
    assert "20003" in words(office.get("/reminders/"))
    office.post("/reminders/channel/resume")
    db.session.rollback()
    db.session.expire_all()
    assert db.session.get_one(SmsChannel, "sandbox").paused_at is None
    assert "20003" not in words(office.get("/reminders/"))


def test_the_first_page_counts_what_needs_a_person(office: Browser) -> None:
    settled = update(OutboxMessage).where(OutboxMessage.state.in_(NEEDS_A_PERSON))
    db.session.execute(settled.values(state=State.SETTLED))
    db.session.commit()
    assert "待人工处理的短信" not in words(office.get("/"))
    one_in(State.FAILED)
    assert "待人工处理的短信" in words(office.get("/"))


def test_the_pages_read_in_chinese_and_in_english(office: Browser) -> None:
    number = one_in(State.REVIEW, why="no mobile number")
    for path in (
        "", "messages", f"messages/{number}", "texts", "texts/new", f"texts/{newest().id}", "when", "campaigns",
        "campaigns/new/year_end", "campaigns/new/publicity", "batches", "phone", "channel", "effect",
    ):  # fmt: skip
        page = office.get(f"/reminders/{path}")
        assert not english_in(page, "sandbox", "handoff", "signature", "amount", "phone", "name", "{due}"), (
            path
        )
        office.get(f"/reminders/{path}?lang=en")
        office.get(f"/reminders/{path}?lang=zh_Hans")


# --- campaigns and files for the lender


def campaign_form(**changed: object) -> dict[str, object]:
    sender = {"signature": "【罗平农商行】", "phone": "0874-8220001"}
    return {"name": "年底提醒", "send_on": "2023-12-06", "body": YEAR_END, **sender} | changed


def test_a_campaign_that_may_not_be_is_refused_and_kept_in_the_form(office: Browser) -> None:
    page = office.post(
        "/reminders/campaigns/new/publicity", status=422, **campaign_form(listed="张三 12", name="宣传")
    )
    assert "不能使用字段“amount”" in words(page) and "张三 12" in page


def test_a_campaign_from_its_text_to_its_stop(office: Browser, leader: Browser) -> None:
    office.post("/reminders/campaigns/new/year_end", **campaign_form(townships=["530324106"]))
    number = db.session.scalars(select(Campaign.id)).one()
    db.session.rollback()
    assert "年底提醒" in office.get("/reminders/campaigns")
    page = office.get(f"/reminders/campaigns/{number}")
    assert "阿岗镇" in words(page) and "须由另一人审核" in words(page)
    assert office.post(f"/reminders/campaigns/{number}/approve", status=422)
    leader.post(f"/reminders/campaigns/{number}/approve")
    assert "已审批" in words(leader.get(f"/reminders/campaigns/{number}"))
    leader.post(f"/reminders/campaigns/{number}/stop", status=422, reason="")
    leader.post(f"/reminders/campaigns/{number}/stop", reason="文本有误")
    assert "文本有误" in words(office.get(f"/reminders/campaigns/{number}"))
    office.get("/reminders/campaigns/999", status=404)


def test_a_file_for_the_lender_is_made_and_fetched(office: Browser) -> None:
    office.post("/reminders/batches", status=404)  # the sandbox makes no files
    current_app.config["SMS_PROVIDER"] = "handoff"
    assert "还没有移交文件" in words(office.get("/reminders/batches"))
    office.post("/reminders/batches")
    page = office.get("/reminders/batches")
    assert "/xlsx" in page and "尚未下载" in words(office.get("/reminders/"))
    number = db.session.scalars(select(HandoffBatch.id)).first()
    db.session.rollback()
    path = f"/reminders/batches/{number}/csv"
    once = office.answer("POST", path).data
    assert once == office.answer("POST", path).data and b"HO" in once
    assert "尚未下载" not in words(office.get("/reminders/"))
    office.post("/reminders/batches/99999/csv", status=404)
    assert "请选择文件" in words(office.post("/reminders/batches/results", status=422))


def test_the_borrowers_phone_shows_what_would_arrive_and_is_heard(office: Browser) -> None:
    page = office.get("/reminders/phone")
    number = re.search(r"/reminders/phone/(\d+)", page)
    assert number is not None
    path = f"/reminders/phone/{number[1]}"
    assert "请填写" in words(office.post(path, status=422, text=""))
    office.post(path, text="退订")
    borrower = found(int(number[1])).borrower_id
    assert "退订" in office.get(f"/reminders/phone?message={number[1]}")
    assert db.session.scalar(select(func.count()).where(InboundMessage.borrower_id == borrower)) == 1
    db.session.rollback()
    office.get("/reminders/phone?message=99999", status=404)
    current_app.config["SMS_PROVIDER"] = "handoff"
    office.get("/reminders/phone", status=404)


def test_the_sandbox_plays_receipts_once(county: Flask) -> None:
    number = one_in(State.ACCEPTED, provider="sandbox", provider_id="SBx1", phone="13800001111")
    assert play_receipts(db.session(), now().date(), now()) >= 1
    db.session.commit()
    assert found(number).state is State.DELIVERED
    assert play_receipts(db.session(), now().date(), now()) == 0


# --- costs and stops


@pytest.mark.parametrize("typed", [{"price": "five"}, {"price": "99"}, {"daily": "-1"}, {"reason": " "}])
def test_costs_that_are_none_are_refused_and_kept(office: Browser, typed: dict[str, str]) -> None:
    page = office.post(
        "/reminders/channel",
        status=422,
        **({"price": "0.06", "daily": "50", "monthly": "0", "reason": "新价"} | typed),
    )
    assert next(iter(typed.values())) in page


def test_costs_are_set_with_a_reason(office: Browser) -> None:
    office.post("/reminders/channel", price="0.06", daily="50", monthly="800", reason="新合同")
    channel = db.session.get_one(SmsChannel, "sandbox")
    assert (channel.price, channel.daily_limit, channel.monthly_limit) == (6, 5_000, 80_000)
    db.session.rollback()
    assert 'value="800.00"' in office.get("/reminders/channel")


def test_a_stop_is_lifted_only_by_a_recorded_request(office: Browser, leader: Browser) -> None:
    phone, borrower = db.session.execute(select(OutboxMessage.phone, OutboxMessage.borrower_id)).first() or (
        "",
        0,
    )
    take_inbound(db.session(), "sandbox", Inbound("x", phone, "退订"), date(2023, 12, 5), now())
    db.session.commit()
    number = db.session.scalars(select(PhoneOptOut.id).order_by(PhoneOptOut.id.desc())).first()
    db.session.rollback()
    leader.post(f"/reminders/channel/stopped/{number}/lift", status=422, reason="")
    leader.post(f"/reminders/channel/stopped/{number}/lift", reason="本人12月5日到办公室要求恢复")
    assert db.session.get_one(PhoneOptOut, number).lift_reason
    standing = (BorrowerMark.borrower_id == borrower, BorrowerMark.lifted_on.is_(None))
    assert db.session.scalar(select(func.count()).where(*standing)) == 0
    db.session.rollback()
    office.post(f"/reminders/channel/stopped/{number}/lift", status=404, reason="again")
