"""The check list: what is in order by itself, what a reason settles, what nothing but the data does."""

from datetime import date
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import update
from sqlalchemy.orm import Session

from app.accounts.models import User
from app.accounts.rules import EVERYTHING, Role, Scope
from app.bulletin.checklist import Item, check
from app.bulletin.closing import CloseRefused, close_month, keep_total, settle
from app.bulletin.doubts import OF_LOANS, loans_of
from app.bulletin.rules import ItemKind, Standing, differences, ledger_standing, why_not_closed
from app.bulletin.total_text import read_totals, typed_totals
from app.cases.models import Case
from app.loans.actions import decide_missing
from app.loans.rules import MissingDecision
from app.places.models import Lender
from app.places.rules import Level
from app.promises.models import ReportedRepayment
from app.promises.rules import ReportState
from app.today import now
from tests.bulletin.test_closing import listed, refused
from tests.intake.world import LENDER, OCTOBER, SEPTEMBER, TODAY, loan, take, taken
from tests.ledger.factory import COUNTY, row

OVERDUE = {"overdue": 200, "due_on": date(2023, 9, 9)}


def item(session: Session, kind: ItemKind) -> Item:
    (found,) = check(session, COUNTY, OCTOBER).of(kind)
    return found


def agreed(session: Session, kind: ItemKind, key: str = "") -> None:
    settle(session, COUNTY, OCTOBER, kind, key, " 经核对无误 ", "office")


def test_a_month_in_which_everything_agrees_has_nothing_open(session: Session) -> None:
    take(session, [listed(1, 300), listed(2, 200)], SEPTEMBER)
    take(session, [listed(1, 300), listed(2, 100)], OCTOBER)
    found = check(session, COUNTY, OCTOBER)
    assert found.open == [] and {i.kind for i in found.items} == set(ItemKind)
    assert close_month(session, COUNTY, OCTOBER, "office", TODAY).digests


def test_a_county_without_loans_is_not_in_order(session: Session) -> None:
    (blocked,) = check(session, COUNTY, OCTOBER).open
    assert blocked.standing is Standing.BLOCKED and "No loan is known here" in str(blocked.says)
    refused("No loan of 罗平县 is known", close_month, session, COUNTY, OCTOBER, "office", TODAY)


def test_what_a_reason_settles_is_open_again_when_it_says_something_else(session: Session) -> None:
    take(session, [listed(1, 300), listed(2, 200)], SEPTEMBER)
    take(session, [listed(1, 400), listed(2, 200)], OCTOBER)
    assert item(session, ItemKind.RISEN).standing is Standing.OPEN
    refused("1 items are open", close_month, session, COUNTY, OCTOBER, "office", TODAY)
    refused("Say why", settle, session, COUNTY, OCTOBER, ItemKind.RISEN, "", "  ", "office")
    agreed(session, ItemKind.RISEN)
    settled = item(session, ItemKind.RISEN)
    assert settled.standing is Standing.REASONED and settled.settled is not None
    assert (settled.settled.reason, settled.settled.settled_by) == ("经核对无误", "office")
    refused("settled already", agreed, session, ItemKind.RISEN)
    with pytest.raises(LookupError):
        agreed(session, ItemKind.TOTALS, "7-530324")
    take(session, [listed(2, 250)], OCTOBER)
    assert "The balances of 2 loans have risen, to 6.50 yuan" in str(item(session, ItemKind.RISEN).says)
    assert item(session, ItemKind.RISEN).standing is Standing.OPEN


def test_loans_that_are_missing_or_have_no_case(session: Session) -> None:
    take(session, [listed(1, 300), listed(2, 200, **OVERDUE), listed(3, 70)], SEPTEMBER)
    take(session, [listed(1, 300), listed(2, 200, **OVERDUE)], OCTOBER)
    assert "1 loans with a balance of 0.70 yuan" in str(item(session, ItemKind.MISSING).says)
    assert item(session, ItemKind.NO_CASE).standing is Standing.SETTLED
    session.execute(update(Case).values(closed_on=date(2023, 10, 9)))
    assert "1 overdue loans of 2.00 yuan have no case" in str(item(session, ItemKind.NO_CASE).says)
    decide_missing(session, loan(session, "HT-3"), MissingDecision.STILL_OWED, "office")
    session.flush()
    assert item(session, ItemKind.MISSING).standing is Standing.SETTLED
    ((doubt,), number) = loans_of(session, ItemKind.NO_CASE, COUNTY, OCTOBER, EVERYTHING, 0, 10)
    assert (doubt.loan.contract_no, doubt.before, doubt.now, number) == ("HT-2", 200, 200, 1)
    assert loans_of(session, ItemKind.NO_CASE, COUNTY, OCTOBER, Scope("530325"), 0, 10) == ([], 0)


