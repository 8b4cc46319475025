"""Promises to pay, how they are judged, and how a payment is allocated. Pure."""

from app.labels import Labelled, T


class PromiseState(Labelled):
    OPEN = "open", T("Open")
    KEPT = "kept", T("Kept")
    PARTIAL = "partial", T("Kept in part")
    BROKEN = "broken", T("Broken")
    CANCELLED = "cancelled", T("Cancelled")


class ReportState(Labelled):
    """What the ledger has said of a repayment that a collector reported."""

    REPORTED = "reported", T("Reported, not in a ledger yet")
    CONFIRMED = "confirmed", T("Confirmed by the ledger")
    CONTRADICTED = "contradicted", T("The ledger does not show it")
    WITHDRAWN = "withdrawn", T("Withdrawn")
