"""Text messages as values: how many parts a text costs, what a mobile number is, what a provider's codes mean. Pure."""

import re
import unicodedata
from enum import StrEnum

ONE_PART, OF_SEVERAL = 70, 67  # UTF-16 units in a message of one part, and in each of several (UCS-2)
_MOBILE = re.compile(r"1[3-9]\d{9}")
_PUNCTUATION = re.compile(r"[\s\-‐–—－()（）.·]")
_ABROAD = re.compile(r"(?:\+|00)?86(?=1[3-9]\d{9}$)")


def parts(text: str) -> int:
    """How many parts ``text``, its signature 【…】 included, is charged as. A pair of units is never split."""
    sizes = [2 if ord(char) > 0xFFFF else 1 for char in text]
    if sum(sizes) <= ONE_PART:
        return 1
    count, room = 1, OF_SEVERAL
    for size in sizes:
        if size > room:
            count, room = count + 1, OF_SEVERAL
        room -= size
    return count


def mobile(typed: str) -> str | None:
    """``13812345678`` from what was typed, None when it is no mobile number of mainland China.

    The prefix is not looked up: lists of prefixes lag behind the carriers.
    """
    digits = _ABROAD.sub("", _PUNCTUATION.sub("", unicodedata.normalize("NFKC", typed)))
    return digits if digits.isascii() and _MOBILE.fullmatch(digits) else None


class Verdict(StrEnum):
    """What a provider's refusal means for the message and for the channel."""

    PERMANENT = "permanent"  # this message will never be taken
    OPT_OUT = "opt_out"  # nor any other to this number
    CONFIGURATION = "configuration"  # no message will be, until somebody mends the account
    TRANSIENT = "transient"  # later perhaps


CODES: dict[int, Verdict] = {
    **dict.fromkeys((21211, 21614, 30004, 30005, 30006, 30007), Verdict.PERMANENT),
    21610: Verdict.OPT_OUT,
    **dict.fromkeys((20003, 21408, 21606, 30002, 63038), Verdict.CONFIGURATION),
    **dict.fromkeys((20429, 21611, 30001, 30003), Verdict.TRANSIENT),
}
_STATUSES = {
    401: Verdict.CONFIGURATION,
    403: Verdict.CONFIGURATION,
    404: Verdict.CONFIGURATION,
    429: Verdict.TRANSIENT,
}


def verdict(http_status: int, code: int | None) -> Verdict | None:
    """What an answer other than 2xx means; None when it does not say whether the message was taken (5xx, 408)."""
    if http_status >= 500 or http_status == 408 or http_status < 400:
        return None
    return CODES.get(code or 0) or _STATUSES.get(http_status, Verdict.PERMANENT)


class Status(StrEnum):
    """A provider's word on a message it took, in the order in which it may change."""

    ACCEPTED = "accepted"
    SENT = "sent"
    DELIVERED = "delivered"
    UNDELIVERED = "undelivered"


_WORDS = {
    **dict.fromkeys(("accepted", "scheduled", "queued", "sending"), Status.ACCEPTED),
    "sent": Status.SENT,
    "delivered": Status.DELIVERED,
    **dict.fromkeys(("undelivered", "failed", "canceled"), Status.UNDELIVERED),
}


def status_of(word: str) -> Status | None:
    """Our status for a provider's word, None for one we do not know."""
    return _WORDS.get(word.lower())


_STOP = frozenset({"退订", "td", "t", "stop", "unsubscribe", "退", "取消"})


def is_stop(text: str) -> bool:
    """Does a reply ask for no more messages?"""
    return unicodedata.normalize("NFKC", text).strip(" \t\r\n。.!！，,").lower() in _STOP
