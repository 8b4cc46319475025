"""October is the published month to the 分; the months around it tell a story that holds together."""

import hashlib
import itertools
import os
import subprocess
import sys
from collections import Counter
from datetime import date, timedelta
from decimal import ROUND_HALF_UP, Decimal
from pathlib import Path

import pytest

from app.demo import Demo, Row
from app.places.rules import shipped

SEPTEMBER, OCTOBER, NOVEMBER = 0, 1, 2
CLEARED = ["旧屋基乡", "板桥镇", "钟山乡", "长底乡", "鲁布革乡"]
PLACES = shipped("530324")
TOWNSHIPS = [place.short for place in PLACES.children("530324")]

# Changes only when the invented county is changed on purpose.
DIGEST = "56b9da8dd619a90b2fbbd295dec44fd8818e6d11aeaebe92f76d005816d7a626"

Months = list[dict[str, Row]]


def wan(text: str) -> int:
    """分 for a published 万元."""
    return int(Decimal(text) * 1_000_000)


def township_of(row: Row) -> str:
    place = PLACES.find(row.township)
    assert place is not None
    return place.short


def target_of(demo: Demo, township: str) -> int:
    place = PLACES.find(township)
    assert place is not None
    return demo.targets[place.code]


def figures(rows: list[Row], as_of: date) -> dict[str, int]:
    """The figures of the bulletin, counted the plainest way."""
    heads: dict[str, set[str]] = {"stock": set(), "new": set(), "overdue": set()}
    amounts = dict.fromkeys(heads, 0)
    loans = 0
    for row in rows:
        if row.balance > 0:
            heads["stock"].add(row.head_id)
            amounts["stock"] += row.balance
        if date(as_of.year, 1, 1) <= row.disbursed_on <= as_of:
            heads["new"].add(row.head_id)
            amounts["new"] += row.principal
        if row.overdue > 0:
            heads["overdue"].add(row.head_id)
            amounts["overdue"] += row.overdue
            loans += 1
    return {
        **{f"{name}_households": len(found) for name, found in heads.items()},
        **{f"{name}_amount": amount for name, amount in amounts.items()},
        "overdue_loans": loans,
    }


def in_township(demo: Demo, month: int, township: str) -> dict[str, int]:
    ledger = demo.ledgers[month]
    return figures([row for row in ledger.rows if township_of(row) == township], ledger.as_of)


def percent(part: int, whole: int) -> Decimal:
    return Decimal(part) * 100 / whole


def half_up(value: Decimal, unit: str) -> Decimal:
    return value.quantize(Decimal(unit), ROUND_HALF_UP)


def overdue_loans(demo: Demo, month: int) -> Counter[str]:
    return Counter(township_of(row) for row in demo.ledgers[month].rows if row.overdue)


# October as published


@pytest.mark.parametrize("township", TOWNSHIPS)
def test_october_is_the_published_month_in(
    township: str, demo: Demo, published: dict[str, dict[str, str]]
) -> None:
    line, counted = published[township], in_township(demo, OCTOBER, township)
    for name in ("stock", "new", "overdue"):
        assert counted[f"{name}_households"] == int(line[f"{name}_households"])
        assert counted[f"{name}_amount"] == wan(line[f"{name}_wan"])
    completion = half_up(percent(counted["new_amount"], target_of(demo, township)), "1")
    assert completion == int(line["target_completion_pct_printed"])
    if township != "老厂乡" and line["overdue_rate_pct_printed"]:
        rate = half_up(percent(counted["overdue_amount"], counted["stock_amount"]), "0.01")
        assert rate == Decimal(line["overdue_rate_pct_printed"])


def test_the_one_rate_that_was_published_wrong_comes_out_right(demo: Demo) -> None:
    counted = in_township(demo, OCTOBER, "老厂乡")
    assert half_up(percent(counted["overdue_amount"], counted["stock_amount"]), "0.01") == Decimal("0.84")


def test_the_county_is_the_sum_of_its_townships(demo: Demo, published: dict[str, dict[str, str]]) -> None:
    line = published["全县"]
    whole = figures(list(demo.ledgers[OCTOBER].rows), date(2023, 10, 31))
    parts = [in_township(demo, OCTOBER, township) for township in TOWNSHIPS]
    assert whole == {name: sum(part[name] for part in parts) for name in whole}
    assert whole["stock_amount"] == wan(line["stock_wan"])
    assert whole["overdue_loans"] > whole["overdue_households"] == int(line["overdue_households"])
    assert sum(demo.targets.values()) == wan("5467.5")


