"""What every provider keeps, whichever it is; and what the sandbox plays."""

import threading
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from app import create_app
from app.config import Settings
from app.sending import provider_of
from app.sms.handoff import Handoff
from app.sms.protocol import Accepted, Callback, NotSent, Provider, Refused
from app.sms.rules import Status
from app.sms.sandbox import PLAYED, Sandbox, receipts_of, reply_of
from app.sms.twilio import Account, Twilio
from tests.sms.emulator import Book, Emulator

pytestmark = pytest.mark.usefixtures("socket_enabled")  # loopback only: --allow-hosts


@pytest.fixture(params=["sandbox", "handoff", "twilio"])
def provider(request: pytest.FixtureRequest) -> Iterator[Provider]:
    server = Emulator(Book())
    threading.Thread(target=server.serve_forever, daemon=True, kwargs={"poll_interval": 0.02}).start()
    made: dict[str, Provider] = {
        "sandbox": Sandbox(),
        "handoff": Handoff(),
        "twilio": Twilio(Account("AC1", "secret", "MG1", "https://county.example", server.url), 1.0),
    }
    yield made[request.param]
    server.shutdown()
    server.server_close()


def test_ids_are_of_one_message_each(provider: Provider) -> None:
    outcomes = [provider.send("13812345678", "【银行】您好", f"token{number}") for number in range(3)]
    ids = {outcome.id for outcome in outcomes if isinstance(outcome, Accepted)}
    assert len(ids) == 3 and all(0 < len(one) <= 64 for one in ids)


def test_nobody_is_believed_without_a_signature(provider: Provider) -> None:
    for signature in ("", "AAAA", "签名", "\udcff"):
        form = {"MessageSid": "SM1", "MessageStatus": "delivered", "From": "+8613812345678", "Body": "退订"}
        callback = Callback("/sms/receipts/token", form, signature)
        assert provider.parse_receipt(callback) is None and provider.parse_inbound(callback) is None


def test_a_message_never_sent_is_not_found(provider: Provider) -> None:
    assert provider.lookup("13812345678", "【银行】您好", datetime.now(UTC)) == []


def test_the_one_that_the_settings_name(tmp_path: Path) -> None:
    account = {"TWILIO_ACCOUNT_SID": "AC1", "TWILIO_AUTH_TOKEN": "t", "TWILIO_FROM": "MG1"}
    for name in ("sandbox", "twilio"):
        environ = {"QINGSHOU_INSTANCE_PATH": str(tmp_path), "QINGSHOU_SMS_PROVIDER": name, **account}
        assert provider_of(create_app(Settings.load(environ))).name == name


def test_the_sandbox_plays_by_the_end_of_a_number_or_by_script() -> None:
    for end, outcome in PLAYED.items():
        assert Sandbox().send(f"1541234{end}", "", "t") is outcome
    scripted = Sandbox({"15412345678": [NotSent("busy"), Refused("21211")]})
    played = [scripted.send("15412345678", "", "t") for _ in range(3)]
    assert played == [NotSent("busy"), Refused("21211"), Accepted("SBt")]


def test_the_sandbox_reports_and_replies() -> None:
    def told(phone: str) -> list[Status]:
        return [receipt.status for receipt in receipts_of(phone, "SB1")]

    assert told("15412345678") == [Status.SENT, Status.DELIVERED]
    assert told("15412340006") == [Status.SENT, Status.UNDELIVERED]
    assert told("15412340008") == []
    assert receipts_of("15412340009", "SB1")[-1].code == "21610"
    assert reply_of("15412345678", "退订", 1).id != reply_of("15412345678", "退订", 2).id
