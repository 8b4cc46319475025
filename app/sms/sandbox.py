"""The provider that sends nothing: for trying out. The end of a number, or a script, plays a fault. Pure."""

from collections.abc import Iterable, Mapping
from datetime import datetime

from app.sms.protocol import (
    Accepted,
    Callback,
    ChannelBroken,
    Found,
    Inbound,
    NotSent,
    Outcome,
    Receipt,
    Refused,
    Unknown,
)
from app.sms.rules import Status

PLAYED: dict[str, Outcome] = {
    "0001": Refused("21211"),
    "0002": Refused("21610", opt_out=True),
    "0003": NotSent("played: connection refused"),
    "0004": Unknown("played: no answer"),
    "0005": ChannelBroken("played: 20003"),
}


# What is reported later, in this order, of a message that was taken; of all other numbers: sent, delivered.
REPORTED: dict[str, tuple[tuple[Status, str], ...]] = {
    "0006": ((Status.SENT, ""), (Status.UNDELIVERED, "30003")),
    "0007": ((Status.DELIVERED, ""), (Status.SENT, ""), (Status.DELIVERED, "")),  # out of order, and twice
    "0008": (),  # never heard of again
    "0009": ((Status.SENT, ""), (Status.UNDELIVERED, "21610")),  # the carrier's own opt-out
}
_USUAL = ((Status.SENT, ""), (Status.DELIVERED, ""))


def receipts_of(phone: str, provider_id: str) -> list[Receipt]:
    """The receipts that the sandbox plays for a message it took, whenever the caller wants to hear them."""
    return [Receipt(provider_id, status, code=code) for status, code in REPORTED.get(phone[-4:], _USUAL)]


def reply_of(phone: str, text: str, number: int) -> Inbound:
    """A reply typed into the sandbox's phone; ``number`` counts those from this phone."""
    return Inbound(f"SBI{phone}-{number}", phone, text)


class Sandbox:
    """Takes every message except those to numbers that end as in ``PLAYED``; a ``script`` goes before, in its order."""

    name = "sandbox"
    can_lookup = True

    def __init__(self, script: Mapping[str, Iterable[Outcome]] | None = None) -> None:
        self._script = {phone: iter(outcomes) for phone, outcomes in (script or {}).items()}

    def send(self, phone: str, text: str, token: str) -> Outcome:
        if scripted := next(self._script.get(phone, iter(())), None):
            return scripted
        return PLAYED.get(phone[-4:], Accepted(f"SB{token}"))

    def lookup(self, phone: str, text: str, since: datetime) -> list[Found]:
        return []

    def parse_receipt(self, callback: Callback) -> Receipt | None:
        return None

    def parse_inbound(self, callback: Callback) -> Inbound | None:
        return None
