"""Rules about a loan at a date. Pure."""

from datetime import date
from enum import StrEnum

from app.labels import Labelled, T


class Category(Labelled):
    """脱贫属性: the programme's kinds of borrower; the last three are the 监测对象."""

    LIFTED = "lifted", T("Lifted out of poverty")
    UNSTABLE = "unstable", T("Lifted, unstable")
    MARGINAL = "marginal", T("Marginal, at risk of poverty")
    SUDDEN = "sudden", T("Sudden serious difficulty")


class RepaymentSource(Labelled):
    LEDGER = "ledger", T("Given by the bank")
    INFERRED = "inferred", T("From a fallen balance")


class MissingDecision(StrEnum):
    """What a person decided about a loan that its lender's ledger no longer lists."""

    REPAID = "repaid"
    STILL_OWED = "still_owed"


def overdue_at(*, balance: int, ledger_overdue: int, as_of: date, effective_due: date, day: date) -> int:
    """分 overdue on ``day``, given a ledger's word as of ``as_of``.

    The ledger's word holds until it can have become untrue: a balance not overdue then turns overdue on the day
    after its due date. A due date the ledger already knew to be past (an extension it has not dated) stays its word.
    """
    if ledger_overdue > 0:
        return ledger_overdue
    return balance if as_of <= effective_due < day else 0
