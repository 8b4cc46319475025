"""Cases and task forces on the command line."""

import json
from decimal import Decimal

from flask import Flask
from sqlalchemy import select

from app.accounts.models import User
from app.cases.models import Case
from app.cases.states import document, mermaid
from app.db import db


def run(app: Flask, *words: str) -> tuple[int, str]:
    done = app.test_cli_runner().invoke(args=list(words))
    db.session.rollback()
    return done.exit_code, done.stdout


def test_lists_and_shows(demo_app: Flask) -> None:
    code, out = run(demo_app, "cases", "list", "--as", "agang", "--limit", "2", "--json")
    listed = json.loads(out)
    assert code == 0 and len(listed) == 2 and {one["township"] for one in listed} == {"530324106"}
    code, out = run(demo_app, "cases", "show", str(listed[0]["case"]), "--json")
    assert code == 0 and json.loads(out)["events"][0]["event"] == "opened"
    assert run(demo_app, "cases", "show", str(listed[0]["case"]), "--as", "jiulong")[0] == 1
    assert run(demo_app, "forces", "list", "--json")[0] == 0
    assert run(demo_app, "cases", "states")[1] == document()
    assert run(demo_app, "cases", "states", "--mermaid")[1] == mermaid()


def test_assigns_and_hands_over(demo_app: Flask) -> None:
    agang = db.session.scalars(select(User).where(User.username == "agang")).one()
    db.session.add(
        User(
            username="agang2",
            name="第二人",
            role=agang.role,
            region_code=agang.region_code,
            password_hash="none",
            created_at=agang.created_at,
        )
    )
    db.session.commit()
    case = db.session.scalars(
        select(Case).where(Case.township_user_id == agang.id, Case.closed_on.is_(None)).limit(1)
    ).one()
    words = ["cases", "assign", str(case.id), "--line", "township", "--reason", "换人"]
    assert run(demo_app, *words, "--to", "jiulong", "--as", "leader")[0] == 1
    assert run(demo_app, *words, "--to", "agang2", "--as", "agang")[0] == 1
    assert run(demo_app, *words, "--to", "agang2", "--as", "leader")[0] == 0
    words = [
        "cases",
        "handover",
        "--from",
        "agang",
        "--to",
        "agang2",
        "--reason",
        "调离",
        "--as",
        "leader",
        "--json",
    ]
    rehearsed = json.loads(run(demo_app, *words, "--dry-run")[1])
    assert rehearsed["handover"] is None and rehearsed["cases"] > 0

    def meant(*filters: str) -> int:
        return int(json.loads(run(demo_app, *words, "--dry-run", *filters)[1])["cases"])

    # The two halves of a filter are the whole, and neither is.
    assert (
        meant("--min-days", "91") + meant("--max-days", "90")
        == rehearsed["cases"]
        > meant("--min-days", "91")
        > 0
    )
    most = max(
        case.overdue for case in db.session.scalars(select(Case).where(Case.township_user_id == agang.id))
    )
    yuan = str(Decimal(most) / 100)
    assert (
        0
        < meant("--min-amount", yuan)
        == rehearsed["cases"] - meant("--max-amount", str(Decimal(most - 1) / 100))
    )
    for wrong in (("--min-days", "9", "--max-days", "8"), ("--township", "999999"), ("--min-amount", "many")):
        assert run(demo_app, *words, "--dry-run", *wrong)[0] in (1, 2)
    assert json.loads(run(demo_app, *words)[1])["shares"] == {"agang2": rehearsed["cases"]}
    assert json.loads(run(demo_app, *words)[1])["cases"] == 0
