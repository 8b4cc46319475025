"""How policy was made known in the villages. Pure."""

from datetime import date

from app.accounts.rules import Role
from app.labels import Declined, Labelled, T

MOST_PEOPLE = 100_000  # of one entry; more than any township has
TEXT_LENGTH, REASON_LENGTH = 400, 200
EARLIEST = date(2015, 1, 1)  # a year mistyped lies before it


class Means(Labelled):
    BROCHURE = "brochure", T("Brochures handed out")
    HOME_VISIT = "home_visit", T("Questions answered at home")
    BLACKBOARD = "blackboard", T("Blackboard")
    WECHAT = "wechat", T("WeChat")
    MEETING = "meeting", T("Village meeting")
    BROADCAST = "broadcast", T("Village loudspeaker")
    OTHER = "other", T("Other means")


class PublicityRefused(Declined):
    """What cannot be entered as it is; ``field`` is the one to correct."""


def check(on: date, people: int, text: str, today: date) -> None:
    """``today`` is the business date. Raises PublicityRefused."""
    if on > today:
        raise PublicityRefused(T("Only what has happened is entered: no day after today."), "on")
    if on < EARLIEST:
        raise PublicityRefused(T("This day is too long ago. Check the year."), "on")
    if people < 0:
        raise PublicityRefused(T("Enter how many people were reached; 0 if it is not known."), "people")
    if people > MOST_PEOPLE:
        raise PublicityRefused(
            T("One entry reaches at most %(n)s people. Check the number.", n=f"{MOST_PEOPLE:,}"), "people"
        )
    if len(text) > TEXT_LENGTH:
        raise PublicityRefused(T("The text has at most %(n)s characters. Shorten it.", n=TEXT_LENGTH), "text")


def may_withdraw(role: Role, is_author: bool) -> bool:
    """One's own entry; leaders and the office any within their area."""
    return is_author or role in (Role.LEADER, Role.OFFICE)
