"""What a provider brings: forged first, then early, late, twice; replies, and the wish for no more messages."""

from collections.abc import Mapping
from datetime import date

import pytest
from flask import Flask
from sqlalchemy import func, select
from twilio.request_validator import RequestValidator

from app.cases.models import Case
from app.db import db
from app.fairness.models import BorrowerMark
from app.fairness.words import Mark
from app.loans.models import Borrower
from app.reminders.inbound import is_wrong_number
from app.reminders.models import DeliveryReceipt, InboundMessage, OutboxMessage, PhoneOptOut, SendAttempt
from app.reminders.states import State
from app.sms.twilio import Account, Twilio

URL, SECRET = "https://county.example", "secret"


@pytest.fixture
def county(demo_app: Flask) -> Flask:
    """The demonstration with Twilio as its provider, behind a proxy."""
    demo_app.config.update(NOW="2023-12-05T10:30+08:00")
    provider = Twilio(Account("AC1", SECRET, "+8610000", URL))
    kept = demo_app.extensions["qingshou.sms_provider"]
    demo_app.extensions["qingshou.sms_provider"] = lambda: provider
    yield demo_app  # type: ignore[misc]
    demo_app.extensions["qingshou.sms_provider"] = kept  # the application is shared by the tests of a run


def bring(app: Flask, path: str, form: Mapping[str, str], secret: str = SECRET) -> int:
    db.session.rollback()
    signature = RequestValidator(secret).compute_signature(URL + path, form)
    answer = app.test_client().post(path, data=form, headers={"X-Twilio-Signature": signature})
    db.session.rollback()
    db.session.expire_all()
    return answer.status_code


def unknown() -> tuple[int, str]:
    """A message whose outcome nobody knows, and its token."""
    message = db.session.scalars(select(OutboxMessage).where(OutboxMessage.state == State.PENDING)).first()
    assert message is not None
    message.state, message.fence, message.provider = State.UNKNOWN, 1, "twilio"
    token = f"token-{message.id}"
    db.session.add(
        SendAttempt(message_id=message.id, n=1, token=token, provider="twilio", begun_at=message.changed_at)
    )
    number = message.id
    db.session.commit()
    return number, token


def state(number: int) -> State:
    return db.session.get_one(OutboxMessage, number).state


def count(model: type) -> int:
    return db.session.scalar(select(func.count()).select_from(model)) or 0


def owing() -> tuple[int, str]:
    """A borrower with an open case whose number nobody else has."""
    alone = select(Borrower.phone).group_by(Borrower.phone).having(func.count() == 1)
    query = select(Borrower.id, Borrower.phone).join(Case, Case.borrower_id == Borrower.id)
    number, phone = db.session.execute(
        query.where(Case.closed_on.is_(None), Borrower.phone.in_(alone)).limit(1)
    ).one()
    return number, phone or ""


def reply(number: str, phone: str, text: str) -> dict[str, str]:
    return {"MessageSid": number, "From": f"+86{phone}", "Body": text}


@pytest.mark.parametrize("path", ["/sms/receipts/x", "/sms/inbound"])
def test_a_forged_callback_is_refused_without_a_word_on_why(county: Flask, path: str) -> None:
    before = count(DeliveryReceipt), count(InboundMessage)
    form = {"MessageSid": "SM1", "MessageStatus": "delivered", "From": "+8613812345678", "Body": "TD"}
    assert bring(county, path, form, secret="wrong") == 403
    assert county.test_client().post(path, data=form).status_code == 403
    assert "signature" not in county.test_client().post(path, data=form).text.lower()
    assert (count(DeliveryReceipt), count(InboundMessage)) == before


def test_receipts_lead_to_the_same_end_in_any_order_and_however_often(county: Flask) -> None:
    number, token = unknown()
    for status in ("delivered", "sent", "queued", "delivered", "sent"):
        form = {"MessageSid": "SM7", "MessageStatus": status}
        assert bring(county, f"/sms/receipts/{token}", form) == 200
        assert state(number) is State.DELIVERED
    kept = select(func.count()).select_from(DeliveryReceipt).where(DeliveryReceipt.provider_id == "SM7")
    assert db.session.scalar(kept) == 3


def test_a_receipt_with_the_carriers_opt_out_stops_the_number(county: Flask) -> None:
    number, token = unknown()
    form = {"MessageSid": "SM8", "MessageStatus": "undelivered", "ErrorCode": "21610"}
    assert bring(county, f"/sms/receipts/{token}", form) == 200
    phone = db.session.get_one(OutboxMessage, number).phone
    assert db.session.scalar(select(func.count()).where(PhoneOptOut.phone == phone)) == 1


def test_a_reply_comes_into_the_queue_of_the_case_once(county: Flask) -> None:
    borrower, phone = owing()
    before = count(InboundMessage)
    for _ in range(2):
        assert bring(county, "/sms/inbound", reply("SM9", phone, "月底还")) == 200
    assert count(InboundMessage) == before + 1
    days = set(
        db.session.scalars(
            select(Case.replied_on).where(Case.borrower_id == borrower, Case.closed_on.is_(None))
        )
    )
    assert days == {date(2023, 12, 5)}
    assert db.session.scalar(select(func.count()).where(PhoneOptOut.phone == phone)) == 0


@pytest.mark.parametrize("word", ["退订", "td", " T。", "Stop", "ＴＤ"])
def test_stop_is_honoured_at_once_across_all_loans(county: Flask, word: str) -> None:
    waiting = db.session.scalars(select(OutboxMessage).where(OutboxMessage.state == State.PENDING)).first()
    assert waiting is not None
    number, borrower, phone = waiting.id, waiting.borrower_id, waiting.phone
    assert bring(county, "/sms/inbound", reply("SM10", phone, word)) == 200
    assert state(number) is State.SUPPRESSED
    marked = select(BorrowerMark.kind).where(
        BorrowerMark.borrower_id == borrower, BorrowerMark.lifted_on.is_(None)
    )
    assert Mark.OPT_OUT in set(db.session.scalars(marked))
    assert bring(county, "/sms/inbound", reply("SM11", phone, word)) == 200  # once more: nothing more
    assert len(db.session.scalars(marked.where(BorrowerMark.kind == Mark.OPT_OUT)).all()) == 1


def test_an_ordinary_reply_stops_nothing(county: Flask) -> None:
    waiting = db.session.scalars(select(OutboxMessage).where(OutboxMessage.state == State.PENDING)).first()
    assert waiting is not None
    number, phone = waiting.id, waiting.phone
    assert bring(county, "/sms/inbound", reply("SM12", phone, "好的，谢谢")) == 200
    assert state(number) is State.PENDING


def test_a_wrong_number_stops_the_number_and_marks_nobody(county: Flask) -> None:
    borrower, phone = owing()
    assert is_wrong_number("你打错了") and not is_wrong_number("明天去还")
    assert bring(county, "/sms/inbound", reply("SM13", phone, "你发错了，我不认识他")) == 200
    assert db.session.scalar(select(func.count()).where(PhoneOptOut.phone == phone)) == 1
    marked = select(func.count()).where(
        BorrowerMark.borrower_id == borrower, BorrowerMark.kind == Mark.OPT_OUT
    )
    assert db.session.scalar(marked) == 0


def test_a_reply_from_nobody_we_know_is_kept(county: Flask) -> None:
    assert bring(county, "/sms/inbound", reply("SM14", "19900000000", "谁？")) == 200
    kept = db.session.scalars(select(InboundMessage).where(InboundMessage.provider_id == "SM14")).one()
    assert kept.borrower_id is None
