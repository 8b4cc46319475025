"""Ledgers may come in any order of their dates: of loans that none leaves out, the tables say the same afterwards."""

import random
from collections import defaultdict
from collections.abc import Iterable
from datetime import date
from typing import Any

import pytest
from flask import Flask
from hypothesis import Phase, given, settings
from hypothesis import strategies as st
from sqlalchemy.orm import Session

from app.bulletin.queries import figures
from app.ledger.rows import LedgerRow
from tests.intake import world
from tests.intake.world import AUGUST, LENDER, NOVEMBER, OCTOBER, OTHER_LENDER, SEPTEMBER
from tests.ledger.factory import AGANG, COUNTY, JIULONG, LAOCHANG, id_number, ledger_row

MONTHS = (AUGUST, SEPTEMBER, OCTOBER, NOVEMBER)
TOWNSHIPS = (AGANG, JIULONG, LAOCHANG)
File = tuple[date, list[LedgerRow]]


@st.composite
def life(draw: st.DrawFn) -> list[tuple[date, LedgerRow]]:
    """What successive ledgers say of one loan: it may begin late, move, be repaid, fall overdue, change hands.

    Once repaid it may be left out. Of an owed loan that is left out, the order matters, on purpose: what is
    known today is not touched by history (see ``test_intake_missing.py``).
    """
    number = draw(st.integers(1, 12))
    lender = draw(st.sampled_from([LENDER, OTHER_LENDER]))
    township = draw(st.sampled_from(TOWNSHIPS))
    said = []
    for month in MONTHS:
        is_owed = said and said[-1][1].balance > 0
        if not is_owed and draw(st.integers(0, 2)) == 0:
            continue
        if draw(st.integers(0, 5)) == 0:
            township = draw(st.sampled_from(TOWNSHIPS))
        balance = draw(st.sampled_from([0, 100, 250, 250, 400]))
        paid = draw(st.booleans())
        said.append((month, ledger_row(
            contract_no=f"HT-{number}", lender=lender, township_code=township, balance=balance,
            overdue=draw(st.sampled_from([0, 0, balance // 2, balance])), principal=500,
            head_name="", id_number=id_number(number % 5), head_id=id_number(draw(st.integers(0, 4))),
            name=f"张{month.month}", phone=f"1540000000{month.month % 10}",
            disbursed_on=date(2023, draw(st.integers(1, 8)), 5),
            due_on=date(draw(st.sampled_from([2023, 2024])), 9, 9),
            repaid=50 if paid else None, repaid_on=date(2023, draw(st.integers(8, 11)), 15) if paid else None,
            remark=draw(st.sampled_from(["", "在外务工"])),
        )))  # fmt: skip
    return said


def files(lives: Iterable[list[tuple[date, LedgerRow]]], by_township: bool) -> list[File]:
    """The ledgers: one for each month and lender, or each township too. Of each contract the first life counts."""
    seen: set[tuple[str | None, str]] = set()
    sheets: dict[tuple[Any, ...], list[LedgerRow]] = defaultdict(list)
    for said in lives:
        keys = {(row.lender, row.contract_no) for _, row in said}
        if keys & seen:
            continue
        seen |= keys
        for month, row in said:
            sheets[month, row.lender, row.township_code if by_township else ""].append(row)
    return [(key[0], rows) for key, rows in sorted(sheets.items())]


def state_after(session: Session, ledgers: Iterable[File]) -> dict[str, Any]:
    """What the tables say once these are taken, one after the other; then it is all undone."""
    for as_of, rows in ledgers:
        world.take(session, rows, as_of)
    session.flush()
    session.expire_all()
    state = {
        "loans": world.loans(session),
        "snapshots": world.snapshots(session),
        "repayments": world.repayments(session),
        "people": world.people(session),
        "figures": [figures(session, COUNTY, month).to_json() for month in MONTHS],
    }
    session.rollback()
    return state


EXAMPLES = {"sqlite": 12, "postgresql": 5}
UNSHRUNK = (Phase.explicit, Phase.reuse, Phase.generate)  # the portfolios are small; shrinking takes minutes


@pytest.mark.slow
@pytest.mark.parametrize("by_township", [False, True])
def test_any_order_gives_the_same(app: Flask, session: Session, db_kind: str, by_township: bool) -> None:
    @settings(max_examples=EXAMPLES[db_kind], deadline=None, phases=UNSHRUNK)
    @given(lives=st.lists(life(), min_size=1, max_size=6), shuffle=st.randoms(use_true_random=False))
    def check(lives: list[list[tuple[date, LedgerRow]]], shuffle: random.Random) -> None:
        ledgers = files(lives, by_township)
        in_order = state_after(session, ledgers)
        shuffle.shuffle(ledgers)
        out_of_order = state_after(session, ledgers)
        for part in in_order:
            assert out_of_order[part] == in_order[part], part

    check()


def test_history_does_not_touch_today(app: Flask, session: Session) -> None:
    stays = ledger_row(contract_no="HT-1", id_number=id_number(1), principal=500, balance=400)
    gone = ledger_row(contract_no="HT-2", id_number=id_number(2), principal=500, balance=300, overdue=300)
    world.take(session, [stays], OCTOBER)
    before = [figures(session, COUNTY, month).to_json() for month in (OCTOBER, NOVEMBER)]
    world.take(session, [stays, gone], SEPTEMBER)
    session.expire_all()
    assert [figures(session, COUNTY, month).to_json() for month in (OCTOBER, NOVEMBER)] == before
    assert figures(session, COUNTY, SEPTEMBER).total.stock_fen == 700
    assert world.loan(session, "HT-2").missing_since is None
    assert "HT-2" not in world.open_cases(session)
