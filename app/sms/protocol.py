"""What every provider of text messages can do, and the outcomes of a send. Pure.

A provider says no more than it knows: what is not provably refused and not acknowledged with an id is ``Unknown``.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from app.sms.rules import Status


@dataclass(frozen=True, slots=True)
class Accepted:
    """Taken; ``id`` is the provider's, unique with it."""

    id: str


@dataclass(frozen=True, slots=True)
class NotSent:
    """Provably not taken; it may be tried again."""

    why: str


@dataclass(frozen=True, slots=True)
class Refused:
    """Never to be taken. ``opt_out``: nor any other message to this number."""

    code: str
    opt_out: bool = False


@dataclass(frozen=True, slots=True)
class ChannelBroken:
    """No message can be taken until the account is mended; this one was not."""

    why: str


@dataclass(frozen=True, slots=True)
class Unknown:
    """It may have been taken: never to be sent again without asking."""

    why: str


Outcome = Accepted | NotSent | Refused | ChannelBroken | Unknown


@dataclass(frozen=True, slots=True)
class Found:
    """A message in the provider's own list."""

    id: str
    status: Status


@dataclass(frozen=True, slots=True)
class Receipt:
    """What became of a message: ``token`` is that of our attempt, "" where the channel does not carry it."""

    id: str
    status: Status
    token: str = ""
    code: str = ""


@dataclass(frozen=True, slots=True)
class Inbound:
    """A reply; ``phone`` as 11 digits."""

    id: str
    phone: str
    text: str


class LookupFailed(Exception):
    """The list could not be read: nothing is known."""


@dataclass(frozen=True, slots=True)
class Callback:
    """A request to one of our addresses: its path with query, its form, its signature ("" where there is none)."""

    path: str
    form: Mapping[str, str]
    signature: str


class Provider(Protocol):
    """``can_lookup``: absence in ``lookup`` says something; else every unknown message goes to a person."""

    name: str
    can_lookup: bool

    def send(self, phone: str, text: str, token: str) -> Outcome:
        """Send once, within the provider's deadline. Never raises for what a network may do."""

    def lookup(self, phone: str, text: str, since: datetime) -> list[Found]:
        """The messages with this text to this number, taken at ``since`` or later. Raises LookupFailed."""

    def parse_receipt(self, callback: Callback) -> Receipt | None:
        """A genuine receipt, None for a forged or unreadable one."""

    def parse_inbound(self, callback: Callback) -> Inbound | None:
        """A genuine reply, None for a forged or unreadable one."""
