"""The papers that are printed for a case, and how they were delivered. Pure."""

from app.labels import Labelled, T


class PaperKind(Labelled):
    DEMAND = "demand", T("Demand for payment")
    PROMISE = "promise", T("Written promise to pay")
    MATURITY = "maturity", T("Notice of maturity")


class Delivery(Labelled):
    """How a paper reached the borrower; a delivered demand restarts the limitation period, printing does not."""

    SIGNED = "signed", T("Received and signed")
    LEFT = "left", T("Left at the home, with a witness")
    REFUSED = "refused", T("Refused by the borrower")


def reaches_debtor(how: Delivery, witness: str) -> bool:
    """Does a demand that was delivered so count as made, and restart the limitation period (民法典 §195)?

    Signed, or left before a witness; refused only where a witness can say so. docs/decisions/0038 tells the source.
    """
    return how is not Delivery.REFUSED or bool(witness)
