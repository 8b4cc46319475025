"""The table of fair treatment: every rule, its sentence, where it comes from, and how it is kept. Pure.

``docs/fairness.md`` is held to it by a test.
"""

from dataclasses import dataclass
from enum import StrEnum

from app.labels import Labelled, T, Text
from app.policies.rules import Key


class Rule(StrEnum):
    """The code that refusals, breaches and overrides are recorded under."""

    HARDSHIP = "hardship"
    THIRD_PARTY_REFUSED = "third_party_refused"
    THIRD_PARTY = "third_party"
    WRONG_NUMBER = "wrong_number"
    OPT_OUT = "opt_out"
    HOURS = "hours"
    SMS_HOURS = "sms_hours"
    CALLS_PER_DAY = "calls_per_day"
    UNANSWERED_PER_DAY = "unanswered_per_day"
    JUST_CALLED = "just_called"
    SMS_PER_DAY = "sms_per_day"
    SMS_PER_WEEK = "sms_per_week"
    PUBLIC_NAMING = "public_naming"
    WORDING = "wording"
    PERSONAL_DATA = "personal_data"

    @property
    def label(self) -> Text:
        return RULES[self].label


class Kept(Labelled):
    """How a rule is kept."""

    REFUSED = "refused", T("Refused before it happens, marked when it has happened")
    BY_DESIGN = "by_design", T("There is no way to do it in this program")


@dataclass(frozen=True, slots=True)
class Definition:
    """``keys`` are the county's numbers that the rule reads; ``sentence`` is what a refusal says."""

    label: Text
    sentence: Text
    source: Text
    keys: tuple[Key, ...] = ()
    kept: Kept = Kept.REFUSED

    def say(self, **params: object) -> Text:
        """The sentence of a refusal, with its numbers."""
        return Text(self.sentence.msgid, tuple(params.items()))


_GBT = T("GB/T 45251-2025")
_BANKERS = T("GB/T 45251-2025; China Banking Association 2026")
_OWN = T("our default")
_HOURS = (Key.CONTACT_FROM, Key.CONTACT_UNTIL)

RULES: dict[Rule, Definition] = {
    Rule.HARDSHIP: Definition(
        T("Hardship"),
        T(
            "The borrower is marked: %(mark)s. No demands by phone or message; "
            "the household goes to the contact for preventing a return to poverty."
        ),
        _OWN,
    ),
    Rule.THIRD_PARTY_REFUSED: Definition(
        T("Third party's refusal"), T("The third party does not want to be contacted any more."), _GBT
    ),
    Rule.THIRD_PARTY: Definition(
        T("Third party"),
        T(
            "Somebody else may be contacted only when the borrower cannot be reached, has died or is incapable, "
            "and the reason is recorded. Never mention the debt."
        ),
        _GBT,
    ),
    Rule.WRONG_NUMBER: Definition(
        T("Wrong number"), T("This number is not the borrower's. It may not be called again."), _OWN
    ),
    Rule.OPT_OUT: Definition(
        T("Opt-out"),
        T("The borrower wants no messages."),
        T("Personal Information Protection Law; Regulation F §1006.6(e)"),
    ),
    Rule.HOURS: Definition(
        T("Hours of contact"), T("Borrowers are contacted only between %(first)s and %(last)s."), _GBT, _HOURS
    ),
    Rule.SMS_HOURS: Definition(
        T("Hours of messages"),
        T("Messages are sent only between %(first)s and %(last)s."),
        _OWN,
        (Key.SMS_FROM, Key.SMS_UNTIL),
    ),
    Rule.CALLS_PER_DAY: Definition(
        T("Calls a day"),
        T(
            "%(n)s calls today already, both lines and all loans together; at most %(most)s a day are allowed. "
            "Calls without a note count."
        ),
        _BANKERS,
        (Key.CALLS_PER_DAY,),
    ),
    Rule.UNANSWERED_PER_DAY: Definition(
        T("Unanswered attempts a day"),
        T("%(n)s unanswered attempts at this number today already; at most %(most)s a day are allowed."),
        _BANKERS,
        (Key.UNANSWERED_PER_DAY,),
    ),
    Rule.JUST_CALLED: Definition(T("Just called"), T("%(who)s called at %(at)s."), _OWN, (Key.JUST_CALLED,)),
    Rule.SMS_PER_DAY: Definition(
        T("Messages a day"),
        T("%(n)s messages today already, all loans together; at most %(most)s a day are allowed."),
        _OWN,
        (Key.SMS_PER_DAY,),
    ),
    Rule.SMS_PER_WEEK: Definition(
        T("Messages a week"),
        T("%(n)s messages within seven days already, all loans together; at most %(most)s are allowed."),
        _OWN,
        (Key.SMS_PER_WEEK,),
    ),
    Rule.PUBLIC_NAMING: Definition(
        T("No public naming"),
        T("Borrowers are never named in public."),
        T("Personal Information Protection Law §25"),
        kept=Kept.BY_DESIGN,
    ),
    Rule.WORDING: Definition(
        T("Wording"),
        T("No threats, no impersonation of an authority."),
        T("China Banking Association 2026"),
        kept=Kept.BY_DESIGN,
    ),
    Rule.PERSONAL_DATA: Definition(
        T("Personal data"),
        T("Numbers are encrypted and masked; each one shown in full is recorded."),
        T("Personal Information Protection Law §28, §51"),
        kept=Kept.BY_DESIGN,
    ),
}
