"""A loan that the next ledger leaves out is missing, not repaid: it stays, marked, until somebody decides."""

from pathlib import Path

import pytest
from sqlalchemy.orm import Session

from app.accounts.rules import EVERYTHING, Scope
from app.bulletin.queries import figures
from app.intake import settle
from app.loans.actions import DecisionRefused, decide_missing
from app.loans.queries import count_missing, missing_loans
from app.loans.rules import MissingDecision
from tests.intake.world import (
    AUGUST,
    NOVEMBER,
    OCTOBER,
    OTHER_LENDER,
    SEPTEMBER,
    imported,
    ledger_file,
    loan,
    open_cases,
    repayments,
    snapshots,
    take,
    taken,
)
from tests.ledger.factory import AGANG, COUNTY, JIULONG, ledger_row, row

pytestmark = pytest.mark.slow

A = row(合同号="A", 贷款余额=20_000, 逾期贷款金额=5_000)
B = row(合同号="B")


def listed(session: Session, scope: Scope = EVERYTHING) -> list[str]:
    return [found.contract_no for found in missing_loans(session, scope, 10)]


def test_it_stays_in_the_stock_at_its_last_balance(session: Session, tmp_path: Path) -> None:
    taken(tmp_path, [A, B], SEPTEMBER)
    outcome = taken(tmp_path, [B], OCTOBER)
    assert (outcome.counts["missing"], outcome.counts["missing_overdue"]) == (1, 500_000)
    found = loan(session, "A")
    assert (found.missing_since, found.balance, found.as_of) == (OCTOBER, 2_000_000, SEPTEMBER)
    total = figures(session, COUNTY, OCTOBER).total
    assert (total.stock_fen, total.overdue_fen, total.stock_households) == (5_000_000, 500_000, 2)
    assert listed(session) == ["A"] and open_cases(session) == {"A": 500_000} and not repayments(session)
    assert count_missing(session, EVERYTHING).overdue == 500_000
    assert listed(session, Scope(region=AGANG)) == ["A"] and listed(session, Scope(region=JIULONG)) == []


def test_since_when_stays_with_the_ledgers_after(session: Session, tmp_path: Path) -> None:
    taken(tmp_path, [A, B], SEPTEMBER)
    taken(tmp_path, [B], OCTOBER)
    assert taken(tmp_path, [B | {"贷款余额": 1}], NOVEMBER).counts["missing"] == 1
    assert loan(session, "A").missing_since == OCTOBER


def test_it_comes_back(session: Session, tmp_path: Path) -> None:
    taken(tmp_path, [A, B], SEPTEMBER)
    taken(tmp_path, [B], OCTOBER)
    decide_missing(session, loan(session, "A"), MissingDecision.STILL_OWED, "office")
    session.commit()
    assert listed(session) == []
    taken(tmp_path, [A | {"贷款余额": 10_000}, B], NOVEMBER)
    found = loan(session, "A")
    assert (found.missing_since, found.missing_decision, found.balance) == (None, None, 1_000_000)
    assert [(r[2], r[4]) for r in repayments(session)] == [(NOVEMBER, 1_000_000)]


def test_a_repaid_loan_may_be_left_out(session: Session, tmp_path: Path) -> None:
    taken(tmp_path, [A | {"贷款余额": 0, "逾期贷款金额": 0}, B], SEPTEMBER)
    assert taken(tmp_path, [B], OCTOBER).counts["missing"] == 0
    assert loan(session, "A").missing_since is None


def test_only_the_lender_and_the_townships_of_the_file_are_judged(session: Session, tmp_path: Path) -> None:
    taken(tmp_path, [A, B, row(合同号="J", 乡镇="九龙街道", 支行="九龙支行")], SEPTEMBER)
    taken(
        tmp_path,
        [row(合同号="O", 贷款金融机构=OTHER_LENDER), row(合同号="P", 贷款金融机构=OTHER_LENDER)],
        SEPTEMBER,
    )
    outcome = taken(
        tmp_path, [row(合同号="J2", 乡镇="九龙街道"), row(合同号="P", 贷款金融机构=OTHER_LENDER)], OCTOBER
    )
    assert outcome.counts["missing"] == 2 and sorted(listed(session)) == ["J", "O"]


