"""The words of fair treatment: how a borrower is contacted, who was reached, what is known of them. Pure."""

from app.labels import Labelled, T


class Channel(Labelled):
    CALL = "call", T("Call")
    VISIT = "visit", T("Visit")
    SMS = "sms", T("Text message")
    LETTER = "letter", T("Letter")
    THIRD_PARTY = "third_party", T("Through a third party")
    NOTE = "note", T("Note without contact")


class Reached(Labelled):
    BORROWER = "borrower", T("The borrower")
    FAMILY = "family", T("A family member")
    THIRD_PARTY = "third_party", T("Somebody else")
    NOBODY = "nobody", T("Nobody")


class Mark(Labelled):
    """What is known of a borrower and changes how he may be treated."""

    ILLNESS = "illness", T("Serious illness")
    DISASTER = "disaster", T("Disaster")
    DEATH = "death", T("Deceased")
    INCAPABLE = "incapable", T("Incapable")
    UNREACHABLE = "unreachable", T("Cannot be reached")
    OPT_OUT = "opt_out", T("Wants no messages")
    NO_THIRD_PARTY = "no_third_party", T("Third party refused contact")


HARDSHIP = (Mark.ILLNESS, Mark.DISASTER, Mark.DEATH)
THIRD_PARTY_GROUNDS = (Mark.UNREACHABLE, Mark.DEATH, Mark.INCAPABLE)
# Marks that protect somebody: only who leads the work may lift them.
PROTECTING = (*HARDSHIP, Mark.OPT_OUT, Mark.NO_THIRD_PARTY)


class Reaches(Labelled):
    """Whether a number reaches the borrower."""

    UNKNOWN = "unknown", T("Not tried yet")
    YES = "yes", T("Reaches the borrower")
    NO_ANSWER = "no_answer", T("Nobody answered")
    WRONG = "wrong", T("Wrong number")


class Whose(Labelled):
    SELF = "self", T("The borrower's")
    FAMILY = "family", T("A family member's")
    OTHER = "other", T("Somebody else's")
