"""The provider that sends nothing: for trying out. The end of a number plays a fault."""

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

PLAYED: dict[str, Outcome] = {
    "0001": Refused("21211"),
    "0002": Refused("21610", opt_out=True),
    "0003": NotSent("played: connection refused"),
    "0004": Unknown("played: no answer"),
    "0005": ChannelBroken("played: 20003"),
}


class Sandbox:
    """Takes every message except those to numbers that end as in ``PLAYED``."""

    name = "sandbox"
    can_lookup = True

    def send(self, phone: str, text: str, token: str) -> Outcome:
        return PLAYED.get(phone[-4:], Accepted(f"SB{token}"))

    def lookup(self, phone: str, text: str, since: datetime) -> list[Found]:
        return []

    def parse_receipt(self, callback: Callback) -> Receipt | None:
        return None

    def parse_inbound(self, callback: Callback) -> Inbound | None:
        return None
