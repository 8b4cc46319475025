"""Reasons for seeing a number in full, how much of that is usual, and what a borrower may ask for. Pure."""

import re
from collections import defaultdict, deque
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from app.labels import Declined, Labelled, T

REASON_LENGTH = 200
SHOWN_SECONDS = 60
WINDOW = timedelta(hours=1)
_LONG_NUMBER = re.compile(r"(?:\d[\s-]?){7,}")


class Shown(Labelled):
    """What is sealed and can be shown in full."""

    ID_NUMBER = "id_number", T("ID number")
    HEAD_ID = "head_id", T("ID number of the household's head")
    PHONE = "phone", T("Phone")


class Why(Labelled):
    """What a full number is needed for."""

    IDENTIFY = "identify", T("To make sure who somebody is")
    CONTACT = "contact", T("To reach the borrower")
    BANK = "bank", T("For the lender: renewal, extension, compensation")
    COURT = "court", T("For a court or a notary")
    CORRECT = "correct", T("To correct the data")
    BORROWER = "borrower", T("The borrower asks for it")
    AUDIT = "audit", T("For an inspection")


class Subject(Labelled):
    """What a borrower says is wrong."""

    NAME = "name", T("Name")
    ID_NUMBER = "id_number", T("ID number")
    PHONE = "phone", T("Phone")
    CATEGORY = "category", T("Category")
    LOAN = "loan", T("A loan's amount or date")
    NOTE = "note", T("A contact note")
    OTHER = "other", T("Something else")


class Outcome(Labelled):
    CORRECTED = "corrected", T("Corrected")
    LEFT = "left", T("Left as it is")


class TrailRefused(Declined):
    """What cannot be done as it was entered; ``field`` is the part of the entry that the sentence belongs to."""


def reason_given(typed: str, length: int = REASON_LENGTH) -> str:
    """A reason that says something and holds no number of a person. Raises TrailRefused."""
    reason = " ".join(typed.split())
    if len(reason) < 2:
        raise TrailRefused(T("Say in a few words what it is needed for."), "reason")
    if len(reason) > length:
        raise TrailRefused(T("At most %(n)s characters.", n=length), "reason")
    if _LONG_NUMBER.search(reason):
        raise TrailRefused(T("Leave numbers out of the reason; it is kept where others read it."), "reason")
    return reason


@dataclass(frozen=True, slots=True)
class Bulk:
    """Somebody who saw ``number`` full values within an hour, the last of them at ``until``."""

    actor: str
    number: int
    until: datetime


def bulk_readings(seen: Iterable[tuple[str, datetime]], limit: int) -> list[Bulk]:
    """Who saw ``limit`` or more within any hour: each person's largest such hour, the newest first.

    ``seen`` in the order of time.
    """
    windows: dict[str, deque[datetime]] = defaultdict(deque)
    worst: dict[str, Bulk] = {}
    for actor, at in seen:
        window = windows[actor]
        window.append(at)
        while at - window[0] >= WINDOW:
            window.popleft()
        if len(window) >= max(limit, worst[actor].number if actor in worst else 0):
            worst[actor] = Bulk(actor, len(window), at)
    return sorted(worst.values(), key=lambda one: one.until, reverse=True)