def test_households_are_not_borrowers_nor_loans(demo: Demo) -> None:
    """Otherwise a wrong way of counting 户 would pass unnoticed."""
    stock = [row for row in demo.ledgers[OCTOBER].rows if row.balance]
    assert len({row.head_id for row in stock}) < len({row.borrower_id for row in stock}) < len(stock)
    repaid = [row for row in demo.ledgers[OCTOBER].rows if row.balance == 0]
    assert any(row.disbursed_on >= date(2023, 1, 1) for row in repaid)
    assert any(row.disbursed_on < date(2023, 1, 1) for row in repaid)


# Every row, every month


def test_every_row_is_one_that_an_import_takes(demo: Demo) -> None:
    for ledger in demo.ledgers:
        assert [row.number for row in ledger.rows] == list(range(1, len(ledger.rows) + 1))
        assert len({row.contract_no for row in ledger.rows}) == len(ledger.rows)
        for row in ledger.rows:
            assert 0 <= row.overdue <= row.balance <= row.principal <= wan("10")
            assert date(2020, 11, 1) <= row.disbursed_on <= ledger.as_of
            assert row.credit_on < row.disbursed_on < row.due_on
            assert row.due_on <= row.disbursed_on.replace(year=row.disbursed_on.year + 3)
            assert (row.repaid is None) == (row.repaid_on is None)
            assert (row.repaid or 1) > 0
            assert (row.repaid_on or ledger.as_of) <= ledger.as_of
            assert 365 <= row.rate <= 435
            assert row.borrower_id == row.head_id or row.relation != "户主"
            assert row.lender == demo.lender


def test_a_loan_is_overdue_from_the_day_after_its_due_date(demo: Demo) -> None:
    by_agreement = []
    for ledger in demo.ledgers:
        for row in ledger.rows:
            if row.overdue:
                assert row.due_on < ledger.as_of
                assert row.overdue_since == row.due_on + timedelta(days=1)
                assert row.grade != "正常"
            else:
                assert row.overdue_since is None
                assert row.grade == "正常"
            if row.due_on < ledger.as_of and row.overdue < row.balance:
                by_agreement.append(row)
    assert {row.remark for row in by_agreement} == {"部分余额已签订分期还款协议"}
    assert len({row.contract_no for row in by_agreement}) == 3


def test_no_household_owes_more_than_100_000_yuan(demo: Demo) -> None:
    for ledger in demo.ledgers:
        owed: Counter[str] = Counter()
        for row in ledger.rows:
            owed[row.head_id] += row.balance
        assert max(owed.values()) <= wan("10")


def test_each_month_writes_the_townships_in_its_own_way(demo: Demo) -> None:
    written = [{row.township for row in ledger.rows} for ledger in demo.ledgers]
    assert [("鲁布革布依族苗族乡" in names, "鲁布革乡" in names, "鲁布革" in names) for names in written] == [
        (True, False, False),
        (False, True, False),
        (False, False, True),
    ]
    for ledger in demo.ledgers:
        assert {township_of(row) for row in ledger.rows} == set(TOWNSHIPS)


def test_a_branch_serves_one_township_or_two(demo: Demo) -> None:
    served: dict[str, set[str]] = {}
    for row in demo.ledgers[OCTOBER].rows:
        served.setdefault(row.branch, set()).add(township_of(row))
    assert Counter(len(townships) for townships in served.values()) == {1: 7, 2: 3}


# From month to month


def test_the_facts_of_a_loan_do_not_change(months: Months) -> None:
    for before, after in itertools.pairwise(months):
        for number in before.keys() & after.keys():
            old, new = before[number], after[number]
            assert (old.borrower_id, old.head_id, old.principal, old.disbursed_on, old.branch, old.rate) == (
                new.borrower_id,
                new.head_id,
                new.principal,
                new.disbursed_on,
                new.branch,
                new.rate,
            )
            assert new.balance <= old.balance


