"""``flask month``: the check list and its exit code, the freeze, opening it again by two people."""

from pathlib import Path

import pytest
from flask import Flask

from app.accounts.models import User
from app.accounts.rules import Role
from app.db import db
from app.today import now
from tests.bulletin.test_closing import listed
from tests.commands import Run, runner, told, trail
from tests.intake.world import LENDER, OCTOBER, SEPTEMBER, take
from tests.ledger.factory import AGANG, COUNTY

MONTH = ("--month", "2023-10", "--region", COUNTY)
pytestmark = pytest.mark.parametrize("db_kind", ["sqlite"])


@pytest.fixture
def run(app: Flask) -> Run:
    session = db.session()
    for name, role, region in (
        ("office", Role.OFFICE, COUNTY),
        ("leader", Role.LEADER, COUNTY),
        ("agang", Role.LEADER, AGANG),
    ):
        session.add(User(username=name, name=name, role=role, region_code=region, created_at=now()))
    take(session, [listed(1, 300)], SEPTEMBER)
    session.commit()
    app.config["TODAY"] = "2023-11-08"
    return runner(app)


def test_a_month_from_first_to_last(run: Run) -> None:
    (missing, *_) = told(run("month", "check", *MONTH, "--json"), 1)
    assert missing["kind"] == "ledger" and missing["state"] == "blocked"
    result = run("month", "close", *MONTH, "--as", "office")
    assert result.exit_code == 1 and f"{LENDER}, 罗平县: no ledger of this month is taken" in result.stderr
    take(db.session(), [listed(1, 250)], OCTOBER)
    db.session.commit()
    assert {i["state"] for i in told(run("month", "check", *MONTH, "--json"))} == {"settled"}
    assert "all settled" in run("month", "check", *MONTH).stderr
    closed = told(run("month", "close", *MONTH, "--json", "--as", "office"))
    assert closed["state"] == "closed" and len(closed["digest"]) == 64 and list(closed["digests"]) == [AGANG]
    again = run("month", "close", *MONTH, "--as", "leader")
    assert again.exit_code == 1 and "was closed by office" in again.stderr
    assert trail("month.close") == ["office"]


def test_opening_again_takes_two_people_here_too(run: Run) -> None:
    take(db.session(), [listed(1, 250)], OCTOBER)
    db.session.commit()
    assert run("month", "reopen", *MONTH, "--as", "office").exit_code == 1, "nothing is closed"
    assert run("month", "close", *MONTH).exit_code == 0
    for wrong in (("--as", "office"), ("--reason", "更正"), ("--as", "agang", "--reason", "更正")):
        assert run("month", "reopen", *MONTH, *wrong).exit_code == 1
    asked = told(run("month", "reopen", *MONTH, "--reason", "农商行更正", "--as", "office", "--json"))
    assert asked["asked_by"] == "office" and asked["state"] == "closed"
    same = run("month", "reopen", *MONTH, "--reason", "农商行更正", "--as", "office")
    assert same.exit_code == 1 and "yourself" in same.stderr
    assert told(run("month", "reopen", *MONTH, "--as", "leader", "--json"))["state"] == "reopened"
    assert trail("month.reopen") == ["leader"]


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        (("--month", "2023-12", "--region", COUNTY), "can be closed from 2023-12-31 on"),
        (("--month", "2023-10", "--region", AGANG), "is neither"),
        (("--month", "2023-10", "--region", "530399"), "There is no region"),
    ],
)
def test_what_cannot_be_closed_is_told(run: Run, changed: tuple[str, ...], said: str) -> None:
    result = run("month", "close", *changed, "--as", "office")
    assert result.exit_code == 1 and (said in result.stderr or "does not see the whole" in result.stderr)
    assert run("month", "close", *MONTH, "--as", "nobody").exit_code == 2


def test_lenders_sums_from_a_file_all_or_none(run: Run, tmp_path: Path) -> None:
    take(db.session(), [listed(1, 250)], OCTOBER)
    db.session.commit()
    path = tmp_path / "sums.csv"
    path.write_text(f"银行,笔数,存量,逾期\n{LENDER},1,2.50,0\n月亮银行,1,1,1\n", "utf-8")
    refused = run("month", "totals", path, *MONTH, "--as", "office")
    assert refused.exit_code == 1 and "月亮银行" in refused.stderr
    path.write_text(f"{LENDER},1,2.51,0\n", "utf-8")
    assert run("month", "totals", path, *MONTH, "--as", "office").exit_code == 0
    says = [i["says"] for i in told(run("month", "check", *MONTH, "--json"), 1) if i["kind"] == "totals"]
    assert says == [f"{LENDER} says otherwise: stock 2.50 here, 2.51 there;"]
