"""The pages of task forces, rules, absences and handovers: what is typed wrong first."""

import pytest
from flask import Flask
from sqlalchemy import func, select

from app.accounts.models import User
from app.cases.models import Case, Handover
from app.db import db
from app.forces.models import Absence, AssignmentRule, TaskForce
from app.places.models import Region
from app.places.rules import Level
from tests.conftest import SignIn
from tests.web.browser import Browser

AGANG = "530324106"


@pytest.fixture
def leader(demo_app: Flask, signed_in: SignIn) -> Browser:
    demo_app.config["WTF_CSRF_ENABLED"] = False
    browser = Browser(signed_in("leader"))
    browser.get("/forces/?lang=en")
    return browser


def user_id(username: str) -> int:
    return db.session.scalars(select(User.id).where(User.username == username)).one()


def second_of_agang() -> int:
    first = db.session.scalars(select(User).where(User.username == "agang")).one()
    second = User(
        username="agang2", name="第二人", role=first.role, region_code=AGANG, password_hash="none",
        created_at=first.created_at,
    )  # fmt: skip
    db.session.add(second)
    db.session.commit()
    return second.id


def test_a_task_force(leader: Browser) -> None:
    assert "Enter a name." in leader.post("/forces/new", 422, name="", leader="", townships=AGANG)
    before = db.session.scalar(select(func.count()).select_from(TaskForce))
    page = leader.post(
        "/forces/new",
        follow=True,
        name="北片专班",
        members=user_id("agang"),
        leader="",
        townships=AGANG,
        active="y",
    )
    assert "北片专班" in page
    assert db.session.scalar(select(func.count()).select_from(TaskForce)) == (before or 0) + 1
    again = leader.post("/forces/new", 422, name="北片专班", leader="", townships=AGANG)
    assert "There is a task force named 北片专班 already." in again


def test_a_rule_is_tried_before_it_is_saved(leader: Browser) -> None:
    typed = {
        "line": "township",
        "area": AGANG,
        "branch": "",
        "method": "least_loaded",
        "min_days": "1",
        "active": "y",
    }
    assert "Choose at least one collector." in leader.post("/forces/rules/new", 422, **typed)
    typed["users"] = str(user_id("agang"))
    open_cases = db.session.scalar(
        select(func.count()).where(Case.township_code == AGANG, Case.closed_on.is_(None))
    )
    before = db.session.scalar(select(func.count()).select_from(AssignmentRule))
    page = leader.post("/forces/rules/new", 200, ask="1", **typed)
    assert f"would cover {open_cases} open cases" in page
    assert db.session.scalar(select(func.count()).select_from(AssignmentRule)) == before
    leader.post("/forces/rules/new", **typed)
    rule = db.session.scalars(select(AssignmentRule).order_by(AssignmentRule.id.desc())).first()
    assert rule is not None and rule.min_days == 1
    leader.post(f"/forces/rules/{rule.id}/move", up="1")
    leader.post(f"/forces/rules/{rule.id}/delete")


def test_an_absence(leader: Browser) -> None:
    typed = {"user": str(user_id("jiulong")), "starts_on": "2023-12-06", "substitute": "", "reason": "产假"}
    assert "leaves for good" in leader.post("/forces/absences/new", 422, **typed)
    page = leader.post("/forces/absences/new", 422, ends_on="2023-12-01", **typed)
    assert "The last day is before the first." in page and "产假" in page
    leader.post("/forces/absences/new", ends_on="2023-12-10", **typed)
    absence = db.session.scalars(select(Absence).order_by(Absence.id.desc())).first()
    assert absence is not None
    leader.post(f"/forces/absences/{absence.id}/cancel")


def test_a_handover_and_back(leader: Browser) -> None:
    second = second_of_agang()
    giver = user_id("agang")
    mine = db.session.scalar(
        select(func.count()).where(Case.township_user_id == giver, Case.closed_on.is_(None))
    )
    typed = {"giver": str(giver), "takers": str(giver), "on": "2023-12-05", "area": "", "reason": "调离"}
    assert "himself or herself" in leader.post("/cases/handovers", 422, do="1", **typed)
    typed["takers"] = str(second)
    assert "The date is past." in leader.post("/cases/handovers", 422, **{**typed, "on": "2023-12-01"})
    page = leader.post("/cases/handovers", 200, **typed)
    assert f"{mine} cases, " in page and "调离" in page
    assert db.session.scalar(select(func.count()).select_from(Handover)) == 0
    assert f"{mine} cases have been handed over." in leader.post(
        "/cases/handovers", follow=True, do="1", **typed
    )
    made = db.session.scalars(select(Handover)).one()
    assert f"{mine} cases have gone back." in leader.post(f"/cases/handovers/{made.id}/undo", follow=True)


def test_one_line(leader: Browser) -> None:
    second = second_of_agang()
    case = db.session.scalars(
        select(Case).where(Case.township_code == AGANG, Case.closed_on.is_(None)).limit(1)
    ).one()
    number, version = case.id, case.version
    path = f"/cases/{number}/assign"
    leader.post(path, 422, to=f"township:{second}", reason="", version=version)
    leader.post(path, 422, to="township:999999", reason="换人", version=version)
    leader.post(path, 409, to=f"township:{second}", reason="换人", version=version + 7)
    leader.post(path, to=f"township:{second}", reason="换人", version=version)
    db.session.rollback()
    assert db.session.get_one(Case, number).township_user_id == second


def test_a_collector_reads_and_does_not_change(demo_app: Flask, signed_in: SignIn) -> None:
    page = Browser(signed_in("agang")).get("/forces/?lang=en")
    assert "New task force" not in page
    assert Browser(signed_in("agang-bank")).get("/forces/")


def test_filters_of_the_case_list(leader: Browser) -> None:
    leader.post("/forces/new", name="阿岗专班甲", leader="", townships=AGANG, active="y")
    force = db.session.scalars(select(TaskForce).where(TaskForce.name == "阿岗专班甲")).one()
    by_force = leader.get(f"/cases/?force={force.id}")
    by_place = leader.get(f"/cases/?township={AGANG}")
    assert by_force.count("data-row-link") == by_place.count("data-row-link") > 0
    village = db.session.scalars(
        select(Region.code).join(Case, Case.village_code == Region.code).where(Region.level == Level.VILLAGE)
    ).first()
    assert 0 < leader.get(f"/cases/?village={village}").count("data-row-link") < 50
    assert leader.answer("GET", "/cases/?village=abc").status_code == 404