def test_a_list_pages_and_counts_as_its_item_does(session: Session) -> None:
    take(session, [listed(n, 100) for n in range(1, 6)], SEPTEMBER)
    take(session, [listed(n, 100 + n) for n in range(1, 6)], OCTOBER)
    seen, after = [], 0
    while True:
        doubts, number = loans_of(session, ItemKind.RISEN, COUNTY, OCTOBER, EVERYTHING, after, 2)
        if not doubts:
            break
        seen += [(d.before, d.now) for d in doubts]
        after = doubts[-1].key
    assert sorted(seen) == [(100, 100 + n) for n in range(1, 6)] and number == 5
    for kind in OF_LOANS:
        found = loans_of(session, kind, COUNTY, OCTOBER, EVERYTHING, 0, 9)
        assert item(session, kind).standing is (Standing.OPEN if found[1] else Standing.SETTLED)


def test_a_reported_repayment_waits_for_its_ledger(session: Session) -> None:
    take(session, [listed(2, 200, **OVERDUE)], OCTOBER)
    author = User(username="agang", name="甲", role=Role.TOWNSHIP, created_at=now(), region_code=COUNTY)
    session.add(author)
    session.flush()
    found = session.query(Case).one()
    report = ReportedRepayment(
        case_id=found.id, loan_id=found.loan_id, paid_on=OCTOBER, amount=50, costs=0, interest=0, principal=50,
        evidence="收据", reported_by_id=author.id, reported_at=now(),
    )  # fmt: skip
    session.add(report)
    session.flush()
    assert "1 repayments of 0.50 yuan" in str(item(session, ItemKind.REPORTED).says)
    ((doubt,), _) = loans_of(session, ItemKind.REPORTED, COUNTY, OCTOBER, EVERYTHING, 0, 9)
    assert (doubt.key, doubt.now) == (report.id, 50)
    report.state = ReportState.CONFIRMED
    session.flush()
    assert item(session, ItemKind.REPORTED).standing is Standing.SETTLED


def test_a_ledger_of_another_day_of_the_month_needs_a_reason(session: Session) -> None:
    take(session, [listed(1, 300)], date(2023, 10, 30))
    found = item(session, ItemKind.LEDGER)
    assert found.standing is Standing.OPEN and "of 2023-10-30, not of the month's last day" in str(found.says)
    agreed(session, ItemKind.LEDGER, found.key)
    assert item(session, ItemKind.LEDGER).standing is Standing.REASONED


def test_many_missing_ledgers_are_named_up_to_a_number(session: Session) -> None:
    rows = [listed(n, 100, lender=f"银行{n}") for n in range(1, 8)]
    take(session, rows, SEPTEMBER)
    with pytest.raises(CloseRefused, match=r"Ledgers are missing\. 银行1, .*银行5, [^银]*And 2 more"):
        close_month(session, COUNTY, OCTOBER, "office", TODAY)


def test_a_lender_whose_loans_are_all_repaid_needs_no_ledger(session: Session) -> None:
    take(session, [listed(1, 0, lender="银行1")], SEPTEMBER)
    take(session, [listed(2, 5)], OCTOBER)
    assert check(session, COUNTY, OCTOBER).open == []