def test_overdue_falls_from_september_to_november(demo: Demo) -> None:
    overdue = [sum(row.overdue for row in ledger.rows) for ledger in demo.ledgers]
    assert overdue == sorted(overdue, reverse=True)
    assert sorted(set(TOWNSHIPS) - set(overdue_loans(demo, OCTOBER))) == sorted(CLEARED)
    assert {"板桥镇", "钟山乡"} <= set(overdue_loans(demo, SEPTEMBER))
    newly_cleared = set(overdue_loans(demo, OCTOBER)) - set(overdue_loans(demo, NOVEMBER))
    no_longer_cleared = set(overdue_loans(demo, NOVEMBER)) - set(overdue_loans(demo, OCTOBER))
    assert (newly_cleared, no_longer_cleared) == ({"大水井乡"}, {"鲁布革乡"})


def test_cases_close_for_every_reason_and_two_come_back(months: Months) -> None:
    september, october, november = months
    cleared = [number for number, row in september.items() if row.overdue and not october[number].overdue]
    back = [number for number in cleared if november[number].overdue]
    assert len(back) == 2
    assert all(october[number].due_on > september[number].due_on for number in back)
    assert sum(october[number].balance == 0 for number in cleared) >= 15
    caught_up = [
        number
        for number, row in october.items()
        if row.overdue and number in november and not november[number].overdue and november[number].balance
    ]
    assert len(caught_up) == 1
    assert november[caught_up[0]].due_on == october[caught_up[0]].due_on


def test_one_loan_is_extended_before_it_falls_overdue(months: Months) -> None:
    extended = [
        [month[number] for month in months] for number, row in months[OCTOBER].items() if "展期" in row.remark
    ]
    assert len(extended) == 1
    [before, after, later] = extended[0]
    assert before.due_on < date(2023, 10, 31) < after.due_on == later.due_on
    assert [before.overdue, after.overdue, later.overdue] == [0, 0, 0]
    assert "展期" not in before.remark


def test_repayments_are_given_by_some_branches_and_only_to_be_inferred_from_others(months: Months) -> None:
    for before, after in itertools.pairwise(months):
        both = [(before[number], after[number]) for number in before.keys() & after.keys()]
        fallen = [(old, new) for old, new in both if new.balance < old.balance]
        given = [(old, new) for old, new in fallen if new.repaid is not None]
        assert len(given) >= 40
        assert len(fallen) - len(given) >= 40
        assert all(new.repaid == old.balance - new.balance for old, new in given)


def test_two_loans_are_missing_in_november_and_not_because_they_were_repaid(months: Months) -> None:
    missing = [months[OCTOBER][number] for number in months[OCTOBER].keys() - months[NOVEMBER].keys()]
    assert len(missing) == 2
    assert all(row.balance and not row.overdue and row.due_on > date(2023, 12, 5) for row in missing)
    assert not months[SEPTEMBER].keys() - months[OCTOBER].keys()


def test_the_wave_at_the_years_end_is_in_sight(demo: Demo) -> None:
    today = demo.business_date
    due = [row.due_on for row in demo.ledgers[NOVEMBER].rows if row.balance and row.due_on >= today]
    assert sum(day <= today + timedelta(days=30) for day in due) >= 100


def test_one_claim_is_near_the_end_of_its_three_years(demo: Demo) -> None:
    earliest = min(row.due_on for row in demo.ledgers[NOVEMBER].rows if row.overdue)
    assert earliest.replace(year=earliest.year + 3) - demo.business_date < timedelta(days=180)


# The same everywhere


def digest(demo: Demo) -> str:
    everything = [(ledger.as_of, ledger.filename, ledger.rows) for ledger in demo.ledgers]
    return hashlib.sha256(repr((everything, demo.notes, demo.targets)).encode()).hexdigest()


def test_the_county_is_the_one_that_it_always_was(demo: Demo) -> None:
    assert digest(demo) == DIGEST


@pytest.mark.slow
@pytest.mark.parametrize("seed", ["1", "77"])
def test_hash_order_plays_no_part(seed: str, demo: Demo) -> None:
    script = "from app.demo import county; from test_demo_county import digest; print(digest(county()))"
    here = Path(__file__).parent
    paths = os.pathsep.join(map(str, (here.parents[1], here)))
    done = subprocess.run(
        [sys.executable, "-c", script],
        env={**os.environ, "PYTHONHASHSEED": seed, "PYTHONPATH": paths},
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    assert done.stdout.strip() == digest(demo)
