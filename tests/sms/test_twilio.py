"""The real library against the emulator: each way an exchange can end has its one outcome."""

import socket
import threading
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
from twilio.request_validator import RequestValidator

from app.sms.protocol import Accepted, Callback, ChannelBroken, LookupFailed, NotSent, Refused, Unknown
from app.sms.twilio import Account, Twilio
from tests.sms.emulator import Book, Emulator

pytestmark = pytest.mark.usefixtures("socket_enabled")  # loopback only: --allow-hosts

PHONE, TEXT = "13812345678", "【罗平农商行】您好"
DEADLINE = 0.5


@pytest.fixture
def emulator() -> Iterator[Emulator]:
    server = Emulator(Book(hang=1.2))
    threading.Thread(target=server.serve_forever, daemon=True, kwargs={"poll_interval": 0.02}).start()
    yield server
    server.shutdown()
    server.server_close()


def provider(url: str) -> Twilio:
    return Twilio(Account("AC1", "secret", "+8610000", "https://county.example", url), DEADLINE)


def test_a_message_is_taken_once_and_found(emulator: Emulator) -> None:
    twilio = provider(emulator.url)
    outcome = twilio.send(PHONE, TEXT, "tok")
    assert isinstance(outcome, Accepted)
    found = twilio.lookup(PHONE, TEXT, datetime.now(UTC))
    assert [one.id for one in found] == [outcome.id]
    assert twilio.lookup(PHONE, TEXT + "!", datetime.now(UTC)) == []
    assert twilio.lookup(PHONE, TEXT, datetime.now(UTC) + timedelta(hours=1)) == []
    assert len(emulator.book.taken) == 1


@pytest.mark.parametrize(
    ("fault", "kind", "taken"),
    [
        ("503", Unknown, 0), ("503_taken", Unknown, 1), ("reset", Unknown, 0), ("reset_taken", Unknown, 1),
        ("hang_taken", Unknown, 1), ("truncated", Unknown, 1), ("dribble", Unknown, 1), ("429", NotSent, 0),
        ("401", ChannelBroken, 0), ("21211", Refused, 0), ("21606", ChannelBroken, 0), ("21611", NotSent, 0),
    ],
)  # fmt: skip
def test_each_fault_has_its_outcome_in_time(emulator: Emulator, fault: str, kind: type, taken: int) -> None:
    emulator.book.script = [fault]
    begun = time.monotonic()
    outcome = provider(emulator.url).send(PHONE, TEXT, "tok")
    assert isinstance(outcome, kind), outcome
    assert time.monotonic() - begun < DEADLINE + 0.6
    assert len(emulator.book.taken) == taken  # and never asked again by the library


def test_an_opt_out_known_to_the_carrier(emulator: Emulator) -> None:
    emulator.book.script = ["21610"]
    assert provider(emulator.url).send(PHONE, TEXT, "tok") == Refused("21610", opt_out=True)


def test_what_never_left_is_not_sent() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    twilio = provider(f"http://127.0.0.1:{port}")
    assert isinstance(twilio.send(PHONE, TEXT, "tok"), NotSent)
    with pytest.raises(LookupFailed):
        twilio.lookup(PHONE, TEXT, datetime.now(UTC))


def test_a_failed_look_up_is_no_absence(emulator: Emulator) -> None:
    emulator.book.script = ["503"]
    with pytest.raises(LookupFailed):
        provider(emulator.url).lookup(PHONE, TEXT, datetime.now(UTC))


def test_receipts_and_replies_only_with_the_account_s_signature() -> None:
    twilio = provider("http://127.0.0.1:1")
    path, form = "/sms/receipts/tok", {"MessageSid": "SM1", "MessageStatus": "delivered"}
    signature = RequestValidator("secret").compute_signature("https://county.example" + path, form)
    receipt = twilio.parse_receipt(Callback(path, form, signature))
    assert receipt is not None and (receipt.id, receipt.status, receipt.token) == ("SM1", "delivered", "tok")
    for forged in ("", signature[:-3] + "AA="):
        assert twilio.parse_receipt(Callback(path, form, forged)) is None
    assert twilio.parse_receipt(Callback("/sms/receipts/other", form, signature)) is None
    reply = {"MessageSid": "SM2", "From": "+8613812345678", "Body": "退订"}
    signed = RequestValidator("secret").compute_signature("https://county.example/sms/inbound", reply)
    inbound = twilio.parse_inbound(Callback("/sms/inbound", reply, signed))
    assert inbound is not None and (inbound.phone, inbound.text) == ("13812345678", "退订")


def test_receipts_as_they_come_early_twice_and_out_of_order(emulator: Emulator) -> None:
    heard: list[Callback] = []
    all_there = threading.Event()

    def report(url: str, form: dict[str, str], signature: str) -> None:
        heard.append(Callback(url.removeprefix("https://county.example"), form, signature))
        if len(heard) >= 3:
            all_there.set()

    emulator.book.secret, emulator.book.report = "secret", report
    emulator.book.reports = [["early", "delivered", "sent", "delivered"]]
    twilio = provider(emulator.url)
    outcome = twilio.send(PHONE, TEXT, "tok")
    assert all_there.is_set()  # before the answer
    receipts = [twilio.parse_receipt(callback) for callback in heard]
    assert [(r.id, r.status, r.token) for r in receipts if r] == [
        (outcome.id, status, "tok") for status in ("delivered", "sent", "delivered")
    ]
    emulator.book.secret = "another"
    emulator.book.reports = [["early", "delivered"]]
    twilio.send(PHONE, TEXT, "tok2")
    assert twilio.parse_receipt(heard[-1]) is None


def test_a_handshake_that_never_ends_is_not_sent() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        begun = time.monotonic()
        outcome = provider(f"https://127.0.0.1:{server.getsockname()[1]}").send(PHONE, TEXT, "tok")
    assert isinstance(outcome, NotSent), outcome
    assert time.monotonic() - begun < DEADLINE + 0.6


def test_a_list_that_lags_and_one_with_others_in_it(emulator: Emulator) -> None:
    twilio = provider(emulator.url)
    twilio.send(PHONE, TEXT, "a")
    twilio.send(PHONE, TEXT, "b")
    twilio.send("13912345678", TEXT, "c")
    assert len(twilio.lookup(PHONE, TEXT, datetime.now(UTC))) == 2
    emulator.book.lag = 60
    assert twilio.lookup(PHONE, TEXT, datetime.now(UTC)) == []


def test_service_region_and_edge() -> None:
    client = Twilio(Account("AC1", "t", "MG1", region="ie1", edge="dublin")).client
    assert client.get_hostname("https://api.twilio.com/x") == "https://api.dublin.ie1.twilio.com/x"