def test_the_lenders_own_sums_are_compared_to_the_fen(session: Session) -> None:
    take(session, [listed(1, 300), listed(2, 200, **OVERDUE), listed(3, 0)], OCTOBER)
    lender = session.query(Lender).filter_by(name=LENDER).one()

    def say(**values: int | None) -> Item:
        totals = {"loans": 2, "stock": 500, "overdue": 200} | values
        keep_total(session, lender, COUNTY, OCTOBER, totals, "office")
        return item(session, ItemKind.TOTALS)

    assert say().standing is Standing.SETTLED and say(overdue=None).standing is Standing.SETTLED
    wrong = say(stock=501)
    assert wrong.standing is Standing.OPEN and "stock 5.00 here, 5.01 there;" in str(wrong.says)
    agreed(session, ItemKind.TOTALS, wrong.key)
    assert item(session, ItemKind.TOTALS).standing is Standing.REASONED
    assert say(loans=3).standing is Standing.OPEN
    keep_total(session, lender, COUNTY, OCTOBER, dict.fromkeys(("loans", "stock", "overdue")), "office")
    assert "No lender has given sums" in str(item(session, ItemKind.TOTALS).says)


@pytest.mark.parametrize("db_kind", ["sqlite"])
def test_refused_rows_until_their_contracts_come(session: Session, tmp_path: Path) -> None:
    good, bad = row(合同号="HT-A"), row(合同号="HT-B", 贷款余额="不详")
    taken(tmp_path, [good, bad], OCTOBER, accept_valid=True)
    found = item(session, ItemKind.REFUSED)
    assert found.standing is Standing.OPEN and "1 of 1 refused rows have not come since" in str(found.says)
    taken(tmp_path, [good, bad | {"贷款余额": 100}], OCTOBER)
    assert item(session, ItemKind.REFUSED).standing is Standing.SETTLED


# --- the rules by themselves


@pytest.mark.parametrize(
    ("newest", "stock", "expected"),
    [
        (OCTOBER, 1, Standing.SETTLED),
        (date(2023, 10, 1), 1, Standing.OPEN),
        (SEPTEMBER, 1, Standing.BLOCKED),
        (None, 1, Standing.BLOCKED),
        (SEPTEMBER, 0, Standing.SETTLED),
    ],
)
def test_how_a_ledger_stands(newest: date | None, stock: int, expected: Standing) -> None:
    assert ledger_standing(newest, OCTOBER, stock) is expected


def test_what_is_no_month_to_close() -> None:
    assert why_not_closed(Level.COUNTY, "罗平县", OCTOBER, OCTOBER) is None
    assert why_not_closed(Level.PROVINCE, "云南省", OCTOBER, TODAY) is None
    assert "neither" in str(why_not_closed(Level.VILLAGE, "松林村", OCTOBER, TODAY))
    assert "2023-10-31" in str(why_not_closed(Level.COUNTY, "罗平县", OCTOBER, date(2023, 10, 30)))


def test_differences_name_what_is_another() -> None:
    assert differences({"stock": 5, "overdue": 1}, {"stock": 5}) == [("overdue", 1, 0)]
    assert differences({}, {"new_households": 2}) == [("new_households", 0, 2)]
    assert differences({"stock": 5}, {"stock": 5}) == []


@pytest.mark.parametrize(
    ("typed", "values", "wrong"),
    [
        (
            {"loans": "１２", "stock": "1,234.50元", "overdue": ""},
            {"loans": 12, "stock": 123_450, "overdue": None},
            [],
        ),
        ({"loans": "1.5", "stock": "x", "overdue": "0"}, {"overdue": 0}, ["loans", "stock"]),
        ({"loans": "-1", "stock": "9" * 40}, {"loans": -1, "overdue": None}, ["loans", "stock"]),
    ],
)
def test_what_is_typed_for_a_lenders_sums(typed: dict[str, str], values: Any, wrong: list[str]) -> None:
    found, errors = typed_totals(typed)
    assert list(errors) == wrong
    assert values.items() <= found.items()


def test_pasted_sums_each_line_for_itself() -> None:
    text = "银行,笔数,存量,逾期\n农商行,3,100.5,0\n农商行\t3\t1,000\t\n别家,1,1,1\n农商行,3\n农商行,x1,1,1\n"
    lines = read_totals(text, {"农商行": 7})
    assert [(line.number, line.lender, line.reason is None) for line in lines] == [
        (2, 7, True), (3, 7, True), (4, None, False), (5, None, False), (6, 7, False),
    ]  # fmt: skip
    assert lines[0].values == {"loans": 3, "stock": 10_050, "overdue": 0}
    assert lines[1].values == {"loans": 3, "stock": 100_000, "overdue": None}
