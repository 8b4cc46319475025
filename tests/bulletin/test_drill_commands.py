"""The loans behind a figure and the bridge at the terminal; what a closed month still opens."""

from datetime import date
from decimal import Decimal

import pytest
from flask import Flask
from sqlalchemy.orm import Session

from app.accounts.rules import EVERYTHING
from app.bulletin.bridge import Term
from app.bulletin.bridging import bridge, moves_behind
from app.bulletin.closing import close_month
from app.bulletin.drill import Measure, all_behind, loans_here
from app.bulletin.queries import figures
from tests.commands import Run, runner, told
from tests.intake.world import NOVEMBER, OCTOBER, TODAY, take
from tests.ledger.factory import AGANG, COUNTY, id_number, ledger_row

ONE, TWO = id_number(1), id_number(2)


@pytest.fixture
def run(app: Flask) -> Run:
    return runner(app)


def october(session: Session) -> None:
    overdue = {"balance": 30_001, "overdue": 20_001, "due_on": date(2023, 9, 1)}
    rows = [
        ledger_row(contract_no="A", head_id=ONE, id_number=ONE, name="王小明", **overdue),
        ledger_row(contract_no="B", head_id=ONE, balance=50_000),
        ledger_row(contract_no="C", head_id=TWO, balance=7, disbursed_on=date(2023, 3, 1)),
    ]
    take(session, rows, OCTOBER)
    session.commit()


FIGURES = ("bulletin", "figures", "--month", "2023-10", "--region", COUNTY)


@pytest.mark.parametrize("db_kind", ["sqlite"])
def test_a_figure_opens_its_loans_and_adds_up(run: Run, session: Session) -> None:
    october(session)
    for name in ("阿岗镇", "阿岗", AGANG):
        found = told(run(*FIGURES, "--drill", "stock_wan", "--township", name, "--json"))
        assert (found["total"], found["count"], found["households"], found["adds_up"]) == (
            "800.08",
            3,
            2,
            True,
        )
        assert sum(Decimal(loan["amount"]) for loan in found["loans"]) == Decimal(found["total"])
    assert found["value"] == "0.08" and found["region"] == AGANG
    masked = {loan["contract_no"]: loan["borrower"] for loan in found["loans"]}
    assert masked["A"] != "王小明" and ONE not in str(found)
    assert told(run(*FIGURES, "--drill", "overdue_loans", "--json"))["value"] == 1
    assert "A" in run(*FIGURES, "--drill", "overdue").stdout


@pytest.mark.parametrize("db_kind", ["sqlite"])
def test_a_rate_opens_both_its_parts(run: Run, session: Session) -> None:
    october(session)
    found = told(run(*FIGURES, "--drill", "overdue_rate_pct", "--json"))
    assert (found["value"], found["numerator"]["total"], found["denominator"]["total"]) == (
        "25.00",
        "200.01",
        "800.08",
    )
    assert len(found["denominator"]["loans"]) == 3
    assert told(run(*FIGURES, "--drill", "completion", "--json"))["denominator"]["total"] is None


@pytest.mark.parametrize("db_kind", ["sqlite"])
@pytest.mark.parametrize(
    ("extra", "sentence"),
    [
        (("--drill", "stok"), "stock_wan"),
        (("--drill", "stock", "--township", "水井乡"), "大水井乡"),
        (("--drill", "stock", "--township", "无此乡"), "无此乡"),
    ],
)
def test_what_is_not_there_is_said(run: Run, session: Session, extra: tuple[str, ...], sentence: str) -> None:
    october(session)
    result = run(*FIGURES, *extra, "--json")
    assert result.exit_code == 1 and sentence in result.stderr and not result.stdout


@pytest.mark.parametrize("db_kind", ["sqlite"])
def test_the_bridge_at_the_terminal(run: Run, session: Session) -> None:
    october(session)
    found = told(run("bulletin", "bridge", "--month", "2023-10", "--region", COUNTY, "--json"))
    assert found["total"]["new"] == {"yuan": "200.01", "loans": 1}
    assert (found["total"]["closing"], found["total"]["difference"], found["before"]) == (
        "200.01",
        "0.00",
        "2023-09",
    )
    assert "200.01" in run("bulletin", "bridge", "--month", "2023-10", "--region", COUNTY).stdout
    assert run("bulletin", "bridge", "--month", "2023-10", "--region", "999999").exit_code == 1


def test_a_closed_month_opens_the_loans_of_then_and_a_later_word_is_a_correction(session: Session) -> None:
    row = ledger_row(contract_no="A", balance=30_000, overdue=20_000, due_on=date(2023, 9, 1))
    other = ledger_row(contract_no="B", balance=400, overdue=400, due_on=date(2023, 9, 1))
    take(session, [row, other], OCTOBER)
    close_month(session, COUNTY, OCTOBER, "office", TODAY)
    take(session, [row._replace(overdue=15_000), other], OCTOBER)  # the bank corrects its ledger of October
    take(session, [row._replace(balance=29_000, overdue=14_000), other], NOVEMBER)
    lines = {line.contract_no: line.overdue for line in all_behind(session, Measure.OVERDUE, COUNTY, OCTOBER)}
    assert lines == {"A": 20_000, "B": 400}
    assert loans_here(session, figures(session, COUNTY, OCTOBER), Measure.OVERDUE, EVERYTHING) == (2, False)
    total = bridge(session, COUNTY, NOVEMBER, EVERYTHING).total
    assert (total.opening, total.closing, total.difference) == (20_400, 14_400, 0)
    assert {term: total.part(term).fen for term in Term if total.part(term).fen} == {
        Term.CORRECTION: -5_000, Term.REPAID: 1_000,
    }  # fmt: skip
    (move,) = moves_behind(session, Term.CORRECTION, COUNTY, NOVEMBER, EVERYTHING, 0, 10)
    assert (move.contract_no, move.opening, move.amount) == ("A", 20_000, -5_000)