def test_a_loan_that_moved_is_not_missing_where_it_was(session: Session, tmp_path: Path) -> None:
    taken(tmp_path, [A, B], SEPTEMBER)
    assert taken(tmp_path, [A | {"乡镇": "九龙街道"}, B], OCTOBER).counts["missing"] == 0


def test_a_refused_row_is_not_missing(session: Session, tmp_path: Path) -> None:
    taken(tmp_path, [A, B], SEPTEMBER)
    outcome = taken(tmp_path, [A | {"贷款余额": 99_999}, B], OCTOBER, accept_valid=True)
    assert (outcome.counts["rejected"], outcome.counts["missing"]) == (1, 0) and listed(session) == []


def test_an_older_ledger_moves_the_mark_back_and_keeps_the_decision(session: Session, tmp_path: Path) -> None:
    taken(tmp_path, [A, B], AUGUST)
    taken(tmp_path, [B], OCTOBER)
    decide_missing(session, loan(session, "A"), MissingDecision.STILL_OWED, "office")
    session.commit()
    taken(tmp_path, [B | {"贷款余额": 29_000}], SEPTEMBER)
    found = loan(session, "A")
    assert (found.missing_since, found.missing_decision) == (SEPTEMBER, MissingDecision.STILL_OWED)
    taken(tmp_path, [A | {"贷款余额": 19_000}, B | {"贷款余额": 29_000}], SEPTEMBER)
    assert (found.missing_since, found.missing_decision) == (OCTOBER, MissingDecision.STILL_OWED)
    assert figures(session, COUNTY, OCTOBER).total.stock_fen == 1_900_000 + 3_000_000


def test_a_loan_repaid_in_an_older_ledger_is_no_longer_missing(session: Session, tmp_path: Path) -> None:
    taken(tmp_path, [A, B], AUGUST)
    taken(tmp_path, [B], OCTOBER)
    taken(tmp_path, [A | {"贷款余额": 0, "逾期贷款金额": 0}, B], SEPTEMBER)
    assert loan(session, "A").missing_since is None and listed(session) == []


def test_a_loan_that_only_history_lists_ends_with_the_next_ledger(session: Session, tmp_path: Path) -> None:
    """Figures that are known, and perhaps published, do not change; nor do the cases."""
    taken(tmp_path, [B], OCTOBER)
    before, cases = figures(session, COUNTY, OCTOBER).to_json(), open_cases(session)
    outcome = taken(tmp_path, [A, B], SEPTEMBER)
    assert (outcome.counts["new"], outcome.counts["missing"]) == (1, 0)
    assert figures(session, COUNTY, OCTOBER).to_json() == before and open_cases(session) == cases
    assert figures(session, COUNTY, SEPTEMBER).total.stock_fen == 5_000_000
    assert listed(session) == [] and loan(session, "A").balance == 0 and not repayments(session)


def test_what_history_alone_lists_and_no_later_ledger_covers_counts_today(
    session: Session, tmp_path: Path
) -> None:
    taken(tmp_path, [B | {"乡镇": "九龙街道"}], OCTOBER)
    taken(tmp_path, [A], SEPTEMBER)
    assert figures(session, COUNTY, OCTOBER).total.stock_fen == 5_000_000 and open_cases(session) == {
        "A": 500_000
    }


def test_a_row_refused_later_does_not_end_a_loan(session: Session, tmp_path: Path) -> None:
    taken(tmp_path, [A | {"贷款余额": 99_999}, B], OCTOBER, accept_valid=True)
    taken(tmp_path, [A, B, row(合同号="C")], SEPTEMBER)
    assert listed(session) == [] and (loan(session, "A").balance, loan(session, "C").balance) == (
        2_000_000,
        0,
    )


