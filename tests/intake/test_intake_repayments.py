"""Repayments: from falling balances, dated by the bank where it says when, and anew when history comes between."""

from datetime import date
from pathlib import Path

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.loans.models import Repayment
from tests.intake.world import AUGUST, NOVEMBER, OCTOBER, SEPTEMBER, repayments, taken
from tests.ledger.factory import row

A = row(合同号="A")


def found(session: Session) -> list[tuple[date, date, int, str]]:
    """As of, paid on, 元, source."""
    return [
        (as_of, paid_on, amount // 100, source)
        for _, _, as_of, paid_on, amount, source in repayments(session)
    ]


def balance(yuan: int, repaid: object = "", on: object = "") -> dict[str, object]:
    return A | {"贷款余额": yuan, "偿还贷款金额": repaid, "还款时间": on}


@pytest.mark.parametrize(
    ("after", "expected"),
    [
        (balance(30_000), []),
        (balance(31_000), []),  # risen: no repayment
        (balance(25_000), [(OCTOBER, OCTOBER, 5_000, "inferred")]),
        (balance(0), [(OCTOBER, OCTOBER, 30_000, "inferred")]),
        (balance(25_000, 5_000, "2023-10-09"), [(OCTOBER, date(2023, 10, 9), 5_000, "ledger")]),
        # the fallen balance is the amount: the bank's figure is often the sum of all repayments
        (balance(25_000, 25_000, "2023-10-09"), [(OCTOBER, date(2023, 10, 9), 5_000, "ledger")]),
        (balance(25_000, "", "2023-10-09"), [(OCTOBER, date(2023, 10, 9), 5_000, "ledger")]),
        # an older date than the ledger before is about an older repayment
        (balance(25_000, 25_000, "2023-09-30"), [(OCTOBER, OCTOBER, 5_000, "inferred")]),
        (balance(25_000, 5_000, "2023-11-02"), [(OCTOBER, OCTOBER, 5_000, "inferred")]),
        (balance(30_000, 5_000, "2023-10-09"), []),
    ],
)
def test_what_the_next_ledger_shows(
    session: Session, tmp_path: Path, after: dict[str, object], expected: list[tuple[date, date, int, str]]
) -> None:
    taken(tmp_path, [A], SEPTEMBER)
    taken(tmp_path, [after], OCTOBER)
    assert found(session) == expected


def test_a_loan_first_seen_with_a_repayment_of_the_bank(session: Session, tmp_path: Path) -> None:
    taken(tmp_path, [balance(10_000, 20_000, "2023-05-06")], SEPTEMBER)
    assert found(session) == [(SEPTEMBER, date(2023, 5, 6), 20_000, "ledger")]
    taken(tmp_path, [balance(50_000)], AUGUST)
    assert found(session) == [(SEPTEMBER, SEPTEMBER, 40_000, "inferred")]


def test_history_in_between_is_inferred_anew(session: Session, tmp_path: Path) -> None:
    taken(tmp_path, [balance(30_000)], AUGUST)
    taken(tmp_path, [balance(10_000)], NOVEMBER)
    assert found(session) == [(NOVEMBER, NOVEMBER, 20_000, "inferred")]
    taken(tmp_path, [balance(25_000)], SEPTEMBER)
    assert found(session) == [
        (SEPTEMBER, SEPTEMBER, 5_000, "inferred"),
        (NOVEMBER, NOVEMBER, 15_000, "inferred"),
    ]
    taken(tmp_path, [balance(10_000, 15_000, "2023-10-02")], OCTOBER)
    assert found(session) == [
        (SEPTEMBER, SEPTEMBER, 5_000, "inferred"),
        (OCTOBER, date(2023, 10, 2), 15_000, "ledger"),
    ]


def test_a_corrected_ledger_of_the_same_date(session: Session, tmp_path: Path) -> None:
    taken(tmp_path, [balance(30_000)], SEPTEMBER)
    taken(tmp_path, [balance(10_000)], OCTOBER)
    taken(tmp_path, [balance(5_000)], NOVEMBER)
    taken(tmp_path, [balance(30_000)], OCTOBER)
    assert found(session) == [(NOVEMBER, NOVEMBER, 25_000, "inferred")]
    taken(tmp_path, [balance(4_000)], OCTOBER)
    assert found(session) == [(OCTOBER, OCTOBER, 26_000, "inferred")]


def test_other_loans_keep_theirs(session: Session, tmp_path: Path) -> None:
    other = row(合同号="B")
    taken(tmp_path, [A, other], SEPTEMBER)
    taken(tmp_path, [A, other | {"贷款余额": 20_000}], OCTOBER)
    kept = session.scalars(select(Repayment.id)).all()
    taken(tmp_path, [A | {"贷款余额": 1}], OCTOBER)
    assert set(kept) <= set(session.scalars(select(Repayment.id))) and len(found(session)) == 2
