"""The commands about accounts, targets, published texts, and the first questions of an empty county."""

from pathlib import Path

import pytest
from flask import Flask, current_app
from sqlalchemy import delete, func, select

from app.accounts.devices import Source
from app.accounts.models import User
from app.accounts.sessions import begin
from app.bulletin.models import Target
from app.db import db
from app.places.models import Lender, Region, RegionAlias
from tests.commands import Run, answers, runner, told
from tests.intake.world import contents
from tests.ledger.factory import AGANG

PAGE = Path(__file__).parent / "data" / "luoping-2023-10.txt"


@pytest.fixture
def run(app: Flask) -> Run:
    return runner(app)


# --- accounts


def test_an_account_from_first_to_last(run: Run) -> None:
    added = run(
        "users",
        "add",
        "chen",
        "--name",
        "陈",
        "--role",
        "township",
        "--region",
        AGANG,
        typed="kann ich 7\nkann ich 7\n",
    )
    assert added.exit_code == 0, added.output
    (account,) = told(run("users", "list", "--json"))
    assert account == {
        "username": "chen", "name": "陈", "role": "township", "region": AGANG, "branch": None, "active": True,
        "second_factor": False,
    }  # fmt: skip
    assert "chen" in run("users", "list").stdout
    assert run("users", "add", "chen", "--role", "admin", "--password", "long enough 1").exit_code == 1
    user = db.session.scalars(select(User)).one()
    before = user.password_hash
    begin(db.session(), user, Source())
    db.session.commit()
    assert len(told(run("users", "sessions", "chen", "--json"))) == 1
    assert run("users", "password", "chen", "--password", "short").exit_code == 1
    assert run("users", "password", "chen", "--password", "another one 2").exit_code == 0
    db.session.refresh(user)
    assert user.password_hash != before and told(run("users", "sessions", "chen", "--json")) == []
    link = run("users", "invite", "chen").stdout.strip()
    assert (
        link.startswith("http://127.0.0.1:8000/welcome/") and run("users", "invite", "nobody").exit_code == 1
    )
    assert "Unknown" not in run("users", "sessions", "chen").output
    assert (
        run("users", "sessions", "chen", "--end").exit_code
        == run("users", "second-factor", "chen").exit_code
        == 0
    )
    assert run("users", "disable", "chen").exit_code == 0
    assert told(run("users", "list", "--json"))[0]["active"] is False
    assert run("users", "enable", "chen").exit_code == 0
    assert told(run("users", "list", "--json"))[0]["active"] is True
    for secret in ("kann ich 7", "another one 2"):
        assert secret not in str(contents(db.session()))


# --- targets


def test_targets_from_a_file_all_or_none(run: Run, tmp_path: Path) -> None:
    path = tmp_path / "targets.csv"
    path.write_text("乡镇,目标\n阿岗镇,1050\n月亮乡,5\n", "utf-8")
    result = run("targets", "import", path, "--year", "2023", "--region", "530324")
    assert result.exit_code == 1 and "月亮乡" in result.stderr
    assert db.session.scalars(select(Target)).all() == []
    path.write_text("乡镇,目标\n阿岗镇,1050\n旧屋基,127.5\n", "utf-8")
    current_app.config["TODAY"] = "2023-12-05"
    assert run("targets", "import", path, "--region", "530324").exit_code == 0  # the business date's year
    assert sorted(db.session.scalars(select(Target.amount))) == [127_500_000, 1_050_000_000]
    assert set(db.session.scalars(select(Target.year))) == {2023}


# --- the proof-reader


def test_the_real_page_gives_its_one_finding(run: Run) -> None:
    (finding,) = told(run("bulletin", "proofread", PAGE, "--json"), 1)["findings"]
    assert list(finding) == ["region", "section", "figure", "printed", "expected", "start", "end", "reason"]
    assert (finding["region"], finding["printed"], finding["expected"]) == ("老厂乡", "0", "0.84")
    text = PAGE.read_text("utf-8")
    assert (
        finding["printed"] in text[finding["start"] : finding["end"]]
        and "0.84%" in run("bulletin", "proofread", PAGE).stderr
    )


def test_a_corrected_page_gives_none(run: Run, tmp_path: Path) -> None:
    path = tmp_path / "page.txt"
    path.write_text(PAGE.read_text("utf-8").replace("逾期率0%", "逾期率0.84%"), "utf-8")
    assert told(run("bulletin", "proofread", path, "--json"))["findings"] == []


def test_a_text_that_is_no_bulletin_is_1_with_a_sentence(run: Run, tmp_path: Path) -> None:
    path = tmp_path / "page.txt"
    path.write_text("今天天气很好。", "utf-8")
    result = run("bulletin", "proofread", path, "--json")
    assert result.exit_code == 1 and result.stdout == "" and len(result.stderr) > 10


# --- the first questions of an empty county


def forget_places() -> None:
    db.session.execute(delete(RegionAlias))
    for length in (12, 9, 6, 4, 2):
        db.session.execute(delete(Region).where(func.length(Region.code) == length))
    db.session.commit()


def test_the_first_questions(run: Run) -> None:
    forget_places()
    typed = answers(
        "53x",
        "530324",
        "行" * 65,
        " 罗平农商行 ",
        "admin",
        "short",
        "short",
        "admin",
        "long enough 1",
        "long enough 1",
    )
    result = run("setup", typed=typed)
    assert result.exit_code == 0, result.output
    assert db.session.scalars(select(Lender.name)).all() == ["罗平农商行"]
    assert db.session.get(Region, AGANG) is not None
    assert told(run("users", "list", "--json"))[0]["role"] == "admin"
    assert run("setup", typed=typed).exit_code == 1


def test_a_county_that_is_there_is_not_asked_for(run: Run) -> None:
    assert run("setup", typed=answers("罗平农商行", "", "long enough 1", "long enough 1")).exit_code == 0
    assert db.session.scalars(select(Lender.name)).all() == ["罗平农商行"]


def test_a_county_that_is_not_shipped_gets_its_name(run: Run) -> None:
    forget_places()
    typed = answers("411024", "鄢陵县", "鄢陵农商行", "", "long enough 1", "long enough 1")
    assert run("setup", typed=typed).exit_code == 0
    assert {r.code: r.short for r in db.session.scalars(select(Region))}["411024"] == "鄢陵县"


@pytest.mark.parametrize("given", [0, 1, 2, 3, 4])
def test_questions_broken_off_leave_nothing(app: Flask, run: Run, given: int) -> None:
    before = contents(db.session())
    lines = ("罗平农商行", "admin", "long enough 1", "another one 2")
    result = run("setup", typed="".join(f"{line}\n" for line in lines[:given]))
    assert result.exit_code == 1 and contents(db.session()) == before