def test_an_older_ledger_that_lists_it_keeps_the_decision_about_a_later_one(
    session: Session, tmp_path: Path
) -> None:
    taken(tmp_path, [A, B], AUGUST)
    taken(tmp_path, [B], OCTOBER)
    decide_missing(session, loan(session, "A"), MissingDecision.STILL_OWED, "office")
    session.commit()
    taken(tmp_path, [A | {"贷款余额": 19_000}, B], SEPTEMBER)
    found = loan(session, "A")
    assert (found.missing_since, found.missing_decision) == (OCTOBER, MissingDecision.STILL_OWED)
    assert (found.as_of, found.balance) == (SEPTEMBER, 1_900_000)


def test_repaid_ends_it_as_of_the_ledger_that_left_it_out(session: Session, tmp_path: Path) -> None:
    taken(tmp_path, [A, B], SEPTEMBER)
    taken(tmp_path, [B], OCTOBER)
    decide_missing(session, loan(session, "A"), MissingDecision.REPAID, "office")
    settle(session, OCTOBER, "system")
    session.commit()
    assert figures(session, COUNTY, SEPTEMBER).total.stock_fen == 5_000_000
    assert figures(session, COUNTY, OCTOBER).total.stock_fen == 3_000_000
    assert open_cases(session) == {} and listed(session) == []
    assert [(r[1], r[2], r[4], r[5]) for r in repayments(session)] == [("A", OCTOBER, 2_000_000, "inferred")]
    assert taken(tmp_path, [B | {"贷款余额": 1}], NOVEMBER).counts["missing"] == 0


def test_the_banks_word_of_the_same_date_wins_over_a_decision(session: Session, tmp_path: Path) -> None:
    taken(tmp_path, [A, B], SEPTEMBER)
    taken(tmp_path, [B], OCTOBER)
    decide_missing(session, loan(session, "A"), MissingDecision.REPAID, "office")
    session.commit()
    taken(tmp_path, [A, B], OCTOBER)
    assert loan(session, "A").balance == 2_000_000 and not repayments(session)
    assert [s[6] for s in snapshots(session) if s[1] == "A"] == [2_000_000, 2_000_000]


def test_a_ledger_between_two_fits_into_a_decision(session: Session, tmp_path: Path) -> None:
    taken(tmp_path, [A, B], AUGUST)
    taken(tmp_path, [B], OCTOBER)
    decide_missing(session, loan(session, "A"), MissingDecision.REPAID, "office")
    session.commit()
    taken(tmp_path, [A | {"贷款余额": 15_000}, B], SEPTEMBER)
    assert [(r[2], r[4]) for r in repayments(session) if r[1] == "A"] == [
        (SEPTEMBER, 500_000),
        (OCTOBER, 1_500_000),
    ]
    assert loan(session, "A").balance == 0


def test_there_is_nothing_to_decide_about_a_listed_loan(session: Session, tmp_path: Path) -> None:
    taken(tmp_path, [A], SEPTEMBER)
    with pytest.raises(DecisionRefused):
        decide_missing(session, loan(session, "A"), MissingDecision.REPAID, "office")


def test_a_preview_counts_what_taking_then_marks(session: Session, tmp_path: Path) -> None:
    taken(tmp_path, [A, B], SEPTEMBER)
    path = ledger_file(tmp_path, [B])
    assert imported(path, OCTOBER, dry_run=True).counts["missing"] == 1 and listed(session) == []
    imported(path, OCTOBER)
    assert listed(session) == ["A"]


@pytest.mark.slow
def test_many_refused_contracts_are_no_obstacle(session: Session) -> None:
    take(session, [ledger_row(contract_no=f"HT-{n}", balance=100) for n in range(20)], SEPTEMBER)
    report = take(session, [ledger_row()], OCTOBER, refused=[f"HT-{n}" for n in range(40_000) if n != 7])
    assert report.missing == 1 and listed(session) == ["HT-7"]
