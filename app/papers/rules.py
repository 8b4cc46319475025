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
