"""When a case opens, stays, and closes: the policy as a table."""

from datetime import date

import pytest

from app.cases.rules import Close, Keep, Open, decide, decision_name
from app.cases.states import CloseReason

DUE, LATER, EARLIER = date(2023, 10, 31), date(2024, 10, 31), date(2023, 4, 30)


@pytest.mark.parametrize(
    ("overdue", "balance", "has_case", "case_due", "due", "decision"),
    [
        # Overdue: there is one open case, no more and no less.
        (1, 500, False, None, DUE, "open"),
        (500, 500, False, None, DUE, "open"),
        (1, 0, False, None, DUE, "open"),  # interest left to pay is overdue too
        (1, 500, True, DUE, DUE, "keep"),
        (1, 500, True, DUE, LATER, "keep"),  # extended, and overdue all the same
        # Not overdue, and nobody was collecting.
        (0, 500, False, None, DUE, "keep"),
        (0, 0, False, None, DUE, "keep"),
        # Not overdue any more: why?
        (0, 0, True, DUE, DUE, "close:repaid"),
        (0, 0, True, DUE, LATER, "close:repaid"),  # paid in full says more than a moved date
        (0, 500, True, DUE, LATER, "close:extended"),
        (0, 500, True, DUE, DUE, "close:caught_up"),
        (0, 500, True, DUE, EARLIER, "close:caught_up"),  # a date that moved back is no extension
        (0, 500, True, None, LATER, "close:caught_up"),
    ],
)
def test_decision(
    overdue: int, balance: int, has_case: bool, case_due: date | None, due: date, decision: str
) -> None:
    decided = decide(
        overdue=overdue, balance=balance, has_open_case=has_case, case_due=case_due, effective_due=due
    )
    assert decision_name(decided) == decision


def test_decisions_have_names() -> None:
    assert [decision_name(d) for d in (Open(), Keep(), Close(CloseReason.EXTENDED))] == [
        "open",
        "keep",
        "close:extended",
    ]
